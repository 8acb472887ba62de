package controller

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"mainbus/controller/api"
	"mainbus/controller/lists"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio/playername"
	"mainbus/transport/link"
	"mainbus/transport/signal"
	"mainbus/transport/wire"
)

const (
	listPage      = 2000            // entries told or asked for at once
	listPause     = time.Second     // between two looks at what was changed in the cluster
	listTime      = 2 * time.Minute // for one list of one instance to come in step
	maxListStates = 3 * maxHostInstances
)

// toldLists are how the lists of instances are, as their hosts told last. It may be used by any goroutine.
type toldLists struct {
	news signal.Signal // something was told

	mu  sync.Mutex
	all map[listKey]toldList
}

type listKey struct{ instance, list string }

type toldList struct {
	*wire.ListState // never changed
	at              time.Time
	failed          string // why it did not come in step
}

func newToldLists() *toldLists { return &toldLists{all: map[listKey]toldList{}} }

func (t *toldLists) get(k listKey) (toldList, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	told, ok := t.all[k]
	return told, ok
}

// put notes what was told of a list. Why it did not come in step before stays until it has.
func (t *toldLists) put(s *wire.ListState, failed *string) {
	s.Problem = shown(s.Problem, 500)
	t.mu.Lock()
	defer t.mu.Unlock()
	k := listKey{s.GetInstance(), s.GetList()}
	told := toldList{ListState: s, at: time.Now(), failed: t.all[k].failed}
	if failed != nil {
		told.failed = *failed
	}
	t.all[k] = told
}

// keep forgets the lists of instances that are not there any more.
func (t *toldLists) keep(instances map[string]bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.all, func(k listKey, _ toldList) bool { return !instances[k.instance] })
}

// hearLists takes in how the lists on a host are.
func (c *Controller) hearLists(ctx context.Context, conn *link.Conn, h *host) error {
	return hear(ctx, conn, wire.Method_METHOD_LISTS, &wire.Empty{}, func(m *wire.ListStates) error {
		own, all, err := c.ownInstances(ctx, h)
		if err != nil {
			return err
		}
		c.told.keep(all)
		told := m.GetLists()
		for _, s := range told[:min(len(told), maxListStates)] {
			if own[s.GetInstance()] && checkList(s.GetList()) == nil {
				c.told.put(s, nil)
			}
		}
		c.told.news.Fire()
		c.changes.cluster()
		return nil
	})
}

// ownInstances are those of a host, and all that there are.
func (c *Controller) ownInstances(ctx context.Context, h *host) (own, all map[string]bool, err error) {
	rows, err := c.store.Instances(ctx)
	own, all = map[string]bool{}, map[string]bool{}
	for _, row := range rows {
		all[row.ID] = true
		if row.Host == h.id.String() {
			own[row.ID] = true
		}
	}
	return own, all, err
}

// keepLists brings the lists on a host in step with the cluster's whenever one of them has changed.
func (c *Controller) keepLists(ctx context.Context, conn *link.Conn, h *host) error {
	ticker := time.NewTicker(listPause)
	defer ticker.Stop()
	for {
		news, changed := c.told.news.Wait(), c.listed.Wait()
		if err := c.passLists(ctx, conn, h); err != nil {
			return err
		}
		select {
		case <-news:
		case <-changed:
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// passLists brings those lists on a host in step that are not.
func (c *Controller) passLists(ctx context.Context, conn *link.Conn, h *host) error {
	own, _, err := c.ownInstances(ctx, h)
	if err != nil {
		return err
	}
	modes, err := c.modesOf(ctx)
	if err != nil {
		return err
	}
	sums := map[string]lists.Sum{}
	for _, list := range lists.All {
		if sums[list], err = c.listSum(ctx, list); err != nil {
			return err
		}
	}
	for id := range own {
		for _, list := range lists.All {
			told, ok := c.told.get(listKey{id, list})
			mode := modeOf(modes(id), list)
			if !ok || mode == api.ListOff || inStep(c.stateOf(told.ListState), sums[list], mode == api.ListBoth) {
				continue
			}
			if err := c.exchange(ctx, conn, id, list, mode == api.ListBoth, told.ListState); err != nil {
				return err
			}
		}
	}
	return nil
}

func modeOf(m store.ListModes, list string) string {
	return map[string]string{lists.Admins: m.Admins, lists.Bans: m.Bans, lists.Whitelist: m.Whitelist}[list]
}

// listSum is ListSum, which goes over the whole list, at most once for each revision.
func (c *Controller) listSum(ctx context.Context, list string) (lists.Sum, error) {
	_, top, err := c.store.ListChanges(ctx, list, 1<<62, 1)
	if err != nil {
		return lists.Sum{}, err
	}
	c.modesMu.Lock()
	known, ok := c.listSums[list]
	c.modesMu.Unlock()
	if ok && known.Revision == top {
		return known, nil
	}
	sum, err := c.store.ListSum(ctx, list)
	if err != nil {
		return sum, err
	}
	c.modesMu.Lock()
	defer c.modesMu.Unlock()
	c.listSums[list] = sum
	return sum, nil
}

// stateOf is what a host tells of a list, for this cluster.
func (c *Controller) stateOf(s *wire.ListState) lists.State {
	state := lists.State{Revision: s.GetRevision(), Joining: s.GetJoining(), Count: s.GetCount(), Hash: s.GetHash(), Changed: int(s.GetChanged())}
	if s.GetCluster() != c.store.Ledger() {
		state.Revision, state.Joining = 0, true
	}
	return state
}

func inStep(s lists.State, sum lists.Sum, both bool) bool {
	return !s.Joining && s.Revision >= sum.Revision && s.Count == sum.Count && s.Hash == sum.Hash && !(both && s.Changed > 0)
}

// exchange brings one list in step. That an instance refuses it is shown; an error means that the link is of no use.
func (c *Controller) exchange(ctx context.Context, conn *link.Conn, instance, list string, both bool, told *wire.ListState) error {
	limited, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	there := &listThere{c: c, conn: conn, instance: instance, list: list, last: told}
	x := lists.Exchange{List: list, Both: both, Page: listPage, Cluster: &listHere{c, instance, list}, Instance: there}
	_, err := x.Run(limited, c.stateOf(told))
	failed := ""
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failed = shown(err.Error(), 300)
	}
	if before, _ := c.told.get(listKey{instance, list}); before.failed != failed || !proto.Equal(before.ListState, there.last) {
		c.told.put(there.last, &failed)
		c.changes.cluster()
	}
	if status := (*link.StatusError)(nil); errors.As(err, &status) {
		return nil // this list waits, the others need not
	}
	return err
}

// listHere is a list of the cluster for one exchange.
type listHere struct {
	c              *Controller
	instance, list string
}

func (l *listHere) Changes(ctx context.Context, after uint64, limit int) ([]lists.Change, uint64, error) {
	return l.c.store.ListChanges(ctx, l.list, after, limit)
}

func (l *listHere) Take(ctx context.Context, known uint64, reported []lists.Change) (taken, same []lists.Change, err error) {
	if len(reported) == 0 {
		return nil, nil, nil
	}
	by := "instance " + l.instance
	if rows, err := l.c.store.Instances(ctx); err == nil {
		for _, row := range rows {
			if row.ID == l.instance {
				by = "in " + row.Name
			}
		}
	}
	taken, same, err = l.c.store.TakeListChanges(ctx, l.list, by, time.Now(), known, reported)
	for _, t := range taken {
		l.c.log.Info("a list was changed in a game", "instance", l.instance, "list", l.list, "name", t.Name, "listed", t.Listed)
	}
	if len(taken) > 0 {
		l.c.usersChanged()
	}
	return taken, same, err
}

func (l *listHere) Sum(ctx context.Context) (lists.Sum, error) { return l.c.listSum(ctx, l.list) }

// listThere is a list of an instance for one exchange.
type listThere struct {
	c              *Controller
	conn           *link.Conn
	instance, list string
	last           *wire.ListState
}

func (l *listThere) Changed(ctx context.Context, limit int) ([]lists.Change, uint64, error) {
	var got wire.ListChanges
	if err := l.conn.Call(ctx, wire.Method_METHOD_LIST_CHANGED, &wire.ListAsk{Instance: l.instance, List: l.list, Limit: uint32(limit)}, &got); err != nil {
		return nil, 0, err
	}
	if got.GetCluster() != l.c.store.Ledger() {
		return nil, 0, nil
	}
	return heardChanges(got.GetChanges(), limit), got.GetRevision(), nil
}

func (l *listThere) Agreed(ctx context.Context, after string, limit int) ([]lists.Change, error) {
	var got wire.ListChanges
	ask := &wire.ListAsk{Instance: l.instance, List: l.list, After: after, Limit: uint32(limit)}
	if err := l.conn.Call(ctx, wire.Method_METHOD_LIST_AGREED, ask, &got); err != nil {
		return nil, err
	}
	return heardChanges(got.GetChanges(), limit), nil
}

// heardChanges leaves out what can be nobody's name: what a host says is foreign.
func heardChanges(told []*wire.ListChange, limit int) (changes []lists.Change) {
	for _, c := range told[:min(len(told), limit)] {
		if playername.Check(c.GetName()) != nil || playername.CheckText(c.GetReason()) != nil {
			continue
		}
		changes = append(changes, lists.Change{Name: c.GetName(), Listed: c.GetListed(), Reason: c.GetReason(), By: shown(c.GetBy(), 100)})
	}
	return changes
}

func (l *listThere) Tell(ctx context.Context, from, upto uint64, end bool, changes []lists.Change) (lists.State, error) {
	tell := &wire.ListTell{Instance: l.instance, List: l.list, Cluster: l.c.store.Ledger(), From: from, Upto: upto, End: end}
	for _, c := range changes {
		tell.Changes = append(tell.Changes, &wire.ListChange{Name: c.Name, Listed: c.Listed, Reason: c.Reason, Revision: c.Revision, Own: c.Own})
	}
	var got wire.ListState
	if err := l.conn.Call(ctx, wire.Method_METHOD_LIST_TELL, tell, &got); err != nil {
		return lists.State{}, err
	}
	got.Instance, got.List = l.instance, l.list
	l.last = &got
	return l.c.stateOf(&got), nil
}
