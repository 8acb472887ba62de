package instance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"mainbus/hostagent/factorio/console"
	"mainbus/hostagent/factorio/playerlists"
	"mainbus/hostagent/factorio/playername"
	"mainbus/hostagent/internal/disk"
	"mainbus/hostagent/internal/grid"
	"mainbus/hostagent/lists"
	"mainbus/transport/signal"
	"mainbus/transport/wire"
)

const (
	listsPause   = time.Second            // between two looks at the files of lists
	listCommands = 20                     // of one list between two looks
	settlePause  = 10 * time.Second       // before a file that has not changed is read again for what it does not say yet
	listTime     = 30 * time.Second       // for a game to answer
	listSlack    = 100 * time.Millisecond // by which the time of a file may be behind
	maxListsFile = 64 << 20
)

// playerLists keeps the three lists of players of an instance the same as the cluster's: in the game's files while no game runs, by
// commands while one does. What is known of them is in the instance's folder. keepLists does the work; calls may come from any goroutine.
type playerLists struct {
	folder folder
	news   signal.Signal // something may have to be done
	told   func()        // what ListStates returns has changed

	mu      sync.Mutex
	rolls   map[string]*roll
	loaded  bool
	stored  fileMark // the file of what is known, as it was written or read last
	wanted  wire.Whitelisting
	applied applied
	trouble string // why what is known can't be kept
}

// roll is one list.
type roll struct {
	book    *lists.Book
	path    string
	read    fileMark          // the file as it was read last
	readAt  time.Time         // and when that was
	done    uint64            // the version of the book at which there was nothing to do; 0: not known
	shown   *wire.ListState   // what is told of it; nil: it has changed
	problem string            // why the file can't be read or written
	refused map[string]string // what the game would not take in this run, by key, and what it said
}

// fileMark tells whether a file is another one.
type fileMark struct {
	exists   bool
	modified time.Time
	size     int64
}

// applied says what a run of the game was told of its whitelist.
type applied struct {
	Run   uint64            `json:"run,omitempty"`
	State wire.Whitelisting `json:"state,omitempty"`
}

// storedLists is the file of what is known.
type storedLists struct {
	Admins    *lists.Book `json:"admins"`
	Bans      *lists.Book `json:"bans"`
	Whitelist *lists.Book `json:"whitelist"`
	Applied   applied     `json:"applied"`
}

func (f folder) listsFile() string { return f.path(".mainbus", "lists.json") }

func newPlayerLists(f folder, told func()) *playerLists {
	if told == nil {
		told = func() {}
	}
	l := &playerLists{folder: f, told: told, rolls: map[string]*roll{}}
	for list, name := range map[string]string{lists.Admins: "adminlist", lists.Bans: "banlist", lists.Whitelist: "whitelist"} {
		l.rolls[list] = &roll{book: lists.New(list), path: f.path("server-" + name + ".json"), refused: map[string]string{}}
	}
	return l
}

// load reads what is known. If that can't be read it is kept aside, and all begins anew: nothing that is listed gets lost by that.
func (l *playerLists) load() {
	if l.loaded && l.stored == markOf(l.folder.listsFile()) {
		return
	}
	if l.loaded { // somebody has put another folder here
		for _, r := range l.rolls {
			r.forget()
		}
	}
	l.loaded, l.stored = true, markOf(l.folder.listsFile())
	stored := storedLists{Admins: l.rolls[lists.Admins].book, Bans: l.rolls[lists.Bans].book, Whitelist: l.rolls[lists.Whitelist].book}
	text, err := readBounded(l.folder.listsFile(), maxListsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		err = json.Unmarshal(text, &stored)
	}
	if err == nil && (stored.Admins == nil || stored.Bans == nil || stored.Whitelist == nil) {
		err = errors.New("a list is missing")
	}
	if err != nil {
		aside := l.folder.listsFile() + ".damaged"
		l.trouble = fmt.Sprintf("what was agreed of the lists can't be read and is kept as %s; the lists are put together anew: %v", filepath.Base(aside), err)
		_ = os.Rename(l.folder.listsFile(), aside) // if it can't be it is overwritten
		for _, r := range l.rolls {
			r.forget()
		}
		return
	}
	l.applied = stored.Applied
}

// changed has everything looked at again and told.
func (l *playerLists) changed() {
	for _, r := range l.rolls {
		r.shown = nil
	}
	l.told()
}

// forget makes the list one that nothing is known of.
func (r *roll) forget() {
	mode := r.book.Mode
	r.book = lists.New(r.book.List)
	r.book.Mode, r.read, r.done = mode, fileMark{}, 0
}

func readBounded(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > most {
		err = fmt.Errorf("%s has %d bytes, more than %d", filepath.Base(path), info.Size(), most)
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// save writes what is known; it is called with the lock held. A disk that does not take it is tried again with the next change.
func (l *playerLists) save() error {
	text, err := json.Marshal(storedLists{l.rolls[lists.Admins].book, l.rolls[lists.Bans].book, l.rolls[lists.Whitelist].book, l.applied})
	if err == nil {
		err = os.MkdirAll(l.folder.ours(), 0o700)
	}
	if err == nil {
		err = disk.Write(l.folder.listsFile(), text)
	}
	l.trouble, l.stored = "", markOf(l.folder.listsFile())
	if err != nil {
		l.trouble = "what was agreed of the lists can't be written down: " + err.Error()
	}
	l.changed()
	return err
}

var listModes = map[wire.ListMode]lists.Mode{wire.ListMode_LIST_MODE_TO_GAME: lists.ToGame, wire.ListMode_LIST_MODE_BOTH: lists.Both}

// want says which way the lists go from now on.
func (l *playerLists) want(m *wire.ListModes) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rolls[lists.Admins].book.Mode = listModes[m.GetAdmins()]
	l.rolls[lists.Bans].book.Mode = listModes[m.GetBans()]
	l.rolls[lists.Whitelist].book.Mode = listModes[m.GetWhitelist()]
	l.wanted = m.GetWhitelisting()
	for _, r := range l.rolls {
		r.done = 0
	}
	l.changed()
	l.news.Fire()
}

// look reads the files that have changed, and tells whether anything is news. It is called with the lock held.
func (l *playerLists) look(runs bool) (news bool) {
	l.load()
	for _, r := range l.rolls {
		if r.book.Mode != lists.Off && r.look(runs) {
			news = true
		}
	}
	return news
}

func (r *roll) look(runs bool) (news bool) {
	before, problem := r.book.Version(), r.problem
	switch {
	case !exists(r.path):
		r.book.Gone()
		r.read, r.problem = fileMark{}, ""
	case !r.changed() && r.problem == "" && !(r.book.Settles() && time.Since(r.readAt) > settlePause):
	default:
		r.readAt = time.Now()
		now := markOf(r.path)
		entries, err := readEntries(r.path)
		if err != nil {
			r.problem = "its file can't be read; put it right, or delete it: " + err.Error()
			break
		}
		r.read, r.problem = now, ""
		r.book.Read(entries, now.modified.UnixMilli(), r.readAt.UnixMilli())
	}
	if !runs && r.problem == "" {
		r.book.Stopped()
	}
	return r.book.Version() != before || r.problem != problem
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// markOf returns the zero value if there is no file, or it can't be looked at.
func markOf(path string) fileMark {
	info, err := os.Stat(path)
	if err != nil {
		return fileMark{}
	}
	return fileMark{true, info.ModTime(), info.Size()}
}

// changed tells whether the file may say something else than when it was read.
func (r *roll) changed() bool { return r.read != markOf(r.path) }

// readEntries reads a file of the game's. Names that can be nobody's are left out: they stay in the file.
func readEntries(path string) (lists.Entries, error) {
	list, err := readList(path)
	if err != nil {
		return nil, err
	}
	entries := lists.Entries{}
	for _, p := range list.Players {
		if playername.Check(p.Name) == nil {
			entries[playername.Key(p.Name)] = lists.Entry{Name: p.Name, Reason: cleanText(p.Reason)}
		}
	}
	return entries, nil
}

func readList(path string) (playerlists.List, error) {
	text, err := readBounded(path, maxListsFile)
	if err != nil {
		return playerlists.List{}, err
	}
	return playerlists.Parse(text)
}

// cleanText makes one line of visible characters of a text, which may be typed into the console.
func cleanText(text string) string {
	if playername.CheckText(text) == nil {
		return text
	}
	runes := []rune(strings.ToValidUTF8(text, ""))
	runes = runes[:min(len(runes), playername.MaxText)]
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if playername.CheckText(string(r)) != nil {
			return -1
		}
		return r
	}, string(runes))
	return strings.TrimSpace(text)
}

// write brings the files to what is wanted while no game runs. Nobody may start one meanwhile. It is called with the lock held.
func (l *playerLists) write() error {
	var failed error
	for _, list := range lists.All {
		r := l.rolls[list]
		wanted := r.book.Wanted(false)
		if len(wanted) == 0 || r.problem != "" {
			continue
		}
		if err := r.write(wanted); err != nil {
			r.problem = "its file can't be written: " + err.Error()
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

func (r *roll) write(wanted []lists.Change) error {
	file, err := readList(r.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	change := map[string]lists.Change{}
	for _, c := range wanted {
		change[playername.Key(c.Name)] = c
	}
	file.Players = slices.DeleteFunc(file.Players, func(p playerlists.Player) bool {
		c, ok := change[playername.Key(p.Name)]
		return ok && !c.Listed
	})
	for i, p := range file.Players { // what else is said of a player stays
		key := playername.Key(p.Name)
		if c, ok := change[key]; ok {
			file.Players[i].Reason = c.Reason
			delete(change, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(change)) {
		if c := change[key]; c.Listed {
			file.Players = append(file.Players, playerlists.Player{Name: c.Name, Reason: c.Reason})
		}
	}
	if err := disk.Write(r.path, file.Bytes()); err != nil {
		return err
	}
	r.book.Wrote(wanted)
	return nil
}

// beforeStart brings the files to what is wanted. A game starts all the same if that fails: it gets the rest by commands.
func (l *playerLists) beforeStart() (whitelisting bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.look(false)
	_ = l.write() // it is shown as the list's problem
	_ = l.save()  // and this as that of all lists
	for _, r := range l.rolls {
		clear(r.refused)
		r.done = 0
	}
	return l.wanted == wire.Whitelisting_WHITELISTING_ON
}

// saw takes in what the game says at this moment. What it was told from the console, perhaps by this agent, is only a reason to look at
// the files.
func (l *playerLists) saw(e console.Event) {
	list, listed := "", true
	switch e.Kind {
	case console.Ban:
		list = lists.Bans
	case console.Unban:
		list, listed = lists.Bans, false
	case console.Promote:
		list = lists.Admins
	case console.Demote:
		list, listed = lists.Admins, false
	default:
		return
	}
	defer l.news.Fire()
	if e.By == playername.Server || playername.Check(e.Player) != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.load()
	if r := l.rolls[list]; r.book.Mode != lists.Off {
		r.book.Saw(lists.Change{Entry: lists.Entry{Name: e.Player, Reason: cleanText(e.Reason)}, Listed: listed, By: cleanText(e.By)}, time.Now().UnixMilli())
		_ = l.save()
	}
}

// keepLists brings the lists of the game to what is wanted, until ctx ends.
func (i *Instance) keepLists(ctx context.Context) {
	timer := time.NewTimer(listsPause)
	defer timer.Stop()
	for {
		more := i.lists.news.Wait()
		i.passLists(ctx)
		timer.Reset(grid.Wait(listsPause, listsPause))
		select {
		case <-more:
		case <-timer.C:
		case <-ctx.Done():
			return
		}
	}
}

// passLists does what can be done at this moment.
func (i *Instance) passLists(ctx context.Context) {
	if run := i.talks(); run != nil {
		i.lists.mu.Lock()
		if i.lists.look(true) {
			_ = i.lists.save()
		}
		i.lists.mu.Unlock()
		i.switchWhitelist(ctx, run)
		for _, list := range lists.All {
			i.command(ctx, list)
		}
		return
	}
	if !i.quiet.Load() || !i.lists.due() {
		return
	}
	unlock, err := i.files.lock(ctx)
	if err != nil {
		return
	}
	defer unlock()
	if !i.quiet.Load() {
		return
	}
	i.lists.mu.Lock()
	defer i.lists.mu.Unlock()
	news := i.lists.look(false)
	before := i.lists.versions()
	_ = i.lists.write() // it is shown as the list's problem
	if news || i.lists.versions() != before {
		_ = i.lists.save()
	}
	for _, r := range i.lists.rolls {
		r.done = r.book.Version() + 1
	}
}

// due tells whether there may be something to do while no game runs.
func (l *playerLists) due() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.load()
	for _, r := range l.rolls {
		if r.book.Mode != lists.Off && (r.changed() || r.problem != "" || r.done != r.book.Version()+1) {
			return true
		}
	}
	return false
}

func (l *playerLists) versions() (n uint64) {
	for _, r := range l.rolls {
		n += r.book.Version()
	}
	return n
}
