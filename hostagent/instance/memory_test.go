package instance

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/patch"
	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/factorio/scriptdat"
)

const (
	largeSave    = 500_000_000 // bytes of the zip
	largeStorage = 40 << 20    // bytes of other scripts' storage in it
	largeKinds   = 50_000      // in the world's accounts
	mostMemory   = 64 << 20    // bytes that all of a process may have had in memory at once
	largeEnv     = "MAINBUS_TEST_LARGE_SAVE"
)

// An agent chooses, patches, verifies and describes the largest saves on computers that have little memory left beside the game.
// A process of its own does it, since this one has had other things in memory before.
func TestLargeSaveNeedsLittleMemory(t *testing.T) {
	if dir := os.Getenv(largeEnv); dir != "" {
		useLargeSave(t, dir)
		return
	}
	if testing.Short() {
		t.Skip("SKIPPED: a save of 500 MB within 64 MB of memory, because of -short")
	}
	if build, ok := debug.ReadBuildInfo(); ok && slices.Contains(build.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("SKIPPED: a save of 500 MB within 64 MB of memory: the race detector takes more than that for itself")
	}
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("SKIPPED: a save of 500 MB within 64 MB of memory: this system does not tell the memory of a process in /proc/self/status")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "large.zip")
	if err := makeLargeSave(path); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() < largeSave {
		t.Fatalf("the save is too small: %v, %v", info, err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), self, "-test.run", "^"+t.Name()+"$")
	child.Env = append(os.Environ(), largeEnv+"="+dir)
	output, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	_, status, _ := strings.Cut(string(output), "VmHWM:")
	var peak int
	if _, err := fmt.Sscanf(status, "%d kB", &peak); err != nil {
		t.Fatalf("no peak of memory in: %s", output)
	}
	t.Logf("peak: %d MiB", peak>>10)
	if peak<<10 > mostMemory {
		t.Errorf("%d kB were in memory at once, want %d at most", peak, mostMemory>>10)
	}
}

// useLargeSave does what an agent does with a save at a start and more, prints the status of its process and ends it.
func useLargeSave(t *testing.T, dir string) {
	c, ok, err := chooseSave(dir, "w1", map[string]bool{}, slog.New(slog.DiscardHandler))
	if err != nil || !ok || c.world != "w1" {
		t.Fatalf("chose %+v, %v, %v", c, ok, err)
	}
	saveModules, err := modules("")
	if err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(dir, "alpha.zip")
	refusal, err := patch.Patch{Start: "1-a", World: c.world, Modules: saveModules}.Apply(c.path, target)
	if err != nil || refusal != "" {
		t.Fatalf("patched: %q, %v", refusal, err)
	}
	if err := save.Verify(target); err != nil {
		t.Fatal(err)
	}
	archive, err := save.Open(target)
	if err != nil {
		t.Fatal(err)
	}
	d, err := archive.Describe()
	if err != nil || *d.LevelTotal < largeSave {
		t.Fatalf("described: %+v, %v", d, err)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout.Write(status)
	os.Exit(0) // before anything else needs memory
}

// makeLargeSave writes a save whose level can't be packed. It is the same part again and again, so that it is made quickly.
func makeLargeSave(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z := zip.NewWriter(f)
	header, err := save.Header{Version: factorio.Version{Major: 2, Patch: 77}, Level: "freeplay", BaseMod: "base"}.AppendBinary(nil)
	if err != nil {
		return err
	}
	part := make([]byte, 1<<20)
	rand.NewChaCha8([32]byte{}).Read(part)
	first := packed(append(header, part[len(header):]...))
	other := packed(part)
	parts := largeSave/len(other) + 1
	for i := range parts {
		data := other
		if i == 0 {
			data = first
		}
		w, err := z.CreateRaw(&zip.FileHeader{
			Name: fmt.Sprintf("large/level.dat%d", i), Method: zip.Store, CRC32: crc32.ChecksumIEEE(data),
			CompressedSize64: uint64(len(data)), UncompressedSize64: uint64(len(data)),
		})
		if err != nil {
			return err
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
	}
	for name, data := range map[string][]byte{
		"level.datmetadata": binary.LittleEndian.AppendUint64(nil, uint64(parts)<<20),
		"control.lua":       []byte("require('__base__/script/freeplay/control.lua')\n"),
		"script.dat":        largeScript(),
	} {
		w, err := z.Create("large/" + name)
		if err != nil {
			return err
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
	}
	return z.Close()
}

func packed(part []byte) []byte {
	var b bytes.Buffer
	z, err := zlib.NewWriterLevel(&b, zlib.NoCompression)
	if err != nil {
		panic(err) // the level is one
	}
	z.Write(part) // into memory: can't fail
	z.Close()
	return b.Bytes()
}

// largeScript is a script.dat with the accounts of a world that has traded in very many kinds, behind a lot of others' storage.
func largeScript() []byte {
	pairs := func(n int, pair func(int) scriptdat.Pair) *scriptdat.Table {
		t := &scriptdat.Table{}
		for i := range n {
			t.Pairs = append(t.Pairs, pair(i))
		}
		return t
	}
	totals := pairs(largeKinds, func(i int) scriptdat.Pair {
		return scriptdat.Pair{Key: fmt.Sprintf("some-item-with-a-name-%05d/legendary", i), Value: float64(i)}
	})
	others := pairs(largeStorage/2/24, func(i int) scriptdat.Pair {
		return scriptdat.Pair{Key: float64(i), Value: &scriptdat.Table{Pairs: []scriptdat.Pair{{Key: "u", Value: scriptdat.Object(i)}}}}
	})
	accounts := &scriptdat.Table{Pairs: []scriptdat.Pair{
		{Key: "ledger", Value: "beef"}, {Key: "world", Value: "w1"}, {Key: "epoch", Value: "1.1"}, {Key: "e", Value: totals}, {Key: "i", Value: totals},
	}}
	level := &scriptdat.Table{Pairs: []scriptdat.Pair{{Key: "others", Value: others}, {Key: ledgerKey, Value: accounts}}}
	var b bytes.Buffer
	err := scriptdat.Write(&b, scriptdat.File{Version: factorio.Version{Major: 2, Patch: 77}, Blocks: []scriptdat.Block{
		{Name: "mod-other", Value: others, Flag: 1}, {Name: "level", Value: level, Flag: 1},
	}})
	if err != nil {
		panic(err) // it consists of what it may
	}
	return b.Bytes()
}
