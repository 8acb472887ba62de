package supervisor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// The test binary is also the supervisor and the game: Start runs it as `self supervise DIR`.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		switch os.Args[1] {
		case "supervise":
			if err := Supervise(os.Args[2], os.Stdout); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		case "watch":
			os.Exit(watchGame(os.Args[2], os.Args[3]))
		case "in-group":
			os.Exit(tellGroup(os.Args[2:]))
		case "game":
			os.Exit(playGame(os.Args[2:]))
		}
	}
	goleak.VerifyTestMain(m)
}

// watchGame stands for an agent: it attaches to the game in dir and passes on what it prints from an offset on, each line after the
// offset to go on with.
func watchGame(dir, from string) int {
	offset, err := strconv.ParseUint(from, 10, 64)
	if err != nil {
		return 2
	}
	game, err := Attach(dir)
	if errors.Is(err, ErrGone) { // it has ended meanwhile; what it printed is there
		return readGame(dir, offset)
	}
	if err != nil {
		return 3
	}
	tail, err := game.Tail(context.Background(), offset)
	if err != nil {
		return 4
	}
	for {
		line, err := tail.Next()
		if err != nil {
			return 0
		}
		fmt.Printf("%d %t %s\n", line.End, line.Gap, line.Text)
	}
}

// readGame passes on what is there, as watchGame does.
func readGame(dir string, offset uint64) int {
	var lines Lines
	buffer := make([]byte, maxWrite)
	for {
		n, at, end, err := ReadOutput(dir, buffer, offset)
		if err != nil {
			return 5
		}
		lines.Add(buffer[:n], at)
		for line, ok := lines.Next(); ok; line, ok = lines.Next() {
			fmt.Printf("%d %t %s\n", line.End, line.Gap, line.Text)
		}
		if offset = at + uint64(n); offset >= end {
			return 0
		}
	}
}

// playGame stands for a game:
//
//	count N PAUSE CODE   prints N numbered lines PAUSE apart and ends with CODE
//	steady N RATE CODE   prints N numbered lines, RATE a second, and ends with CODE
//	echo                 prints what is typed and the signals that come; "stamp" is answered with the time
func playGame(args []string) int {
	if args[0] == "count" {
		n, _ := strconv.Atoi(args[1])
		pause, _ := time.ParseDuration(args[2])
		code, _ := strconv.Atoi(args[3])
		for i := range n {
			fmt.Printf("line %d\n", i)
			time.Sleep(pause)
		}
		return code
	}
	if args[0] == "steady" {
		n, _ := strconv.Atoi(args[1])
		rate, _ := strconv.Atoi(args[2])
		code, _ := strconv.Atoi(args[3])
		began := time.Now()
		for i := range n {
			time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(rate))))
			fmt.Printf("line %d\n", i)
		}
		return code
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt)
	typed := make(chan string)
	go func() {
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			typed <- in.Text()
		}
	}()
	fmt.Println("echo is ready")
	for {
		select {
		case line := <-typed:
			switch line {
			case "stamp":
				line = strconv.FormatInt(time.Now().UnixNano(), 10)
			case "/quit": // what Interrupt is on Windows
				fmt.Println("interrupted, saving")
				return 0
			}
			fmt.Println(line)
		case <-signals:
			fmt.Println("interrupted, saving")
			return 0
		}
	}
}
