package local

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// holdLock makes the test binary a program that holds a lock until its input ends.
const holdLock = "MAINBUS_TEST_HOLD_LOCK"

func TestMain(m *testing.M) {
	if path := os.Getenv(holdLock); path != "" {
		if _, err := Lock(path); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("locked")
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// folder is a short one, since t.TempDir spells the test's name out.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "mb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func ctxOf(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func listen(t *testing.T, path string) net.Listener {
	t.Helper()
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// exchange sends a line through the door.
func exchange(t *testing.T, l net.Listener, path string) {
	t.Helper()
	knocked := make(chan error, 1)
	go func() { knocked <- knock(path) }()
	defer func() {
		if err := <-knocked; err != nil {
			t.Error(err)
		}
	}()
	for { // somebody who only looked whether the door is in use may stand before the client
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(server).ReadString('\n')
		server.Close()
		if line == "knock\n" {
			return
		}
		if line != "" || !errors.Is(err, io.EOF) {
			t.Fatalf("got %q, %v", line, err)
		}
	}
}

func knock(path string) error {
	client, err := Dial(context.Background(), path)
	if err != nil {
		return err
	}
	defer client.Close()
	if _, err := io.WriteString(client, "knock\n"); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, client) // until the other side closes
	return err
}

func TestDoor(t *testing.T) {
	for name, path := range map[string]string{
		"short path": filepath.Join(folder(t), "new", "controller.sock"),
		"long path":  filepath.Join(t.TempDir(), strings.Repeat("long", 30), "controller.sock"),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Dial(ctxOf(t), path); !errors.Is(err, ErrNobody) {
				t.Errorf("dialing nobody: %v", err)
			}
			l := listen(t, path)
			exchange(t, l, path)
			if runtime.GOOS != "windows" {
				info, err := os.Stat(l.Addr().String())
				if err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("mode of the socket: %v, %v", info.Mode(), err)
				}
			}
			if _, err := Listen(path); err == nil {
				t.Error("two programs listen at one path")
			}
			exchange(t, l, path) // the refused one did no harm
			l.Close()
			if _, err := Dial(ctxOf(t), path); !errors.Is(err, ErrNobody) {
				t.Errorf("dialing a closed door: %v", err)
			}
		})
	}
}

func TestLockHasOneHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "controller.lock")
	release, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Lock(path)
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("second lock: %v", err)
	}
	release()
	release()
	again, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	again()
}

func TestLockEndsWithItsProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holdLock+"="+path)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, _ := bufio.NewReader(stdout).ReadString('\n'); line != "locked\n" {
		t.Fatalf("the other program says %q", line)
	}
	if _, err := Lock(path); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), fmt.Sprint(cmd.Process.Pid)) {
		t.Errorf("while the other program lives: %v", err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	release, err := Lock(path)
	if err != nil {
		t.Fatalf("after it was killed: %v", err)
	}
	release()
}
