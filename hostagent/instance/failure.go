package instance

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"mainbus/hostagent/factorio/diagnosis"
	"mainbus/hostagent/gamelink"
	"mainbus/hostagent/internal/disk"
	"mainbus/hostagent/supervisor"
	"mainbus/transport/wire"
)

const (
	lastLines    = 200
	lastBytes    = 256 << 10 // of output that is looked through for the last lines
	maxLineShown = 2 << 10   // bytes of a line in a report
)

// ending is the end of a game that nobody wanted, or a start that came to nothing.
type ending struct {
	note    note
	exit    supervisor.Exit
	err     error // why the exit is not known, or what kept the game from starting
	started bool  // there was a process
	overdue bool  // it was killed because it did not end in time
	trouble string
	lines   []string
	ran     time.Duration
}

func (e *ending) known() bool { return e.started && e.err == nil }

// clean tells an end that looks like a wanted one.
func (e *ending) clean() bool {
	return e.known() && e.exit.Code == 0 && e.exit.Signal == "" && !e.exit.Killed && e.trouble == ""
}

// faulty tells whether it speaks against starting the game again. A kill, from wherever it comes, is somebody's will.
func (e *ending) faulty() bool {
	outside := e.exit.Signal == "killed" && !e.exit.OutOfMemory
	return !e.clean() && !(e.known() && (e.exit.Killed || outside))
}

func (e *ending) cause() diagnosis.Cause {
	if !e.started {
		return diagnosis.StartFailed(e.err.Error())
	}
	return diagnosis.Of(diagnosis.Ending{
		Code: e.exit.Code, Signal: e.exit.Signal, Killed: e.exit.Killed, Overdue: e.overdue, OutOfMemory: e.exit.OutOfMemory, Lost: e.err != nil,
		Failure: e.trouble, Lines: e.lines,
	})
}

// report is what people get to see of it.
func (e *ending) report() *wire.Failure {
	c := e.cause()
	f := &wire.Failure{
		Id: c.ID, Cause: c.Summary, Meaning: c.Meaning, Advice: c.Advice, Decisive: c.Decisive,
		Exited: e.known(), Code: int32(e.exit.Code), Signal: e.exit.Signal, Killed: e.exit.Killed,
		AtMs: time.Now().UnixMilli(), RanMs: e.ran.Milliseconds(), Start: e.note.Number, Save: e.note.Save,
	}
	if e.known() {
		f.AtMs = e.exit.Time.UnixMilli()
	}
	if len(f.Cause) > maxLineShown {
		f.Cause = strings.ToValidUTF8(f.Cause[:maxLineShown], "")
	}
	for _, line := range e.lines {
		f.Last = append(f.Last, strings.ToValidUTF8(line[:min(len(line), maxLineShown)], "�"))
	}
	return f
}

// tailOf returns the last lines of a run's output, without those of the link.
func tailOf(dir string, start, end uint64) []string {
	_, _, printed, err := supervisor.ReadOutput(dir, nil, 0)
	if err != nil {
		return nil
	}
	end = min(end, printed)
	from := max(start, end-min(end, lastBytes))
	var cutter supervisor.Lines
	cutter.Add(nil, max(from, 1)-1) // so that a line that has begun before is left out
	if from == start {
		cutter = supervisor.Lines{}
	}
	var lines []string
	buffer := make([]byte, lastBytes)
	for from < end {
		n, at, _, err := supervisor.ReadOutput(dir, buffer, from)
		if err != nil || n == 0 {
			break
		}
		from = at + uint64(n)
		cutter.Add(buffer[:n-int(from-min(from, end))], at)
		for line, ok := cutter.Next(); ok; line, ok = cutter.Next() {
			if !strings.HasPrefix(line.Text, gamelink.Prefix) {
				lines = append(lines, line.Text)
			}
		}
		lines = lines[max(0, len(lines)-lastLines):]
	}
	return lines
}

// fail shows and keeps why a game does not run, and decides whether it is started again.
func (i *Instance) fail(e *ending) {
	report := e.report()
	v := i.restarts.next(i.want.GetSupervision(), time.Now(), fate{e.ran, e.clean(), e.faulty()}, rand.Float64())
	report.Next, report.Failures = v.words, uint32(len(i.restarts.failed))
	i.keepFailure(report)
	i.status, i.phase, i.cause = wire.State_STATE_FAILED, "", report.GetCause()
	if v.again {
		i.startAgain(v.delay)
		return
	}
	i.halted, i.cause = true, report.GetCause()+" "+v.words
	if e.clean() {
		i.status = wire.State_STATE_STOPPED
	}
}

// startAgain has reconcile start the game when the time has come.
func (i *Instance) startAgain(delay time.Duration) {
	i.retryAt = time.Now().Add(delay)
	i.retry = time.AfterFunc(delay, func() { i.post(func() { i.retry = stopTimer(i.retry) }) })
}

// endedBadly keeps what went wrong at an end that somebody wanted. The state stays: it is what was wanted.
func (i *Instance) endedBadly(e *ending) {
	if e.clean() || e.exit.Signal == "interrupt" { // that is how it was asked, before it was ready to save
		return
	}
	report := e.report()
	report.Next = "It stays stopped, as somebody wanted."
	i.keepFailure(report)
	if !e.exit.Killed || e.overdue { // else it is what somebody wanted
		i.remark = report.GetCause()
	}
}

func (i *Instance) keepFailure(f *wire.Failure) {
	text, err := protojson.MarshalOptions{Multiline: true}.Marshal(f)
	if err == nil {
		err = disk.Write(i.folder.failureFile(), text)
	}
	if err != nil {
		i.log.Error("can't keep why the game does not run", "err", err)
	}
	i.mu.Lock()
	i.failure = f
	i.mu.Unlock()
}

// Failure returns the newest failure, also one of an earlier life of the agent. The error wraps fs.ErrNotExist if there was none.
func (i *Instance) Failure() (*wire.Failure, error) {
	i.mu.Lock()
	f := i.failure
	i.mu.Unlock()
	if f != nil {
		return f, nil
	}
	text, err := disk.Read(i.folder.failureFile())
	if err == nil {
		f = &wire.Failure{}
		err = protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(text, f)
	}
	if err != nil {
		return nil, fmt.Errorf("read why the game did not run: %w", err)
	}
	return f, nil
}

// findUnseen looks for a game that ended while no agent watched.
func (i *Instance) findUnseen() {
	dir := i.folder.ours()
	e := &ending{started: true}
	exit, err := supervisor.LastExit(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		run, err := supervisor.LastRun(dir)
		if err != nil || run.PID == 0 {
			return
		}
		exit.Start, exit.Began = run.Offset, run.Began
		// Nobody was left to write down how it ended: the machine went down, or the supervisor was killed with the game.
		e.err = supervisor.ErrLost
		exit.Offset = 1<<64 - 1
		if err := supervisor.EndOrphan(i.ctx, dir, callTime); err != nil { // forgets it: it does not run
			i.log.Warn("can't forget a game that is gone", "err", err)
		}
	case err != nil, exit.Time.Equal(i.state.Ended):
		return
	}
	e.exit = exit
	if !exit.Began.IsZero() && e.err == nil {
		e.ran = exit.Time.Sub(exit.Began)
	}
	if spec, err := supervisor.LastSpec(dir); err == nil {
		e.note, _ = readNote(spec) // what is unknown is left out of the report
	}
	e.lines = tailOf(dir, exit.Start, exit.Offset)
	i.log.Info("the game ended while no agent ran", "exit", exit.String())
	i.bookUnseen(exit, e.err == nil)
	i.unseen = e
	i.rememberEnd(exit)
}

// rememberEnd keeps the next agent from taking this end for one that nobody saw.
func (i *Instance) rememberEnd(exit supervisor.Exit) {
	i.state.Ended = exit.Time
	if err := i.folder.writeState(i.state); err != nil {
		i.log.Warn("can't remember that the game has ended", "err", err)
	}
}
