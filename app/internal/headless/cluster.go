package headless

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"mainbus/app/pages"
	"mainbus/controller/api"
)

// A Cluster is an api.Service in memory: it shows what it was given and notes what it was asked to do.
type Cluster struct {
	api.Service
	Computer  pages.Computer // this computer as a host; nil: it is none
	mu        sync.Mutex
	hosts     []api.Host
	instances []api.Instance
	bus       []api.BusItem
	accounts  []api.BusAccount
	history   []api.BusPosting
	problems  api.BusProblems
	policy    api.BusPolicy
	saves     api.SaveList
	carried   []api.Task
	backups   []api.Backup
	invited   []api.Invitation
	failures  map[string]api.Failure // by instance
	kept      api.Supervision        // of every instance
	settings  api.ServerSettings     // of every instance
	folder    api.Folder             // of every host
	mods      mods
	users     users
	measured  []api.Measured
	games     []api.HostGames
	available api.AvailableGames
	fail      error // of changes
	silent    bool  // answers nothing
	calls     []string
	consoles  map[string][]string
	unread    error
	following int
	printed   chan struct{} // closed when a console grows; nil: nobody waits. It must be of the bubble that waits
	version   uint64
	changed   chan struct{} // closed when anything else changes, as printed is
}

// NewCluster returns an empty one.
func NewCluster() *Cluster {
	return &Cluster{consoles: map[string][]string{}}
}

func (c *Cluster) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

// news is change of something that Changes tells of.
func (c *Cluster) news(f func()) {
	c.change(func() {
		f()
		c.version++
		if c.changed != nil {
			close(c.changed)
			c.changed = nil
		}
	})
}

// SetHosts replaces the hosts.
func (c *Cluster) SetHosts(hosts ...api.Host) { c.news(func() { c.hosts = hosts }) }

// SetInstances replaces the instances.
func (c *Cluster) SetInstances(instances ...api.Instance) {
	c.news(func() { c.instances = instances })
}

// ChangeInstance changes one of the instances.
func (c *Cluster) ChangeInstance(id string, change func(*api.Instance)) {
	c.news(func() {
		for n := range c.instances {
			if c.instances[n].ID == id {
				change(&c.instances[n])
			}
		}
	})
}

// SetBus replaces what is on the bus.
func (c *Cluster) SetBus(items ...api.BusItem) { c.news(func() { c.bus = items }) }

// Fail makes changes fail; nil lets them succeed.
func (c *Cluster) Fail(err error) { c.change(func() { c.fail = err }) }

// FailConsoles makes reading consoles fail.
func (c *Cluster) FailConsoles(err error) { c.change(func() { c.unread = err }) }

// SetSilent makes the cluster answer no question.
func (c *Cluster) SetSilent(silent bool) { c.news(func() { c.silent = silent }) }

// Print adds lines to an instance's console.
func (c *Cluster) Print(instance string, lines ...string) {
	c.change(func() {
		c.consoles[instance] = append(c.consoles[instance], lines...)
		if c.printed != nil {
			close(c.printed)
			c.printed = nil
		}
	})
}

// Calls returns the changes that were asked for, as "StartInstance i1".
func (c *Cluster) Calls() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.calls)
}

// Following tells how many calls read a console at the moment.
func (c *Cluster) Following() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.following
}

func (c *Cluster) note(call string, args ...string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, strings.Join(append([]string{call}, args...), " "))
	return c.fail
}

// hang waits for the end of a question that is not answered.
func (c *Cluster) hang(ctx context.Context) error {
	c.mu.Lock()
	silent := c.silent
	c.mu.Unlock()
	if !silent {
		return nil
	}
	<-ctx.Done()
	return fmt.Errorf("ask: %w", ctx.Err())
}

// Status implements api.Service.
func (c *Cluster) Status(ctx context.Context, _ api.Caller) (api.Status, error) {
	if err := c.hang(ctx); err != nil {
		return api.Status{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := api.Status{Name: "Home", Hosts: len(c.hosts), Instances: len(c.instances)}
	for _, h := range c.hosts {
		if h.Linked {
			s.HostsLinked++
		}
	}
	for _, i := range c.instances {
		if i.State == "running" {
			s.InstancesRunning++
		}
	}
	return s, nil
}

// Changes implements api.Service.
func (c *Cluster) Changes(ctx context.Context, _ api.Caller, r api.AwaitChanges) (api.Versions, error) {
	timeout := time.After(time.Duration(r.WaitMS) * time.Millisecond)
	for {
		c.mu.Lock()
		if c.changed == nil {
			c.changed = make(chan struct{})
		}
		version, changed := c.version, c.changed
		c.mu.Unlock()
		now := api.Versions{Cluster: version, Bus: version}
		if now != r.Since {
			return now, nil
		}
		select {
		case <-changed:
		case <-timeout:
			return now, nil
		case <-ctx.Done():
			return now, ctx.Err()
		}
	}
}

// Hosts implements api.Service.
func (c *Cluster) Hosts(ctx context.Context, _ api.Caller) ([]api.Host, error) {
	if err := c.hang(ctx); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.hosts), nil
}

// Instances implements api.Service.
func (c *Cluster) Instances(context.Context, api.Caller) ([]api.Instance, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.instances), nil
}

// Bus implements api.Service.
func (c *Cluster) Bus(context.Context, api.Caller) ([]api.BusItem, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.bus), nil
}

// SetBooks replaces who has what, what happened and what wants attention on the bus.
func (c *Cluster) SetBooks(accounts []api.BusAccount, history []api.BusPosting, problems api.BusProblems) {
	c.news(func() { c.accounts, c.history, c.problems = accounts, history, problems })
}

// SetPolicy replaces the policy.
func (c *Cluster) SetPolicy(p api.BusPolicy) { c.news(func() { c.policy = p }) }

// SetFailure says why an instance failed.
func (c *Cluster) SetFailure(instance string, f api.Failure) {
	c.change(func() { c.failures = map[string]api.Failure{instance: f} })
}

// InstanceFailure implements api.Service.
func (c *Cluster) InstanceFailure(_ context.Context, _ api.Caller, r api.InstanceRef) (api.Failure, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f, ok := c.failures[r.Instance]; ok {
		return f, nil
	}
	return api.Failure{}, api.Errorf(api.NotFound, "", "it has not failed")
}

// SetSupervision says how all instances are kept running.
func (c *Cluster) SetSupervision(s api.Supervision) { c.change(func() { c.kept = s }) }

// InstanceSupervision implements api.Service.
func (c *Cluster) InstanceSupervision(context.Context, api.Caller, api.InstanceRef) (api.Supervision, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept, nil
}

// ChangeSupervision implements api.Service.
func (c *Cluster) ChangeSupervision(_ context.Context, _ api.Caller, r api.ChangeSupervision) (api.Supervision, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return api.Supervision{}, err
	}
	return api.Supervision{}, c.note("ChangeSupervision", string(text))
}

// ChangeHost implements api.Service.
func (c *Cluster) ChangeHost(_ context.Context, _ api.Caller, r api.ChangeHost) (api.Host, error) {
	if r.PlayerAddress != nil {
		return api.Host{}, c.note("ChangeHost", r.Host, *r.PlayerAddress)
	}
	return api.Host{}, c.note("ChangeHost", r.Host, fmt.Sprint(*r.StartsAtOnce))
}

// SetBackups replaces the backups.
func (c *Cluster) SetBackups(all ...api.Backup) { c.news(func() { c.backups = all }) }

// BusAccounts implements api.Service.
func (c *Cluster) BusAccounts(_ context.Context, _ api.Caller, r api.ReadAccounts) (list []api.BusAccount, _ error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.accounts {
		if a.Name == r.Name && a.Quality == r.Quality {
			list = append(list, a)
		}
	}
	return list, nil
}

// BusHistory implements api.Service.
func (c *Cluster) BusHistory(_ context.Context, _ api.Caller, r api.ReadHistory) (list []api.BusPosting, _ error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.history {
		if p.Name == r.Name && p.Quality == r.Quality {
			list = append(list, p)
		}
	}
	return list, nil
}

// BusProblems implements api.Service.
func (c *Cluster) BusProblems(context.Context, api.Caller) (api.BusProblems, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.problems, nil
}

// SetMeasured sets what was measured last.
func (c *Cluster) SetMeasured(list ...api.Measured) { c.news(func() { c.measured = list }) }

// Figures implements api.Service.
func (c *Cluster) Figures(context.Context, api.Caller) ([]api.Measured, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.measured, nil
}

// FigureHistory implements api.Service: a figure that falls and rises, with a gap.
func (c *Cluster) FigureHistory(_ context.Context, _ api.Caller, r api.ReadFigure) (api.FigureHistory, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := api.FigureHistory{StepSeconds: 60}
	if c.fail != nil {
		return h, c.fail
	}
	if r.Figure == "save_seconds" {
		return h, nil
	}
	for minute := range 60 {
		if minute/10 == 3 {
			continue
		}
		v := 40 + float64((minute*7)%20)
		h.Points = append(h.Points, api.FigurePoint{At: time.Now().Add(time.Duration(minute-60) * time.Minute), Mean: v, Low: v - 2, High: v + 2})
	}
	return h, nil
}

// VerifyBus implements api.Service.
func (c *Cluster) VerifyBus(context.Context, api.Caller) (api.BusCheck, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return api.BusCheck{Items: len(c.bus), Worlds: 1, Wrong: c.problems.Wrong}, nil
}

// AcceptBooks implements api.Service.
func (c *Cluster) AcceptBooks(_ context.Context, _ api.Caller, r api.GoodsRef) (api.BusItem, error) {
	return api.BusItem{}, c.note("AcceptBooks", r.Words())
}

// ForgiveDebt implements api.Service.
func (c *Cluster) ForgiveDebt(_ context.Context, _ api.Caller, r api.GoodsOf) (api.Booked, error) {
	return api.Booked{Amount: r.Amount}, c.note("ForgiveDebt", r.Instance, r.Words(), fmt.Sprint(r.Amount))
}

// ReleaseHeld implements api.Service.
func (c *Cluster) ReleaseHeld(_ context.Context, _ api.Caller, r api.GoodsOf) (api.Booked, error) {
	return api.Booked{Amount: r.Amount}, c.note("ReleaseHeld", r.Instance, r.Words(), fmt.Sprint(r.Amount))
}

// AnswerQuestion implements api.Service.
func (c *Cluster) AnswerQuestion(_ context.Context, _ api.Caller, r api.AnswerQuestion) (api.BusProblems, error) {
	return api.BusProblems{}, c.note("AnswerQuestion", r.World, fmt.Sprint(r.Moved))
}

// BusPolicy implements api.Service.
func (c *Cluster) BusPolicy(context.Context, api.Caller) (api.BusPolicy, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.policy, nil
}

// ChangeBusPolicy implements api.Service; the call is noted as JSON.
func (c *Cluster) ChangeBusPolicy(_ context.Context, _ api.Caller, r api.ChangeBusPolicy) (api.BusPolicy, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return api.BusPolicy{}, err
	}
	return api.BusPolicy{}, c.note("ChangeBusPolicy", string(text))
}

// Backups implements api.Service.
func (c *Cluster) Backups(context.Context, api.Caller) ([]api.Backup, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.backups), nil
}

// BackUp implements api.Service.
func (c *Cluster) BackUp(context.Context, api.Caller) (api.Backup, error) {
	return api.Backup{Path: "/data/backups/new.db"}, c.note("BackUp")
}

// SetSaves replaces the saves of all instances, and what has been carried.
func (c *Cluster) SetSaves(list api.SaveList, tasks ...api.Task) {
	c.news(func() { c.saves, c.carried = list, tasks })
}

// Saves implements api.Service.
func (c *Cluster) Saves(context.Context, api.Caller, api.InstanceRef) (api.SaveList, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.saves, nil
}

// ChangeSave implements api.Service.
func (c *Cluster) ChangeSave(_ context.Context, _ api.Caller, r api.ChangeSave) (api.SaveList, error) {
	err := c.note("ChangeSave", r.Instance, r.Action, r.Save, r.To)
	return c.saves, err
}

func (c *Cluster) begun() api.Task {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.carried) == 0 {
		return api.Task{ID: "t0", State: api.TaskDone}
	}
	return c.carried[0]
}

// UploadSave implements api.Service.
func (c *Cluster) UploadSave(_ context.Context, _ api.Caller, r api.UploadSave) (api.Task, error) {
	return c.begun(), c.note("UploadSave", r.Instance, r.Path)
}

// DownloadSave implements api.Service.
func (c *Cluster) DownloadSave(_ context.Context, _ api.Caller, r api.DownloadSave) (api.Task, error) {
	return c.begun(), c.note("DownloadSave", r.Instance, r.Save, r.Path)
}

// TransferSave implements api.Service.
func (c *Cluster) TransferSave(_ context.Context, _ api.Caller, r api.TransferSave) (api.Task, error) {
	return c.begun(), c.note("TransferSave", r.Instance, r.Save, r.To, r.Name)
}

// CreateMap implements api.Service.
func (c *Cluster) CreateMap(_ context.Context, _ api.Caller, r api.CreateMap) (api.Task, error) {
	return c.begun(), c.note("CreateMap", r.Instance, r.Name, r.Preset, r.Exchange)
}

// Tasks implements api.Service.
func (c *Cluster) Tasks(context.Context, api.Caller) ([]api.Task, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.carried), nil
}

// CancelTask implements api.Service.
func (c *Cluster) CancelTask(_ context.Context, _ api.Caller, r api.TaskRef) (api.Task, error) {
	return api.Task{}, c.note("CancelTask", r.Task)
}

// PairHost implements api.Service.
func (c *Cluster) PairHost(_ context.Context, _ api.Caller, r api.PairHost) (api.Host, error) {
	return api.Host{}, c.note("PairHost", r.Host, r.Code)
}

// ForgetHost implements api.Service.
func (c *Cluster) ForgetHost(_ context.Context, _ api.Caller, r api.HostRef) (api.Host, error) {
	return api.Host{}, c.note("ForgetHost", r.Host)
}

// SearchHosts implements api.Service.
func (c *Cluster) SearchHosts(context.Context, api.Caller) ([]api.Host, error) {
	return nil, c.note("SearchHosts")
}

// Invite implements api.Service.
func (c *Cluster) Invite(_ context.Context, _ api.Caller, r api.Invite) (api.Invitation, error) {
	return api.Invitation{
		ID: "0123456789abcdef", Code: "mb1.AGk2Vb3", Addresses: []string{"192.0.2.1:34181"}, ExpiresAt: time.Now().Add(24 * time.Hour),
	}, c.note("Invite", strings.Join(r.Addresses, " "))
}

// Invitations implements api.Service.
func (c *Cluster) Invitations(context.Context, api.Caller) ([]api.Invitation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.invited), nil
}

// SetInvitations changes which join codes were made.
func (c *Cluster) SetInvitations(all ...api.Invitation) { c.change(func() { c.invited = all }) }

// RevokeInvitation implements api.Service.
func (c *Cluster) RevokeInvitation(_ context.Context, _ api.Caller, r api.InvitationRef) (api.Invitation, error) {
	return api.Invitation{}, c.note("RevokeInvitation", r.Invitation)
}

// StartInstance implements api.Service.
func (c *Cluster) StartInstance(_ context.Context, _ api.Caller, r api.InstanceRef) (api.Instance, error) {
	return api.Instance{}, c.note("StartInstance", r.Instance)
}

// StopInstance implements api.Service.
func (c *Cluster) StopInstance(_ context.Context, _ api.Caller, r api.InstanceRef) (api.Instance, error) {
	return api.Instance{}, c.note("StopInstance", r.Instance)
}

// KillInstance implements api.Service.
func (c *Cluster) KillInstance(_ context.Context, _ api.Caller, r api.InstanceRef) (api.Instance, error) {
	return api.Instance{}, c.note("KillInstance", r.Instance)
}

// SendConsole implements api.Service. The answer to a command is "reply to" it.
func (c *Cluster) SendConsole(_ context.Context, _ api.Caller, r api.SendConsole) (api.ConsoleReply, error) {
	reply := api.ConsoleReply{}
	if strings.HasPrefix(r.Line, "/") {
		reply.Text = "reply to " + r.Line + "\n"
	}
	return reply, c.note("SendConsole", r.Instance, r.Line)
}

// ReadConsole implements api.Service; an offset is a number of lines.
func (c *Cluster) ReadConsole(ctx context.Context, _ api.Caller, r api.ReadConsole) (api.ConsolePage, error) {
	c.change(func() { c.following++ })
	defer c.change(func() { c.following-- })
	timeout := time.After(time.Duration(r.WaitMS) * time.Millisecond)
	for {
		c.mu.Lock()
		if c.printed == nil {
			c.printed = make(chan struct{})
		}
		all, err, printed := c.consoles[r.Instance], c.unread, c.printed
		c.mu.Unlock()
		if err != nil {
			return api.ConsolePage{}, err
		}
		if start := int(r.Offset); start < len(all) {
			end := min(len(all), start+int(r.Limit))
			return api.ConsolePage{Lines: slices.Clone(all[start:end]), Next: uint64(end)}, nil
		}
		select {
		case <-printed:
		case <-timeout:
			return api.ConsolePage{Next: r.Offset}, nil
		case <-ctx.Done():
			return api.ConsolePage{}, ctx.Err()
		}
	}
}

// SetGames replaces the copies of the game on hosts, and what can be downloaded.
func (c *Cluster) SetGames(available api.AvailableGames, games ...api.HostGames) {
	c.news(func() { c.available, c.games = available, games })
}

func (c *Cluster) Games(context.Context, api.Caller, api.GamesOf) ([]api.HostGames, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.games), nil
}

func (c *Cluster) AvailableGames(context.Context, api.Caller, api.AskAvailable) (api.AvailableGames, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.available, nil
}

func (c *Cluster) DownloadGame(_ context.Context, _ api.Caller, r api.GameOn) (api.GameOn, error) {
	return r, c.note("DownloadGame", r.Host, r.Version)
}

func (c *Cluster) CancelDownload(_ context.Context, _ api.Caller, r api.GameOn) (api.GameOn, error) {
	return r, c.note("CancelDownload", r.Host, r.Version)
}

func (c *Cluster) RemoveGame(_ context.Context, _ api.Caller, r api.GameOn) (api.GameOn, error) {
	return r, c.note("RemoveGame", r.Host, r.Version)
}
