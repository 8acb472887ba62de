package save

import (
	"encoding/binary"
	"fmt"
	"io"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/internal/bin"
	"mainbus/hostagent/factorio/proptree"
)

const (
	maxText   = 64 << 10 // bytes of one name
	maxMods   = 10_000
	unknown2x = 10 << 20 // a number of unknown meaning, the same in all 2.x saves seen
)

// oldest is the first version whose header is as described here.
var oldest = factorio.Version{Minor: 17}

// Mod is a mod that the save was played with last. CRC is what the server's log calls "Checksum of <mod>".
type Mod struct {
	Name    string
	Version factorio.Version
	CRC     uint32
}

// Header is the beginning of the level data. Version is that of the map format and decides the layout; LoadedFrom and Build are
// those of the game that saved last. AllowedCommands is 1 for true, 2 for false, 3 for admins-only.
type Header struct {
	Version               factorio.Version
	Branch                uint8  // 0 in all saves seen
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
	LoadedFrom            factorio.Version // no Developer
	Build                 uint32           // at most 65535 before 2.0
	AllowedCommands       uint8
	Unknown               uint32              // since 2.0; 10485760 in all saves seen
	Mods                  []Mod               // in load order
	SettingsChecksum      uint32              // 0 without startup settings
	Settings              proptree.Dictionary // startup settings: name to {"value": x}
}

// NewHeader returns a header of that version, with the number in it that all saves have.
func NewHeader(version factorio.Version) Header {
	h := Header{Version: version}
	if since2(version) {
		h.Unknown = unknown2x
	}
	return h
}

func since2(v factorio.Version) bool { return v.Major >= 2 }

// ReadHeader reads the header from inflated level data of 0.17 or later, and not a byte more if r is an io.ByteReader.
func ReadHeader(r io.Reader) (Header, error) {
	in := bin.NewReader(r)
	h := readHeader(in)
	if err := in.Err(); err != nil {
		return Header{}, fmt.Errorf("read save header: %w at byte %d", err, in.Pos())
	}
	return h, nil
}

func readHeader(in *bin.Reader) Header {
	h := Header{Version: in.Version()}
	if in.Err() == nil && h.Version.Compare(oldest) < 0 {
		in.Fail(fmt.Errorf("version %v is older than 0.17, the oldest that can be read,", h.Version))
	}
	h.Branch = in.U8()
	h.Campaign, h.Level, h.BaseMod = in.String(maxText), in.String(maxText), in.String(maxText)
	h.Difficulty = in.U8()
	h.Finished, h.PlayerWon = in.Bool(), in.Bool()
	h.NextLevel = in.String(maxText)
	h.CanContinue, h.FinishedButContinuing = in.Bool(), in.Bool()
	h.SavingReplay, h.NonAdminDebug = in.Bool(), in.Bool()
	h.LoadedFrom = readVersion(in)
	if since2(h.Version) {
		h.Build = in.U32()
	} else {
		h.Build = uint32(in.U16())
	}
	h.AllowedCommands = in.U8()
	if since2(h.Version) {
		h.Unknown = in.U32()
	}
	h.Mods = readMods(in)
	h.SettingsChecksum = in.U32()
	h.Settings = readSettings(in)
	return h
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

func readSettings(in *bin.Reader) proptree.Dictionary {
	settings, ok := proptree.Read(in).Value.(proptree.Dictionary)
	if !ok {
		in.Fail(fmt.Errorf("the startup settings are not a dictionary"))
	}
	return settings
}

// AppendBinary appends the header in the layout of its version. What that layout has no room for is an error.
func (h Header) AppendBinary(b []byte) ([]byte, error) {
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("write save header of %v: %w", h.Version, err)
	}
	b = append(bin.AppendVersion(b, h.Version), h.Branch)
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
	if since2(h.Version) {
		b = binary.LittleEndian.AppendUint32(b, h.Build)
		b = binary.LittleEndian.AppendUint32(append(b, h.AllowedCommands), h.Unknown)
	} else {
		b = binary.LittleEndian.AppendUint16(b, uint16(h.Build))
		b = append(b, h.AllowedCommands)
	}
	b = bin.AppendSize(b, uint32(len(h.Mods)))
	for _, m := range h.Mods {
		b = appendVersion(bin.AppendString(b, m.Name), m.Version)
		b = binary.LittleEndian.AppendUint32(b, m.CRC)
	}
	b = binary.LittleEndian.AppendUint32(b, h.SettingsChecksum)
	b, err := proptree.Append(b, proptree.Node{Value: h.Settings})
	if err != nil {
		return nil, fmt.Errorf("write save header of %v: %w", h.Version, err)
	}
	return b, nil
}

// check finds what would not read back.
func (h Header) check() error {
	texts := []string{h.Campaign, h.Level, h.BaseMod, h.NextLevel}
	versions := []factorio.Version{h.LoadedFrom}
	for _, m := range h.Mods {
		texts, versions = append(texts, m.Name), append(versions, m.Version)
	}
	for _, s := range texts {
		if len(s) > maxText {
			return fmt.Errorf("a name of %d bytes is longer than %d", len(s), maxText)
		}
	}
	for _, v := range versions {
		if v.Developer != 0 {
			return fmt.Errorf("version %v has a fourth number, for which there is no room", v)
		}
	}
	switch {
	case h.Version.Compare(oldest) < 0:
		return fmt.Errorf("the oldest version that can be written is %v", oldest)
	case len(h.Mods) > maxMods:
		return fmt.Errorf("%d mods are more than %d", len(h.Mods), maxMods)
	case since2(h.Version):
		return nil
	case h.Build > 0xffff:
		return fmt.Errorf("build %d is larger than 65535", h.Build)
	case h.Unknown != 0:
		return fmt.Errorf("the number %d is stored since 2.0 only", h.Unknown)
	}
	return nil
}

func appendVersion(b []byte, v factorio.Version) []byte {
	for _, n := range [...]uint16{v.Major, v.Minor, v.Patch} {
		b = bin.AppendShort(b, n)
	}
	return b
}
