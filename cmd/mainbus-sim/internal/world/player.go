package world

import (
	"errors"
	"slices"
	"strings"
)

// Player is somebody who joined at least once. The save keeps what an offline player carries.
type Player struct {
	Name        string     `json:"name"`
	Index       int        `json:"index"` // from 1
	Online      bool       `json:"online"`
	Muted       bool       `json:"muted"`
	Force       int        `json:"force"`
	Surface     int        `json:"surface"` // where, when without a character
	X           float64    `json:"x"`
	Y           float64    `json:"y"`
	Character   uint64     `json:"character"` // its unit; 0 is none
	Hand        *Inventory `json:"hand"`      // one slot
	Color       Color      `json:"color"`
	ChatColor   Color      `json:"chat_color"`
	Tag         string     `json:"tag"`
	OnlineTicks uint64     `json:"online_ticks"` // of earlier visits
	Joined      uint64     `json:"joined"`       // tick of the last join
	LastOnline  uint64     `json:"last_online"`
	LastInput   uint64     `json:"last_input"`
	Prompt      string     `json:"prompt,omitempty"` // the server that a script asked them to join
	Shown       []string   `json:"-"`                // the last texts that scripts showed them
	Gone        bool       `json:"-"`
}

// maxShown bounds Shown.
const maxShown = 100

// Show shows a text to a player who is here.
func (p *Player) Show(text string) {
	if p.Online {
		p.Shown = append(p.Shown, text)
		p.Shown = p.Shown[max(0, len(p.Shown)-maxShown):]
	}
}

// Color has parts from 0 to 1.
type Color struct {
	R float64 `json:"r"`
	G float64 `json:"g"`
	B float64 `json:"b"`
	A float64 `json:"a"`
}

// Reason is why a player left, by its name in defines.disconnect_reason.
type Reason string

// The reasons that something here or a scenario gives.
const (
	Quit             Reason = "quit"
	Dropped          Reason = "dropped"
	AFK              Reason = "afk"
	Kicked           Reason = "kicked"
	KickedAndDeleted Reason = "kicked_and_deleted"
	Banned           Reason = "banned"
	SwitchingServers Reason = "switching_servers"
	CannotKeepUp     Reason = "cannot_keep_up"
	WrongInput       Reason = "wrong_input"
	Desynced         Reason = "desync_limit_reached"
	Reconnect        Reason = "reconnect"
)

// Ban keeps a name out, whether or not it ever joined.
type Ban struct {
	Name   string `json:"name"`
	Reason string `json:"reason,omitempty"`
	By     int    `json:"by,omitempty"` // index of the player, 0 is the server
}

// ErrBanned says that a player can't join.
var ErrBanned = errors.New("banned")

// Join lets a player in, who is made when they were never here.
func (w *World) Join(name string) (*Player, error) {
	if w.BanOf(name) != nil {
		return nil, ErrBanned
	}
	p := w.Player(name)
	switch {
	case p == nil:
		p = w.addPlayer(name)
		w.emit("on_player_created", Fields{"player_index": p.Index})
	case p.Online:
		return nil, errors.New("already here")
	}
	p.Prompt = ""
	p.Online, p.Joined, p.LastOnline, p.LastInput = true, w.Tick, w.Tick, w.Tick
	if e := w.CharacterOf(p); e != nil && e.Away {
		e.Away = false
		w.enter(e)
	}
	w.emit("on_player_joined_game", Fields{"player_index": p.Index})
	return p, nil
}

func (w *World) addPlayer(name string) *Player {
	w.LastPlayer++
	orange := Color{R: 1, G: 0.63, B: 0.26, A: 0.5}
	p := &Player{
		Name: name, Index: w.LastPlayer, Force: playerForce, Surface: 1, Color: orange, ChatColor: orange,
		Hand: w.newInventory("", 1),
	}
	p.Hand.Hand = p
	w.Players = append(w.Players, p)
	w.AddCharacter(p, "character")
	return p
}

// Leave ends a player's visit.
func (w *World) Leave(p *Player, reason Reason) {
	if !p.Online {
		return
	}
	w.emit("on_pre_player_left_game", Fields{"player_index": p.Index, "reason": reason})
	p.OnlineTicks, p.LastOnline, p.Online = w.OnlineTime(p), w.Tick, false
	if e := w.CharacterOf(p); e != nil {
		w.leave(e)
		e.Away = true
	}
	w.emit("on_player_left_game", Fields{"player_index": p.Index, "reason": reason})
}

// Input notes that a player did something.
func (w *World) Input(p *Player) { p.LastInput = w.Tick }

// OnlineTime is the ticks a player spent here in all.
func (w *World) OnlineTime(p *Player) uint64 {
	if !p.Online {
		return p.OnlineTicks
	}
	return p.OnlineTicks + w.Tick - p.Joined
}

// AFKTime is the ticks since a player did something; 0 when offline.
func (w *World) AFKTime(p *Player) uint64 {
	if !p.Online {
		return 0
	}
	return w.Tick - p.LastInput
}

// Chat says something; p is nil for the server.
func (w *World) Chat(p *Player, message string) {
	fields := Fields{"message": message}
	if p != nil {
		w.Input(p)
		fields["player_index"] = p.Index
	}
	w.emit("on_console_chat", fields)
}

// Kick throws a player out. by is nil for the server, here and below; an empty reason is none.
func (w *World) Kick(p, by *Player, reason string) {
	if !p.Online {
		return
	}
	w.emit("on_player_kicked", withBy(Fields{"player_index": p.Index}, by, reason))
	w.Leave(p, Kicked)
}

// Ban bans a name, and throws out who has it. False means that it was banned already.
func (w *World) Ban(name string, by *Player, reason string) bool {
	if w.BanOf(name) != nil {
		return false
	}
	ban := Ban{Name: name, Reason: reason}
	if by != nil {
		ban.By = by.Index
	}
	w.Bans = append(w.Bans, ban)
	p := w.Player(name)
	w.emit("on_player_banned", withBy(named(name, p), by, reason))
	if p != nil {
		w.Leave(p, Banned)
	}
	return true
}

// Unban lifts a ban. False means that there was none.
func (w *World) Unban(name string, by *Player) bool {
	ban := w.BanOf(name)
	if ban == nil {
		return false
	}
	reason := ban.Reason
	w.Bans = slices.DeleteFunc(w.Bans, func(b Ban) bool { return sameName(b.Name, name) })
	w.emit("on_player_unbanned", withBy(named(name, w.Player(name)), by, reason))
	return true
}

// BanOf is the ban of a name, nil if there is none.
func (w *World) BanOf(name string) *Ban {
	for i := range w.Bans {
		if sameName(w.Bans[i].Name, name) {
			return &w.Bans[i]
		}
	}
	return nil
}

// Promote makes a name an admin, at once or when they join first. False means that they were.
func (w *World) Promote(name string) bool { return w.setAdmin(name, true) }

// Demote takes that back. False means that they were none.
func (w *World) Demote(name string) bool { return w.setAdmin(name, false) }

func (w *World) setAdmin(name string, admin bool) bool {
	if w.IsAdmin(name) == admin {
		return false
	}
	event := "on_player_promoted"
	if admin {
		w.Admins = append(w.Admins, name)
	} else {
		w.Admins, event = without(w.Admins, name), "on_player_demoted"
	}
	if p := w.Player(name); p != nil {
		w.emit(event, Fields{"player_index": p.Index})
	}
	return true
}

// IsAdmin says whether a name is on the list of admins.
func (w *World) IsAdmin(name string) bool { return listed(w.Admins, name) }

// Mute silences a player or lets them speak again. False means that nothing changed.
func (w *World) Mute(p *Player, muted bool) bool {
	if p.Muted == muted {
		return false
	}
	p.Muted = muted
	event := "on_player_unmuted"
	if muted {
		event = "on_player_muted"
	}
	w.emit(event, Fields{"player_index": p.Index})
	return true
}

// Allow puts a name on the whitelist or takes it off. False means that nothing changed.
func (w *World) Allow(name string, allowed bool) bool {
	if w.IsAllowed(name) == allowed {
		return false
	}
	if allowed {
		w.Whitelist = append(w.Whitelist, name)
	} else {
		w.Whitelist = without(w.Whitelist, name)
	}
	return true
}

// IsAllowed says whether a name is on the whitelist.
func (w *World) IsAllowed(name string) bool { return listed(w.Whitelist, name) }

// RemovePlayer forgets an offline player; what they carried is consumed. False means that they are online.
func (w *World) RemovePlayer(p *Player) bool {
	if p.Online {
		return false
	}
	w.emit("on_pre_player_removed", Fields{"player_index": p.Index})
	p.Hand.empty(&w.Books.Consumed)
	w.drop(p.Hand)
	if e := w.CharacterOf(p); e != nil {
		w.remove(e, &w.Books.Consumed)
	}
	p.Gone = true
	w.Players = slices.DeleteFunc(w.Players, func(other *Player) bool { return other == p })
	w.died(TargetPlayer, uint64(p.Index))
	w.emit("on_player_removed", Fields{"player_index": p.Index})
	return true
}

// Player by name, nil if they never joined.
func (w *World) Player(name string) *Player {
	for _, p := range w.Players {
		if sameName(p.Name, name) {
			return p
		}
	}
	return nil
}

// PlayerAt is the player of an index, nil if there is none.
func (w *World) PlayerAt(index int) *Player {
	for _, p := range w.Players {
		if p.Index == index {
			return p
		}
	}
	return nil
}

// Connected are the players who are here, in the order of their indexes.
func (w *World) Connected() []*Player {
	var out []*Player
	for _, p := range w.Players {
		if p.Online {
			out = append(out, p)
		}
	}
	return out
}

func named(name string, p *Player) Fields {
	fields := Fields{"player_name": name}
	if p != nil {
		fields["player_index"] = p.Index
	}
	return fields
}

func withBy(fields Fields, by *Player, reason string) Fields {
	if by != nil {
		fields["by_player"] = by.Index
	}
	if reason != "" {
		fields["reason"] = reason
	}
	return fields
}

// sameName compares as the game does, which takes "Ann" and "ann" for one player.
func sameName(a, b string) bool { return strings.EqualFold(a, b) }

func listed(list []string, name string) bool {
	return slices.ContainsFunc(list, func(other string) bool { return sameName(other, name) })
}

func without(list []string, name string) []string {
	return slices.DeleteFunc(list, func(other string) bool { return sameName(other, name) })
}
