package hostagent

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"mainbus/transport/local"
	"mainbus/transport/wire"
)

const (
	doorFile = "agent.sock"
	lockFile = "agent.lock"
	doorTime = 10 * time.Second // for one call
	askTime  = 2 * time.Second  // of it for the caller to say what is wanted: who says nothing holds a place
	maxDoor  = 16               // calls at a time
)

// Status is what a running agent says of itself on its own machine.
type Status struct {
	Name        string           `json:"name"`
	ID          string           `json:"id"`
	Version     string           `json:"version"`      // of the agent
	Port        uint16           `json:"port"`         // UDP
	GameVersion string           `json:"game_version"` // that an instance runs which wants none in particular; empty: none is installed
	Paired      bool             `json:"paired"`
	Pairing     string           `json:"pairing,omitempty"` // why pairing takes longer or is closed: wrong codes were typed
	Controllers []ControllerInfo `json:"controllers"`
	Instances   []InstanceInfo   `json:"instances"`
	Warning     string           `json:"warning,omitempty"` // of the disk
}

// ControllerInfo is a paired controller.
type ControllerInfo struct {
	ID        string           `json:"id"`
	Name      string           `json:"name"`
	Linked    bool             `json:"linked"`
	Paired    time.Time        `json:"paired"`
	Owner     bool             `json:"owner"`     // the instances do what it wants
	Addresses []netip.AddrPort `json:"addresses"` // where it was linked from, newest first
	Problem   string           `json:"problem,omitempty"`
}

// InstanceInfo is one game server.
type InstanceInfo struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	State  string `json:"state"` // "running"
	Phase  string `json:"phase,omitempty"`
	Cause  string `json:"cause,omitempty"`
	Linked bool   `json:"linked"`
	Port   uint32 `json:"port"` // of the game, UDP

	Warning string `json:"warning,omitempty"` // what is wrong although it runs

	DecidedHere string `json:"decided_here,omitempty"` // "running" or "stopped": against the controller
}

func (a *Agent) status() Status {
	s := Status{
		Name: a.cfg.Name, ID: a.identity.ID().String(), Version: a.cfg.Version, Port: a.endpoint.Port(), GameVersion: a.games.Default(), Paired: a.peers.any(),
		Pairing: a.window.Standing(time.Now()), Controllers: []ControllerInfo{}, Instances: []InstanceInfo{},
	}
	for _, p := range a.peers.list() {
		s.Controllers = append(s.Controllers, a.controllerInfo(p))
	}
	names, now := a.fleet.names(), a.observed()
	s.Warning = now.GetDisk().GetWarning()
	for _, o := range now.GetInstances() {
		state := strings.ToLower(strings.TrimPrefix(o.GetState().String(), "STATE_"))
		s.Instances = append(s.Instances, InstanceInfo{
			o.GetId(), names[o.GetId()], state, o.GetPhase(), o.GetCause(), o.GetLinked(), o.GetGamePort(), o.GetWarning(), o.GetDecidedHere(),
		})
	}
	return s
}

// serveDoor answers programs of the same user on this machine until ctx ends.
func (a *Agent) serveDoor(ctx context.Context, door net.Listener) {
	stop := context.AfterFunc(ctx, func() { door.Close() })
	defer stop()
	var calls sync.WaitGroup
	defer calls.Wait()
	places := make(chan struct{}, maxDoor)
	for {
		conn, err := door.Accept()
		if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
			return
		}
		if err != nil {
			a.log.Warn("local call failed", "err", err)
			select { // out of descriptors, perhaps
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
			}
			continue
		}
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			conn.Close()
			return
		}
		calls.Go(func() {
			defer func() { conn.Close(); <-places }()
			stop := context.AfterFunc(ctx, func() { conn.Close() })
			defer stop()
			if err := a.answer(conn); err != nil {
				a.log.Debug("local call failed", "err", err)
			}
		})
	}
}

func (a *Agent) answer(conn net.Conn) error {
	var call wire.APICall
	conn.SetDeadline(time.Now().Add(askTime))
	if err := wire.Read(bufio.NewReader(conn), &call); err != nil {
		return err
	}
	conn.SetDeadline(time.Now().Add(doorTime))
	var answer any
	switch call.GetMethod() {
	case "pair":
		answer = a.openWindow()
	case "status":
		answer = a.status()
	case "stop":
		defer a.stop()
		answer = a.status()
	default:
		if words := strings.SplitN(call.GetMethod(), " ", 2); len(words) == 2 && (words[0] == "join" || words[0] == "forget") {
			return a.answerPeers(conn, words[0], words[1])
		}
		if what, ok := strings.CutPrefix(call.GetMethod(), "instance "); ok {
			ctx, cancel := context.WithTimeout(a.ctx, doorTime-askTime)
			defer cancel()
			done, err := a.answerInstance(ctx, what, call.GetBody())
			if err != nil {
				return wire.Write(conn, &wire.Reply{Status: &wire.Status{Code: wire.Code_CODE_REFUSED, Message: err.Error()}})
			}
			answer = done
			break
		}
		change, ok := strings.CutPrefix(call.GetMethod(), "games")
		if !ok {
			return wire.Write(conn, &wire.Reply{Status: &wire.Status{Code: wire.Code_CODE_NOT_FOUND, Message: "no such method"}})
		}
		games, err := a.answerGames(strings.TrimSpace(change))
		if err != nil {
			return wire.Write(conn, &wire.Reply{Status: &wire.Status{Code: wire.Code_CODE_REFUSED, Message: err.Error()}})
		}
		answer = games
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return wire.Write(conn, &wire.Reply{Status: &wire.Status{Code: wire.Code_CODE_OK}, Body: body})
}

// answerPeers changes which controllers are let in.
func (a *Agent) answerPeers(conn net.Conn, method, argument string) error {
	var answer any
	var err error
	if method == "join" {
		answer, err = a.join(a.ctx, argument)
	} else {
		answer, err = a.forget(argument)
	}
	if err != nil {
		return wire.Write(conn, &wire.Reply{Status: &wire.Status{Code: wire.Code_CODE_REFUSED, Message: err.Error()}})
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return wire.Write(conn, &wire.Reply{Status: &wire.Status{Code: wire.Code_CODE_OK}, Body: body})
}

// AskJoin lets the agent that runs on dataDir pair with the controller that made a join code.
func AskJoin(ctx context.Context, dataDir, code string) (Joined, error) {
	var joined Joined
	err := ask(ctx, dataDir, "join "+code, &joined)
	return joined, err
}

// AskForget lets the agent that runs on dataDir forget a controller, by name or id.
func AskForget(ctx context.Context, dataDir, controller string) (ControllerInfo, error) {
	var gone ControllerInfo
	err := ask(ctx, dataDir, "forget "+controller, &gone)
	return gone, err
}

// AskPairingCode opens pairing at the agent that runs on dataDir and returns the code.
func AskPairingCode(ctx context.Context, dataDir string) (PairingCode, error) {
	var code PairingCode
	err := ask(ctx, dataDir, "pair", &code)
	return code, err
}

// AskStatus asks the agent that runs on dataDir. The error wraps local.ErrNobody if none does.
func AskStatus(ctx context.Context, dataDir string) (Status, error) {
	var s Status
	err := ask(ctx, dataDir, "status", &s)
	return s, err
}

// AskStop ends the agent that runs on dataDir and returns when another can be started there. Its games go on; the next
// agent takes them over.
func AskStop(ctx context.Context, dataDir string) error {
	var s Status
	if err := ask(ctx, dataDir, "stop", &s); err != nil {
		return err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		unlock, err := local.Lock(filepath.Join(dataDir, lockFile))
		if err == nil {
			unlock()
			return nil
		}
		if !errors.Is(err, local.ErrLocked) {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for the agent's end: %w", ctx.Err())
		}
	}
}

func ask(ctx context.Context, dataDir, method string, answer any) error {
	return askWith(ctx, dataDir, method, nil, answer)
}

func askWith(ctx context.Context, dataDir, method string, body []byte, answer any) error {
	conn, err := local.Dial(ctx, filepath.Join(dataDir, doorFile))
	if errors.Is(err, local.ErrNobody) {
		return fmt.Errorf("no agent runs on the data folder %s: %w", dataDir, err)
	}
	if err != nil {
		return fmt.Errorf("ask the agent: %w", err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(doorTime))
	hurry := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })
	defer hurry()
	var reply wire.Reply
	if err := wire.Write(conn, &wire.APICall{Method: method, Body: body}); err != nil {
		return fmt.Errorf("ask the agent: %w", err)
	}
	if err := wire.Read(bufio.NewReader(conn), &reply); err != nil {
		return fmt.Errorf("ask the agent: %w", err)
	}
	if reply.GetStatus().GetCode() != wire.Code_CODE_OK {
		return fmt.Errorf("ask the agent: %s", reply.GetStatus().GetMessage())
	}
	if err := json.Unmarshal(reply.GetBody(), answer); err != nil {
		return fmt.Errorf("ask the agent: %w", err)
	}
	return nil
}
