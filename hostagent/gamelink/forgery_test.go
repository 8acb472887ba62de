package gamelink

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mainbus/hostagent/factorio/rcon"
	"mainbus/transport/wire"
)

// counter is a module with one total and without a socket: what it prints and answers arrives late.
type counter struct {
	mu      sync.Mutex
	random  *rand.Rand
	seq     int
	chain   string
	total   int
	granted int // commands that came in
	output  chan string
}

const counterEpoch = "7.1"

func (c *counter) say() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seq++
	c.total++
	rest := fmt.Sprintf("%s %d 1/1 1 test - r%d", counterEpoch, c.seq, c.total)
	c.chain = sum(c.chain + rest)
	c.output <- fmt.Sprintf("mainbus:1 %d %s %s", len(rest), sum(rest), rest)
}

// forge prints what a hostile script could.
func (c *counter) forge() {
	c.mu.Lock()
	defer c.mu.Unlock()
	numbers := []uint64{uint64(c.seq), uint64(c.seq) + 1, uint64(c.seq) + 1, uint64(c.seq) + 2, uint64(c.seq) + 9, 1<<64 - 1, 0}
	part := []string{"1/1", "1/1", "1/1", "1/3", "2/3", "3/3"}[c.random.IntN(6)]
	body := []string{"r999999", "r0", "zAAAA", "r"}[c.random.IntN(4)]
	channel := []string{"test -", "test -", "core fault"}[c.random.IntN(3)]
	rest := fmt.Sprintf("%s %d %s 1 %s %s", counterEpoch, numbers[c.random.IntN(len(numbers))], part, channel, body)
	c.output <- fmt.Sprintf("mainbus:1 %d %s %s", len(rest), sum(rest), rest)
}

func (c *counter) Start(command string) (<-chan rcon.Reply, error) {
	reply := make(chan rcon.Reply, 1)
	go func() {
		c.pause(30)
		text := c.execute(strings.Fields(command))
		c.pause(30)
		reply <- rcon.Reply{Text: text}
	}()
	return reply, nil
}

func (c *counter) pick(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.random.IntN(n)
}

func (c *counter) pause(most int) { time.Sleep(time.Duration(c.pick(most+1)) * time.Millisecond) }

func (c *counter) execute(fields []string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	answer := "1"
	switch op := fields[7]; op {
	case "bind":
		answer = "1 - 0123456789abcdef0123456789abcdef test r0"
	case "beat":
		answer = fmt.Sprintf("1 %d %s", c.seq, c.chain)
	case "report":
		answer = fmt.Sprintf("1 %d %s test r%d", c.seq, c.chain, c.total)
	case "set":
		c.granted++
	}
	return "ok " + fields[3] + " " + answer
}

// books is an Owner that believes what it is told.
type books struct {
	mu    sync.Mutex
	total string
	fault bool
}

func (b *books) Up(e *wire.Envelope) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.total = string(e.Body)
}
func (b *books) Beat(uint64, time.Duration) {}
func (b *books) Still(bool)                 {}

func (b *books) Fault(string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault = true
}

func TestNoForgeryLasts(t *testing.T) {
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) {
			c := &counter{random: rand.New(rand.NewPCG(seed, 1)), chain: noChain, output: make(chan string, 1000)}
			b := &books{total: "0"}
			s := NewSession(Config{RCON: c, Owner: b, Start: "5-abc", Epoch: counterEpoch})
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { s.Run(ctx) })
			running.Go(func() {
				for line := range c.output {
					c.pause(5)
					s.Feed(line, 0)
				}
			})
			if _, err := s.Bind(ctx); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Assign(ctx, &wire.Assign{Ledger: "beef", World: "cafe"}); err != nil {
				t.Fatal(err)
			}
			for range 60 {
				if c.pause(200); c.pick(2) == 0 {
					c.say()
				} else {
					for range c.pick(4) {
						c.forge()
					}
				}
			}
			s.Deliver(envelope(wire.Class_CLASS_BUS, "", "a"))
			time.Sleep(stillInterval + 10*time.Second) // the world says nothing more
			b.mu.Lock()
			c.mu.Lock()
			if b.total != strconv.Itoa(c.total) || c.granted != 1 || b.fault {
				t.Errorf("seed %d: the world has %d, the books have %s; %d of 1 commands came; fault %v", seed, c.total, b.total, c.granted, b.fault)
			}
			c.mu.Unlock()
			b.mu.Unlock()
			close(c.output)
			cancel()
			running.Wait()
		})
	}
}
