package ledger_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"mainbus/controller/ledger"
)

var iron = ledger.Item{Name: "iron-plate", Quality: "normal"}

// cluster drives a ledger as agents would, and fails the test where a message is refused.
type cluster struct {
	t     *testing.T
	state *ledger.State
	epoch map[ledger.Slot]ledger.Epoch
	ids   int
	wrong bool // the books do not add up, and are not meant to
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	state, err := ledger.New(ledger.Books{Ledger: "L1"})
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, state: state, epoch: map[ledger.Slot]ledger.Epoch{}}
	c.do(ledger.Begin{UnixSeconds: 1_795_000_000})
	return c
}

func (c *cluster) do(m ledger.Message) []ledger.Reply {
	c.t.Helper()
	replies, err := c.state.Apply(m)
	if err != nil {
		c.t.Fatalf("%T: %v", m, err)
	}
	if wrong := c.state.Audit(); len(wrong) > 0 && !c.wrong {
		c.t.Fatalf("after %T: %v", m, wrong)
	}
	return replies
}

func rec(item ledger.Item, e, i, w int64) ledger.Record {
	return ledger.Record{Item: item, E: e, I: i, W: w}
}

func (c *cluster) open(slot ledger.Slot) ledger.Epoch {
	c.t.Helper()
	c.epoch[slot] = c.do(ledger.Open{Slot: slot})[0].(ledger.Run).Epoch
	return c.epoch[slot]
}

// bind opens a run and binds a world; the answer is what the world gets assigned.
func (c *cluster) bind(slot ledger.Slot, of string, w ledger.World, totals ...ledger.Record) ledger.Assign {
	c.t.Helper()
	c.open(slot)
	c.ids++
	m := ledger.Bound{Slot: slot, Epoch: c.epoch[slot], Ledger: of, World: w, Totals: totals, NewWorld: ledger.World(fmt.Sprint("new", c.ids))}
	for _, r := range c.do(m) {
		if a, ok := r.(ledger.Assign); ok {
			return a
		}
	}
	c.t.Fatal("bound and not answered")
	return ledger.Assign{}
}

// join makes a new world in a slot that trades.
func (c *cluster) join(slot ledger.Slot) ledger.World {
	c.t.Helper()
	a := c.bind(slot, "", ledger.World("save"+string(slot)))
	c.do(ledger.Assigned{Slot: slot, Epoch: c.epoch[slot]})
	return a.World
}

func (c *cluster) totals(slot ledger.Slot, records ...ledger.Record) []ledger.Reply {
	c.t.Helper()
	return c.do(ledger.Totals{Slot: slot, Epoch: c.epoch[slot], Records: records})
}

// grants turns replies into "slot=G" words.
func grants(replies []ledger.Reply) string {
	var words []string
	for _, r := range replies {
		if g, ok := r.(ledger.Grant); ok {
			words = append(words, fmt.Sprintf("%s=%d", g.Slot, g.G))
		}
	}
	return strings.Join(words, " ")
}

// book returns the rows of iron since the last call: bus, and by world "E G I owed".
func (c *cluster) book() (bus int64, accounts map[ledger.World]string) {
	b := c.state.Take()
	accounts = map[ledger.World]string{}
	for _, row := range b.Bus {
		bus = row.Qty
	}
	for _, row := range b.Accounts {
		accounts[row.World] = fmt.Sprintf("E%d G%d I%d owed%d", row.E, row.G, row.I, row.Owed)
	}
	return bus, accounts
}

func TestExportsAreGrantedOnce(t *testing.T) {
	c := newCluster(t)
	a, b := c.join("a"), c.join("b")
	if got := grants(c.totals("b", rec(iron, 0, 0, 200))); got != "" {
		t.Errorf("an empty bus granted %s", got)
	}
	if got := grants(c.totals("a", rec(iron, 120, 0, 0))); got != "b=120" {
		t.Errorf("120 sent, granted %q", got)
	}
	if got := grants(c.totals("a", rec(iron, 120, 0, 0))); got != "" {
		t.Errorf("the same totals again granted %q", got)
	}
	if got := grants(c.totals("b", rec(iron, 0, 0, 200))); got != "" {
		t.Errorf("the want that is being met was granted again: %q", got)
	}
	c.totals("b", rec(iron, 0, 120, 200))
	if got := grants(c.totals("a", rec(iron, 300, 0, 0))); got != "b=200" {
		t.Errorf("180 more sent with 80 wanted, granted %q", got)
	}
	bus, accounts := c.book()
	if bus != 100 || accounts[a] != "E300 G0 I0 owed0" || accounts[b] != "E0 G200 I120 owed0" {
		t.Errorf("bus %d, accounts %v", bus, accounts)
	}
}

func TestIdentity(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(c *cluster) (of string, w ledger.World)
		slot    ledger.Slot
		fresh   bool
		same    bool // keeps the id that it reports
	}{
		{"a save that never belonged to a ledger starts from zero under the id that it was given on disk",
			func(*cluster) (string, ledger.World) { return "", "x" }, "a", true, true},
		{"loaded again it is the same world at its birth",
			func(c *cluster) (string, ledger.World) { return "", c.join("a") }, "a", true, true},
		{"also in another slot if its own gave it up",
			func(c *cluster) (string, ledger.World) {
				w := c.join("a")
				c.do(ledger.Move{From: "a"})
				return "", w
			}, "b", true, true},
		{"but it is a fork where its own has it",
			func(c *cluster) (string, ledger.World) { return "", c.join("a") }, "b", true, false},
		{"a save of another ledger starts from zero",
			func(*cluster) (string, ledger.World) { return "L2", "x" }, "a", true, false},
		{"a known world comes back to its slot",
			func(c *cluster) (string, ledger.World) { return "L1", c.join("a") }, "a", false, true},
		{"a world that the ledger forgot is adopted",
			func(*cluster) (string, ledger.World) { return "L1", "forgotten" }, "a", false, true},
		{"a copied save in a second slot is a fork",
			func(c *cluster) (string, ledger.World) { return "L1", c.join("a") }, "b", true, false},
		{"a world that its slot gave up may move",
			func(c *cluster) (string, ledger.World) {
				w := c.join("a")
				c.bind("a", "", "another")
				return "L1", w
			}, "b", false, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newCluster(t)
			of, w := test.prepare(c)
			a := c.bind(test.slot, of, w)
			if a.Fresh != test.fresh || (a.World == w) != test.same || a.Ledger != "L1" {
				t.Errorf("assigned %+v", a)
			}
		})
	}
}

func TestWorldThatCrashedBeforeItsFirstSaveIsTheSame(t *testing.T) {
	for _, origin := range []string{"", "L2"} {
		c := newCluster(t)
		first := c.bind("a", origin, "template")
		c.totals("a", rec(iron, 50, 0, 0))
		again := c.bind("a", origin, "template")
		if again.World != first.World || !again.Fresh {
			t.Errorf("first %+v, then %+v", first, again)
		}
		if bus, _ := c.book(); bus != 0 {
			t.Errorf("%d on the bus that nobody has sent any more", bus)
		}
	}
}

func TestCountsOfAForeignLedgerAreNotBooked(t *testing.T) {
	c := newCluster(t)
	a := c.bind("a", "L2", "x", rec(iron, 1_000, 400, 430))
	c.do(ledger.Assigned{Slot: "a", Epoch: c.epoch["a"]})
	if bus, accounts := c.book(); bus != 0 || accounts[a.World] != "" {
		t.Errorf("bus %d, account %q", bus, accounts[a.World])
	}
	c.join("b")
	if got := grants(c.totals("b", rec(iron, 100, 0, 0))); got != "a=30" {
		t.Errorf("it could use 30, granted %q", got)
	}
}

func TestRollback(t *testing.T) {
	t.Run("imports after the save return to the bus", func(t *testing.T) {
		c := newCluster(t)
		c.join("a")
		b := c.join("b")
		c.totals("a", rec(iron, 100, 0, 0))
		c.totals("b", rec(iron, 0, 0, 60))
		c.totals("b", rec(iron, 0, 60, 60))
		c.bind("b", "L1", b, rec(iron, 0, 10, 10))
		if bus, accounts := c.book(); bus != 90 || accounts[b] != "E0 G10 I10 owed0" {
			t.Errorf("bus %d, account %s", bus, accounts[b])
		}
	})
	t.Run("exports after the save leave the bus", func(t *testing.T) {
		c := newCluster(t)
		a := c.join("a")
		c.totals("a", rec(iron, 100, 0, 0))
		c.bind("a", "L1", a, rec(iron, 30, 0, 0))
		if bus, accounts := c.book(); bus != 30 || accounts[a] != "E30 G0 I0 owed0" {
			t.Errorf("bus %d, account %s", bus, accounts[a])
		}
	})
	t.Run("an item that the save does not know was never traded by it", func(t *testing.T) {
		c := newCluster(t)
		a := c.join("a")
		c.totals("a", rec(iron, 100, 0, 0))
		c.bind("a", "L1", a)
		if bus, accounts := c.book(); bus != 0 || accounts[a] != "E0 G0 I0 owed0" {
			t.Errorf("bus %d, account %s", bus, accounts[a])
		}
	})
	t.Run("a newer save goes forward again", func(t *testing.T) {
		c := newCluster(t)
		a := c.join("a")
		c.totals("a", rec(iron, 100, 0, 0))
		c.bind("a", "L1", a, rec(iron, 30, 0, 0))
		c.bind("a", "L1", a, rec(iron, 100, 0, 0))
		if bus, _ := c.book(); bus != 100 {
			t.Errorf("bus %d", bus)
		}
	})
}

func TestDebt(t *testing.T) {
	c := newCluster(t)
	a, _ := c.join("a"), c.join("b")
	c.totals("b", rec(iron, 0, 0, 80))
	c.totals("a", rec(iron, 100, 0, 0)) // 80 of them are b's now
	c.bind("a", "L1", a, rec(iron, 0, 0, 500))
	c.do(ledger.Assigned{Slot: "a", Epoch: c.epoch["a"]})
	if bus, accounts := c.book(); bus != 0 || accounts[a] != "E0 G0 I0 owed80" {
		t.Fatalf("bus %d, account %s", bus, accounts[a])
	}
	c.join("d")
	if got := grants(c.totals("d", rec(iron, 40, 0, 0))); got != "" {
		t.Errorf("a world in debt was granted %s", got)
	}
	if got := grants(c.totals("a", rec(iron, 70, 0, 500))); got != "" {
		t.Errorf("owing 10 it was granted %s", got)
	}
	if got := grants(c.totals("a", rec(iron, 85, 0, 500))); got != "a=45" {
		t.Errorf("its debt paid and 45 on the bus, granted %q", got)
	}
}

func TestFirstComeFirstServed(t *testing.T) {
	c := newCluster(t)
	for _, slot := range []ledger.Slot{"z", "b", "s"} {
		c.join(slot)
	}
	c.totals("z", rec(iron, 0, 0, 10))
	c.totals("b", rec(iron, 0, 0, 10))
	if got := grants(c.totals("s", rec(iron, 15, 0, 0))); got != "z=10 b=5" {
		t.Errorf("granted %q", got)
	}
	c.totals("z", rec(iron, 0, 10, 20)) // z comes again, behind b
	if got := grants(c.totals("s", rec(iron, 25, 0, 0))); got != "b=10 z=15" {
		t.Errorf("granted %q", got)
	}
}

func TestWantsEnd(t *testing.T) {
	tests := []struct {
		name string
		end  func(c *cluster)
	}{
		{"when the world stands still", func(c *cluster) { c.do(ledger.Still{Slot: "b", Epoch: c.epoch["b"], Still: true}) }},
		{"when the attachment closes", func(c *cluster) { c.do(ledger.Closed{Slot: "b", Epoch: c.epoch["b"]}) }},
		{"when another attachment opens", func(c *cluster) { c.open("b") }},
		{"when the controller starts anew", func(c *cluster) { c.do(ledger.Begin{}); c.bind("a", "", "savea") }},
		{"when the world wants nothing any more", func(c *cluster) { c.totals("b", rec(iron, 0, 0, 0)) }},
		{"when a report does not name it", func(c *cluster) { c.do(ledger.Truth{Slot: "b", Epoch: c.epoch["b"]}) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newCluster(t)
			c.join("a")
			c.join("b")
			c.totals("b", rec(iron, 0, 0, 10))
			test.end(c)
			if got := grants(c.totals("a", rec(iron, 10, 0, 0))); got != "" {
				t.Errorf("granted %s", got)
			}
		})
	}
	t.Run("and are there again when the world goes on", func(t *testing.T) {
		c := newCluster(t)
		c.join("a")
		c.join("b")
		c.totals("b", rec(iron, 0, 0, 10))
		c.do(ledger.Still{Slot: "b", Epoch: c.epoch["b"], Still: true})
		c.totals("a", rec(iron, 10, 0, 0))
		if got := grants(c.do(ledger.Still{Slot: "b", Epoch: c.epoch["b"]})); got != "b=10" {
			t.Errorf("granted %q", got)
		}
	})
}

func TestNoGrantsBeforeAssigned(t *testing.T) {
	c := newCluster(t)
	c.join("a")
	c.totals("a", rec(iron, 10, 0, 0))
	c.bind("b", "", "saveb", rec(iron, 0, 0, 5))
	if got := grants(c.do(ledger.Assigned{Slot: "b", Epoch: c.epoch["b"]})); got != "b=5" {
		t.Errorf("granted %q", got)
	}
}

func TestRepeatedBindIsAnsweredAlike(t *testing.T) {
	c := newCluster(t)
	epoch := c.open("a")
	m := ledger.Bound{Slot: "a", Epoch: epoch, World: "x", Totals: []ledger.Record{rec(iron, 5, 0, 0)}, NewWorld: "n1"}
	first := c.do(m)
	c.totals("a", rec(iron, 9, 0, 0))
	m.NewWorld = "n2"
	if again := c.do(m); !reflect.DeepEqual(first, again) {
		t.Errorf("first %v, then %v", first, again)
	}
	if bus, _ := c.book(); bus != 9 {
		t.Errorf("bus %d, want the 9 that were told since", bus)
	}
	m.Ledger, m.World = "L1", first[0].(ledger.Assign).World
	if again := c.do(m); !reflect.DeepEqual(first, again) {
		t.Errorf("under its new name: first %v, then %v", first, again)
	}
	m.World = "other"
	if replies, err := c.state.Apply(m); !errors.Is(err, ledger.ErrStale) {
		t.Errorf("another world under the same epoch: %v, %v", replies, err)
	}
}

func TestReleaseReturnsUnconfirmedGrants(t *testing.T) {
	c := newCluster(t)
	c.join("a")
	b := c.join("b")
	c.totals("a", rec(iron, 100, 0, 0))
	c.totals("b", rec(iron, 0, 0, 60))
	c.totals("b", rec(iron, 0, 45, 60))
	c.bind("b", "", "anothersave")
	if bus, accounts := c.book(); bus != 55 || accounts[b] != "E0 G45 I45 owed0" {
		t.Errorf("bus %d, account %s", bus, accounts[b])
	}
}

func TestIncarnationGrowsEvenWhenTheClockGoesBack(t *testing.T) {
	c := newCluster(t)
	before := c.open("a")
	c.do(ledger.Begin{UnixSeconds: 5})
	after := c.open("a")
	if after.Incarnation != before.Incarnation+1 || after.String() != fmt.Sprintf("%d.1", before.Incarnation+1) {
		t.Errorf("%s, then %s", before, after)
	}
}

func TestPostingsAreSummed(t *testing.T) {
	c := newCluster(t)
	c.join("a")
	b := c.join("b")
	c.totals("b", rec(iron, 0, 0, 25))
	c.totals("a", rec(iron, 10, 0, 0))
	c.totals("a", rec(iron, 20, 0, 0))
	c.bind("b", "L1", b)
	var got []string
	for _, p := range c.state.TakePostings() {
		got = append(got, fmt.Sprintf("%s %s %d", p.World, p.Kind, p.Qty))
	}
	if want := "[savea export 20 saveb grant 20 saveb reconcile 20]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if rest := c.state.TakePostings(); len(rest) != 0 {
		t.Errorf("taken twice: %v", rest)
	}
}

func TestAuditFindsChangedBooks(t *testing.T) {
	state, err := ledger.New(ledger.Books{
		Ledger:   "L1",
		Worlds:   []ledger.WorldRow{{ID: "w"}},
		Accounts: []ledger.AccountRow{{World: "w", Item: iron, E: 10, G: 3}},
		Bus:      []ledger.BusRow{{Item: iron, Qty: 8}},
	})
	if err != nil {
		t.Fatal(err)
	}
	wrong := state.Audit()
	if len(wrong) != 1 || wrong[0] != (ledger.Mismatch{Item: iron, Bus: 8, Net: 7}) {
		t.Errorf("found %v", wrong)
	}
}

func BenchmarkTotals(b *testing.B) {
	state, _ := ledger.New(ledger.Books{Ledger: "L1"})
	apply := func(m ledger.Message) []ledger.Reply {
		replies, err := state.Apply(m)
		if err != nil {
			b.Fatal(err)
		}
		return replies
	}
	apply(ledger.Begin{UnixSeconds: 1})
	epochs := map[ledger.Slot]ledger.Epoch{}
	for _, slot := range []ledger.Slot{"a", "b"} {
		epochs[slot] = apply(ledger.Open{Slot: slot})[0].(ledger.Run).Epoch
		apply(ledger.Bound{Slot: slot, Epoch: epochs[slot], World: ledger.World(slot), NewWorld: ledger.World("n" + slot)})
	}
	apply(ledger.Totals{Slot: "b", Epoch: epochs["b"], Records: []ledger.Record{rec(iron, 0, 0, ledger.MaxCount)}})
	for n := int64(1); b.Loop(); n++ {
		apply(ledger.Totals{Slot: "a", Epoch: epochs["a"], Records: []ledger.Record{rec(iron, n, 0, 0)}})
		state.Take()
	}
}
