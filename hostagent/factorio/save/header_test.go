package save

import (
	"bytes"
	"errors"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
)

// header20 has every field set, with numbers and lengths on both sides of the space-optimised border.
var header20 = Header{
	Version: factorio.Version{Major: 2, Minor: 0, Patch: 77, Developer: 1}, Campaign: "c", Level: strings.Repeat("l", 255),
	BaseMod: "base", Difficulty: 3, Finished: true, NextLevel: "n", FinishedButContinuing: true, NonAdminDebug: true,
	LoadedFrom: factorio.Version{Major: 2, Minor: 254, Patch: 255}, Build: 84539, AllowedCommands: 3,
	Mods: []Mod{{"base", factorio.Version{Major: 2, Patch: 77}, math.MaxUint32}, {"x", factorio.Version{Minor: 65535}, 0}},
}

func TestHeaderReadsBack(t *testing.T) {
	b := header20.Append(nil)
	r := bytes.NewReader(append(b, "rest"...))
	got, err := ReadHeader(r)
	if err != nil || !reflect.DeepEqual(got, header20) || r.Len() != 4 {
		t.Errorf("got %+v, %v, %d bytes left", got, err, r.Len())
	}
	for n := range b {
		if _, err := ReadHeader(bytes.NewReader(b[:n])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("first %d bytes: %v", n, err)
		}
	}
}

func TestReadHeaderSkipsAllKindsOfSettings(t *testing.T) {
	b := header20.Append(nil)
	b = b[:len(b)-6]
	key := "\x00\x01k"
	nodes := []string{"\x00\x00", "\x01\x00\x01", "\x02\x0012345678", "\x03\x00\x00\x05hello", "\x03\x00\x01",
		"\x04\x00\x01\x00\x00\x00" + "\x01" + "\x01\x00\x00", "\x05\x00\x01\x00\x00\x00" + key + "\x06\x0012345678", "\x07\x0012345678"}
	b = append(b, 5, 0, byte(len(nodes)), 0, 0, 0)
	for _, n := range nodes {
		b = append(append(b, key...), n...)
	}
	r := bytes.NewReader(append(b, "rest"...))
	if h, err := ReadHeader(r); err != nil || !h.StartupSettings || r.Len() != 4 {
		t.Errorf("got %+v, %v, %d bytes left", h, err, r.Len())
	}
}

func TestReadHeaderRefuses(t *testing.T) {
	whole := header20.Append(nil)
	settings := whole[:len(whole)-6]
	for name, b := range map[string][]byte{
		"0.16":               append([]byte{0, 0, 16, 0, 51, 0, 0, 0}, whole[8:]...),
		"text":               []byte(strings.Repeat("this is no level data ", 20)),
		"zeros":              make([]byte, 1000),
		"settings no dict":   append(bytes.Clone(settings), 2, 0, 0, 0, 0, 0, 0, 0, 0, 0),
		"unknown setting":    append(bytes.Clone(settings), 5, 0, 1, 0, 0, 0, 1, 9, 0),
		"settings very deep": append(bytes.Clone(settings), bytes.Repeat([]byte{5, 0, 1, 0, 0, 0, 1}, 1<<16)...),
	} {
		if h, err := ReadHeader(bytes.NewReader(b)); err == nil {
			t.Errorf("%s: no error: %+v", name, h)
		}
	}
}

func FuzzReadHeader(f *testing.F) {
	f.Add(header20.Append(nil))
	f.Add(append([]byte{1, 0, 1, 0, 19, 0, 0, 0}, header20.Append(nil)[8:]...))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ReadHeader(bytes.NewReader(data))
		if err != nil || h.Version.Major < 2 {
			return
		}
		h.StartupSettings, h.StartupChecksum = false, 0
		if again, err := ReadHeader(bytes.NewReader(h.Append(nil))); err != nil || !reflect.DeepEqual(again, h) {
			t.Errorf("read %+v\nagain %+v, %v", h, again, err)
		}
	})
}
