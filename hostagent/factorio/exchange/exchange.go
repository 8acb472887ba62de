// Package exchange reads and writes map exchange strings, which hold what a map is generated with: the map generation settings
// and the map settings. It starts no goroutines.
//
// A string is ">>>", base64 of a zlib stream, "<<<". Inflated it is a version, a byte, the two groups of settings in the layout
// of that version, and the CRC-32 of all before.
package exchange

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/encoded"
	"mainbus/hostagent/factorio/internal/bin"
)

const (
	maxText = 1 << 20 // bytes; real ones have some 400 to 1,000
	maxData = 1 << 20 // bytes inflated

	begin, end = ">>>", "<<<"
)

var (
	oldest = factorio.Version{Minor: 17}
	next   = factorio.Version{Major: 2, Minor: 2} // of which nothing is known
)

// Settings is the content of a map exchange string. Members are those that strings of the version have, in the order of the
// string; values are described at Member.
type Settings struct {
	Version factorio.Version // of the game that made the string; it decides the layout
	Flag    bool             // of unknown meaning, false in all strings seen
	MapGen  Object           // as in map-gen-settings.json
	Map     Object           // as in map-settings.json, with "difficulty_settings"
}

// Is reports whether a text begins as map exchange strings do.
func Is(head string) bool {
	return strings.HasPrefix(encoded.Unspaced(head), begin)
}

// Parse reads a map exchange string of 0.17 to 2.1. White space may be anywhere in it.
func Parse(text string) (Settings, error) {
	s, err := parse(text)
	if err != nil {
		return Settings{}, fmt.Errorf("map exchange string: %w", err)
	}
	return s, nil
}

func parse(text string) (Settings, error) {
	if len(text) > maxText {
		return Settings{}, fmt.Errorf("%d bytes, more than %d MiB", len(text), maxText>>20)
	}
	text, ok := strings.CutPrefix(encoded.Unspaced(text), begin)
	if !ok {
		return Settings{}, fmt.Errorf("it does not begin with %s", begin)
	}
	if text, ok = strings.CutSuffix(text, end); !ok {
		return Settings{}, fmt.Errorf("it does not end with %s: its end is missing, or something follows it", end)
	}
	data, err := encoded.Decode(text, maxData)
	if err != nil {
		return Settings{}, err
	}
	return fromData(data)
}

func fromData(data []byte) (Settings, error) {
	const sum = 4 // bytes
	if len(data) < sum {
		return Settings{}, fmt.Errorf("its content of %d bytes is too short", len(data))
	}
	content := data[:len(data)-sum]
	if want, got := binary.LittleEndian.Uint32(data[len(content):]), crc32.ChecksumIEEE(content); got != want {
		return Settings{}, fmt.Errorf("its checksum is %08x, but that of its content is %08x: something in it was lost or changed", want, got)
	}
	rest := bytes.NewReader(content)
	in := bin.NewReader(rest)
	s := Settings{Version: in.Version(), Flag: in.Bool()}
	if in.Err() == nil {
		if err := known(s.Version); err != nil {
			return Settings{}, err
		}
		s.MapGen, s.Map = s.read(in)
	}
	err := in.Err()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = fmt.Errorf("it ends too early, at byte %d: %w", in.Pos(), err)
	case err != nil:
		err = fmt.Errorf("before byte %d: %w", in.Pos(), err)
	case rest.Len() > 0:
		err = fmt.Errorf("%d bytes too many behind the settings, which end at byte %d", rest.Len(), in.Pos())
	}
	if err != nil {
		return Settings{}, fmt.Errorf("its checksum is right, but its content is not as known of Factorio %v: %w", s.Version, err)
	}
	return s, nil
}

func known(v factorio.Version) error {
	if v.Compare(oldest) < 0 || v.Compare(next) >= 0 {
		return fmt.Errorf("it is of Factorio %v; only strings of 0.17 to 2.1 can be read and written", v)
	}
	return nil
}

func (s Settings) read(in *bin.Reader) (mapGen, settings Object) {
	r := reader{in: in}
	l := layoutOf(s.Version)
	mapGen, _ = r.at("map_gen_settings", l.mapGen).(Object)
	settings, _ = r.at("map_settings", l.settings).(Object)
	if len(r.path) > 0 {
		in.Within("in " + joined(r.path))
	}
	return mapGen, settings
}

// Text writes the string on one line. It is an error if a member is missing, is of another type, or is none of the version's.
func (s Settings) Text() (string, error) {
	data, err := s.data()
	if err != nil {
		return "", fmt.Errorf("map exchange string: %w", err)
	}
	return begin + encoded.Encode(data) + end, nil
}

func (s Settings) data() ([]byte, error) {
	if err := known(s.Version); err != nil {
		return nil, err
	}
	w := writer{b: bin.AppendBool(bin.AppendVersion(nil, s.Version), s.Flag)}
	l := layoutOf(s.Version)
	w.at("map_gen_settings", l.mapGen, s.MapGen)
	w.at("map_settings", l.settings, s.Map)
	switch {
	case w.err != nil:
		return nil, fmt.Errorf("%s: %w", joined(w.path), w.err)
	case len(w.b) > maxData:
		return nil, fmt.Errorf("%d bytes of settings, more than %d MiB", len(w.b), maxData>>20)
	}
	return binary.LittleEndian.AppendUint32(w.b, crc32.ChecksumIEEE(w.b)), nil
}
