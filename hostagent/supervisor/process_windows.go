package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/windows"
)

// Detach makes a command that is not started yet outlive the program that starts it: it has no console, and a process
// group that the other's Ctrl+C does not reach.
func Detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_NO_WINDOW, HideWindow: true,
	}
}

// startDetached starts what make returns so that it outlives this program, also where this program is in a job that ends everything in it
// (a tab of the terminal, a service): outside of the job if that lets go, else in it.
func startDetached(make func() *exec.Cmd) (*exec.Cmd, error) {
	cmd := make()
	Detach(cmd)
	cmd.SysProcAttr.CreationFlags |= windows.CREATE_BREAKAWAY_FROM_JOB
	err := cmd.Start()
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		cmd = make()
		Detach(cmd)
		err = cmd.Start()
	}
	return cmd, err
}

func detachGame(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// interrupt types what saves and ends the game: a process without a console can't be sent a Ctrl+C.
func (s *supervisor) interrupt() error { return s.writeStdin("/quit") }

func killGame(p *os.Process) error { return p.Kill() }

// interruptProcess can't be done from outside here.
func interruptProcess(int) error { return nil }

func killProcess(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Kill()
}

func exitSignal(*os.ProcessState) string { return "" }

func dropSignals(ctx context.Context) {
	signals := make(chan os.Signal, 1) // nobody reads it: what doesn't fit is dropped too
	signal.Notify(signals, os.Interrupt)
	context.AfterFunc(ctx, func() { signal.Stop(signals) })
}

// processStart tells when the process was started, in a form that only serves to be compared.
func processStart(pid int) (string, error) {
	handle, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION|windows.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		return "", fmt.Errorf("look up process %d: %w", pid, err)
	}
	defer windows.CloseHandle(handle)
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(handle, &created, &exited, &kernel, &user); err != nil {
		return "", fmt.Errorf("look up process %d: %w", pid, err)
	}
	// The time of its end says nothing as long as it runs. A process whose handle somebody holds can be found after its end.
	if ended, err := windows.WaitForSingleObject(handle, 0); err != nil || ended == windows.WAIT_OBJECT_0 {
		return "", fmt.Errorf("look up process %d: it has ended", pid)
	}
	return fmt.Sprint(created.Nanoseconds()), nil
}

// oomKills can't be told here.
func oomKills() uint64 { return 0 }
