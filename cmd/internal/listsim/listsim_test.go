package listsim

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	cluster "mainbus/controller/lists"
	host "mainbus/hostagent/lists"
)

var (
	runs = flag.Int("runs", 1000, "random interleavings")
	from = flag.Int("from", 0, "the first one's seed")
)

const (
	instances = 4
	steps     = 60
)

var names = [...]string{"Ann", "bob", "Иван", "王小明", "x-1_2.y"}

func newWorld(seed uint64, r rules) *world {
	w := &world{
		r: rand.New(rand.NewPCG(seed, 1)), now: 1_000_000, rules: r, lifted: map[int]bool{}, changed: map[string]int{}, revived: map[string]int{}, last: map[string]*bool{},
		core: &core{incarnation: 1, lists: map[string]map[string]cluster.Change{}, tags: tags{}},
	}
	for _, list := range host.All {
		w.core.lists[list] = map[string]cluster.Change{}
	}
	for id := range instances {
		i := &inst{
			w: w, id: id, online: true, white: w.r.IntN(2) == 0, mode: map[string]host.Mode{}, memory: map[string]host.Entries{}, tags: tags{},
			folder: folder{files: map[string]host.Entries{}, written: map[string]int64{}, books: map[string][]byte{}}, commands: map[string]int{},
		}
		for _, list := range host.All {
			i.mode[list] = host.Both
			if id == 3 {
				i.mode[list] = host.ToGame
			}
		}
		w.inst = append(w.inst, i)
		i.startAgent()
	}
	w.old = w.core.clone()
	return w
}

// casing writes a name in any way that is the same player's.
func (w *world) casing(name string) string {
	return []string{name, strings.ToLower(name), strings.ToUpper(name)}[w.r.IntN(3)]
}

// inWindow is a change by an operator.
func (w *world) inWindow(list, name string, listed bool) {
	key := cluster.Key(name)
	if w.core.lists[list][key].Listed == listed {
		return
	}
	w.changed[list+" "+key]++
	delete(w.last, list+" "+key)
	if !slices.ContainsFunc(w.inst, func(i *inst) bool { return !i.agent || i.books[list].Joining("c") }) {
		w.last[list+" "+key] = &listed // who comes later brings names along that were taken off before
	}
	reason := ""
	if list == host.Bans {
		if listed {
			w.core.tags.add(key, w.newBan(key))
			reason = "by the operator"
		} else {
			w.byPerson(w.core.tags, key)
		}
	}
	w.note("window: %s %s %v", list, key, listed)
	w.set(list, cluster.Change{Name: name, Listed: listed, Reason: reason})
}

func (w *world) startGame(i *inst) {
	if i.game || !i.agent {
		return
	}
	for _, list := range host.All {
		i.act(list) // before the start
		if i.memory[list] = maps.Clone(i.folder.files[list]); i.memory[list] == nil {
			i.memory[list] = host.Entries{}
		}
	}
	i.save()
	i.game = true
	w.note("instance %d: game starts", i.id)
}

func (w *world) endGame(i *inst) {
	if !i.game {
		return
	}
	i.game = false
	w.note("instance %d: game ends", i.id)
	// What the game did not write is gone with it.
	for key := range i.memory[host.Bans] {
		if _, kept := i.folder.files[host.Bans][key]; !kept {
			w.failf("the model is wrong: the game has not written %s", key)
		}
	}
	if i.agent {
		for _, list := range host.All {
			i.read(list)
		}
		i.save()
	}
}

// inGame is a change by an admin in the game, of which the game may print a line that the agent reads.
func (w *world) inGame(i *inst, list, name string, listed bool) {
	if !i.byHand(list, i.memory[list], name, listed, "by an admin") {
		return
	}
	wrote := list != host.Whitelist || i.white
	if wrote && w.r.IntN(4) == 0 && i.agent && list != host.Whitelist && i.mode[list] != host.Off { // the line comes before the file is written
		e := i.memory[list][cluster.Key(name)]
		e.Name = name
		i.books[list].Saw(host.Change{Entry: e, Listed: listed, By: "admin"}, w.now)
		if !w.rules.settle {
			i.books[list].Saw(host.Change{Entry: e, Listed: listed, By: "admin"}, w.now-1_000_000)
		}
		_ = w.exchange(i, list) // the link may break
		i.read(list)
		_ = w.exchange(i, list)
		i.save()
	}
	if wrote {
		i.rewrite(list)
	}
}

func (w *world) step(restores bool) {
	w.now += int64(1 + w.r.IntN(3000))
	i, list, name, listed := w.inst[w.r.IntN(instances)], host.All[w.r.IntN(3)], w.casing(names[w.r.IntN(len(names))]), w.r.IntN(2) == 0
	switch n := w.r.IntN(40); {
	case n < 7:
		w.inWindow(list, name, listed)
	case n < 14 && i.game:
		w.inGame(i, list, name, listed)
	case n < 14:
		if i.folder.files[list] == nil {
			i.folder.files[list] = host.Entries{}
		}
		i.byHand(list, i.folder.files[list], name, listed, "in the file")
		i.folder.written[list] = w.now
	case n < 24:
		if w.exchange(i, list) == nil && i.agent {
			i.save()
		}
	case n < 28:
		if i.agent {
			i.act(list)
			i.save()
		}
	case n < 30:
		i.online = !i.online
	case n < 32:
		w.startGame(i)
	case n < 34:
		w.endGame(i)
	case n < 36:
		if i.agent = !i.agent; i.agent {
			i.startAgent()
			for _, list := range host.All {
				i.read(list)
			}
			i.save()
		}
	case n < 37:
		w.core.incarnation++ // restarted
	default:
		if restores {
			w.restore(i, n)
		}
	}
}

// restore makes a backup or puts one back.
func (w *world) restore(i *inst, n int) {
	switch {
	case n == 37 && w.r.IntN(2) == 0:
		w.note("cluster: backup")
		w.old = w.core.clone()
	case n == 37:
		w.note("cluster: restored")
		incarnation := w.core.incarnation + 1
		w.core = w.old.clone()
		clear(w.last)
		w.core.incarnation, w.before = incarnation, len(w.bans)
		w.putBack++
	case i.game: // folders are taken and put back while nothing runs in them
	case n == 38:
		i.backup = i.folder.clone()
		i.backup.tags = i.tags.clone()
	case i.backup.files != nil:
		w.note("instance %d: folder restored", i.id)
		books := i.folder.books
		i.folder = i.backup.clone()
		i.tags = i.backup.tags.clone()
		if !w.rules.bookInFolder {
			i.folder.books = books
		}
		for _, list := range host.All {
			i.folder.written[list] = w.now
		}
		i.startAgent()
	}
}

// settleAll lets everything run and talk until nothing changes any more.
func (w *world) settleAll(t *testing.T) {
	for _, i := range w.inst {
		i.online = true
		if !i.agent {
			i.startAgent()
		}
	}
	for round := 0; ; round++ {
		w.now += 20_000
		done := true
		before := fmt.Sprint(w.core.revision, w.commands())
		for _, i := range w.inst {
			for _, list := range host.All {
				done = w.exchange(i, list) == nil && done
				i.act(list)
				i.save()
				_, changed := i.books[list].Changed(0)
				done = done && changed == 0 && len(i.books[list].Wanted(i.game)) == 0
			}
		}
		if done && before == fmt.Sprint(w.core.revision, w.commands()) {
			return
		}
		if round > 200 {
			w.failf("it does not come to an end")
			return
		}
	}
}

func (w *world) commands() (all []map[string]int) {
	for _, i := range w.inst {
		all = append(all, i.commands)
	}
	return all
}

// check looks at the end: all have the same, and no more was typed than was changed.
func (w *world) check() {
	for _, i := range w.inst {
		for _, list := range host.All {
			have := i.memory[list]
			if !i.game {
				have = i.folder.files[list]
			}
			for _, name := range names {
				key := cluster.Key(name)
				_, is := have[key]
				want := w.core.lists[list][key].Listed
				if is != want && !(is && i.mode[list] == host.ToGame) && !(list == host.Whitelist && i.game && !i.white) {
					w.failf("instance %d has %s on the list of %s: %v, the cluster %v", i.id, key, list, is, want)
				}
			}
		}
		for key, listed := range w.last {
			list, name, _ := strings.Cut(key, " ")
			if is := w.core.lists[list][name].Listed; is != *listed && !(is && list == host.Bans) {
				w.failf("the operator's word about %s does not hold", key)
			}
		}
		for key, n := range i.commands {
			// Why there can be more than one command for a change is told in docs/lists.md.
			list, name, _ := strings.Cut(key, " ")
			more := w.putBack
			if list == host.Bans {
				more += w.revived[name]
			}
			if n > w.changed[key]+more {
				w.failf("instance %d: %d commands for %d changes of %s, and at most %d more", i.id, n, w.changed[key], key, more)
			}
		}
	}
}

func (w *world) run(t *testing.T, restores bool) {
	for range steps {
		w.step(restores)
	}
	w.settleAll(t)
	w.check()
}

// TestRandomInterleavings: changes in game, file and window over four instances, some of them offline, come to the same lists with at most
// one command for each change and instance, and no ban is lifted that nobody has lifted who knew of it.
func TestRandomInterleavings(t *testing.T) {
	for _, test := range []struct {
		name     string
		restores bool
	}{{"with crashes", false}, {"with backups put back", true}} {
		t.Run(test.name, func(t *testing.T) {
			for seed := *from; seed < *from+*runs; seed++ {
				w := newWorld(uint64(seed), allRules)
				if w.run(t, test.restores); len(w.wrong) > 0 {
					t.Fatalf("seed %d: %s\n%s", seed, strings.Join(w.wrong, "\n"), strings.Join(w.trace, "\n"))
				}
			}
		})
	}
}

// Each rule is there because without it something goes wrong: soon after the seed that is given, which only saves time.
func TestEveryRuleIsNeeded(t *testing.T) {
	for _, test := range []struct {
		name    string
		from    int
		without func(*rules)
	}{
		{"the file is read before something is taken in", 80, func(r *rules) { r.readFirst = false }},
		{"revisions grow with each start", 2970, func(r *rules) { r.incarnations = false }},
		{"what was agreed lies in the folder", 2030, func(r *rules) { r.bookInFolder = false }},
		{"an older file is not believed", 2010, func(r *rules) { r.settle = false }},
		{"lists are compared at the end", 20, func(r *rules) { r.compare = false }},
		{"a ban that the cluster has is numbered anew", 1490, func(r *rules) { r.again = false }},
		{"what does not know the newest change is not taken", 310, func(r *rules) { r.judge = false }},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := allRules
			test.without(&r)
			for seed := range 5000 {
				seed += test.from
				w := newWorld(uint64(seed), r)
				if w.run(t, seed%2 == 0); len(w.wrong) > 0 {
					t.Logf("seed %d: %s", seed, w.wrong[0])
					return
				}
			}
			t.Error("nobody noticed")
		})
	}
}
