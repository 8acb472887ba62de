// Package luaworlds makes worlds for the schedules of the ledger's simulation out of simulated games that run the real
// save modules. What is lost in a crash, and what a save brings back, is then what the modules keep in storage and what
// the game keeps in chests.
package luaworlds

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"

	"mainbus/cmd/mainbus-sim/internal/api"
	"mainbus/cmd/mainbus-sim/internal/luavm"
	"mainbus/cmd/mainbus-sim/internal/world"
	"mainbus/controller/bus"
	"mainbus/controller/ledger"
	"mainbus/controller/ledger/sim"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/scriptdat"
)

// names are the kinds of a schedule's goods as the game calls them.
var names = [sim.Kinds]string{"iron-plate", "copper-plate"}

// Where the chests are: one that people use, one that sends to the bus and one that requests from it.
const helpers = `
local function at(x)
  return game.surfaces.nauvis.find_entities_filtered{position = {x, 0.5}, type = "container"}[1].get_inventory(defines.inventory.chest)
end
function simulated_move(from, to, name, count)
  local have = at(from).get_item_count(name)
  local n = math.min(count, have)
  if n > 0 then n = at(to).insert{name = name, count = n} end
  if n > 0 then at(from).remove{name = name, count = n} end
end
function simulated_make(name, count) rcon.print(at(0.5).insert{name = name, count = count}) end
function simulated_use(name, count) rcon.print(at(0.5).remove{name = name, count = count}) end
function simulated_count(name)
  rcon.print(at(0.5).get_item_count(name) + at(3.5).get_item_count(name) + at(6.5).get_item_count(name))
end
`

var catalog = sync.OnceValues(func() (*world.Catalog, error) {
	return world.NewCatalog(map[string]bool{"base": true, "quality": true})
})

// compiled are the scripts of all games: each world is loaded very often, and compiling them took most of the time.
var compiled luavm.Files

// Modules are the files below mainbus in the save, by name without the ending.
type Modules map[string]string

// Genesis makes first saves that run the given modules.
func (m Modules) Genesis(s sim.Setup) sim.Save {
	c, err := catalog()
	must(err)
	plan := world.Plan{}
	for n, x := range []float64{0.5, 3.5, 6.5} {
		plan.Chests = append(plan.Chests, world.ChestPlan{EntityPlan: world.EntityPlan{ID: strconv.Itoa(n), Position: [2]float64{x, 0.5}}, Slots: 10})
	}
	for k, n := range s.Contents {
		if n > 0 {
			plan.Chests[0].Contents = append(plan.Chests[0].Contents, world.Amount{Key: world.Key{Name: names[k]}, Count: int(n)})
		}
	}
	w, err := world.New("schedule", 1, c, plan)
	must(err)
	g := &game{modules: m, proposed: s.World, made: s.Contents}
	g.start(w)
	must(g.scripts.Init())
	g.run(helpers)
	g.remote("send", `{"x":3.5,"y":0.5}`)
	g.tick(1)
	return g.Save()
}

// must stops the test: nothing here fails but what the test itself gets wrong, or a module that raises.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// game is one running game. It keeps for itself what it made, which the save has too.
type game struct {
	modules  Modules
	proposed ledger.World
	number   int
	world    *world.World
	scripts  *api.Game

	printed, replied []string
	seq              int
	epoch, assigned  ledger.Epoch
	made, born       sim.Goods
	births           *sim.Birth
}

// save is a game in a file.
type save struct {
	modules  Modules
	proposed ledger.World
	world    []byte
	storage  []scriptdat.Block
	made     sim.Goods
	births   *sim.Birth
	accounts accounts
}

// accounts are the part of storage that the agent reads from saves.
type accounts struct {
	Ledger string           `json:"ledger"`
	World  string           `json:"world"`
	Tick   int64            `json:"tick"`
	E      map[string]int64 `json:"e"`
	I      map[string]int64 `json:"i"`
	Buffer map[string]int64 `json:"buffer"`
}

// Print, Log, Reply, Save and WriteFile are what scripts reach.
type host struct{ g *game }

func (h host) Print(text string)                  { h.g.printed = append(h.g.printed, text) }
func (h host) Reply(text string)                  { h.g.replied = append(h.g.replied, text) }
func (host) Log(string, string)                   {}
func (host) Save(string, bool)                    {}
func (host) WriteFile(string, []byte, bool) error { return nil }

var starts struct {
	sync.Mutex
	last int
}

// start runs the scripts in a map.
func (g *game) start(w *world.World) {
	starts.Lock()
	starts.last++
	number := starts.last
	starts.Unlock()
	g.number, g.world = number, w
	files := map[string]string{
		"__level__/control.lua":       `require("mainbus/control")`,
		"__level__/mainbus/start.lua": fmt.Sprintf("return { start = %q, world = %q }\n", strconv.Itoa(number), g.proposed),
	}
	for name, text := range g.modules {
		files["__level__/mainbus/"+name+".lua"] = text
	}
	var err error
	g.scripts, err = api.New(api.Params{
		Compiled: &compiled, World: w, Host: host{g}, Mods: []api.Mod{{Name: "base", Version: "2.0.77"}}, Version: factorio.Version{Major: 2, Patch: 77},
		Files: func(name string) ([]byte, bool) {
			text, ok := files[name]
			return []byte(text), ok
		},
	})
	must(err)
}

func (s *save) Load() sim.World {
	c, err := catalog()
	must(err)
	w, err := world.Load(s.world, c, nil)
	must(err)
	g := &game{modules: s.modules, proposed: s.proposed, made: s.made, births: s.births}
	g.start(w)
	must(g.scripts.Load(s.storage, map[string]string{"base": "2.0.77"}))
	g.run(helpers)
	return g
}

func (s *save) Identity() (string, ledger.World) {
	return s.accounts.Ledger, ledger.World(s.accounts.World)
}
func (s *save) Totals() []ledger.Record { return s.accounts.totals() }
func (s *save) Tick() int64             { return s.accounts.Tick }

func (a accounts) totals() (out []ledger.Record) {
	for k, name := range names {
		key := name + "/normal"
		out = append(out, ledger.Record{Item: sim.Item(k), E: a.E[key], I: a.I[key]})
	}
	return out
}

func (g *game) Save() sim.Save {
	s := &save{modules: g.modules, proposed: g.proposed, made: g.made, births: g.births, accounts: g.accounts()}
	var err error
	s.world, err = g.world.Save()
	must(err)
	s.storage, err = g.scripts.Storage()
	must(err)
	return s
}

func (g *game) accounts() accounts {
	text, err := g.scripts.StorageJSON("level", "mainbus_ledger_v1")
	must(err)
	a := accounts{World: string(g.proposed)}
	// An empty table of Lua is an empty array here.
	must(json.Unmarshal([]byte(strings.ReplaceAll(text, "[]", "{}")), &a))
	return a
}

func (g *game) Identity() (string, ledger.World) {
	a := g.accounts()
	return a.Ledger, ledger.World(a.World)
}

func (g *game) Tick() int64 { return int64(g.world.Tick) }

// run runs a line of Lua and returns what it told.
func (g *game) run(source string) string {
	g.replied = nil
	must(g.scripts.Console(source))
	return strings.Join(g.replied, " ")
}

func (g *game) count(format string, args ...any) int64 {
	n, err := strconv.ParseInt(g.run(fmt.Sprintf(format, args...)), 10, 64)
	must(err)
	return n
}

func (g *game) remote(function string, args ...string) {
	values := make([][]byte, len(args))
	for n, a := range args {
		values[n] = []byte(a)
	}
	answer, err := g.scripts.RemoteCall("mainbus", function, values)
	must(err)
	if !strings.HasPrefix(answer, "true") {
		panic(fmt.Sprintf("mainbus.%s%v: %s", function, args, answer))
	}
}

func (g *game) tick(n int) {
	for range n {
		g.world.Advance()
		must(g.scripts.Tick())
		g.world.Step()
	}
}

// send sends a command of the game link and returns the words of its answer; false if it was refused.
func (g *game) send(epoch ledger.Epoch, channel, op, text string) ([]string, bool) {
	g.seq++
	rest := fmt.Sprintf("%d 1/1 %s %s %s r%s", g.seq, epoch, channel, op, text)
	g.replied = nil
	known, err := g.scripts.Command("mainbus", fmt.Sprintf("%d %08x %s", len(rest), crc32.ChecksumIEEE([]byte(rest)), rest), 0)
	must(err)
	if !known || len(g.replied) != 1 {
		panic(fmt.Sprintf("mainbus %s: known %v, replies %q", rest, known, g.replied))
	}
	words := strings.Fields(g.replied[0])
	if words[0] == "err" && words[2] == "fault" {
		panic(g.replied[0])
	}
	return words[2:], words[0] == "ok"
}

// records reads what the bus channel says. A kind of which it says nothing is at zero.
func records(data string) []ledger.Record {
	if !strings.HasPrefix(data, "r") {
		panic("a report of two kinds needs no compression: " + data)
	}
	told, err := bus.Parse([]byte(data[1:]))
	must(err)
	out := make([]ledger.Record, 0, len(told))
	for k, name := range names {
		for _, r := range told {
			if r.Name == name {
				r.Item = sim.Item(k)
				out = append(out, r)
			}
		}
	}
	return out
}

// all adds the kinds that a report leaves out.
func all(told []ledger.Record) (out []ledger.Record) {
	for k := range names {
		r := ledger.Record{Item: sim.Item(k)}
		for _, t := range told {
			if t.Item == r.Item {
				r = t
			}
		}
		out = append(out, r)
	}
	return out
}

func (g *game) Bind(epoch ledger.Epoch) (ledger.Bound, bool) {
	answer, ok := g.send(epoch, "core", "bind", strconv.Itoa(g.number))
	if !ok {
		return ledger.Bound{}, false
	}
	if g.epoch != epoch {
		g.epoch, g.assigned = epoch, ledger.Epoch{}
	}
	have, _ := g.Goods()
	for k := range g.born {
		g.born[k] = have[k] - g.made[k]
	}
	tick, err := strconv.ParseInt(answer[0], 10, 64)
	must(err)
	g.printed = nil
	told := ledger.Bound{Ledger: strings.TrimPrefix(answer[1], "-"), World: ledger.World(answer[2]), Totals: all(records(answer[4])), Tick: tick}
	for n := 3; n+1 < len(answer); n += 2 {
		if answer[n] == "origin" {
			from, world, _ := strings.Cut(strings.TrimPrefix(answer[n+1], "r"), "/")
			told.FromLedger, told.FromWorld = strings.TrimPrefix(from, "-"), ledger.World(world)
		}
	}
	return told, true
}

func (g *game) Assign(a ledger.Assign) bool {
	fresh := 0
	if a.Fresh {
		fresh = 1
	}
	if _, ok := g.send(a.Epoch, "core", "assign", fmt.Sprintf("%s/%s/%d", a.Ledger, a.World, fresh)); !ok {
		return false
	}
	if g.assigned != a.Epoch && a.Fresh {
		g.births = &sim.Birth{World: a.World, Born: g.born, Before: g.births}
		for k := range g.born {
			g.made[k] += g.born[k]
		}
	}
	g.assigned = a.Epoch
	return true
}

func (g *game) Births() *sim.Birth { return g.births }

func (g *game) Assigned(epoch ledger.Epoch) bool { return g.assigned == epoch }

func (g *game) Grant(r ledger.Grant) { g.tell(r.Epoch, "grant", r.Item, r.G) }

func (g *game) Full(r ledger.Full) {
	full := int64(0)
	if r.Full {
		full = 1
	}
	g.tell(r.Epoch, "full", r.Item, full)
}

func (g *game) tell(epoch ledger.Epoch, op string, item ledger.Item, n int64) {
	for k := range names {
		if sim.Item(k) == item {
			g.send(epoch, "bus", op, string(bus.AppendNumber(nil, ledger.Item{Name: names[k], Quality: "normal"}, n)))
		}
	}
}

// Tell is the last line that was printed, and everything if there was none.
func (g *game) Tell() []ledger.Record {
	var last string
	for _, line := range g.printed {
		if words := strings.Fields(line); len(words) == 10 && words[0] == "mainbus:1" && words[3] == g.epoch.String() && words[7] == "bus" {
			last = words[9]
		}
	}
	g.printed = nil
	if last != "" {
		return records(last)
	}
	told, _ := g.Report(g.epoch)
	return told
}

func (g *game) Report(epoch ledger.Epoch) ([]ledger.Record, bool) {
	answer, ok := g.send(epoch, "core", "report", "")
	if !ok {
		return nil, false
	}
	return all(records(answer[4])), true
}

func (g *game) Goods() (have, made sim.Goods) {
	a := g.accounts()
	for k, name := range names {
		have[k] = g.count("simulated_count(%q)", name) + a.Buffer[name+"/normal"]
	}
	return have, g.made
}

func (g *game) Lacks() (out sim.Goods) {
	told, _ := g.Report(g.epoch)
	for k, r := range told {
		out[k] = r.W - r.I
	}
	return out
}

func (g *game) Live(r *rand.Rand) {
	k, n := r.IntN(len(names)), 1+r.IntN(15)
	name := names[k]
	switch r.IntN(6) {
	case 0:
		g.made[k] += g.count("simulated_make(%q, %d)", name, n)
	case 1:
		g.made[k] -= g.count("simulated_use(%q, %d)", name, n)
	case 2, 3:
		g.run(fmt.Sprintf("simulated_move(0.5, 3.5, %q, %d)", name, n))
	case 4:
		g.run(fmt.Sprintf("simulated_move(6.5, 0.5, %q, %d)", name, n))
	case 5:
		if r.IntN(4) == 0 {
			g.remote("clear", `{"x":6.5,"y":0.5}`)
		} else {
			g.remote("request", `{"x":6.5,"y":0.5}`, fmt.Sprintf(`[{"name":%q,"count":%d},{"name":%q,"count":%d}]`, names[0], 1+r.IntN(40), names[1], 1+r.IntN(40)))
		}
	}
	g.tick(1 + r.IntN(3))
}
