package save

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
)

// entry is one entry of a zip made for a test.
type entry struct {
	zip.FileHeader
	data string
}

func file(name, data string) entry { return entry{zip.FileHeader{Name: name}, data} }

func makeZip(t testing.TB, entries ...entry) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	for _, e := range entries {
		var w io.Writer
		if e.UncompressedSize64 > 0 {
			w, err = z.CreateRaw(&e.FileHeader)
		} else {
			w, err = z.CreateHeader(&e.FileHeader)
		}
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, e.data)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// claim is an entry that says it inflates from packed bytes to size.
func claim(name string, packed, size uint64) entry {
	return entry{zip.FileHeader{Name: name, Method: zip.Deflate, CompressedSize64: packed, UncompressedSize64: size}, strings.Repeat("x", int(packed))}
}

func many(n int, name func(int) string) []entry {
	entries := make([]entry, n)
	for i := range entries {
		entries[i] = file(name(i), "")
	}
	return entries
}

// small is a whole save in which every entry is stored as it is, so that its bytes can be found and changed.
func small(t testing.TB) []byte {
	t.Helper()
	header := encode(t, Header{Version: factorio.Version{Major: 1, Minor: 1}, Level: "freeplay"})
	stored := func(name, data string) entry {
		return entry{zip.FileHeader{Name: name, Method: zip.Store}, data}
	}
	data, err := os.ReadFile(makeZip(t, stored("w/control.lua", "print(1)"), stored("w/info.json", "null\n"), stored("w/level.dat", string(header))))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func written(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "written.zip")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// changed replaces the n-th occurrence of old in a small save, from 0; from the end if n is negative.
func changed(t testing.TB, old, with string, n int) string {
	t.Helper()
	data := small(t)
	at := -1
	for range n + 1 {
		i := bytes.Index(data[at+1:], []byte(old))
		if i < 0 {
			t.Fatalf("no %q", old)
		}
		at += 1 + i
	}
	if n < 0 {
		at = bytes.LastIndex(data, []byte(old))
	}
	copy(data[at:], with)
	return written(t, data)
}

// overlapping is a zip in whose directory two entries have the same place.
func overlapping(t testing.TB) string {
	t.Helper()
	data := small(t)
	second := bytes.LastIndex(data, []byte("w/info.json")) - 4 // its offset stands before its name
	binary.LittleEndian.PutUint32(data[second:], 0)
	return written(t, data)
}

func TestDamagedSaves(t *testing.T) {
	link := file("a/x", "target")
	link.SetMode(fs.ModeSymlink | 0o777)
	device := file("a/x", "")
	device.SetMode(fs.ModeDevice | 0o600)
	locked := file("a/x", "")
	locked.Flags = flagEncrypted
	whole, _ := makeSave(t, t.TempDir())
	part := func(n string) []byte { return []byte(readAll(t, openSave(t, whole), "level.dat"+n)) }
	inWhole := func(name string, data []byte) string {
		path := filepath.Join(t.TempDir(), "other.zip")
		if err := rewriteUnverified(path, whole, map[string][]byte{name: data}); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, test := range []struct{ name, path, want string }{
		{"absent", filepath.Join(t.TempDir(), "absent.zip"), "open save: open PATH: no such file or directory"},
		{"a folder", t.TempDir(), "open save PATH: it is not a file"},
		{"empty file", written(t, nil), "open save PATH: it is no zip file, or its end is missing"},
		{"no zip", written(t, []byte("this is no zip")), "open save PATH: it is no zip file, or its end is missing"},
		{"empty zip", makeZip(t), "open save PATH: 0 entries are not within 1..20000"},
		{"half a file", written(t, small(t)[:200]), "open save PATH: it is no zip file, or its end is missing"},
		{"end cut off", written(t, small(t)[:len(small(t))-1]), "open save PATH: it is no zip file, or its end is missing"},
		{"beginning cut off", written(t, small(t)[5:]), `open save PATH: entry "w/control.lua": it is not where the directory says`},
		{"hole in the middle", written(t, slices.Delete(small(t), 100, 120)), `open save PATH: entry "w/control.lua": it is not where the directory says`},

		{"no root folder", makeZip(t, file("level.dat0", "")), `open save PATH: entry "level.dat0": it is not in the root folder "level.dat0"`},
		{"two roots", makeZip(t, file("a/x", ""), file("b/x", "")), `open save PATH: entry "b/x": it is not in the root folder "a"`},
		{"beside the root", makeZip(t, file("a/x", ""), file("y", "")), `open save PATH: entry "y": it is not in the root folder "a"`},
		{"absolute", makeZip(t, file("/a/x", "")), `open save PATH: "" can't be a save's root folder`},
		{"absolute within", makeZip(t, file("a//x", "")), `open save PATH: entry "a//x": its name is not a plain path within a folder`},
		{"parent", makeZip(t, file("a/../x", "")), `open save PATH: entry "a/../x": its name is not a plain path within a folder`},
		{"parent at the end", makeZip(t, file("a/x/..", "")), `open save PATH: entry "a/x/..": its name is not a plain path within a folder`},
		{"parent folder", makeZip(t, file("a/../", "")), `open save PATH: entry "a/../": its name is not a plain path within a folder`},
		{"root is parent", makeZip(t, file("../x", "")), `open save PATH: ".." can't be a save's root folder`},
		{"root is dot", makeZip(t, file("./x", "")), `open save PATH: "." can't be a save's root folder`},
		{"backslash", makeZip(t, file(`a/..\x`, "")), `open save PATH: entry "a/..\\x": its name has a backslash or a zero byte`},
		{"zero byte", makeZip(t, file("a/x\x00y", "")), `open save PATH: entry "a/x\x00y": its name has a backslash or a zero byte`},
		{"drive", makeZip(t, file("c:/x", "")), `open save PATH: "c:" can't be a save's root folder`},
		{"drive within", makeZip(t, file("a/c:x", "")), `open save PATH: entry "a/c:x": its name begins with a drive letter`},
		{"symlink", makeZip(t, link), `open save PATH: entry "a/x": it is neither file nor folder but Lrwxrwxrwx`},
		{"device", makeZip(t, device), `open save PATH: entry "a/x": it is neither file nor folder but Drw-------`},
		{"twice", makeZip(t, file("a/x", "1"), file("a/x", "2")), `open save PATH: entry "a/x": it occurs twice`},
		{"twice but for case", makeZip(t, file("a/Ärger.lua", "1"), file("a/äRGER.lua", "2")),
			`open save PATH: entries "Ärger.lua" and "äRGER.lua" are the same where case does not count`},
		{"file and folder", makeZip(t, file("a/x/y/z", "1"), file("a/X", "2")), `open save PATH: entry "X" is a file and the folder of "x/y/z"`},

		{"many entries", makeZip(t, many(maxEntries+1, func(i int) string { return fmt.Sprint("a/", i) })...), "open save PATH: 20001 entries are not within 1..20000"},
		{"long directory", makeZip(t, many(200, func(i int) string { return fmt.Sprint("a/", strings.Repeat("x", 60_000), i) })...),
			"open save PATH: its directory is longer than 8 MiB"},
		{"bomb by ratio", makeZip(t, claim("a/x", 1000, 1<<30)), `open save PATH: entry "a/x": 1000 bytes can't inflate to 1073741824`},
		{"entry too large", makeZip(t, claim("a/x", 8<<20, 5<<30)), `open save PATH: entry "a/x": it is larger than 4294967294 bytes`},
		{"total too large", makeZip(t, claim("a/x", 4<<20, 4<<30-2), claim("a/y", 4<<20, 4<<30-2), claim("a/z", 4<<20, 4<<30-2)),
			"open save PATH: entries inflate to more than 8 GiB"},
		{"overlap", overlapping(t), "open save PATH: entries overlap at byte 2"},
		{"over the directory", changed(t, "\x00\x00w/level.dat", "\x00\x7fw/level.dat", -1), `open save PATH: entry "w/level.dat": it is not where the directory says`},
		{"encrypted", makeZip(t, locked), `open save PATH: entry "a/x": it is encrypted`},
		{"other packing", makeZip(t, entry{zip.FileHeader{Name: "a/x", Method: 12, UncompressedSize64: 1, CompressedSize64: 1}, "x"}),
			`open save PATH: entry "a/x": it is packed by method 12, which the game does not use`},

		{"another byte", changed(t, "print(1)", "print(2)", 0), "verify save PATH: read control.lua of save: its CRC is wrong"},
		{"crc of zero", makeZip(t, file("a/level.dat", string(encode(t, header20))), entry{zip.FileHeader{Name: "a/x", UncompressedSize64: 1, CompressedSize64: 1}, "x"}),
			"verify save PATH: read x of save: its CRC is wrong"},
		{"no level", makeZip(t, file("a/control.lua", "")), "verify save PATH: open in save level.dat: file does not exist"},
		{"level is text", makeZip(t, file("a/level.dat", "text")), "verify save PATH: read save header: unexpected EOF at byte 4"},
		{"metadata", inWhole(levelMetadata, []byte("\x00\x00\x10\x00\x00\x00\x00\x00")), "verify save PATH: the level has 3146087 bytes, but level.datmetadata says 1048576"},
		{"short metadata", inWhole(levelMetadata, []byte("\x00")), "verify save PATH: level.datmetadata of save has not 8 bytes"},
		{"long metadata", inWhole(levelMetadata, make([]byte, 9)), "verify save PATH: level.datmetadata of save has not 8 bytes"},
		{"no metadata", makeZip(t, file("a/level.dat0", string(part("0")))), "verify save PATH: open in save level.datmetadata: file does not exist"},
		{"gap in the parts", inWhole("level.dat5", part("3")), "verify save PATH: open level of save: 5 parts, but no level.dat4"},
		{"one part more", inWhole("level.dat4", part("3")), "verify save PATH: the level has 3146446 bytes, but level.datmetadata says 3146087"},
		{"part is no zlib", inWhole("level.dat1", []byte("text")), "verify save PATH: inflate level.dat1 of save: zlib: invalid header"},
		{"part is cut", inWhole("level.dat1", part("1")[:20]), "verify save PATH: read level.dat1 of save: unexpected EOF"},
		{"bytes after a part", inWhole("level.dat1", append(part("1"), 'x')), "verify save PATH: read level.dat1 of save: bytes after the compressed data"},
		{"header is something", inWhole("level.dat0", part("1")), "verify save PATH: read save header: byte 102 where 0 or 1 belongs at byte 215"},
	} {
		want := strings.ReplaceAll(test.want, "PATH", test.path)
		if err := Verify(test.path); err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", test.name, err, want)
		}
	}
}

// rewriteUnverified is Rewrite for making damaged saves.
func rewriteUnverified(dst, src string, set map[string][]byte) error {
	a, err := Open(src)
	if err != nil {
		return err
	}
	defer a.Close()
	w, err := Create(dst, a.Root())
	if err != nil {
		return err
	}
	w.copyWith(a, set)
	return w.Close()
}

// A bomb that lies: it says that it is short and goes on.
func TestEntryThatInflatesToMoreThanItClaims(t *testing.T) {
	data := small(t)
	at := bytes.LastIndex(data, []byte("w/control.lua")) - directoryHeader
	binary.LittleEndian.PutUint32(data[at+24:], 3)
	a, err := Open(written(t, data))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	r, err := a.Open("control.lua")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); err == nil || err.Error() != "read control.lua of save: it inflates to more than the 3 bytes that it claims" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestOpenToleratesFolderEntries(t *testing.T) {
	a := openSave(t, makeZip(t, file("a/", ""), file("a/locale/", ""), file("a/locale/x", "1")))
	if !slices.Equal(a.Names(), []string{"locale/x"}) {
		t.Errorf("names %q", a.Names())
	}
}

func TestOpenPassesOverWhatAMacAdds(t *testing.T) {
	level := file("a/level.dat", string(encode(t, header20)))
	for name, entries := range map[string][]entry{
		"after":  {level, file("__MACOSX/", ""), file("__MACOSX/a/._level.dat", "x"), file("__MACOSX/._a", "x")},
		"before": {file("__MACOSX/._a", "x"), level},
	} {
		path := makeZip(t, entries...)
		if err := Rewrite(path, path, nil); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if a := openSave(t, path); a.Root() != "a" || !slices.Equal(a.Names(), []string{"level.dat"}) {
			t.Errorf("%s: root %q, names %q", name, a.Root(), a.Names())
		}
	}
	if _, err := Open(makeZip(t, level, file("__MACOSX2/x", ""))); err == nil {
		t.Error("another folder is passed over too")
	}
}

// Maps that servers sent to clients have their sizes after the data, and no real date.
func TestOpenToleratesWhatTheGameWrites(t *testing.T) {
	data, err := os.ReadFile(makeZip(t, file("a/level.dat", string(encode(t, header20)))))
	if err != nil {
		t.Fatal(err)
	}
	if binary.LittleEndian.Uint16(data[6:])&flagDescriptor == 0 {
		t.Fatal("the zip has no data descriptor")
	}
	binary.LittleEndian.PutUint32(data[bytes.LastIndex(data, []byte("a/level.dat"))-34:], 0) // time and date
	path := written(t, data)
	if err := Verify(path); err != nil {
		t.Error(err)
	}
	if err := Rewrite(path, path, nil); err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if f := z.File[0]; f.Flags&flagDescriptor != 0 || f.ModifiedDate != 0 || f.ModifiedTime != 0 {
		t.Errorf("written again: %+v", f.FileHeader)
	}
}

func TestVerifyFindsDamage(t *testing.T) {
	path, _ := makeSave(t, t.TempDir())
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(t.TempDir(), "damaged.zip")
	for at := 0; at < len(whole); at += 97 {
		b := bytes.Clone(whole)
		b[at] ^= 0x55
		if err := os.WriteFile(damaged, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if Verify(damaged) == nil && differs(t, path, damaged) {
			t.Errorf("byte %d of %d changed: content differs, but no error", at, len(whole))
		}
	}
	if err := os.WriteFile(damaged, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if Verify(damaged) == nil {
		t.Error("half of the file: no error")
	}
}

// differs reports whether two saves that open have other names or contents.
func differs(t *testing.T, one, two string) bool {
	a, b := openSave(t, one), openSave(t, two)
	if !slices.Equal(a.Names(), b.Names()) {
		return false // a changed name is a complete other save
	}
	for _, name := range a.Names() {
		if readAll(t, a, name) != readAll(t, b, name) {
			return true
		}
	}
	return false
}
