package save

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mainbus/hostagent/factorio/scriptdat"
)

func FuzzArchive(f *testing.F) {
	whole := filepath.Join(f.TempDir(), "whole.zip")
	w, err := Create(whole, "w")
	if err != nil {
		f.Fatal(err)
	}
	w.File("control.lua", []byte("x"))
	w.Level(header20, strings.NewReader("rest"))
	w.Script(scriptdat.File{Version: header20.Version, Blocks: []scriptdat.Block{{Name: "level", Flag: 1, Value: &scriptdat.Table{
		Pairs: []scriptdat.Pair{{Key: "ledger", Value: &scriptdat.Table{}}},
	}}}})
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	data, err := os.ReadFile(whole)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(small(f))
	for _, entries := range [][]entry{
		{file("w/level.dat", string(encode(f, header20))), file("w/locale/", ""), file("__MACOSX/._w", "x")},
		{file("w/../x", ""), claim("w/x", 10, 1<<30)},
	} {
		data, err := os.ReadFile(makeZip(f, entries...))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := NewArchive(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		_, headerErr := a.Header()
		a.Subtree("ledger")
		if a.Verify() == nil && headerErr != nil {
			t.Errorf("verified, but the header can't be read: %v", headerErr)
		}
		for _, name := range a.Names() {
			if checkName(name) != nil {
				t.Errorf("name %q", name)
			}
		}
	})
}

// FuzzLevel changes what is within the entries of a zip that is right, which FuzzArchive can't because of their CRCs.
func FuzzLevel(f *testing.F) {
	header := encode(f, header20)
	level := append(bytes.Clone(header), "the rest"...)
	total := func(n int) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }
	f.Add(deflated(level), deflated([]byte("more")), total(len(level)+4), header)
	f.Add(deflated(level), []byte{}, total(len(level)), []byte{})
	f.Add(append(deflated(level), 0), deflated(nil), []byte("short"), header[:20])
	f.Add(deflated(level[:30]), deflated(level[30:]), total(-1), append([]byte{0, 0, 15, 0, 40, 0, 0, 0}, "old"...))
	f.Fuzz(func(t *testing.T, first, second, metadata, init []byte) {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for name, data := range map[string][]byte{"level.dat0": first, "level.dat1": second, levelMetadata: metadata, levelInit: init} {
			if len(data) == 0 {
				continue
			}
			w, err := z.CreateHeader(&zip.FileHeader{Name: "w/" + name, Method: zip.Store})
			if err != nil {
				t.Fatal(err)
			}
			w.Write(data)
		}
		z.Close()
		a, err := NewArchive(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			return // nothing in it
		}
		d, described := a.Describe()
		switch verified := a.Verify(); {
		case described != nil:
			if verified == nil && !strings.Contains(described.Error(), levelInit) {
				t.Errorf("verified, but: %v", described)
			}
		case verified != nil:
			t.Errorf("described as %+v, but: %v", d, verified)
		case *d.LevelMetadata != uint64(*d.LevelTotal) || d.LevelHeader.Size > *d.LevelTotal:
			t.Errorf("described as %+v", d)
		}
	})
}

func deflated(data []byte) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}
