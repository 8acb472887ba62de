//go:build unix

package supervisor

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// Detach makes a command that is not started yet outlive the program that starts it, and its terminal.
func Detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
}

// startDetached starts what make returns so that it outlives this program.
func startDetached(make func() *exec.Cmd) (*exec.Cmd, error) {
	cmd := make()
	Detach(cmd)
	return cmd, cmd.Start()
}

// detachGame makes the game the leader of a process group: the savers that it forks are killed with it.
func detachGame(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// interrupt is what Ctrl+C is on the game's console: it saves and ends.
func (s *supervisor) interrupt() error { return s.game.Process.Signal(os.Interrupt) }

// killGame asks the process first, which knows whether its number may already belong to somebody else.
func killGame(p *os.Process) error {
	if err := p.Kill(); err != nil {
		return err
	}
	_ = killProcess(p.Pid) // whoever else is in its group; often nobody
	return nil
}

func interruptProcess(pid int) error { return syscall.Kill(pid, syscall.SIGINT) }

func killProcess(pid int) error { return syscall.Kill(-pid, syscall.SIGKILL) }

func exitSignal(state *os.ProcessState) string {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return status.Signal().String()
	}
	return ""
}

func dropSignals(ctx context.Context) {
	signals := make(chan os.Signal, 1) // nobody reads it: what doesn't fit is dropped too
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, func() { signal.Stop(signals) })
}
