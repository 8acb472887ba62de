//go:build linux

package fastgame

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mainbus/cmd/internal/testbed"
	"mainbus/cmd/internal/testbed/build"
	"mainbus/hostagent/supervisor"
)

// The test binary is the game's program too.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "factorio" {
		os.Exit(Main(os.Args))
	}
	os.Exit(m.Run())
}

const (
	patience = time.Minute
	warmUp   = time.Second
	window   = 5 * time.Second // of measuring
	inFlight = 2000            // lines in all, at saturation
	pace     = 20 * time.Millisecond
)

// The whole way with as much as it takes: each arrival is answered with another line. A transfer ("op") is a line with
// ten stacks that has arrived in the other world, after the ledger's commit. The processor time is that of controller,
// agents and supervisors.
func BenchmarkWholePath(b *testing.B) {
	programs := buildPrograms(b)
	for _, instances := range []int{2, 40} {
		b.Run(fmt.Sprint("instances=", instances), func(b *testing.B) {
			c := newCluster(b, programs, instances, "alpha", "beta")
			for n := range c.games {
				c.tell(n, Order{Echo: true, Lines: max(1, inFlight/instances)})
			}
			c.measure(b)
		})
	}
}

// The whole way of one line at a time, from the moment before it is printed to the moment when the command has arrived.
func BenchmarkWholePathAtLowLoad(b *testing.B) {
	programs := buildPrograms(b)
	for _, instances := range []int{2, 40} {
		b.Run(fmt.Sprint("instances=", instances), func(b *testing.B) {
			c := newCluster(b, programs, instances, "alpha", "beta")
			for n := range c.games {
				o := Order{}
				if n == 0 {
					o.Every = pace
				}
				c.tell(n, o)
			}
			c.measure(b)
			c.syncs(b)
		})
	}
}

// syncs reports what the disk alone takes of that time: a page appended and synced as often as there was a line.
func (c *cluster) syncs(b *testing.B) {
	f, err := os.Create(filepath.Join(c.Dir, "log"))
	c.must(err)
	defer f.Close()
	var times []int64
	for range window / pace {
		time.Sleep(pace)
		began := time.Now()
		_, err := f.Write(make([]byte, 4096))
		c.must(errors.Join(err, f.Sync()))
		times = append(times, time.Since(began).Nanoseconds())
	}
	reportTimes(b, times, "fsync-")
}

// buildPrograms returns the folder with the programs of the cluster; those in BENCH_BIN, if it is set.
func buildPrograms(b *testing.B) string {
	if dir := os.Getenv("BENCH_BIN"); dir != "" {
		return dir
	}
	return build.Programs(b, "", "mainbus-controller", "mainbus-host", "mainbusctl", "mainbus-sim")
}

// cluster is a controller and hosts with fast games.
type cluster struct {
	*testbed.Cluster
	b     *testing.B
	games []*player
}

// player is a game as the bench sees it.
type player struct {
	orders  *json.Encoder
	answers *json.Decoder
	order   Order // the last
}

func newCluster(b *testing.B, programs string, instances int, hosts ...string) *cluster {
	b.Helper()
	if err := testbed.CheckMulticast(); err != nil {
		b.Skipf("SKIPPED, nothing was measured: %v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { listener.Close() })
	c := &cluster{b: b, Cluster: &testbed.Cluster{
		Dir: b.TempDir(), Programs: programs,
	}}
	b.Cleanup(c.end)
	ctx, cancel := context.WithTimeout(b.Context(), 2*patience)
	defer cancel()
	c.must(c.StartController(ctx))
	for _, name := range hosts {
		c.startHost(ctx, name, listener.Addr().String())
	}
	c.must(c.WaitLinked(ctx, patience))
	for n := range instances {
		h := c.Hosts[n%len(c.Hosts)]
		name := fmt.Sprint("world-", n)
		h.Worlds = append(h.Worlds, name)
		for _, args := range [][]string{{"create", name, "--host", c.NameOrID(ctx, h)}, {"start", name}} {
			_, err := c.Ctl(ctx, append([]string{"instances"}, args...)...)
			c.must(err)
		}
	}
	for range instances {
		c.must(listener.(*net.TCPListener).SetDeadline(time.Now().Add(patience)))
		conn, err := listener.Accept()
		c.must(err)
		b.Cleanup(func() { conn.Close() })
		c.games = append(c.games, &player{orders: json.NewEncoder(conn), answers: json.NewDecoder(conn)})
		c.hear(len(c.games) - 1)
	}
	c.must(c.WaitTrading(ctx, patience, c.Worlds()...))
	return c
}

// end waits for the supervisors too, which write down how their games have ended.
func (c *cluster) end() {
	all := c.processes()
	c.ShutDown()
	err := testbed.Poll(context.Background(), patience, "the supervisors to end", func() (bool, error) {
		return !slices.ContainsFunc(all, testbed.Alive), nil
	})
	if err != nil {
		c.b.Error(err)
	}
}

func (c *cluster) startHost(ctx context.Context, name, control string) {
	c.b.Helper()
	h, err := c.AddHost(name, []byte("{}"))
	c.must(err)
	program, err := os.Executable()
	c.must(err)
	c.must(Install(program, h.Factorio(), control))
	c.must(h.StartAgent())
	c.must(h.ReadConsole(ctx))
	c.must(testbed.Poll(ctx, patience, "host "+name+" to be found", func() (bool, error) {
		found, ok, err := h.Find(ctx)
		h.ID = found.ID
		return ok, err
	}))
	_, err = c.Ctl(ctx, "hosts", "pair", c.NameOrID(ctx, h), h.Code)
	c.must(err)
}

func (c *cluster) must(err error) {
	c.b.Helper()
	if err != nil {
		c.b.Fatal(err)
	}
}

// tell gives a game an order; its partner is the next or the one before.
func (c *cluster) tell(n int, o Order) Told {
	o.Send, o.Receive = n, n^1
	c.games[n].order = o
	return c.ask(n, o)
}

func (c *cluster) ask(n int, o Order) Told {
	c.must(c.games[n].orders.Encode(o))
	return c.hear(n)
}

func (c *cluster) hear(n int) (told Told) {
	c.b.Helper()
	c.must(c.games[n].answers.Decode(&told))
	return told
}

func (c *cluster) arrived() (sum int64) {
	for n := range c.games {
		sum += c.ask(n, Order{}).Arrived
	}
	return sum
}

// measure reports what happens in the window, once.
func (c *cluster) measure(b *testing.B) {
	processes := c.processes()
	var ops, used, seconds float64
	for b.Loop() {
		time.Sleep(warmUp)
		began, before, cpu := time.Now(), c.arrived(), cpuOf(b, processes)
		time.Sleep(window)
		ops += float64(c.arrived() - before)
		used += (cpuOf(b, processes) - cpu).Seconds()
		seconds += time.Since(began).Seconds()
	}
	if ops == 0 {
		b.Fatal("nothing arrived")
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ops/seconds, "ops/s")
	b.ReportMetric(used*1000/ops, "cpu-ms/op")
	c.finish(b)
}

// finish lets everything arrive, and reports how long it took.
func (c *cluster) finish(b *testing.B) {
	for n := range c.games {
		c.tell(n, Order{})
	}
	var all []int64
	for n := range c.games {
		printed := c.ask(n, Order{}).Printed
		c.must(testbed.Poll(b.Context(), patience, "everything to arrive", func() (bool, error) {
			return c.ask(n^1, Order{}).Arrived == printed, nil
		}))
		sent, received := c.ask(n, Order{Times: true}).Sent, c.ask(n^1, Order{Times: true}).Received
		for i, t := range sent {
			all = append(all, received[i]-t)
		}
	}
	reportTimes(b, all, "")
}

func reportTimes(b *testing.B, nanoseconds []int64, what string) {
	slices.Sort(nanoseconds)
	for _, q := range []int{50, 99} {
		b.ReportMetric(float64(nanoseconds[(len(nanoseconds)-1)*q/100])/1e6, fmt.Sprintf("%sp%d-ms", what, q))
	}
}

// processes are those of the product: controller, agents and supervisors.
func (c *cluster) processes() []int {
	all := []int{c.Controller.PID()}
	for _, h := range c.Hosts {
		all = append(all, h.Agent.PID())
	}
	for _, run := range c.runs() {
		all = append(all, run.Supervisor)
	}
	return all
}

// runs are the games that run, with their supervisors, in the order of their hosts' names.
func (c *cluster) runs() (all []supervisor.Run) {
	files, err := filepath.Glob(filepath.Join(c.Dir, "*", "instances", "*", ".mainbus", "run.json"))
	c.must(err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		c.must(err)
		var run supervisor.Run
		c.must(json.Unmarshal(content, &run))
		all = append(all, run)
	}
	return all
}

// cpuOf is what processes have used, in steps of the kernel's 10 ms each.
func cpuOf(b *testing.B, processes []int) (sum time.Duration) {
	for _, pid := range processes {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			b.Fatal(err)
		}
		_, after, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(after)
		for _, ticks := range fields[11:13] { // utime and stime, proc(5)
			n, err := strconv.Atoi(ticks)
			if err != nil {
				b.Fatal(err)
			}
			sum += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return sum
}
