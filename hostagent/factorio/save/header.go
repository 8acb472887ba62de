package save

import (
	"encoding/binary"
	"fmt"
	"io"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/internal/bin"
)

const (
	maxText   = 64 << 10 // bytes of one name
	maxMods   = 10_000
	maxHeader = 32 << 20 // bytes; a save with 1,437 startup settings has some 90 kB
	maxDepth  = 100      // of dictionaries in the startup settings
	unknown2x = 10 << 20 // a number of unknown meaning, the same in all 2.x saves seen
)

// Mod is a mod that the save was played with last. CRC is what the server's log calls "Checksum of <mod>".
type Mod struct {
	Name    string
	Version factorio.Version
	CRC     uint32
}

// Header is the beginning of the level data. Version is that of the map format; LoadedFrom and Build are those of the game
// that saved last. AllowedCommands is 1 for true, 2 for false, 3 for admins-only.
type Header struct {
	Version               factorio.Version
	Campaign              string // empty or like "transport-belt-madness"
	Level                 string // the scenario, like "freeplay"
	BaseMod               string // the mod that the scenario belongs to
	Difficulty            uint8
	Finished, PlayerWon   bool
	NextLevel             string
	CanContinue           bool
	FinishedButContinuing bool
	SavingReplay          bool
	NonAdminDebug         bool
	LoadedFrom            factorio.Version
	Build                 uint32
	AllowedCommands       uint8
	Mods                  []Mod  // in load order
	StartupChecksum       uint32 // 0 without startup settings
	StartupSettings       bool   // whether there are any
}

// ReadHeader reads the header from inflated level data of 0.17 or later, and not a byte more if r is an io.ByteReader.
func ReadHeader(r io.Reader) (Header, error) {
	in := bin.NewReader(r)
	var h Header
	h.Version = in.Version()
	if oldest := (factorio.Version{Minor: 17}); in.Err() == nil && h.Version.Compare(oldest) < 0 {
		return Header{}, fmt.Errorf("read save header: version %v is older than 0.17, the oldest that can be read", h.Version)
	}
	in.U8()
	h.Campaign, h.Level, h.BaseMod = in.String(maxText), in.String(maxText), in.String(maxText)
	h.Difficulty = in.U8()
	h.Finished, h.PlayerWon = in.Bool(), in.Bool()
	h.NextLevel = in.String(maxText)
	h.CanContinue, h.FinishedButContinuing = in.Bool(), in.Bool()
	h.SavingReplay, h.NonAdminDebug = in.Bool(), in.Bool()
	h.LoadedFrom = readVersion(in)
	if h.Version.Major >= 2 {
		h.Build = in.U32()
	} else {
		h.Build = uint32(in.U16())
	}
	h.AllowedCommands = in.U8()
	if h.Version.Major >= 2 {
		in.U32()
	}
	h.Mods = readMods(in)
	h.StartupChecksum = in.U32()
	h.StartupSettings = skipSettings(in)
	if err := in.Err(); err != nil {
		return Header{}, fmt.Errorf("read save header: %w at byte %d", err, in.Pos())
	}
	return h, nil
}

func readVersion(in *bin.Reader) factorio.Version {
	return factorio.Version{Major: in.Short(), Minor: in.Short(), Patch: in.Short()}
}

func readMods(in *bin.Reader) []Mod {
	count := in.Size()
	if count > maxMods {
		in.Fail(fmt.Errorf("%d mods are more than %d", count, maxMods))
	}
	var mods []Mod
	for len(mods) < int(count) && in.Err() == nil {
		mods = append(mods, Mod{Name: in.String(maxText), Version: readVersion(in), CRC: in.U32()})
	}
	return mods
}

// Types of the nodes in a property tree.
const (
	propertyNone = iota
	propertyBool
	propertyNumber
	propertyString
	propertyList
	propertyDictionary
	propertySigned
	propertyUnsigned
)

// skipSettings passes over the dictionary of startup settings and reports whether it has any.
func skipSettings(in *bin.Reader) bool {
	if kind := in.U8(); kind != propertyDictionary {
		in.Fail(fmt.Errorf("the startup settings are of type %d, not a dictionary", kind))
	}
	in.U8()
	return skipEntries(in, 0) > 0
}

func skipProperty(in *bin.Reader, depth int) {
	kind := in.U8()
	in.U8() // a flag without meaning for the tree
	switch kind {
	case propertyNone:
	case propertyBool:
		in.U8()
	case propertyNumber, propertySigned, propertyUnsigned:
		in.U64()
	case propertyString:
		skipPropertyString(in)
	case propertyList, propertyDictionary:
		skipEntries(in, depth+1)
	default:
		in.Fail(fmt.Errorf("startup setting of unknown type %d", kind))
	}
}

func skipEntries(in *bin.Reader, depth int) uint32 {
	count := in.U32()
	if depth > maxDepth {
		in.Fail(fmt.Errorf("startup settings are nested deeper than %d", maxDepth))
	}
	for i := uint32(0); i < count && in.Err() == nil; i++ {
		skipPropertyString(in) // the key, empty in lists
		skipProperty(in, depth)
		if in.Pos() > maxHeader {
			in.Fail(fmt.Errorf("longer than %d MiB", maxHeader>>20))
		}
	}
	return count
}

func skipPropertyString(in *bin.Reader) {
	if empty := in.Bool(); !empty {
		in.Skip(int64(min(in.Size(), maxHeader)))
	}
}

// Append appends the header in the layout of 2.0, without startup settings. h.Version must be 2.0 or newer.
func (h Header) Append(b []byte) []byte {
	b = append(bin.AppendVersion(b, h.Version), 0)
	for _, s := range [...]string{h.Campaign, h.Level, h.BaseMod} {
		b = bin.AppendString(b, s)
	}
	b = append(b, h.Difficulty)
	b = bin.AppendBool(bin.AppendBool(b, h.Finished), h.PlayerWon)
	b = bin.AppendString(b, h.NextLevel)
	for _, v := range [...]bool{h.CanContinue, h.FinishedButContinuing, h.SavingReplay, h.NonAdminDebug} {
		b = bin.AppendBool(b, v)
	}
	b = appendVersion(b, h.LoadedFrom)
	b = binary.LittleEndian.AppendUint32(b, h.Build)
	b = append(b, h.AllowedCommands)
	b = binary.LittleEndian.AppendUint32(b, unknown2x)
	b = bin.AppendSize(b, uint32(len(h.Mods)))
	for _, m := range h.Mods {
		b = appendVersion(bin.AppendString(b, m.Name), m.Version)
		b = binary.LittleEndian.AppendUint32(b, m.CRC)
	}
	b = binary.LittleEndian.AppendUint32(b, 0) // no checksum of startup settings
	b = append(b, propertyDictionary, 0)
	return binary.LittleEndian.AppendUint32(b, 0)
}

func appendVersion(b []byte, v factorio.Version) []byte {
	for _, n := range [...]uint16{v.Major, v.Minor, v.Patch} {
		b = bin.AppendShort(b, n)
	}
	return b
}
