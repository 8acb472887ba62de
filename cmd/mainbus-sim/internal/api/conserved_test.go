package api

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"mainbus/cmd/mainbus-sim/internal/world"
)

// operations are what scripts do to items, fluids and energy. I is an inventory, K a slot of one, S a stack, N a number,
// E an entity, T a tank, A an accumulator, P a place.
var operations = []string{
	`I.insert(S)`, `I.insert(S)`, `I.insert(K)`, `I.remove(S)`, `I.clear()`, `I.sort_and_merge()`, `I.set_bar(N)`, `I.set_bar()`,
	`I.set_filter(1, "coal")`, `I.set_filter(1, nil)`, `I.resize(N)`, `I.destroy()`,
	`K.set_stack(S)`, `K.set_stack(K)`, `K.set_stack()`, `K.count = N`, `K.clear()`, `K.transfer_stack(K)`, `K.transfer_stack(K, N)`,
	`K.transfer_stack(K, N)`, `K.transfer_stack(S)`, `K.swap_stack(K)`, `K.swap_stack(K)`, `K.ammo = N`, `K.drain_ammo(N)`,
	`K.durability = N * 20`, `K.drain_durability(N * 10)`, `K.health = 0.5`, `K.spoil_percent = 0.3`, `K.spoil()`,
	`E.insert(S)`, `E.remove_item(S)`, `E.clear_items_inside()`, `E.destroy()`, `E.die()`, `E.mine()`, `E.mine{inventory = I}`,
	`E.mine{inventory = I, force = true}`, `game.players.Ann.mine_entity(E, N > 20)`, `E.teleport(P)`, `E.force = "blue"`, `E.link_id = N`,
	`chests[#chests + 1] = s.create_entity{name = "iron-chest", position = P, quality = "rare"}`,
	`chests[#chests + 1] = s.create_entity{name = "requester-chest", position = P}`,
	`chests[#chests + 1] = s.create_entity{name = "linked-chest", position = P, force = "blue"}`,
	`scripts[#scripts + 1] = game.create_inventory(N)`,
	`s.spill_item_stack{position = P, stack = S}`, `s.spill_item_stack{position = P, stack = S, drop_full_stack = true}`,
	`s.spill_inventory{position = P, inventory = I}`, `s.find_entities_filtered{type = "item-entity"}[1].stack.transfer_stack(K)`,
	`K.transfer_stack(s.find_entities_filtered{type = "item-entity"}[1].stack)`, `s.find_entities_filtered{type = "item-entity"}[1].destroy()`,
	`game.players.Ann.insert(S)`, `game.players.Ann.remove_item(S)`, `game.players.Ann.clear_cursor()`, `game.players.Ann.cursor_stack.swap_stack(K)`,
	`game.players.Ann.character.destroy()`, `game.players.Ann.create_character()`,
	`T.insert_fluid{name = "water", amount = N * 700.25, temperature = N}`, `T.insert_fluid{name = "steam", amount = N * 1e4, temperature = 500}`,
	`T.remove_fluid{name = "water", amount = N * 99.7}`, `T.remove_fluid{name = "steam", amount = N}`, `T.clear_fluid_inside()`,
	`T.set_fluid(1, {name = "water", amount = N})`, `T.fluidbox[1] = {name = "steam", amount = N * 1e5}`, `T.fluidbox[1] = nil`, `T.destroy()`,
	`A.energy = N * 1e5`, `A.energy = 0`, `A.destroy()`,
	`tanks[#tanks + 1] = s.create_entity{name = "storage-tank", position = P}`,
	`accumulators[#accumulators + 1] = s.create_entity{name = "accumulator", position = P, quality = "epic"}`,
	`s = game.create_surface("cave" .. game.tick)`, `game.delete_surface(s)`, `s.clear()`, `s = game.surfaces.nauvis`,
	`game.merge_forces("blue", "player")`, `game.create_force("blue")`,
}

// randomOperation fills a template.
func randomOperation(r *rand.Rand) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	inventory := func() string {
		return pick(`one(chests).get_inventory(defines.inventory.chest)`, `one(chests).get_inventory(defines.inventory.chest)`, `one(scripts)`,
			`game.players.Ann.get_main_inventory()`, `game.players.Ann.get_inventory(defines.inventory.character_ammo)`)
	}
	number := func() string { return fmt.Sprint(r.IntN(60)) }
	var out strings.Builder
	for _, c := range operations[r.IntN(len(operations))] {
		switch c {
		case 'I':
			out.WriteString(inventory())
		case 'K':
			fmt.Fprintf(&out, "%s[%d]", inventory(), 1+r.IntN(4))
		case 'S':
			fmt.Fprintf(&out, `{name = %q, count = %s, quality = %q, ammo = %d, spoil_percent = 0.%d}`, pick("coal", "iron-plate", "firearm-magazine", "repair-pack", "yumako", "light-armor"),
				number(), pick("normal", "normal", "rare"), 1+r.IntN(10), r.IntN(9))
		case 'N':
			out.WriteString(number())
		case 'E':
			out.WriteString("one(chests)")
		case 'T':
			out.WriteString("one(tanks)")
		case 'A':
			out.WriteString("one(accumulators)")
		case 'P':
			fmt.Fprintf(&out, "{%d, %d}", r.IntN(100), r.IntN(100))
		default:
			out.WriteRune(c)
		}
	}
	return out.String()
}

// TestAllIsConserved does random things and adds up after each.
func TestAllIsConserved(t *testing.T) {
	seeds := uint64(4)
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { conserve(t, seed, 1000) })
	}
}

func conserve(t *testing.T, seed uint64, operations int) {
	r := rand.New(rand.NewPCG(seed, 1))
	g, host, w := newSteps(t)
	const begin = `chests, scripts, tanks, accumulators, n = {build("steel-chest", 9, 9), build("linked-chest", 12, 9)}, {}, {build("storage-tank", 20, 20)}, {build("accumulator", 30, 30)}, 0
		local makes = {[chests] = "steel-chest", [tanks] = "storage-tank", [accumulators] = "accumulator"}
		function one(list)
			for i = #list, 1, -1 do if not list[i].valid then table.remove(list, i) end end
			if #list == 0 then list[1] = makes[list] and build(makes[list], 9, 9) or game.create_inventory(5) end
			n = n + 7
			return list[n % #list + 1]
		end`
	if got := say(t, g, host, begin); got != "" {
		t.Fatal(got)
	}
	worked := 0
	for i := range operations {
		source := randomOperation(r)
		if err := g.Console(source); err == nil {
			worked++
		}
		if err := g.Err(); err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		switch {
		case i%10 == 0:
			w.Advance()
			w.Step()
		case i%97 == 0: // people too
			visit(t, w, r)
		}
		balanced(t, w)
		if t.Failed() {
			t.Fatalf("after operation %d: %s", i, source)
		}
	}
	if worked < operations/3 {
		t.Errorf("only %d of %d operations did something", worked, operations)
	}
	sameAfterLoad(t, w)
}

func visit(t *testing.T, w *world.World, r *rand.Rand) {
	t.Helper()
	ann := w.Player("Ann")
	switch {
	case ann.Online:
		w.Drop(ann)
		for _, e := range w.Find(w.Surfaces[0], world.Where{Names: map[string]bool{"item-on-ground": true}}) {
			if r.IntN(3) == 0 {
				w.PickUp(ann, e)
			}
		}
		w.BuildBy(ann, "iron-chest", "", w.Surfaces[0], 500, 500)
		w.Carry(ann, world.CharacterMain, world.Amount{Key: world.Key{Name: "iron-chest"}, Count: 2})
		w.Leave(ann, world.Quit)
		if r.IntN(3) > 0 {
			break
		}
		w.RemovePlayer(ann)
		fallthrough
	default:
		if _, err := w.Join("Ann"); err != nil {
			t.Fatal(err)
		}
	}
}

// sameAfterLoad fails unless a save holds all there is.
func sameAfterLoad(t *testing.T, w *world.World) {
	t.Helper()
	data, err := w.Save()
	if err != nil {
		t.Fatal(err)
	}
	again, err := world.Load(data, w.Catalog, nil)
	if err != nil {
		t.Fatal(err)
	}
	second, err := again.Save()
	if err != nil {
		t.Fatal(err)
	}
	if string(data) != string(second) {
		t.Error("the save of a loaded world differs from the save that it was loaded from")
	}
	if !reflect.DeepEqual(w.Sums(), again.Sums()) || !reflect.DeepEqual(w.FluidSums(), again.FluidSums()) || w.EnergySum() != again.EnergySum() {
		t.Error("a loaded world holds something else")
	}
}
