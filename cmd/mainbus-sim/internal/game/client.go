package game

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mainbus/cmd/mainbus-sim/internal/gamelog"
	"mainbus/hostagent/factorio/scriptdat"
)

// maxClients bounds the clients that run at a time; the oldest leaves for the next.
const maxClients = 2

// client is a second game: it loaded the map while the server ran, and from then on must print and store the same.
// What makes it differ is what would throw players out of a real game.
type client struct {
	peer
	id      int
	printed []string // in this tick
	broken  string   // the first difference, empty while in step
}

// clientLog is what the clients went through, for /sim-clients.
type clientLog struct {
	Joined     int    `json:"joined"`
	InStep     int    `json:"in_step"` // of those that run
	Checks     int    `json:"checks"`  // comparisons of all state
	Desyncs    int    `json:"desyncs"`
	Refused    int    `json:"refused"` // their handlers differed
	Difference string `json:"difference,omitempty"`

	printed []string // by the server in this tick
}

// expect notes what clients have to print in this tick.
func (l *clientLog) expect(clients []*client, text string) {
	if len(clients) > 0 {
		l.printed = append(l.printed, text)
	}
}

// clientHost is what the scripts of a client reach: nothing but its own output.
type clientHost struct{ client *client }

func (h clientHost) Print(text string) { h.client.printed = append(h.client.printed, text) }
func (h clientHost) Log(source, text string) {
	h.client.printed = append(h.client.printed, source+": "+text)
}
func (clientHost) Reply(string)                         {}
func (clientHost) Save(string, bool)                    {}
func (clientHost) WriteFile(string, []byte, bool) error { return nil }

// joinClient serves the map to a new client, which loads it at once. The server stands still meanwhile.
func (s *server) joinClient() error {
	s.clientLog.Joined++
	s.visits.lastPeer++
	id := s.visits.lastPeer
	state := s.state
	s.change("InGameSavingMap", s.world.Tick)
	file, err := s.serveMap(id)
	if err != nil {
		return err
	}
	defer os.Remove(file)
	s.change(state, s.world.Tick)
	c, err := s.newClient(id, file)
	if err != nil {
		s.refuse(id, "could not load the map: "+err.Error())
		return nil
	}
	if names := s.scripts.Mismatch(c.scripts); len(names) > 0 {
		c.scripts.Close()
		s.refuse(id, "the event handlers of these are not identical (script-event-mismatch): "+strings.Join(names, ", "))
		return nil
	}
	if len(s.clients) == maxClients {
		s.clients[0].scripts.Close()
		s.clients = s.clients[1:]
	}
	s.clients = append(s.clients, c)
	s.compareState(c)
	return s.dropDesynced()
}

// serveMap writes the map as it is for a peer to load.
func (s *server) serveMap(id int) (string, error) {
	content, err := s.snapshot()
	if err != nil {
		return "", err
	}
	file := filepath.Join(s.paths.write, "temp", fmt.Sprintf("mp-save-%d.zip", s.visits.maps))
	s.visits.maps++
	if err := content.write(file, false); err != nil {
		return "", err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	s.out.Info("ServerMultiplayerManager.cpp:1039", "UpdateTick(%d) Serving map(%s) for peer(%d) size(%d) auxiliary(129) crc(%d)",
		s.world.Tick, file, id, len(data), crc32.ChecksumIEEE(data))
	return file, nil
}

func (s *server) newClient(id int, file string) (*client, error) {
	content, err := readMapFile(file, gamelog.New(time.Now(), io.Discard, nil))
	if err != nil {
		return nil, err
	}
	c := &client{id: id}
	if c.peer, err = s.loadPeer(content, nil, clientHost{c}); err != nil {
		return nil, err
	}
	c.printed = nil // what scripts print at their start is no part of the game
	return c, nil
}

// refuse tells that a client could not join.
func (s *server) refuse(id int, why string) {
	s.clientLog.Refused++
	s.clientLog.Difference = why
	s.out.Info("ServerMultiplayerManager.cpp:1086", "Disconnect notification for peer (%d)", id)
	s.out.Failure("ClientMultiplayerManager.cpp:91", "MultiplayerManager failed: peer (%d): %s", id, why)
}

// follow does what the server did.
func (c *client) follow(do func(p *peer) error, expected error) {
	if c.broken != "" {
		return
	}
	if err := c.run(do); fmt.Sprint(err) != fmt.Sprint(expected) {
		c.broken = fmt.Sprintf("error on the server: %v; on the client: %v", expected, err)
	}
}

// watchClients compares the clients with the server at the end of a tick, and lets a new one join when it is time.
func (s *server) watchClients() error {
	plan := s.knobs.Clients
	for _, c := range s.clients {
		c.comparePrinted(s.clientLog.printed)
		c.printed = nil
		if every := max(1, plan.CheckEvery); s.world.Tick%every == 0 {
			s.compareState(c)
		}
	}
	s.clientLog.printed = nil
	if err := s.dropDesynced(); err != nil {
		return err
	}
	if every := plan.JoinEvery; every > 0 && s.world.Tick%every == joinMoment(s.world.Seed, s.world.Tick/every, every) {
		return s.joinClient()
	}
	return nil
}

// joinMoment is the tick within a period at which a client joins: random, and the same in each run.
func joinMoment(seed uint32, period, every uint64) uint64 {
	return rand.New(rand.NewPCG(uint64(seed), period)).Uint64N(every)
}

func (c *client) comparePrinted(expected []string) {
	if c.broken != "" {
		return
	}
	for i := range max(len(expected), len(c.printed)) {
		var theirs, own string
		if i < len(expected) {
			theirs = expected[i]
		}
		if i < len(c.printed) {
			own = c.printed[i]
		}
		if theirs != own {
			c.broken = fmt.Sprintf("line %d: the server printed %q, the client %q", i+1, theirs, own)
			return
		}
	}
}

// compareState compares everything that a save would hold.
func (s *server) compareState(c *client) {
	if c.broken != "" {
		return
	}
	s.clientLog.Checks++
	own, theirs, err := states(&c.peer, &s.peer)
	if err != nil {
		c.broken = err.Error()
		return
	}
	for i := range theirs {
		if i >= len(own) || !bytes.Equal(own[i].data, theirs[i].data) {
			c.broken = fmt.Sprintf("crc test failed for crcTick(%d): %s differs", s.world.Tick, theirs[i].name)
			return
		}
	}
}

type state struct {
	name string
	data []byte
}

func states(a, b *peer) (first, second []state, err error) {
	if first, err = a.state(); err == nil {
		second, err = b.state()
	}
	return first, second, err
}

// state is the storage of each script, and the map.
func (p *peer) state() ([]state, error) {
	blocks, err := p.scripts.Storage()
	if err != nil {
		return nil, err
	}
	var out []state
	for _, b := range blocks {
		var data bytes.Buffer
		if err := scriptdat.Write(&data, scriptdat.File{Blocks: []scriptdat.Block{b}}); err != nil {
			return nil, err
		}
		out = append(out, state{"storage of " + b.Name, data.Bytes()})
	}
	data, err := p.world.Save()
	return append(out, state{"the map", data}), err
}

// dropDesynced throws out the clients that differ, with the lines of a desync.
func (s *server) dropDesynced() error {
	for i := 0; i < len(s.clients); i++ {
		c := s.clients[i]
		if c.broken == "" {
			continue
		}
		s.clients = append(s.clients[:i:i], s.clients[i+1:]...)
		i--
		c.scripts.Close()
		s.clientLog.Desyncs++
		s.clientLog.Difference = c.broken
		if err := s.reportDesync(c); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) reportDesync(c *client) error {
	tick, before := s.world.Tick, s.state
	s.out.Info("ServerMultiplayerManager.cpp:946", "updateTick(%d) received stateChanged peerID(%d) oldState(InGame) newState(DesyncedWaitingForMap)", tick, c.id)
	s.out.Info("ServerMultiplayerManager.cpp:1035", "updateTick(%d) received playerDesynced peer (%d)", tick, c.id)
	s.out.Warning("ServerMultiplayerManager.cpp:1035", "peer (%d): %s", c.id, c.broken)
	s.change("InGameSavingMapForDesyncReport", tick)
	file, err := s.serveMap(c.id)
	if err != nil {
		return err
	}
	s.change(before, tick)
	return os.Remove(file)
}

// simClients answers /sim-clients.
func (s *server) simClients(r *request, _ string) {
	log := s.clientLog
	log.InStep = len(s.clients)
	answer, err := json.Marshal(log)
	if err != nil {
		r.print("error: " + err.Error())
		return
	}
	r.print(string(answer))
}
