package listsim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	cluster "mainbus/controller/lists"
	host "mainbus/hostagent/lists"
	"mainbus/transport/wire"
)

var errLost = errors.New("the link broke")

// tags are the bans of a name that a place knows of, each by its number. A ban may only be lifted by somebody who knew of it.
type tags map[string]map[int]bool

func (t tags) add(key string, ids map[int]bool) {
	if t[key] == nil {
		t[key] = map[int]bool{}
	}
	maps.Copy(t[key], ids)
}

func (t tags) clone() tags {
	c := tags{}
	for key, ids := range t {
		c[key] = maps.Clone(ids)
	}
	return c
}

// world is everything of one run.
type world struct {
	r    *rand.Rand
	now  int64
	core *core
	old  *core // a backup of the cluster
	inst []*inst

	bans    []string     // who was banned by which number
	before  int          // the bans up to this one were made before the cluster was restored
	lifted  map[int]bool // by somebody who knew of them
	changed map[string]int
	revived map[string]int   // bans that somebody had lifted, and that came back
	putBack int              // how often the cluster was restored
	last    map[string]*bool // the newest word of an operator, if nobody has said anything in a game since
	wrong   []string
	trace   []string
	rules   rules
}

// rules can be broken, so that a test shows what each is for.
type rules struct {
	readFirst    bool // the file is read before something told is taken in
	incarnations bool // revisions grow with each start of the controller
	bookInFolder bool // what was agreed is restored with the folder
	settle       bool // an older file is not believed against what the game said itself
	compare      bool // lists are compared when nothing is left to tell
	again        bool // a ban that the cluster has already is numbered anew
	judge        bool // what was reported without knowing the newest change is not taken
}

var allRules = rules{true, true, true, true, true, true, true}

func (w *world) failf(format string, args ...any) {
	if len(w.wrong) < 5 {
		w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
	}
}

func (w *world) note(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf(format, args...))
}

func (w *world) newBan(key string) map[int]bool {
	w.bans = append(w.bans, key)
	return map[int]bool{len(w.bans) - 1: true}
}

// byPerson lifts the bans that a place knows of. After a restore nobody can know what the cluster had: it is lifted by whoever lifts a
// ban of that name since.
func (w *world) byPerson(t tags, key string) {
	for id, of := range w.bans[:w.before] {
		if of == key {
			w.lifted[id] = true
		}
	}
	for id := range t[key] {
		w.lifted[id] = true
	}
	delete(t, key)
}

// allLifted tells whether each of these bans was lifted by a person somewhere.
func (w *world) allLifted(ids map[int]bool) bool {
	for id := range ids {
		if !w.lifted[id] {
			return false
		}
	}
	return len(ids) > 0
}

// byMachine looks whether what is lifted without a person was lifted by one somewhere.
func (w *world) byMachine(where string, t tags, key string) {
	for id := range t[key] {
		if !w.lifted[id] {
			w.failf("ban %d of %s disappeared in %s", id, key, where)
		}
	}
	delete(t, key)
}

// core is the controller with its database.
type core struct {
	revision    uint64
	incarnation uint64
	lists       map[string]map[string]cluster.Change
	tags        tags
}

func (c *core) clone() *core {
	n := &core{c.revision, c.incarnation, map[string]map[string]cluster.Change{}, c.tags.clone()}
	for list, entries := range c.lists {
		n.lists[list] = maps.Clone(entries)
	}
	return n
}

func (w *world) set(list string, change cluster.Change) cluster.Change {
	c := w.core
	if first := c.incarnation << 20; w.rules.incarnations && c.revision < first {
		c.revision = first
	}
	c.revision++
	change.Revision = c.revision
	c.lists[list][cluster.Key(change.Name)] = change
	return change
}

// inst is an instance with its game, its folder and its agent.
type inst struct {
	w      *world
	id     int
	mode   map[string]host.Mode
	online bool
	agent  bool // runs
	game   bool // runs
	white  bool // the game keeps its whitelist in the file
	memory map[string]host.Entries
	tags   tags // of the bans in the game, or in the file while it does not run
	folder folder
	backup folder

	books    map[string]*host.Book
	commands map[string]int
	told     map[string]map[int]bool // tags of what the cluster told, by key: it may not be in the game yet
}

// folder is what a backup of it holds.
type folder struct {
	files   map[string]host.Entries // nil: there is none
	written map[string]int64
	books   map[string][]byte
	told    tags
	tags    tags
}

func (f folder) clone() folder {
	n := folder{map[string]host.Entries{}, maps.Clone(f.written), maps.Clone(f.books), f.told.clone(), f.tags.clone()}
	for list, e := range f.files {
		n.files[list] = maps.Clone(e)
	}
	return n
}

func (i *inst) save() {
	for list, b := range i.books {
		text, err := json.Marshal(b)
		if err != nil {
			panic(err)
		}
		i.folder.books[list] = text
	}
	i.folder.told = tags(i.told).clone()
}

// startAgent reads what is on disk.
func (i *inst) startAgent() {
	i.agent, i.books = true, map[string]*host.Book{}
	i.told = i.folder.told.clone()
	for _, list := range host.All {
		b := host.New(list)
		if text := i.folder.books[list]; text != nil {
			if err := json.Unmarshal(text, b); err != nil {
				panic(err)
			}
		}
		b.Mode = i.mode[list]
		i.books[list] = b
	}
}

// read has the agent look at a file.
func (i *inst) read(list string) {
	b := i.books[list]
	if b.Mode == host.Off {
		return
	}
	if file := i.folder.files[list]; file != nil {
		b.Read(maps.Clone(file), i.folder.written[list], i.w.now)
	} else {
		b.Gone()
	}
	if !i.game {
		b.Stopped()
	}
}

// act has the agent do what is wanted, as far as it can at this moment.
func (i *inst) act(list string) {
	b := i.books[list]
	i.read(list)
	wanted := b.Wanted(i.game)
	if len(wanted) == 0 {
		return
	}
	if !i.game {
		i.write(list, wanted)
		return
	}
	for _, c := range wanted {
		i.command(list, c)
		b.Did(c, i.w.now)
		if i.w.r.IntN(20) == 0 {
			return // killed meanwhile
		}
	}
}

func (i *inst) write(list string, wanted []host.Change) {
	if i.folder.files[list] == nil {
		i.folder.files[list] = host.Entries{}
	}
	for _, c := range wanted {
		i.apply(list, i.folder.files[list], c)
	}
	i.folder.written[list] = i.w.now
	i.books[list].Wrote(wanted)
}

func (i *inst) command(list string, c host.Change) {
	key := cluster.Key(c.Name)
	if _, is := i.memory[list][key]; is == c.Listed {
		i.w.note("instance %d: needless command %s %v", i.id, key, c.Listed)
	}
	i.commands[list+" "+key]++
	i.w.note("instance %d: command %s %s %v", i.id, list, key, c.Listed)
	i.apply(list, i.memory[list], c)
	if list != host.Whitelist || i.white {
		i.rewrite(list)
	}
}

func (i *inst) rewrite(list string) {
	i.folder.files[list], i.folder.written[list] = maps.Clone(i.memory[list]), i.w.now
}

// apply is what the machine does to a list.
func (i *inst) apply(list string, to host.Entries, c host.Change) {
	key := cluster.Key(c.Name)
	if c.Listed {
		to[key] = c.Entry
		if list == host.Bans {
			i.tags.add(key, i.told[key])
		}
		return
	}
	if list == host.Bans {
		i.w.byMachine(fmt.Sprintf("instance %d", i.id), i.tags, key)
	}
	delete(to, key)
}

// byHand is what a person does to a list, in the game or in the file.
func (i *inst) byHand(list string, to host.Entries, name string, listed bool, reason string) bool {
	key := cluster.Key(name)
	if _, is := to[key]; is == listed {
		return false
	}
	i.w.changed[list+" "+key]++
	delete(i.w.last, list+" "+key)
	i.w.note("instance %d: by hand (game %v) %s %s %v", i.id, i.game, list, key, listed)
	if !listed {
		delete(to, key)
		if list == host.Bans {
			i.w.byPerson(i.tags, key)
		}
		return true
	}
	to[key] = host.Entry{Name: name, Reason: reason}
	if list == host.Bans {
		if i.tags.add(key, i.told[key]); len(i.tags[key]) == 0 { // else they are banned already, and the game was about to be told
			i.tags.add(key, i.w.newBan(key))
		}
	}
	return true
}

// party is a list of an instance as the cluster sees it, over a link that breaks, and the cluster's as the instance's exchange does.
type party struct {
	*inst
	list string
	view map[string]map[int]bool // tags of the cluster when the message was made
}

func (p *party) lost() error {
	if p.w.r.IntN(12) == 0 {
		return errLost
	}
	return nil
}

func (p *party) state() cluster.State {
	b := p.books[p.list]
	count, hash := b.Sum()
	_, changed := b.Changed(0)
	return cluster.State{Revision: b.Revision("c"), Joining: b.Joining("c"), Count: count, Hash: hash, Changed: changed}
}

func (p *party) Changed(_ context.Context, limit int) ([]cluster.Change, uint64, error) {
	if p.w.rules.readFirst {
		p.read(p.list)
	}
	changes, _ := p.books[p.list].Changed(limit)
	var out []cluster.Change
	for _, c := range changes {
		out = append(out, cluster.Change{Name: c.Name, Listed: c.Listed, Reason: c.Reason, By: c.By})
	}
	return out, p.books[p.list].Revision("c"), p.lost()
}

func (p *party) Tell(_ context.Context, from, upto uint64, end bool, changes []cluster.Change) (cluster.State, error) {
	if err := p.lost(); err != nil {
		return cluster.State{}, err
	}
	if p.w.rules.readFirst {
		p.read(p.list)
	}
	var told []host.Change
	for _, c := range changes {
		told = append(told, host.Change{Entry: host.Entry{Name: c.Name, Reason: c.Reason}, Listed: c.Listed, Revision: c.Revision, Own: c.Own})
	}
	if err := p.books[p.list].Told("c", from, upto, end, told); err != nil {
		return cluster.State{}, err
	}
	if p.list == host.Bans {
		for _, c := range changes {
			key := cluster.Key(c.Name)
			delete(p.told, key)
			if !c.Listed {
				continue
			}
			tags(p.told).add(key, p.view[key])
			if _, is := p.memoryOrFile()[key]; is {
				p.tags.add(key, p.view[key])
			}
		}
	}
	p.save()
	return p.state(), p.lost()
}

func (p *party) memoryOrFile() host.Entries {
	if p.game {
		return p.memory[p.list]
	}
	return p.folder.files[p.list]
}

func (p *party) Agreed(_ context.Context, after string, limit int) (out []cluster.Change, err error) {
	for _, e := range p.books[p.list].Agreed(after, limit) {
		out = append(out, cluster.Change{Name: e.Name, Reason: e.Reason, Listed: true})
	}
	return out, p.lost()
}

func (p *party) Changes(_ context.Context, after uint64, limit int) (out []cluster.Change, top uint64, err error) {
	for _, c := range p.w.core.lists[p.list] {
		if top = max(top, c.Revision); c.Revision > after {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b cluster.Change) int { return int(int64(a.Revision) - int64(b.Revision)) })
	p.view = p.w.core.tags.clone()
	return out[:min(len(out), limit)], top, nil
}

func (p *party) Take(_ context.Context, known uint64, reported []cluster.Change) (taken, same []cluster.Change, err error) {
	for _, r := range reported {
		key := cluster.Key(r.Name)
		have := p.w.core.lists[p.list][key]
		if !p.w.rules.judge {
			have.Revision = min(have.Revision, known)
		}
		verdict := cluster.Judge(p.list, have, r, known)
		if verdict == cluster.Again && !p.w.rules.again {
			verdict = cluster.Same
		}
		if r.Listed && p.list == host.Bans && verdict != cluster.Newer {
			p.w.core.tags.add(key, p.tags[key])
			p.w.core.tags.add(key, p.told[key]) // it may be what a cluster said that was restored since
		}
		switch verdict {
		case cluster.Same:
			same = append(same, cluster.Change{Name: r.Name, Listed: have.Listed, Reason: have.Reason, Revision: have.Revision})
		case cluster.Take, cluster.Again:
			if r.Listed && p.list == host.Bans && !have.Listed && p.w.allLifted(p.tags[key]) {
				p.w.revived[key]++
			}
			if !r.Listed && p.list == host.Bans {
				p.w.byMachine("the cluster", p.w.core.tags, key)
			}
			p.w.note("cluster takes %s %s %v of instance %d", p.list, key, r.Listed, p.id)
			taken = append(taken, p.w.set(p.list, cluster.Change{Name: r.Name, Listed: r.Listed, Reason: r.Reason}))
		}
	}
	p.view = p.w.core.tags.clone()
	return taken, same, nil
}

func (p *party) Sum(context.Context) (sum cluster.Sum, err error) {
	for key, c := range p.w.core.lists[p.list] {
		if sum.Revision = max(sum.Revision, c.Revision); c.Listed {
			sum.Count++
			sum.Hash += wire.ListHash(key, c.Reason)
		}
	}
	if !p.w.rules.compare {
		s := p.state()
		sum.Count, sum.Hash = s.Count, s.Hash
	}
	return sum, nil
}

// exchange is what a controller does with a list when it can.
func (w *world) exchange(i *inst, list string) error {
	if !i.online || !i.agent || i.mode[list] == host.Off {
		return nil
	}
	p := &party{inst: i, list: list}
	x := cluster.Exchange{List: list, Both: i.mode[list] == host.Both, Page: 1 + w.r.IntN(4), Cluster: p, Instance: p}
	_, err := x.Run(context.Background(), p.state())
	return err
}
