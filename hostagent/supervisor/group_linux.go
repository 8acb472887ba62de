package supervisor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

const (
	gameGroups  = "mainbus-game-" // what the names of games' groups begin with, as those of scopes
	bootedFile  = "/run/systemd/system"
	maxProcFile = 1 << 20
)

// groups is the control group (cgroup v2) that the agent may divide, and has divided:
//
//	base/agent               the agent
//	base/mainbus-game-ID-N   a game with its supervisor
//
// The kernel lets no process be in a group that hands controllers to populated ones, so base itself is empty then. A systemd older than
// 254 starts the agent in base all the same, which fails as long as a game is limited below it ("status=219/CGROUP", seen with 252). So there
// are only limits where the agent was started in the leaf (DelegateSubgroup=), or by something else than systemd.
type groups struct {
	base   string
	limits bool         // controllers may be handed on
	making sync.RWMutex // read: a group is made, and still empty
}

var divided atomic.Pointer[groups] // what ownGroups has found; nil before

// ownGroups is about this process, which is in one group.
var ownGroups = sync.OnceValues(func() (*groups, error) {
	dir, err := ownGroup()
	if err != nil {
		return nil, err
	}
	_, err = os.Stat(bootedFile)
	g, err := divide(dir, err == nil)
	if err == nil {
		divided.Store(g)
	}
	return g, err
})

// Home says where games live, for the log. The first call moves this process into its leaf, if it has to be moved.
func Home() string {
	if inScope(Spec{Scope: gameGroups}) != nil {
		return "in scopes of systemd"
	}
	g, err := ownGroups()
	if err != nil {
		return fmt.Sprintf("in the agent's own control group, where no memory limit can hold (%s)", err)
	}
	return "in control groups of their own in " + g.base
}

// ownGroup finds the folder of the group that this process is in.
func ownGroup() (string, error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", fmt.Errorf("find the agent's control group: %w", err)
	}
	names, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", fmt.Errorf("find the agent's control group: %w", err)
	}
	return groupFolder(string(names[:min(len(names), maxProcFile)]), string(mounts[:min(len(mounts), maxProcFile)]))
}

// groupFolder reads the two files of cgroups(7) and proc_pid_mountinfo(5).
func groupFolder(names, mounts string) (string, error) {
	name := ""
	for line := range strings.Lines(names) {
		if rest, ok := strings.CutPrefix(line, "0::"); ok {
			name = strings.TrimSuffix(rest, "\n")
		}
	}
	if !strings.HasPrefix(name, "/") || strings.HasPrefix(name, "/..") {
		return "", errors.New("the agent is in no control group of version 2 that it can see")
	}
	for line := range strings.Lines(mounts) {
		mount, kind, _ := strings.Cut(line, " - ")
		fields := strings.Fields(mount)
		if !strings.HasPrefix(kind, "cgroup2 ") || len(fields) < 5 {
			continue
		}
		if rest, ok := strings.CutPrefix(name+"/", strings.TrimSuffix(fields[3], "/")+"/"); ok {
			return filepath.Join(fields[4], rest), nil
		}
	}
	return "", errors.New("no control groups of version 2 are mounted")
}

// divide makes the group in dir, in which this process is, one of games, if it is this agent's to divide. booted says that systemd
// runs the machine.
func divide(dir string, booted bool) (*groups, error) {
	if filepath.Base(dir) == agentLeaf {
		g := &groups{base: filepath.Dir(dir), limits: true}
		return g, g.usable()
	}
	g := &groups{base: dir, limits: !booted}
	if err := ours(dir); err != nil {
		return nil, err
	}
	leaf := filepath.Join(dir, agentLeaf)
	if err := os.Mkdir(leaf, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("divide the agent's control group: %w", err)
	}
	if err := enterGroup(leaf); err != nil {
		_ = os.Remove(leaf) // nobody is in it
		return nil, fmt.Errorf("divide the agent's control group: %w", err)
	}
	return g, nil
}

// ours says why a group is not the agent's to divide: it is if its owner has said so, or if nobody else is in it.
func ours(dir string) error {
	for _, mark := range []string{"user.delegate", "trusted.delegate"} { // by systemd
		value := make([]byte, 8)
		if n, err := unix.Getxattr(dir, mark, value); err == nil && string(value[:n]) == "1" {
			return nil
		}
	}
	members, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	if err != nil {
		return fmt.Errorf("look who is in the agent's control group: %w", err)
	}
	if strings.TrimSpace(string(members)) != strconv.Itoa(os.Getpid()) {
		return fmt.Errorf("others are in the control group %s too", dir)
	}
	return nil
}

// usable tries whether groups can be made.
func (g *groups) usable() error {
	trial := filepath.Join(g.base, gameGroups+"trial")
	if err := os.Mkdir(trial, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("divide the agent's control group: %w", err)
	}
	if err := os.Remove(trial); err != nil {
		return fmt.Errorf("divide the agent's control group: %w", err)
	}
	return nil
}

// makeGroup makes the group for a game. release has to be called when the game's supervisor is in it, or won't come.
func makeGroup(spec Spec) (g *group, release func(), err error) {
	all, err := ownGroups()
	if err != nil || spec.Scope == "" {
		return nil, func() {}, err
	}
	return all.make(spec.Scope, spec.Limits)
}

func (g *groups) make(name string, l Limits) (*group, func(), error) {
	g.sweep()
	g.making.RLock()
	made := &group{path: filepath.Join(g.base, name)}
	if err := os.Mkdir(made.path, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		g.making.RUnlock()
		return nil, func() {}, fmt.Errorf("make a control group for the game: %w", err)
	}
	var troubles []error
	if l.MemoryBytes > 0 {
		err := g.limitMemory(made.path, l.MemoryBytes)
		made.memory = err == nil
		troubles = append(troubles, err)
	}
	if l.Niceness != 0 && g.hand("cpu") == nil { // where it can't be, niceness holds among all processes of the machine instead
		troubles = append(troubles, write(filepath.Join(made.path, "cpu.weight.nice"), strconv.Itoa(l.Niceness)))
	}
	if err := errors.Join(troubles...); err != nil {
		made.trouble = err.Error()
	}
	return made, g.making.RUnlock, nil
}

func (g *groups) limitMemory(path string, bytes uint64) error {
	if err := g.hand("memory"); err != nil {
		return err
	}
	return write(filepath.Join(path, "memory.max"), strconv.FormatUint(bytes, 10))
}

// hand gives games' groups a controller.
func (g *groups) hand(controller string) error {
	if !g.limits {
		return errors.New("it needs systemd 254 or newer, or the agent as a service of your own (mainbus-host service install --user)")
	}
	has, err := os.ReadFile(filepath.Join(g.base, "cgroup.controllers"))
	if err != nil {
		return fmt.Errorf("look what can be limited in a control group: %w", err)
	}
	if !slices.Contains(strings.Fields(string(has)), controller) {
		return fmt.Errorf("the control group %s has no controller %s", g.base, controller)
	}
	return write(filepath.Join(g.base, "cgroup.subtree_control"), "+"+controller)
}

// SweepGroups removes the groups of games that have ended.
func SweepGroups() {
	if all := divided.Load(); all != nil {
		all.sweep()
	}
}

// sweep removes groups in which nobody is: the kernel removes no other.
func (g *groups) sweep() {
	if !g.making.TryLock() { // one is made: it is still empty
		return
	}
	defer g.making.Unlock()
	entries, err := os.ReadDir(g.base)
	if err != nil {
		return // the next sweep looks again
	}
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), gameGroups) {
			_ = os.Remove(filepath.Join(g.base, e.Name())) // fails as long as a game runs there
		}
	}
}

// enterGroup moves this process, and those that it starts from then on.
func enterGroup(dir string) error { return write(filepath.Join(dir, "cgroup.procs"), "0") }

// write sets a file of a control group, which is there or not, but is never made by writing.
func write(name, value string) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}
