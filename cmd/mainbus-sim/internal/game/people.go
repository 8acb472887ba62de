package game

import (
	"fmt"
	"strings"

	"mainbus/cmd/mainbus-sim/internal/api"
	"mainbus/cmd/mainbus-sim/internal/life"
	"mainbus/cmd/mainbus-sim/internal/world"
)

// live does what somebody does. What makes no sense, as when somebody types who isn't there, is not done.
func (s *server) live(a life.Action) error {
	switch {
	case a.Join != nil:
		return s.connect(*a.Join)
	case a.Leave != nil:
		reason := world.Reason(a.Leave.Reason)
		if reason == "" {
			reason = world.Quit
		}
		return s.leave(a.Leave.Player, reason)
	case a.Desync != nil:
		return s.desync(a.Desync.Player)
	case a.Console != "":
		return s.execute(&request{text: a.Console, out: s.out})
	case a.Carry != nil:
		return s.carry(*a.Carry)
	case a.Build != nil:
		b := *a.Build
		return s.byHand(b.Player, func(w *world.World, who *player) {
			if surface := surfaceNamed(w, b.Surface); surface != nil {
				w.BuildBy(who, b.Item, b.Quality, surface, b.Position[0], b.Position[1])
			}
		})
	case a.Mine != nil:
		spot := *a.Mine
		return s.byHand(spot.Player, func(w *world.World, who *player) { mine(w, who, spot) })
	}
	for _, say := range []*life.Say{a.Chat, a.Command, a.Shout} {
		if say != nil && s.visits.peers[say.Player] > 0 {
			text := say.Text
			if say == a.Shout {
				text = "/shout " + text
			}
			return s.execute(&request{text: text, caller: say.Player, out: s.out})
		}
	}
	return nil
}

// byHand lets a player do something, if they are here.
func (s *server) byHand(name string, do func(w *world.World, who *player)) error {
	return s.act(func(p *peer) error {
		if who := p.world.Player(name); who != nil && who.Online {
			p.world.Input(who)
			do(p.world, who)
		}
		return nil
	})
}

// mine takes an entity apart, or picks up the items that lie at a place.
func mine(w *world.World, who *player, spot life.Spot) {
	if e := w.Named(spot.ID); e != nil {
		w.MineBy(who, e, false)
		return
	}
	surface, at := surfaceNamed(w, spot.Surface), world.Point{X: spot.Position[0], Y: spot.Position[1]}
	if surface == nil {
		return
	}
	for _, e := range w.Find(surface, world.Where{Area: &world.Area{From: at, To: at}}) {
		switch {
		case e.Type == "item-entity":
			w.PickUp(who, e)
		case e.Type != "character":
			w.MineBy(who, e, false)
		}
	}
}

func surfaceNamed(w *world.World, name string) *world.Surface {
	if name == "" {
		name = "nauvis"
	}
	return w.SurfaceNamed(name)
}

// carry moves items between a player and entities of the scenario, or a fluid between two of those. Nothing is made or lost by it.
func (s *server) carry(c life.Carry) error {
	return s.byHand(c.Player, func(w *world.World, who *player) {
		if c.Fluid != "" {
			if from, to := w.Named(c.From), w.Named(c.To); from != nil && to != nil {
				w.MoveFluid(from, to, c.Fluid, world.NewFluidAmount(c.Amount))
			}
			return
		}
		from, to := place(w, who, c.From), place(w, who, c.To)
		if from != nil && to != nil && from != to {
			w.Move(from, to, world.Amount{Key: world.Key{Name: c.Item, Quality: c.Quality}, Count: c.Count})
		}
	})
}

func place(w *world.World, player *world.Player, id string) *world.Inventory {
	if id == "" {
		return w.InventoryOf(player, world.CharacterMain)
	}
	if e := w.Named(id); e != nil {
		return w.MainInventory(e)
	}
	return nil
}

// hear writes down what happens to players, and keeps the lists.
func (s *server) hear(e world.Event) {
	index, _ := e.Fields["player_index"].(int)
	player := s.world.PlayerAt(index)
	switch e.Name {
	case "on_player_left_game":
		reason, _ := e.Fields["reason"].(world.Reason)
		s.left(player, reason)
	case "on_player_kicked":
		s.out.Dated("KICK", fmt.Sprintf("%s was kicked by %s. Reason: %s.", player.Name, s.author(e), reasonOf(e)))
	case "on_player_banned":
		name := fmt.Sprint(e.Fields["player_name"])
		if player == nil {
			name += " (not on map)"
		}
		s.out.Dated("BAN", fmt.Sprintf("%s was banned by %s. Reason: %s.", name, s.author(e), reasonOf(e)))
		s.writeBans()
	case "on_player_unbanned":
		s.out.Dated("UNBANNED", fmt.Sprintf("%s was unbanned by %s.", e.Fields["player_name"], s.author(e)))
		s.writeBans()
	case "on_player_promoted", "on_player_demoted":
		s.toldAdmin(player.Name, player.Online, e.Name == "on_player_promoted")
	}
}

// author is who did what an event tells.
func (s *server) author(e world.Event) string {
	if by, ok := e.Fields["by_player"].(int); ok {
		if p := s.world.PlayerAt(by); p != nil {
			return p.Name
		}
	}
	return serverName
}

func reasonOf(e world.Event) string {
	if reason, ok := e.Fields["reason"].(string); ok && strings.TrimSpace(reason) != "" {
		return strings.TrimSuffix(reason, ".")
	}
	return "unspecified"
}

// toldAdmin writes the line about a new or former admin and keeps the list.
func (s *server) toldAdmin(name string, online, admin bool) {
	tag, text := "PROMOTE", "%s was promoted to admin by %s."
	switch {
	case admin && !online:
		text = "%s was added to the admin list by %s and will be promoted upon joining the game."
	case !admin && online:
		tag, text = "DEMOTE", "%s was demoted from admin by %s."
	case !admin:
		tag, text = "DEMOTE", "%s was removed from the admin list by %s and will no longer be promoted upon joining the game."
	}
	s.out.Dated(tag, fmt.Sprintf(text, name, s.caller()))
	s.writeAdmins()
}

// field is one of an event.
type field = api.Field
