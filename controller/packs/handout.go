package packs

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"mainbus/controller/store"
)

// A File is the stored file of a mod.
type File struct {
	Name   string // that the game wants, "name_1.2.3.zip"
	Path   string
	SHA256 string // lower hex
}

// PageOf is a mod's page on the mod portal.
func PageOf(mod string) string { return "https://mods.factorio.com/mod/" + url.PathEscape(mod) }

// ForPlayers says how players come by the mods of a pack, in paragraphs.
func ForPlayers(p store.Pack) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is for Factorio %s. %s\n\n", p.Name, p.Game, WhoJoins(Content(p)))
	if len(Uses(p)) == 0 {
		b.WriteString("It has no mods to download: join, and say yes when the game offers to sync mods with the server, so that the game's own are on and off as they are there.\n")
		return b.String()
	}
	b.WriteString("The simple way: join the server. The game says that your mods are not the same and offers \"Sync mods with server\". It downloads the versions that " +
		"the server has, takes over its startup settings, and starts again. That needs a factorio.com account in the game, and mods that are on the mod portal.\n\n" +
		"By hand: get the mods below in exactly these versions from their pages, or from whoever gave you this.\n")
	return b.String()
}

// readme is what lies beside the mods of a handout.
func readme(p store.Pack) string {
	var b strings.Builder
	b.WriteString(ForPlayers(p))
	b.WriteString(`
With the folder "mods" beside this file:

1. Quit the game.
2. Move your own mods folder to a safe place, or rename it. It is
     Windows:  %APPDATA%\Factorio\mods
     Linux:    ~/.factorio/mods
     macOS:    ~/Library/Application Support/factorio/mods
3. Put the folder "mods" there in its place. It holds the mods, mod-list.json (which are on) and mod-settings.dat (their settings).
4. Start the game and join.

To keep both, leave your own folder where it is and start the game with --mod-directory and the path of this one.

`)
	for _, m := range Uses(p) {
		fmt.Fprintf(&b, "%s %s  %s\n", m.Name, m.Version, PageOf(m.Name))
	}
	return strings.ReplaceAll(b.String(), "\n", "\r\n") // for editors on Windows
}

// WriteHandout writes a zip with the files of the mods that a pack uses, a mod list, the settings and a word to players. It fails if a
// file is not what its hash says. progress may be nil.
func WriteHandout(ctx context.Context, to io.Writer, p store.Pack, files []File, progress func(done int64)) error {
	settings, err := ModSettings(p, Game(p))
	if err != nil {
		return err
	}
	used := p
	used.Mods = slices.DeleteFunc(slices.Clone(p.Mods), func(m store.PackMod) bool { return !m.Enabled && !IsBuiltIn(p, m.Name) })
	z := zip.NewWriter(to)
	w := handout{ctx: ctx, zip: z, now: time.Now(), progress: progress}
	for _, text := range []struct {
		name    string
		content []byte
	}{{"README.txt", []byte(readme(p))}, {"mods/mod-list.json", ModList(used)}, {"mods/mod-settings.dat", settings}} {
		if err := w.add(text.name, zip.Deflate, bytes.NewReader(text.content)); err != nil {
			return err
		}
	}
	for _, f := range files {
		if err := w.file(f); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return z.Close()
}

type handout struct {
	ctx      context.Context
	zip      *zip.Writer
	now      time.Time
	done     int64
	progress func(int64)
}

func (h *handout) add(name string, method uint16, from io.Reader) error {
	w, err := h.zip.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: h.now})
	if err == nil {
		_, err = io.Copy(w, from)
	}
	return err
}

func (h *handout) file(f File) error {
	from, err := os.Open(f.Path)
	if err != nil {
		return err
	}
	defer from.Close()
	sum := sha256.New()
	// Mods are packed already.
	if err := h.add("mods/"+f.Name, zip.Store, io.TeeReader(&counted{h, from}, sum)); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != f.SHA256 {
		return fmt.Errorf("the stored file is damaged: its SHA-256 is %s, not %s", got, f.SHA256)
	}
	return nil
}

type counted struct {
	h    *handout
	from io.Reader
}

func (c *counted) Read(p []byte) (int, error) {
	if err := c.h.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.from.Read(p)
	c.h.done += int64(n)
	if c.h.progress != nil {
		c.h.progress(c.h.done)
	}
	return n, err
}
