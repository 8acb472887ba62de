package supervisor

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mainbus/hostagent/internal/disk"
	"mainbus/transport/local"
)

const (
	callTime = 15 * time.Second
	killTime = 3 * time.Second // for a supervisor to kill its game
)

// Game is a game that runs under a supervisor in this or an earlier life of the agent. It holds nothing that needs
// closing: whoever forgets it leaves the game alone.
type Game struct {
	dir  string
	spec Spec
	run  Run
}

// Start starts the game that spec describes under a supervisor of its own, for which self (this program's
// executable) is run as `self supervise dir`. It returns when the game's process exists. An end of ctx before that
// gives up waiting; the game may still come to run then and is found by Attach.
//
// Where systemd can be reached it happens in the scope that spec names, else in a control group of that name where one can be made, else
// in a session of its own.
func Start(ctx context.Context, dir string, spec Spec, self string) (*Game, error) {
	return startIn(ctx, dir, spec, self, inScope(spec))
}

// startIn starts by a command that runs the supervisor in a scope, and without if that fails, or there is none.
func startIn(ctx context.Context, dir string, spec Spec, self string, scope []string) (*Game, error) {
	if len(scope) > 0 {
		g, err := startBy(ctx, dir, spec, append(slices.Clone(scope), self, "supervise", dir))
		if err == nil || ctx.Err() != nil || !errors.Is(err, errEndedAtOnce) {
			return g, err
		}
		said, _ := os.ReadFile(filepath.Join(dir, logFile)) // without it the reason is not known
		spec.Unscoped = "systemd made no scope: " + strings.TrimSpace(string(said[:min(len(said), 500)]))
	}
	own, release, err := makeGroup(spec)
	if err != nil {
		spec.GroupTrouble = err.Error()
	}
	defer release()
	own.enter(&spec)
	spec.Scope = ""
	return startBy(ctx, dir, spec, []string{self, "supervise", dir})
}

var errEndedAtOnce = errors.New("its supervisor ended at once")

func startBy(ctx context.Context, dir string, spec Spec, argv []string) (*Game, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("start game: %w", err)
	}
	if err := disk.WriteJSON(filepath.Join(dir, specFile), spec); err != nil {
		return nil, fmt.Errorf("start game: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(dir, logFile), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start game: %w", err)
	}
	defer log.Close()
	readyRead, readyWrite, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start game: %w", err)
	}
	defer readyRead.Close()
	cmd, err := startDetached(func() *exec.Cmd {
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.Stdout, cmd.Stderr = readyWrite, log
		return cmd
	})
	readyWrite.Close()
	if err != nil {
		return nil, fmt.Errorf("start supervisor: %w", err)
	}
	go func() { // ends with the supervisor, which may outlast this program
		_ = cmd.Wait() // so that it leaves no zombie: how it ended is in its folder
		SweepGroups()
	}()

	stop := context.AfterFunc(ctx, func() { readyRead.Close() })
	defer stop()
	word, err := bufio.NewReader(io.LimitReader(readyRead, 4096)).ReadString('\n')
	switch word = strings.TrimSpace(word); {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("start game: %w", context.Cause(ctx))
	case err != nil:
		return nil, fmt.Errorf("start game: %w, see %s", errEndedAtOnce, filepath.Join(dir, logFile))
	case word != readyWord:
		return nil, fmt.Errorf("start game: %s", word)
	}
	return Attach(dir)
}

// Attach finds the game that runs in dir, or says ErrGone.
func Attach(dir string) (*Game, error) {
	g := &Game{dir: dir}
	conn, err := local.Dial(context.Background(), g.path(socketFile))
	if errors.Is(err, local.ErrNobody) {
		return nil, ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("attach to game: %w", err)
	}
	conn.Close()
	if err := disk.ReadJSON(g.path(specFile), &g.spec); err != nil {
		return nil, fmt.Errorf("attach to game: %w", err)
	}
	if err := disk.ReadJSON(g.path(runFile), &g.run); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, ErrGone
		}
		return nil, fmt.Errorf("attach to game: %w", err)
	}
	return g, nil
}

func (g *Game) path(name string) string { return filepath.Join(g.dir, name) }

// Spec returns what the game was started with.
func (g *Game) Spec() Spec { return g.spec }

// Run returns the processes and the offset of the first output of this run.
func (g *Game) Run() Run { return g.run }

// Exit tells how the game ended; ErrLost when nothing is known about that. It is of use after a Tail said io.EOF.
func (g *Game) Exit() (Exit, error) {
	exit, err := LastExit(g.dir)
	if errors.Is(err, os.ErrNotExist) {
		return Exit{}, ErrLost
	}
	return exit, err
}

// Interrupt asks the game to save and to end.
func (g *Game) Interrupt(ctx context.Context) error { return g.call(ctx, "signal interrupt") }

// Kill ends the game at once, without a save. A supervisor that does not answer is passed over.
func (g *Game) Kill(ctx context.Context) error {
	asked, cancel := context.WithTimeout(ctx, killTime)
	defer cancel()
	err := g.call(asked, "signal kill")
	if err == nil || errors.Is(err, ErrGone) || !alive(g.run) {
		return err
	}
	if err := killProcess(g.run.PID); err != nil {
		return fmt.Errorf("kill the game: %w", err)
	}
	return nil
}

// Stdin types a line on the game's own console.
func (g *Game) Stdin(ctx context.Context, line string) error {
	if len(line) > MaxLine || strings.ContainsAny(line, "\r\n\x00") {
		return errors.New("write to the game's console: not one line")
	}
	return g.call(ctx, "stdin "+line)
}

func (g *Game) call(ctx context.Context, request string) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	conn, err := g.dial(ctx, request)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	answer, err := bufio.NewReader(io.LimitReader(conn, 4096)).ReadString('\n')
	switch answer = strings.TrimSpace(answer); {
	case ctx.Err() != nil:
		return fmt.Errorf("ask the game's supervisor: %w", context.Cause(ctx))
	case err != nil:
		return ErrGone
	case answer != ok:
		return errors.New(answer)
	}
	return nil
}

func (g *Game) dial(ctx context.Context, request string) (net.Conn, error) {
	conn, err := local.Dial(ctx, g.path(socketFile))
	if errors.Is(err, local.ErrNobody) {
		return nil, ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("ask the game's supervisor: %w", err)
	}
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetWriteDeadline(deadline)
	}
	if _, err := io.WriteString(conn, request+"\n"); err != nil {
		conn.Close()
		return nil, ErrGone
	}
	return conn, nil
}

// Tail reads a game's output line by line. It is used by one goroutine.
type Tail struct {
	conn  net.Conn
	from  *bufio.Reader
	lines Lines
	chunk []byte
	stop  func() bool
}

// Tail returns the output from offset on: first what the ring still has of it, then what comes. It ends with ctx.
func (g *Game) Tail(ctx context.Context, offset uint64) (*Tail, error) {
	conn, err := g.dial(ctx, fmt.Sprintf("tail %d", offset))
	if err != nil {
		return nil, err
	}
	t := &Tail{conn: conn, from: bufio.NewReaderSize(conn, 32<<10)}
	t.lines.Add(nil, offset)
	t.stop = context.AfterFunc(ctx, func() { conn.Close() })
	return t, nil
}

// Next returns the next line as soon as it was printed. io.EOF says that there will be no more: the game has ended,
// or its supervisor has, or ctx has.
func (t *Tail) Next() (Line, error) {
	for {
		if line, ok := t.lines.Next(); ok {
			return line, nil
		}
		if err := t.read(); err != nil {
			return Line{}, io.EOF
		}
	}
}

// read takes one frame, which the supervisor writes in one piece.
func (t *Tail) read() error {
	var header [frameHeader]byte
	if _, err := io.ReadFull(t.from, header[:]); err != nil {
		return err
	}
	size := binary.LittleEndian.Uint32(header[8:])
	if size > maxWrite {
		return errors.New("frame too large")
	}
	if t.chunk == nil {
		t.chunk = make([]byte, maxWrite)
	}
	if _, err := io.ReadFull(t.from, t.chunk[:size]); err != nil {
		return err
	}
	t.lines.Add(t.chunk[:size], binary.LittleEndian.Uint64(header[:]))
	return nil
}

// Close ends the tail, also from another goroutine.
func (t *Tail) Close() {
	t.stop()
	t.conn.Close()
}

// EndOrphan ends a game whose supervisor is gone: it can no longer be heard, and its lock keeps the next one out. The
// game is asked to save first and killed when it has not ended within patience. Without such a game it does nothing.
func EndOrphan(ctx context.Context, dir string, patience time.Duration) error {
	var run Run
	path := filepath.Join(dir, runFile)
	if err := disk.ReadJSONIfAny(path, &run); err != nil || run.PID == 0 {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for asked := false; alive(run); asked = true {
		if !asked {
			interruptProcess(run.PID)
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return fmt.Errorf("end a game without supervisor: %w", context.Cause(ctx))
			}
			if err := killProcess(run.PID); err != nil && alive(run) {
				return fmt.Errorf("end a game without supervisor: %w", err)
			}
			return removeIfAny(path)
		case <-time.After(50 * time.Millisecond): // it is no child of ours: there is nothing to wait on
		}
	}
	return removeIfAny(path)
}

// KillOrphan ends a game whose supervisor is gone at once, without a save. ErrGone says that there is none.
func KillOrphan(dir string) error {
	var run Run
	if err := disk.ReadJSONIfAny(filepath.Join(dir, runFile), &run); err != nil {
		return err
	}
	if run.PID == 0 || !alive(run) {
		return ErrGone
	}
	if err := killProcess(run.PID); err != nil && alive(run) {
		return fmt.Errorf("kill a game without supervisor: %w", err)
	}
	return nil
}

// LastSpec returns what the last game in dir was started with, fs.ErrNotExist if there was none.
func LastSpec(dir string) (Spec, error) {
	var spec Spec
	err := disk.ReadJSON(filepath.Join(dir, specFile), &spec)
	return spec, err
}

// LastRun returns the processes of a run whose end nobody has written down, zero if there is none. They may be gone.
func LastRun(dir string) (Run, error) {
	var run Run
	return run, disk.ReadJSONIfAny(filepath.Join(dir, runFile), &run)
}

// Orphaned tells whether there is something for EndOrphan to end, where Attach has said that no supervisor runs.
func Orphaned(dir string) bool {
	var run Run
	err := disk.ReadJSONIfAny(filepath.Join(dir, runFile), &run)
	return err != nil || run.PID != 0 && alive(run)
}

func alive(run Run) bool {
	started, err := processStart(run.PID)
	return err == nil && started == run.Started
}
