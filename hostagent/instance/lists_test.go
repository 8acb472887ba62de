package instance

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mainbus/hostagent/internal/simgame"
	"mainbus/hostagent/lists"
	"mainbus/transport/wire"
)

var bothWays = &wire.ListModes{Admins: wire.ListMode_LIST_MODE_BOTH, Bans: wire.ListMode_LIST_MODE_BOTH, Whitelist: wire.ListMode_LIST_MODE_BOTH}

func (a *agent) wantLists(running bool, modes *wire.ListModes) {
	a.Want(&wire.DesiredInstance{Id: "abcdefghij", Name: "Alpha One", Running: running, Create: &wire.MapCreation{Seed: 7}, Lists: modes}, "hash")
}

// tell tells a list of changes by their numbers, as the cluster does.
func (a *agent) tell(list string, changes ...*wire.ListChange) *wire.ListState {
	a.t.Helper()
	at, upto := uint64(0), uint64(0)
	for _, s := range a.ListStates() {
		if s.GetList() == list && s.GetCluster() == "c" {
			at = s.GetRevision()
		}
	}
	for _, c := range changes {
		upto = max(upto, c.GetRevision())
	}
	state, err := a.TellList(&wire.ListTell{List: list, Cluster: "c", From: at, Upto: max(at, upto), End: true, Changes: changes})
	if err != nil {
		a.t.Fatal(err)
	}
	return state
}

func (a *agent) say(line string) string {
	a.t.Helper()
	text, err := a.SendConsole(a.t.Context(), line)
	if err != nil {
		a.t.Fatalf("%s: %v", line, err)
	}
	return text
}

// waitChanged waits until a change is to be told to the cluster.
func (a *agent) waitChanged(list, name string, listed bool) (found *wire.ListChange) {
	a.t.Helper()
	eventually(a.t, fmt.Sprintf("%s on the list of %s: %v is reported", name, list, listed), func() bool {
		got, err := a.ListChanged(list, 100)
		if err != nil { // it has not heard yet that the list is kept
			return false
		}
		for _, c := range got.GetChanges() {
			if strings.EqualFold(c.GetName(), name) && c.GetListed() == listed {
				found = c
				return true
			}
		}
		return false
	})
	return found
}

func (a *agent) waitDone(list string) {
	last := ""
	defer func() {
		if a.t.Failed() {
			a.t.Log(last)
		}
	}()
	a.t.Helper()
	eventually(a.t, "the list of "+list+" is as it is wanted", func() bool {
		for _, s := range a.ListStates() {
			if s.GetList() == list {
				last = s.String()
				return s.GetWanted() == 0 && s.GetProblem() == ""
			}
		}
		return false
	})
}

func TestListsOfAGame(t *testing.T) {
	t.Parallel()
	dir, game := t.TempDir(), simgame.Install(t, scenario)
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) string {
		text, _ := os.ReadFile(filepath.Join(dir, name))
		return string(text)
	}
	// Names that are somebody's, one that is nobody's, and what the agent does not know.
	write("server-banlist.json", `["oldone", {"username": "eve", "address": "192.0.2.1", "since": 7}, "no body"]`)
	a := newAgent(t, dir, game, &controller{away: true})
	a.wantLists(false, bothWays)
	a.waitChanged(lists.Bans, "eve", true)

	long := strings.Repeat("ж", 60)
	odd := []string{"Иван", "王小明", "a/b", "x;y", "!?", long}
	var told []*wire.ListChange
	for n, name := range odd {
		told = append(told, &wire.ListChange{Name: name, Listed: true, Reason: "/quit is no command here", Revision: uint64(n + 1)})
	}
	a.tell(lists.Bans, told...)
	a.tell(lists.Admins, &wire.ListChange{Name: "Bob", Listed: true, Revision: 1})
	a.tell(lists.Whitelist)
	a.waitDone(lists.Bans)
	for _, part := range append(odd, `"since": 7`, "192.0.2.1", "no body") {
		if !strings.Contains(read("server-banlist.json"), part) {
			t.Errorf("%s is not in %s", part, read("server-banlist.json"))
		}
	}
	for _, bad := range []*wire.ListChange{
		{Name: "two words", Listed: true}, {Name: "a\n/quit", Listed: true}, {Name: "/quit", Listed: true}, {Name: `"a"`, Listed: true},
		{Name: strings.Repeat("a", 61), Listed: true}, {Name: "fred", Reason: "a\n/quit", Listed: true},
	} {
		if _, err := a.TellList(&wire.ListTell{List: lists.Bans, Cluster: "c", From: 6, Upto: 6, Changes: []*wire.ListChange{bad}}); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
	if _, err := a.TellList(&wire.ListTell{List: lists.Bans, Cluster: "c", From: 5, Upto: 7}); err == nil {
		t.Error("what does not follow was taken")
	}

	a.wantLists(true, bothWays)
	a.wait("running", func(o *wire.ObservedInstance) bool { return o.GetState() == wire.State_STATE_RUNNING })
	if got := a.say("/banlist get " + long); !strings.Contains(got, "is banned") {
		t.Errorf("the game says %s", got)
	}
	var more []*wire.ListChange
	for n, name := range []string{"Late", "Пётр", "c/d"} {
		more = append(more, &wire.ListChange{Name: name, Listed: true, Reason: "late", Revision: uint64(n + 11)})
	}
	a.tell(lists.Bans, more...)
	a.waitDone(lists.Bans)
	for _, c := range more {
		if got := a.say("/banlist get " + c.GetName()); !strings.Contains(got, "is banned") {
			t.Errorf("the game says %s", got)
		}
	}

	a.say(`/sim-live {"join": {"player": "Bob"}}`)
	eventually(t, "Bob has joined", func() bool { return strings.Contains(a.say("/players online"), "Bob (online)") })
	a.say(`/sim-live {"command": {"player": "Bob", "text": "/ban mallory rude, twice"}}`)
	eventually(t, "the ban is reported as Bob's", func() bool { // the file may have told of it before the game's output told whose it is
		c := a.waitChanged(lists.Bans, "mallory", true)
		return c.GetBy() == "Bob" && c.GetReason() == "rude, twice"
	})
	a.tell(lists.Bans, &wire.ListChange{Name: "mallory", Listed: true, Reason: "rude, twice", Revision: 20, Own: true})
	a.say("/unban Иван") // by the server: the file tells
	a.waitChanged(lists.Bans, "Иван", false)
	a.say("/promote carol")
	a.waitChanged(lists.Admins, "carol", true)

	on := &wire.ListModes{Admins: bothWays.Admins, Bans: bothWays.Bans, Whitelist: bothWays.Whitelist, Whitelisting: wire.Whitelisting_WHITELISTING_ON}
	a.tell(lists.Whitelist, &wire.ListChange{Name: "Bob", Listed: true, Revision: 1})
	a.waitDone(lists.Whitelist) // by a command, while the game keeps no file of it
	a.wantLists(true, on)
	eventually(t, "the whitelist is on", func() bool { return strings.Contains(read("server-whitelist.json"), "Bob") })
	a.say("/whitelist add dora")
	a.waitChanged(lists.Whitelist, "dora", true)

	a.crash() // the agent; what happens now is seen by the next
	b := newAgentWhile(t, a, dir, func() {})
	b.wantLists(true, on)
	b.wait("running", func(o *wire.ObservedInstance) bool { return o.GetState() == wire.State_STATE_RUNNING })
	b.waitChanged(lists.Whitelist, "dora", true)
	b.tell(lists.Bans, &wire.ListChange{Name: "Late", Revision: 30})
	b.waitDone(lists.Bans)
	if got := b.say("/banlist get Late"); !strings.Contains(got, "not banned") {
		t.Errorf("the game says %s", got)
	}

	b.wantLists(false, on)
	b.wait("stopped", func(o *wire.ObservedInstance) bool { return o.GetState() == wire.State_STATE_STOPPED })
	write("server-adminlist.json", `["Bob", "zed"]`) // carol is gone again, which the cluster has not heard of
	b.waitChanged(lists.Admins, "zed", true)
	os.Remove(filepath.Join(dir, "server-banlist.json")) // no word of the game's
	eventually(t, "the bans are in a file again", func() bool { return strings.Contains(read("server-banlist.json"), long) })
	if strings.Contains(read("server-banlist.json"), "Late") {
		t.Error("who is not banned is in it too")
	}
	write("server-whitelist.json", "[\"Bob\"") // cut off
	eventually(t, "a damaged file is shown", func() bool {
		for _, s := range b.ListStates() {
			if s.GetList() == lists.Whitelist && s.GetProblem() != "" {
				return true
			}
		}
		return false
	})
	if got := read("server-whitelist.json"); got != "[\"Bob\"" {
		t.Errorf("it became %s", got)
	}
}

// newAgentWhile is another life of an agent on the same game.
func newAgentWhile(t *testing.T, a *agent, dir string, meanwhile func()) *agent {
	t.Helper()
	meanwhile()
	return newAgent(t, dir, a.game, a.controller)
}

// A folder that is put back from a backup brings its own word of what was agreed, so that nothing in it is news of the game.
func TestListsOfAFolderFromABackup(t *testing.T) {
	dir := t.TempDir()
	i := New(Config{ID: "abcdefghij", Dir: dir, Log: slog.New(slog.DiscardHandler), Changed: func() {}})
	i.quiet.Store(true)
	i.lists.want(bothWays)
	a := &agent{t: t, Instance: i}
	pass := func() { i.passLists(t.Context()) }
	pass()
	a.tell(lists.Admins, &wire.ListChange{Name: "ann", Listed: true, Revision: 1})
	pass()
	backup := map[string][]byte{}
	for _, name := range []string{"server-adminlist.json", ".mainbus/lists.json"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		backup[name] = text
	}
	a.tell(lists.Admins, &wire.ListChange{Name: "ann", Revision: 2}, &wire.ListChange{Name: "bob", Listed: true, Revision: 3})
	pass()
	if text, _ := os.ReadFile(filepath.Join(dir, "server-adminlist.json")); strings.Contains(string(text), "ann") || !strings.Contains(string(text), "bob") {
		t.Fatalf("the file says %s", text)
	}
	for name, text := range backup {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := i.ListChanged(lists.Admins, 10); err != nil || len(got.GetChanges()) != 0 || got.GetRevision() != 1 {
		t.Errorf("reported %v, %v", got, err)
	}
}

func FuzzCleanText(f *testing.F) {
	for _, s := range []string{"rude", "a\nb", "a\r\n/quit", "\x00", "\xff", "a\u2028b\u202e", strings.Repeat("x ", 500), "\ufffd"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		clean := cleanText(s)
		if again := cleanText(clean); again != clean {
			t.Errorf("%q became %q, and that %q", s, clean, again)
		}
		for list := range map[string]bool{lists.Admins: true, lists.Bans: true, lists.Whitelist: true} {
			line, err := listCommand(list, lists.Change{Entry: lists.Entry{Name: "Ann", Reason: clean}, Listed: true})
			if err != nil || strings.ContainsAny(line, "\r\n\x00") {
				t.Errorf("%q makes the command %q, %v", s, line, err)
			}
		}
	})
}
