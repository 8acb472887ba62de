// Package install knows a Factorio installation on disk: where its program and its data are, and which version it is. It
// starts no goroutines that outlive a call.
package install

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"time"

	"mainbus/hostagent/factorio"
)

const (
	versionTimeout = 10 * time.Second
	maxOutput      = 64 << 10 // bytes of output kept; the real one has four lines
)

// Installation is a Factorio installation. All its paths are absolute.
type Installation struct{ dir, binary, data string }

// Open looks for the game in dir, the folder that holds "bin" and "data"; on macOS the one that holds factorio.app, or
// the app itself. The error says what is missing.
func Open(dir string) (*Installation, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open Factorio installation %s: %w", dir, err)
	}
	layouts := layoutsOf(abs)
	for _, l := range layouts {
		if !isFile(filepath.Join(l.data, "base", "info.json")) {
			continue
		}
		info, err := os.Stat(l.binary)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("open Factorio installation: %w", err)
		}
		if !info.Mode().IsRegular() || runtime.GOOS != "windows" && info.Mode()&0o111 == 0 {
			return nil, fmt.Errorf("open Factorio installation: %s is not an executable file", l.binary)
		}
		return &l, nil
	}
	return nil, fmt.Errorf("open Factorio installation: %s has not both %s and data/base/info.json", abs, layouts[0].relBinary())
}

// layoutsOf returns where program and data can be, likeliest first.
func layoutsOf(dir string) []Installation {
	var layouts []Installation
	arches := []string{"x64", "arm64"}
	if runtime.GOARCH == "arm64" {
		arches = []string{"arm64", "x64"}
	}
	for _, arch := range arches {
		layouts = append(layouts, Installation{dir, filepath.Join(dir, "bin", arch, executable), filepath.Join(dir, "data")})
	}
	if runtime.GOOS == "darwin" {
		for _, app := range []string{filepath.Join(dir, "factorio.app"), dir} {
			contents := filepath.Join(app, "Contents")
			layouts = append(layouts, Installation{dir, filepath.Join(contents, "MacOS", executable), filepath.Join(contents, "data")})
		}
	}
	return layouts
}

func (i *Installation) relBinary() string {
	rel, err := filepath.Rel(i.dir, i.binary)
	if err != nil {
		return i.binary
	}
	return filepath.ToSlash(rel)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// Dir returns the folder given to Open.
func (i *Installation) Dir() string { return i.dir }

// Binary returns the path of the game's program.
func (i *Installation) Binary() string { return i.binary }

// Data returns the folder with base, core and the other built-in mods: "read-data" in the game's configuration.
func (i *Installation) Data() string { return i.data }

// Identity is what an installation says of itself: 2.0.7 is another version than 2.0.77, and Steam replaces the files of one by the
// other where they stand.
type Identity struct {
	Version  factorio.Version
	Build    int    // 0: not told
	Platform string // "linux64"; empty: not told
	Edition  string // "headless", "full", "steam", with what follows it; empty: not told
}

// steamApp is the game's number at Steam.
const steamApp = "427520"

// Env returns what the game needs in its environment beside the usual. A copy of Steam's that does not find its number there lets Steam
// start another process in its place and ends, which would leave its starter with a closed pipe. Other copies take no notice of it.
func (id Identity) Env() []string {
	if id.Edition == "headless" {
		return nil
	}
	return []string{"SteamAppId=" + steamApp}
}

// The second line of the output is "Version: 64" or "Binary version: 64", so all three numbers are needed.
var versionLine = regexp.MustCompile(`(?m)^Version: (\d+\.\d+\.\d+)\b(?: \(build (\d{1,9}), ([\w-]{1,20})(?:, ([\w, -]{1,60}))?\))?`)

// Identify asks the program for its version; that takes it at most 10 s. Of a program that ends well and says nothing, as one
// without a console may on Windows, data/base/info.json tells the version, and the rest is not known.
func (i *Installation) Identify(ctx context.Context) (Identity, error) {
	out, err := i.run(ctx, "--version")
	if err != nil {
		return Identity{}, fmt.Errorf("ask %s for its version: %w", i.binary, err)
	}
	if len(out) == 0 {
		v, err := i.baseVersion()
		return Identity{Version: v}, err
	}
	m := versionLine.FindSubmatch(out)
	if m == nil {
		return Identity{}, fmt.Errorf("ask %s for its version: no line like \"Version: 2.0.77\" in its answer %.200q", i.binary, out)
	}
	id := Identity{Platform: string(m[3]), Edition: string(m[4])}
	id.Build, _ = strconv.Atoi(string(m[2])) // 0 where it is not told
	id.Version, err = factorio.ParseVersion(string(m[1]))
	return id, err
}

// baseVersion is that of the base mod, which is the game's.
func (i *Installation) baseVersion() (factorio.Version, error) {
	path := filepath.Join(i.data, "base", "info.json")
	file, err := os.Open(path)
	if err != nil {
		return factorio.Version{}, fmt.Errorf("read the version of the game: %w", err)
	}
	defer file.Close()
	var info struct {
		Version string `json:"version"`
	}
	if err := json.NewDecoder(io.LimitReader(file, maxOutput)).Decode(&info); err != nil {
		return factorio.Version{}, fmt.Errorf("read the version of the game from %s: %w", path, err)
	}
	v, err := factorio.ParseVersion(info.Version)
	if err != nil {
		return factorio.Version{}, fmt.Errorf("read the version of the game from %s: %w", path, err)
	}
	return v, nil
}

// run starts the program in a folder of its own, since the game may write beside where it stands.
func (i *Installation) run(ctx context.Context, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	dir, err := os.MkdirTemp("", "mainbus-version-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var out head
	cmd := exec.CommandContext(ctx, i.binary, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), Identity{}.Env()...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second // for children that keep the pipe open
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("no answer: %w", ctx.Err())
		}
		return nil, fmt.Errorf("%w; it said %.200q", err, out.b)
	}
	return out.b, nil
}

// head keeps the beginning of what is written to it.
type head struct{ b []byte }

func (h *head) Write(p []byte) (int, error) {
	h.b = append(h.b, p[:min(len(p), maxOutput-len(h.b))]...)
	return len(p), nil
}
