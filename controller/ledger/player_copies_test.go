package ledger_test

import (
	"errors"
	"reflect"
	"testing"

	"mainbus/controller/ledger"
)

// A player was given 50 iron by world b under a token. Then b is bound from a save that tells something else.
func TestBindDecidesWhoseCopyCounts(t *testing.T) {
	type scene struct {
		*cluster
		a, b       ledger.World
		old, token ledger.Token // of an earlier holding by b, of this one
	}
	none := ledger.Token{}
	tests := []struct {
		name    string
		before  func(s *scene) // beside what is told above
		totals  []ledger.Passage
		states  func(s *scene) []ledger.Player
		holder  func(s *scene) ledger.World // afterwards
		carried int64                       // by the player, if the ledger has him
		bus     int64
		owed    int64
		wiped   bool
	}{
		{
			name:   "the save holds him: nothing changes",
			totals: passed(50, 50), states: func(s *scene) []ledger.Player { return []ledger.Player{holds("alice", s.token)} },
			holder: func(s *scene) ledger.World { return s.b },
		},
		{
			name:   "the save is from before he came: he is given back",
			totals: passed(50, 0), states: func(*scene) []ledger.Player { return nil },
			holder: func(*scene) ledger.World { return "" }, carried: 50,
		},
		{
			name:   "the save has handed him over and the line was lost",
			totals: passed(120, 50), states: func(s *scene) []ledger.Player { return []ledger.Player{handsOver("alice", s.token, carrying(70))} },
			holder: func(*scene) ledger.World { return "" }, carried: 70,
		},
		{
			name:   "the save is from an earlier holding: that copy is wiped, the later one given back",
			totals: passed(0, 0), states: func(s *scene) []ledger.Player { return []ledger.Player{holds("alice", s.old)} },
			// the first leave is not in the save either; what he had then is yet to be exported by the wipe
			holder: func(*scene) ledger.World { return "" }, carried: 50, owed: 50, wiped: true,
		},
		{
			name:   "the save is from after he left, and the ledger knows that he did",
			before: func(s *scene) { s.leave("b", "alice", s.token, carrying(70)) },
			totals: passed(120, 50), states: func(s *scene) []ledger.Player { return []ledger.Player{handsOver("alice", s.token, carrying(70))} },
			holder: func(*scene) ledger.World { return "" }, carried: 70,
		},
		{
			name:   "the save is from before he left: he is there again",
			before: func(s *scene) { s.leave("b", "alice", s.token, carrying(70)) },
			totals: passed(50, 50), states: func(s *scene) []ledger.Player { return []ledger.Player{holds("alice", s.token)} },
			holder: func(s *scene) ledger.World { return s.b },
		},
		{
			name: "the save is from before he left, and he is elsewhere: its copy is wiped",
			before: func(s *scene) {
				s.leave("b", "alice", s.token, carrying(70))
				s.enter("a", "alice")
			},
			totals: passed(50, 50), states: func(s *scene) []ledger.Player { return []ledger.Player{holds("alice", s.token)} },
			holder: func(s *scene) ledger.World { return s.a }, owed: 70, wiped: true,
		},
		{
			name:   "he left with something else in this save",
			before: func(s *scene) { s.leave("b", "alice", s.token, carrying(70)) },
			totals: passed(130, 50), states: func(s *scene) []ledger.Player { return []ledger.Player{handsOver("alice", s.token, carrying(80))} },
			holder: func(*scene) ledger.World { return "" }, carried: 80,
		},
		{
			name: "a hand-over that was overtaken goes to the bus",
			before: func(s *scene) {
				s.leave("b", "alice", s.token, carrying(70))
				s.enter("a", "alice")
			},
			totals: passed(130, 50), states: func(s *scene) []ledger.Player { return []ledger.Player{handsOver("alice", s.token, carrying(80))} },
			holder: func(s *scene) ledger.World { return s.a }, bus: 10,
		},
		{
			name: "taken back while the world was away, and not elsewhere since: he is there",
			before: func(s *scene) {
				s.do(ledger.Closed{Slot: "b", Epoch: s.epoch["b"]})
				s.do(ledger.Reclaim{Name: "Alice"})
			},
			totals: passed(50, 50), states: func(s *scene) []ledger.Player { return []ledger.Player{holds("alice", s.token)} },
			holder: func(s *scene) ledger.World { return s.b },
		},
		{
			name: "taken back while the world was away, and elsewhere since: its copy is wiped",
			before: func(s *scene) {
				s.do(ledger.Closed{Slot: "b", Epoch: s.epoch["b"]})
				s.do(ledger.Reclaim{Name: "Alice"})
				s.enter("a", "alice")
			},
			totals: passed(50, 50), states: func(s *scene) []ledger.Player { return []ledger.Player{holds("alice", s.token)} },
			holder: func(s *scene) ledger.World { return s.a }, owed: 50, wiped: true,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &scene{cluster: newCluster(t)}
			s.a, s.b = s.join("a"), s.join("b")
			s.old = s.enter("b", "alice").Token
			s.leave("b", "alice", s.old, carrying(50))
			s.token = s.enter("b", "alice").Token
			if s.old == none || s.token == s.old {
				t.Fatalf("tokens %s and %s", s.old, s.token)
			}
			if tt.before != nil {
				tt.before(s)
			}
			assign, _ := s.bindPlayers("b", s.b, tt.totals, tt.states(s)...)
			if wiped := len(assign.Wipe) > 0; wiped != tt.wiped || assign.Fresh || assign.Void {
				t.Errorf("assigned %+v, want a wipe %v", assign, tt.wiped)
			}
			books := newSheet()
			books.take(s.cluster)
			p := books.players["alice"]
			if p.Holder != tt.holder(s) {
				t.Errorf("held by %q, want %q", p.Holder, tt.holder(s))
			}
			if tt.carried > 0 && !reflect.DeepEqual(p.Inventory, carrying(tt.carried)) {
				t.Errorf("he has %s", p.Blob)
			}
			if books.bus != tt.bus || books.accounts[s.b].Owed != tt.owed {
				t.Errorf("bus %d, owed %d; want %d and %d", books.bus, books.accounts[s.b].Owed, tt.bus, tt.owed)
			}
		})
	}
}

func TestWipedGoodsPayWhatTheyOwe(t *testing.T) {
	c := newCluster(t)
	c.join("a")
	b := c.join("b")
	token := c.enter("b", "alice").Token
	c.leave("b", "alice", token, carrying(70))
	c.enter("a", "alice")
	assign, _ := c.bindPlayers("b", b, nil, holds("alice", token))
	if want := []string{"alice"}; !reflect.DeepEqual(assign.Wipe, want) {
		t.Fatalf("wipe %+v", assign.Wipe)
	}
	c.totals("b", rec(iron, 70, 0, 0))
	s := newSheet()
	s.take(c)
	if s.bus != 0 || s.accounts[b].Owed != 0 {
		t.Errorf("bus %d, %+v", s.bus, s.accounts[b])
	}
}

// The ledger is restored from a backup older than what worlds say of players.
func TestRestoredLedgerBelievesNewerTokens(t *testing.T) {
	older := func(t *testing.T) (*cluster, ledger.World, ledger.World, ledger.Token) {
		c := newCluster(t)
		a, b := c.join("a"), c.join("b")
		c.leave("a", "alice", c.enter("a", "alice").Token, carrying(50))
		token := c.enter("a", "alice").Token
		return c, a, b, ledger.Token{Incarnation: token.Incarnation, Number: token.Number + 7}
	}
	t.Run("held by a world that the books know nothing of", func(t *testing.T) {
		c, a, b, newer := older(t)
		was := c.epoch["a"]
		assign, replies := c.bindPlayers("b", b, passed(0, 50), holds("alice", newer))
		if len(assign.Wipe) > 0 {
			t.Errorf("wipe %+v", assign.Wipe)
		}
		if want := (ledger.Fenced{Slot: "a", Epoch: was}); !reflect.DeepEqual(replies[0], want) {
			t.Errorf("the older holder is told %+v", replies)
		}
		if _, err := c.state.Apply(ledger.Totals{Slot: "a", Epoch: was}); !errors.Is(err, ledger.ErrStale) {
			t.Errorf("the older holder goes on: %v", err)
		}
		assign, _ = c.bindPlayers("a", a, passed(50, 50), holds("alice", ledger.Token{Incarnation: newer.Incarnation, Number: 2}))
		if len(assign.Wipe) != 1 {
			t.Errorf("the older copy stays: %+v", assign)
		}
		c.away("a", "alice", b)
		c.leave("b", "alice", newer, carrying(50))
		if token := c.enter("b", "alice").Token; token.Number <= newer.Number {
			t.Errorf("token %s was issued after %s was seen", token, newer)
		}
	})
	t.Run("handed over by a world that the books know nothing of", func(t *testing.T) {
		c, _, b, newer := older(t)
		was := c.epoch["a"]
		_, replies := c.bindPlayers("b", b, passed(60, 50), handsOver("alice", newer, carrying(60)))
		if want := (ledger.Fenced{Slot: "a", Epoch: was}); !reflect.DeepEqual(replies[0], want) {
			t.Errorf("the older holder is told %+v", replies)
		}
		if in := c.enter("b", "alice"); !reflect.DeepEqual(in.Inventory, carrying(60)) {
			t.Errorf("he has %s", in.Blob)
		}
	})
	t.Run("a player whom the books do not know", func(t *testing.T) {
		c, _, b, newer := older(t)
		if assign, _ := c.bindPlayers("b", b, passed(0, 0), holds("Bob", newer)); len(assign.Wipe) > 0 {
			t.Errorf("wipe %+v", assign.Wipe)
		}
		c.leave("b", "bob", newer, carrying(5))
	})
}

func TestNewIdentityHoldsNobody(t *testing.T) {
	for _, of := range []string{"L1", "", "other"} {
		c := newCluster(t)
		a := c.join("a")
		token := c.enter("a", "alice").Token
		c.leave("a", "alice", token, carrying(40))
		token = c.enter("a", "alice").Token
		c.open("b")
		m := ledger.Bound{
			Slot: "b", Epoch: c.epoch["b"], Ledger: of, World: a, NewWorld: "copy",
			Players: ledger.Players{Totals: passed(40, 40), States: []ledger.Player{holds("alice", token)}},
		}
		want := ledger.Assign{Slot: "b", Epoch: c.epoch["b"], Ledger: "L1", World: "copy", Fresh: true, Void: of == "L1"}
		for range 2 {
			if got := c.do(m); !reflect.DeepEqual(got, []ledger.Reply{want}) {
				t.Errorf("of %q: assigned %+v, want %+v", of, got, want)
			}
		}
		c.away("b", "alice", a)
	}
}

func TestReleasedWorldGivesPlayersBack(t *testing.T) {
	c := newCluster(t)
	a, other := c.join("a"), c.join("b")
	token := c.enter("a", "alice").Token
	c.leave("a", "alice", token, carrying(40))
	token = c.enter("a", "alice").Token
	c.bind("a", "", "somethingElse")
	if in := c.enter("b", "alice"); !reflect.DeepEqual(in.Inventory, carrying(40)) {
		t.Errorf("he has %s", in.Blob)
	}
	// It comes back: he had 30 of the 40 left, and is elsewhere.
	assign, _ := c.bindPlayers("c", a, passed(40, 40), holds("alice", token))
	if len(assign.Wipe) != 1 {
		t.Errorf("assigned %+v", assign)
	}
	c.totals("c", rec(iron, 30, 0, 0))
	s := newSheet()
	s.take(c)
	if s.accounts[a].Owed != 10 || s.accounts[other].IP != 40 {
		t.Errorf("%+v", s.accounts)
	}
}

func TestReclaim(t *testing.T) {
	c := newCluster(t)
	c.join("a")
	try := func(name string) error {
		_, err := c.state.Apply(ledger.Reclaim{Name: name})
		return err
	}
	if err := try("nobody"); !errors.Is(err, ledger.ErrInvalid) {
		t.Errorf("an unknown player: %v", err)
	}
	token := c.enter("a", "alice").Token
	if err := try("alice"); !errors.Is(err, ledger.ErrOrder) {
		t.Errorf("from a world that runs: %v", err)
	}
	c.leave("a", "alice", token, carrying(40))
	if err := try("alice"); !errors.Is(err, ledger.ErrOrder) {
		t.Errorf("from the ledger: %v", err)
	}
	c.enter("a", "alice")
	c.do(ledger.Closed{Slot: "a", Epoch: c.epoch["a"]})
	c.do(ledger.Reclaim{Name: "Alice"})
	c.join("b")
	if in := c.enter("b", "alice"); !reflect.DeepEqual(in.Inventory, carrying(40)) {
		t.Errorf("he has %s", in.Blob)
	}
}

// What was sent to a world where nobody asks any more is sent again when another world asks, so that it comes back.
func TestLostDeliveryIsSentAgain(t *testing.T) {
	c := newCluster(t)
	a := c.join("a")
	c.join("b")
	in := c.enter("a", "alice")
	if again := c.away("b", "alice", a); !reflect.DeepEqual(again, []ledger.Reply{in}) {
		t.Errorf("sent %+v, want %+v", again, in)
	}
	if got := c.do(ledger.Truth{Slot: "a", Epoch: c.epoch["a"], Players: &ledger.Players{}}); !reflect.DeepEqual(got, []ledger.Reply{in}) {
		t.Errorf("a report without him is answered %+v, want %+v", got, in)
	}
	c.do(ledger.Closed{Slot: "a", Epoch: c.epoch["a"]})
	if again := c.away("b", "alice", a); len(again) > 0 {
		t.Errorf("sent to a world that does not run: %+v", again)
	}
}
