package remote

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mainbus/cmd/mainbus-sim/internal/scenario"
	"mainbus/hostagent/factorio/rcon"
)

const patience = 2 * time.Minute

// journal collects lines of the log.
type journal struct {
	mu    sync.Mutex
	lines []string
	more  chan struct{}
}

func (j *journal) add(_, format string, args ...any) {
	j.mu.Lock()
	j.lines = append(j.lines, fmt.Sprintf(format, args...))
	j.mu.Unlock()
	j.more <- struct{}{}
}

func (j *journal) wait(t *testing.T, text string) {
	t.Helper()
	for {
		j.mu.Lock()
		all := strings.Join(j.lines, "\n")
		j.mu.Unlock()
		if strings.Contains(all, text) {
			return
		}
		select {
		case <-j.more:
		case <-time.After(patience):
			t.Fatalf("no line with %q in\n%s", text, all)
		}
	}
}

// serve starts a server that hands every command to answer.
func serve(t *testing.T, answer func(text string, answer func(string))) (*Server, *journal) {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	j := &journal{more: make(chan struct{}, 1000)}
	return Serve(Config{
		Listener: listener, Password: "secret", Info: j.add, Failure: j.add,
		Submit: func(text string, reply func(string), done <-chan struct{}) {
			if answer == nil {
				<-done
				return
			}
			answer(text, reply)
		},
	}), j
}

func dial(t *testing.T, s *Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp4", s.cfg.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func exchange(t *testing.T, conn net.Conn, send rcon.Packet) rcon.Packet {
	t.Helper()
	if err := rcon.WritePacket(conn, send); err != nil {
		t.Fatal(err)
	}
	got, err := rcon.ReadPacket(conn)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func echo(text string, answer func(string)) { answer("<" + text + ">") }

var login = rcon.Packet{ID: 6, Type: rcon.AuthRequest, Body: "secret"}

// TestConnectionsEndWithTheServer closes a server that has connections in every state: silent, authenticated with a
// command that nobody takes, in the middle of a packet.
func TestConnectionsEndWithTheServer(t *testing.T) {
	defer goleak.VerifyNone(t)
	s, _ := serve(t, nil)
	for i := range 3 {
		conn := dial(t, s)
		if i == 0 {
			continue
		}
		exchange(t, conn, login)
		if i == 1 {
			if err := rcon.WritePacket(conn, rcon.Packet{ID: 2, Type: rcon.ExecCommand, Body: "/version"}); err != nil {
				t.Fatal(err)
			}
		} else if _, err := conn.Write([]byte{30, 0, 0, 0, 1}); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
}

func TestPasswordsAndCommands(t *testing.T) {
	s, _ := serve(t, echo)
	defer s.Close()
	conn := dial(t, s)
	if got := exchange(t, conn, rcon.Packet{ID: 5, Type: rcon.AuthRequest, Body: "wrong"}); got.ID != -1 || got.Type != rcon.AuthResponse {
		t.Errorf("wrong password: got %+v", got)
	}
	if got := exchange(t, conn, login); got.ID != 6 || got.Type != rcon.AuthResponse {
		t.Errorf("right password: got %+v", got)
	}
	// An empty command is never answered: the next reply belongs to the one behind it.
	if err := rcon.WritePacket(conn, rcon.Packet{ID: 7, Type: rcon.ExecCommand}); err != nil {
		t.Fatal(err)
	}
	if got := exchange(t, conn, rcon.Packet{ID: 8, Type: rcon.ExecCommand, Body: "x"}); got.ID != 8 || got.Body != "<x>" {
		t.Errorf("got %+v", got)
	}
}

func TestGarbageEndsTheConnectionWithALine(t *testing.T) {
	s, j := serve(t, echo)
	defer s.Close()
	conn := dial(t, s)
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := rcon.ReadPacket(conn); err == nil {
		t.Error("the connection goes on")
	}
	j.wait(t, "Couldn't parse RCON data: Couldn't read from input file. File could be corrupted.")
}

func TestNobodyIsServedWhileTheGameIsFrozen(t *testing.T) {
	s, _ := serve(t, echo)
	defer s.Close()
	conn := dial(t, s)
	exchange(t, conn, login)
	s.Freeze()
	late := dial(t, s) // accepted by the system, not by the game
	for _, c := range []net.Conn{conn, late} {
		if err := rcon.WritePacket(c, rcon.Packet{ID: 9, Type: rcon.AuthRequest, Body: "secret"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if p, err := rcon.ReadPacket(conn); err == nil {
		t.Errorf("frozen, it answered %+v", p)
	}
	s.Thaw()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{conn, late} {
		if p, err := rcon.ReadPacket(c); err != nil || p.ID != 9 {
			t.Errorf("got %+v, %v", p, err)
		}
	}
}

func TestNoMoreThan128Connections(t *testing.T) {
	s, _ := serve(t, echo)
	defer s.Close()
	for range maxConnections {
		exchange(t, dial(t, s), login)
	}
	extra := dial(t, s)
	if _, err := rcon.ReadPacket(extra); err == nil {
		t.Error("one more was let in")
	}
}

func TestDisturbances(t *testing.T) {
	s, _ := serve(t, echo)
	defer s.Close()
	s.Disturb(scenario.RCON{DelayMS: 30, DropAfter: 3})
	conn := dial(t, s)
	begin := time.Now()
	exchange(t, conn, login)
	for id := range int32(2) {
		exchange(t, conn, rcon.Packet{ID: id, Type: rcon.ExecCommand, Body: "x"})
	}
	if took := time.Since(begin); took < 90*time.Millisecond {
		t.Errorf("three delayed replies came after %v", took)
	}
	if err := rcon.WritePacket(conn, rcon.Packet{ID: 9, Type: rcon.ExecCommand, Body: "x"}); err != nil {
		t.Fatal(err)
	}
	if p, err := rcon.ReadPacket(conn); err == nil {
		t.Errorf("got %+v from a dropped connection", p)
	}
}

func TestLostAndWrongReplies(t *testing.T) {
	s, _ := serve(t, echo)
	defer s.Close()
	s.Disturb(scenario.RCON{LoseEvery: 2, WrongEvery: 3, WrongReply: "42"})
	conn := dial(t, s)
	exchange(t, conn, login)
	for id := range int32(5) {
		if err := rcon.WritePacket(conn, rcon.Packet{ID: id + 1, Type: rcon.ExecCommand, Body: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []rcon.Packet{{ID: 1, Body: "<x>"}, {ID: 3, Body: "42"}, {ID: 5, Body: "<x>"}} {
		if got, err := rcon.ReadPacket(conn); err != nil || got.ID != want.ID || got.Body != want.Body {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
}

func TestUploadTakesAsLongAsItsBytes(t *testing.T) {
	var u Upload[string]
	u.Add("long", 250)
	u.Add("/time", 5)
	u.Add("longer", 60)
	for tick, want := range []string{"[/time]", "[]", "[long]", "[longer]", "[]"} {
		if got := fmt.Sprint(u.Tick(100)); got != want {
			t.Errorf("tick %d: got %s, want %s", tick+1, got, want)
		}
	}
	if u.Len() != 0 {
		t.Errorf("%d left", u.Len())
	}
}

func TestUploadIsBoundedForAllTogether(t *testing.T) {
	for _, sizes := range [][]int{{40}, {40, 800}, {50, 50, 51}, {1}} {
		var u Upload[int]
		total, ticks := 0, 0
		for range 50 {
			for _, size := range sizes {
				u.Add(size, size)
				total += size
			}
		}
		for sum := 0; sum < total; ticks++ {
			for _, size := range u.Tick(100) {
				sum += size
			}
		}
		if least := (total + 99) / 100; ticks < least-1 || ticks > least+2 {
			t.Errorf("%v: %d bytes took %d ticks", sizes, total, ticks)
		}
	}
}

func TestSegmentDependsOnPlayers(t *testing.T) {
	s := Segments{Min: 25, MinPeers: 20, Max: 100, MaxPeers: 10}
	for players, want := range map[int]int{0: 100, 10: 100, 12: 85, 15: 63, 20: 25, 60: 25} {
		if got := s.Segment(players); got != want {
			t.Errorf("%d players: got %d, want %d", players, got, want)
		}
	}
}

// FuzzUpload checks that no order of commands gets more bytes into the game than its segments hold, and none is lost.
func FuzzUpload(f *testing.F) {
	f.Add([]byte{5, 200, 50, 51, 0}, uint8(100))
	f.Add([]byte{1}, uint8(1))
	f.Fuzz(func(t *testing.T, sizes []byte, segment uint8) {
		var u Upload[int]
		added, done, through := 0, 0, 0
		each := max(1, int(segment))
		for tick := 1; done < len(sizes); tick++ {
			if added < len(sizes) { // they come one after the other
				u.Add(int(sizes[added]), int(sizes[added]))
				added++
			}
			for _, size := range u.Tick(each) {
				through += size
				done++
			}
			if through > tick*each+shortest {
				t.Fatalf("%d bytes in %d ticks of %d", through, tick, each)
			}
			if tick > 300*(len(sizes)+1) {
				t.Fatalf("%d of %d commands are stuck", len(sizes)-done, len(sizes))
			}
		}
	})
}
