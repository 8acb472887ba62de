package console

import "strings"

// datedEvent reads what everybody in the game is told. The first word is the player; the texts after it are the game's, so a
// player's words can only stand where they belong.
func datedEvent(l Line) Event {
	switch l.Tag {
	case "":
		return when(strings.HasPrefix(l.Text, "Cannot execute command. Error: "), Event{Kind: CommandError, Text: l.Text})
	case "WARNING":
		return Event{Kind: Notice, Text: l.Text}
	case "CHAT", "SHOUT":
		return saidEvent(l)
	}
	player, rest, ok := strings.Cut(l.Text, " ")
	if l.Tag == "LEAVE" || l.Tag == "KICK" {
		if e := leaveEvent(l.Text); e.Kind != None {
			return e
		}
	}
	if !ok || player == "" {
		return Event{}
	}
	switch l.Tag {
	case "JOIN":
		return when(rest == "joined the game", Event{Kind: Join, Player: player})
	case "COMMAND":
		return commandEvent(player, rest)
	case "KICK":
		return judgedEvent(Event{Kind: Kick, Player: player}, rest, "was kicked by ")
	case "BAN":
		rest, absent := strings.CutPrefix(rest, "(not on map) ")
		return judgedEvent(Event{Kind: Ban, Player: player, Absent: absent}, rest, "was banned by ")
	case "UNBANNED":
		return judgedEvent(Event{Kind: Unban, Player: player}, rest, "was unbanned by ")
	case "PROMOTE":
		return adminEvent(Event{Kind: Promote, Player: player}, rest, "was promoted to admin by ",
			"was added to the admin list by ", " and will be promoted upon joining the game.")
	case "DEMOTE":
		return adminEvent(Event{Kind: Demote, Player: player}, rest, "was demoted from admin by ",
			"was removed from the admin list by ", " and will no longer be promoted upon joining the game.")
	}
	return Event{}
}

// saidEvent reads "name: text". A player's tag may stand between the name and the colon.
func saidEvent(l Line) Event {
	who, text, ok := strings.Cut(l.Text, ": ")
	if !ok {
		who, ok = strings.CutSuffix(l.Text, ":") // nothing was said
	}
	player, _, _ := strings.Cut(who, " ")
	kind := Chat
	if l.Tag == "SHOUT" {
		kind = Shout
	}
	return when(ok && player != "", Event{Kind: kind, Player: player, Text: text})
}

// commandEvent reads "(command): text".
func commandEvent(player, rest string) Event {
	const refused = "tried to run a command, which isn't allowed for them: "
	if text, ok := strings.CutPrefix(rest, refused); ok {
		return Event{Kind: CommandRefused, Player: player, Text: text}
	}
	word, text, ok := strings.Cut(rest, ": ")
	mode, ok2 := cutCall(word, "")
	return when(ok && ok2 && !strings.Contains(mode, " "), Event{Kind: Command, Player: player, Mode: mode, Text: text})
}

// departures are the ways to leave, by the API's names for them.
var departures = [...]struct{ text, reason string }{
	{" left the game", ""},
	{" was dropped from the game.", "dropped"},
	{" was disconnected as they desynced.", "desync_limit_reached"},
	{" was disconnected for being AFK.", "afk"},
	{" is switching servers.", "switching_servers"},
	{"'s computer or network could not keep up with the server, so they have been disconnected.", "cannot_keep_up"},
	{" was disconnected as they are reconnecting from a different source.", "reconnect"},
	{" was disconnected as they sent malformed data.", "wrong_input"},
}

func leaveEvent(text string) Event {
	for _, d := range departures {
		if player, ok := strings.CutSuffix(text, d.text); ok && isPlayer(player) {
			return Event{Kind: Leave, Player: player, Reason: d.reason}
		}
	}
	return Event{}
}

// judgedEvent reads "was kicked by <server>. Reason: unspecified."; the reason may hold anything.
func judgedEvent(e Event, rest, words string) Event {
	rest, ok := strings.CutPrefix(rest, words)
	by, reason, hasReason := strings.Cut(rest, ". Reason: ")
	if !hasReason {
		by = strings.TrimSuffix(by, ".")
	}
	if reason = strings.TrimSuffix(reason, "."); reason != "unspecified" {
		e.Reason = reason
	}
	e.By = by
	return when(ok && isPlayer(by), e)
}

// adminEvent reads "was promoted to admin by <server>." for a player who is there, else words in two parts.
func adminEvent(e Event, rest, present, absent, absentEnd string) Event {
	if by, ok := strings.CutPrefix(rest, present); ok {
		e.By = strings.TrimSuffix(by, ".")
		return when(isPlayer(e.By), e)
	}
	by, ok := strings.CutPrefix(rest, absent)
	by, ok2 := strings.CutSuffix(by, absentEnd)
	e.By, e.Absent = by, true
	return when(ok && ok2 && isPlayer(by), e)
}

// isPlayer reports whether s can be a name: one word.
func isPlayer(s string) bool { return s != "" && !strings.Contains(s, " ") }
