//go:build !linux

package instance

import "errors"

// freeBeginning exists only on Linux.
func freeBeginning(string, int64) error { return errors.ErrUnsupported }
