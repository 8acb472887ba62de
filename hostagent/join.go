package hostagent

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"mainbus/transport/link"
	"mainbus/transport/pairing"
)

const joinTimeout = 8 * time.Second // within doorTime

// Joined is what came of a join code.
type Joined struct {
	Controller string `json:"controller"` // id
	Address    string `json:"address"`    // at which it was reached
}

// join pairs with the controller that made a join code.
func (a *Agent) join(ctx context.Context, code string) (Joined, error) {
	i, err := pairing.ParseInvitation(code)
	if err != nil {
		return Joined{}, err
	}
	if i.Controller == a.identity.ID() {
		return Joined{}, fmt.Errorf("this code was made by a program with this host's own key: its data folder was copied")
	}
	if time.Now().After(i.Expires) {
		return Joined{}, fmt.Errorf("this code has expired, at %s: make another (mainbusctl hosts invite)", i.Expires.Local().Format("2006-01-02 15:04"))
	}
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	addrs := link.Resolve(ctx, i.Addresses)
	if len(addrs) == 0 {
		return Joined{}, fmt.Errorf("none of the names in this code could be looked up: %s", strings.Join(i.Addresses, ", "))
	}
	var at netip.AddrPort
	err = a.endpoint.Pair(ctx, addrs, func(ctx context.Context, s link.PairStream) error {
		if s.Peer() != i.Controller {
			return fmt.Errorf("%s: %w", s.PeerAddr(), link.ErrOtherKey)
		}
		at = s.PeerAddr()
		return i.Join(ctx, s, s.Exporter(), a.identity.ID())
	})
	if err != nil {
		return Joined{}, fmt.Errorf("join %s: %w", strings.Join(i.Addresses, ", "), err)
	}
	if err := a.trust(i.Controller, at); err != nil {
		return Joined{}, err
	}
	a.window.Close() // whoever pairs from now on is somebody else, and has to be let in on this machine
	a.paired.Fire()
	return Joined{i.Controller.Short(), at.String()}, nil
}

// forget ends the pairing with a controller, by name or id. Games go on; when it owned the instances, the controller that was
// paired next owns them, or the next one that is.
func (a *Agent) forget(name string) (ControllerInfo, error) {
	list := a.peers.list()
	matches := slices.DeleteFunc(slices.Clone(list), func(p peer) bool {
		return name != p.ID.String() && name != p.ID.Short() && !strings.EqualFold(name, p.Name)
	})
	if len(matches) == 0 {
		return ControllerInfo{}, fmt.Errorf("no controller %q is paired: mainbus-host peers lists them", name)
	}
	if len(matches) > 1 {
		return ControllerInfo{}, fmt.Errorf("%d controllers are called %q: use the id, mainbus-host peers shows it", len(matches), name)
	}
	gone := matches[0]
	if err := a.peers.remove(gone.ID); err != nil {
		return ControllerInfo{}, err
	}
	a.keptMu.Lock()
	if stop := a.kept[gone.ID]; stop != nil {
		stop()
		delete(a.kept, gone.ID)
	}
	a.keptMu.Unlock()
	a.endpoint.Revoke(gone.ID)
	a.bulk.Revoke(gone.ID)
	if gone.ID == list[0].ID {
		if err := a.fleet.disown(); err != nil {
			return ControllerInfo{}, err
		}
	}
	if !a.peers.any() {
		a.window.Open(time.Now())
	}
	a.paired.Fire()
	a.announceAgain()
	a.log.Info("forgot a controller", "peer", gone.ID.Short(), "name", gone.Name)
	return a.controllerInfo(gone), nil
}

func (a *Agent) controllerInfo(p peer) ControllerInfo {
	_, linked := a.endpoint.Conn(p.ID)
	owner, _ := a.peers.owner()
	return ControllerInfo{
		ID: p.ID.String(), Name: p.Name, Linked: linked, Paired: p.Paired, Owner: p.ID == owner,
		Addresses: p.Addrs, Problem: peerProblem(linked, a.endpoint.Trouble(p.ID)),
	}
}
