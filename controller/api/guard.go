package api

import (
	"context"
	"time"
)

// Permission is what a caller needs for a call.
type Permission string

const (
	ClusterRead     Permission = "cluster.read"
	HostPair        Permission = "host.pair"
	InstanceCreate  Permission = "instance.create"
	InstanceControl Permission = "instance.control"
	ConsoleRead     Permission = "console.read"
	ConsoleSend     Permission = "console.send"
	BusManage       Permission = "bus.manage"
	AuditRead       Permission = "audit.read"
	BackupRead      Permission = "backup.read"
	BackupMake      Permission = "backup.make"
)

// permissions has a row for every method of Service.
var permissions = map[string]Permission{
	"Status":          ClusterRead,
	"Changes":         ClusterRead,
	"Hosts":           ClusterRead,
	"PairHost":        HostPair,
	"Instances":       ClusterRead,
	"CreateInstance":  InstanceCreate,
	"StartInstance":   InstanceControl,
	"StopInstance":    InstanceControl,
	"KillInstance":    InstanceControl,
	"SendConsole":     ConsoleSend,
	"ReadConsole":     ConsoleRead,
	"Bus":             ClusterRead,
	"BusAccounts":     ClusterRead,
	"BusHistory":      ClusterRead,
	"VerifyBus":       ClusterRead,
	"BusProblems":     ClusterRead,
	"AcceptBooks":     BusManage,
	"ForgiveDebt":     BusManage,
	"ReleaseHeld":     BusManage,
	"AnswerQuestion":  BusManage,
	"BusPolicy":       ClusterRead,
	"ChangeBusPolicy": BusManage,
	"Audit":           AuditRead,
	"Backups":         BackupRead,
	"BackUp":          BackupMake,
}

// may says whether a caller has a permission. The owner has all; nobody else is known yet.
func (c Caller) may(Permission) bool { return c.Kind == Owner }

// A Recorder keeps audit entries.
type Recorder interface {
	Record(ctx context.Context, e AuditEntry) error
}

// Guard lets through to s only what its caller may do, and records changes and denials.
func Guard(s Service, audit Recorder) Service { return &guard{s, audit} }

type guard struct {
	next  Service
	audit Recorder
}

func (g *guard) record(ctx context.Context, c Caller, method, target, result string) error {
	return g.audit.Record(ctx, AuditEntry{At: time.Now(), Who: c.Name, From: c.From, What: method, Target: target, Result: result})
}

func (g *guard) allow(ctx context.Context, c Caller, method, target string) error {
	need, known := permissions[method]
	if known && c.may(need) {
		return nil
	}
	denied := Errorf(Refused, "Ask the owner of the cluster.", "%q may not do this: it needs the permission %s", c.Name, need)
	if err := g.record(ctx, c, method, target, "denied"); err != nil {
		return err
	}
	return denied
}

// read is a call that changes nothing: only its denial is recorded.
func read[R any](ctx context.Context, g *guard, c Caller, method, target string, call func() (R, error)) (R, error) {
	if err := g.allow(ctx, c, method, target); err != nil {
		var none R
		return none, err
	}
	return call()
}

// change is a call that does something: who did it is recorded with how it ended.
func change[R any](ctx context.Context, g *guard, c Caller, method, target string, call func() (R, error)) (R, error) {
	var none R
	if err := g.allow(ctx, c, method, target); err != nil {
		return none, err
	}
	result, err := call()
	outcome := "done"
	if err != nil {
		outcome = err.Error()
	}
	// It has happened, so it is recorded even if the caller does not wait any more.
	if failed := g.record(context.WithoutCancel(ctx), c, method, target, outcome); failed != nil && err == nil {
		return result, failed
	}
	return result, err
}

func (g *guard) Status(ctx context.Context, c Caller) (Status, error) {
	return read(ctx, g, c, "Status", "", func() (Status, error) { return g.next.Status(ctx, c) })
}

func (g *guard) Changes(ctx context.Context, c Caller, r AwaitChanges) (Versions, error) {
	return read(ctx, g, c, "Changes", "", func() (Versions, error) { return g.next.Changes(ctx, c, r) })
}

func (g *guard) Hosts(ctx context.Context, c Caller) ([]Host, error) {
	return read(ctx, g, c, "Hosts", "", func() ([]Host, error) { return g.next.Hosts(ctx, c) })
}

func (g *guard) PairHost(ctx context.Context, c Caller, r PairHost) (Host, error) {
	return change(ctx, g, c, "PairHost", r.Host, func() (Host, error) { return g.next.PairHost(ctx, c, r) })
}

func (g *guard) Instances(ctx context.Context, c Caller) ([]Instance, error) {
	return read(ctx, g, c, "Instances", "", func() ([]Instance, error) { return g.next.Instances(ctx, c) })
}

func (g *guard) CreateInstance(ctx context.Context, c Caller, r CreateInstance) (Instance, error) {
	return change(ctx, g, c, "CreateInstance", r.Name, func() (Instance, error) { return g.next.CreateInstance(ctx, c, r) })
}

func (g *guard) StartInstance(ctx context.Context, c Caller, r InstanceRef) (Instance, error) {
	return change(ctx, g, c, "StartInstance", r.Instance, func() (Instance, error) { return g.next.StartInstance(ctx, c, r) })
}

func (g *guard) StopInstance(ctx context.Context, c Caller, r InstanceRef) (Instance, error) {
	return change(ctx, g, c, "StopInstance", r.Instance, func() (Instance, error) { return g.next.StopInstance(ctx, c, r) })
}

func (g *guard) KillInstance(ctx context.Context, c Caller, r InstanceRef) (Instance, error) {
	return change(ctx, g, c, "KillInstance", r.Instance, func() (Instance, error) { return g.next.KillInstance(ctx, c, r) })
}

// SendConsole is recorded without the line: people type passwords there.
func (g *guard) SendConsole(ctx context.Context, c Caller, r SendConsole) (ConsoleReply, error) {
	return change(ctx, g, c, "SendConsole", r.Instance, func() (ConsoleReply, error) { return g.next.SendConsole(ctx, c, r) })
}

func (g *guard) ReadConsole(ctx context.Context, c Caller, r ReadConsole) (ConsolePage, error) {
	return read(ctx, g, c, "ReadConsole", r.Instance, func() (ConsolePage, error) { return g.next.ReadConsole(ctx, c, r) })
}

func (g *guard) Bus(ctx context.Context, c Caller) ([]BusItem, error) {
	return read(ctx, g, c, "Bus", "", func() ([]BusItem, error) { return g.next.Bus(ctx, c) })
}

func (g *guard) BusAccounts(ctx context.Context, c Caller, r ReadAccounts) ([]BusAccount, error) {
	return read(ctx, g, c, "BusAccounts", "", func() ([]BusAccount, error) { return g.next.BusAccounts(ctx, c, r) })
}

func (g *guard) BusHistory(ctx context.Context, c Caller, r ReadHistory) ([]BusPosting, error) {
	return read(ctx, g, c, "BusHistory", "", func() ([]BusPosting, error) { return g.next.BusHistory(ctx, c, r) })
}

func (g *guard) VerifyBus(ctx context.Context, c Caller) (BusCheck, error) {
	return read(ctx, g, c, "VerifyBus", "", func() (BusCheck, error) { return g.next.VerifyBus(ctx, c) })
}

func (g *guard) BusProblems(ctx context.Context, c Caller) (BusProblems, error) {
	return read(ctx, g, c, "BusProblems", "", func() (BusProblems, error) { return g.next.BusProblems(ctx, c) })
}

func (g *guard) AcceptBooks(ctx context.Context, c Caller, r GoodsRef) (BusItem, error) {
	return change(ctx, g, c, "AcceptBooks", r.Words(), func() (BusItem, error) { return g.next.AcceptBooks(ctx, c, r) })
}

func (g *guard) ForgiveDebt(ctx context.Context, c Caller, r GoodsOf) (Booked, error) {
	return change(ctx, g, c, "ForgiveDebt", r.target(), func() (Booked, error) { return g.next.ForgiveDebt(ctx, c, r) })
}

func (g *guard) ReleaseHeld(ctx context.Context, c Caller, r GoodsOf) (Booked, error) {
	return change(ctx, g, c, "ReleaseHeld", r.target(), func() (Booked, error) { return g.next.ReleaseHeld(ctx, c, r) })
}

func (g *guard) AnswerQuestion(ctx context.Context, c Caller, r AnswerQuestion) (BusProblems, error) {
	return change(ctx, g, c, "AnswerQuestion", r.target(), func() (BusProblems, error) { return g.next.AnswerQuestion(ctx, c, r) })
}

func (g *guard) BusPolicy(ctx context.Context, c Caller) (BusPolicy, error) {
	return read(ctx, g, c, "BusPolicy", "", func() (BusPolicy, error) { return g.next.BusPolicy(ctx, c) })
}

func (g *guard) ChangeBusPolicy(ctx context.Context, c Caller, r ChangeBusPolicy) (BusPolicy, error) {
	return change(ctx, g, c, "ChangeBusPolicy", r.target(), func() (BusPolicy, error) { return g.next.ChangeBusPolicy(ctx, c, r) })
}

func (g *guard) Audit(ctx context.Context, c Caller, r ReadAudit) ([]AuditEntry, error) {
	return read(ctx, g, c, "Audit", "", func() ([]AuditEntry, error) { return g.next.Audit(ctx, c, r) })
}

func (g *guard) Backups(ctx context.Context, c Caller) ([]Backup, error) {
	return read(ctx, g, c, "Backups", "", func() ([]Backup, error) { return g.next.Backups(ctx, c) })
}

func (g *guard) BackUp(ctx context.Context, c Caller) (Backup, error) {
	return change(ctx, g, c, "BackUp", "", func() (Backup, error) { return g.next.BackUp(ctx, c) })
}
