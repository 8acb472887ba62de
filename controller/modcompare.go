package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mainbus/controller/api"
	"mainbus/controller/packs"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
	"mainbus/hostagent/factorio/modlist"
	"mainbus/hostagent/factorio/save"
	"mainbus/transport/wire"
)

const maxClientList = 4 << 20 // bytes of a mod-list.json

// modSides are the mods of one place by name. A nil map is a place that is not compared.
type modSides map[string]*api.ModSide

func (s *service) CompareMods(ctx context.Context, _ api.Caller, r api.CompareMods) (api.ModComparison, error) {
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.ModComparison{}, err
	}
	client, kind, err := clientMods(r)
	if err != nil {
		return api.ModComparison{}, err
	}
	installed, err := s.modsOf(ctx, row)
	if err != nil {
		return api.ModComparison{}, err
	}
	var saved wire.SaveMods
	if err := s.call(ctx, s.hostOf(row), wire.Method_METHOD_MODS_OF_SAVE, &wire.SaveModsAsk{Instance: row.ID, Save: r.Save}, &saved); err != nil {
		return api.ModComparison{}, err
	}
	answer := api.ModComparison{Save: shown(saved.GetSave(), 250), Client: kind, Mods: []api.ComparedMod{}, Advice: []string{}}
	view := viewInstanceMods(installed)
	compared := comparison{server: serverSides(view), save: saveSides(&saved), client: client}
	answer.Mods = compared.rows()
	answer.Same = !slices.ContainsFunc(answer.Mods, func(m api.ComparedMod) bool { return m.Advice != "" })
	if view.State.Pending && !view.State.Undone {
		answer.Advice = append(answer.Advice, fmt.Sprintf("The next start puts %s there: the column of the server is what is there until then.", view.State.Wanted))
	}
	if wrote, err := factorio.ParseVersion(saved.GetVersion()); err == nil {
		if game, err := factorio.ParseVersion(view.GameVersion); err == nil && wrote.Compare(game) > 0 {
			answer.Advice = append(answer.Advice, fmt.Sprintf("The save was written by Factorio %s and can't be loaded by %s.", wrote, game))
		}
	}
	return answer, nil
}

func serverSides(m api.InstanceMods) modSides {
	sides := modSides{}
	for _, i := range m.Mods {
		if i.File == "" && !i.BuiltIn || sides[i.Name] != nil && !i.Used {
			continue
		}
		sides[i.Name] = &api.ModSide{Version: i.Version, Enabled: i.Used, CRC: i.CRC}
	}
	return sides
}

func saveSides(s *wire.SaveMods) modSides {
	if s.GetSave() == "" {
		return nil
	}
	sides := modSides{}
	for _, m := range s.GetMods()[:min(len(s.GetMods()), maxInstalled)] {
		sides[shown(m.GetName(), 200)] = &api.ModSide{Version: shown(m.GetVersion(), 40), Enabled: true, CRC: crcOf(m)}
	}
	return sides
}

// clientMods reads what a player has: a save tells the content of each mod too.
func clientMods(r api.CompareMods) (sides modSides, kind string, err error) {
	switch {
	case r.ClientList != "":
		if len(r.ClientList) > maxClientList {
			return nil, "", api.Errorf(api.Invalid, "", "a mod list is smaller than %d MiB", maxClientList>>20)
		}
		list, err := modlist.Parse([]byte(r.ClientList))
		if err != nil {
			return nil, "", api.Errorf(api.Invalid, "", "%v", err)
		}
		sides = modSides{}
		for _, m := range list.Mods {
			sides[m.Name] = &api.ModSide{Version: m.Version, Enabled: m.Enabled}
		}
		return sides, api.PackFromModList, nil
	case r.Client == "":
		return nil, "", nil
	case !filepath.IsAbs(r.Client):
		return nil, "", api.Errorf(api.Invalid, "", "%q is no full path", r.Client)
	}
	if info, err := os.Stat(r.Client); err == nil && info.Mode().IsRegular() && strings.EqualFold(filepath.Ext(r.Client), ".zip") {
		sides, err := savedByClient(r.Client)
		return sides, api.PackFromSave, err
	}
	d, err := packs.FromPath(r.Client)
	if err != nil {
		return nil, "", unreadable(err)
	}
	sides = modSides{}
	for _, m := range d.Pack.Mods {
		side := &api.ModSide{Version: m.Version, Enabled: m.Enabled}
		if packs.IsBuiltIn(d.Pack, m.Name) {
			side.Version = "" // that of the pack that was made, not that of the player's game
		}
		sides[m.Name] = side
	}
	return sides, d.Source, nil
}

func unreadable(err error) error {
	if shown := (*api.Error)(nil); errors.As(fileError(err), &shown) {
		return shown
	}
	return api.Errorf(api.Invalid, "Give a mod-list.json, a folder of mods, or a save.", "%v", err)
}

func savedByClient(path string) (modSides, error) {
	archive, err := save.Open(path)
	if err != nil {
		return nil, unreadable(err)
	}
	defer archive.Close()
	header, err := archive.Header()
	if err != nil {
		return nil, unreadable(err)
	}
	sides := modSides{}
	for _, m := range header.Mods {
		crc := m.CRC
		sides[m.Name] = &api.ModSide{Version: m.Version.String(), Enabled: true, CRC: &crc}
	}
	return sides, nil
}

// comparison is what is compared.
type comparison struct{ server, save, client modSides }

// rows returns a row for each mod that is somewhere, what needs something first.
func (c comparison) rows() []api.ComparedMod {
	names := map[string]bool{}
	for _, sides := range []modSides{c.server, c.save, c.client} {
		for name := range sides {
			names[name] = true
		}
	}
	var rows []api.ComparedMod
	for name := range names {
		rows = append(rows, c.row(name))
	}
	slices.SortFunc(rows, func(a, b api.ComparedMod) int {
		return cmp.Or(rankOf(a)-rankOf(b), modinfo.CompareNames(a.Name, b.Name))
	})
	return rows
}

func rankOf(m api.ComparedMod) int {
	switch {
	case m.Advice != "":
		return 0
	case m.State != api.ModSame:
		return 1
	}
	return 2
}

func (c comparison) row(name string) api.ComparedMod {
	m := api.ComparedMod{Name: name, Server: c.server[name], Save: c.save[name], Client: c.client[name], State: api.ModSame}
	var advice []string
	for _, other := range []struct {
		compared bool
		side     *api.ModSide
		advise   func(name string, server, other *api.ModSide) string
	}{{c.client != nil, m.Client, adviseClient}, {c.save != nil, m.Save, adviseSave}} {
		if !other.compared {
			continue
		}
		state := relation(name, m.Server, other.side)
		if state == api.ModSame {
			continue
		}
		if m.State != api.ModMissing {
			m.State = state
		}
		if text := other.advise(name, m.Server, other.side); text != "" {
			advice = append(advice, text)
		}
	}
	m.Advice = strings.Join(advice, " ")
	return m
}

func on(s *api.ModSide) bool { return s != nil && s.Enabled }

// relation tells how a mod is in two places. One that is switched off is as one that is not there.
func relation(name string, a, b *api.ModSide) string {
	switch {
	case on(a) != on(b):
		return api.ModMissing
	case !on(a):
		return api.ModSame
	case a.CRC != nil && b.CRC != nil:
		// The game compares contents, and the version of its own mods is that of the game.
		if *a.CRC == *b.CRC && (a.Version == b.Version || modinfo.IsOwn(name)) {
			return api.ModSame
		}
		return api.ModDiffers
	case a.Version != "" && b.Version != "" && a.Version != b.Version && !modinfo.IsOwn(name):
		return api.ModDiffers
	}
	return api.ModSame
}

func adviseClient(name string, server, client *api.ModSide) string {
	switch {
	case on(server) && client == nil && modinfo.IsOwn(name):
		return fmt.Sprintf("The player needs %s, which is a part of the Space Age expansion.", name)
	case on(server) && client == nil:
		return fmt.Sprintf("The player needs %s %s.", name, server.Version)
	case on(server) && !on(client):
		return fmt.Sprintf("The player has to switch %s on.", name)
	case !on(server):
		return fmt.Sprintf("The player has to switch %s off for this server.", name)
	case server.Version != client.Version && client.Version != "" && !modinfo.IsOwn(name):
		return fmt.Sprintf("The player needs %s %s instead of %s.", name, server.Version, client.Version)
	}
	return fmt.Sprintf("The player's %s has another content than the server's: it has to be downloaded anew, or the player's game is another version.", name)
}

func adviseSave(name string, server, saved *api.ModSide) string {
	switch {
	case !on(server):
		return fmt.Sprintf("The save was played with %s %s: what comes of that mod vanishes from the map when the server loads it; add it to keep it.", name, saved.Version)
	case !on(saved):
		return "" // the game adds it
	}
	was, err := factorio.ParseLenient(saved.Version)
	if is, err2 := factorio.ParseLenient(server.Version); err == nil && err2 == nil && was.Compare(is) > 0 {
		return fmt.Sprintf("The save was played with %s %s, which is newer than the server's %s: an older version may not understand it.", name, saved.Version, server.Version)
	}
	return "" // the game brings the save up to date
}
