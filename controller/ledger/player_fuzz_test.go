package ledger_test

import (
	"fmt"
	"testing"

	"mainbus/controller/ledger"
)

// liar says anything of players that a broken or forged world could say, as bytes decide.
type liar struct {
	data   []byte
	tokens []ledger.Token // that were ever issued
	epochs map[ledger.Slot]ledger.Epoch
	worlds []ledger.World
}

func (l *liar) pick(n int) int {
	if len(l.data) == 0 {
		return 0
	}
	b := l.data[0]
	l.data = l.data[1:]
	return int(b) % n
}

func (l *liar) count() int64 {
	return [...]int64{0, 1, 7, 1_600_000, 1 << 32, 1<<32 + 1, 1 << 53, 1<<53 + 1, -1, 1 << 62}[l.pick(10)]
}

func (l *liar) item() ledger.Item {
	return [...]ledger.Item{iron, {Name: "copper-plate", Quality: "normal"}, {Name: "water"}, {}}[l.pick(4)]
}

func (l *liar) name() string { return [...]string{"alice", "ALICE", "bob", ""}[l.pick(4)] }

func (l *liar) token() ledger.Token {
	t := l.tokens[l.pick(len(l.tokens))]
	t.Number += int64(l.pick(5)) - 2
	t.Incarnation += [...]int64{0, 0, 0, 1, -1, 1 << 33}[l.pick(6)]
	return t
}

func (l *liar) inventory() (inv ledger.Inventory) {
	for range l.pick(3) {
		inv.Items = append(inv.Items, ledger.Count{Item: l.item(), N: l.count()})
	}
	inv.Blob = make([]byte, l.pick(3))
	return inv
}

func (l *liar) players() (p ledger.Players) {
	for range l.pick(3) {
		p.Totals = append(p.Totals, ledger.Passage{Item: l.item(), EP: l.count(), IP: l.count()})
	}
	for range l.pick(3) {
		p.States = append(p.States, ledger.Player{Name: l.name(), Token: l.token(), Left: l.pick(2) == 1, Inventory: l.inventory()})
	}
	return p
}

func (l *liar) message() ledger.Message {
	slot := [...]ledger.Slot{"a", "b", "c"}[l.pick(3)]
	epoch := l.epochs[slot]
	switch l.pick(12) {
	case 0:
		return ledger.Open{Slot: slot}
	case 1, 2, 3:
		return ledger.Bound{
			Slot: slot, Epoch: epoch, Ledger: [...]string{"L1", "", "x"}[l.pick(3)], World: l.worlds[l.pick(len(l.worlds))],
			NewWorld: ledger.World(fmt.Sprint("n", len(l.data))), Players: l.players(), Tick: int64(l.pick(3)) << 12,
			Totals: []ledger.Record{rec(iron, l.count(), l.count(), l.count())},
		}
	case 4, 5:
		return ledger.PlayerJoin{Slot: slot, Epoch: epoch, Name: l.name()}
	case 6, 7:
		return ledger.PlayerOut{Slot: slot, Epoch: epoch, Name: l.name(), Token: l.token(), Inventory: l.inventory()}
	case 8:
		p := l.players()
		return ledger.Truth{Slot: slot, Epoch: epoch, Players: &p}
	case 9:
		return ledger.Reclaim{Name: l.name()}
	case 10:
		return ledger.SetInventory{Name: l.name(), Inventory: l.inventory()}
	}
	return ledger.Renamed{
		Slot: slot, Epoch: epoch, Ledger: "L1", World: l.worlds[l.pick(len(l.worlds))],
		Renames: []ledger.Rename{{Old: l.item(), New: l.item()}},
	}
}

// Whatever worlds say, the books add up, the bus is not negative, and a refused message changes nothing.
func FuzzLiesAboutPlayers(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x06\x00\x00\x02\x02\x00\x01\x00\x02\x00"))
	f.Add([]byte("a0b1c2d3e4f5g6h7i8j9k0l1m2n3o4p5q6r7s8t9u0v1w2x3y4z5"))
	f.Fuzz(func(t *testing.T, data []byte) {
		state, err := ledger.New(ledger.Books{Ledger: "L1"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := state.Apply(ledger.Begin{UnixSeconds: 1_000}); err != nil {
			t.Fatal(err)
		}
		l := &liar{
			data: data, epochs: map[ledger.Slot]ledger.Epoch{}, worlds: []ledger.World{"w1", "w2"},
			tokens: []ledger.Token{{Incarnation: 1_000, Number: 1}},
		}
		for len(l.data) > 0 {
			state.Take()
			m := l.message()
			replies, err := state.Apply(m)
			if changed := state.Take(); err != nil && !changed.Empty() {
				t.Fatalf("%+v was refused (%v) and changed %+v", m, err, changed)
			}
			if wrong := state.Audit(); len(wrong) > 0 {
				t.Fatalf("after %+v: %v", m, wrong)
			}
			for _, r := range replies {
				switch r := r.(type) {
				case ledger.Run:
					l.epochs[r.Slot] = r.Epoch
				case ledger.Assign:
					l.worlds = append(l.worlds, r.World)
				case ledger.PlayerIn:
					l.tokens = append(l.tokens, r.Token)
				}
			}
		}
	})
}
