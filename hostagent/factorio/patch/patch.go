// Package patch puts the save modules into a save, and takes them out again. docs/gamelink.md tells what a patch changes and
// why. Both ways copy the save as a stream; they start no goroutines.
package patch

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"

	"mainbus/hostagent/factorio/save"
)

const (
	controlFile   = "control.lua"
	modulesFolder = "mainbus"
	startFile     = modulesFolder + "/start.lua"
	maxScript     = 4 << 20           // bytes of a scenario's control.lua
	maxText       = maxScript + 1<<10 // with our line
)

var (
	startText     = regexp.MustCompile(`^return \{ start = "[^"\\]*", world = "[^"\\]*" \}\n$`)
	proposedWorld = regexp.MustCompile(`\bworld = "([0-9a-f]{32})"`)
)

var errLongScript = fmt.Errorf("it is longer than %d MiB", maxScript>>20)

// Patch says what goes into a save before a start.
type Patch struct {
	Start   string            // start number: differs from that of every earlier start
	World   string            // id for a world that has none
	Modules map[string][]byte // by file name
}

// Apply copies the save src to dst with the modules in it. A save that can't be patched is copied as it is, and refusal
// says in a sentence for people why. dst is replaced only by a verified file.
func (p Patch) Apply(src, dst string) (refusal string, err error) {
	was, err := readScripts(src)
	if err != nil {
		return "", err
	}
	if was.refusal != "" {
		if src == dst {
			return was.refusal, nil
		}
		return was.refusal, save.Rewrite(src, dst, nil)
	}
	files := map[string][]byte{
		controlFile: []byte(was.control.patched()),
		startFile:   fmt.Appendf(nil, "return { start = %q, world = %q }\n", p.Start, p.World),
	}
	for name, content := range p.Modules {
		files[modulesFolder+"/"+name] = content
	}
	return "", save.Rewrite(src, dst, files, was.modules...)
}

// Undo copies the save src to dst without what patches have put into it: every other file is as it was before the first
// patch, byte for byte, or as the game has saved it since. dst is replaced only by a verified file.
func Undo(src, dst string) error {
	was, err := readScripts(src)
	if err != nil {
		return err
	}
	drop, set := was.modules, map[string][]byte{}
	switch {
	case was.control.marked && was.control.absent:
		drop = append(drop, controlFile)
	case was.control.marked:
		set[controlFile] = []byte(was.control.text)
	}
	return save.Rewrite(src, dst, set, drop...)
}

// scripts is what a save holds of the files that a patch changes.
type scripts struct {
	control control
	modules []string // files of an earlier patch
	refusal string   // why the save can't be patched
}

func readScripts(path string) (scripts, error) {
	archive, err := save.Open(path)
	if err != nil {
		return scripts{}, err
	}
	defer archive.Close()
	c := control{absent: true}
	text, err := readText(archive, controlFile)
	if err == nil {
		if c = readControl(text); len(c.text) > maxScript {
			err = errLongScript
		}
	}
	switch {
	case errors.Is(err, errLongScript):
		return scripts{refusal: "the save's control.lua was left as it is: " + err.Error()}, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return scripts{}, err
	case strings.HasPrefix(c.text, compiled):
		return scripts{refusal: "the save's control.lua was left as it is: it is compiled"}, nil
	}
	return findModules(archive, c)
}

// findModules tells our files from those of a scenario that happen to have the same names. Should the game have replaced a
// patched control.lua, our start file is still there.
func findModules(archive *save.Archive, c control) (scripts, error) {
	found := scripts{control: c}
	start, err := readText(archive, startFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errLongScript) {
		return scripts{}, err
	}
	ours := c.marked || startText.MatchString(start)
	for _, name := range archive.Names() {
		top, _, isFolder := strings.Cut(name, "/")
		switch {
		case ours && top == modulesFolder && isFolder:
			found.modules = append(found.modules, name)
		case strings.EqualFold(top, modulesFolder), strings.EqualFold(top, controlFile) && name != controlFile:
			found.refusal = fmt.Sprintf("the save was left as it is, because it has a file of its own where the modules would go: %.100q", name)
		}
	}
	return found, nil
}

// Proposed returns the world id that an earlier patch wrote into a save, if one did.
func Proposed(archive *save.Archive) (string, error) {
	text, err := readText(archive, startFile)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errLongScript) {
		return "", nil
	}
	if found := proposedWorld.FindStringSubmatch(text); found != nil && startText.MatchString(text) {
		return found[1], err
	}
	return "", err
}

// readText returns a script in a save. An absent one is fs.ErrNotExist.
func readText(archive *save.Archive, name string) (string, error) {
	file, err := archive.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxText+1))
	if err == nil && len(text) > maxText {
		err = errLongScript
	}
	return string(text), err
}
