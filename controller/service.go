package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const (
	maxInstanceName  = 80  // characters; agents refuse more
	maxHostInstances = 200 // agents refuse more
	maxLine          = 8 << 10
	maxWait          = 20 * time.Second
	maxLines         = 2000
	defaultAudit     = 100
	maxAudit         = 1000
)

// service answers calls that were let through. Who makes them does not matter here any more.
type service struct{ *Controller }

var _ api.Service = (*service)(nil)

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (s *service) Status(ctx context.Context, c api.Caller) (api.Status, error) {
	instances, err := s.Instances(ctx, c)
	if err != nil {
		return api.Status{}, err
	}
	hosts := s.hosts.all()
	p50, p99 := s.store.CommitTimes()
	status := api.Status{
		Name: s.cfg.Name, ID: s.id.ID().Short(), Version: wire.Version,
		StartedAt: s.started.UTC(), UptimeSeconds: int64(time.Since(s.started).Seconds()),
		DataDir: s.cfg.DataDir, Port: s.Port(), Ledger: s.store.Ledger(), Incarnation: s.store.Incarnation(),
		Hosts: len(hosts), Instances: len(instances),
		CommitMS: api.Quantiles{P50: milliseconds(p50), P99: milliseconds(p99)},
	}
	for _, h := range hosts {
		if _, linked := s.endpoint.Conn(h.id); linked {
			status.HostsLinked++
		}
	}
	for _, i := range instances {
		if i.State == "running" {
			status.InstancesRunning++
		}
	}
	return status, nil
}

func (s *service) Changes(ctx context.Context, _ api.Caller, r api.AwaitChanges) (api.Versions, error) {
	ctx, cancel := context.WithTimeout(ctx, min(time.Duration(r.WaitMS)*time.Millisecond, maxWait))
	defer cancel()
	return s.changes.wait(ctx, r.Since, r.Bus), nil
}

func (s *service) Hosts(context.Context, api.Caller) ([]api.Host, error) {
	list := []api.Host{}
	for _, h := range s.hosts.all() {
		list = append(list, s.viewHost(h))
	}
	for _, f := range s.hosts.strangers() {
		view := api.Host{
			ID: f.Short, Name: f.Name, State: api.Discovered, DiscoveredBy: f.By, Addresses: formatAddresses(f.Addrs), LastSeen: f.Seen.UTC(),
		}
		if f.Paired {
			view.Trouble, view.Problem = api.OtherController, fmt.Sprintf("%s belongs to another controller.", f.Name)
			view.Next = "On that machine, mainbus-host forget lets the other one go, and mainbus-host pair lets this one in."
		}
		list = append(list, view)
	}
	return list, nil
}

func (s *service) viewHost(h *host) api.Host {
	now := s.hosts.snapshot(h)
	view := api.Host{
		ID: h.id.Short(), Name: now.row.Name, State: api.Paired, DiscoveredBy: now.row.DiscoveredBy,
		Addresses: append([]string{}, now.row.Addresses...), Version: now.row.Version, GameVersion: now.row.GameVersion,
		OS: now.row.OS, LastSeen: now.row.LastSeen.UTC(), StartsAtOnce: now.row.StartsAtOnce, PlayerAddress: now.row.PlayerAddress,
		DiskFree: now.disk.GetFreeBytes(), DiskTotal: now.disk.GetTotalBytes(), Warning: now.disk.GetWarning(),
	}
	if conn, linked := s.endpoint.Conn(h.id); linked {
		view.Linked, view.RTTMS, view.LastSeen = true, milliseconds(conn.RTT()), time.Now().UTC()
	}
	view.Trouble, view.Problem, view.Next = hostTrouble(view, now.refusal, s.endpoint.Trouble(h.id))
	return view
}

func (s *service) Instances(ctx context.Context, _ api.Caller) ([]api.Instance, error) {
	rows, err := s.store.Instances(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]api.Instance, 0, len(rows))
	for _, row := range rows {
		list = append(list, s.viewInstance(row))
	}
	return list, nil
}

func (s *service) viewInstance(row store.Instance) api.Instance {
	view := s.viewObserved(row)
	s.viewPlace(&view, row)
	return view
}

// viewObserved shows an instance as its host sees it.
func (s *service) viewObserved(row store.Instance) api.Instance {
	view := api.Instance{ID: row.ID, Name: row.Name, Desired: "stopped", State: stateName(wire.State_STATE_UNKNOWN), Version: row.Version, Download: row.Download, Pack: row.Pack}
	if row.Running {
		view.Desired = "running"
	}
	h := s.hostOf(row)
	if h == nil {
		return view
	}
	now := s.hosts.snapshot(h)
	view.Host, view.HostName = h.id.Short(), now.row.Name
	conn, linked := s.endpoint.Conn(h.id)
	if linked && now.refusal != "" {
		view.Cause = "the host does not do what is wanted: " + now.refusal
	}
	o := now.observed[row.ID]
	if o == nil {
		return view
	}
	view.VersionRemark, view.Mods = o.GetVersionRemark(), viewModState(o.GetMods())
	view.GameVersion, view.Save, view.Starts, view.Tick = o.GetGameVersion(), o.GetSave(), o.GetStarts(), o.GetTick()
	if !linked || conn != now.source {
		view.LastState = stateName(o.GetState())
		return view
	}
	view.State, view.Phase, view.Cause = stateName(o.GetState()), o.GetPhase(), cmp.Or(view.Cause, o.GetCause())
	view.Linked, view.GamePort = o.GetLinked(), o.GetGamePort()
	view.DecidedHere, view.Warning = o.GetDecidedHere(), o.GetWarning()
	if o.GetRetryMs() > 0 {
		at := time.UnixMilli(o.GetRetryMs()).UTC()
		view.RetryAt = &at
	}
	return view
}

func stateName(s wire.State) string {
	name, ok := strings.CutPrefix(s.String(), "STATE_")
	if !ok || s == wire.State_STATE_UNSPECIFIED {
		return stateName(wire.State_STATE_UNKNOWN)
	}
	return strings.ToLower(name)
}

func (s *service) hostOf(row store.Instance) *host {
	for _, h := range s.hosts.all() {
		if h.id.String() == row.Host {
			return h
		}
	}
	return nil
}

// pairedHost finds a paired host by name or id.
func (s *service) pairedHost(name string) (*host, error) {
	var found []*host
	for _, h := range s.hosts.all() {
		switch row := s.hosts.snapshot(h).row; {
		case name == h.id.Short(), name == row.ID:
			return h, nil
		case strings.EqualFold(name, row.Name):
			found = append(found, h)
		}
	}
	switch len(found) {
	case 0:
		return nil, api.Errorf(api.NotFound, "mainbusctl hosts list shows all hosts; mainbusctl hosts pair HOST CODE pairs one that wants to join.",
			"no host %q is paired", name)
	case 1:
		return found[0], nil
	}
	return nil, api.Errorf(api.Invalid, "Use the id instead; mainbusctl hosts list shows it.", "%d hosts are called %q", len(found), name)
}

func (s *service) instance(ctx context.Context, name string) (store.Instance, error) {
	rows, err := s.store.Instances(ctx)
	if err != nil {
		return store.Instance{}, err
	}
	for _, row := range rows {
		if name == row.ID || strings.EqualFold(name, row.Name) {
			return row, nil
		}
	}
	return store.Instance{}, api.Errorf(api.NotFound, "mainbusctl instances list shows all instances.", "there is no instance %q", name)
}

func (s *service) CreateInstance(ctx context.Context, _ api.Caller, r api.CreateInstance) (api.Instance, error) {
	if err := checkName(r.Name); err != nil {
		return api.Instance{}, err
	}
	if _, err := factorio.ParseSelector(r.Version); err != nil {
		return api.Instance{}, badVersion(r.Version)
	}
	h, err := s.pairedHost(r.Host)
	if err != nil {
		return api.Instance{}, err
	}
	rows, err := s.store.Instances(ctx)
	if err != nil {
		return api.Instance{}, err
	}
	for _, row := range rows {
		// Ids and names are used alike, so one must not be taken for the other.
		if row.ID == r.Name {
			return api.Instance{}, nameTaken(r.Name)
		}
	}
	if err := s.roomOn(ctx, h); err != nil {
		return api.Instance{}, err
	}
	row := store.Instance{ID: randomInstanceID(), Name: r.Name, Host: h.id.String(), Seed: r.Seed, CreatedAt: time.Now(), Version: r.Version, Download: !r.NoDownload}
	if row.Pack, err = s.packID(ctx, r.Pack); err != nil {
		return api.Instance{}, err
	}
	if err := s.store.AddInstance(ctx, row); errors.Is(err, store.ErrExists) {
		return api.Instance{}, nameTaken(r.Name)
	} else if err != nil {
		return api.Instance{}, err
	}
	h.want()
	s.changes.cluster()
	return s.viewInstance(row), nil
}

func nameTaken(name string) error {
	return api.Errorf(api.Refused, "Choose another name.", "there is an instance %q already", name)
}

// roomOn refuses one instance more than a host takes.
func (s *service) roomOn(ctx context.Context, h *host) error {
	rows, err := s.store.Instances(ctx)
	if err != nil {
		return err
	}
	here := 0
	for _, row := range rows {
		if row.Host == h.id.String() {
			here++
		}
	}
	if here >= maxHostInstances {
		return api.Errorf(api.Refused, "Use another host.", "this host has %d instances, more are not possible", here)
	}
	return nil
}

// checkName refuses what can't be shown, told apart or typed. File names are made of names by the agent, which leaves out what a
// system may not take.
func checkName(name string) error { return checkNameOf("an instance", name) }

func checkNameOf(what, name string) error {
	ok := name != "" && utf8.ValidString(name) && utf8.RuneCountInString(name) <= maxInstanceName && strings.TrimSpace(name) == name
	for _, r := range name {
		ok = ok && (unicode.IsPrint(r) || r == 0x200c || r == 0x200d)
	}
	if !ok {
		return api.Errorf(api.Invalid, fmt.Sprintf("Use 1 to %d characters that can be seen, and no blank at either end.", maxInstanceName),
			"%.100q can't be %s's name", name, what)
	}
	return nil
}

func (s *service) StartInstance(ctx context.Context, _ api.Caller, r api.InstanceRef) (api.Instance, error) {
	row, _, err := s.setRunning(ctx, r.Instance, true)
	return row, err
}

func (s *service) StopInstance(ctx context.Context, _ api.Caller, r api.InstanceRef) (api.Instance, error) {
	row, _, err := s.setRunning(ctx, r.Instance, false)
	return row, err
}

// setRunning stores what is wanted; the host is told as soon as it is linked.
func (s *service) setRunning(ctx context.Context, name string, running bool) (api.Instance, *host, error) {
	row, err := s.instance(ctx, name)
	if err != nil {
		return api.Instance{}, nil, err
	}
	if err := s.store.SetRunning(ctx, row.ID, running); err != nil {
		return api.Instance{}, nil, err
	}
	row.Running = running
	s.changes.cluster()
	h := s.hostOf(row)
	if h != nil {
		h.want()
	}
	return s.viewInstance(row), h, nil
}

// KillInstance first stops to want the instance, or its host would start it again.
func (s *service) KillInstance(ctx context.Context, _ api.Caller, r api.InstanceRef) (api.Instance, error) {
	view, h, err := s.setRunning(ctx, r.Instance, false)
	if err != nil {
		return api.Instance{}, err
	}
	err = s.call(ctx, h, wire.Method_METHOD_KILL, &wire.Kill{Instance: view.ID}, &wire.Empty{})
	return view, err
}

func (s *service) SendConsole(ctx context.Context, _ api.Caller, r api.SendConsole) (api.ConsoleReply, error) {
	if r.Line == "" || len(r.Line) > maxLine || !utf8.ValidString(r.Line) || strings.ContainsAny(r.Line, "\r\n\x00") {
		return api.ConsoleReply{}, api.Errorf(api.Invalid, "", "a console line is one line of text of at most %d bytes", maxLine)
	}
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.ConsoleReply{}, err
	}
	var reply wire.ConsoleReply
	err = s.call(ctx, s.hostOf(row), wire.Method_METHOD_CONSOLE_SEND, &wire.ConsoleSend{Instance: row.ID, Line: r.Line}, &reply)
	return api.ConsoleReply{Text: reply.GetText()}, err
}

func (s *service) ReadConsole(ctx context.Context, _ api.Caller, r api.ReadConsole) (api.ConsolePage, error) {
	row, err := s.instance(ctx, r.Instance)
	if err != nil {
		return api.ConsolePage{}, err
	}
	ask := &wire.ConsoleRead{
		Instance: row.ID, Offset: r.Offset, WaitMs: min(r.WaitMS, uint32(maxWait.Milliseconds())), Limit: min(r.Limit, maxLines),
	}
	if ask.Limit == 0 {
		ask.Limit = maxLines
	}
	var page wire.ConsolePage
	err = s.call(ctx, s.hostOf(row), wire.Method_METHOD_CONSOLE_READ, ask, &page)
	return api.ConsolePage{Lines: append([]string{}, page.GetLines()...), Next: page.GetNext()}, err
}

// call asks a host, and puts its refusals into words for people.
func (s *service) call(ctx context.Context, h *host, m wire.Method, req, resp message) error {
	if h == nil {
		return api.Errorf(api.NotFound, "", "the instance's host is not paired any more")
	}
	conn, linked := s.endpoint.Conn(h.id)
	if !linked {
		return api.Errorf(api.Unavailable, "See that mainbus-host runs there and that this machine can reach it.",
			"host %s is not linked", s.hosts.snapshot(h).row.Name)
	}
	err := conn.Call(ctx, m, req, resp)
	var status *link.StatusError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &status):
		return api.Errorf(statusCode(status.Code), "", "host %s: %s", s.hosts.snapshot(h).row.Name, shown(status.Error(), 500))
	default:
		return api.Errorf(api.Unavailable, "Try again in a moment.", "host %s did not answer: %v", s.hosts.snapshot(h).row.Name, err)
	}
}

func statusCode(code wire.Code) api.Code {
	switch code {
	case wire.Code_CODE_INVALID:
		return api.Invalid
	case wire.Code_CODE_NOT_FOUND:
		return api.NotFound
	case wire.Code_CODE_REFUSED:
		return api.Refused
	case wire.Code_CODE_UNAVAILABLE:
		return api.Unavailable
	}
	return api.Internal
}

func (s *service) Audit(ctx context.Context, _ api.Caller, r api.ReadAudit) ([]api.AuditEntry, error) {
	if r.Limit <= 0 {
		r.Limit = defaultAudit
	}
	rows, err := s.store.Audit(ctx, min(r.Limit, maxAudit))
	if err != nil {
		return nil, err
	}
	list := make([]api.AuditEntry, 0, len(rows))
	for _, e := range rows {
		list = append(list, api.AuditEntry{At: e.At.UTC(), Who: e.Who, From: e.From, What: e.What, Target: e.Target, Result: e.Result})
	}
	return list, nil
}
