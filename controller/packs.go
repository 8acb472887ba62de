package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/packs"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
	"mainbus/hostagent/factorio/modsettings"
)

const maxPacks = 500

// pack finds a pack by name or id.
func (s *service) pack(ctx context.Context, name string) (store.Pack, error) {
	all, err := s.store.Packs(ctx)
	if err != nil {
		return store.Pack{}, err
	}
	for _, p := range all {
		if name == p.ID || strings.EqualFold(name, p.Name) {
			return p, nil
		}
	}
	return store.Pack{}, api.Errorf(api.NotFound, "mainbusctl packs list shows all packs.", "there is no mod pack %.100q", name)
}

// packID is the id of a pack, empty for no name.
func (s *service) packID(ctx context.Context, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	p, err := s.pack(ctx, name)
	return p.ID, err
}

// packError puts into words what is wrong with a request about a pack.
func packError(err error) error {
	var known *api.Error
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return api.Errorf(api.Invalid, "", "%v", err)
}

// storedMods are the mods of which the controller keeps a file, by name and version.
type storedMods map[[2]string]store.Mod

func (s *service) storedMods(ctx context.Context) (storedMods, error) {
	all, err := s.store.Mods(ctx, "")
	if err != nil {
		return nil, err
	}
	stored := make(storedMods, len(all))
	for _, m := range all {
		if m.DeletedAt.IsZero() {
			stored[[2]string{m.Name, m.Version}] = m
		}
	}
	return stored, nil
}

// of returns the stored file of a pack's mod; another content under the same name and version is none.
func (m storedMods) of(mod store.PackMod) (store.Mod, bool) {
	row, ok := m[[2]string{mod.Name, mod.Version}]
	return row, ok && (mod.SHA1 == "" || mod.SHA1 == row.SHA1)
}

func (m storedMods) sha1(name, version string) string { return m[[2]string{name, version}].SHA1 }

func (s *service) Packs(ctx context.Context, _ api.Caller) ([]api.PackRow, error) {
	all, err := s.store.Packs(ctx)
	if err != nil {
		return nil, err
	}
	stored, err := s.storedMods(ctx)
	if err != nil {
		return nil, err
	}
	users, err := s.packUsers(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]api.PackRow, 0, len(all))
	for _, p := range all {
		list = append(list, viewPackRow(p, stored, users[p.ID]))
	}
	return list, nil
}

// packUsers are the names of the instances that use each pack.
func (s *service) packUsers(ctx context.Context) (map[string][]string, error) {
	rows, err := s.store.Instances(ctx)
	users := make(map[string][]string)
	for _, row := range rows {
		if row.Pack != "" {
			users[row.Pack] = append(users[row.Pack], row.Name)
		}
	}
	return users, err
}

func viewPackRow(p store.Pack, stored storedMods, users []string) api.PackRow {
	row := api.PackRow{
		ID: p.ID, Name: p.Name, Description: p.Description, Game: p.Game, Content: packs.Content(p), WhoJoins: packs.WhoJoins(packs.Content(p)),
		Instances: append([]string{}, users...), Revision: p.Revision, ChangedAt: p.ChangedAt.UTC(), ChangedBy: p.ChangedBy,
	}
	for _, m := range p.Mods {
		if packs.IsBuiltIn(p, m.Name) {
			continue
		}
		if m.Enabled {
			row.Mods++
		} else {
			row.Disabled++
		}
		kept, ok := stored.of(m)
		if !ok {
			row.Missing++
		}
		if m.Enabled && row.Content == packs.Base && len(kept.Flags) > 0 {
			row.WhoJoins = fmt.Sprintf("Only players who own Space Age can join: %s asks for it.", m.Name)
		}
	}
	return row
}

func (s *service) Pack(ctx context.Context, _ api.Caller, r api.PackRef) (api.Pack, error) {
	p, err := s.pack(ctx, r.Pack)
	if err != nil {
		return api.Pack{}, err
	}
	return s.viewPack(ctx, p)
}

func (s *service) viewPack(ctx context.Context, p store.Pack) (api.Pack, error) {
	stored, err := s.storedMods(ctx)
	if err != nil {
		return api.Pack{}, err
	}
	users, err := s.packUsers(ctx)
	if err != nil {
		return api.Pack{}, err
	}
	revisions, err := s.store.PackRevisions(ctx, p.ID)
	if err != nil {
		return api.Pack{}, err
	}
	view := api.Pack{
		PackRow: viewPackRow(p, stored, users[p.ID]), List: viewPackMods(p, stored), Ignored: []api.IgnoredNeed{},
		Problems: append([]string{}, packs.Problems(p)...), Revisions: []api.PackRevision{},
	}
	if view.Settings, err = modsettingsJSON(p); err != nil {
		return api.Pack{}, err
	}
	for _, i := range p.Ignored {
		view.Ignored = append(view.Ignored, api.IgnoredNeed{Mod: i.Mod, Needs: i.Needs})
	}
	for _, r := range revisions {
		view.Revisions = append(view.Revisions, api.PackRevision{Revision: r.Revision, ChangedAt: r.ChangedAt.UTC(), ChangedBy: r.ChangedBy, Change: r.Change})
	}
	return view, nil
}

func modsettingsJSON(p store.Pack) ([]byte, error) {
	whole := modsettings.New(factorio.Version{Major: 2})
	for _, scope := range packs.Scopes {
		whole.Scopes.Set(scope, packs.Settings(p, scope))
	}
	return whole.Scopes.MarshalJSON()
}

func viewPackMods(p store.Pack, stored storedMods) []api.PackMod {
	titles := make(map[string]string)
	for _, m := range modinfo.BuiltIn(packs.Game(p)) {
		titles[m.Name] = m.Title
	}
	list := make([]api.PackMod, 0, len(p.Mods))
	for _, m := range p.Mods {
		view := api.PackMod{Name: m.Name, Version: m.Version, Enabled: m.Enabled, Pinned: m.Pinned, SHA1: m.SHA1, BuiltIn: packs.IsBuiltIn(p, m.Name)}
		kept, ok := stored.of(m)
		other, there := stored[[2]string{m.Name, m.Version}]
		switch {
		case view.BuiltIn:
			view.Title, view.Version = titles[m.Name], p.Game
		case ok:
			view.Stored, view.Title, view.SizeBytes = true, shown(kept.Title, 200), kept.Bytes
			view.SHA1 = cmp.Or(view.SHA1, kept.SHA1)
			view.Problem = wrongGame(kept, packs.Game(p))
		case there:
			view.Title, view.Problem = shown(other.Title, 200), "the stored file has another content than the pack wants"
		case m.Version == "":
			view.Problem = "its version is not known"
		}
		list = append(list, view)
	}
	return list
}

func wrongGame(m store.Mod, game factorio.Version) string {
	v, err := factorio.ParseLenient(m.Game)
	if err != nil || (modinfo.Info{FactorioVersion: v}).RunsIn(game) {
		return ""
	}
	return fmt.Sprintf("it is for the game %s, and the pack for %s", modinfo.MajorMinor(v), modinfo.MajorMinor(game))
}

func (s *service) CreatePack(ctx context.Context, c api.Caller, r api.CreatePack) (api.Pack, error) {
	p := store.Pack{Settings: modsettings.New(factorio.Version{Major: 2}).Scopes, PackRevision: store.PackRevision{Change: "made"}}
	if r.From != "" {
		from, err := s.pack(ctx, r.From)
		if err != nil {
			return api.Pack{}, err
		}
		p = from
		p.Change = "copied from " + from.Name
	}
	p.Name, p.Description, p.Game = r.Name, cmp.Or(r.Description, p.Description), cmp.Or(r.Game, p.Game)
	game, err := packs.ParseGame(p.Game)
	if err != nil {
		return api.Pack{}, packError(err)
	}
	p.Game = game
	change := p.Change
	if p, _, err = packs.Edit(p, api.EditPack{Content: r.Content}, packs.Knowledge{}); err != nil {
		return api.Pack{}, packError(err)
	}
	p.Change = change
	return s.addPack(ctx, c, p)
}

// addPack keeps a pack that is not there yet.
func (s *service) addPack(ctx context.Context, c api.Caller, p store.Pack) (api.Pack, error) {
	if err := s.checkPackName(ctx, p); err != nil {
		return api.Pack{}, err
	}
	all, err := s.store.Packs(ctx)
	if err != nil {
		return api.Pack{}, err
	}
	if len(all) >= maxPacks {
		return api.Pack{}, api.Errorf(api.Refused, "Delete some.", "there are %d mod packs, more are not possible", len(all))
	}
	p.ID, p.Revision, p.ChangedAt, p.ChangedBy = randomInstanceID(), 1, time.Now(), c.Name
	if err := s.store.AddPack(ctx, p); err != nil {
		return api.Pack{}, packTaken(p.Name, err)
	}
	s.changes.cluster()
	return s.viewPack(ctx, p)
}

// checkPackName refuses names that can't be shown, and ids of other packs: both are used alike.
func (s *service) checkPackName(ctx context.Context, p store.Pack) error {
	if err := checkNameOf("a mod pack", p.Name); err != nil {
		return err
	}
	if other, err := s.store.Pack(ctx, p.Name); err == nil && other.ID != p.ID {
		return packTaken(p.Name, store.ErrExists)
	}
	return nil
}

func packTaken(name string, err error) error {
	if errors.Is(err, store.ErrExists) {
		return api.Errorf(api.Refused, "Choose another name.", "there is a mod pack %q already", name)
	}
	return err
}

func (s *service) EditPack(ctx context.Context, c api.Caller, r api.EditPack) (api.Pack, error) {
	p, err := s.pack(ctx, r.Pack)
	if err != nil {
		return api.Pack{}, err
	}
	if r.Revision != 0 && r.Revision != p.Revision {
		return api.Pack{}, packChanged(p.Name)
	}
	stored, err := s.storedMods(ctx)
	if err != nil {
		return api.Pack{}, err
	}
	known := packs.Knowledge{SHA1: stored.sha1}
	if len(r.Settings) > 0 || len(r.AllSettings) > 0 {
		form, err := s.packForm(ctx, p, english)
		if err != nil {
			return api.Pack{}, err
		}
		known.Definitions = form.definitions
	}
	edited, change, err := packs.Edit(p, r, known)
	if err != nil {
		return api.Pack{}, packError(err)
	}
	if change == "" {
		return s.viewPack(ctx, p)
	}
	edited.Change = change
	return s.changePack(ctx, c, edited)
}

func packChanged(name string) error {
	return api.Errorf(api.Refused, "Look at it again, and change it then.", "somebody else has changed the mod pack %s meanwhile", name)
}

// changePack keeps a pack as its next revision.
func (s *service) changePack(ctx context.Context, c api.Caller, p store.Pack) (api.Pack, error) {
	if err := s.checkPackName(ctx, p); err != nil {
		return api.Pack{}, err
	}
	p.ChangedAt, p.ChangedBy, p.Change = time.Now(), c.Name, shown(p.Change, 500)
	next, err := s.store.ChangePack(ctx, p)
	if errors.Is(err, store.ErrChanged) {
		return api.Pack{}, packChanged(p.Name)
	}
	if err != nil {
		return api.Pack{}, packTaken(p.Name, err)
	}
	p.Revision = next
	s.packMoved(ctx, p.ID)
	return s.viewPack(ctx, p)
}

// packMoved tells the hosts of the instances that use a pack that something else is wanted.
func (s *service) packMoved(ctx context.Context, pack string) {
	rows, err := s.store.Instances(ctx)
	if err != nil {
		s.log.Warn("hosts are not told of a changed mod pack before their next link", "err", err)
	}
	for _, row := range rows {
		if h := s.hostOf(row); row.Pack == pack && h != nil {
			h.want()
		}
	}
	s.changes.cluster()
}

func (s *service) DeletePack(ctx context.Context, _ api.Caller, r api.PackRef) (api.PackRow, error) {
	p, err := s.pack(ctx, r.Pack)
	if err != nil {
		return api.PackRow{}, err
	}
	var inUse *store.PackInUseError
	if err := s.store.DeletePack(ctx, p.ID); errors.As(err, &inUse) {
		return api.PackRow{}, api.Errorf(api.Refused, "Give them another one first: mainbusctl packs assign.",
			"the mod pack %s is used by %s", p.Name, strings.Join(inUse.Instances, ", "))
	} else if err != nil {
		return api.PackRow{}, err
	}
	s.changes.cluster()
	return viewPackRow(p, nil, nil), nil
}

func (s *service) UndoPack(ctx context.Context, c api.Caller, r api.UndoPack) (api.Pack, error) {
	p, err := s.pack(ctx, r.Pack)
	if err != nil {
		return api.Pack{}, err
	}
	revision := cmp.Or(r.Revision, p.Revision-1)
	old, err := s.store.PackRevision(ctx, p.ID, revision)
	if errors.Is(err, store.ErrNotFound) {
		return api.Pack{}, api.Errorf(api.NotFound, "mainbusctl packs show lists those that are kept.", "there is no revision %d of the mod pack %s", revision, p.Name)
	} else if err != nil {
		return api.Pack{}, err
	}
	old.Revision, old.Change = p.Revision, fmt.Sprintf("as in revision %d", revision)
	return s.changePack(ctx, c, old)
}

func (s *service) AssignPack(ctx context.Context, _ api.Caller, r api.AssignPack) (api.Instance, error) {
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.Instance{}, err
	}
	pack, err := s.packOf(ctx, r.Pack)
	if err != nil {
		return api.Instance{}, err
	}
	if r.Hash != "" {
		plan, err := s.planAssign(ctx, row, pack)
		if err != nil {
			return api.Instance{}, err
		}
		if plan.Hash != r.Hash {
			return api.Instance{}, api.Errorf(api.Refused, "Look at it again, and decide then.", "what the pack would change for %s is something else by now: the pack, its world or its host has changed", row.Name)
		}
	}
	row.Pack = ""
	if pack != nil {
		row.Pack = pack.ID
	}
	if err := s.store.SetPack(ctx, row.ID, row.Pack); err != nil {
		return api.Instance{}, err
	}
	if h := s.hostOf(row); h != nil {
		h.want()
	}
	s.changes.cluster()
	return s.viewInstance(row), nil
}

func (s *service) ExportPack(ctx context.Context, _ api.Caller, r api.PackRef) (api.PackText, error) {
	p, err := s.pack(ctx, r.Pack)
	if err != nil {
		return api.PackText{}, err
	}
	text, err := packs.String(p)
	return api.PackText{Name: p.Name, Text: text}, packError(err)
}
