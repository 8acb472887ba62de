// Command mainbus-sim is a simulated Factorio headless server, see README.md.
package main

import (
	"os"

	"mainbus/cmd/mainbus-sim/internal/game"
)

func main() {
	os.Exit(game.Main(os.Args, os.Stdin, os.Stdout))
}
