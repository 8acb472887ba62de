package console

import (
	"slices"
	"strings"

	"mainbus/hostagent/factorio"
)

const (
	maxPlayers = 4096 // names kept; a script can print any number of joins
	maxPeers   = 4096
	maxText    = 4096 // bytes kept of a name or cause
)

// A Follower reads the lines of one process in order and knows what they add up to. Messages of several lines become one
// Entry, and lines that contradict what came before are not believed.
//
// What a player types can't look like the game's own line; what a script prints can, byte by byte. A Follower holds an event
// against the time of the lines before it, the server's state and the way between states, the place in the game's sources that a
// message came from before, the save in progress and the peers that are connected. A script that imitates all of these is
// believed, so whoever acts on a Status makes sure by other means: that RCON answers, that the process has ended, what the
// game's files hold, what /players says.
//
// After missing lines, and after a forgery that was believed, a Follower finds back: two changes of state that fit
// each other, or three lines whose times do, outweigh what it believed before.
type Follower struct {
	count   int
	out     []Entry
	held    *group
	saves   int
	run     run
	began   bool   // the first line of the run was seen
	partial bool   // lines are missing: what contradicts may follow from those
	spoke   bool   // there was a line that only a game writes
	first   string // line of a process that may never become a game
}

// run is what is known about the run of one process.
type run struct {
	clock    clock
	status   Status
	state    chain
	peers    map[uint32]*peer
	hadPeers bool // the log tells of them
	sources  map[Kind]string
	quitting bool
}

type peer struct {
	state    chain
	joined   bool
	player   string // empty if that is not sure
	desynced bool
}

// Status is what is known about the server.
type Status struct {
	Version  factorio.Version
	State    string   // of the multiplayer manager, such as "InGame"; empty before the first
	Players  []string // who is in the game, as far as joins and leaves were printed, in their order
	Saving   *Save    // nil if no save is in progress
	LastSave *Save    // nil before the first is finished
	Failure  string   // what ended the server, or kept it from starting
	Ended    bool
}

// Save is a save in progress or done.
type Save struct {
	Name     string // path, or bare name of an autosave
	Mode     string // "auto", "game", "map"
	Blocking bool
	Percent  float64
}

// Entry is an event with the lines that told it. Most are one line.
type Entry struct {
	Line  // the first
	First int
	Last  int
	Event Event // Kind None if the line says nothing that is known, or is not believed
	Doubt string
}

// Fields and Names are those of the event, or the text of a line that is none, and why it is not believed.
func (e Entry) Fields() map[string]any {
	if e.Event.Kind != None {
		return e.Event.Fields()
	}
	fields := map[string]any{"text": e.Text}
	if e.Doubt != "" {
		fields["doubt"] = e.Doubt
	}
	return fields
}

// Names are in a fixed order.
func (e Entry) Names() []string {
	switch {
	case e.Event.Kind != None:
		return e.Event.Names()
	case e.Doubt != "":
		return []string{"text", "doubt"}
	default:
		return []string{"text"}
	}
}

// Status returns a copy.
func (f *Follower) Status() Status {
	s := f.run.status
	s.Players = slices.Clone(s.Players)
	s.Saving, s.LastSave = clone(s.Saving), clone(s.LastSave)
	s.State = f.run.state.at
	return s
}

func clone(s *Save) *Save {
	if s == nil {
		return nil
	}
	c := *s
	return &c
}

// Saves returns how many saves were finished, over all runs.
func (f *Follower) Saves() int { return f.saves }

// Failure is that of the Status.
func (f *Follower) Failure() string { return f.run.status.Failure }

// Gap tells that lines are missing.
func (f *Follower) Gap() []Entry {
	f.out = f.out[:0]
	f.release(Line{}, false)
	f.partial = true
	f.run.state, f.run.peers = chain{}, nil
	return f.out
}

// Feed takes the next line, without its line feed. What it returns is valid until the next call: nothing while a message of
// several lines goes on, and more than one entry when such a message was none.
func (f *Follower) Feed(s string) []Entry {
	f.out = f.out[:0]
	f.count++
	l := Parse(s)
	e := l.Event()
	if f.held != nil && f.held.takes(l, e) {
		f.held.entry.Last = f.count
		return f.out
	}
	f.release(l, true)
	f.take(Entry{Line: l, First: f.count, Last: f.count, Event: e})
	return f.out
}

// End tells that the process has ended.
func (f *Follower) End() []Entry {
	f.out = f.out[:0]
	f.release(Line{}, false)
	s := &f.run.status
	if !f.spoke && s.Failure == "" {
		s.Failure = f.first // such as "Option 'x' does not exist"
	}
	s.Ended = true
	return f.out
}

// take deals with a line that begins something.
func (f *Follower) take(entry Entry) {
	if g := newGroup(entry, f.began && !f.over()); g != nil {
		f.held = g
		return
	}
	f.settle(entry)
}

// release ends the message in progress; next is the line after it, if there is one.
func (f *Follower) release(next Line, more bool) {
	g := f.held
	if g == nil {
		return
	}
	f.held = nil
	switch entry := g.entry; {
	case !g.unsure, g.confirms(next, more, f.run.clock.now):
		g.finish()
		f.settle(g.entry)
	default:
		for i, line := range g.lines {
			f.settle(Entry{Line: line, First: entry.First + i, Last: entry.First + i, Doubt: g.doubt})
		}
	}
}

// settle decides whether an event is believed, and follows it.
func (f *Follower) settle(entry Entry) {
	e := &entry.Event
	if f.spoke = f.spoke || entry.Shape != Bare; !f.spoke && f.first == "" {
		f.first = bounded(entry.Text)
	}
	if e.Kind == Version {
		if f.began {
			f.run = run{}
		}
		f.began, f.partial = true, false
	}
	if e.Kind != None && entry.Doubt == "" {
		entry.Doubt = f.judge(entry)
	}
	switch {
	case entry.Doubt != "":
		entry.Event = Event{}
	case e.Kind == PeerState && strings.HasPrefix(e.To, "Desynced") || e.Kind == Desync && e.Peer != 0:
		entry.Event = f.desync(*e)
		if entry.Event.Kind == None {
			return // a part of the desync that was told
		}
	default:
		f.follow(*e)
	}
	f.out = append(f.out, entry)
}

// judge tells what speaks against an event, if anything does.
func (f *Follower) judge(entry Entry) string {
	timed := entry.Shape == Engine || entry.Shape == Plain
	if timed && f.run.clock.late(entry.Seconds) {
		return "its time is before that of the lines before it"
	}
	doubt := f.doubt(entry)
	if timed && doubt == "" {
		f.run.clock.move(entry.Seconds)
	}
	return doubt
}

// over reports whether the run can be followed by another.
func (f *Follower) over() bool {
	return f.run.status.Ended || f.run.state.at == "Closed" || f.partial
}

func bounded(s string) string { return s[:min(len(s), maxText)] }

// follow keeps the status up to date with an event that is believed.
func (f *Follower) follow(e Event) {
	r, s := &f.run, &f.run.status
	switch e.Kind {
	case Version:
		s.Version = e.Version
	case StateChanged:
		f.onState(e.To)
	case PeerState:
		r.lives()
		if strings.HasPrefix(e.To, "Disconnect") {
			r.part(e.Peer)
		} else if p := r.peers[e.Peer]; e.To == "InGame" {
			p.desynced = false
		}
	case PeerAdded:
		r.peer(e.Peer)
	case PeerRemoved, Disconnected:
		r.part(e.Peer)
	case Join:
		r.join(strings.Clone(bounded(e.Player)))
	case Leave, Kick, Ban:
		r.leave(e.Player)
	case SaveStarted:
		s.Saving = &Save{Name: strings.Clone(bounded(e.Name)), Mode: e.Mode, Blocking: e.Blocking}
	case SavingProgress:
		s.Saving.Percent = e.Percent
	case SaveFinished:
		r.lives()
		f.saved()
	case Quitting, ShuttingDown:
		r.quitting = true
	case Failure, LuaError, Crash:
		if s.Failure == "" { // what follows from the first is less to the point
			s.Failure = strings.Clone(bounded(e.Text))
		}
		s.Ended = s.Ended || e.Kind == Crash
	case Goodbye, SecondSignal:
		s.Ended = true
	}
}

func (f *Follower) onState(to string) {
	r := &f.run
	switch to {
	case "InGame", "InGameSavingMap", "InGameSavingMapForDesyncReport":
		r.lives()
	case "DisconnectingScheduled": // the save at the end has no other end
		if s := r.status.Saving; s != nil && s.Mode == "map" && s.Percent == 100 {
			f.saved()
		}
	}
}

// lives notes what only a server that goes on prints: it has survived what looked like its end.
func (r *run) lives() {
	r.status.Failure, r.status.Ended = "", false
}

func (f *Follower) saved() {
	if s := &f.run.status; s.Saving != nil {
		s.Saving.Percent = 100
		s.LastSave, s.Saving = s.Saving, nil
		f.saves++
	}
}

func (r *run) join(player string) {
	if p, count := r.waiting(); p != nil {
		p.joined = true
		if count == 1 {
			p.player = player
		}
	}
	if !slices.Contains(r.status.Players, player) && len(r.status.Players) < maxPlayers {
		r.status.Players = append(r.status.Players, player)
	}
}

func (r *run) leave(player string) {
	r.status.Players = slices.DeleteFunc(r.status.Players, func(name string) bool { return name == player })
}

// waiting returns one of the peers without a player, and how many there are.
func (r *run) waiting() (one *peer, count int) {
	for _, p := range r.peers {
		if !p.joined {
			one = p
			count++
		}
	}
	return one, count
}

// part notes the end of a connection. That a player left is not always told, so it counts where the player is known.
func (r *run) part(id uint32) {
	if p := r.peers[id]; p != nil && p.player != "" {
		r.leave(p.player)
	}
	delete(r.peers, id)
}

func (r *run) peer(id uint32) *peer {
	r.hadPeers = true
	p := r.peers[id]
	if p == nil {
		if r.peers == nil {
			r.peers = make(map[uint32]*peer)
		}
		if len(r.peers) >= maxPeers {
			clear(r.peers)
		}
		p = &peer{}
		r.peers[id] = p
	}
	return p
}

// desync returns the event for the first of the lines that tell of one, and none for those that follow. The game goes on telling
// the states of the peer, which are kept, until it is in the game again.
func (f *Follower) desync(e Event) Event {
	p := f.run.peer(e.Peer)
	if p.desynced {
		return when(e.Kind == PeerState && e.To != "DesyncedWaitingForMap", e)
	}
	p.desynced = true
	return Event{Kind: Desync, Peer: e.Peer, Tick: e.Tick}
}
