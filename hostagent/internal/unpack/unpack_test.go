package unpack

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"
)

type entry struct {
	name, text, link string
	kind             byte
	mode             int64
}

func pack(t testing.TB, config xz.WriterConfig, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	packer, err := config.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	files := tar.NewWriter(packer)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Linkname: e.link, Mode: e.mode, Size: int64(len(e.text))}
		if err := files.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := files.Write([]byte(e.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(files.Close(), packer.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func store(t *testing.T, content []byte) string {
	t.Helper()
	at := filepath.Join(t.TempDir(), "a.tar.xz")
	if err := os.WriteFile(at, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return at
}

var release = []entry{
	{name: "factorio/", kind: tar.TypeDir, mode: 0o755},
	{name: "factorio/bin/x64/factorio", kind: tar.TypeReg, mode: 0o755, text: strings.Repeat("program ", 180_000)},
	{name: "factorio/data/base/info.json", kind: tar.TypeReg, mode: 0o600, text: "{}"},
	{name: "factorio/link", kind: tar.TypeSymlink, link: "data/base"},
}

func TestTarXZ(t *testing.T) {
	archive := store(t, pack(t, xz.WriterConfig{BlockSize: 1 << 18}, release...))
	dir := t.TempDir()
	var done, total int64
	calls := 0
	if err := TarXZ(t.Context(), archive, dir, func(d, of int64) {
		if calls++; d < done {
			t.Errorf("progress falls from %d to %d", done, d)
		}
		done, total = d, of
	}); err != nil {
		t.Fatal(err)
	}
	size, err := Size(archive)
	if err != nil || size != total || done != total || size < 1_440_000 || size > 1_500_000 || calls < 2 {
		t.Errorf("size %d, %v; progress %d of %d after %d calls", size, err, done, total, calls)
	}
	for name, want := range map[string]struct {
		text string
		mode os.FileMode
	}{"bin/x64/factorio": {release[1].text, 0o755}, "link/info.json": {"{}", 0o644}} {
		at := filepath.Join(dir, "factorio", name)
		text, err := os.ReadFile(at)
		if err != nil || string(text) != want.text {
			t.Errorf("%s has %d bytes, %v", name, len(text), err)
		}
		if info, err := os.Stat(at); err != nil || runtime.GOOS != "windows" && info.Mode().Perm()&^0o022 != want.mode&^0o022 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestSeveralStreams(t *testing.T) {
	whole := pack(t, xz.WriterConfig{}, release...)
	empty := pack(t, xz.WriterConfig{})
	content := append(append(append([]byte{}, whole...), make([]byte, 8)...), empty...)
	size, err := measure(bytes.NewReader(content), int64(len(content)))
	one, err1 := measure(bytes.NewReader(whole), int64(len(whole)))
	two, err2 := measure(bytes.NewReader(empty), int64(len(empty)))
	if err := errors.Join(err, err1, err2); err != nil || size != one+two {
		t.Errorf("%d = %d + %d? %v", size, one, two, err)
	}
}

func TestNothingLeavesTheFolder(t *testing.T) {
	outside := t.TempDir()
	for want, entries := range map[string][]entry{
		"outside its folder":  {{name: "../x", kind: tar.TypeReg, text: "x"}},
		"would lie outside":   {{name: "a/../../x", kind: tar.TypeReg, text: "x"}},
		"leads outside":       {{name: "up", kind: tar.TypeSymlink, link: ".."}},
		"link \"a/up\"":       {{name: "a/up", kind: tar.TypeSymlink, link: "../../x"}},
		"link \"abs\"":        {{name: "abs", kind: tar.TypeSymlink, link: outside}},
		"neither":             {{name: "dev", kind: tar.TypeChar}},
		"\"hard\" is neither": {{name: "hard", kind: tar.TypeLink, link: "x"}},
		"exists":              {{name: "a", kind: tar.TypeReg, text: "x"}, {name: "a", kind: tar.TypeReg, text: "y"}},
	} {
		above := t.TempDir()
		dir := filepath.Join(above, "in")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		err := TarXZ(t.Context(), store(t, pack(t, xz.WriterConfig{}, entries...)), dir, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
		if left, err := os.ReadDir(above); err != nil || len(left) != 1 {
			t.Errorf("%q: %v, %v", want, left, err)
		}
	}
}

func TestDamagedArchives(t *testing.T) {
	whole := pack(t, xz.WriterConfig{}, release...)
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for name, content := range map[string][]byte{
		"empty": nil, "short": whole[:10], "cut": whole[:len(whole)-100], "flipped": flipped, "no xz": bytes.Repeat([]byte("x"), 100),
		"greedy": greedy(t),
	} {
		if err := TarXZ(t.Context(), store(t, content), t.TempDir(), nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := TarXZ(t.Context(), store(t, greedy(t)), t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "memory") {
		t.Errorf("a dictionary of 4 GiB: %v", err)
	}
}

// greedy is an archive whose block asks for a dictionary of 4 GiB.
func greedy(t *testing.T) []byte {
	t.Helper()
	content := pack(t, xz.WriterConfig{}, release[2])
	header := content[xzHeader:][:(int(content[xzHeader])+1)*4]
	at := bytes.Index(header, []byte{lzma2, 1})
	if at < 0 {
		t.Fatal("no filter in the header")
	}
	header[at+2] = 40
	body := header[:len(header)-4]
	binary.LittleEndian.PutUint32(header[len(body):], crc32.ChecksumIEEE(body))
	return content
}

func TestUnpackingIsCancelled(t *testing.T) {
	archive := store(t, pack(t, xz.WriterConfig{}, release...))
	ctx, cancel := context.WithCancel(t.Context())
	err := TarXZ(ctx, archive, t.TempDir(), func(int64, int64) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func FuzzMeasure(f *testing.F) {
	f.Add(pack(f, xz.WriterConfig{}, release[2]))
	f.Add(pack(f, xz.WriterConfig{BlockSize: 512}, release[2], release[3]))
	f.Add([]byte("YZ"))
	f.Fuzz(func(t *testing.T, content []byte) {
		if size, err := measure(bytes.NewReader(content), int64(len(content))); err == nil && (size < 0 || size > maxStreams*maxSize) {
			t.Errorf("size %d", size)
		}
	})
}
