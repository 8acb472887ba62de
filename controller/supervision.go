package controller

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/transport/wire"
)

const (
	maxStopSeconds  = 3600
	maxGiveUp       = 1000
	maxGiveUpWindow = 7 * 24 * 3600
	minMemory       = 256 << 20
	maxCPU          = 4095
	maxStartsAtOnce = 100
	maxFailureLines = 200
	maxFailureText  = 2000
)

// made is how games are kept running unless somebody has said otherwise. The agent has the same numbers, for what is 0.
var made = api.Supervision{StopSeconds: 300, Restart: api.RestartAlways, GiveUpAfter: 10, GiveUpSeconds: 600, CPUs: []uint32{}}

var restartModes = map[string]wire.Restart{
	api.RestartAlways: wire.Restart_RESTART_ALWAYS, api.RestartOnFailure: wire.Restart_RESTART_ON_FAILURE, api.RestartNever: wire.Restart_RESTART_NEVER,
}

func supervisionOf(row store.Instance) (api.Supervision, error) {
	s := made
	if row.Supervision == "" {
		return s, nil
	}
	if err := json.Unmarshal([]byte(row.Supervision), &s); err != nil {
		return s, fmt.Errorf("read how %s is kept running: %w", row.Name, err)
	}
	return s, nil
}

// wanted is what a host is told of an instance's supervision.
func wanted(s api.Supervision) *wire.Supervision {
	return &wire.Supervision{
		Order: s.Order, StopSeconds: s.StopSeconds, Restart: restartModes[s.Restart], GiveUpAfter: s.GiveUpAfter, GiveUpSeconds: s.GiveUpSeconds,
		MemoryBytes: s.MemoryBytes, Niceness: s.Niceness, Cpus: s.CPUs,
	}
}

func (s *service) InstanceSupervision(ctx context.Context, _ api.Caller, r api.InstanceRef) (api.Supervision, error) {
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.Supervision{}, err
	}
	return supervisionOf(row)
}

func (s *service) ChangeSupervision(ctx context.Context, _ api.Caller, r api.ChangeSupervision) (api.Supervision, error) {
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.Supervision{}, err
	}
	now, err := supervisionOf(row)
	if err != nil {
		return api.Supervision{}, err
	}
	change(&now.Order, r.Order)
	change(&now.StopSeconds, r.StopSeconds)
	change(&now.Restart, r.Restart)
	change(&now.GiveUpAfter, r.GiveUpAfter)
	change(&now.GiveUpSeconds, r.GiveUpSeconds)
	change(&now.MemoryBytes, r.MemoryBytes)
	change(&now.Niceness, r.Niceness)
	change(&now.CPUs, r.CPUs)
	now.StopSeconds, now.Restart = cmp.Or(now.StopSeconds, made.StopSeconds), cmp.Or(now.Restart, made.Restart)
	now.GiveUpAfter, now.GiveUpSeconds = cmp.Or(now.GiveUpAfter, made.GiveUpAfter), cmp.Or(now.GiveUpSeconds, made.GiveUpSeconds)
	now.CPUs = slices.Compact(slices.Sorted(slices.Values(now.CPUs)))
	if err := checkSupervision(now); err != nil {
		return api.Supervision{}, err
	}
	text, err := json.Marshal(now)
	if err != nil {
		return api.Supervision{}, err
	}
	if err := s.store.SetSupervision(ctx, row.ID, string(text)); err != nil {
		return api.Supervision{}, err
	}
	if h := s.hostOf(row); h != nil {
		h.want()
	}
	s.changes.cluster()
	return now, nil
}

func change[T any](to, by *T) {
	if by != nil {
		*to = *by
	}
}

func checkSupervision(s api.Supervision) error {
	_, known := restartModes[s.Restart]
	for _, c := range []struct {
		ok   bool
		text string
	}{
		{known, "the restart policy is always, on-failure or never"},
		{s.StopSeconds <= maxStopSeconds, fmt.Sprintf("a game has at most %s for saving and ending", time.Duration(maxStopSeconds)*time.Second)},
		{s.GiveUpAfter <= maxGiveUp, fmt.Sprintf("attempts end after at most %d failures", maxGiveUp)},
		{s.GiveUpSeconds <= maxGiveUpWindow, "failures count for at most a week"},
		{s.MemoryBytes == 0 || s.MemoryBytes >= minMemory, fmt.Sprintf("a game needs at least %d MiB of memory", minMemory>>20)},
		{-20 <= s.Niceness && s.Niceness <= 19, "niceness is from -20 to 19"},
		{!slices.ContainsFunc(s.CPUs, func(n uint32) bool { return n > maxCPU }), fmt.Sprintf("processors are numbered from 0 to at most %d", maxCPU)},
	} {
		if !c.ok {
			return api.Errorf(api.Invalid, "", "%s", c.text)
		}
	}
	return nil
}

func (s *service) ChangeHost(ctx context.Context, _ api.Caller, r api.ChangeHost) (api.Host, error) {
	h, err := s.pairedHost(r.Host)
	if err != nil {
		return api.Host{}, err
	}
	if r.StartsAtOnce != nil {
		if *r.StartsAtOnce > maxStartsAtOnce {
			return api.Host{}, api.Errorf(api.Invalid, "", "at most %d games can start at once", maxStartsAtOnce)
		}
		if err := s.store.SetStartsAtOnce(ctx, h.id.String(), *r.StartsAtOnce); err != nil {
			return api.Host{}, err
		}
		s.hosts.setStarts(h, *r.StartsAtOnce)
		h.want()
		s.changes.cluster()
	}
	if r.PlayerAddress != nil {
		if !api.IsPlayerAddress(*r.PlayerAddress) {
			return api.Host{}, api.Errorf(api.Invalid, "Use such as play.example.org or 203.0.113.7, without a port: each game has its own.", "%.100q is no address", *r.PlayerAddress)
		}
		if err := s.store.SetPlayerAddress(ctx, h.id.String(), *r.PlayerAddress); err != nil {
			return api.Host{}, err
		}
		s.hosts.setPlayerAddress(h, *r.PlayerAddress)
		s.changes.cluster()
	}
	return s.viewHost(h), nil
}

// InstanceFailure asks the host, which keeps it.
func (s *service) InstanceFailure(ctx context.Context, _ api.Caller, r api.InstanceRef) (api.Failure, error) {
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.Failure{}, err
	}
	var f wire.Failure
	if err := s.call(ctx, s.hostOf(row), wire.Method_METHOD_FAILURE, &wire.FailureAsk{Instance: row.ID}, &f); err != nil {
		return api.Failure{}, err
	}
	return api.Failure{
		ID: shown(f.GetId(), 10), Cause: shown(f.GetCause(), maxFailureText), Meaning: shown(f.GetMeaning(), maxFailureText),
		Advice: shown(f.GetAdvice(), maxFailureText), Next: shown(f.GetNext(), maxFailureText),
		Decisive: shownLines(f.GetDecisive()), Last: shownLines(f.GetLast()),
		Exited: f.GetExited(), Code: int(f.GetCode()), Signal: shown(f.GetSignal(), 40), Killed: f.GetKilled(),
		At: time.UnixMilli(f.GetAtMs()).UTC(), RanMS: f.GetRanMs(), Start: f.GetStart(), Save: shown(f.GetSave(), 200), Failures: f.GetFailures(),
	}, nil
}

// shownLines bounds lines of a console from a host, the newest kept. Tabs stay: stack traces have them.
func shownLines(lines []string) []string {
	out := make([]string, 0, min(len(lines), maxFailureLines))
	for _, line := range lines[max(0, len(lines)-maxFailureLines):] {
		out = append(out, line[:min(len(line), maxFailureText)])
	}
	return out
}
