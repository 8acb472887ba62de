package save

import (
	"bytes"
	"compress/zlib"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"mainbus/hostagent/factorio/scriptdat"
)

// benchSave is a save of 64 MiB of level, half of which packs, with a script.dat of 8 MB. MB/s of the benchmarks are of the zip,
// so that they compare with each other and with the copying of a file.
func benchSave(b *testing.B) (path string, size int64) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "bench.zip")
	w, err := Create(path, "bench")
	if err != nil {
		b.Fatal(err)
	}
	part := halfRandom()
	w.File("control.lua", []byte("-- a scenario\n"))
	w.Level(header20, bytes.NewReader(bytes.Repeat(part, 64)))
	others := &scriptdat.Table{}
	for i := range 400_000 {
		others.Pairs = append(others.Pairs, scriptdat.Pair{Key: float64(i), Value: scriptdat.Object(i)})
	}
	ledger := &scriptdat.Table{Pairs: []scriptdat.Pair{{Key: "world", Value: "w1"}}}
	level := &scriptdat.Table{Pairs: []scriptdat.Pair{{Key: "others", Value: others}, {Key: "ledger", Value: ledger}}}
	w.Script(scriptdat.File{Version: header20.Version, Blocks: []scriptdat.Block{{Name: "level", Value: level, Flag: 1}}})
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return path, info.Size()
}

func halfRandom() []byte {
	part := make([]byte, partSize)
	r := rand.NewChaCha8([32]byte{})
	for at := 0; at < len(part); at += 64 {
		r.Read(part[at : at+32])
	}
	return part
}

func BenchmarkOpenHeader(b *testing.B) {
	path, _ := benchSave(b)
	for b.Loop() {
		a, err := Open(path)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := a.Header(); err != nil {
			b.Fatal(err)
		}
		a.Close()
	}
}

// MB/s are of script.dat inflated.
func BenchmarkSubtree(b *testing.B) {
	path, _ := benchSave(b)
	a := openSave(b, path)
	b.SetBytes(int64(a.entries[scriptData].UncompressedSize64))
	for b.Loop() {
		if _, ok, err := a.Subtree("ledger"); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	path, size := benchSave(b)
	b.SetBytes(size)
	for b.Loop() {
		if err := Verify(path); err != nil {
			b.Fatal(err)
		}
	}
}

// Copies, syncs and verifies.
func BenchmarkRewrite(b *testing.B) {
	path, size := benchSave(b)
	dst := filepath.Join(b.TempDir(), "x.zip")
	b.SetBytes(size)
	for b.Loop() {
		if err := Rewrite(path, dst, map[string][]byte{"control.lua": nil}); err != nil {
			b.Fatal(err)
		}
	}
}

// What Verify can't beat: zlib alone, on the same parts in memory.
func BenchmarkLimitInflate(b *testing.B) {
	packed := deflated(halfRandom())
	b.SetBytes(int64(len(packed)))
	for b.Loop() {
		z, err := zlib.NewReader(bytes.NewReader(packed))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, z); err != nil {
			b.Fatal(err)
		}
	}
}

// What Rewrite can't beat before it verifies: the file copied and synced.
func BenchmarkLimitCopy(b *testing.B) {
	path, size := benchSave(b)
	dst := filepath.Join(b.TempDir(), "x.zip")
	b.SetBytes(size)
	for b.Loop() {
		if err := copySynced(dst, path); err != nil {
			b.Fatal(err)
		}
	}
}

func copySynced(dst, src string) error {
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(dst)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Sync()
}
