package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

var yes, no = true, false

func at(minute int) time.Time { return time.Date(2026, 1, 2, 3, minute, 0, 0, time.UTC) }

func text(s string) *string { return &s }

func change(t *testing.T, s *SQLite, c UserChange) UserChanged {
	t.Helper()
	changed, err := s.ChangeUser(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func userOf(t *testing.T, s *SQLite, name string) User {
	t.Helper()
	u, err := s.User(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func newUsers(t *testing.T) *SQLite {
	return openStore(t, filepath.Join(t.TempDir(), "controller.db"), nil)
}

func TestOneRecordInAnyCase(t *testing.T) {
	s := newUsers(t)
	c := change(t, s, UserChange{Name: "Ann", By: "eve", At: at(1), Banned: &yes, Reason: text("rude")})
	if !c.Created() || !c.After.Banned.Set || c.After.BanReason != "rude" || c.After.Revision != 1 {
		t.Errorf("banned: %+v", c)
	}
	c = change(t, s, UserChange{Name: "aNN", By: "bob", At: at(2), Banned: &yes, Reason: text("rude")})
	if c.Changed() {
		t.Errorf("the same again: %+v", c)
	}
	c = change(t, s, UserChange{Name: "ANN", By: "bob", At: at(3), Reason: text("very rude"), Admin: &no})
	if c.After.Name != "Ann" || c.After.Revision != 2 || c.After.Banned != (UserFlag{true, "bob", at(3)}) || c.After.Admin != (UserFlag{}) {
		t.Errorf("another reason: %+v", c)
	}
	c = change(t, s, UserChange{Name: "ann", By: "bob", At: at(4), Banned: &no})
	if c.After.Banned != (UserFlag{false, "bob", at(4)}) || c.After.BanReason != "" || c.After.Revision != 3 {
		t.Errorf("unbanned: %+v", c)
	}
	if c = change(t, s, UserChange{Name: "ann", By: "bob", At: at(5), Notes: text("x")}); c.After.Revision != 3 || userOf(t, s, "ANN") != c.After {
		t.Errorf("notes: %+v, read %+v", c, userOf(t, s, "ANN"))
	}
}

func TestNobodyIsMadeByTakingAway(t *testing.T) {
	s := newUsers(t)
	if c := change(t, s, UserChange{Name: "Ann", Banned: &no, Admin: &no, Notes: text("")}); c.Changed() || c.Created() {
		t.Errorf("%+v", c)
	}
	if _, err := s.User(context.Background(), "ann"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if c := change(t, s, UserChange{Name: "Ann", At: at(1), Create: true}); !c.Created() {
		t.Errorf("%+v", c)
	}
}

func TestRevisionsAreOneRow(t *testing.T) {
	s := newUsers(t)
	change(t, s, UserChange{Name: "a", Banned: &yes})
	change(t, s, UserChange{Name: "b", Admin: &yes})
	change(t, s, UserChange{Name: "c", Whitelisted: &yes})
	change(t, s, UserChange{Name: "b", Admin: &no})
	if err := s.DeleteUser(context.Background(), "B"); err != nil {
		t.Fatal(err)
	}
	all, revision, err := s.ListedUsers(context.Background())
	if err != nil || revision != 4 || len(all) != 2 || all[0].Name != "a" || all[1].Name != "c" {
		t.Errorf("%+v, %d, %v", all, revision, err)
	}
	if err := s.DeleteUser(context.Background(), "a"); !errors.Is(err, ErrListed) {
		t.Error(err)
	}
	if err := s.AddRole(context.Background(), Role{ID: "r1", Name: "helper"}); err != nil {
		t.Fatal(err)
	}
	change(t, s, UserChange{Name: "D", Create: true})
	if err := s.GrantRole(context.Background(), "d", "r1"); err != nil {
		t.Fatal(err)
	}
	if page, total, err := s.FindUsers(context.Background(), UserQuery{Role: "r1", Limit: 5}); err != nil || total != 1 || page[0].Name != "D" {
		t.Errorf("%+v, %d, %v", page, total, err)
	}
	if err := s.DeleteUser(context.Background(), "nobody"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestPlayIsTakenInOnce(t *testing.T) {
	s, ctx := newUsers(t), context.Background()
	told := Played{Instance: "i1", Book: "b1", Seq: 7,
		Totals: []PlayTotal{{Name: "Ann", Record: "b1.1", Joins: 2, Seconds: 120, FirstJoin: at(0), LastJoin: at(5), LastSeen: at(9), LastLeave: at(9), Reason: "afk"}},
		Visits: []Visit{{Name: "Ann", Record: "b1.1", Number: 1, Joined: at(0), Left: at(1), Reason: "quit"}, {Name: "ann", Record: "b1.1", Number: 2, Joined: at(5), Left: at(9), Reason: "afk"}}}
	check := func(joins, seconds int64, visits int) {
		t.Helper()
		u, plays := userOf(t, s, "ann"), []UserPlay(nil)
		plays, err := s.UserPlays(ctx, "ann")
		if err != nil || u.Joins != joins || u.Seconds != seconds {
			t.Fatalf("%+v, %v; want %d joins, %d s", u, err, joins, seconds)
		}
		var sum int64
		for _, p := range plays {
			sum += p.Seconds
		}
		if sum != seconds {
			t.Errorf("%d s in %+v", sum, plays)
		}
		list, err := s.UserVisits(ctx, "Ann", "", 0, 100)
		if err != nil || len(list) != visits {
			t.Errorf("visits %+v, %v", list, err)
		}
	}
	for range 3 { // what is doubled changes nothing
		if err := s.Played(ctx, told); err != nil {
			t.Fatal(err)
		}
		check(2, 120, 2)
	}
	old := told
	old.Totals = []PlayTotal{{Name: "Ann", Record: "b1.1", Joins: 1, Seconds: 60, FirstJoin: at(0), LastJoin: at(0), LastSeen: at(1), LastLeave: at(1), Reason: "quit"}}
	old.Seq = 3
	other := Played{Instance: "i1", Book: "b2", Seq: 1, Totals: []PlayTotal{{Name: "ANN", Record: "b2.1", Joins: 1, Seconds: 30, FirstJoin: at(10), LastJoin: at(10), LastSeen: at(11)}}}
	second := Played{Instance: "i2", Book: "b9", Seq: 1, Totals: []PlayTotal{{Name: "Ann", Record: "b9.1", Joins: 1, Seconds: 10, FirstJoin: at(20), LastJoin: at(20), LastSeen: at(21)}}}
	for _, p := range []Played{old, other, told, second, other, old} {
		if err := s.Played(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	check(4, 160, 2)
	u := userOf(t, s, "ann")
	if u.FirstSeen != at(0) || u.LastSeen != at(21) || u.Name != "Ann" {
		t.Errorf("%+v", u)
	}
	plays, _ := s.UserPlays(ctx, "ann")
	if want := (UserPlay{"i1", 3, 150, at(0), at(10), at(9), "afk"}); plays[0] != want {
		t.Errorf("%+v", plays[0])
	}
	marks, err := s.PlayMarks(ctx)
	if err != nil || len(marks) != 3 || marks[0] != (PlayMark{"i1", "b1", 7}) {
		t.Errorf("%+v, %v", marks, err)
	}
}

// The first part of much news may have visits of players whose totals come later.
func TestVisitBeforeItsTotal(t *testing.T) {
	s, ctx := newUsers(t), context.Background()
	first := Played{Instance: "i", Book: "b", Seq: 1, Visits: []Visit{{Name: "Ann", Record: "r", Number: 1, Joined: at(0), Left: at(1)}}}
	second := Played{Instance: "i", Book: "b", Seq: 2, Totals: []PlayTotal{{Name: "Ann", Record: "r", Joins: 1, Seconds: 60, FirstJoin: at(0), LastJoin: at(0), LastSeen: at(1)}}}
	for _, p := range []Played{first, second, first} {
		if err := s.Played(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	visits, err := s.UserVisits(ctx, "ann", "", 0, 10)
	if u := userOf(t, s, "ann"); err != nil || len(visits) != 1 || u.Joins != 1 || u.Seconds != 60 || u.FirstSeen != at(0) {
		t.Errorf("%+v, %+v, %v", u, visits, err)
	}
}

func TestVisitsAreBoundedAndPaged(t *testing.T) {
	s, ctx := newUsers(t), context.Background()
	p := Played{Instance: "i", Book: "b", Totals: []PlayTotal{{Name: "a", Record: "r", FirstJoin: at(0)}}}
	for n := range maxVisits + 5 {
		p.Visits = append(p.Visits, Visit{Name: "a", Record: "r", Number: int64(n), Joined: at(n), Left: at(n + 1)})
	}
	if err := s.Played(ctx, p); err != nil {
		t.Fatal(err)
	}
	seen, before := 0, int64(0)
	for {
		page, err := s.UserVisits(ctx, "a", "i", before, 300)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, v := range page {
			if want := at(maxVisits + 4 - seen); v.Joined != want {
				t.Fatalf("visit %d is of %s, want %s", seen, v.Joined, want)
			}
			seen++
		}
		before = page[len(page)-1].ID
	}
	if seen != maxVisits {
		t.Errorf("%d visits", seen)
	}
}

func TestFindUsers(t *testing.T) {
	s, ctx := newUsers(t), context.Background()
	for n := range 30 {
		c := UserChange{Name: fmt.Sprintf("User%02d", n), At: at(0), Create: true}
		if n%3 == 0 {
			c.Banned = &yes
		}
		if n%5 == 0 {
			c.Admin = &yes
		}
		change(t, s, c)
	}
	find := func(q UserQuery) (names string, total int) {
		t.Helper()
		page, total, err := s.FindUsers(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range page {
			names += u.Name[4:] + " "
		}
		return names, total
	}
	for _, c := range []struct {
		q     UserQuery
		names string
		total int
	}{
		{UserQuery{Limit: 3}, "00 01 02 ", 30},
		{UserQuery{Limit: 3, Offset: 28}, "28 29 ", 30},
		{UserQuery{Limit: 9, Text: "ER2", Descending: true}, "29 28 27 26 25 24 23 22 21 ", 10},
		{UserQuery{Limit: 9, Banned: true, Admin: true}, "00 15 ", 2},
		{UserQuery{Limit: 9, Keys: []string{"user07", "nobody"}}, "07 ", 1},
		{UserQuery{Limit: 9, Keys: []string{}}, "", 0},
		{UserQuery{Limit: 2, Sort: BySeen, Descending: true}, "29 28 ", 30},
		{UserQuery{Limit: 9, Text: "%"}, "", 0},
	} {
		if names, total := find(c.q); names != c.names || total != c.total {
			t.Errorf("%+v: %q of %d, want %q of %d", c.q, names, total, c.names, c.total)
		}
	}
}

func TestBulkAndUndo(t *testing.T) {
	s, ctx := newUsers(t), context.Background()
	change(t, s, UserChange{Name: "old", By: "x", At: at(0), Banned: &yes, Reason: text("first")})
	change(t, s, UserChange{Name: "gone", By: "x", At: at(0), Banned: &yes, Admin: &yes})
	change(t, s, UserChange{Name: "plain", By: "x", At: at(0), Notes: text("n")})
	before := [3]User{userOf(t, s, "old"), userOf(t, s, "gone"), userOf(t, s, "plain")}
	bulk := UserBulk{By: "y", At: at(1), What: "restore", Clear: Flags{Banned: true}, Changes: []UserChange{
		{Name: "OLD", By: "y", At: at(1), Banned: &yes}, {Name: "New", By: "y", At: at(1), Banned: &yes, Reason: text("r")}, {Name: "plain", By: "y", At: at(1), Banned: &yes},
	}}
	preview, err := s.PreviewUsers(ctx, bulk)
	if err != nil || len(preview.Changed) != 3 || preview.Unchanged != 1 {
		t.Fatalf("%+v, %v", preview, err)
	}
	if userOf(t, s, "gone") != before[1] {
		t.Error("a preview has changed something")
	}
	done, err := s.ChangeUsers(ctx, bulk)
	if err != nil || len(done.Changed) != 3 || done.Unchanged != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	if u := userOf(t, s, "gone"); u.Banned.Set || !u.Admin.Set || u.Revision <= before[1].Revision {
		t.Errorf("%+v", u)
	}
	if u := userOf(t, s, "old"); u != before[0] {
		t.Errorf("%+v", u)
	}
	revision := userOf(t, s, "plain").Revision
	change(t, s, UserChange{Name: "plain", By: "z", At: at(2), Banned: &no}) // somebody has changed their mind meanwhile
	if preview, err := s.PreviewUndo(ctx); err != nil || len(preview.Changed) != 2 || preview.Since != 1 || preview.What != "restore" {
		t.Errorf("%+v, %v", preview, err)
	}
	if _, err := s.UndoUsers(ctx, "y", at(3)); err != nil {
		t.Fatal(err)
	}
	gone := userOf(t, s, "gone")
	if gone.Revision <= revision {
		t.Errorf("undone without a revision: %+v", gone)
	}
	if gone.Revision = before[1].Revision; gone != before[1] {
		t.Errorf("%+v, was %+v", gone, before[1])
	}
	if u := userOf(t, s, "plain"); u.Banned != (UserFlag{false, "z", at(2)}) {
		t.Errorf("%+v", u)
	}
	if _, err := s.User(ctx, "new"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if _, err := s.UndoUsers(ctx, "y", at(4)); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

// many fills a store with users as a public cluster has them.
func many(tb testing.TB, s *SQLite, n int) {
	b := UserBulk{What: "fill"}
	p := Played{Instance: "i", Book: "b"}
	for i := range n {
		c := UserChange{Name: fmt.Sprintf("Player_%x", uint32(i)*2654435761), At: at(0), Create: true}
		if i%20 == 0 {
			c.Banned = &yes
		}
		b.Changes = append(b.Changes, c)
		p.Totals = append(p.Totals, PlayTotal{Name: c.Name, Record: "r", Joins: int64(i % 100), Seconds: int64(i * 7919 % 100000), FirstJoin: at(0), LastJoin: at(i), LastSeen: at(i)})
	}
	began := time.Now()
	if _, err := s.ChangeUsers(context.Background(), b); err != nil {
		tb.Fatal(err)
	}
	tb.Logf("%d users changed at once in %v", n, time.Since(began))
	if err := s.Played(context.Background(), p); err != nil {
		tb.Fatal(err)
	}
}

// One operation finds a page among 50,000 users.
func BenchmarkFindUsers(b *testing.B) {
	s, err := Open(Config{Path: filepath.Join(b.TempDir(), "controller.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	many(b, s, 50_000)
	online := make([]string, 500)
	for i := range online {
		online[i] = fmt.Sprintf("player_%x", uint32(i*100)*2654435761)
	}
	for name, q := range map[string]UserQuery{
		"first":       {Limit: 100},
		"last":        {Limit: 100, Offset: 49_900},
		"part":        {Limit: 100, Text: "r_a1"},
		"none":        {Limit: 100, Text: "nobody"},
		"banned":      {Limit: 100, Banned: true},
		"banned part": {Limit: 100, Banned: true, Text: "f", Sort: BySeconds, Descending: true},
		"by time":     {Limit: 100, Offset: 20_000, Sort: BySeconds, Descending: true},
		"part by day": {Limit: 100, Text: "a", Sort: BySeen, Descending: true},
		"online":      {Limit: 100, Keys: online, Sort: BySeen, Descending: true},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := s.FindUsers(context.Background(), q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
