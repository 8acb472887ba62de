package patch

import "strings"

// The save modules are required at the very beginning of the scenario's control.lua, on its first line, so that line numbers in
// errors stay. The semicolon keeps a scenario that begins with a bracket from being taken for a call.
const (
	firstRequire = `require("mainbus/control"); --[[mainbus:2]] `
	// Lua passes over a first line that begins with #; behind something else it has to be a comment.
	firstRequireHash = `require("mainbus/control"); --[[mainbus:2#]] --`
	// A whole control.lua of ours.
	onlyRequire = `require("mainbus/control"); --[[mainbus:2 alone]]` + "\n"

	byteOrderMark = "\uFEFF" // stays the first of the file
	compiled      = "\x1b"   // begins a script that is no text
)

// What control.lua was patched to before: the scenario's text, this line, and what it required.
const (
	oldMarker   = "-- mainbus:1 (generated at every start; the text above the marker line is the scenario's)\n"
	oldFreeplay = "require('__base__/script/freeplay/control.lua')\n"
)

// control is the scenario's control.lua.
type control struct {
	text   string // without ours
	absent bool   // the scenario has none
	marked bool   // it was read from a patched save
}

// readControl takes the scenario's text out of a control.lua, patched or not.
func readControl(text string) control {
	if text == onlyRequire {
		return control{absent: true, marked: true}
	}
	rest, hasMark := strings.CutPrefix(text, byteOrderMark)
	for _, prefix := range []string{firstRequire, firstRequireHash} {
		if theirs, found := strings.CutPrefix(rest, prefix); found {
			if hasMark {
				theirs = byteOrderMark + theirs
			}
			return control{text: theirs, marked: true}
		}
	}
	if above, ours, found := strings.Cut(text, oldMarker); found {
		if strings.Contains(ours, oldFreeplay) {
			above += oldFreeplay
		}
		return control{text: above, absent: above == "", marked: true}
	}
	return control{text: text}
}

// patched is the file that requires the modules first.
func (c control) patched() string {
	if c.absent {
		return onlyRequire
	}
	rest, hasMark := strings.CutPrefix(c.text, byteOrderMark)
	prefix := firstRequire
	if strings.HasPrefix(rest, "#") {
		prefix = firstRequireHash
	}
	if hasMark {
		prefix = byteOrderMark + prefix
	}
	return prefix + rest
}
