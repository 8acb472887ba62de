package sim

import (
	"cmp"
	"math/rand/v2"

	"mainbus/controller/ledger"
)

// World is a running game with the module in it, the world's half of the protocol.
type World interface {
	// Identity is the ledger that the world belongs to, empty if none, and its id.
	Identity() (of string, world ledger.World)
	// Bind is false if the world was bound by somebody newer. The answer has no slot, epoch and new id.
	Bind(ledger.Epoch) (ledger.Bound, bool)
	// Assign is false if the world is not bound to the assignment's epoch.
	Assign(ledger.Assign) bool
	// Assigned says whether the world may trade under an epoch.
	Assigned(ledger.Epoch) bool
	Grant(ledger.Grant)
	Full(ledger.Full)
	Tick() int64
	// Tell is what the world says by itself.
	Tell() []ledger.Record
	// Report is everything, asked for under an epoch; false if that is not the one the world is bound to.
	Report(ledger.Epoch) ([]ledger.Record, bool)
	// Live is the map's own doing: making, using, sending, handing out.
	Live(*rand.Rand)
	Save() Save
	// Goods says what there is, buffer included, and what was made here since the world got its identity, which what
	// it began with is part of.
	Goods() (have, made Goods)
	// Births are the identities that the world got, the newest first.
	Births() *Birth
	// Lacks is what requests wait for, beyond what the buffer holds.
	Lacks() Goods
}

// Birth is how a world got an identity: what it had then and had not made, because it was born with it.
type Birth struct {
	World  ledger.World
	Born   Goods
	Before *Birth
}

// Save is a world in a file.
type Save interface {
	Identity() (of string, world ledger.World)
	Totals() []ledger.Record
	Tick() int64
	Load() World
}

// Break names a rule of the world's half that is broken. The simulation is worth something only if it notices each.
type Break string

// The rules that can be broken.
const (
	NoReconcile  Break = "the world reports at bind what it reported last, not what its save holds"
	DeltaGrants  Break = "a grant is added instead of set"
	NoZero       Break = "a new identity keeps its counters"
	LostBuffer   Break = "the buffer is not in the save"
	CountTwice   Break = "some exports are counted twice"
	TakeAndCrash Break = "some goods are taken without being counted"
	NoRunCheck   Break = "a grant of another epoch is taken"
	AssignAgain  Break = "an assignment takes effect each time that it arrives"
	CountLater   Break = "exports are counted some time after they are taken"
	TradeEarly   Break = "a world goes on trading between bind and assign"
	NoRename     Break = "what mods have renamed is not told"
	RenameOnce   Break = "what mods have renamed is told until an assignment only"
)

// Breaks are all of them.
var Breaks = []Break{NoReconcile, DeltaGrants, NoZero, LostBuffer, CountTwice, TakeAndCrash, NoRunCheck, AssignAgain, CountLater, NoRename, RenameOnce}

// game is a world in Go: what a crash rolls back, the map and the script's storage.
type game struct {
	people
	rule       Break
	ledger     string
	world      ledger.World
	fromLedger string
	fromWorld  ledger.World
	epoch      ledger.Epoch // bound to
	assigned   ledger.Epoch
	trading    bool
	contents   Goods // of chests
	made       Goods // appeared less consumed
	born       Goods // what was here when it was bound, less made until then
	need       Goods
	e, i       Goods
	buffer     Goods
	tick       int64
	mods       int         // version by which goods are named
	toldFrom   int         // version from which on it tells what was renamed
	full       [Kinds]bool // told to send no more
	births     *Birth
	uncounted  Goods // only where a rule is broken
}

func newGame(s Setup) Save {
	g := game{rule: s.Break, world: s.World, contents: s.Contents, made: s.Contents}
	g.empty = s.Empty
	if s.Foreign {
		g.ledger, g.e, g.i = "beef", Goods{100, 100}, Goods{10, 200}
	}
	return g
}

func (g game) Load() World {
	g.trading = false
	g.disconnect()
	return &g
}

func (g game) Identity() (string, ledger.World) { return g.ledger, g.world }

func (g *game) Save() Save {
	saved := *g
	if g.rule == LostBuffer {
		saved.buffer = Goods{}
	}
	return saved
}

func (g *game) Goods() (have, made Goods) { return g.contents.plus(g.buffer).plus(g.carried()), g.made }

func (g game) Lacks() (out Goods) {
	for k := range out {
		out[k] = max(0, g.need[k]-g.buffer[k])
	}
	return out
}

func (g game) Tell() []ledger.Record {
	out := make([]ledger.Record, Kinds)
	lacks := g.Lacks()
	for k := range out {
		out[k] = ledger.Record{Item: named(k, g.mods), E: g.e[k], I: g.i[k], W: g.i[k] + lacks[k]}
	}
	return out
}

func (g *game) Report(epoch ledger.Epoch) ([]ledger.Record, bool) { return g.Tell(), epoch == g.epoch }

func compareEpochs(a, b ledger.Epoch) int {
	return cmp.Or(cmp.Compare(a.Incarnation, b.Incarnation), cmp.Compare(a.Number, b.Number))
}

func (g *game) Bind(epoch ledger.Epoch) (ledger.Bound, bool) {
	if compareEpochs(epoch, g.epoch) < 0 {
		return ledger.Bound{}, false
	}
	g.epoch, g.full = epoch, [Kinds]bool{}
	carried := g.carried()
	for k := range g.born {
		g.born[k] = g.contents[k] + g.buffer[k] + carried[k] - g.made[k]
	}
	g.trading = g.trading && g.rule == TradeEarly
	return ledger.Bound{Ledger: g.ledger, World: g.world, Totals: g.Tell(), Players: g.Players(), Tick: g.tick, FromLedger: g.fromLedger, FromWorld: g.fromWorld}, true
}

func (g *game) Assigned(epoch ledger.Epoch) bool {
	return g.trading && g.epoch == epoch && g.assigned == epoch
}

func (g *game) Assign(a ledger.Assign) bool {
	if g.epoch != a.Epoch {
		return false
	}
	again := g.assigned == a.Epoch
	if !again || g.rule == AssignAgain {
		if a.Fresh && g.rule != NoZero {
			g.e, g.i = Goods{}, Goods{}
		}
		if a.World != g.world {
			g.fromLedger, g.fromWorld = g.ledger, g.world
		}
		g.ledger, g.world = a.Ledger, a.World
		g.assignPlayers(a)
	}
	if !again && a.Fresh {
		// What this identity began with is what there was at bind: nothing may leave before assign.
		g.births = &Birth{a.World, g.born, g.births}
		g.made, g.born = g.made.plus(g.born), Goods{}
	}
	g.assigned = a.Epoch
	g.trading = true
	if g.rule == RenameOnce {
		g.toldFrom = g.mods
	}
	g.emptyBoxes()
	return true
}

func (g *game) Grant(r ledger.Grant) {
	k, known := kindOf(r.Item)
	if !known || r.Item != named(k, g.mods) || !g.trading || g.epoch != r.Epoch && g.rule != NoRunCheck {
		return
	}
	if g.rule == DeltaGrants {
		g.i[k] += r.G
		g.buffer[k] += r.G
	} else if n := r.G - g.i[k]; n > 0 {
		g.i[k] = r.G
		g.buffer[k] += n
	}
}

func (g *game) Full(r ledger.Full) {
	if k, known := kindOf(r.Item); known && r.Item == named(k, g.mods) && g.epoch == r.Epoch {
		g.full[k] = r.Full
	}
}

func (g game) Tick() int64 { return g.tick }

func (g game) Births() *Birth { return g.births }

func (g game) Totals() []ledger.Record { return g.Tell() }

func (g *game) Live(r *rand.Rand) {
	g.livePlayers(r)
	g.tick += int64(1 + r.IntN(5))
	k, n := r.IntN(Kinds), int64(1+r.IntN(15))
	switch r.IntN(6) {
	case 0:
		g.contents[k] += n
		g.made[k] += n
	case 1:
		n = min(n, g.contents[k])
		g.contents[k] -= n
		g.made[k] -= n
	case 2, 3:
		if g.trading && !g.full[k] {
			g.export(k, min(n, g.contents[k]))
		}
	case 4:
		n = min(n, g.buffer[k])
		g.buffer[k] -= n
		g.contents[k] += n
	case 5:
		g.need[k] = int64(r.IntN(20))
		if g.need[k] == 0 && g.trading { // what nobody wants any more goes back
			g.e[k] += g.buffer[k]
			g.buffer[k] = 0
		}
	}
}

func (g *game) export(k int, n int64) {
	g.contents[k] -= n
	switch {
	case g.rule == CountTwice && n == 7:
		g.e[k] += 2 * n
	case g.rule == TakeAndCrash && n == 7:
	case g.rule == CountLater:
		g.e[k] += g.uncounted[k]
		g.uncounted[k] = n
	default:
		g.e[k] += n
	}
}
