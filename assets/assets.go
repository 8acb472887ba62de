// Package assets holds what programs carry along that is no code.
package assets

import _ "embed"

// Icon is the program's icon, a PNG of 256×256 pixels; icon.svg beside it is what it is drawn from.
//
//go:embed icon.png
var Icon []byte
