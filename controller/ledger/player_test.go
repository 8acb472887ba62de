package ledger_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"mainbus/controller/ledger"
)

// carrying is an inventory with iron in it.
func carrying(n int64) ledger.Inventory {
	return ledger.Inventory{Blob: fmt.Appendf(nil, "%d iron", n), Items: []ledger.Count{{Item: iron, N: n}}}
}

// passed are the totals of iron through players.
func passed(ep, ip int64) []ledger.Passage {
	return []ledger.Passage{{Item: iron, EP: ep, IP: ip}}
}

func holds(name string, token ledger.Token) ledger.Player {
	return ledger.Player{Name: name, Token: token}
}

func handsOver(name string, token ledger.Token, inv ledger.Inventory) ledger.Player {
	return ledger.Player{Name: name, Token: token, Left: true, Inventory: inv}
}

// bindPlayers binds a world of this ledger that has passed goods and holds players, and lets it trade.
func (c *cluster) bindPlayers(slot ledger.Slot, w ledger.World, totals []ledger.Passage, states ...ledger.Player) (ledger.Assign, []ledger.Reply) {
	c.t.Helper()
	c.open(slot)
	c.ids++
	replies := c.do(ledger.Bound{
		Slot: slot, Epoch: c.epoch[slot], Ledger: c.state.Ledger(), World: w, NewWorld: ledger.World(fmt.Sprint("new", c.ids)),
		Players: ledger.Players{Totals: totals, States: states},
	})
	c.do(ledger.Assigned{Slot: slot, Epoch: c.epoch[slot]})
	for _, r := range replies {
		if a, ok := r.(ledger.Assign); ok {
			return a, replies
		}
	}
	c.t.Fatal("bound and not answered")
	return ledger.Assign{}, nil
}

// enter lets a player join and returns what the world gets.
func (c *cluster) enter(slot ledger.Slot, name string) ledger.PlayerIn {
	c.t.Helper()
	replies := c.do(ledger.PlayerJoin{Slot: slot, Epoch: c.epoch[slot], Name: name})
	if len(replies) == 1 {
		if in, ok := replies[0].(ledger.PlayerIn); ok && in.Slot == slot && in.Epoch == c.epoch[slot] {
			return in
		}
	}
	c.t.Fatalf("%s joins %s and is answered %+v", name, slot, replies)
	return ledger.PlayerIn{}
}

// leave hands a player over and wants it acknowledged.
func (c *cluster) leave(slot ledger.Slot, name string, token ledger.Token, inv ledger.Inventory) {
	c.t.Helper()
	replies := c.do(ledger.PlayerOut{Slot: slot, Epoch: c.epoch[slot], Name: name, Token: token, Inventory: inv})
	want := []ledger.Reply{ledger.OutAck{Slot: slot, Epoch: c.epoch[slot], Name: name, Token: token}}
	if !reflect.DeepEqual(replies, want) {
		c.t.Fatalf("%s leaves %s and is answered %+v", name, slot, replies)
	}
}

// away wants a player to be refused because another world holds him.
func (c *cluster) away(slot ledger.Slot, name string, holder ledger.World) []ledger.Reply {
	c.t.Helper()
	replies := c.do(ledger.PlayerJoin{Slot: slot, Epoch: c.epoch[slot], Name: name})
	if a, ok := replies[0].(ledger.PlayerAway); !ok || a.Holder != holder {
		c.t.Fatalf("%s joins %s and is answered %+v; %s holds him", name, slot, replies, holder)
	}
	return replies[1:]
}

// sheet is the stored state of iron and of a player, from the first message on.
type sheet struct {
	bus      int64
	accounts map[ledger.World]ledger.AccountRow
	players  map[string]ledger.PlayerRow
	versions []ledger.VersionRow
}

func newSheet() *sheet {
	return &sheet{accounts: map[ledger.World]ledger.AccountRow{}, players: map[string]ledger.PlayerRow{}}
}

func (s *sheet) take(c *cluster) {
	b := c.state.Take()
	for _, row := range b.Bus {
		s.bus = row.Qty
	}
	for _, row := range b.Accounts {
		s.accounts[row.World] = row
	}
	for _, row := range b.Players {
		s.players[row.Key] = row
	}
	s.versions = append(s.versions, b.Versions...)
}

func (s *sheet) books() ledger.Books {
	b := ledger.Books{Ledger: "L1", Incarnation: 1_795_000_000}
	seen := map[ledger.World]bool{}
	for _, row := range s.accounts {
		b.Accounts = append(b.Accounts, row)
		if !seen[row.World] {
			seen[row.World] = true
			b.Worlds = append(b.Worlds, ledger.WorldRow{ID: row.World})
		}
	}
	for _, row := range s.players {
		b.Players = append(b.Players, row)
	}
	b.Bus = []ledger.BusRow{{Item: iron, Qty: s.bus}}
	return b
}

func TestPlayerCarriesGoodsToAnotherWorld(t *testing.T) {
	c := newCluster(t)
	a, b := c.join("a"), c.join("b")
	first := c.enter("a", "Alice")
	if len(first.Blob)+len(first.Items) != 0 {
		t.Errorf("a player nobody knows is given %+v", first.Inventory)
	}
	if again := c.enter("a", "ALICE"); !reflect.DeepEqual(again, first) {
		t.Errorf("asked again, given %+v, first %+v", again, first)
	}
	c.away("b", "alice", a)
	c.leave("a", "Alice", first.Token, carrying(70))
	in := c.enter("b", "aLICE")
	if !reflect.DeepEqual(in.Inventory, carrying(70)) || in.Token == first.Token {
		t.Errorf("carried to another world: %+v", in)
	}
	c.leave("a", "alice", first.Token, carrying(70)) // a repetition that was overtaken
	c.away("a", "alice", b)
	s := newSheet()
	s.take(c)
	if p := s.players["alice"]; p.Holder != b || p.Name != "aLICE" || len(s.players) != 1 {
		t.Errorf("players %+v", s.players)
	}
	if s.accounts[a].EP != 70 || s.accounts[b].IP != 70 || s.bus != 0 {
		t.Errorf("accounts %+v, bus %d", s.accounts, s.bus)
	}
	if len(s.versions) != 1 || s.versions[0].World != a || !reflect.DeepEqual(s.versions[0].Inventory, carrying(70)) {
		t.Errorf("versions %+v", s.versions)
	}
}

func TestTruthThatContradictsFences(t *testing.T) {
	tests := []struct {
		name   string
		totals []ledger.Passage
		states func(held, left ledger.Token) []ledger.Player
		fenced bool
	}{
		{"as booked", passed(100, 50), func(held, _ ledger.Token) []ledger.Player { return []ledger.Player{holds("alice", held)} }, false},
		{"a delivery on its way", passed(100, 0), func(_, _ ledger.Token) []ledger.Player { return nil }, false},
		{"a hand-over on its way", passed(170, 50), func(held, _ ledger.Token) []ledger.Player {
			return []ledger.Player{handsOver("alice", held, carrying(70))}
		}, false},
		{"a hand-over that is booked", passed(100, 50), func(held, left ledger.Token) []ledger.Player {
			return []ledger.Player{holds("alice", held), handsOver("bob", left, carrying(50))}
		}, false},
		{"he who left by a forged line is there", passed(50, 50), func(held, left ledger.Token) []ledger.Player {
			return []ledger.Player{holds("alice", held), holds("bob", left)}
		}, true},
		{"a stranger", passed(100, 50), func(held, _ ledger.Token) []ledger.Player {
			return []ledger.Player{holds("alice", held), holds("carol", held)}
		}, true},
		{"a token that was never issued", passed(100, 50), func(held, _ ledger.Token) []ledger.Player {
			return []ledger.Player{holds("alice", ledger.Token{Incarnation: held.Incarnation, Number: held.Number + 1})}
		}, true},
		{"more left than is booked", passed(101, 50), func(held, _ ledger.Token) []ledger.Player { return []ledger.Player{holds("alice", held)} }, true},
		{"less came than is booked", passed(100, 49), func(held, _ ledger.Token) []ledger.Player { return []ledger.Player{holds("alice", held)} }, true},
		{"nothing passed", nil, func(held, _ ledger.Token) []ledger.Player { return []ledger.Player{holds("alice", held)} }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(t)
			c.join("a")
			c.leave("a", "alice", c.enter("a", "alice").Token, carrying(50))
			held := c.enter("a", "alice").Token
			left := c.enter("a", "bob").Token
			c.leave("a", "bob", left, carrying(50))
			epoch := c.epoch["a"]
			replies := c.do(ledger.Truth{Slot: "a", Epoch: epoch, Players: &ledger.Players{Totals: tt.totals, States: tt.states(held, left)}})
			fenced := len(replies) == 1 && reflect.DeepEqual(replies[0], ledger.Fenced{Slot: "a", Epoch: epoch})
			if fenced != tt.fenced {
				t.Errorf("answered %+v", replies)
			}
			if _, err := c.state.Apply(ledger.Still{Slot: "a", Epoch: epoch}); errors.Is(err, ledger.ErrStale) != tt.fenced {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

func TestReportWithoutPlayersLeavesThemAlone(t *testing.T) {
	c := newCluster(t)
	a := c.join("a")
	c.join("b")
	c.leave("a", "alice", c.enter("a", "alice").Token, carrying(50))
	c.enter("a", "alice")
	c.do(ledger.Truth{Slot: "a", Epoch: c.epoch["a"], Totals: []ledger.Record{rec(iron, 5, 0, 0)}})
	c.away("b", "alice", a)
	s := newSheet()
	s.take(c)
	if row := s.accounts[a]; row.EP != 50 || row.IP != 50 || s.bus != 5 {
		t.Errorf("%+v, bus %d", row, s.bus)
	}
}

func TestHandOverThatCannotBeIsRefused(t *testing.T) {
	c := newCluster(t)
	c.join("a")
	out := func(name string, token ledger.Token) []ledger.Reply {
		return c.do(ledger.PlayerOut{Slot: "a", Epoch: c.epoch["a"], Name: name, Token: token, Inventory: carrying(9)})
	}
	token := c.enter("a", "alice").Token
	refused := []ledger.Reply{ledger.PlayerRefused{Slot: "a", Epoch: c.epoch["a"], Name: "alice"}}
	if got := out("alice", ledger.Token{Incarnation: token.Incarnation, Number: token.Number + 1}); !reflect.DeepEqual(got, refused) {
		t.Errorf("a token that was never issued: %+v", got)
	}
	if got := out("bob", token); len(got) != 1 || got[0] != (ledger.PlayerRefused{Slot: "a", Epoch: c.epoch["a"], Name: "bob"}) {
		t.Errorf("a player that nobody knows: %+v", got)
	}
	s := newSheet()
	s.take(c)
	if len(s.accounts) > 0 {
		t.Errorf("booked %+v", s.accounts)
	}
}

func TestPlayerMessagesThatMakeNoSense(t *testing.T) {
	c := newCluster(t)
	c.join("a")
	token := c.enter("a", "alice").Token
	epoch := c.epoch["a"]
	c.open("b")
	c.state.Take()
	many := ledger.Inventory{}
	for n := range ledger.MaxKinds + 1 {
		many.Items = append(many.Items, ledger.Count{Item: ledger.Item{Name: fmt.Sprintf("item-%05d", n), Quality: "normal"}, N: 1})
	}
	out := func(inv ledger.Inventory) ledger.Message {
		return ledger.PlayerOut{Slot: "a", Epoch: epoch, Name: "alice", Token: token, Inventory: inv}
	}
	bound := func(p ledger.Players) ledger.Message {
		return ledger.Bound{Slot: "b", Epoch: c.epoch["b"], Ledger: "L1", World: "unknown", NewWorld: "n", Players: p}
	}
	truth := func(p ledger.Players) ledger.Message { return ledger.Truth{Slot: "a", Epoch: epoch, Players: &p} }
	count := func(item ledger.Item, n int64) ledger.Count { return ledger.Count{Item: item, N: n} }
	tests := []struct {
		name string
		m    ledger.Message
		want error
	}{
		{"a name that is too long", ledger.PlayerJoin{Slot: "a", Epoch: epoch, Name: strings.Repeat("n", ledger.MaxPlayer+1)}, ledger.ErrInvalid},
		{"no name", ledger.PlayerJoin{Slot: "a", Epoch: epoch}, ledger.ErrInvalid},
		{"a line break in a name", ledger.PlayerOut{Slot: "a", Epoch: epoch, Name: "a\nb", Token: token}, ledger.ErrInvalid},
		{"joining another epoch", ledger.PlayerJoin{Slot: "a", Epoch: ledger.Epoch{Incarnation: 1, Number: 1}, Name: "alice"}, ledger.ErrStale},
		{"leaving another epoch", ledger.PlayerOut{Slot: "a", Epoch: ledger.Epoch{Incarnation: 1, Number: 1}, Name: "alice", Token: token}, ledger.ErrStale},
		{"joining before bind", ledger.PlayerJoin{Slot: "b", Epoch: c.epoch["b"], Name: "alice"}, ledger.ErrOrder},
		{"leaving before bind", ledger.PlayerOut{Slot: "b", Epoch: c.epoch["b"], Name: "alice", Token: token}, ledger.ErrOrder},
		{"a large blob", out(ledger.Inventory{Blob: make([]byte, ledger.MaxBlob+1)}), ledger.ErrInvalid},
		{"too many kinds", out(many), ledger.ErrInvalid},
		{"nothing of an item", out(ledger.Inventory{Items: []ledger.Count{count(iron, 0)}}), ledger.ErrInvalid},
		{"less than nothing", out(ledger.Inventory{Items: []ledger.Count{count(iron, -1)}}), ledger.ErrInvalid},
		{"an absurd amount", out(ledger.Inventory{Items: []ledger.Count{count(iron, ledger.MaxCarried+1)}}), ledger.ErrInvalid},
		{"an item twice", out(ledger.Inventory{Items: []ledger.Count{count(iron, 1), count(iron, 1)}}), ledger.ErrInvalid},
		{"no item", out(ledger.Inventory{Items: []ledger.Count{{N: 1}}}), ledger.ErrInvalid},
		{"a player twice in two cases", bound(ledger.Players{States: []ledger.Player{holds("alice", token), holds("ALICE", token)}}), ledger.ErrInvalid},
		{"a token of no incarnation", bound(ledger.Players{States: []ledger.Player{holds("alice", ledger.Token{Number: 1})}}), ledger.ErrInvalid},
		{"a token without a number", bound(ledger.Players{States: []ledger.Player{holds("alice", ledger.Token{Incarnation: 1})}}), ledger.ErrInvalid},
		{"a token of the far future", bound(ledger.Players{States: []ledger.Player{holds("alice", ledger.Token{Incarnation: 1 << 40, Number: 1})}}), ledger.ErrInvalid},
		{"a bad inventory in a save", bound(ledger.Players{States: []ledger.Player{handsOver("alice", token, ledger.Inventory{Items: []ledger.Count{{N: 1}}})}}), ledger.ErrInvalid},
		{"a negative passage", bound(ledger.Players{Totals: passed(-1, 0)}), ledger.ErrInvalid},
		{"a passage beyond what is exact", bound(ledger.Players{Totals: passed(0, ledger.MaxCount+1)}), ledger.ErrInvalid},
		{"a passage twice", bound(ledger.Players{Totals: append(passed(1, 0), passed(1, 0)...)}), ledger.ErrInvalid},
		{"more handed over than can be", bound(ledger.Players{Totals: passed(1<<40, 0)}), ledger.ErrInvalid},
		{"a bad passage in a report", truth(ledger.Players{Totals: passed(-1, 0)}), ledger.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			replies, err := c.state.Apply(tt.m)
			if !errors.Is(err, tt.want) || len(replies) > 0 {
				t.Errorf("answered %+v, %v; want %v", replies, err, tt.want)
			}
			if changed := c.state.Take(); !changed.Empty() {
				t.Errorf("changed %+v", changed)
			}
		})
	}
}

func TestPlayersSurviveARestart(t *testing.T) {
	c := newCluster(t)
	a, b := c.join("a"), c.join("b")
	c.leave("a", "alice", c.enter("a", "alice").Token, carrying(40))
	c.leave("a", "bob", c.enter("a", "bob").Token, carrying(3))
	last := c.enter("b", "Bob")
	s := newSheet()
	s.take(c)
	state, err := ledger.New(s.books())
	if err != nil {
		t.Fatal(err)
	}
	c.state = state
	c.do(ledger.Begin{UnixSeconds: 5})
	if assign, _ := c.bindPlayers("b", b, passed(0, 3), holds("bob", last.Token)); len(assign.Wipe) > 0 {
		t.Errorf("assigned %+v", assign)
	}
	c.bindPlayers("a", a, passed(43, 0))
	c.away("a", "bob", b)
	if in := c.enter("a", "alice"); !reflect.DeepEqual(in.Inventory, carrying(40)) || in.Token.Incarnation <= last.Token.Incarnation {
		t.Errorf("given %+v after %+v", in, last)
	}
	if _, err := ledger.New(ledger.Books{Ledger: "L1", Players: []ledger.PlayerRow{{Key: "x", Holder: "nowhere"}}}); !errors.Is(err, ledger.ErrInvalid) {
		t.Errorf("a player in an unknown world: %v", err)
	}
}

func TestAdminSetsAnInventory(t *testing.T) {
	c := newCluster(t)
	a := c.join("a")
	set := func(name string) error {
		_, err := c.state.Apply(ledger.SetInventory{Name: name, Inventory: carrying(40)})
		return err
	}
	if err := set("nobody"); !errors.Is(err, ledger.ErrInvalid) {
		t.Errorf("an unknown player: %v", err)
	}
	token := c.enter("a", "alice").Token
	if err := set("alice"); !errors.Is(err, ledger.ErrOrder) {
		t.Errorf("while a world holds him: %v", err)
	}
	c.leave("a", "alice", token, carrying(5))
	c.do(ledger.SetInventory{Name: "Alice", Inventory: carrying(40)})
	// A save from before that was acknowledged does not undo it: what it hands over goes to the bus, which is where the
	// books have it already.
	c.bindPlayers("a", a, passed(5, 0), handsOver("alice", token, carrying(5)))
	if in := c.enter("a", "alice"); !reflect.DeepEqual(in.Inventory, carrying(40)) {
		t.Errorf("he has %s", in.Blob)
	}
	s := newSheet()
	s.take(c)
	if len(s.versions) != 2 || s.versions[1].World != "" || s.bus != 0 {
		t.Errorf("versions %+v, bus %d", s.versions, s.bus)
	}
}

func TestRenamedItemsOfPlayers(t *testing.T) {
	steel := ledger.Item{Name: "steel-plate", Quality: "normal"}
	c := newCluster(t)
	a := c.join("a")
	inv := ledger.Inventory{Blob: []byte("x"), Items: []ledger.Count{{Item: iron, N: 7}, {Item: steel, N: 2}}}
	for _, name := range []string{"alice", "bob"} {
		c.leave("a", name, c.enter("a", name).Token, inv)
	}
	bob := c.enter("a", "bob").Token
	c.open("a")
	c.do(ledger.Renamed{Slot: "a", Epoch: c.epoch["a"], Ledger: "L1", World: a, Renames: []ledger.Rename{{Old: iron, New: steel}}})
	// The save has neither Bob nor his coming: both are as they left.
	c.do(ledger.Bound{
		Slot: "a", Epoch: c.epoch["a"], Ledger: "L1", World: a, NewWorld: "unused",
		Players: ledger.Players{Totals: []ledger.Passage{{Item: steel, EP: 18}}},
	})
	for _, name := range []string{"alice", "bob"} {
		in := c.enter("a", name)
		if want := []ledger.Count{{Item: steel, N: 9}}; !reflect.DeepEqual(in.Items, want) || in.Token == bob {
			t.Errorf("%s has %+v", name, in)
		}
	}
	s := newSheet()
	s.take(c)
	if s.bus != 0 || s.accounts[a].Owed != 0 {
		t.Errorf("bus %d, accounts %+v", s.bus, s.accounts)
	}
}

func TestWorldThatHandedAPlayerOverIsNotForgotten(t *testing.T) {
	c := newCluster(t)
	c.join("a")
	token := c.enter("a", "alice").Token
	newer := ledger.Token{Incarnation: token.Incarnation, Number: token.Number + 1}
	c.bindPlayers("b", "adopted", nil, handsOver("alice", newer, ledger.Inventory{}))
	c.do(ledger.Move{From: "b"})
	b := c.state.Take()
	if len(b.Gone) > 0 || len(b.Versions) != 1 || b.Versions[0].World != "adopted" {
		t.Errorf("forgotten: %v; versions %+v", b.Gone, b.Versions)
	}
}
