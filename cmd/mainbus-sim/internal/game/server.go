package game

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	// maxRequests bounds the commands that wait for a tick. Beyond that connections are not read.
	maxRequests = 256
	// maxLate is how many ticks the game makes up for without a pause; what it is later than that is lost.
	maxLate = 3
)

// server is a hosted map.
type server struct {
	*run
	peer
	settings settings
	file     string // the save that the game was started from
	content  *mapFile
	state    string
	udp      net.PacketConn
	rcon     *rconServer

	requests   chan *request
	current    *request // the one that runs
	warned     string   // Lua command that was swallowed because of achievements
	quit       bool
	orders     []saveOrder
	background sync.WaitGroup
	clients    []*client
	clientLog  clientLog
}

// loop runs ticks until the game is told to stop.
func (s *server) loop() error {
	signals := s.watchSignals()
	go s.readConsole() // ends with the process: a read of the standard input can't be cancelled
	autosave := time.Now().Add(s.autosaveInterval())
	next := time.Now()
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		wait.Reset(time.Until(next))
		select {
		case <-wait.C:
		case name := <-signals:
			s.out.engine("Received %s, shutting down", name)
			return s.shutdown("signal")
		}
		var first *request
		if s.settings.AutoPause { // nobody can join, so nobody is on
			select {
			case first = <-s.requests:
			case name := <-signals:
				s.out.engine("Received %s, shutting down", name)
				return s.shutdown("signal")
			}
		}
		if err := s.tick(first); err != nil {
			return s.scriptFailed(err)
		}
		if s.quit {
			return s.shutdown("remote-quit")
		}
		if s.autosaveInterval() > 0 && !time.Now().Before(autosave) {
			if err := s.autosave(""); err != nil {
				return s.scriptFailed(err)
			}
			autosave = time.Now().Add(s.autosaveInterval())
		}
		next = s.nextTick(next)
	}
}

// nextTick is when the tick after the one due at last is due.
func (s *server) nextTick(last time.Time) time.Time {
	interval := time.Duration(float64(time.Second) / 60 / s.world.Speed)
	next, now := last.Add(interval), time.Now()
	if s.settings.AutoPause {
		return now.Add(interval)
	}
	if late := now.Sub(next); late > maxLate*interval {
		return now.Add(-maxLate * interval)
	}
	return next
}

// watchSignals tells the first signal; the second one ends the process whatever it does.
func (s *server) watchSignals() <-chan string {
	raw, first := make(chan os.Signal, 2), make(chan string, 1)
	signal.Notify(raw, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	names := map[os.Signal]string{os.Interrupt: "SIGINT", syscall.SIGTERM: "SIGTERM", syscall.SIGHUP: "SIGHUP"}
	go func() { // ends with the process
		first <- names[<-raw]
		s.out.engine("Received second %s, terminating immediately", names[<-raw])
		os.Exit(1)
	}()
	return first
}

// tick is one step of the map: the commands that have arrived, scripts, flows, saves.
func (s *server) tick(first *request) error {
	if err := s.act(func(p *peer) error { p.world.Tick++; return nil }); err != nil {
		return err
	}
	if s.knobs.CrashAtTick > 0 && s.world.Tick == s.knobs.CrashAtTick {
		s.out.failure("CrashHandler.cpp:641", "Received SIGSEGV")
		s.out.bare("Factorio crashed. Generating symbolized stacktrace, please wait ...")
		os.Exit(139)
	}
	if first != nil {
		if err := s.execute(first); err != nil {
			return err
		}
	}
	for range len(s.requests) {
		if err := s.execute(<-s.requests); err != nil {
			return err
		}
	}
	if err := s.act((*peer).step); err != nil {
		return err
	}
	if err := s.saveNow(); err != nil {
		return err
	}
	return s.watchClients()
}

// Print, Log, Reply, Save and WriteFile make the server the api.Host of its script.

// Print writes a bare line.
func (s *server) Print(text string) {
	s.clientLog.expect(s.clients, text)
	s.out.bare(text)
}

// Log writes a line of a script.
func (s *server) Log(source, text string) {
	s.clientLog.expect(s.clients, source+": "+text)
	s.out.engine("Script %s: %s", source, text)
}

// Reply prints to the RCON caller.
func (s *server) Reply(text string) {
	if s.current != nil && s.current.remote {
		s.current.print(text)
	}
}

// Save asks for a save at the end of the tick.
func (s *server) Save(name string, auto bool) {
	if name != "" && !validSaveName(name) {
		return
	}
	s.orders = append(s.orders, saveOrder{name: name, auto: auto})
}

// WriteFile writes below script-output.
func (s *server) WriteFile(name string, data []byte, appending bool) error {
	base := filepath.Join(s.paths.write, "script-output")
	if !filepath.IsLocal(name) {
		return fmt.Errorf("write_file: %q is not a path below script-output", name)
	}
	if err := os.MkdirAll(filepath.Join(base, filepath.Dir(name)), 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(base)
	if err != nil {
		return err
	}
	defer root.Close()
	mode := os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	if appending {
		mode = os.O_CREATE | os.O_WRONLY | os.O_APPEND
	}
	f, err := root.OpenFile(name, mode, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(data)
	return err
}
