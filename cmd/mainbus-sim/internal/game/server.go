package game

import (
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"mainbus/cmd/mainbus-sim/internal/life"
	"mainbus/cmd/mainbus-sim/internal/remote"
)

const (
	// maxArrivals bounds the commands that wait to be uploaded. Beyond that connections are not read.
	maxArrivals = 256
	// maxLate is how many ticks the game makes up for without a pause; what it is later than that is lost.
	maxLate = 3
	// afkCheck is how often players who do nothing are looked for, in ticks.
	afkCheck = 60
)

// server is a hosted map.
type server struct {
	*run
	peer
	settings settings
	file     string // the save that the game was started from, or will be stored in
	unnamed  bool   // there is no such save before the first
	content  *mapFile
	life     *life.Life
	lists    lists
	state    string
	udp      net.PacketConn
	rcon     *remote.Server // nil without

	commands map[string]command
	arrivals chan *request // from connections and the standard input
	upload   remote.Upload[*request]
	current  *request // the one that runs
	warned   string   // Lua command that was swallowed because of achievements
	quit     bool
	emptied  bool // somebody left in this tick
	begun    bool // the first tick of this run is over

	hosted   time.Time // when hosting began
	visits   visits
	orders   []saveOrder
	saves    int // made in this run
	saving   *backgroundSave
	autosave time.Time // when the next is due

	clients   []*client
	clientLog clientLog
}

// loop runs the map until the game is told to stop. signals tells the name of one.
func (s *server) loop(signals <-chan string) error {
	go s.readConsole() // ends with the process: a read of the standard input can't be cancelled
	s.hosted = time.Now()
	s.autosave = s.hosted.Add(s.autosaveInterval())
	next := s.hosted
	for {
		if name := s.wait(next, signals); name != "" {
			s.out.Engine("Received %s, shutting down", name)
			return s.shutdown("signal")
		}
		late := s.idle()
		s.freeze()
		err := s.frame()
		s.thaw()
		switch {
		case err != nil:
			return s.scriptFailed(err)
		case s.quit:
			return s.shutdown("remote-quit")
		}
		next = s.nextFrame(next, late)
	}
}

// wait waits for the next frame, and beyond it until there is something to do. It returns the name of a signal.
func (s *server) wait(next time.Time, signals <-chan string) string {
	timer := time.NewTimer(time.Until(next))
	defer timer.Stop()
	select {
	case <-timer.C:
	case name := <-signals:
		return name
	}
	if !s.idle() {
		return ""
	}
	var due <-chan time.Time
	if after, ok := s.life.NextAfter(); ok {
		timer.Reset(time.Until(s.hosted.Add(after)))
		due = timer.C
	}
	select {
	case r := <-s.arrivals:
		s.take(r)
	case <-due:
	case name := <-signals:
		return name
	}
	return ""
}

// idle says whether frames would do nothing until something comes from outside.
func (s *server) idle() bool {
	return s.paused() && s.upload.Len() == 0 && len(s.arrivals) == 0 && len(s.visits.underway) == 0 && s.saving == nil
}

// paused says whether the map stands still by itself; a command moves it all the same.
func (s *server) paused() bool {
	if s.settings.PauseWhenConnecting && s.visits.joining() {
		return true
	}
	return s.settings.AutoPause && len(s.visits.peers) == 0
}

// freeze and thaw are the beginning and the end of what the main thread does: nothing else goes on meanwhile.
func (s *server) freeze() {
	if s.rcon != nil {
		s.rcon.Freeze()
	}
}

func (s *server) thaw() {
	if s.rcon != nil {
		s.rcon.Thaw()
	}
}

// nextFrame is when the frame after the one due at last is due.
func (s *server) nextFrame(last time.Time, wasIdle bool) time.Time {
	interval := time.Duration(float64(time.Second) / 60 / s.world.Speed)
	next, now := last.Add(interval), time.Now()
	if wasIdle {
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
		s.out.Engine("Received second %s, terminating immediately", names[<-raw])
		os.Exit(1)
	}()
	return first
}

// take puts a command on its way into the game.
func (s *server) take(r *request) { s.upload.Add(r, len(r.text)) }

// frame is a 60th of a second: what comes from outside gets a step further, and the map moves unless it is paused.
func (s *server) frame() error {
	for len(s.arrivals) > 0 && s.upload.Len() < maxArrivals {
		s.take(<-s.arrivals)
	}
	inTick, err := s.visits.advance()
	if err != nil {
		return err
	}
	var actions []life.Action
	for _, action := range s.life.DueAfter(time.Since(s.hosted)) {
		if action.Join == nil {
			actions = append(actions, action)
		} else if err := s.connect(*action.Join); err != nil { // which moves nothing yet
			return err
		}
	}
	if !s.paused() || s.upload.Len() > 0 || len(actions) > 0 || len(inTick) > 0 {
		if err := s.tick(actions, inTick); err != nil {
			return err
		}
	}
	return s.autosaveIfDue()
}

// tick is one step of the map: what people and commands do, scripts, flows, saves.
func (s *server) tick(actions []life.Action, steps []func() error) error {
	s.emptied = false
	_ = s.act(func(p *peer) error { p.moves = p.world.Advance(); return nil }) // can't fail
	s.misbehave()
	if err := s.dropFormer(); err != nil {
		return err
	}
	for _, action := range append(actions, s.life.Due(s.world.Tick)...) {
		if err := s.live(action); err != nil {
			return err
		}
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	for _, r := range s.upload.Tick(s.settings.segments().Segment(len(s.visits.peers))) {
		if err := s.execute(r); err != nil {
			return err
		}
	}
	if err := s.act((*peer).step); err != nil {
		return err
	}
	if err := s.afterTick(); err != nil {
		return err
	}
	return s.watchClients()
}

// afterTick does what the server alone does at the end of a tick.
func (s *server) afterTick() error {
	if s.world.Tick%afkCheck == 0 {
		if err := s.removeIdlePlayers(); err != nil {
			return err
		}
	}
	if s.emptied && s.settings.AutoPause && len(s.visits.peers) == 0 {
		s.orders = append(s.orders, saveOrder{kind: idleSave})
	}
	if s.untilTick > 0 && s.world.Tick >= s.untilTick {
		s.quit = true
	}
	return s.saveNow()
}
