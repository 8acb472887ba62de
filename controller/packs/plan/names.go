package plan

import (
	"fmt"
	"slices"

	"mainbus/controller/api"
	"mainbus/controller/packs"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio/modinfo"
)

// checkNames refuses requests that name what is not there, or one thing twice.
func (m *maker) checkNames() error {
	r := &m.request
	target := m.was
	if r.Game != "" {
		target.Game = r.Game
	}
	m.asked, m.remove, m.pinned = set(r.Update), set(r.Remove), map[string]bool{}
	r.Add = slices.Clone(r.Add)
	r.Enable = slices.Clone(r.Enable)
	for i := 0; i < len(r.Add); i++ { // a part of the game can only be switched on
		if name := r.Add[i].Name; packs.IsBuiltIn(target, name) && r.Add[i].Version == "" {
			r.Enable = append(r.Enable, name)
			r.Add = slices.Delete(r.Add, i, i+1)
			i--
		}
	}
	var adds []string
	for _, a := range r.Add {
		if err := modinfo.CheckName(a.Name); err != nil {
			return err
		}
		if packs.IsBuiltIn(target, a.Name) {
			return fmt.Errorf("%s comes with the game: its version is the game's", a.Name)
		}
		adds = append(adds, a.Name)
		m.asked[a.Name] = true
	}
	for _, list := range [][]string{adds, r.Remove, r.Enable, r.Disable, r.Update, r.Pin, r.Unpin} {
		if len(list) > maxNames {
			return fmt.Errorf("%d mods at once are more than %d", len(list), maxNames)
		}
	}
	if err := m.checkInPack(target, adds); err != nil {
		return err
	}
	for _, pair := range [][2][]string{{adds, r.Remove}, {adds, r.Disable}, {r.Enable, r.Disable}, {r.Enable, r.Remove}, {r.Update, r.Remove}, {r.Pin, r.Unpin}} {
		for _, name := range pair[0] {
			if contains(pair[1], name) {
				return fmt.Errorf("%s can't be asked for in two ways that exclude each other", name)
			}
		}
	}
	seen := map[string]bool{}
	for _, name := range adds {
		if seen[name] {
			return fmt.Errorf("%s is to be added twice", name)
		}
		seen[name] = true
	}
	for _, name := range r.Pin {
		m.pinned[name] = true
	}
	for _, name := range r.Unpin {
		m.pinned[name] = false
	}
	for _, name := range r.Enable {
		m.asked[name] = true
	}
	return nil
}

func (m *maker) checkInPack(target store.Pack, adds []string) error {
	r := m.request
	for _, list := range []struct {
		what  string
		names []string
	}{{"removed", r.Remove}, {"updated", r.Update}, {"pinned", r.Pin}, {"unpinned", r.Unpin}, {"enabled", r.Enable}, {"disabled", r.Disable}} {
		for _, name := range list.names {
			what, own := list.what, packs.IsBuiltIn(target, name)
			switch {
			case name == "base" && what == "disabled":
				return fmt.Errorf("base can't be disabled: it is the game's own items and scenarios")
			case own && what != "enabled" && what != "disabled":
				return fmt.Errorf("%s comes with the game: it can't be %s, only enabled or disabled", name, what)
			case !own && packs.Find(&m.was, name) == nil && (what != "pinned" || !contains(adds, name)):
				return fmt.Errorf("%.100s is not in the pack, so it can't be %s", name, what)
			}
		}
	}
	return nil
}

// ignored are the dependencies that are ignored then.
func (m *maker) ignored() []store.IgnoredNeed {
	all := slices.Clone(m.was.Ignored)
	for _, i := range m.request.Ignore {
		if need := (store.IgnoredNeed{Mod: i.Mod, Needs: i.Needs}); !slices.Contains(all, need) {
			all = append(all, need)
		}
	}
	return slices.DeleteFunc(all, func(i store.IgnoredNeed) bool {
		return slices.Contains(m.request.Heed, api.IgnoredNeed{Mod: i.Mod, Needs: i.Needs})
	})
}
