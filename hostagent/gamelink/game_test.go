package gamelink

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"mainbus/hostagent/factorio/rcon"
)

// game plays the game's side of the link as docs/gamelink.md describes it. It shares no code with the package.
// Its one channel, "test", keeps a text: command "set" replaces it, its report is the text.
type game struct {
	t    *testing.T
	addr string
	feed func(line string) // where printed lines go

	mu       sync.Mutex
	start    string
	epoch    string
	ledger   string
	world    string
	tick     int
	seq      int
	chain    string
	trading  bool
	total    string
	parts    map[string]map[int]string
	commands []string // "op body" in the order of execution
	order    []string // every op
	reports  int
	beats    int
	mangle   func(line string) []string     // what becomes of a printed line; nil: itself
	answer   func(op string) (string, bool) // overrides replies
	freeze   chan struct{}                  // commands wait until it is closed
	conns    []net.Conn
}

func newGame(t *testing.T) *game {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &game{
		t: t, addr: listener.Addr().String(), start: "5-abc", epoch: "0", world: "0123456789abcdef0123456789abcdef",
		chain: "00000000", parts: map[string]map[int]string{}, tick: 300, total: "nothing",
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			g.mu.Lock()
			g.conns = append(g.conns, conn)
			g.mu.Unlock()
			serving.Go(func() { g.serve(conn) })
		}
	})
	t.Cleanup(func() { listener.Close(); g.cutRCON(); serving.Wait() })
	return g
}

func (g *game) cutRCON() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.conns {
		c.Close()
	}
}

func (g *game) serve(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		p, err := rcon.ReadPacket(r)
		if err != nil {
			return
		}
		answer := rcon.Packet{ID: p.ID, Type: rcon.AuthResponse}
		if p.Type == rcon.ExecCommand {
			g.mu.Lock()
			freeze := g.freeze
			g.mu.Unlock()
			if freeze != nil {
				<-freeze
			}
			answer.Type, answer.Body = rcon.ResponseValue, g.execute(p.Body)
		}
		if rcon.WritePacket(conn, answer) != nil {
			return
		}
	}
}

func sum(text string) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(text))) }

func pack(text string, raw bool) string {
	if raw {
		return "r" + text
	}
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return "z" + base64.StdEncoding.EncodeToString(b.Bytes())
}

func unpack(t *testing.T, data string) string {
	if data[0] == 'r' {
		return data[1:]
	}
	packed, err := base64.StdEncoding.DecodeString(data[1:])
	if err != nil || data[0] != 'z' {
		t.Errorf("data %.60q: %v", data, err)
		return ""
	}
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Errorf("data: %v", err)
		return ""
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Errorf("data: %v", err)
	}
	return string(text)
}

// say prints a message on channel test.
func (g *game) say(key, text string, raw bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.total = text
	g.print("test", key, pack(text, raw))
}

func (g *game) print(channel, key, data string) {
	const size = 3700
	g.tick++
	parts := (len(data) + size - 1) / size
	for part := 1; part <= parts; part++ {
		piece := data[(part-1)*size : min(len(data), part*size)]
		g.seq++
		rest := fmt.Sprintf("%s %d %d/%d %d %s %s %s", g.epoch, g.seq, part, parts, g.tick, channel, key, piece)
		g.chain = sum(g.chain + rest)
		g.emit(fmt.Sprintf("mainbus:1 %d %s %s", len(rest), sum(rest), rest))
	}
}

func (g *game) emit(line string) {
	if len(line) > 4000 {
		g.t.Errorf("line of %d bytes", len(line))
	}
	lines := []string{line}
	if g.mangle != nil {
		lines = g.mangle(line)
	}
	for _, l := range lines {
		g.feed(l)
	}
}

var (
	commandForm = regexp.MustCompile(`^/mainbus (\d+) ([0-9a-f]{8}) (.+)$`)
	restForm    = regexp.MustCompile(`^(\d+) (\d+)/(\d+) (\S+) (\S+) (\S+) (\S+)$`)
)

func (g *game) execute(command string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tick += 20
	m := commandForm.FindStringSubmatch(command)
	if m == nil || len(command) > 1000 || m[1] != strconv.Itoa(len(m[3])) || m[2] != sum(m[3]) {
		g.t.Errorf("malformed command %.100q", command)
		return "err 0 crc malformed\n"
	}
	f := restForm.FindStringSubmatch(m[3])
	if f == nil {
		g.t.Errorf("malformed rest %.100q", m[3])
		return "err 0 crc malformed\n"
	}
	seq, epoch, channel, op := f[1], f[4], f[5], f[6]
	part, _ := strconv.Atoi(f[2])
	parts, _ := strconv.Atoi(f[3])
	if g.parts[seq] == nil {
		g.parts[seq] = map[int]string{}
	}
	g.parts[seq][part] = f[7]
	if len(g.parts[seq]) < parts {
		return "ok " + seq + " part\n"
	}
	data := ""
	for i := range parts {
		data += g.parts[seq][i+1]
	}
	delete(g.parts, seq)
	if g.answer != nil {
		if text, ok := g.answer(op); ok {
			return text + "\n"
		}
	}
	g.order = append(g.order, op)
	answer, refusal := g.dispatch(epoch, channel, op, unpack(g.t, data))
	if refusal != "" {
		return "err " + seq + " " + refusal + "\n"
	}
	return "ok " + seq + " " + answer + "\n"
}

func (g *game) dispatch(epoch, channel, op, text string) (answer, refusal string) {
	if channel == "core" && op == "bind" {
		if text != g.start {
			return "", "start this is start " + g.start
		}
		g.epoch, g.seq, g.chain, g.trading = epoch, 0, "00000000", false
		ledger := g.ledger
		if ledger == "" {
			ledger = "-"
		}
		return fmt.Sprintf("%d %s %s test %s", g.tick, ledger, g.world, pack(g.total, false)), ""
	}
	if epoch != g.epoch {
		return "", "epoch bound to " + g.epoch
	}
	switch {
	case channel == "core" && op == "assign":
		fields := strings.Split(text, "/")
		g.ledger, g.world, g.trading = fields[0], fields[1], true
		g.commands = append(g.commands, "assign "+text)
		return strconv.Itoa(g.tick), ""
	case channel == "core" && op == "beat":
		g.beats++
		return fmt.Sprintf("%d %d %s", g.tick, g.seq, g.chain), ""
	case channel == "core" && op == "report":
		g.reports++
		return fmt.Sprintf("%d %d %s test %s", g.tick, g.seq, g.chain, pack(g.total, false)), ""
	case channel == "test" && op == "set":
		if !g.trading {
			return "", "idle not assigned"
		}
		g.commands = append(g.commands, "set "+text)
		return strconv.Itoa(g.tick), ""
	}
	return "", "unknown " + channel + " " + op
}

func (g *game) count(of func(*game) int) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return of(g)
}
