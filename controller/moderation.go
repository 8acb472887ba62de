package controller

import (
	"context"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/transport/wire"
)

// moderationTime is how long a game is waited for: one that saves or lets somebody in answers late.
const moderationTime = 30 * time.Second

// playersCommand is the save module's (lua/players). It answers "ok", or why not.
const playersCommand = "/mainbus_players"

var moderations = map[string]string{api.Kick: "/kick", api.Mute: "/mute", api.Unmute: "/unmute"}

func (s *service) ModeratePlayer(ctx context.Context, _ api.Caller, r api.ModeratePlayer) ([]api.Moderated, error) {
	command, ok := moderations[r.Action]
	if !ok {
		return nil, api.Errorf(api.Invalid, "Use kick, mute or unmute.", "there is no action %.40q", r.Action)
	}
	if err := checkPlayer(r.Name); err != nil {
		return nil, err
	}
	if err := checkPlayerText(r.Reason); err != nil {
		return nil, err
	}
	if r.Reason != "" && r.Action != api.Kick {
		return nil, api.Errorf(api.Invalid, "", "the game takes a reason of a kick only")
	}
	rows, err := s.games(ctx, r.Name, r.Instance, r.Action == api.Unmute)
	if err != nil {
		return nil, err
	}
	return s.moderate(ctx, rows, strings.TrimSpace(command+" "+r.Name+" "+r.Reason))
}

func (s *service) MessagePlayers(ctx context.Context, _ api.Caller, r api.MessagePlayers) ([]api.Moderated, error) {
	text := strings.TrimSpace(r.Text)
	if err := checkPlayerText(text); err != nil {
		return nil, err
	}
	if text == "" {
		return nil, api.Errorf(api.Invalid, "", "a message can't be empty")
	}
	line := text
	if r.Name != "" {
		if err := checkPlayer(r.Name); err != nil {
			return nil, err
		}
		line = playersCommand + " tell " + r.Name + " " + text
	} else if strings.HasPrefix(text, "/") {
		return nil, api.Errorf(api.Invalid, "Begin it with something else than /.", "the game would take this for a command")
	}
	rows, err := s.games(ctx, r.Name, r.Instance, r.Name == "")
	if err != nil {
		return nil, err
	}
	return s.moderate(ctx, rows, line)
}

func (s *service) SendPlayer(ctx context.Context, _ api.Caller, r api.SendPlayer) ([]api.Moderated, error) {
	if err := checkPlayer(r.Name); err != nil {
		return nil, err
	}
	to, err := s.instance(ctx, r.To)
	if err != nil {
		return nil, err
	}
	address, err := s.playerAddress(to)
	if err != nil {
		return nil, err
	}
	rows, err := s.games(ctx, r.Name, r.Instance, false)
	if err != nil {
		return nil, err
	}
	if len(rows) == 1 && rows[0].ID == to.ID {
		return nil, api.Errorf(api.Refused, "", "%s is in %s already", r.Name, to.Name)
	}
	return s.moderate(ctx, rows, playersCommand+" send "+r.Name+" "+address+" "+shown(to.Name, 2*maxInstanceName))
}

// playerAddress returns where players reach the game of an instance.
func (s *service) playerAddress(row store.Instance) (string, error) {
	view, h := s.viewInstance(row), s.hostOf(row)
	if h == nil || view.State != "running" {
		return "", api.Errorf(api.Refused, "Start it first.", "%s does not run, so nobody can be sent there", row.Name)
	}
	now := s.hosts.snapshot(h)
	address := now.row.PlayerAddress
	if linked := parseAddresses(now.row.Addresses); address == "" && len(linked) > 0 {
		address = linked[0].Addr().Unmap().WithZone("").String()
	}
	if address == "" {
		return "", api.Errorf(api.Refused, "Say it with mainbusctl hosts address.", "it is not known where players reach the host %s", now.row.Name)
	}
	return net.JoinHostPort(address, strconv.FormatUint(uint64(view.GamePort), 10)), nil
}

// games returns the instance that is named; else those where the player is, or all that run.
func (s *service) games(ctx context.Context, player, instance string, all bool) ([]store.Instance, error) {
	if instance != "" {
		row, err := s.instance(ctx, instance)
		return []store.Instance{row}, err
	}
	rows, err := s.store.Instances(ctx)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(rows))
	for _, row := range rows {
		names[row.ID] = row.Name
	}
	there := map[string]bool{}
	for _, p := range s.presence.of(player, names) {
		there[p.Instance] = true
	}
	var list []store.Instance
	for _, row := range rows {
		if there[row.ID] || all && s.viewInstance(row).State == "running" {
			list = append(list, row)
		}
	}
	switch {
	case len(list) > 0:
		return list, nil
	case all:
		return nil, api.Errorf(api.Refused, "", "no game runs")
	}
	return nil, api.Errorf(api.NotFound, "Name the instance if the player is there all the same.", "%s is in no game", player)
}

// moderate types a line in games. It fails if it did nothing anywhere.
func (s *service) moderate(ctx context.Context, rows []store.Instance, line string) ([]api.Moderated, error) {
	ctx, cancel := context.WithTimeout(ctx, moderationTime)
	defer cancel()
	list, errs := make([]api.Moderated, len(rows)), make([]error, len(rows))
	var asking sync.WaitGroup
	for n, row := range rows {
		asking.Go(func() {
			var reply wire.ConsoleReply
			err := s.call(ctx, s.hostOf(row), wire.Method_METHOD_CONSOLE_SEND, &wire.ConsoleSend{Instance: row.ID, Line: line}, &reply)
			list[n] = api.Moderated{Instance: row.ID, InstanceName: row.Name, Answer: strings.TrimSpace(shown(reply.GetText(), 500))}
			if err == nil {
				err = refusedByGame(list[n].Answer)
			}
			if err != nil {
				list[n].Problem, errs[n] = err.Error(), err
			}
		})
	}
	asking.Wait()
	for _, err := range errs {
		if err == nil {
			return list, nil
		}
	}
	return nil, errs[0]
}

// What the game says instead of doing something (factorio-facts 2.9), and what the save module says.
var (
	noPlayer    = regexp.MustCompile(`^Player \S+ doesn't exist\.$`)
	noCommand   = regexp.MustCompile(`^Unknown command "`)
	moduleSaid  = map[string]string{"no such player": "the player has never been in this game", "not in the game": "the player is not in this game"}
	moduleFault = "fault: "
)

func refusedByGame(answer string) error {
	switch {
	case noPlayer.MatchString(answer):
		return api.Errorf(api.NotFound, "See how the name is written: mainbusctl users list shows all.", "the game says: %s", answer)
	case noCommand.MatchString(answer):
		return api.Errorf(api.Refused, "Restart the instance: its save gets the command at the next start, unless its scenario can't be patched.", "the game does not know this command")
	case moduleSaid[answer] != "":
		return api.Errorf(api.NotFound, "", "%s", moduleSaid[answer])
	case strings.HasPrefix(answer, moduleFault):
		return api.Errorf(api.Internal, "", "the save module says: %s", strings.TrimPrefix(answer, moduleFault))
	}
	return nil
}
