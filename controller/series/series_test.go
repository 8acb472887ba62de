package series

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var quiet = slog.New(slog.DiscardHandler)

func opened(t *testing.T, path string) *Keeper {
	t.Helper()
	k, err := Open(path, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// all returns what is on disk at a resolution.
func (k *Keeper) all(t *testing.T, r Resolution) (points []Point) {
	t.Helper()
	rows, err := k.db.Query(`SELECT at, mean, low, high FROM sample WHERE step = ? ORDER BY at`, int64(r.Step.Seconds()))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var at int64
		var p Point
		if err := rows.Scan(&at, &p.Mean, &p.Low, &p.High); err != nil {
			t.Fatal(err)
		}
		p.At = time.Unix(at, 0).UTC()
		points = append(points, p)
	}
	return points
}

// Two days of a figure that is the hour of the day, with a program that is started anew in between.
func TestSeriesGetCoarser(t *testing.T) {
	path := filepath.Join(t.TempDir(), "figures.db")
	k := opened(t, path)
	begin := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	now := begin
	for range 48 * 60 {
		for second := range 2 {
			k.Add(now, "instance/i1", map[string]float64{"ups": float64(now.Hour() + second)})
		}
		now = now.Add(time.Minute)
		k.flush(now)
		if now.Equal(begin.Add(90 * time.Minute)) {
			if err := k.db.Close(); err != nil { // as a program that is killed
				t.Fatal(err)
			}
			k = opened(t, path)
		}
	}
	defer k.db.Close()
	for _, test := range []struct {
		r     Resolution
		count int
		first time.Time
	}{
		{Resolutions[0], 12 * 60, now.Add(-12 * time.Hour)},
		{Resolutions[1], 48 * 6, begin},
		{Resolutions[2], 48, begin},
	} {
		points := k.all(t, test.r)
		if len(points) != test.count || !points[0].At.Equal(test.first) {
			t.Errorf("by %s: %d points from %s, want %d from %s", test.r.Step, len(points), points[0].At, test.count, test.first)
		}
		for _, p := range points {
			hour := float64(p.At.Hour())
			if p.Mean != hour+0.5 || p.Low != hour || p.High != hour+1 {
				t.Fatalf("by %s at %s: %+v", test.r.Step, p.At, p)
			}
		}
	}
}

// What was not added up before a long pause is not lost with the fine values.
func TestPauseOfDays(t *testing.T) {
	k := opened(t, filepath.Join(t.TempDir(), "figures.db"))
	defer k.Close()
	begin := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
	k.Add(begin, "host/h1", map[string]float64{"cpu_cores": 3})
	k.flush(begin.Add(time.Minute))
	later := begin.Add(50 * time.Hour)
	k.Add(later, "host/h1", map[string]float64{"cpu_cores": 5})
	k.flush(later.Add(time.Minute))
	if points := k.all(t, Resolutions[0]); len(points) != 1 || points[0].Mean != 5 {
		t.Errorf("minutes: %v", points)
	}
	for _, r := range Resolutions[1:] {
		if points := k.all(t, r); len(points) != 1 || points[0].Mean != 3 || !points[0].At.Equal(begin) {
			t.Errorf("by %s: %v", r.Step, points)
		}
	}
}

func TestHistoryIsAsFineAsItCanBe(t *testing.T) {
	k := opened(t, filepath.Join(t.TempDir(), "figures.db"))
	defer k.Close()
	now := time.Now()
	for minute := range 30 {
		at := now.Add(time.Duration(minute-30) * time.Minute)
		k.Add(at, "instance/i1", map[string]float64{"players": float64(minute)})
		k.flush(at.Add(time.Minute))
	}
	for _, test := range []struct {
		back time.Duration
		step time.Duration
		most int
	}{{10 * time.Minute, time.Minute, 10}, {time.Hour, time.Minute, 30}, {24 * time.Hour, 10 * time.Minute, 3}, {30 * 24 * time.Hour, time.Hour, 1}} {
		points, step, err := k.History(t.Context(), "instance/i1", "players", now.Add(-test.back), now)
		if err != nil || step != test.step || len(points) > test.most || len(points) < test.most-1 {
			t.Errorf("%s back: %d points by %s, %v", test.back, len(points), step, err)
		}
		for i := 1; i < len(points); i++ {
			if !points[i-1].At.Before(points[i].At) {
				t.Errorf("%s back: out of order", test.back)
			}
		}
	}
	if points, _, err := k.History(t.Context(), "instance/i2", "players", now.Add(-time.Hour), now); err != nil || len(points) != 0 {
		t.Errorf("of nobody: %v, %v", points, err)
	}
	if at, values := k.Newest("instance/i1"); at.IsZero() || values["players"] != 29 {
		t.Errorf("newest: %v at %s", values, at)
	}
	k.Gone("instance/i1")
	if _, values := k.Newest("instance/i1"); values != nil {
		t.Errorf("of what has gone: %v", values)
	}
}

func TestTooManySeriesAreNotKept(t *testing.T) {
	k := opened(t, filepath.Join(t.TempDir(), "figures.db"))
	defer k.Close()
	for n := range maxSeries + 10 {
		k.Add(time.Now(), "instance/"+time.Duration(n).String(), map[string]float64{"ups": 1})
	}
	if len(k.sums) != maxSeries {
		t.Errorf("%d sums", len(k.sums))
	}
}

func TestDamagedFileIsSetAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "figures.db")
	if err := os.WriteFile(path, []byte("these are no figures, but a text that is long enough to be taken for a header of 100 bytes or more, is it not"), 0o600); err != nil {
		t.Fatal(err)
	}
	k := opened(t, path)
	k.Add(time.Now(), "host/h1", map[string]float64{"cpu_cores": 1})
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + ".damaged"); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is for others to read: %v, %v", info, err)
	}
}

// 50 instances and hosts with ten figures each.
func BenchmarkFlush(b *testing.B) {
	k, err := Open(filepath.Join(b.TempDir(), "figures.db"), quiet)
	if err != nil {
		b.Fatal(err)
	}
	defer k.Close()
	now := time.Now()
	for b.Loop() {
		for subject := range 50 {
			values := map[string]float64{}
			for figure := range 10 {
				values["figure"+string(rune('a'+figure))] = float64(figure)
			}
			k.Add(now, "instance/"+time.Duration(subject).String(), values)
		}
		now = now.Add(time.Minute)
		k.flush(now)
	}
}
