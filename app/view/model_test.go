package view

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mainbus/controller/api"
)

// cluster is an api.Service in memory, as far as a model calls it.
type cluster struct {
	api.Service
	mu      sync.Mutex
	asked   int // for hosts
	news    chan struct{}
	hosts   []api.Host
	err     error
	hang    bool
	console func(api.ReadConsole) (api.ConsolePage, error)
	reads   []api.ReadConsole
}

func (c *cluster) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

func (c *cluster) Status(context.Context, api.Caller) (api.Status, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return api.Status{Name: "Home", UptimeSeconds: int64(c.asked)}, nil
}

func (c *cluster) Hosts(ctx context.Context, _ api.Caller) ([]api.Host, error) {
	c.mu.Lock()
	c.asked++
	hang, err, hosts := c.hang, c.err, slices.Clone(c.hosts)
	c.mu.Unlock()
	if hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return hosts, err
}

func (c *cluster) Games(context.Context, api.Caller, api.GamesOf) ([]api.HostGames, error) {
	return nil, nil
}

// Changes tells of none: the cluster is asked again all the same.
func (c *cluster) Changes(ctx context.Context, _ api.Caller, r api.AwaitChanges) (api.Versions, error) {
	select {
	case <-time.After(time.Duration(r.WaitMS) * time.Millisecond):
	case <-ctx.Done():
	case <-c.news:
		return api.Versions{Cluster: r.Since.Cluster + 1}, nil
	}
	return r.Since, ctx.Err()
}

func (c *cluster) Instances(context.Context, api.Caller) ([]api.Instance, error) { return nil, nil }
func (c *cluster) BusProblems(context.Context, api.Caller) (api.BusProblems, error) {
	return api.BusProblems{}, nil
}

func (c *cluster) Figures(context.Context, api.Caller) ([]api.Measured, error) { return nil, nil }

func (c *cluster) Bus(context.Context, api.Caller) ([]api.BusItem, error) { return nil, nil }

func (c *cluster) ReadConsole(ctx context.Context, _ api.Caller, r api.ReadConsole) (api.ConsolePage, error) {
	c.mu.Lock()
	c.reads = append(c.reads, r)
	c.mu.Unlock()
	page, err := c.console(r)
	if err == nil && len(page.Lines) == 0 { // as a host does: it waits for more
		select {
		case <-time.After(time.Duration(r.WaitMS) * time.Millisecond):
		case <-ctx.Done():
			return page, ctx.Err()
		}
	}
	return page, err
}

// loop is a user interface's goroutine; its end drops what is still queued.
func loop(ctx context.Context) (do func(func())) {
	queue := make(chan func(), 1000)
	go func() {
		for {
			select {
			case f := <-queue:
				f()
			case <-ctx.Done():
				return
			}
		}
	}()
	return func(f func()) { queue <- f }
}

func TestRunTellsChangesOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{hosts: []api.Host{{ID: "1", Name: "attic", State: api.Paired}}, news: make(chan struct{})}
		m := NewModel(c, api.Caller{}, loop(t.Context()))
		var told []Snapshot
		stop := m.Watch(func(s Snapshot) { told = append(told, s) })
		if len(told) != 1 || told[0].Loaded {
			t.Fatalf("before the first answer: %+v", told)
		}
		go m.Run(t.Context())
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if len(told) != 2 || !told[1].Loaded || told[1].Hosts[0].Name != "attic" {
			t.Fatalf("after ten quiet seconds: %+v", told)
		}
		if n := c.asked; n < 2 || n > 3 {
			t.Errorf("asked %d times in ten quiet seconds", c.asked)
		}
		c.change(func() { c.hosts[0].Linked = true })
		c.news <- struct{}{}
		synctest.Wait()
		if len(told) != 3 || !told[2].Hosts[0].Linked || !m.Now().Hosts[0].Linked {
			t.Errorf("after a change: %+v", told[2:])
		}
		stop()
		c.change(func() { c.hosts = nil })
		time.Sleep(quiet + gap)
		synctest.Wait()
		if len(told) != 3 || len(m.Now().Hosts) != 0 {
			t.Errorf("who stopped to watch was told %d times; now %+v", len(told), m.Now())
		}
	})
}

func TestHurryAsksAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{}
		m := NewModel(c, api.Caller{}, loop(t.Context()))
		go m.Run(t.Context())
		synctest.Wait()
		before := c.asked
		m.Hurry()
		m.Hurry() // never blocks
		m.Hurry()
		synctest.Wait()
		if got := c.asked - before; got < 1 || got > 2 {
			t.Errorf("asked %d times at once", got)
		}
	})
}

func TestAProblemKeepsTheLastRows(t *testing.T) {
	for _, test := range []struct {
		name    string
		breaks  func(*cluster)
		message string
		after   time.Duration
	}{
		{"refused", func(c *cluster) { c.err = api.Errorf(api.Refused, "Ask the owner.", "You may not.") }, "You may not.", quiet},
		{"plain error", func(c *cluster) { c.err = errors.New("disk full") }, "disk full", quiet},
		{"no answer", func(c *cluster) { c.hang = true }, "The controller does not answer.", quiet + patience},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &cluster{hosts: []api.Host{{ID: "1", Name: "attic"}}}
				m := NewModel(c, api.Caller{}, loop(t.Context()))
				told := 0
				m.Watch(func(Snapshot) { told++ })
				go m.Run(t.Context())
				synctest.Wait()
				c.change(func() { test.breaks(c) })
				time.Sleep(test.after + time.Minute)
				synctest.Wait()
				now := m.Now()
				if now.Problem == nil || now.Problem.Message != test.message || !now.Loaded || len(now.Hosts) != 1 {
					t.Errorf("%+v, problem %+v", now, now.Problem)
				}
				if told != 3 { // at Watch, loaded, broken
					t.Errorf("told %d times", told)
				}
				c.change(func() { c.err, c.hang = nil, false })
				time.Sleep(quiet + 2*patience)
				synctest.Wait()
				if now := m.Now(); now.Problem != nil || len(now.Hosts) != 1 {
					t.Errorf("after it answers again: %+v", now)
				}
			})
		})
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	for name, prepare := range map[string]func(*cluster) func(func()){
		"between questions":                   func(*cluster) func(func()) { return func(f func()) { f() } },
		"in a call":                           func(c *cluster) func(func()) { c.hang = true; return func(f func()) { f() } },
		"while the user interface is leaving": func(*cluster) func(func()) { return func(func()) {} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &cluster{}
				m := NewModel(c, api.Caller{}, prepare(c))
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan struct{})
				go func() { defer close(ended); m.Run(ctx) }()
				synctest.Wait()
				cancel()
				synctest.Wait()
				select {
				case <-ended:
				default:
					t.Error("goes on")
				}
			})
		})
	}
}

// transcript is what Follow handed over.
type transcript struct {
	lines    []string
	batches  []int
	problems []string
	at       []time.Time
}

func (tr *transcript) show(lines []string, problem *api.Error) {
	tr.lines, tr.batches, tr.at = append(tr.lines, lines...), append(tr.batches, len(lines)), append(tr.at, time.Now())
	text := ""
	if problem != nil {
		text = problem.Message
	}
	tr.problems = append(tr.problems, text)
}

// printed serves a console of n lines, one per offset, in pages of the asked size.
func printed(n uint64) func(api.ReadConsole) (api.ConsolePage, error) {
	return func(r api.ReadConsole) (api.ConsolePage, error) {
		page := api.ConsolePage{Next: r.Offset}
		for ; page.Next < n && len(page.Lines) < int(r.Limit); page.Next++ {
			page.Lines = append(page.Lines, fmt.Sprint("line ", page.Next))
		}
		return page, nil
	}
}

func TestFollowCatchesUpInBoundedBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{console: printed(4500)}
		m := NewModel(c, api.Caller{}, loop(t.Context()))
		var got transcript
		go m.Follow(t.Context(), "i1", got.show)
		time.Sleep(time.Minute)
		synctest.Wait()
		if !slices.Equal(got.batches, []int{2000, 2000, 500}) {
			t.Errorf("batches %v", got.batches)
		}
		for i, line := range got.lines {
			if line != fmt.Sprint("line ", i) {
				t.Fatalf("line %d is %q", i, line)
			}
		}
		if c.reads[0].WaitMS != 0 || c.reads[0].Instance != "i1" || c.reads[3].Offset != 4500 || c.reads[3].WaitMS == 0 {
			t.Errorf("reads %+v", c.reads)
		}
		if n := len(c.reads); n > 10 { // the last ones wait ten seconds each
			t.Errorf("%d reads in a quiet minute", n)
		}
	})
}

func TestFollowOfAChattyServerIsPaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{console: func(r api.ReadConsole) (api.ConsolePage, error) {
			return api.ConsolePage{Lines: []string{"tick"}, Next: r.Offset + 1}, nil
		}}
		m := NewModel(c, api.Caller{}, loop(t.Context()))
		var got transcript
		go m.Follow(t.Context(), "i1", got.show)
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		if n := len(got.batches); n < 38 || n > 42 {
			t.Errorf("%d batches in ten seconds", n)
		}
	})
}

func TestFollowWaitsUntilABatchIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{console: printed(1 << 40)}
		var queued []func()
		m := NewModel(c, api.Caller{}, func(f func()) { queued = append(queued, f) })
		var got transcript
		go m.Follow(t.Context(), "i1", got.show)
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(queued) != 1 || len(c.reads) != 1 {
			t.Fatalf("a stuck user interface was given %d batches", len(queued))
		}
		queued[0]()
		synctest.Wait()
		if len(queued) != 2 || len(got.lines) != 2000 {
			t.Errorf("%d batches queued, %d lines shown", len(queued), len(got.lines))
		}
	})
}

func TestFollowGoesOnAfterAProblem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := true
		good := printed(2)
		c := &cluster{}
		c.console = func(r api.ReadConsole) (api.ConsolePage, error) {
			c.mu.Lock()
			defer c.mu.Unlock()
			if broken {
				return api.ConsolePage{}, api.Errorf(api.Unavailable, "", "host attic is not linked")
			}
			return good(r)
		}
		m := NewModel(c, api.Caller{}, loop(t.Context()))
		var got transcript
		go m.Follow(t.Context(), "i1", got.show)
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := len(c.reads); n > 31 {
			t.Errorf("%d reads in a minute of failures", n)
		}
		c.change(func() { broken = false })
		time.Sleep(5 * time.Second)
		c.change(func() { broken = true })
		time.Sleep(20 * time.Second) // a read that waits notices nothing
		synctest.Wait()
		if want := []string{"host attic is not linked", "", "host attic is not linked"}; !slices.Equal(got.problems, want) {
			t.Errorf("told %q, want %q", got.problems, want)
		}
		c.change(func() { broken = false })
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if got.problems[len(got.problems)-1] != "" {
			t.Error("the problem was not taken back")
		}
		if !slices.Equal(got.lines, []string{"line 0", "line 1"}) {
			t.Errorf("lines %q: some were lost or told twice", got.lines)
		}
	})
}

func TestFollowTellsNothingAfterItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{console: printed(10)}
		var queued []func()
		m := NewModel(c, api.Caller{}, func(f func()) { queued = append(queued, f) })
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		var got transcript
		go func() { defer close(ended); m.Follow(ctx, "i1", got.show) }()
		synctest.Wait()
		cancel() // as a page does that leaves while a batch is on its way
		synctest.Wait()
		select {
		case <-ended:
		default:
			t.Fatal("goes on")
		}
		for _, f := range queued {
			f()
		}
		if len(got.lines) > 0 {
			t.Errorf("shown after the end: %q", strings.Join(got.lines, ", "))
		}
	})
}
