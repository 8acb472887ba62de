package instance

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"

	"mainbus/hostagent/factorio/save"
)

const (
	patchMarker    = "-- mainbus:1 (generated at every start; the text above the marker line is the scenario's)\n"
	freeplay       = "require('__base__/script/freeplay/control.lua')\n"
	requireModule  = "require('mainbus/control')\n"
	startFile      = "mainbus/start.lua"
	maxControlFile = 1 << 20
)

var proposedWorld = regexp.MustCompile(`\bworld = "([0-9a-f]{32})"`)

// patchControl returns control.lua with the module required after the scenario. Known are: none at all, the one-line
// freeplay, which is required from the game's own data, and what an earlier patch made. Any other is a scenario of its
// own, which is left alone.
func patchControl(control string) (patched string, known bool) {
	if above, ours, found := strings.Cut(control, patchMarker); found {
		if strings.Contains(ours, freeplay) {
			return above + patchMarker + freeplay + requireModule, true
		}
		return above + patchMarker + requireModule, true
	}
	switch strings.TrimSpace(strings.ReplaceAll(control, `"`, `'`)) {
	case "":
		return patchMarker + requireModule, true
	case strings.TrimSpace(freeplay):
		return patchMarker + freeplay + requireModule, true
	}
	return "", false
}

// patch says what goes into a save before a start.
type patch struct {
	start   string // start number: differs from that of every earlier start
	world   string // id for a world that has none
	modules map[string][]byte
}

// apply copies the save src to dst with the module in it. It returns false if the save's scenario is not known; then
// dst is a plain copy. dst is replaced only by a verified file.
func (p patch) apply(src, dst string) (patched bool, err error) {
	control, err := readControl(src)
	if err != nil {
		return false, err
	}
	text, known := patchControl(control)
	if !known {
		if src == dst {
			return false, nil
		}
		return false, save.Rewrite(src, dst, nil)
	}
	files := map[string][]byte{
		"control.lua": []byte(text),
		startFile:     fmt.Appendf(nil, "return { start = %q, world = %q }\n", p.start, p.world),
	}
	for name, content := range p.modules {
		files["mainbus/"+name] = content
	}
	return true, save.Rewrite(src, dst, files)
}

func readControl(path string) (string, error) {
	archive, err := save.Open(path)
	if err != nil {
		return "", err
	}
	defer archive.Close()
	text, err := readText(archive, "control.lua")
	if err != nil {
		return "", fmt.Errorf("read control.lua of %s: %w", path, err)
	}
	return text, nil
}

// readProposed returns the world id that an earlier patch wrote into a save, if one did.
func readProposed(archive *save.Archive) (string, error) {
	text, err := readText(archive, startFile)
	if err != nil {
		return "", err
	}
	if found := proposedWorld.FindStringSubmatch(text); found != nil {
		return found[1], nil
	}
	return "", nil
}

// readText returns the beginning of a file in a save, nothing if there is none.
func readText(archive *save.Archive, name string) (string, error) {
	file, err := archive.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxControlFile))
	return string(text), err
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
