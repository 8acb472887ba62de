package supervisor

import (
	"bufio"
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
		case "game":
			os.Exit(playGame(os.Args[2:]))
		}
	}
	goleak.VerifyTestMain(m)
}

// playGame stands for a game:
//
//	count N PAUSE CODE   prints N numbered lines PAUSE apart and ends with CODE
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
