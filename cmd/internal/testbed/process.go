package testbed

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A Process is one program of the cluster, started from the folder with the programs. What it prints goes to a log
// file and, line by line, to anybody who waits for a line.
type Process struct {
	Name string
	cmd  *exec.Cmd
	Done chan struct{} // closed when it has ended and its output is read

	mu    sync.Mutex
	lines []string // the last ones
	added chan struct{}
}

const keptLines = 200

func startProcess(dir, name, program string, args ...string) (*Process, error) {
	log, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p := &Process{Name: name, cmd: exec.Command(program, args...), Done: make(chan struct{}), added: make(chan struct{})}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		log.Close()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p.cmd.Stderr = p.cmd.Stdout
	if err := p.cmd.Start(); err != nil {
		log.Close()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go p.read(out, log)
	return p, nil
}

func (p *Process) read(out io.Reader, log *os.File) {
	defer close(p.Done)
	defer log.Close()
	scanner := bufio.NewScanner(out)
	for scanner.Scan() {
		fmt.Fprintln(log, scanner.Text())
		p.mu.Lock()
		p.lines = append(p.lines, scanner.Text())
		if len(p.lines) > keptLines {
			p.lines = p.lines[1:]
		}
		close(p.added)
		p.added = make(chan struct{})
		p.mu.Unlock()
	}
	_ = p.cmd.Wait() // that it ended is what matters; how is in its log
}

// WaitLine returns the first line that match accepts; it sees the lines from before the call too.
func (p *Process) WaitLine(ctx context.Context, match func(string) (string, bool)) (string, error) {
	for {
		p.mu.Lock()
		lines, added := p.lines, p.added
		p.mu.Unlock()
		for _, line := range lines {
			if found, ok := match(line); ok {
				return found, nil
			}
		}
		select {
		case <-added:
		case <-p.Done:
			return "", fmt.Errorf("%s ended: %s", p.Name, strings.Join(lines, " | "))
		case <-ctx.Done():
			return "", fmt.Errorf("wait for %s: %w", p.Name, context.Cause(ctx))
		}
	}
}

// PID is the process's number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill ends the process as a crash would and waits until it is gone.
func (p *Process) Kill() error {
	if err := p.cmd.Process.Kill(); err != nil {
		return fmt.Errorf("kill %s: %w", p.Name, err)
	}
	<-p.Done
	return nil
}

// Stop asks the process to end and kills it when it does not.
func (p *Process) Stop(patience time.Duration) {
	select {
	case <-p.Done:
		return
	default:
	}
	_ = p.cmd.Process.Signal(os.Interrupt) // a process that is gone already is what we want
	select {
	case <-p.Done:
	case <-time.After(patience):
		_ = p.Kill()
	}
}

// KillProcess is kill -9.
func KillProcess(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	defer p.Release()
	return p.Kill()
}

// Alive also works on Windows, where finding a process proves that it is there, and signals can't ask.
func Alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer p.Release()
	return runtime.GOOS == "windows" || p.Signal(syscall.Signal(0)) == nil
}
