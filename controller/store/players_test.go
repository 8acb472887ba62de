package store

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"testing"

	"mainbus/controller/ledger"
)

var copper = ledger.Item{Name: "copper-plate", Quality: "rare"}

func inventory(n int64) ledger.Inventory {
	return ledger.Inventory{
		Blob:  fmt.Appendf(nil, "blob \x00 %d", n),
		Items: []ledger.Count{{Item: copper, N: n}, {Item: iron, N: 2 * n}},
	}
}

// enter lets a player in; what he has goes to whoever serves the slot.
func enter(t testing.TB, s *SQLite, pushed *grantLog, slot ledger.Slot, epoch ledger.Epoch, name string) ledger.PlayerIn {
	t.Helper()
	apply(t, s, ledger.PlayerJoin{Slot: slot, Epoch: epoch, Name: name})
	pushed.mu.Lock()
	defer pushed.mu.Unlock()
	if n := len(pushed.list); n > 0 {
		if in, ok := pushed.list[n-1].(ledger.PlayerIn); ok && in.Slot == slot && in.Epoch == epoch {
			return in
		}
	}
	t.Fatalf("%s was not let in", name)
	return ledger.PlayerIn{}
}

func leave(t testing.TB, s *SQLite, slot ledger.Slot, epoch ledger.Epoch, in ledger.PlayerIn, inv ledger.Inventory) {
	t.Helper()
	apply(t, s, ledger.PlayerOut{Slot: slot, Epoch: epoch, Name: in.Name, Token: in.Token, Inventory: inv})
}

// books reads what is stored, as the writer does when it starts.
func books(t testing.TB, s *SQLite) (b ledger.Books) {
	t.Helper()
	err := s.write(context.Background(), func(_ context.Context, conn *sql.Conn) (err error) {
		rows := rowWriter{conn: conn}
		b, err = rows.load(s.Ledger())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPlayersSurviveReopening(t *testing.T) {
	path := dbPath(t)
	var pushed grantLog
	s := openStore(t, path, pushed.add)
	a, b := join(t, s, "a"), join(t, s, "b")
	leave(t, s, "a", a, enter(t, s, &pushed, "a", a, "Alice"), inventory(7))
	alice := enter(t, s, &pushed, "b", b, "alice")
	leave(t, s, "a", a, enter(t, s, &pushed, "a", a, "Bob"), inventory(3))
	before := books(t, s)
	if len(before.Players) != 2 {
		t.Fatalf("players %+v", before.Players)
	}
	bob := before.Players[1]
	if bob.Name != "Bob" || bob.Holder != "" || !reflect.DeepEqual(bob.Inventory, inventory(3)) {
		t.Errorf("stored %+v", bob)
	}
	if p := before.Players[0]; p.Holder == "" || p.Token != alice.Token || !reflect.DeepEqual(p.Inventory, inventory(7)) {
		t.Errorf("stored %+v, delivered %+v", p, alice)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = openStore(t, path, pushed.add)
	after := books(t, s)
	before.Incarnation, after.Incarnation = 0, 0
	if !reflect.DeepEqual(before, after) {
		t.Errorf("after reopening %+v, before %+v", after, before)
	}
	c := join(t, s, "c")
	if in := enter(t, s, &pushed, "c", c, "BOB"); !reflect.DeepEqual(in.Inventory, inventory(3)) {
		t.Errorf("after reopening he has %+v", in.Inventory)
	}
	if wrong := s.writer.state.Audit(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

func TestWhoeverIsFencedIsTold(t *testing.T) {
	var pushed grantLog
	s := openStore(t, dbPath(t), pushed.add)
	epoch := join(t, s, "a")
	in := enter(t, s, &pushed, "a", epoch, "alice")
	other := apply(t, s, ledger.Open{Slot: "b"})[0].(ledger.Run).Epoch
	replies := apply(t, s, ledger.Bound{
		Slot: "b", Epoch: other, Ledger: s.Ledger(), World: "forgotten", NewWorld: "unused",
		Players: ledger.Players{States: []ledger.Player{{Name: "alice", Token: ledger.Token{Incarnation: in.Token.Incarnation, Number: 99}}}},
	})
	if len(replies) != 1 {
		t.Errorf("whoever bound a world is answered %+v", replies)
	}
	if want := (ledger.Fenced{Slot: "a", Epoch: epoch}); !reflect.DeepEqual(pushed.list[len(pushed.list)-1], want) {
		t.Errorf("told %+v, want %+v", pushed.list, want)
	}
}

func TestOldVersionsOfInventoriesAreDropped(t *testing.T) {
	var pushed grantLog
	s := openStore(t, dbPath(t), pushed.add)
	epoch := join(t, s, "a")
	for n := range int64(maxVersions + 3) {
		leave(t, s, "a", epoch, enter(t, s, &pushed, "a", epoch, "alice"), inventory(n+1))
	}
	leave(t, s, "a", epoch, enter(t, s, &pushed, "a", epoch, "bob"), inventory(1))
	all, err := s.PlayerVersions(context.Background(), "ALICE")
	if err != nil || len(all) != maxVersions {
		t.Fatalf("%d versions, %v; want %d", len(all), err, maxVersions)
	}
	for n, v := range all {
		want := inventory(int64(maxVersions + 3 - n))
		if !reflect.DeepEqual(v.Inventory, want) || v.At.IsZero() || v.World == "" || v.Token == (ledger.Token{}) {
			t.Errorf("version %d is %+v, want %s", n, v, want.Blob)
		}
	}
	if n := countRows(t, s, "player_version_item"); n != 2*(maxVersions+1) {
		t.Errorf("%d rows for items of versions", n)
	}
}
