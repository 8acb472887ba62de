package savefiles

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	suffix     = ".zip"
	unfinished = ".tmp.zip" // what the game is writing, or had been when it was killed
	autosave   = "_autosave"
	maxName    = 200 // bytes
)

// IsSave tells the files that can be saves. Those that begin with a dot are none: a Mac writes ._alpha.zip beside alpha.zip on disks of other
// systems.
func IsSave(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, suffix) && !strings.HasSuffix(name, unfinished) && !strings.HasPrefix(name, ".")
}

// IsAutosave tells the saves that the game makes by itself and replaces in turn.
func IsAutosave(name string) bool { return strings.HasPrefix(strings.ToLower(name), autosave) }

// CheckName refuses what can't be the file name of a save in its folder on every system.
func CheckName(name string) error {
	base, isZip := strings.CutSuffix(strings.ToLower(name), suffix)
	switch {
	case !utf8.ValidString(name):
		return errors.New("the name of the save is no text")
	case !isZip:
		return fmt.Errorf("the name of a save ends in .zip, %q does not", name)
	case base == "" || len(name) > maxName:
		return fmt.Errorf("the name of a save has 1 to %d bytes", maxName-len(suffix))
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || !unicode.IsPrint(r) && r != ' ' }):
		return fmt.Errorf("%q has characters that can't be seen", name)
	case strings.ContainsAny(name, `<>:"/\|?*`):
		return fmt.Errorf(`%q has one of < > : " / \ | ? *, which not every system allows in names`, name)
	case !IsSave(name):
		return fmt.Errorf("%q is a name for unfinished or hidden files", name)
	case strings.HasSuffix(base, ".") || strings.HasSuffix(base, " ") || strings.HasPrefix(base, " "):
		return fmt.Errorf("%q begins or ends with a blank or ends with a dot", name)
	case IsDevice(base):
		return fmt.Errorf("%q means a device on Windows", name)
	}
	return nil
}

// checkNew refuses also what the game uses itself.
func checkNew(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if IsAutosave(name) {
		return fmt.Errorf("%q is a name for the game's own autosaves, which it replaces", name)
	}
	return nil
}

// IsDevice tells names, with or without an extension, that mean no file on Windows.
func IsDevice(name string) bool {
	name, _, _ = strings.Cut(strings.ToUpper(name), ".")
	name = strings.TrimRight(name, " ")
	switch name {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	for _, port := range []string{"COM", "LPT"} {
		if digit, ok := strings.CutPrefix(name, port); ok && utf8.RuneCountInString(digit) == 1 && strings.ContainsAny(digit, "0123456789¹²³") {
			return true
		}
	}
	return false
}
