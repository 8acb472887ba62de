package game

import (
	"fmt"
	"maps"
	"os"
	"slices"

	"mainbus/cmd/mainbus-sim/internal/life"
	"mainbus/cmd/mainbus-sim/internal/world"
)

// visits are the connections of players.
type visits struct {
	peers    map[string]int // numbers of who is in the game, by name
	underway []*visit
	lastPeer int
	maps     int // served in this run
}

// visit is somebody who is on the way into the game, or back into it after a desync.
type visit struct {
	join  life.Join
	peer  int
	state string
	known bool   // has been here before
	file  string // the map that was made for them
	steps []visitStep
}

// visitStep is done some frames after the step before it.
type visitStep struct {
	frames int
	inTick bool // needs the map to move
	do     func() error
}

// joinFrames is how long a map takes to get to a player and be loaded there, if the scenario doesn't say.
const joinFrames = 6

// joining says whether somebody is on the way.
func (v *visits) joining() bool { return len(v.underway) > 0 }

// advance does what is due in this frame and returns what is due in its tick.
func (v *visits) advance() (inTick []func() error, err error) {
	for _, one := range slices.Clone(v.underway) {
		for len(one.steps) > 0 {
			step := &one.steps[0]
			if step.frames > 0 {
				step.frames--
				break
			}
			one.steps = one.steps[1:]
			if step.inTick {
				inTick = append(inTick, step.do)
				break
			}
			if err := step.do(); err != nil {
				return nil, err
			}
		}
	}
	v.drop(func(one *visit) bool { return len(one.steps) == 0 })
	return inTick, nil
}

// drop ends what is under way of some visits, which need their map no longer.
func (v *visits) drop(which func(*visit) bool) {
	v.underway = slices.DeleteFunc(v.underway, func(one *visit) bool {
		if !which(one) {
			return false
		}
		_ = os.Remove(one.file) // nothing depends on it
		return true
	})
}

// address is where a player calls from.
func (v *visits) address(peer int) string {
	return fmt.Sprintf("192.0.2.%d:%d", 1+peer%250, 49152+peer%16000)
}

// connect begins a visit, or refuses it.
func (s *server) connect(j life.Join) error {
	v := &s.visits
	v.lastPeer++
	one := &visit{peer: v.lastPeer, state: "Ready"}
	if p := s.world.Player(j.Player); p != nil {
		j.Player, one.known = p.Name, true // as they are known, whatever the case of the letters
	}
	one.join = j
	address := v.address(one.peer)
	s.out.Engine("ConnectionRequestReplyConfirm (type(ConnectionRequestReplyConfirm) ) from(IP ADDR:({%s}))", address)
	if reason := s.refusal(j); reason != "" {
		s.out.Engine("Refusing connection for address (IP ADDR:({%s})), username (%s). %s", address, j.Player, reason)
		return nil
	}
	s.out.Info("ServerRouter.cpp:465", "Replying to connectionRequest for address(IP ADDR:({%s})).", address)
	s.out.Info("ServerSynchronizer.cpp:594", "nextHeartbeatSequenceNumber(%d) adding peer(%d)", s.world.Tick, one.peer)
	if err := s.sendMap(one, "ConnectedWaitingForMap", "InGameSavingMap"); err != nil {
		return err
	}
	frames := j.Frames
	if frames <= 0 {
		frames = joinFrames
	}
	one.steps = append([]visitStep{
		{frames: 2, do: func() error { s.peerState(one, "ConnectedDownloadingMap"); return nil }},
		{frames: frames / 2, do: func() error { s.peerState(one, "ConnectedLoadingMap"); return nil }},
		{frames: frames - frames/2, do: func() error {
			s.peerState(one, "TryingToCatchUp")
			s.peerState(one, "WaitingForCommandToStartSendingTickClosures")
			return nil
		}},
	}, s.enterSteps(one)...)
	v.underway = append(v.underway, one)
	return nil
}

// enterSteps are the last steps of a visit that begins.
func (s *server) enterSteps(one *visit) []visitStep {
	return []visitStep{
		{frames: 1, inTick: true, do: func() error { return s.enter(one) }},
		{frames: 7, do: func() error {
			if s.visits.peers[one.join.Player] == one.peer { // may be gone again
				s.peerState(one, "InGame")
				s.out.Dated("JOIN", one.join.Player+" joined the game")
			}
			return nil
		}},
	}
}

// enter lets a player into the map.
func (s *server) enter(one *visit) error {
	mode := "create"
	if one.known {
		mode = "connect"
	}
	s.visits.peers[one.join.Player] = one.peer
	var failed error
	err := s.act(func(p *peer) error {
		if _, err := p.world.Join(one.join.Player); err != nil && p.world == s.world {
			failed = err
		}
		return nil
	})
	if failed != nil { // banned, or here already, since the visit began
		delete(s.visits.peers, one.join.Player)
		s.removePeer(one.peer)
		return err
	}
	s.out.Info("GameActionHandler.cpp:4477", "UpdateTick (%d) processed PlayerJoinGame peerID(%d) playerIndex(%d) mode(%s)",
		s.world.Tick, one.peer, s.world.Player(one.join.Player).Index-1, mode)
	return err
}

// peerState writes the line of a change of a player's state.
func (s *server) peerState(one *visit, state string) {
	s.out.Info("ServerMultiplayerManager.cpp:978", "updateTick(%d) received stateChanged peerID(%d) oldState(%s) newState(%s)",
		s.world.Tick, one.peer, one.state, state)
	one.state = state
}

// sendMap saves the map for a player, while the game stands still.
func (s *server) sendMap(one *visit, peerState, serverState string) error {
	s.change(serverState, s.world.Tick)
	if peerState != "" {
		s.peerState(one, peerState)
	}
	sleepWhileSaving(s.slowSave(), nil)
	file, err := s.serveMap(one.peer)
	if err != nil {
		return err
	}
	one.file = file
	s.change("InGame", s.world.Tick)
	return nil
}

// refusal is why a player may not join; empty if they may.
func (s *server) refusal(j life.Join) string {
	admin, known := s.world.IsAdmin(j.Player), s.world.Player(j.Player) != nil
	full := s.settings.MaxPlayers > 0 && len(s.visits.peers)+len(s.visits.underway) >= s.settings.MaxPlayers &&
		!admin && !(known && s.settings.IgnoreLimitForKnown)
	here := s.visits.peers[j.Player] > 0 || slices.ContainsFunc(s.visits.underway, func(one *visit) bool { return one.join.Player == j.Player })
	switch {
	case j.Mods != nil && !maps.Equal(j.Mods, modVersions(s.mods)):
		return "ModsMismatch"
	case s.settings.RequireUserVerification && j.Guest:
		return "UserVerificationMissing"
	case s.settings.GamePassword != "" && j.Password == "":
		return "PasswordMissing"
	case s.settings.GamePassword != "" && j.Password != s.settings.GamePassword:
		return "PasswordMismatch"
	case s.world.BanOf(j.Player) != nil:
		return "UserBanned"
	case s.lists.whitelisting && !admin && !s.world.IsAllowed(j.Player):
		return "UserNotWhitelisted"
	case here:
		return "UserWithThatNameAlreadyInGame"
	case full:
		return "PlayerLimitReached"
	}
	return ""
}

// leave ends a visit.
func (s *server) leave(name string, reason world.Reason) error {
	peerID, ok := s.visits.peers[name]
	if !ok {
		return nil
	}
	s.out.Info("ServerMultiplayerManager.cpp:1086", "Disconnect notification for peer (%d)", peerID)
	s.peerState(&visit{peer: peerID, state: "InGame"}, "DisconnectScheduled")
	return s.act(func(p *peer) error {
		if player := p.world.Player(name); player != nil {
			p.world.Leave(player, reason)
		}
		return nil
	})
}

// left is what the server does when somebody is out of the map, for whatever reason.
func (s *server) left(p *world.Player, reason world.Reason) {
	peerID, ok := s.visits.peers[p.Name]
	if !ok {
		return // see dropFormer
	}
	delete(s.visits.peers, p.Name)
	s.removePeer(peerID)
	s.out.Dated("LEAVE", p.Name+" "+leaveWords(reason))
	s.emptied = true
}

// dropFormer lets those leave in the first tick who were in the game when the save was made. No line tells of it.
func (s *server) dropFormer() error {
	if s.begun {
		return nil
	}
	s.begun = true
	return s.act(func(p *peer) error {
		for _, former := range p.world.Connected() {
			p.world.Leave(former, world.Dropped)
		}
		return nil
	})
}

func (s *server) removePeer(peerID int) {
	s.out.Info("ServerSynchronizer.cpp:613", "nextHeartbeatSequenceNumber(%d) removing peer(%d).", s.world.Tick, peerID)
	s.visits.drop(func(one *visit) bool { return one.peer == peerID })
}

func leaveWords(reason world.Reason) string {
	switch reason {
	case world.Dropped:
		return "was dropped from the game."
	case world.Desynced:
		return "was disconnected as they desynced."
	case world.AFK:
		return "was disconnected for being AFK."
	case world.SwitchingServers:
		return "is switching servers."
	case world.CannotKeepUp:
		return "could not keep up with the server, so they have been disconnected."
	case world.Reconnect:
		return "was disconnected as they are reconnecting from a different source."
	case world.WrongInput:
		return "was disconnected as they sent malformed data."
	}
	return "left the game"
}

// desync lets a player's game differ from the server's, which saves a map for the report and serves it anew.
func (s *server) desync(name string) error {
	peerID, ok := s.visits.peers[name]
	if !ok {
		return nil
	}
	one := &visit{join: life.Join{Player: name}, peer: peerID, state: "InGame", known: true}
	s.peerState(one, "DesyncedWaitingForMap")
	s.out.Info("ServerMultiplayerManager.cpp:1035", "updateTick(%d) received playerDesynced peer (%d)", s.world.Tick, peerID)
	if err := s.sendMap(one, "", "InGameSavingMapForDesyncReport"); err != nil {
		return err
	}
	for i, state := range []string{
		"DesyncedCatchingUpWithMapReadyForDownload", "DesyncedSavingLocalVariantOfMap", "DesyncedDownloadingMap",
		"DesyncedCreatingReport", "ConnectedLoadingMap", "TryingToCatchUp", "WaitingForCommandToStartSendingTickClosures",
		"InGame",
	} {
		one.steps = append(one.steps, visitStep{frames: i % 2, do: func() error { s.peerState(one, state); return nil }})
	}
	s.visits.underway = append(s.visits.underway, one)
	return nil
}

// removeIdlePlayers throws out who has done nothing for too long.
func (s *server) removeIdlePlayers() error {
	limit := uint64(max(0, s.settings.AFKKickMinutes)) * 3600
	if limit == 0 {
		return nil
	}
	for _, p := range s.world.Connected() {
		if s.world.AFKTime(p) >= limit {
			if err := s.leave(p.Name, world.AFK); err != nil {
				return err
			}
		}
	}
	return nil
}
