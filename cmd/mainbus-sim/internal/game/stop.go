package game

import (
	"errors"
	"fmt"
	"strings"

	"mainbus/cmd/mainbus-sim/internal/api"
	"mainbus/cmd/mainbus-sim/internal/luavm"
)

// shutdown saves to the file that the game was started from and closes everything. why is "signal" or "remote-quit".
func (s *server) shutdown(why string) error {
	s.out.engine("Quitting: %s.", why)
	s.finishBackgroundSave()
	s.out.info("MainLoop.cpp:437", "Saving map as %s", s.file)
	content, err := s.snapshot()
	if err != nil {
		return s.scriptFailed(err)
	}
	s.sleepWhileSaving(func(percent float64) {
		s.out.info("MainLoop.cpp:448", "Saving progress: %f%%", percent)
	})
	if err := content.write(s.file); err != nil {
		s.saveFailed(s.file, err)
	}
	s.out.info("MainLoop.cpp:448", "Saving progress: %f%%", 100.0)
	s.out.info("ServerMultiplayerManager.cpp:119", "Disconnecting multiplayer connection.")
	s.change("DisconnectingScheduled", s.world.Tick)
	s.change("Disconnecting", s.world.Tick)
	s.change("Disconnected", s.world.Tick)
	s.out.info("ServerMultiplayerManager.cpp:146", "Quitting multiplayer connection.")
	s.change("Closed", s.world.Tick)
	s.out.info("ServerMultiplayerManager.cpp:166", "Deleting active scenario (global = true).")
	s.closeSockets()
	return nil
}

func (s *server) closeSockets() {
	if s.rcon != nil {
		s.rcon.close()
	}
	s.out.info("UDPSocket.cpp:238", "Closing socket")
	s.udp.Close()
	s.out.info("UDPSocket.cpp:268", "Socket closed")
}

// scriptFailed ends a running game after an error in a script: nothing is saved.
func (s *server) scriptFailed(err error) error {
	text := scriptError(err)
	s.out.failure("MainLoop.cpp:1488", "Exception at tick %d: %s", s.world.Tick, text)
	if s.state == "InGame" {
		return s.stopFailed(errors.New(`"` + text + `"`))
	}
	return errReported
}

// stopFailed ends a running game without saving.
func (s *server) stopFailed(err error) error {
	s.out.failure("ServerMultiplayerManager.cpp:92", "MultiplayerManager failed: %s", err)
	s.change("Failed", s.world.Tick)
	s.out.engine("Quitting: multiplayer error.")
	s.out.info("ServerMultiplayerManager.cpp:119", "Disconnecting multiplayer connection.")
	s.change("DisconnectingScheduled", s.world.Tick)
	s.out.info("ServerMultiplayerManager.cpp:146", "Quitting multiplayer connection.")
	s.change("Closed", s.world.Tick)
	s.closeSockets()
	return errReported
}

// scriptError is the text of several lines that the game shows for an error in a script.
func scriptError(err error) string {
	lines := []string{
		"The scenario level caused a non-recoverable error.", "Please report this error to the scenario author.", "",
	}
	var handler *api.HandlerError
	if errors.As(err, &handler) {
		if !handler.Level() {
			lines[0] = fmt.Sprintf("The mod %s (%s) caused a non-recoverable error.", handler.Mod.Name, handler.Mod.Version)
			lines[1] = "Please report this error to the mod author."
		}
		if handler.Where != "" {
			lines = append(lines, "Error while running event "+handler.Where)
		}
		err = handler.Err
	}
	lines = append(lines, err.Error())
	var lua *luavm.Error
	if errors.As(err, &lua) && lua.Traceback != "" {
		lines = append(lines, lua.Traceback)
	}
	return strings.Join(lines, "\n")
}

func (s *server) saveFailed(file string, err error) {
	s.out.warning("WriteFileGuard.cpp:52", "Writing %s failed; previous version (if any) should still be available", file)
	s.out.failure("AppManagerStates.cpp:2110", "%s", fmt.Sprint(err))
}
