package game

import (
	"fmt"
	"hash/crc32"
	"time"

	"mainbus/cmd/mainbus-sim/internal/life"
)

// benchmark runs a save as fast as possible, several times from its beginning, and tells how fast that was. Nothing
// is saved, nobody is let in.
func (g *run) benchmark(file string) error {
	ticks, err := g.opts.Number("benchmark-ticks", 1000, 1<<40)
	if err != nil {
		return err
	}
	runs, err := g.opts.Number("benchmark-runs", 1, 1<<20)
	if err != nil {
		return err
	}
	for range max(1, runs) {
		if err := g.benchmarkOnce(file, max(1, ticks)); err != nil {
			return err
		}
	}
	return nil
}

func (g *run) benchmarkOnce(file string, ticks uint64) error {
	s := &server{run: g, file: file, life: &life.Life{}, unnamed: true}
	if err := s.load(); err != nil {
		return err
	}
	defer s.scripts.Close()
	var total, most time.Duration
	least := time.Duration(1<<63 - 1)
	for range ticks {
		begin := time.Now()
		s.moves = s.world.Advance()
		if err := s.peer.run((*peer).step); err != nil {
			return s.creatingFailed(err)
		}
		took := time.Since(begin)
		total, least, most = total+took, min(least, took), max(most, took)
	}
	content, err := s.snapshot()
	if err != nil {
		return err
	}
	ms := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
	s.out.Bare(fmt.Sprintf("  Performed %d updates in %.3f ms", ticks, ms(total)))
	s.out.Bare(fmt.Sprintf("  avg: %.3f ms, min: %.3f ms, max: %.3f ms", ms(total)/float64(ticks), ms(least), ms(most)))
	s.out.Bare(fmt.Sprintf("  checksum: %d", crc32.ChecksumIEEE(content.Level.World)))
	return nil
}
