package api

import (
	"math"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/world"
)

func (s *Script) addForceClass() {
	declare(s, members[*world.Force]{
		name:  "LuaForce",
		valid: func(f *world.Force) bool { return !f.Gone },
		attrs: attributes[*world.Force]{
			"name":    read(func(_ call, f *world.Force) any { return f.Name }),
			"index":   read(func(_ call, f *world.Force) any { return f.Index }),
			"recipes": read(func(_ call, f *world.Force) any { return customTable(recipesOf + f.Name) }),
			"players": read(func(c call, f *world.Force) any {
				return list(playersOf(c.w.Players, f))
			}),
			"connected_players": read(func(c call, f *world.Force) any {
				return list(playersOf(c.w.Connected(), f))
			}),
		},
		methods: methods[*world.Force]{
			"get_linked_inventory": func(c call, f *world.Force) any {
				p := c.entityPrototype(c.arg(1))
				if p.Type != "linked-container" {
					c.fail("The prototype is not a linked-container.")
				}
				return f.LinkedInventory(p.Name, uint32(c.count(c.arg(2))))
			},
			"get_spawn_position": func(c call, f *world.Force) any { return f.Spawn(c.surfaceOf(c.arg(1))) },
			"set_spawn_position": func(c call, f *world.Force) any {
				x, y := c.position(c.arg(1))
				f.SetSpawn(c.surfaceOf(c.arg(2)), world.Point{X: x, Y: y})
				return nothing{}
			},
			"get_entity_count": func(c call, f *world.Force) any {
				return c.w.CountEntities(f, c.entityPrototype(c.arg(1)).Name)
			},
			"get_logistic_groups": func(c call, f *world.Force) any {
				c.groupType(1)
				return list(sorted(f.Groups))
			},
			"create_logistic_group": func(c call, f *world.Force) any {
				name := c.text(c.arg(1))
				c.groupType(2)
				f.AddGroup(name)
				return nothing{}
			},
			"delete_logistic_group": func(c call, f *world.Force) any {
				name := c.text(c.arg(1))
				c.groupType(2)
				c.w.DeleteGroup(f, name)
				return nothing{}
			},
			"print": func(c call, f *world.Force) any { return c.print(playersOf(c.w.Connected(), f)) },
		},
	})
}

// groupType refuses groups of another kind than those of requests.
func (c call) groupType(arg int) {
	with := constant("logistic_group_type", "with_trash")
	if c.arg(arg) != lua.LNil && c.whole(c.arg(arg), 0, math.MaxInt32) != with {
		c.fail("the simulated game has no logistic groups of this type")
	}
}

func playersOf(players []*world.Player, f *world.Force) []*world.Player {
	var out []*world.Player
	for _, p := range players {
		if p.Force == f.Index {
			out = append(out, p)
		}
	}
	return out
}
