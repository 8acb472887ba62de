package controller

import (
	"context"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/transport/wire"
)

const (
	maxInstalled = 5000 // mods that a host may list of an instance
	maxModTexts  = 200  // problems and folders
)

// boundMods bounds what a host tells of the mods of an instance.
func boundMods(m *wire.ObservedMods) {
	if m == nil {
		return
	}
	m.Applied, m.Wanted, m.Problem = shown(m.Applied, 64), shown(m.Wanted, 64), shown(m.Problem, 1000)
	m.AppliedLabel, m.WantedLabel, m.FormerLabel = shown(m.AppliedLabel, 200), shown(m.WantedLabel, 200), shown(m.FormerLabel, 200)
}

func viewModState(m *wire.ObservedMods) api.ModState {
	return api.ModState{
		Applied: m.GetAppliedLabel(), Wanted: m.GetWantedLabel(), Pending: m.GetPending(), Undone: m.GetUndone(), Former: m.GetFormerLabel(),
		Missing: int(m.GetMissing()), MissingBytes: int64(m.GetMissingBytes()), Problem: m.GetProblem(),
	}
}

func (s *service) InstanceMods(ctx context.Context, _ api.Caller, r api.InstanceRef) (api.InstanceMods, error) {
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.InstanceMods{}, err
	}
	m, err := s.modsOf(ctx, row)
	return viewInstanceMods(m), err
}

// modsOf asks the host what lies in an instance's mods folder.
func (s *service) modsOf(ctx context.Context, row store.Instance) (*wire.InstanceMods, error) {
	var m wire.InstanceMods
	err := s.call(ctx, s.hostOf(row), wire.Method_METHOD_MODS_LIST, &wire.ModsAsk{Instance: row.ID}, &m)
	boundMods(m.GetState())
	return &m, err
}

func viewInstanceMods(m *wire.InstanceMods) api.InstanceMods {
	view := api.InstanceMods{
		Mods: []api.InstalledMod{}, Problems: shownAll(m.GetProblems(), maxModTexts, 1000), Aside: shownAll(m.GetAside(), maxModTexts, 100),
		GameVersion: shown(m.GetGameVersion(), 40), SettingsVersion: shown(m.GetSettingsVersion(), 40), State: viewModState(m.GetState()),
	}
	for _, i := range m.GetMods()[:min(len(m.GetMods()), maxInstalled)] {
		view.Mods = append(view.Mods, api.InstalledMod{
			Name: shown(i.GetName(), 200), Version: shown(i.GetVersion(), 40), Title: shown(i.GetTitle(), 200), Enabled: i.GetEnabled(),
			File: shown(i.GetFile(), 250), SizeBytes: int64(i.GetSize()), Game: shown(i.GetGame(), 40), BuiltIn: i.GetBuiltin(), OfPack: i.GetOfSet(),
			Used: i.GetUsed(), CRC: crcOf(i), Problem: shown(i.GetProblem(), 500),
		})
	}
	return view
}

func crcOf(i *wire.InstalledMod) *uint32 {
	if !i.GetCrcKnown() {
		return nil
	}
	crc := i.GetCrc()
	return &crc
}

// shownAll bounds a list of texts from elsewhere.
func shownAll(list []string, most, limit int) []string {
	out := make([]string, 0, min(len(list), most))
	for _, text := range list[:min(len(list), most)] {
		out = append(out, shown(text, limit))
	}
	return out
}

func (s *service) UndoMods(ctx context.Context, _ api.Caller, r api.InstanceRef) (api.InstanceMods, error) {
	return s.changeMods(ctx, r, wire.ModsAction_MODS_ACTION_UNDO)
}

func (s *service) RedoMods(ctx context.Context, _ api.Caller, r api.InstanceRef) (api.InstanceMods, error) {
	return s.changeMods(ctx, r, wire.ModsAction_MODS_ACTION_REDO)
}

func (s *service) changeMods(ctx context.Context, r api.InstanceRef, action wire.ModsAction) (api.InstanceMods, error) {
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.InstanceMods{}, err
	}
	if err := s.call(ctx, s.hostOf(row), wire.Method_METHOD_MODS_CHANGE, &wire.ModsChange{Instance: row.ID, Action: action}, nil); err != nil {
		return api.InstanceMods{}, err
	}
	s.changes.cluster()
	m, err := s.modsOf(ctx, row)
	return viewInstanceMods(m), err
}

func (s *service) ModPolicy(ctx context.Context, _ api.Caller, r api.InstanceRef) (api.ModPolicy, error) {
	row, err := s.instance(ctx, r.Instance)
	return api.ModPolicy(row.ModPolicy), err
}

func (s *service) ChangeModPolicy(ctx context.Context, _ api.Caller, r api.ChangeModPolicy) (api.ModPolicy, error) {
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.ModPolicy{}, err
	}
	change(&row.ModPolicy.OrFormer, r.OrFormer)
	change(&row.ModPolicy.KeepUnknown, r.KeepUnknown)
	if err := s.store.SetModPolicy(ctx, row.ID, row.ModPolicy); err != nil {
		return api.ModPolicy{}, err
	}
	if h := s.hostOf(row); h != nil {
		h.want()
	}
	s.changes.cluster()
	return api.ModPolicy(row.ModPolicy), nil
}
