package game

import (
	"bytes"
	"testing"
	"time"

	"mainbus/cmd/mainbus-sim/internal/cmdline"
	"mainbus/cmd/mainbus-sim/internal/gamelog"
)

// idleMod is what a mod does while nothing happens: it looks at what it has in each tick, and counts seconds.
const idleMod = `
	script.on_init(function() storage.chests, storage.seconds = {}, 0 end)
	local function take(e) storage.chests[e.entity.unit_number] = e.entity end
	script.on_event({defines.events.on_built_entity, defines.events.script_raised_built}, take)
	script.on_event(defines.events.on_tick, function(e)
		for unit, chest in pairs(storage.chests) do
			if not chest.valid then storage.chests[unit] = nil end
		end
	end)
	script.on_nth_tick(60, function() storage.seconds = storage.seconds + 1 end)`

// BenchmarkIdleTick is a frame of one server with two idle mods and the freeplay scenario, without the waiting for it.
func BenchmarkIdleTick(b *testing.B) {
	i := newInstallation(b, "")
	for range 2 {
		testMod{name: word(), version: "1.0.0", files: map[string]string{"control.lua": idleMod}}.unpack(b, i, nil)
	}
	i.create(b, "alpha", "")
	options, err := cmdline.Parse([]string{"--executable-path", i.command().Path, "--start-server", "alpha"})
	if err != nil {
		b.Fatal(err)
	}
	var log bytes.Buffer
	g := &run{opts: options, stdin: &bytes.Buffer{}, out: gamelog.New(time.Now(), &log, die)}
	if err := g.prepare(); err != nil {
		b.Fatalf("%v\n%s", err, &log)
	}
	defer g.lockFile.Close()
	s := &server{run: g, file: i.saveFile("alpha"), state: "Ready", visits: visits{peers: map[string]int{}}, hosted: time.Now()}
	if err := s.open(start{file: s.file}); err != nil {
		b.Fatalf("%v\n%s", err, &log)
	}
	defer s.scripts.Close()
	s.autosave = s.hosted.Add(time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.frame(); err != nil {
			b.Fatal(err)
		}
	}
	if s.world.Tick < uint64(b.N) {
		b.Errorf("%d frames moved the map by %d ticks", b.N, s.world.Tick)
	}
}
