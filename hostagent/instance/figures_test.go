package instance

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"mainbus/transport/wire"
)

func TestUPSIsThatOfAGameThatRuns(t *testing.T) {
	const unknown = -1
	tests := []struct {
		name  string
		beats []uint64 // ticks, a second apart
		still map[int]bool
		want  float64
	}{
		{"full speed", []uint64{100, 160, 220, 280}, nil, 60},
		{"too slow", []uint64{100, 130, 160, 190}, nil, 30},
		{"a hiccup", []uint64{100, 160, 165, 225}, nil, 125.0 / 3},
		{"one beat", []uint64{100}, nil, unknown},
		{"paused all the time", []uint64{100, 103, 106, 109}, map[int]bool{2: true}, unknown},
		{"paused after a while", []uint64{100, 160, 220, 223, 226}, map[int]bool{4: true}, 60},
		{"goes on", []uint64{100, 103, 106, 166, 226, 286}, map[int]bool{2: true, 3: false}, 60},
		{"an older save", []uint64{1000, 1060, 100, 160}, nil, 60},
	}
	for _, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			var g gauges
			for n, tick := range test.beats {
				g.beat(tick, 3*time.Millisecond)
				if still, told := test.still[n]; told {
					g.pause(still)
				}
				time.Sleep(time.Second)
			}
			var f wire.InstanceFigures
			g.fill(&f, folder(t.TempDir()))
			got := float64(unknown)
			if f.Ups != nil {
				got = *f.Ups
			}
			if math.Abs(got-test.want) > 0.01 {
				t.Errorf("%s: %.2f, want %.2f", test.name, got, test.want)
			}
			if f.GetRconSeconds() != 0.003 {
				t.Errorf("%s: a command took %f s", test.name, f.GetRconSeconds())
			}
			var later wire.InstanceFigures
			if g.fill(&later, folder(t.TempDir())); later.Ups != nil {
				t.Errorf("%s: UPS without a beat since", test.name)
			}
		})
	}
}
