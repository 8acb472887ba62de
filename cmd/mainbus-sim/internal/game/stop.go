package game

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"mainbus/cmd/mainbus-sim/internal/api"
	"mainbus/cmd/mainbus-sim/internal/luavm"
)

// frame33 is the time between two states of a connection that is closed.
const frame33 = 33 * time.Millisecond

// shutdown saves to the file that the game was started from and closes everything. why is "signal" or "remote-quit".
func (s *server) shutdown(why string) error {
	s.out.Engine("Quitting: %s.", why)
	s.freeze()
	err := s.lastSave()
	s.thaw()
	if err != nil {
		return s.scriptFailed(err)
	}
	s.disconnectAll()
	s.out.Info("ServerMultiplayerManager.cpp:166", "Deleting active scenario (global = true).")
	s.closeSockets()
	return nil
}

// lastSave is the save of a game that stops.
func (s *server) lastSave() error {
	s.finishBackgroundSave()
	s.out.Info("MainLoop.cpp:437", "Saving map as %s", s.file)
	content, err := s.snapshot()
	if err != nil {
		return err
	}
	progress := func(percent float64) { s.out.Info("MainLoop.cpp:448", "Saving progress: %f%%", percent) }
	progress(100 / float64(len(content.Level.World)/1024+2))
	w := s.newWrite(content, s.file)
	sleepWhileSaving(w.takes, progress)
	if err := w.run(); err != nil {
		s.saveFailed(w.file, err)
	}
	progress(100)
	return nil
}

// disconnectAll goes from InGame to Closed.
func (s *server) disconnectAll() {
	s.out.Info("ServerMultiplayerManager.cpp:119", "Disconnecting multiplayer connection.")
	s.change("DisconnectingScheduled", s.world.Tick)
	time.Sleep(frame33)
	s.change("Disconnecting", s.world.Tick)
	time.Sleep(frame33)
	s.change("Disconnected", s.world.Tick)
	s.out.Info("ServerMultiplayerManager.cpp:146", "Quitting multiplayer connection.")
	s.change("Closed", s.world.Tick)
}

// closeSockets closes the game's socket, the one for broadcasts and RCON.
func (s *server) closeSockets() {
	if s.rcon != nil {
		s.rcon.Close()
	}
	s.out.Info("UDPSocket.cpp:238", "Closing socket")
	if s.udp != nil {
		s.udp.Close()
	}
	s.out.Info("UDPSocket.cpp:268", "Socket closed")
	s.out.Info("UDPSocket.cpp:238", "Closing socket")
	s.out.Info("UDPSocket.cpp:238", "Closing socket")
	s.out.Info("UDPSocket.cpp:268", "Socket closed")
}

// scriptFailed ends a running game after an error in a script: nothing is saved.
func (s *server) scriptFailed(err error) error {
	text := scriptError(err)
	s.out.Failure("MainLoop.cpp:1488", "Exception at tick %d: %s", s.world.Tick, text)
	s.out.Failure("ServerMultiplayerManager.cpp:92", `MultiplayerManager failed: "%s"`, text)
	s.change("Failed", s.world.Tick)
	s.out.Engine("Quitting: multiplayer error.")
	s.out.Info("ServerMultiplayerManager.cpp:119", "Disconnecting multiplayer connection.")
	s.change("DisconnectingScheduled", s.world.Tick)
	s.out.Info("ServerMultiplayerManager.cpp:146", "Quitting multiplayer connection.")
	s.change("Closed", s.world.Tick)
	s.closeSockets()
	return errLua
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
	s.out.Warning("WriteFileGuard.cpp:52", "Writing %s failed; previous version (if any) should still be available", file)
	s.out.Failure("AppManagerStates.cpp:2110", "Error when writing to file: %s. File: %s.", reason(err), file)
}
