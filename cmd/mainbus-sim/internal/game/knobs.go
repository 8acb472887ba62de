package game

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"mainbus/cmd/mainbus-sim/internal/world"
)

// knobs are the ways to make the program behave unlike a healthy game, from the scenario file or the environment.
type knobs struct {
	world.Scenario
}

// Environment variables; each replaces the field of the scenario file.
const (
	envTrace    = "MAINBUS_SIM_TRACE"
	envSlowSave = "MAINBUS_SIM_SLOW_SAVE_MS"
	envCrash    = "MAINBUS_SIM_CRASH_AT_TICK"
)

func readKnobs(file string) (knobs, error) {
	scenario, err := world.ReadScenario(file)
	if err != nil {
		return knobs{}, err
	}
	k := knobs{scenario}
	if os.Getenv(envTrace) != "" {
		k.Trace = true
	}
	if text := os.Getenv(envSlowSave); text != "" {
		if k.SlowSaveMS, err = strconv.Atoi(text); err != nil {
			return k, fmt.Errorf("read %s: %w", envSlowSave, err)
		}
	}
	if text := os.Getenv(envCrash); text != "" {
		if k.CrashAtTick, err = strconv.ParseUint(text, 10, 64); err != nil {
			return k, fmt.Errorf("read %s: %w", envCrash, err)
		}
	}
	return k, nil
}

func (k knobs) slowSave() time.Duration { return time.Duration(k.SlowSaveMS) * time.Millisecond }
