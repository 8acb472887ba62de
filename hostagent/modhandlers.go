package hostagent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"mainbus/hostagent/instance"
	"mainbus/hostagent/modfolder"
	"mainbus/transport/bulk"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const (
	maxMod     = int64(4) << 30  // bytes of one mod
	ticketTime = 2 * time.Minute // for the controller to offer a file
	modsAtOnce = 4               // files: small ones, one after the other, would mostly wait for round trips
)

// modHandlers are what controllers may ask for of mods.
func (a *Agent) modHandlers() map[wire.Method]link.Handler {
	return map[wire.Method]link.Handler{
		wire.Method_METHOD_MODS_TAKE:    a.owned(a.takeMods),
		wire.Method_METHOD_MODS_SET:     a.owned(link.Unary(a.addModSet)),
		wire.Method_METHOD_MODS_LIST:    a.owned(link.Unary(a.listMods)),
		wire.Method_METHOD_MODS_CHANGE:  a.owned(link.Unary(a.changeMods)),
		wire.Method_METHOD_MODS_OF_SAVE: a.owned(link.Unary(a.modsOfSave)),
	}
}

func (a *Agent) addModSet(_ context.Context, _ *link.Conn, r *wire.ModSetContent) (*wire.Empty, error) {
	if err := a.fleet.mods.add(r.GetHash(), r.GetContent()); err != nil {
		return nil, link.Errorf(wire.Code_CODE_INVALID, "%v", err)
	}
	a.fleet.tryModsAgain(r.GetHash())
	return &wire.Empty{}, nil
}

func (a *Agent) listMods(_ context.Context, _ *link.Conn, r *wire.ModsAsk) (*wire.InstanceMods, error) {
	i, err := a.find(r.GetInstance())
	if err != nil {
		return nil, err
	}
	answer, err := i.Mods()
	if err != nil || !r.GetSettings() {
		return answer, err
	}
	const most = 4 << 20
	switch answer.Settings, err = i.ModSettings(); {
	case err != nil:
		return nil, link.Errorf(wire.Code_CODE_INVALID, "the mod-settings.dat of the instance can't be read: %v", err)
	case len(answer.Settings) > most:
		return nil, link.Errorf(wire.Code_CODE_INVALID, "the mod-settings.dat of the instance has more than %d MiB", most>>20)
	}
	return answer, nil
}

func (a *Agent) changeMods(ctx context.Context, _ *link.Conn, r *wire.ModsChange) (*wire.Empty, error) {
	i, err := a.find(r.GetInstance())
	if err != nil {
		return nil, err
	}
	if err := i.ChangeMods(ctx, r.GetAction()); err != nil {
		return nil, saveRefusal(err)
	}
	return &wire.Empty{}, nil
}

func (a *Agent) modsOfSave(_ context.Context, _ *link.Conn, r *wire.SaveModsAsk) (*wire.SaveMods, error) {
	i, err := a.find(r.GetInstance())
	if err != nil {
		return nil, err
	}
	mods, err := i.SaveMods(r.GetSave())
	return mods, saveRefusal(err)
}

// takeMods gets the files of the set that an instance wants. What has arrived stays, however it ends.
func (a *Agent) takeMods(ctx context.Context, c *link.Conn, s *link.Stream) error {
	var r wire.ModsTake
	if err := s.Recv(&r); err != nil {
		return err
	}
	i, err := a.find(r.GetInstance())
	if err != nil {
		return err
	}
	set, err := a.fleet.wantedSet(r.GetInstance())
	if err != nil {
		return link.Errorf(wire.Code_CODE_REFUSED, "%v", err)
	}
	end := a.fleet.mods.begin(r.GetInstance())
	defer end()
	t := &modTake{agent: a, conn: c, stream: s, folder: filepath.Join(a.fleet.dirOf(r.GetInstance()), "mods")}
	for _, m := range set.GetMods() {
		if modfolder.Needs(m) && m.GetSha256() != "" {
			t.wanted = append(t.wanted, m)
			t.bytes += m.GetSize()
		}
	}
	err = t.run(ctx)
	end()
	if err == nil {
		i.TryAgain()
	}
	return err
}

// modTake is one stream by which the controller brings the files of a set.
type modTake struct {
	agent  *Agent
	conn   *link.Conn
	stream *link.Stream
	folder string // of the instance: what lies there need not be brought
	wanted []*wire.SetMod
	bytes  uint64

	asking sync.Mutex // held from a question to its answer: they come in order

	mu        sync.Mutex // guards what follows, and what is sent
	done      uint32
	doneBytes uint64
	arriving  map[string]uint64 // bytes that have come of a file, by its hash
	over      []string          // hashes of files that were offered, and of which the controller does not know that they are here
	told      time.Time
	problems  []error
	failed    error // the first
}

func (t *modTake) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t.arriving = map[string]uint64{}
	next := make(chan *wire.SetMod)
	var workers sync.WaitGroup
	for range min(modsAtOnce, len(t.wanted)) {
		workers.Go(func() {
			for m := range next {
				if err := t.bring(ctx, m); err != nil {
					t.mu.Lock()
					t.failed = cmp.Or(t.failed, err)
					t.mu.Unlock()
					cancel()
				}
			}
		})
	}
	for _, m := range t.wanted {
		select {
		case next <- m:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	workers.Wait()
	if t.failed != nil || ctx.Err() != nil {
		return cmp.Or(t.failed, ctx.Err())
	}
	t.told = time.Time{}
	t.tell(nil, bulk.Progress{})
	if len(t.problems) > 0 {
		return link.Errorf(wire.Code_CODE_REFUSED, "%d of %d mods did not come: %v", len(t.problems), len(t.wanted), t.problems[0])
	}
	return nil
}

// bring takes a file that is not here, and counts it.
func (t *modTake) bring(ctx context.Context, m *wire.SetMod) error {
	cache := t.agent.fleet.mods.cache
	if ctx.Err() != nil {
		return nil // another one has failed
	}
	if !cache.Has(m.GetSha256()) {
		if err := t.take(ctx, m); err != nil {
			return err
		}
	}
	t.mu.Lock()
	delete(t.arriving, m.GetSha256())
	if cache.Has(m.GetSha256()) {
		t.done++
		t.doneBytes += m.GetSize()
		t.agent.fleet.mods.changed.Fire()
		t.agent.changed.Fire()
	}
	t.mu.Unlock()
	t.tell(m, bulk.Progress{Phase: bulk.Receiving})
	return nil
}

// take brings one file. What the controller can't offer keeps the others from nothing.
func (t *modTake) take(ctx context.Context, m *wire.SetMod) error {
	cache := t.agent.fleet.mods.cache
	if there, err := cache.Adopt(ctx, filepath.Join(t.folder, modfolder.File(m)), m.GetSha256()); there || err != nil {
		return err
	}
	var refused error
	err := cache.Bring(ctx, m.GetSha256(), func(ctx context.Context, path string) error {
		ticket, err := t.ask(m)
		if err != nil {
			return err
		}
		if ticket.GetTicket() == "" {
			refused = fmt.Errorf("%s %s: %s", m.GetName(), m.GetVersion(), ticket.GetProblem())
			return refused
		}
		defer t.isOver(m)
		return t.agent.bulk.Fetch(ctx, bulk.Request{
			Peer: t.agent.carrier(t.conn.Peer()), Ticket: ticket.GetTicket(), Target: path, MaxSize: maxMod,
			Progress: func(p bulk.Progress) { t.tell(m, p) },
		})
	})
	if refused != nil {
		t.mu.Lock()
		t.problems = append(t.problems, refused)
		t.mu.Unlock()
		return nil
	}
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("take %s %s: %w", m.GetName(), m.GetVersion(), err)
	}
	return err
}

func (t *modTake) isOver(m *wire.SetMod) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = append(t.over, m.GetSha256())
}

// ask has the controller offer a file.
func (t *modTake) ask(m *wire.SetMod) (*wire.ModTicket, error) {
	t.asking.Lock()
	defer t.asking.Unlock()
	t.mu.Lock()
	need := t.need(m)
	need.Sha256 = m.GetSha256()
	err := t.stream.Send(need)
	t.mu.Unlock()
	if err != nil {
		return nil, err
	}
	t.stream.SetReadDeadline(time.Now().Add(ticketTime))
	var ticket wire.ModTicket
	if err := t.stream.Recv(&ticket); err != nil {
		return nil, err
	}
	if ticket.GetSha256() != m.GetSha256() {
		return nil, errors.New("the controller offers another file than it was asked for")
	}
	return &ticket, nil
}

// need needs the lock.
func (t *modTake) need(m *wire.SetMod) *wire.ModsNeed {
	n := &wire.ModsNeed{Files: uint32(len(t.wanted)), FilesDone: t.done, Bytes: t.bytes, BytesDone: t.doneBytes, Over: t.over}
	t.over = nil
	for _, bytes := range t.arriving {
		n.BytesDone += bytes
	}
	if m != nil {
		n.Name = m.GetName() + " " + m.GetVersion()
	}
	return n
}

func (t *modTake) tell(m *wire.SetMod, p bulk.Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.Phase == bulk.Receiving && p.Done > 0 {
		t.arriving[m.GetSha256()] = uint64(p.Done)
	}
	if time.Since(t.told) < progressEach {
		return
	}
	t.told = time.Now()
	n := t.need(m)
	n.Phase = p.Phase
	_ = t.stream.Send(n) // its failure ends the stream, and with it the context
}

// wantedSet returns the set that the controller wants of an instance.
func (f *fleet) wantedSet(id string) (*wire.ModSet, error) {
	f.mu.Lock()
	hash := ""
	for _, d := range f.desired.GetInstances() {
		if d.GetId() == id {
			hash = d.GetMods().GetSet()
		}
	}
	f.mu.Unlock()
	if hash == "" {
		return nil, errors.New("no mods are wanted of this instance")
	}
	return f.mods.set(hash)
}

// missingSets are the sets that are wanted and were not told of.
func (f *fleet) missingSets(d *wire.Desired) []string {
	var hashes []string
	seen := map[string]bool{}
	for _, i := range d.GetInstances() {
		hash := i.GetMods().GetSet()
		if hash == "" || seen[hash] {
			continue
		}
		seen[hash] = true
		if _, err := f.mods.set(hash); err != nil {
			hashes = append(hashes, hash)
		}
	}
	return hashes
}

// tryModsAgain has the instances look again that may have waited for a set.
func (f *fleet) tryModsAgain(hash string) {
	f.mods.changed.Fire()
	f.mu.Lock()
	var waiting []*instance.Instance
	for _, d := range f.desired.GetInstances() {
		if i := f.instances[d.GetId()]; i != nil && d.GetMods().GetSet() == hash {
			waiting = append(waiting, i)
		}
	}
	f.mu.Unlock()
	for _, i := range waiting {
		i.TryAgain()
	}
}

// keepModsTidy sweeps until ctx ends.
func (a *Agent) keepModsTidy(ctx context.Context) {
	tick := time.NewTicker(modSweepPause)
	defer tick.Stop()
	for {
		if err := a.fleet.sweepMods(time.Now()); err != nil {
			a.log.Warn("mods that nobody wants stay on the disk", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (f *fleet) sweepMods(now time.Time) error {
	sets, files := map[string]bool{}, map[string]bool{}
	f.mu.Lock()
	for _, d := range f.desired.GetInstances() {
		sets[d.GetMods().GetSet()] = true
	}
	ids := make([]string, 0, len(f.instances))
	for id := range f.instances {
		ids = append(ids, id)
	}
	f.mu.Unlock()
	for _, id := range ids {
		instance.ModFiles(f.dirOf(id), files)
	}
	return f.mods.sweep(sets, files, now)
}
