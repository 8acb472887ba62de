package game

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"mainbus/cmd/mainbus-sim/internal/gamelog"
	"mainbus/cmd/mainbus-sim/internal/world"
)

// worldSum is what a world holds and has made and consumed, as JSON.
func worldSum(w *world.World) ([]byte, error) {
	return json.Marshal(struct {
		Tick    uint64           `json:"tick"`
		Items   []world.Sum      `json:"items"`
		Fluids  []world.FluidSum `json:"fluids"`
		Energy  world.EnergySum  `json:"energy"`
		Running bool             `json:"running"`
	}{w.Tick, w.Sums(), w.FluidSums(), w.EnergySum(), !w.Stopped})
}

// mainSum tells what is in a save without running it; only the mods that come with the game may be in it.
func mainSum(args []string, stdout io.Writer) int {
	if len(args) != 1 {
		fmt.Fprintln(stdout, "usage: mainbus-sim sum SAVE")
		return 2
	}
	answer, err := sumOfSave(args[0])
	if err != nil {
		fmt.Fprintln(stdout, err)
		return 1
	}
	fmt.Fprintf(stdout, "%s\n", answer)
	return 0
}

func sumOfSave(file string) ([]byte, error) {
	content, err := readMapFile(file, gamelog.New(time.Now(), io.Discard, nil))
	if err != nil {
		return nil, err
	}
	mods := map[string]bool{}
	for _, m := range content.Header.Mods {
		mods[m.Name] = true
	}
	catalog, err := world.NewCatalog(mods)
	if err != nil {
		return nil, err
	}
	w, err := world.Load(content.Level.World, catalog, nil)
	if err != nil {
		return nil, err
	}
	return worldSum(w)
}
