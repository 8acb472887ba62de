// Package names finds out what the things of a game with its mods are called: the game itself tells, or their locale files are read. It
// starts no goroutine that outlives a call.
package names

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"mainbus/hostagent/factorio/locale"
)

const (
	dumpPatience = 10 * time.Minute
	maxNames     = 100_000 // of all kinds together
	maxBytes     = 6 << 20 // the same; with it they fit into one message
	maxFiles     = 200     // that a game writes
	maxDumpFile  = 16 << 20
	maxSettings  = 64 << 20
	maxOutput    = 8 << 10
)

// Game is a copy of the game, and the folder of the mods that it is played with.
type Game struct {
	Binary  string
	Env     []string // beside that of this program
	Data    string
	Version string
	Mods    string
}

// Names are the English names of things: kind → id → name. Kinds are those of locale files: item, fluid, entity, virtual-signal, …
type Names map[string]map[string]string

// Key tells sets of mods apart without reading them: the game's version, mod-list.json, mod-settings.dat, and the names, sizes and times of the
// mods that are there. It is 32 hexadecimal digits.
func Key(g Game) (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "1 %q\n", g.Version)
	entries, err := os.ReadDir(g.Mods)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("look at the mods: %w", err)
	}
	for _, e := range entries {
		path := filepath.Join(g.Mods, e.Name())
		info, err := os.Stat(path) // of what a link leads to
		if err != nil {
			continue
		}
		switch {
		case e.Name() == modList || e.Name() == modSettings:
			content, err := readFile(path, maxSettings)
			if err != nil {
				return "", fmt.Errorf("look at the mods: %w", err)
			}
			fmt.Fprintf(sum, "%q %x\n", e.Name(), sha256.Sum256(content))
		case info.IsDir():
			fmt.Fprintf(sum, "%q %d\n", e.Name(), info.ModTime().UnixNano())
		case isZip(e.Name()):
			fmt.Fprintf(sum, "%q %d\n", e.Name(), info.Size())
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:16]), nil
}

const (
	modList     = "mod-list.json"
	modSettings = "mod-settings.dat"
)

func isZip(name string) bool { return strings.EqualFold(filepath.Ext(name), ".zip") }

func readFile(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(content)) > limit {
		err = fmt.Errorf("%s has more than %d MiB", filepath.Base(path), limit>>20)
	}
	return content, err
}

// Find runs the game in a folder of its own, work, which is made and removed, and has it tell the names. dumped is false if it could not and the
// locale files were read instead; why says the reason. Nothing in the game's folders or in that of the mods is changed.
func Find(ctx context.Context, g Game, work string) (n Names, dumped bool, why error, err error) {
	if err := os.RemoveAll(work); err != nil {
		return nil, false, nil, err
	}
	defer os.RemoveAll(work)
	if n, why = dump(ctx, g, work); why == nil {
		return n, true, nil, nil
	}
	if ctx.Err() != nil {
		return nil, false, nil, context.Cause(ctx)
	}
	n, err = read(ctx, g)
	return n, false, why, err
}

// dump has the game write what its prototypes are called.
func dump(ctx context.Context, g Game, work string) (Names, error) {
	mods, write := filepath.Join(work, "mods"), filepath.Join(work, "write")
	for _, dir := range []string{mods, write} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	if err := borrow(g.Mods, mods); err != nil {
		return nil, err
	}
	config := filepath.Join(work, "config.ini")
	ini := fmt.Sprintf("[path]\nread-data=%s\nwrite-data=%s\n\n[general]\nlocale=en\n", g.Data, write)
	if err := os.WriteFile(config, []byte(ini), 0o600); err != nil {
		return nil, err
	}
	if err := run(ctx, g, work, "--config", config, "--mod-directory", mods, "--dump-prototype-locale"); err != nil {
		return nil, fmt.Errorf("have the game tell what things are called: %w", err)
	}
	return readDump(filepath.Join(write, "script-output"))
}

// borrow gives the game the mods in a folder of its own: it writes there.
func borrow(from, to string) error {
	entries, err := os.ReadDir(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		source, target := filepath.Join(from, e.Name()), filepath.Join(to, e.Name())
		info, err := os.Stat(source)
		switch {
		case err != nil:
			continue // a link that leads nowhere
		case e.Name() == modList || e.Name() == modSettings:
			content, err := readFile(source, maxSettings)
			if err == nil {
				err = os.WriteFile(target, content, 0o600)
			}
			if err != nil {
				return err
			}
		case info.IsDir() || isZip(e.Name()):
			if resolved, err := filepath.EvalSymlinks(source); err == nil {
				source = resolved
			}
			if info.IsDir() || os.Link(source, target) != nil {
				if err := os.Symlink(source, target); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func run(ctx context.Context, g Game, dir string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, dumpPatience)
	defer cancel()
	var said tail
	cmd := exec.CommandContext(ctx, g.Binary, args...)
	cmd.Env = append(os.Environ(), g.Env...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &said, &said
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		return err
	}
	lower(cmd.Process.Pid)
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, said.last())
	}
	return nil
}

// tail keeps the end of what a program says.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if len(t.text) > 2*maxOutput {
		t.text = append(t.text[:0], t.text[len(t.text)-maxOutput:]...)
	}
	return len(p), nil
}

func (t *tail) last() string {
	lines := strings.Split(strings.TrimSpace(string(t.text)), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], " | ")
}

// readDump reads all files of names that are in a folder: their names are not documented, but begin with the kind.
func readDump(dir string) (Names, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"+dumpEnd))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 || len(files) > maxFiles {
		return nil, fmt.Errorf("the game has written %d files of names", len(files))
	}
	room := room{}
	all := Names{}
	for _, file := range files {
		content, err := readFile(file, maxDumpFile)
		if err != nil {
			return nil, err
		}
		names, err := locale.ParseDump(content)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		kind := strings.TrimSuffix(filepath.Base(file), dumpEnd)
		for id, name := range names {
			if err := room.take(kind, id, name); err != nil {
				return nil, err
			}
		}
		all[kind] = names
	}
	return all, nil
}

const dumpEnd = "-locale.json"

// room bounds what is kept.
type room struct{ count, bytes int }

func (r *room) take(kind, id, name string) error {
	r.count++
	r.bytes += len(id) + len(name) + 8
	if r.count > maxNames || r.bytes > maxBytes || len(kind) > 100 {
		return errors.New("there are more names than make sense")
	}
	return nil
}
