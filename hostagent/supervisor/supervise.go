package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mainbus/hostagent/internal/disk"
	"mainbus/transport/local"
)

const (
	readyWord   = "ready"
	drainTime   = 5 * time.Second // for readers, after the game's end
	outputGrace = 2 * time.Second // for processes which the game forked and which hold its output open
	stdinTime   = 5 * time.Second // for a game that doesn't read its input
)

// Supervise starts the game that dir/spec.json names and returns when it has ended and its readers have had their
// time. The word "ready" on the line that goes to ready says that the game runs; anything else is why it does not.
func Supervise(dir string, ready io.Writer) error {
	stopIgnoring := ignoreSignals()
	defer stopIgnoring()
	s := &supervisor{dir: dir, done: make(chan struct{})}
	if err := s.start(); err != nil {
		fmt.Fprintln(ready, strings.ReplaceAll(err.Error(), "\n", " "))
		return err
	}
	fmt.Fprintln(ready, readyWord)
	return s.run()
}

type supervisor struct {
	dir      string
	ring     *ring
	listener net.Listener
	game     *exec.Cmd
	output   *os.File
	stdin    *os.File
	stdinMu  sync.Mutex
	began    time.Time
	started  uint64      // offset of its first output
	killed   atomic.Bool // because a client asked for it
	oomKills uint64      // of the whole system, before the game was started

	done    chan struct{}  // closed when the game has ended and everything is written down
	serving sync.WaitGroup // the accept loop and the clients
}

func (s *supervisor) start() (err error) {
	var spec Spec
	if err := disk.ReadJSON(filepath.Join(s.dir, specFile), &spec); err != nil {
		return fmt.Errorf("supervise game: %w", err)
	}
	if len(spec.Argv) == 0 {
		return errors.New("supervise game: no command given")
	}
	if spec.RingBytes == 0 {
		spec.RingBytes = RingBytes
	}
	// The door comes first: it also keeps a second supervisor out of this folder.
	if s.listener, err = local.Listen(filepath.Join(s.dir, socketFile)); err != nil {
		return fmt.Errorf("supervise game: %w", err)
	}
	if s.ring, err = openRing(s.dir, spec.RingBytes); err == nil {
		if err = removeIfAny(filepath.Join(s.dir, exitFile)); err == nil {
			err = s.startGame(spec)
		}
	}
	if err != nil {
		s.listener.Close()
		return fmt.Errorf("supervise game: %w", err)
	}
	return nil
}

func (s *supervisor) startGame(spec Spec) error {
	outRead, outWrite, err := os.Pipe()
	if err != nil {
		return err
	}
	defer outWrite.Close()
	inRead, inWrite, err := os.Pipe()
	if err != nil {
		outRead.Close()
		return err
	}
	defer inRead.Close()
	s.output, s.stdin = outRead, inWrite

	s.game = exec.Command(spec.Argv[0], spec.Argv[1:]...)
	s.game.Dir = spec.Dir
	s.game.Env = append(os.Environ(), spec.Env...)
	s.game.Stdin, s.game.Stdout, s.game.Stderr = inRead, outWrite, outWrite // one pipe keeps the lines in order
	detachGame(s.game)
	s.began, s.started, s.oomKills = time.Now(), s.ring.end, oomKills()
	var outside error
	if spec.Group != "" {
		if err := enterGroup(spec.Group); err != nil {
			outside = fmt.Errorf("go into a control group of its own: %w", err)
		}
	}
	trouble, err := startLimited(s.game, spec.Limits)
	if err != nil {
		outRead.Close()
		inWrite.Close()
		return err
	}
	run := Run{PID: s.game.Process.Pid, Supervisor: os.Getpid(), Offset: s.started, Began: s.began}
	if trouble = errors.Join(outside, trouble); trouble != nil {
		run.Trouble = trouble.Error()
	}
	if run.Started, err = processStart(run.PID); err == nil {
		if run.SupervisorStart, err = processStart(run.Supervisor); err == nil {
			err = disk.WriteJSON(filepath.Join(s.dir, runFile), run)
		}
	}
	if err != nil {
		killGame(s.game.Process)
		s.game.Wait()
		return err
	}
	return nil
}

func (s *supervisor) run() error {
	s.serving.Go(s.accept)
	copied := make(chan error, 1)
	go func() { copied <- s.copyOutput() }()

	waitErr := s.game.Wait() // its error is the exit state, read below
	grace := time.AfterFunc(outputGrace, func() { s.output.Close() })
	copyErr := <-copied
	grace.Stop()
	s.output.Close()

	exit := exitOf(s.game.ProcessState, waitErr)
	exit.Began, exit.Start, exit.Offset = s.began, s.started, s.ring.end
	exit.Killed, exit.OutOfMemory = s.killed.Load(), oomKills() > s.oomKills
	err := errors.Join(copyErr,
		disk.WriteJSON(filepath.Join(s.dir, exitFile), exit),
		removeIfAny(filepath.Join(s.dir, runFile)))
	// The readers learn of the end last: the next supervisor may be started at once and finds nothing of this one.
	close(s.done)
	s.listener.Close()
	s.ring.close()
	drained := make(chan struct{})
	go func() { s.serving.Wait(); close(drained) }()
	select {
	case <-drained:
	case <-time.After(drainTime): // the process ends: so do those who are still writing to somebody who doesn't read
	}
	return err
}

// copyOutput goes on when the disk does not take what comes: a game must never stand still for its log.
func (s *supervisor) copyOutput() error {
	buffer := make([]byte, maxWrite)
	var lost error
	for {
		n, err := s.output.Read(buffer)
		if n > 0 {
			if err := s.ring.append(buffer[:n]); err != nil {
				lost = err
			}
		}
		if err != nil {
			return lost // the game has closed its output
		}
	}
}

func exitOf(state *os.ProcessState, err error) Exit {
	exit := Exit{Code: -1, Time: time.Now()}
	if state == nil {
		exit.Signal = fmt.Sprint(err)
		return exit
	}
	exit.Code, exit.Signal = state.ExitCode(), exitSignal(state)
	return exit
}

func (s *supervisor) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			select {
			case <-s.done:
				return
			case <-time.After(100 * time.Millisecond): // out of descriptors, perhaps
				continue
			}
		}
		s.serving.Go(func() {
			defer conn.Close()
			s.serve(conn)
		})
	}
}

// signalGame passes on what a client asks for.
func (s *supervisor) signalGame(name string) error {
	switch name {
	case "interrupt":
		return s.interrupt()
	case "kill":
		s.killed.Store(true)
		if err := killGame(s.game.Process); !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		return nil // that is what was wanted
	}
	return fmt.Errorf("no signal %q", name)
}

func (s *supervisor) writeStdin(line string) error {
	s.stdinMu.Lock()
	defer s.stdinMu.Unlock()
	s.stdin.SetWriteDeadline(time.Now().Add(stdinTime)) // not every platform has it for pipes; then a write may wait
	if _, err := io.WriteString(s.stdin, line+"\n"); err != nil {
		return fmt.Errorf("write to the game's console: %w", err)
	}
	return nil
}

// ignoreSignals keeps the supervisor alive when a terminal or a service manager ends everything at once: it must
// outlast the game to tell how it ended. Signals that are caught, unlike ignored ones, are not passed on to the game.
func ignoreSignals() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	dropSignals(ctx)
	return cancel
}
