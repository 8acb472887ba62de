package store

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mainbus/controller/ledger"
)

const (
	crashDir   = "MAINBUS_STORE_CRASH_DIR"
	crashSlots = 4
)

// crashChild stores exports as fast as it can and prints each that was acknowledged, until it is killed.
func crashChild(dir string) {
	s, err := Open(Config{Path: filepath.Join(dir, "controller.db"), Push: func(ledger.ForSlot) {}, Log: slog.Default()})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var group sync.WaitGroup
	var out sync.Mutex
	for n := range crashSlots {
		group.Go(func() {
			if err := export(s, ledger.Slot(fmt.Sprint("s", n)), func(e int64) {
				out.Lock()
				defer out.Unlock()
				fmt.Printf("%d %d\n", n, e)
			}); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		})
	}
	group.Wait()
}

// export binds a world at what the test says that it has and sends one item at a time.
func export(s *SQLite, slot ledger.Slot, stored func(e int64)) error {
	ctx := context.Background()
	e := int64(time.Now().UnixNano() >> 11) // more than in the round before: a save newer than the books
	replies, err := s.Apply(ctx, ledger.Open{Slot: slot})
	if err != nil {
		return err
	}
	epoch := replies[0].(ledger.Run).Epoch
	records := []ledger.Record{{Item: iron, E: e}}
	_, err = s.Apply(ctx, ledger.Bound{Slot: slot, Epoch: epoch, Ledger: s.Ledger(), World: ledger.World("w" + slot), Totals: records, Tick: ledger.MaxTick, NewWorld: "unused"})
	for err == nil {
		stored(e)
		e++
		_, err = s.Apply(ctx, ledger.Totals{Slot: slot, Epoch: epoch, Records: []ledger.Record{{Item: iron, E: e}}})
	}
	return err
}

// V1: what was acknowledged is on disk, however the program ends.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	dir := t.TempDir()
	for round := range 10 {
		acked, err := killedRound(dir)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		s := openStore(t, filepath.Join(dir, "controller.db"), nil)
		for n, want := range acked {
			var got int64
			err := s.readers.QueryRow(`SELECT e FROM account JOIN world ON world.id = account.world WHERE world.world = ?`,
				fmt.Sprint("ws", n)).Scan(&got)
			if want != 0 && (err != nil || got < want) {
				t.Errorf("round %d, slot %d: acknowledged %d, found %d, %v", round, n, want, got, err)
			}
		}
		if wrong := s.writer.state.Audit(); len(wrong) > 0 {
			t.Errorf("round %d: %v", round, wrong)
		}
		s.Close()
	}
}

// killedRound runs a child, kills it after a while and returns the last total that it acknowledged for each slot.
func killedRound(dir string) (acked [crashSlots]int64, err error) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return acked, err
	}
	if err := cmd.Start(); err != nil {
		return acked, err
	}
	r := bufio.NewReader(out)
	kill := sync.OnceFunc(func() { time.AfterFunc(rand.N(150*time.Millisecond), func() { cmd.Process.Kill() }) })
	lines := 0
	for {
		var slot int
		var e int64
		// A last line without its end was being printed; what it says was stored all the same.
		if _, err := fmt.Fscanf(r, "%d %d\n", &slot, &e); err != nil {
			break
		}
		acked[slot] = e
		lines++
		kill() // once it is at work
	}
	io.Copy(io.Discard, r)
	cmd.Wait() // that it was killed is no news
	if lines == 0 {
		return acked, fmt.Errorf("the child acknowledged nothing")
	}
	return acked, nil
}
