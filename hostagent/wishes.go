package hostagent

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"mainbus/hostagent/instance"
	"mainbus/hostagent/internal/disk"
	"mainbus/transport/wire"
)

// A localWish is what somebody on this machine wants of an instance against what the controller wants. It holds until the
// controller wants something else of that instance than it did then: until somebody starts or stops it there.
type localWish struct {
	Running bool   `json:"running"`
	Against bool   `json:"against"` // what the controller wanted
	Asked   uint64 `json:"asked"`   // the attempt that it wanted it in
	Tries   uint64 `json:"tries"`   // so many times was it said here
}

// triesShift puts what is tried here above what is tried by the controller: each is an attempt of its own.
const triesShift = 32

func (f *fleet) wishesFile() string { return f.path("wishes.json") }

func (f *fleet) loadWishes() error {
	f.wishes = map[string]localWish{}
	if err := disk.ReadJSONIfAny(f.wishesFile(), &f.wishes); err != nil {
		return fmt.Errorf("load what was decided on this machine (without that file the controller's wishes hold): %w", err)
	}
	return nil
}

// effective is what is wanted of an instance after all, and what somebody here has decided. It is called with the lock held.
func (f *fleet) effective(d *wire.DesiredInstance) (*wire.DesiredInstance, string) {
	w, ok := f.wishes[d.GetId()]
	if !ok {
		return d, ""
	}
	if w.Against != d.GetRunning() || w.Asked != d.GetAsked() {
		delete(f.wishes, d.GetId())
		f.save(f.wishesFile(), f.wishes)
		return d, ""
	}
	mine := proto.CloneOf(d)
	mine.Running, mine.Asked = w.Running, d.GetAsked()+w.Tries<<triesShift
	if w.Running {
		return mine, "running"
	}
	return mine, "stopped"
}

// find returns an instance and what the controller wants of it, by its name or id. It is called with the lock held.
func (f *fleet) find(name string) (*instance.Instance, *wire.DesiredInstance, error) {
	for _, d := range f.desired.GetInstances() {
		if i := f.instances[d.GetId()]; i != nil && (d.GetId() == name || strings.EqualFold(d.GetName(), name)) {
			return i, d, nil
		}
	}
	return nil, nil, fmt.Errorf("there is no instance %.60q on this host; mainbus-host status lists them", name)
}

// decide has an instance run or not, whatever the controller wants, until it wants something else.
func (f *fleet) decide(name string, running bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	i, d, err := f.find(name)
	if err != nil {
		return err
	}
	before := f.wishes[d.GetId()]
	if running == d.GetRunning() {
		delete(f.wishes, d.GetId())
	} else {
		f.wishes[d.GetId()] = localWish{Running: running, Against: d.GetRunning(), Asked: d.GetAsked(), Tries: before.Tries + 1}
	}
	f.save(f.wishesFile(), f.wishes)
	f.apply()
	if running {
		i.TryAgain()
	}
	return nil
}

// restart has a game save, end and start again; one that does not run starts.
func (f *fleet) restart(name string) error {
	if err := f.decide(name, true); err != nil {
		return err
	}
	i, err := f.named(name)
	if err == nil {
		i.Restart()
	}
	return err
}

func (f *fleet) named(name string) (*instance.Instance, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i, _, err := f.find(name)
	return i, err
}

// save writes what is wanted. A disk that does not take it keeps nobody from stopping a game: what is wanted holds all the same, and is
// written when it can be; until then a restarted agent knows only what was wanted before. It is called with the lock held.
func (f *fleet) save(path string, content any) {
	var err error
	if m, ok := content.(proto.Message); ok {
		err = writeProto(path, m)
	} else {
		err = disk.WriteJSON(path, content)
	}
	if err == nil {
		delete(f.unsaved, path)
		return
	}
	if len(f.unsaved) == 0 {
		f.cfg.log.Error("can't remember what is wanted; it holds all the same", "err", err)
	}
	f.unsaved[path] = err
}

// saveAgain tries to write what could not be written.
func (f *fleet) saveAgain() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for path := range f.unsaved {
		if path == f.wishesFile() {
			f.save(path, f.wishes)
		} else {
			f.save(path, f.desired)
		}
	}
}

// unsavedTrouble says that something could not be written, empty if all could.
func (f *fleet) unsavedTrouble() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, err := range f.unsaved {
		return "What is wanted of the instances can't be written down; an agent that is restarted would not know it: " + errors.Unwrap(err).Error()
	}
	return ""
}
