package supervisor

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func startGame(t *testing.T, dir string, ring uint64, args ...string) *Game {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	g, err := Start(ctx, dir, Spec{Argv: append([]string{self, "game"}, args...), RingBytes: ring}, self)
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, logFile))
		t.Fatalf("%v\n%s", err, log)
	}
	t.Cleanup(func() { // leave nothing running
		ctx := context.Background()
		g.Kill(ctx)
		if tail, err := g.Tail(ctx, 0); err == nil {
			readAll(tail)
		}
		waitGone(t, g.run.Supervisor)
	})
	return g
}

func waitGone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if _, err := processStart(pid); err != nil {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("process %d is still there", pid)
			return
		}
	}
}

func readAll(tail *Tail) []Line {
	defer tail.Close()
	var lines []Line
	for {
		line, err := tail.Next()
		if err != nil {
			return lines
		}
		lines = append(lines, line)
	}
}

func tailFrom(t *testing.T, g *Game, offset uint64) *Tail {
	t.Helper()
	tail, err := g.Tail(t.Context(), offset)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tail.Close)
	return tail
}

func TestEveryLineComesOnceAndInOrderThroughReattachments(t *testing.T) {
	const lines = 3000
	dir := t.TempDir()
	g := startGame(t, dir, 0, "count", strconv.Itoa(lines), "100us", "0")
	var offset uint64
	next := 0
	for round := 0; next < lines; round++ {
		if round > 0 && round < 8 { // a new life of the agent
			var err error
			if g, err = Attach(dir); err != nil {
				t.Fatal(err)
			}
		}
		tail := tailFrom(t, g, offset)
		for n := 0; n < 400 && next < lines; n++ {
			line, err := tail.Next()
			if err != nil {
				t.Fatalf("line %d: %v", next, err)
			}
			if want := fmt.Sprintf("line %d", next); line.Text != want || line.Offset != offset || line.Gap {
				t.Fatalf("got %+v, want %q at %d", line, want, offset)
			}
			offset = line.End
			next++
		}
		tail.Close()
	}
}

// Twenty agents, processes of their own, are killed in the middle of it; what reads from them goes on where the last whole line ended.
func TestEveryLineComesOnceAndInOrderThroughTwentyKilledAgents(t *testing.T) {
	const lines, rate, kills, code = 4000, 1000, 20, 3
	dir := t.TempDir()
	g := startGame(t, dir, 0, "steady", strconv.Itoa(lines), strconv.Itoa(rate), strconv.Itoa(code))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var offset uint64
	next, killed := 0, 0
	for agent := 0; next < lines; agent++ {
		watch := exec.Command(self, "watch", dir, strconv.FormatUint(offset, 10))
		out, err := watch.StdoutPipe()
		if err == nil {
			err = watch.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		read := bufio.NewReader(out)
		for seen := 0; ; seen++ {
			if seen == lines/(kills+5) && killed < kills {
				watch.Process.Kill() // what it has said since is not taken, and asked for again
				killed++
				break
			}
			text, err := read.ReadString('\n')
			if err != nil { // what was cut off in the middle is asked for again
				break
			}
			if want := fmt.Sprintf(" false line %d\n", next); !strings.HasSuffix(text, want) {
				t.Fatalf("agent %d: got %q, want %q", agent, text, want)
			}
			if offset, err = strconv.ParseUint(text[:strings.IndexByte(text, ' ')], 10, 64); err != nil {
				t.Fatal(err)
			}
			next++
		}
		watch.Wait() // it was killed, or the game has ended
		if agent > 2*kills {
			t.Fatalf("agent %d: %d lines", agent, next)
		}
	}
	if killed != kills {
		t.Errorf("%d agents were killed", killed)
	}
	waitGone(t, g.run.Supervisor)
	if exit, err := LastExit(dir); err != nil || exit.Code != code {
		t.Errorf("exit %+v, %v", exit, err)
	}
}

func TestExitIsRecordedWhileNobodyWatches(t *testing.T) {
	dir := t.TempDir()
	g := startGame(t, dir, 0, "count", "10", "0s", "7")
	waitGone(t, g.run.Supervisor)
	if _, err := Attach(dir); !errors.Is(err, ErrGone) {
		t.Fatalf("Attach after the end: %v, want ErrGone", err)
	}
	exit, err := LastExit(dir)
	if err != nil || exit.Code != 7 || exit.Offset != 70 {
		t.Fatalf("exit %+v, %v; want code 7 at offset 70", exit, err)
	}
	if _, err := os.Stat(filepath.Join(dir, runFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("run.json outlived the run: %v", err)
	}
	got := make([]byte, 1000)
	n, at, end, err := ReadOutput(dir, got, 7)
	if err != nil || at != 7 || end != 70 || !strings.HasPrefix(string(got[:n]), "line 1\n") {
		t.Errorf("output of a game that has ended: %q at %d of %d, %v", got[:n], at, end, err)
	}
}

func TestInterruptAndKill(t *testing.T) {
	killed := Exit{Code: -1, Signal: "killed"}
	if runtime.GOOS == "windows" {
		killed = Exit{Code: 1} // it knows no signals
	}
	for _, test := range []struct {
		name string
		end  func(*Game, context.Context) error
		want Exit
		last string
	}{
		{"interrupt saves and ends", (*Game).Interrupt, Exit{Code: 0}, "interrupted, saving"},
		{"kill ends at once", (*Game).Kill, killed, "echo is ready"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := startGame(t, t.TempDir(), 0, "echo")
			tail := tailFrom(t, g, 0)
			if line, err := tail.Next(); err != nil || line.Text != "echo is ready" {
				t.Fatalf("%+v, %v", line, err)
			}
			if _, err := g.Exit(); !errors.Is(err, ErrLost) {
				t.Errorf("Exit of a running game: %v", err)
			}
			if err := test.end(g, t.Context()); err != nil {
				t.Fatal(err)
			}
			if rest := readAll(tail); len(rest) > 0 && rest[len(rest)-1].Text != test.last {
				t.Errorf("last lines %+v, want %q", rest, test.last)
			}
			exit, err := g.Exit()
			if err != nil || exit.Code != test.want.Code || exit.Signal != test.want.Signal {
				t.Errorf("exit %+v, %v; want %+v", exit, err, test.want)
			}
			if err := g.Kill(t.Context()); !errors.Is(err, ErrGone) {
				t.Errorf("Kill after the end: %v, want ErrGone", err)
			}
		})
	}
}

func TestStdinReachesTheGame(t *testing.T) {
	g := startGame(t, t.TempDir(), 0, "echo")
	if err := g.Stdin(t.Context(), "hello there"); err != nil {
		t.Fatal(err)
	}
	tail := tailFrom(t, g, g.Run().Offset)
	tail.Next()
	if line, err := tail.Next(); err != nil || line.Text != "hello there" {
		t.Fatalf("%+v, %v", line, err)
	}
	if err := g.Stdin(t.Context(), "two\nlines"); err == nil {
		t.Error("two lines were accepted as one")
	}
}

// A reader that stops reading must not keep the game from going on, and learns what it missed.
func TestSlowReaderNeverBlocksTheGameAndSeesAGap(t *testing.T) {
	const lines, ringBytes = 300_000, 256 << 10
	g := startGame(t, t.TempDir(), ringBytes, "count", strconv.Itoa(lines), "0s", "0")
	slow := tailFrom(t, g, 0)
	if line, err := slow.Next(); err != nil || (line.Text != "line 0" && !line.Gap) {
		t.Fatalf("%+v, %v", line, err)
	}
	fast := readAll(tailFrom(t, g, 0)) // returns when the game has ended: it did not wait for the slow one
	if last := fast[len(fast)-1]; last.Text != fmt.Sprintf("line %d", lines-1) {
		t.Fatalf("last line %+v", last)
	}
	rest := readAll(slow)
	gaps := 0
	for _, line := range rest {
		if line.Gap {
			gaps++
		}
		if n, err := strconv.Atoi(strings.TrimPrefix(line.Text, "line ")); err != nil || n < 0 || n >= lines {
			t.Fatalf("%+v is no whole line", line)
		}
	}
	if gaps == 0 || rest[len(rest)-1].Text != fmt.Sprintf("line %d", lines-1) {
		t.Errorf("%d gaps in %d lines, last %+v", gaps, len(rest), rest[len(rest)-1])
	}
}

func TestNextRunGoesOnWithTheOffsets(t *testing.T) {
	dir := t.TempDir()
	first := startGame(t, dir, 0, "echo")
	play(t, first)                         // "echo is ready" and "interrupted, saving", 34 bytes
	second := startGame(t, dir, 0, "echo") // at once: the first supervisor may still be about to end
	if second.Run().Offset != 34 {
		t.Errorf("second run starts at %d, want 34", second.Run().Offset)
	}
	if lines := play(t, second); len(lines) != 4 || lines[3].Offset != 48 {
		t.Errorf("both runs: %+v", lines)
	}
}

// play ends a game that waits for it, and returns all that it and the games before it in its folder printed.
func play(t *testing.T, g *Game) (lines []Line) {
	t.Helper()
	tail := tailFrom(t, g, 0)
	for len(lines) == 0 || lines[len(lines)-1].Offset < g.Run().Offset { // its first line says that it is ready
		line, err := tail.Next()
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := g.Interrupt(t.Context()); err != nil {
		t.Fatal(err)
	}
	return append(lines, readAll(tail)...)
}

func TestStartTellsWhyItCouldNot(t *testing.T) {
	self, _ := os.Executable()
	_, err := Start(t.Context(), t.TempDir(), Spec{Argv: []string{"/no/such/game"}}, self)
	if err == nil || !strings.Contains(err.Error(), "/no/such/game") {
		t.Errorf("got %v", err)
	}
}

func TestGameWithoutSupervisorIsEnded(t *testing.T) {
	dir := t.TempDir()
	g := startGame(t, dir, 0, "echo")
	tail := tailFrom(t, g, 0)
	tail.Next()
	supervisor, err := os.FindProcess(g.run.Supervisor)
	if err != nil {
		t.Fatal(err)
	}
	if err := supervisor.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := tail.Next(); err != io.EOF {
		t.Fatalf("tail of a killed supervisor: %v", err)
	}
	waitGone(t, g.run.Supervisor)
	if _, err := g.Exit(); !errors.Is(err, ErrLost) {
		t.Errorf("Exit: %v, want ErrLost", err)
	}
	// The last threads of a killed process hold its socket for a moment.
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if _, err := Attach(dir); errors.Is(err, ErrGone) {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("Attach: %v, want ErrGone", err)
		}
	}
	if err := EndOrphan(t.Context(), dir, time.Minute); err != nil {
		t.Fatal(err)
	}
	waitGone(t, g.run.PID)
	if err := EndOrphan(t.Context(), dir, time.Second); err != nil {
		t.Errorf("without an orphan: %v", err)
	}
}

func TestEndOrphanSparesAnotherProcessOfTheSameNumber(t *testing.T) {
	dir := t.TempDir()
	g := startGame(t, dir, 0, "echo")
	run := fmt.Sprintf(`{"pid": %d, "started": "long ago"}`, g.run.PID)
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, runFile), []byte(run), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := EndOrphan(t.Context(), other, time.Second); err != nil {
		t.Fatal(err)
	}
	if !alive(g.run) {
		t.Error("the other process was ended")
	}
}

func TestLatencyFromGameToReader(t *testing.T) {
	g := startGame(t, t.TempDir(), 0, "echo")
	tail := tailFrom(t, g, 0)
	tail.Next()
	var took []time.Duration
	for range 200 {
		if err := g.Stdin(t.Context(), "stamp"); err != nil {
			t.Fatal(err)
		}
		line, err := tail.Next()
		now := time.Now().UnixNano()
		if err != nil {
			t.Fatal(err)
		}
		printed, err := strconv.ParseInt(line.Text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Duration(now-printed))
	}
	slices.Sort(took)
	t.Logf("printed to read: p50 %v, p99 %v", took[len(took)/2], took[len(took)*99/100])
	if took[len(took)/2] > 5*time.Millisecond { // a poll would show; a busy machine must not
		t.Errorf("median %v", took[len(took)/2])
	}
}

func TestLinesAreCutAndBounded(t *testing.T) {
	long := strings.Repeat("x", MaxLine+100)
	for _, test := range []struct {
		name   string
		chunks []string
		want   []Line
	}{
		{"several in one", []string{"a\nbb\r\n\nc"}, []Line{{0, 2, "a", false, false}, {2, 6, "bb", false, false}, {6, 7, "", false, false}}},
		{"one in several", []string{"a", "b", "c\nd\n"}, []Line{{0, 4, "abc", false, false}, {4, 6, "d", false, false}}},
		{"too long", []string{long, "yy\nz\n"}, []Line{{0, MaxLine + 103, long[:MaxLine], false, true}, {MaxLine + 103, MaxLine + 105, "z", false, false}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var lines Lines
			var got []Line
			var at uint64
			for _, chunk := range test.chunks {
				lines.Add([]byte(chunk), at)
				at += uint64(len(chunk))
				for line, ok := lines.Next(); ok; line, ok = lines.Next() {
					got = append(got, line)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %d lines %.200v", len(got), got)
			}
		})
	}
}

func TestLinesAfterAGapStartWithAWholeOne(t *testing.T) {
	var lines Lines
	lines.Add([]byte("first\nhal"), 0)
	if line, ok := lines.Next(); !ok || line.Text != "first" {
		t.Fatal(line, ok)
	}
	if line, ok := lines.Next(); ok {
		t.Fatal(line)
	}
	lines.Add([]byte("f\nwhole\n"), 1000)
	if line, ok := lines.Next(); !ok || line != (Line{1002, 1008, "whole", true, false}) {
		t.Errorf("got %+v %v", line, ok)
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\r\nc"), uint8(2), uint64(0))
	f.Fuzz(func(t *testing.T, data []byte, cut uint8, gap uint64) {
		var lines Lines
		at := uint64(0)
		for chunk := range slices.Chunk(data, int(cut)+1) {
			lines.Add(chunk, at)
			for line, ok := lines.Next(); ok; line, ok = lines.Next() {
				if len(line.Text) > MaxLine || strings.Contains(line.Text, "\n") {
					t.Fatalf("%q", line.Text)
				}
				if gap == 0 && !bytes.HasPrefix(data[line.Offset:], []byte(line.Text)) {
					t.Fatalf("%q does not stand at %d", line.Text, line.Offset)
				}
			}
			at += uint64(len(chunk)) + gap%1000
		}
	})
}
