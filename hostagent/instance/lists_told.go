package instance

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"mainbus/hostagent/factorio/playername"
	"mainbus/hostagent/lists"
	"mainbus/transport/wire"
)

// ListStates tells of the lists that are not off.
func (i *Instance) ListStates() []*wire.ListState {
	l := i.lists
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []*wire.ListState
	for _, list := range lists.All {
		r := l.rolls[list]
		if r.book.Mode == lists.Off || !l.loaded {
			continue
		}
		if r.shown == nil {
			r.shown = i.listState(list, r)
		}
		all = append(all, r.shown)
	}
	return all
}

func (i *Instance) listState(list string, r *roll) *wire.ListState {
	b := r.book
	count, hash := b.Sum()
	_, changed := b.Changed(0)
	s := &wire.ListState{
		Instance: i.cfg.ID, List: list, Cluster: b.Cluster(), Revision: b.Revision(b.Cluster()), Joining: b.Joining(b.Cluster()), Count: count, Hash: hash,
		Changed: uint32(changed), Wanted: uint32(len(b.Wanted(!i.quiet.Load()))), Entries: uint32(len(b.Game())), OnlyHere: uint32(b.OnlyHere()),
		Problem: cmp.Or(r.problem, i.lists.trouble),
	}
	if s.Problem == "" && len(r.refused) > 0 {
		key := slices.Min(slices.Collect(maps.Keys(r.refused)))
		s.Problem = fmt.Sprintf("the game does not take %d of its names, such as %q: %s", len(r.refused), key, r.refused[key])
	}
	if list == lists.Whitelist {
		s.Whitelisting = i.lists.applied.State
	}
	return s
}

// withList calls f with a list that is not off, after its file was looked at: what somebody has done there comes first. What f changes is
// written down before it is answered.
func (i *Instance) withList(list string, f func(*lists.Book) error) (*wire.ListState, error) {
	l := i.lists
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.rolls[list]
	if r == nil || r.book.Mode == lists.Off {
		return nil, fmt.Errorf("the list of %.40q is not one that is kept here", list)
	}
	before := l.versions()
	l.look(!i.quiet.Load())
	if err := f(r.book); err != nil {
		return nil, err
	}
	if l.versions() != before {
		if err := l.save(); err != nil {
			return nil, err
		}
		l.news.Fire()
	}
	return i.listState(list, r), nil
}

// ListChanged returns what was changed in a list and the cluster has to hear of.
func (i *Instance) ListChanged(list string, limit int) (*wire.ListChanges, error) {
	out := &wire.ListChanges{}
	_, err := i.withList(list, func(b *lists.Book) error {
		changes, _ := b.Changed(limit)
		for _, c := range changes {
			out.Changes = append(out.Changes, &wire.ListChange{Name: c.Name, Listed: c.Listed, Reason: c.Reason, By: c.By})
		}
		out.Cluster, out.Revision = b.Cluster(), b.Revision(b.Cluster())
		return nil
	})
	return out, err
}

// ListAgreed returns a page of what the cluster has told of a list.
func (i *Instance) ListAgreed(list, after string, limit int) (*wire.ListChanges, error) {
	out := &wire.ListChanges{}
	_, err := i.withList(list, func(b *lists.Book) error {
		for _, e := range b.Agreed(after, limit) {
			out.Changes = append(out.Changes, &wire.ListChange{Name: e.Name, Listed: true, Reason: e.Reason})
		}
		out.Cluster, out.Revision = b.Cluster(), b.Revision(b.Cluster())
		return nil
	})
	return out, err
}

// TellList takes in what the cluster tells of a list.
func (i *Instance) TellList(m *wire.ListTell) (*wire.ListState, error) {
	var changes []lists.Change
	for _, c := range m.GetChanges() {
		if err := errors.Join(playername.Check(c.GetName()), playername.CheckText(c.GetReason())); err != nil {
			return nil, err
		}
		changes = append(changes, lists.Change{
			Entry: lists.Entry{Name: c.GetName(), Reason: c.GetReason()}, Listed: c.GetListed(), Revision: c.GetRevision(), Own: c.GetOwn(),
		})
	}
	return i.withList(m.GetList(), func(b *lists.Book) error {
		return b.Told(m.GetCluster(), m.GetFrom(), m.GetUpto(), m.GetEnd(), changes)
	})
}
