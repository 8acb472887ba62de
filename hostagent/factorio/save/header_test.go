package save

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/proptree"
)

// header20 has every field set, with numbers and lengths on both sides of the space-optimised border.
var header20 = Header{
	Version: factorio.Version{Major: 2, Minor: 0, Patch: 77, Developer: 1}, Campaign: "c", Level: strings.Repeat("l", 255),
	BaseMod: "base", Difficulty: 3, Finished: true, NextLevel: "n", FinishedButContinuing: true, NonAdminDebug: true,
	LoadedFrom: factorio.Version{Major: 2, Minor: 254, Patch: 255}, Build: 84539, AllowedCommands: 3, Unknown: unknown2x,
	Mods:             []Mod{{"base", factorio.Version{Major: 2, Patch: 77}, math.MaxUint32}, {"x", factorio.Version{Minor: 65535}, 0}},
	SettingsChecksum: 7,
	Settings: proptree.Dictionary{{Key: "x", Node: proptree.Node{
		Value: proptree.Dictionary{{Key: "value", Node: proptree.Node{Value: int64(-1)}}},
	}}},
}

func encode(t testing.TB, h Header) []byte {
	t.Helper()
	b, err := h.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// versions has both sides of every change of the layout.
var versions = []factorio.Version{
	{Minor: 17}, {Minor: 17, Patch: 79}, {Minor: 18, Patch: 2, Developer: 2}, {Major: 1}, {Major: 1, Minor: 1, Patch: 13},
	{Major: 1, Minor: 1, Patch: 14}, {Major: 1, Minor: 1, Patch: 110}, {Major: 2}, {Major: 2, Patch: 76}, {Major: 2, Minor: 1, Patch: 7},
	{Major: 2, Minor: 1, Patch: 17, Developer: 1},
}

// randomHeader makes any header that the version can have.
func randomHeader(r *rand.Rand, v factorio.Version) Header {
	number := func() uint16 { return uint16(r.IntN(1 << (1 + r.IntN(16)))) }
	text := func() string { return strings.Repeat(string(rune(r.IntN(300))), r.IntN(2)*r.IntN(300)) }
	version := func() factorio.Version { return factorio.Version{Major: number(), Minor: number(), Patch: number()} }
	yes := func() bool { return r.IntN(2) == 0 }
	h := NewHeader(v)
	h.Branch, h.Difficulty, h.AllowedCommands = uint8(r.IntN(256)), uint8(r.IntN(4)), uint8(1+r.IntN(3))
	h.Campaign, h.Level, h.BaseMod, h.NextLevel = text(), text(), text(), text()
	h.Finished, h.PlayerWon, h.CanContinue, h.FinishedButContinuing = yes(), yes(), yes(), yes()
	h.SavingReplay, h.NonAdminDebug = yes(), yes()
	h.LoadedFrom, h.Build = version(), uint32(number())
	if v.Major >= 2 {
		h.Build, h.Unknown = r.Uint32(), r.Uint32()
	}
	for range r.IntN(300) {
		h.Mods = append(h.Mods, Mod{text(), version(), r.Uint32()})
	}
	values := []any{true, 1.5, text(), int64(-3), uint64(9), nil, proptree.Dictionary{{Key: "r", Node: proptree.Node{Value: 0.5}}}}
	for i := range r.IntN(20) {
		value := proptree.Node{Value: values[r.IntN(len(values))]}
		h.Settings = append(h.Settings, proptree.Entry{Key: fmt.Sprint("setting-", i),
			Node: proptree.Node{Value: proptree.Dictionary{{Key: "value", Node: value}}}})
		h.SettingsChecksum = r.Uint32()
	}
	return h
}

func TestGeneratedHeadersReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 17))
	for _, v := range versions {
		for range 50 {
			want := randomHeader(r, v)
			b := encode(t, want)
			in := bytes.NewReader(append(b, "rest"...))
			if got, err := ReadHeader(in); err != nil || !reflect.DeepEqual(got, want) || in.Len() != 4 {
				t.Fatalf("%v: got %+v, %v, %d bytes left\nwant %+v", v, got, err, in.Len(), want)
			}
		}
	}
}

// What the game wrote must be written alike.
func TestRealHeadersAreWrittenAlike(t *testing.T) {
	for _, path := range realSaves(t) {
		a := openSave(t, path)
		for _, open := range []func() (io.ReadCloser, error){a.Level, func() (io.ReadCloser, error) { return a.Open(levelInit) }} {
			level, err := open()
			if err != nil {
				t.Fatal(err)
			}
			var read bytes.Buffer
			in := bufio.NewReader(level)
			h, err := ReadHeader(&teeByteReader{in, &read})
			level.Close()
			if err != nil {
				t.Fatal(err)
			}
			if got := encode(t, h); !bytes.Equal(got, read.Bytes()) {
				t.Errorf("%s: header of %v\nreads  %x\nwrites %x", filepath.Base(path), h.Version, read.Bytes(), got)
			}
		}
	}
}

type teeByteReader struct {
	*bufio.Reader
	to *bytes.Buffer
}

func (r *teeByteReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.to.Write(p[:n])
	return n, err
}

func (r *teeByteReader) ReadByte() (byte, error) {
	b, err := r.Reader.ReadByte()
	if err == nil {
		r.to.WriteByte(b)
	}
	return b, err
}

func TestCutHeaders(t *testing.T) {
	for _, v := range versions {
		h := header20
		h.Version = v
		if v.Major < 2 {
			h.Build, h.Unknown = 65535, 0
		}
		b := encode(t, h)
		for n := range b {
			if _, err := ReadHeader(bytes.NewReader(b[:n])); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("%v: first %d bytes: %v", v, n, err)
			}
		}
	}
}

func TestReadHeaderRefuses(t *testing.T) {
	plain := header20
	plain.Settings, plain.SettingsChecksum = nil, 0
	whole := encode(t, plain)
	beforeMods := encode(t, Header{Version: plain.Version})
	beforeMods = beforeMods[:len(beforeMods)-11]
	for _, test := range []struct {
		name string
		b    []byte
		want string
	}{
		{"0.16", append([]byte{0, 0, 16, 0, 51, 0, 0, 0}, whole[8:]...), "version 0.16.51 is older than 0.17, the oldest that can be read, at byte 8"},
		{"empty", nil, "unexpected EOF at byte 0"},
		{"text", []byte(strings.Repeat("this is no level data ", 20)), "byte 116 where 0 or 1 belongs at byte 265"},
		{"zeros", make([]byte, 1000), "version 0.0.0 is older than 0.17, the oldest that can be read, at byte 8"},
		{"long name", append(whole[:9:9], 255, 1, 0, 1, 0), "65537 bytes where at most 65536 may be at byte 14"},
		{"many mods", append(beforeMods, 255, 0x11, 0x27, 0, 0), "10001 mods are more than 10000 at byte 37"},
		{"settings no dictionary", append(whole[:len(whole)-6:len(whole)-6], 1, 0, 1), "the startup settings are not a dictionary at byte 330"},
		{"unknown setting", append(whole[:len(whole)-6:len(whole)-6], 5, 0, 1, 0, 0, 0, 1, 9, 0), "a property of unknown type 9"},
	} {
		if h, err := ReadHeader(bytes.NewReader(test.b)); err == nil || !strings.HasPrefix(err.Error(), "read save header: "+test.want) {
			t.Errorf("%s: %+v, %v; want %q", test.name, h, err, test.want)
		}
	}
}

func TestAppendHeaderRefuses(t *testing.T) {
	v := factorio.Version{Major: 1, Minor: 1}
	for _, test := range []struct {
		h    Header
		want string
	}{
		{Header{Version: factorio.Version{Minor: 16, Patch: 51}}, "write save header of 0.16.51: the oldest version that can be written is 0.17.0"},
		{Header{Version: v, Build: 65536}, "write save header of 1.1.0: build 65536 is larger than 65535"},
		{Header{Version: v, Unknown: 1}, "write save header of 1.1.0: the number 1 is stored since 2.0 only"},
		{Header{Version: v, LoadedFrom: factorio.Version{Developer: 1}}, "write save header of 1.1.0: version 0.0.0 has a fourth number, for which there is no room"},
		{Header{Version: v, Mods: make([]Mod, maxMods+1)}, "write save header of 1.1.0: 10001 mods are more than 10000"},
		{Header{Version: v, Level: strings.Repeat("x", maxText+1)}, "write save header of 1.1.0: a name of 65537 bytes is longer than 65536"},
		{Header{Version: v, Settings: proptree.Dictionary{{Key: "x", Node: proptree.Node{Value: 1}}}},
			"write save header of 1.1.0: a Go int is none of the types that a property tree has"},
	} {
		if b, err := test.h.AppendBinary(nil); err == nil || err.Error() != test.want {
			t.Errorf("%d bytes, %v; want %q", len(b), err, test.want)
		}
	}
}

func FuzzReadHeader(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, v := range versions {
		h := randomHeader(r, v)
		h.Mods = h.Mods[:min(len(h.Mods), 3)]
		f.Add(encode(f, h))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ReadHeader(bytes.NewReader(data))
		if err != nil {
			return
		}
		b, err := h.AppendBinary(nil)
		if err != nil {
			t.Fatalf("read %+v, but: %v", h, err)
		}
		again, err := ReadHeader(bytes.NewReader(b))
		if err != nil {
			t.Fatalf("written, but: %v", err)
		}
		// Bytes, because NaN differs from itself.
		if c, err := again.AppendBinary(nil); err != nil || !bytes.Equal(b, c) {
			t.Errorf("read %+v\nagain %+v, %v", h, again, err)
		}
	})
}

func BenchmarkReadHeader(b *testing.B) {
	data := encode(b, header20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := ReadHeader(bytes.NewReader(data)); err != nil {
			b.Fatal(err)
		}
	}
}

// From the file to the header, as an agent looks through a folder of saves.
func BenchmarkHeaderOfRealSave(b *testing.B) {
	for _, path := range realSaves(b) {
		b.Run(filepath.Base(path), func(b *testing.B) {
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
		})
	}
}
