package save

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/internal/bin"
	"mainbus/hostagent/factorio/proptree"
)

// Description tells what is in a save. What its version lacks is absent from its JSON.
type Description struct {
	Entries         int                    `json:"entries"` // files
	Root            string                 `json:"root_dir"`
	TopLevel        []string               `json:"top_level_entries"` // files beside level.dat, by name
	LevelParts      int                    `json:"level_parts"`       // 0 before 1.1.14
	LevelSize       *int64                 `json:"level_dat_size,omitempty"`
	LevelTotal      *int64                 `json:"level_inflated_total,omitempty"`
	LevelLastPart   *int64                 `json:"level_inflated_last_part,omitempty"`
	LevelEvenParts  *bool                  `json:"all_but_last_1MiB,omitempty"`
	LevelMetadata   *uint64                `json:"level_datmetadata_u64,omitempty"`
	LevelHeader     HeaderDescription      `json:"level_header"`
	LevelInitHeader *InitHeaderDescription `json:"level_init_header,omitempty"`
}

// HeaderDescription is a Header. Versions are as the game writes them in its log.
type HeaderDescription struct {
	Version               string              `json:"version"`
	Branch                uint8               `json:"branch_flag"`
	Campaign              string              `json:"campaign"`
	Level                 string              `json:"level_name"`
	BaseMod               string              `json:"base_mod"`
	Difficulty            uint8               `json:"difficulty"`
	Finished              bool                `json:"finished"`
	PlayerWon             bool                `json:"player_won"`
	NextLevel             string              `json:"next_level"`
	CanContinue           bool                `json:"can_continue"`
	FinishedButContinuing bool                `json:"finished_but_continuing"`
	SavingReplay          bool                `json:"saving_replay"`
	NonAdminDebug         bool                `json:"allow_non_admin_debug_options"`
	LoadedFrom            string              `json:"loaded_from"`
	Build                 uint32              `json:"loaded_from_build"`
	AllowedCommands       uint8               `json:"allowed_commands"`
	Unknown               *uint32             `json:"unknown_u32,omitempty"`
	Mods                  []ModDescription    `json:"mods"`
	SettingsChecksum      uint32              `json:"unknown_u32_before_settings"`
	Settings              proptree.Dictionary `json:"startup_settings"`
	Size                  int64               `json:"header_bytes_consumed"`
}

// ModDescription is a Mod.
type ModDescription struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	CRC     uint32 `json:"crc"`
}

// InitHeaderDescription is about level-init.dat, the map as it was created: its version is that of the creation, of which the
// rest of the header is read from 0.17 on.
type InitHeaderDescription struct {
	Version string `json:"version"`
	*InitHeaderRest
}

// InitHeaderRest is what follows the version.
type InitHeaderRest struct {
	Level           string `json:"level_name"`
	LoadedFrom      string `json:"loaded_from"`
	Build           uint32 `json:"loaded_from_build"`
	AllowedCommands uint8  `json:"allowed_commands"`
	Mods            int    `json:"mods"` // number
}

const (
	levelInit   = "level-init.dat"
	versionSize = 8
)

// Describe reads the whole level, and is an error where Verify is one because of the level.
func (a *Archive) Describe() (Description, error) {
	d := Description{Entries: len(a.names), Root: a.root, TopLevel: []string{}}
	for _, name := range a.names {
		if !strings.Contains(name, "/") {
			d.TopLevel = append(d.TopLevel, name)
		}
	}
	slices.Sort(d.TopLevel)
	if err := a.describeLevel(&d); err != nil {
		return Description{}, fmt.Errorf("describe save: %w", err)
	}
	var err error
	if d.LevelInitHeader, err = a.describeInit(); err != nil {
		return Description{}, fmt.Errorf("describe save: %w", err)
	}
	return d, nil
}

func (a *Archive) describeLevel(d *Description) error {
	level, err := a.checkLevel()
	if err != nil {
		return err
	}
	d.LevelParts = len(level.parts)
	d.LevelHeader = describeHeader(level.header, level.headerSize)
	if d.LevelParts == 0 {
		d.LevelSize = &level.total
		return nil
	}
	even := !slices.ContainsFunc(level.parts[:d.LevelParts-1], func(n int64) bool { return n != partSize })
	metadata := uint64(level.total)
	d.LevelTotal, d.LevelLastPart, d.LevelEvenParts, d.LevelMetadata = &level.total, &level.parts[d.LevelParts-1], &even, &metadata
	return nil
}

func describeHeader(h Header, size int64) HeaderDescription {
	d := HeaderDescription{
		Version: mapVersion(h.Version), Branch: h.Branch, Campaign: h.Campaign, Level: h.Level, BaseMod: h.BaseMod,
		Difficulty: h.Difficulty, Finished: h.Finished, PlayerWon: h.PlayerWon, NextLevel: h.NextLevel,
		CanContinue: h.CanContinue, FinishedButContinuing: h.FinishedButContinuing, SavingReplay: h.SavingReplay,
		NonAdminDebug: h.NonAdminDebug, LoadedFrom: h.LoadedFrom.String(), Build: h.Build, AllowedCommands: h.AllowedCommands,
		Mods: []ModDescription{}, SettingsChecksum: h.SettingsChecksum, Settings: h.Settings, Size: size,
	}
	if since2(h.Version) {
		d.Unknown = &h.Unknown
	}
	for _, m := range h.Mods {
		d.Mods = append(d.Mods, ModDescription{Name: m.Name, Version: m.Version.String(), CRC: m.CRC})
	}
	return d
}

func mapVersion(v factorio.Version) string { return fmt.Sprintf("%v-%d", v, v.Developer) }

// describeInit returns nil for a save without level-init.dat, as scenarios make.
func (a *Archive) describeInit() (*InitHeaderDescription, error) {
	r, err := a.Open(levelInit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	in := bufio.NewReader(r)
	if v := peekVersion(in); v.Major == 0 && v.Minor > 0 && v.Compare(oldest) < 0 {
		return &InitHeaderDescription{Version: mapVersion(v)}, nil
	}
	h, err := ReadHeader(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", levelInit, err)
	}
	return &InitHeaderDescription{mapVersion(h.Version), &InitHeaderRest{
		Level: h.Level, LoadedFrom: h.LoadedFrom.String(), Build: h.Build, AllowedCommands: h.AllowedCommands, Mods: len(h.Mods),
	}}, nil
}

// peekVersion returns nothing if there is none.
func peekVersion(r *bufio.Reader) factorio.Version {
	head, _ := r.Peek(versionSize)
	return bin.NewReader(bytes.NewReader(head)).Version()
}
