package controller

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"mainbus/controller/api"
	"mainbus/controller/packs"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio"
	"mainbus/transport/wire"
)

func (s *service) PlanAssign(ctx context.Context, _ api.Caller, r api.AssignPack) (api.AssignPlan, error) {
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.AssignPlan{}, err
	}
	pack, err := s.packOf(ctx, r.Pack)
	if err != nil {
		return api.AssignPlan{}, err
	}
	return s.planAssign(ctx, row, pack)
}

// packOf finds a pack by name or id; nil for no name.
func (s *service) packOf(ctx context.Context, name string) (*store.Pack, error) {
	if name == "" {
		return nil, nil
	}
	p, err := s.pack(ctx, name)
	return &p, err
}

// planAssign says what becomes of an instance's world if it gets a pack.
func (s *service) planAssign(ctx context.Context, row store.Instance, pack *store.Pack) (api.AssignPlan, error) {
	view := s.viewInstance(row)
	plan := api.AssignPlan{Instance: row.ID, Name: row.Name, Running: slices.Contains(activeStates, view.State), Mods: []api.ComparedMod{}, Losses: []string{}, Warnings: []string{}}
	var former *store.Pack
	if row.Pack != "" {
		p, err := s.store.Pack(ctx, row.Pack)
		if err != nil {
			return plan, err
		}
		former, plan.PackWas = &p, p.Name
	}
	if pack != nil && pack.ID != row.Pack { // without a pack its folder stays as it is
		plan.Pack = pack.Name
		if err := s.compareWorld(ctx, row, *pack, former, &plan); err != nil {
			return plan, err
		}
		stored, err := s.storedMods(ctx)
		if err != nil {
			return plan, err
		}
		if n := viewPackRow(*pack, stored, nil).Missing; n > 0 {
			plan.Warnings = append(plan.Warnings, fmt.Sprintf("The controller does not keep the files of %d mods of the pack: a start waits for those that are enabled.", n))
		}
	}
	id := ""
	if pack != nil {
		id = fmt.Sprint(pack.ID, " ", pack.Revision)
	}
	text, _ := json.Marshal([]any{row.ID, row.Pack, id, plan.Mods, plan.Losses}) // can always be encoded
	sum := sha256.Sum256(text)
	plan.Hash = hex.EncodeToString(sum[:16])
	return plan, nil
}

var activeStates = []string{"starting", "running", "stopping", "stray"}

// compareWorld puts the mods of a pack beside those that the world was saved with or, if its host can't tell, those of the pack that it had.
func (s *service) compareWorld(ctx context.Context, row store.Instance, pack store.Pack, former *store.Pack, plan *api.AssignPlan) error {
	sides := packSides(pack)
	var saved wire.SaveMods
	installed, err := s.modsOf(ctx, row)
	if err == nil {
		err = s.call(ctx, s.hostOf(row), wire.Method_METHOD_MODS_OF_SAVE, &wire.SaveModsAsk{Instance: row.ID}, &saved)
	}
	world := saveSides(&saved)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		now := viewInstanceMods(installed)
		plan.Save = shown(saved.GetSave(), 250)
		if row.ModPolicy.KeepUnknown {
			keepSides(sides, serverSides(now))
		}
		if words := otherLine(now.GameVersion, pack); words != "" {
			plan.Warnings = append(plan.Warnings, words)
		}
	case former != nil:
		world = packSides(*former)
		plan.Warnings = append(plan.Warnings, fmt.Sprintf("Its host could not say which mods the world has, so they are taken to be those of the pack %s: %s", former.Name, api.AsError(err).Message))
	default:
		plan.Warnings = append(plan.Warnings, "Its host could not say which mods the world has, so nobody knows what it would lose: "+api.AsError(err).Message)
	}
	for _, m := range (comparison{server: sides, save: world}).rows() {
		if m.State == api.ModSame {
			continue
		}
		plan.Mods = append(plan.Mods, m)
		if m.Advice != "" {
			plan.Losses = append(plan.Losses, m.Advice)
		}
	}
	return nil
}

// keepSides adds to the mods of a pack those that lie in the instance's folder beside them and stay there.
func keepSides(sides, server modSides) {
	for name, side := range server {
		if sides[name] == nil {
			sides[name] = side
		}
	}
}

// packSides are the mods of a pack as a server with it will have them.
func packSides(p store.Pack) modSides {
	sides := modSides{}
	for _, m := range p.Mods {
		side := &api.ModSide{Version: m.Version, Enabled: m.Enabled}
		if packs.IsBuiltIn(p, m.Name) {
			side.Version = "" // that of the game that is started
		}
		sides[m.Name] = side
	}
	return sides
}

// otherLine tells if the game of an instance does not load the mods of a pack.
func otherLine(version string, p store.Pack) string {
	game, err := factorio.ParseVersion(strings.TrimSpace(version))
	if want := packs.Game(p); err == nil && (game.Major != want.Major || game.Minor != want.Minor) {
		return fmt.Sprintf("The pack is for Factorio %s and the instance has %s: its start is refused until that is changed.", p.Game, game)
	}
	return ""
}
