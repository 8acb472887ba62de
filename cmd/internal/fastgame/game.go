// Package fastgame plays the game's side of the game link without Lua and without ticks, as fast as it can, so that a
// measurement shows what the cluster costs and not what a game does. It follows docs/gamelink.md and shares no code with
// the agent's side. The program is put into an installation of the simulated game, which it leaves everything to but the
// running of a server.
//
// Two games form a pair. What one sends is what the other wants: Kinds kinds of items, a stack of each in every line.
package fastgame

import (
	"archive/zip"
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"mainbus/hostagent/factorio/rcon"
)

// Kinds is how many kinds of items a line tells of, and Stack how many of each it sends.
const (
	Kinds = 10
	Stack = 100
)

// What belongs to the program is beside it under these names.
const (
	simulator   = "simulator" // what does everything else
	controlFile = "control"   // address of the bench's listener
)

// Order is what the bench tells a game, as lines of JSON. A game answers each with Told, and begins by itself with
// one when its world trades.
type Order struct {
	Send, Receive int           // numbers of the kinds' sets: of what it sends, and of what it wants
	Lines         int           // to be printed at once
	Echo          bool          // print a line for each that arrives
	Every         time.Duration // print a line so often; zero: only what is told above
	Times         bool          // tell all times since the last order that asked
}

// Told is what a game has counted. Sent and Received are Unix nanoseconds, the nth for the nth line's goods.
type Told struct {
	Printed, Arrived int64 // lines, in all
	Sent, Received   []int64
}

type game struct {
	out   io.Writer
	began time.Time

	start, proposed string // from the save
	trading         chan struct{}

	mu       sync.Mutex
	link     link
	order    Order
	sends    [Kinds]string // items as they are written on the link
	receives [Kinds]string
	received [Kinds]int64 // G as it was granted, which is I
	told     Told
	changed  bool // what was received since the last line
}

// Main is the program. It returns the exit code.
func Main(args []string) int {
	at := slices.Index(args, "--start-server")
	if at < 0 {
		return simulate(args)
	}
	if err := run(args); err != nil {
		fmt.Fprintln(os.Stderr, "fastgame:", err)
		return 1
	}
	return 0
}

// simulate lets the simulated game make maps and say its version.
func simulate(args []string) int {
	cmd := exec.Command(filepath.Join(filepath.Dir(args[0]), simulator), args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	var exit *exec.ExitError
	if err := cmd.Run(); errors.As(err, &exit) {
		return exit.ExitCode()
	} else if err != nil {
		fmt.Fprintln(os.Stderr, "fastgame:", err)
		return 1
	}
	return 0
}

// Install puts the program into an installation of the simulated game; control is where its games report.
func Install(program, installation, control string) error {
	bin := filepath.Join(installation, "bin", "x64")
	if err := os.Rename(filepath.Join(bin, "factorio"), filepath.Join(bin, simulator)); err != nil {
		return fmt.Errorf("install the fast game: %w", err)
	}
	content, err := os.ReadFile(program)
	if err == nil {
		err = errors.Join(
			os.WriteFile(filepath.Join(bin, "factorio"), content, 0o755),
			os.WriteFile(filepath.Join(bin, controlFile), []byte(control), 0o600),
		)
	}
	if err != nil {
		return fmt.Errorf("install the fast game: %w", err)
	}
	return nil
}

func argument(args []string, name string) string {
	if at := slices.Index(args, name); at >= 0 && at+1 < len(args) {
		return args[at+1]
	}
	return ""
}

func run(args []string) error {
	g := &game{out: os.Stdout, began: time.Now(), trading: make(chan struct{})}
	if err := g.load(argument(args, "--start-server")); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", argument(args, "--rcon-bind"))
	if err != nil {
		return err
	}
	defer listener.Close()
	fmt.Fprintf(g.out, "   0.100 Hosting game at IP ADDR:({0.0.0.0:%s})\n", argument(args, "--port"))
	fmt.Fprintf(g.out, "   0.100 Info RemoteCommandProcessor.cpp:126: Starting RCON interface at IP ADDR:({%s})\n", listener.Addr())
	g.mu.Lock()
	g.link.reset(unbound)
	g.print("core", "hello", "rmainbus")
	g.mu.Unlock()
	go g.accept(listener) // both end with the process
	go func() {
		if err := g.obey(filepath.Join(filepath.Dir(args[0]), controlFile)); err != nil {
			fmt.Fprintln(os.Stderr, "fastgame:", err)
		}
	}()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt)
	<-stop
	return nil
}

var startForm = regexp.MustCompile(`start = "([^"]*)", world = "([^"]*)"`)

// load reads what the agent has put into the save.
func (g *game) load(file string) error {
	z, err := zip.OpenReader(file)
	if err != nil {
		return err
	}
	defer z.Close()
	for _, f := range z.File {
		if path.Base(f.Name) != "start.lua" {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return err
		}
		defer r.Close()
		content, err := io.ReadAll(io.LimitReader(r, 1000))
		m := startForm.FindSubmatch(content)
		if err != nil || m == nil {
			return fmt.Errorf("read the start number: %q, %w", content, err)
		}
		g.start, g.proposed = string(m[1]), string(m[2])
		return nil
	}
	return errors.New("the save is not patched")
}

func (g *game) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go g.serve(conn)
	}
}

// serve answers RCON. Any password is right.
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
			answer.Type, answer.Body = rcon.ResponseValue, g.execute(p.Body)
		}
		if rcon.WritePacket(conn, answer) != nil {
			return
		}
	}
}

// obey reports to the bench and does what it says.
func (g *game) obey(file string) error {
	address, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	<-g.trading
	conn, err := net.Dial("tcp", string(address))
	if err != nil {
		return err
	}
	defer conn.Close()
	orders, answers := json.NewDecoder(conn), json.NewEncoder(conn)
	told := Told{}
	for {
		if err := answers.Encode(told); err != nil {
			return err
		}
		var o Order
		if err := orders.Decode(&o); err != nil {
			return nil // the bench has ended
		}
		told = g.take(o)
	}
}

func (g *game) take(o Order) Told {
	g.mu.Lock()
	defer g.mu.Unlock()
	told := Told{Printed: g.told.Printed, Arrived: g.told.Arrived}
	if o.Times {
		told.Sent, told.Received = g.told.Sent, g.told.Received
		g.told.Sent, g.told.Received = nil, nil
		return told
	}
	if o == (Order{}) { // only asked how it goes
		return told
	}
	first := g.order == (Order{})
	g.order = o
	if first {
		for kind := range Kinds {
			g.sends[kind], g.receives[kind] = key(o.Send, kind), key(o.Receive, kind)
		}
		g.tellWants()
	}
	for range o.Lines {
		g.send()
	}
	if o.Every > 0 {
		go g.pace(o)
	}
	return told
}

// pace prints lines until another order comes.
func (g *game) pace(o Order) {
	for range time.Tick(o.Every) {
		g.mu.Lock()
		done := g.order != o
		if !done {
			g.send()
		}
		g.mu.Unlock()
		if done {
			return
		}
	}
}

// key is an item as it is written on the link.
func key(set, kind int) string {
	return "stack-" + strconv.Itoa(set) + "-" + strconv.Itoa(kind) + "/normal"
}

// ahead is how much more of each kind a world wants than it has: as many lines as may be under way.
const ahead = 100_000 * Stack

func (g *game) appendReceived(text []byte) []byte {
	for kind, n := range g.received {
		text = appendRecord(text, g.receives[kind], 0, n, n+ahead)
	}
	return text
}

func appendRecord(text []byte, key string, e, i, w int64) []byte {
	if len(text) > 0 {
		text = append(text, '+')
	}
	text = append(append(text, key...), '=')
	text = append(strconv.AppendInt(text, e, 10), '/')
	text = append(strconv.AppendInt(text, i, 10), '/')
	return strconv.AppendInt(text, w, 10)
}

func (g *game) tellWants() { g.print("bus", "-", g.link.pack(g.appendReceived(nil))) }

// send prints a line that sends a stack of each kind and tells what was received since the last.
func (g *game) send() {
	g.told.Printed++
	var text []byte
	for kind := range Kinds {
		text = appendRecord(text, g.sends[kind], g.told.Printed*Stack, 0, 0)
	}
	if g.changed {
		text = g.appendReceived(text)
		g.changed = false
	}
	g.told.Sent = append(g.told.Sent, time.Now().UnixNano())
	g.print("bus", "-", g.link.pack(text))
}

// arrived notes what was granted, and echoes each line of which everything is here.
func (g *game) arrived() {
	least := slices.Min(g.received[:]) / Stack
	now := time.Now().UnixNano()
	g.changed = true
	for ; g.told.Arrived < least; g.told.Arrived++ {
		g.told.Received = append(g.told.Received, now)
		if g.order.Echo {
			g.send()
		}
	}
}
