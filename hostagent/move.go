package hostagent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"mainbus/hostagent/instance"
	archives "mainbus/hostagent/internal/unpack"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

// maxInstanceSize bounds what is taken of another host at once, in bytes.
const maxInstanceSize = 1 << 40

// binKeep is how long the folder of an instance lies in the bin that has moved away or was deleted.
const binKeep = 30 * 24 * time.Hour

// moveHandlers are what the controller may ask for of instances that go to another host, or away.
func (a *Agent) moveHandlers() map[wire.Method]link.Handler {
	return map[wire.Method]link.Handler{
		wire.Method_METHOD_INSTANCE_OFFER:   a.owned(a.offerInstance),
		wire.Method_METHOD_INSTANCE_TAKE:    a.owned(a.takeInstance),
		wire.Method_METHOD_INSTANCE_DISCARD: a.owned(link.Unary(a.discardInstance)),
		wire.Method_METHOD_SETTINGS_READ:    a.owned(link.Unary(a.readSettings)),
		wire.Method_METHOD_SETTINGS_CHANGE:  a.owned(link.Unary(a.changeSettings)),
	}
}

// offerInstance lets the controller fetch all that belongs to an instance while the stream lasts.
func (a *Agent) offerInstance(ctx context.Context, c *link.Conn, s *link.Stream) error {
	var r wire.InstanceOffer
	if err := s.Recv(&r); err != nil {
		return err
	}
	i, err := a.find(r.GetInstance())
	if err != nil {
		return err
	}
	path, release, err := i.Pack(ctx)
	if err != nil {
		return moveRefusal(err)
	}
	defer release()
	return a.holdOffer(ctx, c, s, path)
}

// takeInstance fetches an instance from the controller and gives it a folder.
func (a *Agent) takeInstance(ctx context.Context, c *link.Conn, s *link.Stream) error {
	var r wire.InstanceTake
	if err := s.Recv(&r); err != nil {
		return err
	}
	if !instanceID.MatchString(r.GetInstance()) || !transferKey.MatchString(r.GetKey()) {
		return link.Errorf(wire.Code_CODE_INVALID, "malformed id of an instance or key of a transfer")
	}
	if instance.Arrived(a.fleet.dirOf(r.GetInstance()), r.GetKey()) {
		return nil
	}
	if err := a.fleet.mayArrive(r.GetInstance()); err != nil {
		return moveRefusal(err)
	}
	incoming := a.path("incoming")
	if err := os.MkdirAll(incoming, 0o700); err != nil {
		return fmt.Errorf("make room for an instance: %w", err)
	}
	archive := filepath.Join(incoming, r.GetKey()+".tar")
	if err := a.fetchFor(ctx, c, s, r.GetTicket(), archive, maxInstanceSize); err != nil {
		return fmt.Errorf("take the instance: %w", err)
	}
	defer os.Remove(archive)
	return moveRefusal(a.fleet.arrive(a.ctx, r.GetInstance(), r.GetKey(), archive))
}

func (a *Agent) discardInstance(_ context.Context, _ *link.Conn, r *wire.InstanceDiscard) (*wire.Empty, error) {
	if !instanceID.MatchString(r.GetInstance()) {
		return nil, link.Errorf(wire.Code_CODE_INVALID, "malformed id of an instance")
	}
	if err := a.fleet.discard(r.GetInstance()); err != nil {
		return nil, moveRefusal(err)
	}
	return &wire.Empty{}, nil
}

func moveRefusal(err error) error {
	if errors.Is(err, instance.ErrRuns) {
		return link.Errorf(wire.Code_CODE_REFUSED, "%v", err)
	}
	return saveRefusal(err)
}

var errWanted = errors.New("the instance belongs on this host")

func (f *fleet) wants(id string) bool {
	for _, d := range f.desired.GetInstances() {
		if d.GetId() == id {
			return true
		}
	}
	return false
}

func (f *fleet) mayArrive(id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.wants(id) {
		return errWanted
	}
	return nil
}

// arrive unpacks an instance beside the others and gives it its place. What lay there goes into the bin.
func (f *fleet) arrive(ctx context.Context, id, key, archive string) error {
	staging := filepath.Join(filepath.Dir(archive), key)
	if err := os.RemoveAll(staging); err != nil { // what an agent has left that was killed
		return fmt.Errorf("make room for an instance: %w", err)
	}
	if err := os.Mkdir(staging, 0o700); err != nil {
		return fmt.Errorf("make room for an instance: %w", err)
	}
	defer os.RemoveAll(staging)
	if err := archives.Tar(ctx, archive, staging, nil); err != nil {
		return err
	}
	if err := instance.Settle(staging, key); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.toBin(id); err != nil {
		return err
	}
	dir := f.dirOf(id)
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return fmt.Errorf("give the instance its place: %w", err)
	}
	if err := os.Rename(staging, dir); err != nil {
		return fmt.Errorf("give the instance its place: %w", err)
	}
	return nil
}

// dirOf is the folder of an instance.
func (f *fleet) dirOf(id string) string { return filepath.Join(f.cfg.dir, "instances", id) }

// discard puts the folder of an instance that is not wanted here into the bin. There being none is no error.
func (f *fleet) discard(id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.toBin(id)
}

// toBin is discard, called with the lock held, so that nobody wants the instance meanwhile.
func (f *fleet) toBin(id string) error {
	if f.wants(id) {
		return errWanted
	}
	if i := f.instances[id]; i != nil {
		if state := i.Observed().GetState(); state != wire.State_STATE_STOPPED {
			return fmt.Errorf("%w on this host yet", instance.ErrRuns)
		}
		f.ends[id]()
		delete(f.ends, id)
		delete(f.instances, id)
	}
	dir := f.dirOf(id)
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	bin := filepath.Join(f.cfg.dir, "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return fmt.Errorf("put the instance into the bin: %w", err)
	}
	if err := os.Rename(dir, filepath.Join(bin, fmt.Sprintf("%d~%s", time.Now().UnixMilli(), id))); err != nil {
		return fmt.Errorf("put the instance into the bin: %w", err)
	}
	return sweepBin(bin)
}

// sweepBin removes for good what has lain in the bin for long.
func sweepBin(bin string) error {
	entries, err := os.ReadDir(bin)
	if err != nil {
		return fmt.Errorf("sweep the bin: %w", err)
	}
	var failed error
	for _, e := range entries {
		stamp, _, ok := strings.Cut(e.Name(), "~")
		at, err := strconv.ParseInt(stamp, 10, 64)
		if ok && err == nil && time.Since(time.UnixMilli(at)) > binKeep {
			failed = errors.Join(failed, os.RemoveAll(filepath.Join(bin, e.Name())))
		}
	}
	return failed
}
