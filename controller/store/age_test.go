package store

import (
	"testing"
	"testing/synctest"
	"time"

	"mainbus/controller/ledger"
)

func TestGoodsAgeByTheClock(t *testing.T) {
	path := dbPath(t)
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t, path, nil)
		apply(t, s, ledger.SetPolicy{Policy: ledger.Policy{Aging: true}})
		epoch := join(t, s, "a")
		apply(t, s, ledger.Totals{Slot: "a", Epoch: epoch, Records: []ledger.Record{{Item: iron, E: 10, ES: 10 * 1000}}})
		apply(t, s, ledger.Spoils{Slot: "a", Epoch: epoch, Items: []ledger.Spoil{{Item: iron, Ticks: 36_000}}})
		time.Sleep(3*time.Minute + time.Second)
		synctest.Wait()
		b, err := s.writer.rows.load(s.ledger)
		if err != nil || len(b.Bus) != 1 || b.Bus[0].Sum != 10*700 {
			t.Errorf("after three minutes of ten: %+v, %v", b.Bus, err)
		}
		apply(t, s, ledger.Spoils{Slot: "a", Epoch: epoch, Items: []ledger.Spoil{{Item: iron}}})
		if b, err := s.writer.rows.load(s.ledger); err != nil || len(b.Spoils) != 0 {
			t.Errorf("stands still, and stored is %+v, %v", b.Spoils, err)
		}
		s.Close()
	})
}
