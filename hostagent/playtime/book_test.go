package playtime

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"mainbus/transport/wire"
)

func at(seconds int) time.Time { return time.Unix(1_790_000_000+int64(seconds), 0) }

func open(t *testing.T, path string) *Book {
	t.Helper()
	b, err := Open(path, "i1")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func save(t *testing.T, b *Book) {
	t.Helper()
	if err := b.Save(); err != nil {
		t.Fatal(err)
	}
}

// listener takes in news as a controller does: running totals of records, which only grow.
type listener struct {
	totals map[string]*wire.PlayTotal // by book and record
	visits map[string]*wire.PlayVisit
	marks  map[string]uint64 // by book
	here   []string
}

func newListener() *listener {
	return &listener{map[string]*wire.PlayTotal{}, map[string]*wire.PlayVisit{}, map[string]uint64{}, nil}
}

// hear takes all that there is, as over a stream that was opened anew.
func (l *listener) hear(t *testing.T, b *Book) {
	t.Helper()
	var marks []*wire.PlayMark
	for book, seq := range l.marks {
		marks = append(marks, &wire.PlayMark{Instance: "i1", Book: book, Seq: seq})
	}
	place := b.Place(marks)
	for more := true; more; {
		n := b.News(place)
		for _, total := range n.GetTotals() {
			key := fmt.Sprint(n.GetBook(), total.GetRecord())
			if old := l.totals[key]; old == nil || old.GetSeconds() <= total.GetSeconds() {
				l.totals[key] = total
			}
		}
		for _, v := range n.GetVisits() {
			l.visits[fmt.Sprint(n.GetBook(), v.GetRecord(), v.GetNumber())] = v
		}
		l.marks[n.GetBook()] = max(l.marks[n.GetBook()], n.GetSeq())
		place, more = n.GetSeq(), n.GetMore()
		l.here = nil
		for _, h := range n.GetHere() {
			l.here = append(l.here, h.GetName())
		}
	}
}

// played sums up what is known of a player.
func (l *listener) played(name string) (joins, seconds uint64) {
	for _, total := range l.totals {
		if total.GetName() == name {
			joins, seconds = joins+total.GetJoins(), seconds+total.GetSeconds()
		}
	}
	return joins, seconds
}

func (l *listener) want(t *testing.T, name string, joins, seconds uint64) {
	t.Helper()
	if j, s := l.played(name); j != joins || s != seconds {
		t.Errorf("%s has joined %d times and played %d s, want %d and %d", name, j, s, joins, seconds)
	}
}

func TestTotals(t *testing.T) {
	path := filepath.Join(t.TempDir(), "played.json")
	b, l := open(t, path), newListener()
	b.Begin("run1")
	b.Join("Ann", 10, at(0))
	b.Join("bob", 20, at(5))
	b.Join("ann", 30, at(6)) // she is there
	b.Join("a b", 31, at(6)) // no name
	b.Tick(at(60))
	save(t, b)
	l.hear(t, b)
	l.want(t, "Ann", 1, 60)
	l.want(t, "bob", 1, 55)
	if !slices.Equal(l.here, []string{"Ann", "bob"}) {
		t.Errorf("here are %q", l.here)
	}
	b.Leave("ANN", "quit", 40, at(70))
	b.Leave("ann", "kicked", 50, at(71)) // she has gone
	b.Join("Ann", 60, at(100))
	b.End(at(110))
	save(t, b)
	for range 2 {
		l.hear(t, b)
		l.want(t, "Ann", 2, 80)
		l.want(t, "bob", 1, 105)
	}
	if len(l.visits) != 3 || len(l.here) != 0 {
		t.Errorf("visits %v, here %q", l.visits, l.here)
	}
	for _, v := range l.visits {
		if v.GetName() == "Ann" && v.GetNumber() == 1 && (v.GetReason() != "quit" || v.GetLeftMs()-v.GetJoinedMs() != 70_000) {
			t.Errorf("%v", v)
		}
	}
}

// The agent is killed in the middle of a visit, and the next one reads the game's output again.
func TestKilledAgentCountsOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "played.json")
	b, l := open(t, path), newListener()
	b.Begin("run1")
	b.Join("ann", 10, at(0))
	b.Tick(at(60))
	save(t, b)
	l.hear(t, b)
	b.Join("bob", 20, at(61)) // and killed before it was written

	b = open(t, path)
	b.Begin("run1")
	b.Join("ann", 10, at(0))
	b.Join("bob", 20, at(61))
	b.Leave("bob", "quit", 30, at(100)) // while there was no agent
	b.Tick(at(300))
	save(t, b)
	l.hear(t, b)
	l.want(t, "ann", 1, 300)
	l.want(t, "bob", 1, 39)
	if len(l.marks) != 1 {
		t.Errorf("another book: %v", l.marks)
	}
}

// Machine and game die: what is known is what was written in the last minute.
func TestDeadMachineKeepsTheMinute(t *testing.T) {
	path := filepath.Join(t.TempDir(), "played.json")
	b, l := open(t, path), newListener()
	b.Begin("run1")
	b.Join("ann", 10, at(0))
	b.Tick(at(60))
	save(t, b)
	b.Tick(at(119)) // not written

	b = open(t, path)
	b.Begin("run2")
	b.Join("ann", 10, at(500))
	b.Leave("ann", "", 20, at(510))
	save(t, b)
	l.hear(t, b)
	l.want(t, "ann", 2, 70)
}

// Somebody puts back an older file: what was told is not counted twice, and what comes after is not lost.
func TestOlderFileBecomesAnotherBook(t *testing.T) {
	path := filepath.Join(t.TempDir(), "played.json")
	b, l := open(t, path), newListener()
	b.Begin("run1")
	b.Join("ann", 10, at(0))
	b.Tick(at(60))
	save(t, b)
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b.Leave("ann", "quit", 20, at(100))
	save(t, b)
	l.hear(t, b)
	l.want(t, "ann", 1, 100)
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	b = open(t, path)
	b.Begin("run2")
	b.Place([]*wire.PlayMark{{Instance: "i1", Book: b.file.Book, Seq: l.marks[b.file.Book]}})
	b.Join("ann", 10, at(200))
	b.End(at(230))
	save(t, b)
	l.hear(t, b)
	l.want(t, "ann", 2, 130)
}

func TestCorrect(t *testing.T) {
	b := open(t, filepath.Join(t.TempDir(), "played.json"))
	b.Begin("run1")
	b.Join("ann", 10, at(0))
	b.Join("bob", 20, at(0))
	b.Tick(at(60))
	offset := b.Offset()
	b.Join("eve", 30, at(61))
	b.Correct([]string{"ann"}, offset, at(62)) // eve came meanwhile: it may be too old
	if b.Here() != 3 {
		t.Errorf("%d are here", b.Here())
	}
	b.Correct([]string{"Ann", "dan"}, b.Offset(), at(63))
	save(t, b)
	l := newListener()
	l.hear(t, b)
	if !slices.Equal(l.here, []string{"ann", "dan"}) {
		t.Errorf("here are %q", l.here)
	}
	l.want(t, "bob", 1, 60)
	l.want(t, "dan", 1, 0)
}

func TestFileThatCanNotBeRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "played.json")
	for _, text := range []string{"", "{", `{"instance": "i1"}`, `{"instance": "i1", "book": "b", "records": [null]}`,
		`{"instance": "i1", "book": "b", "seq": 9, "last": 9, "records": [{"name": "a", "number": 1}, {"name": "A", "number": 2}]}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := Open(path, "i1")
		if err == nil || b == nil {
			t.Fatalf("%s: %v", text, err)
		}
		if kept, err := os.ReadFile(path + ".bad"); err != nil || string(kept) != text {
			t.Errorf("%s was not kept: %q, %v", text, kept, err)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
}

// A copy of an instance's folder is another instance's: its players have not played there.
func TestCopiedFolderBeginsAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "played.json")
	b := open(t, path)
	b.Begin("run1")
	b.Join("ann", 10, at(0))
	b.End(at(60))
	save(t, b)
	other, err := Open(path, "i2")
	if err != nil {
		t.Fatal(err)
	}
	if n := other.News(0); len(n.GetTotals())+len(n.GetVisits()) > 0 {
		t.Errorf("%v", n)
	}
}

func TestBounds(t *testing.T) {
	b := open(t, filepath.Join(t.TempDir(), "played.json"))
	b.Begin("run1")
	offset := uint64(0)
	for n := range maxRecords + 10 {
		name := fmt.Sprintf("p%d", n)
		b.Join(name, offset+1, at(n))
		b.Leave(name, "quit", offset+2, at(n+1))
		offset += 2
	}
	b.Join("p0", offset+1, at(maxRecords+100)) // who has made room
	b.End(at(maxRecords + 110))
	save(t, b)
	if len(b.file.Records) != maxRecords || len(b.file.Visits) != maxVisits {
		t.Errorf("%d records, %d visits", len(b.file.Records), len(b.file.Visits))
	}
	again := open(t, b.path)
	l := newListener()
	l.hear(t, again)
	l.want(t, "p0", 1, 10)
	if r := again.index["p0"]; r.Number != maxRecords+11 {
		t.Errorf("%+v", r)
	}
	if info, err := os.Stat(b.path); err != nil || info.Size() > 2<<20 {
		t.Errorf("%v, %v", info.Size(), err)
	}
}
