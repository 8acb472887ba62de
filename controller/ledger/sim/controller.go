package sim

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"mainbus/controller/ledger"
)

// Twin is a second controller, over a real database, that is given the same messages and has to say the same.
type Twin interface {
	// Ledger is the id of its ledger.
	Ledger() string
	// Open starts it anew from what it stored and returns its incarnation.
	Open() (int64, error)
	// Apply returns the replies in any order.
	Apply(ledger.Message) ([]ledger.Reply, error)
	// Books are all of the books as they are stored.
	Books() (ledger.Books, error)
	Backup() error
	// Restore puts the backup in place of what is stored. Open follows.
	Restore() error
}

const ownLedger = "00ff"

// controller is the ledger and the storage under it.
type controller struct {
	id     string
	state  *ledger.State
	stored stored
	backup stored
	clock  int64
	runs   map[ledger.Slot]ledger.Epoch // the current ones
	twin   Twin
}

// stored keeps the rows that a State hands out, as a database does.
type stored struct {
	incarnation int64
	restored    bool
	policy      *ledger.Policy
	worlds      map[ledger.World]ledger.WorldRow
	accounts    map[accountKey]ledger.AccountRow
	bus         map[ledger.Item]ledger.BusRow
	players     map[string]ledger.PlayerRow

	moved    map[ledger.World]ledger.World // copies that people say stand for the world they were copied from
	origins  map[ledger.World][]ledger.OriginRow
	forgiven Goods // what people let worlds off, counted by whoever asked for it
}

type accountKey struct {
	world ledger.World
	item  ledger.Item
}

// leased is the world that a slot has.
func (s stored) leased(slot ledger.Slot) ledger.World {
	for id, w := range s.worlds {
		if w.Slot == slot {
			return id
		}
	}
	return ""
}

func (s stored) clone() stored {
	return stored{s.incarnation, s.restored, s.policy, maps.Clone(s.worlds), maps.Clone(s.accounts), maps.Clone(s.bus), maps.Clone(s.players), maps.Clone(s.moved), maps.Clone(s.origins), s.forgiven}
}

func (s *stored) put(b ledger.Books) {
	s.incarnation = max(s.incarnation, b.Incarnation)
	s.restored = s.restored || b.Restored
	if b.Policy != nil {
		s.policy = b.Policy
	}
	for _, id := range b.Gone {
		delete(s.worlds, id)
		delete(s.origins, id)
	}
	for _, w := range b.Worlds {
		s.worlds[w.ID] = w
	}
	for _, id := range b.Reborn {
		delete(s.origins, id)
	}
	for _, row := range b.Origins {
		s.origins[row.World] = append(s.origins[row.World], row)
	}
	for _, a := range b.Accounts {
		s.accounts[accountKey{a.World, a.Item}] = a
	}
	for _, row := range b.Bus {
		s.bus[row.Item] = row
	}
	for _, row := range b.Players {
		s.players[row.Key] = row
	}
}

func (s stored) books(id string) ledger.Books {
	b := ledger.Books{Ledger: id, Incarnation: s.incarnation, Restored: s.restored, Policy: s.policy}
	b.Worlds = slices.Collect(maps.Values(s.worlds))
	b.Accounts = slices.Collect(maps.Values(s.accounts))
	b.Bus = slices.Collect(maps.Values(s.bus))
	b.Origins = slices.Concat(slices.Collect(maps.Values(s.origins))...)
	b.Players = slices.Collect(maps.Values(s.players))
	return b
}

func newController(twin Twin) controller {
	c := controller{id: ownLedger, clock: 1_000, runs: map[ledger.Slot]ledger.Epoch{}, twin: twin}
	c.stored = stored{
		worlds: map[ledger.World]ledger.WorldRow{}, accounts: map[accountKey]ledger.AccountRow{},
		bus: map[ledger.Item]ledger.BusRow{}, players: map[string]ledger.PlayerRow{},
		moved: map[ledger.World]ledger.World{}, origins: map[ledger.World][]ledger.OriginRow{},
	}
	c.backup = c.stored.clone()
	if twin != nil {
		c.id = twin.Ledger()
	}
	return c
}

// startController loads the books and begins a new incarnation.
func (s *simulation) startController() {
	c := &s.control
	c.clock++
	if c.twin != nil {
		incarnation, err := c.twin.Open()
		if err != nil {
			s.fail("start the twin: %v", err)
			return
		}
		c.clock = incarnation
	}
	state, err := ledger.New(c.stored.books(c.id))
	if err != nil {
		s.fail("restart: %v", err)
		return
	}
	c.state = state
	clear(c.runs)
	s.trace("controller starts")
	if _, err := state.Apply(ledger.Begin{UnixSeconds: c.clock}); err != nil {
		s.fail("begin: %v", err)
	}
	c.stored.put(state.Take())
	if c.twin != nil {
		s.compareBooks()
	}
}

// compareBooks wants the database to hold what the twin in memory has stored.
func (s *simulation) compareBooks() {
	theirs, err := s.control.twin.Books()
	if err != nil {
		s.fail("read the twin's books: %v", err)
		return
	}
	if ours := s.control.stored.books(s.control.id); canonical(ours) != canonical(theirs) {
		s.fail("the database holds\n%s\nthe twin\n%s", canonical(theirs), canonical(ours))
	}
}

// canonical is the same text for the same rows, whatever their order.
func canonical(books any) string {
	v := reflect.Indirect(reflect.ValueOf(books))
	if !v.IsValid() {
		return ""
	}
	var out []string
	for n := range v.NumField() {
		switch field := v.Field(n); field.Kind() {
		case reflect.Slice:
			rows := make([]string, field.Len())
			for row := range rows {
				rows[row] = fmt.Sprintf("%+v", field.Index(row))
			}
			slices.Sort(rows)
			out = append(out, rows...)
		case reflect.Pointer: // the policy, which has rows of its own
			out = append(out, canonical(field.Interface()))
		default:
			out = append(out, fmt.Sprintf("%+v", field))
		}
	}
	return strings.Join(out, "\n")
}

// apply is one transaction of the controller.
func (s *simulation) apply(m ledger.Message) error {
	c := &s.control
	replies, err := c.state.Apply(m)
	if c.twin != nil {
		s.compareReplies(m, replies, err)
	}
	s.trace("    ledger: %T%+v -> %+v, %v", m, m, replies, err)
	changed := c.state.Take()
	if err != nil {
		if !changed.Empty() {
			s.fail("%T changed %+v and failed: %v", m, changed, err)
		}
		if errors.Is(err, ledger.ErrStale) {
			s.stats.Stale++
			s.hearStale(m)
		}
		return err
	}
	for _, row := range changed.Bus {
		if row.Qty < 0 {
			s.fail("the bus has %d of %s", row.Qty, row.Item)
		}
	}
	for _, row := range changed.Accounts {
		if row.Owed > 0 {
			s.stats.Debts++
			if s.cfg.Calm {
				s.fail("%s owes %d of %s, although only what saves cover was spent", row.World, row.Owed, row.Item)
			}
		}
		if row.Held > 0 {
			s.stats.Held++
		}
	}
	for _, r := range replies {
		if assign, ok := r.(ledger.Assign); ok {
			s.checkIdentity(assign)
		}
	}
	s.checkReceived(m)
	c.stored.put(changed)
	s.checkBelieved()
	s.keepNames(m, changed, replies)
	s.comeBack(changed)
	c.trackRuns(m, replies)
	if wrong := c.state.Audit(); len(wrong) > 0 {
		s.fail("after %T: %v", m, wrong)
	}
	for _, r := range replies {
		s.send(r)
	}
	return nil
}

// checkReceived wants that no running world ever says that it received what it was not granted.
func (s *simulation) checkReceived(m ledger.Message) {
	var slot ledger.Slot
	var told []ledger.Record
	switch m := m.(type) {
	case ledger.Totals:
		slot, told = m.Slot, m.Records
	case ledger.Truth:
		slot, told = m.Slot, m.Totals
	}
	world := s.control.stored.leased(slot)
	for _, t := range told {
		if g := s.control.stored.accounts[accountKey{world, t.Item}].G; t.I > g {
			s.fail("%s received %d of %s and was granted %d", slot, t.I, t.Item, g)
		}
	}
}

// checkBelieved wants that no world is taken for a liar: none of these is one. Where a save is loaded in a slot with older
// mods than its world had before, nothing tells that the old name is that of what it was granted.
func (s *simulation) checkBelieved() {
	for _, p := range s.control.state.TakePostings() {
		if p.Kind == ledger.Overdrawn && s.binds >= s.named[p.World] {
			s.fail("world %s is thought to have %d of %s that it was not granted", p.World, p.Qty, p.Item)
		}
	}
}

func (s *simulation) compareReplies(m ledger.Message, ours []ledger.Reply, err error) {
	theirs, theirErr := s.control.twin.Apply(m)
	if texts(ours) != texts(theirs) || (err == nil) != (theirErr == nil) {
		s.fail("%+v: the database answers %+v, %v; the twin %+v, %v", m, theirs, theirErr, ours, err)
	}
}

// texts is the same for the same replies, whatever their order.
func texts(replies []ledger.Reply) string {
	out := make([]string, len(replies))
	for n, r := range replies {
		out[n] = fmt.Sprintf("%T%+v", r, r)
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func (c *controller) keepBackup(s *simulation) {
	c.backup = c.stored.clone()
	if c.twin != nil {
		if err := c.twin.Backup(); err != nil {
			s.fail("back up the twin: %v", err)
		}
	}
}

// restore puts the books back to the backup; nothing that is under way gets anywhere.
func (s *simulation) restore() {
	s.stats.Restores++
	s.trace("ledger restored")
	s.bag = nil
	c := &s.control
	c.stored = c.backup.clone()
	clear(c.stored.moved)
	s.markRestored()
	if c.twin != nil {
		if err := c.twin.Restore(); err != nil {
			s.fail("restore the twin: %v", err)
		}
	}
	for _, p := range s.places {
		if _, known := c.stored.worlds[p.world]; !known {
			p.forgotten = true
			s.forget(p)
		}
	}
	s.startController()
}

// markRestored is what restoring a backup does to the books.
func (s *simulation) markRestored() {
	state, err := ledger.New(s.control.stored.books(s.control.id))
	if err == nil {
		_, err = state.Apply(ledger.Restored{})
	}
	if err != nil {
		s.fail("restore: %v", err)
		return
	}
	s.control.stored.put(state.Take())
}

func (s *simulation) send(m any) {
	if len(s.bag) < maxInFlight {
		s.bag = append(s.bag, m)
	}
}

// deliver hands over any message that is in flight.
func (s *simulation) deliver(double, lose bool) {
	if len(s.bag) == 0 {
		return
	}
	n := s.r.IntN(len(s.bag))
	m := s.bag[n]
	if !double {
		s.bag[n] = s.bag[len(s.bag)-1]
		s.bag = s.bag[:len(s.bag)-1]
	}
	if lose {
		return
	}
	switch m := m.(type) {
	case binding:
		s.applyBinding(m)
	case ledger.Message:
		_ = s.apply(m) // what is refused is refused: the agent tries again or hears that it is stale
	case ledger.Reply:
		s.hear(m)
	}
}

func (s *simulation) deliverAll() {
	for len(s.bag) > 0 && s.err == nil {
		s.deliver(false, false)
	}
}

func (s *simulation) loseReplies() {
	s.bag = slices.DeleteFunc(s.bag, func(m any) bool {
		_, down := m.(ledger.Reply)
		return down || s.chance(50)
	})
}
