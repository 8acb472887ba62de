package api

import (
	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/world"
)

type playerAttribute = attribute[*world.Player]

func (s *Script) addPlayerClass() {
	attrs, methods := control(func(c call, p *world.Player) body { return body{c.w.CharacterOf(p), p} })
	declare(s, members[*world.Player]{
		name:    "LuaPlayer",
		valid:   func(p *world.Player) bool { return !p.Gone },
		attrs:   playerAttributes(),
		methods: playerMethods(),
	}.with(attrs, methods))
}

func playerAttributes() attributes[*world.Player] {
	surface := func(c call, p *world.Player) *world.Surface {
		s, _ := c.w.Place(p)
		return s
	}
	return attributes[*world.Player]{
		"name":      read(func(_ call, p *world.Player) any { return p.Name }),
		"index":     read(func(_ call, p *world.Player) any { return p.Index }),
		"connected": read(func(_ call, p *world.Player) any { return p.Online }),
		"admin": {
			get: func(c call, p *world.Player) any { return c.w.IsAdmin(p.Name) },
			set: func(c call, p *world.Player, v lua.LValue) {
				if c.boolean(v) {
					c.w.Promote(p.Name)
				} else {
					c.w.Demote(p.Name)
				}
			},
		},
		"locale":      read(func(call, *world.Player) any { return "en" }),
		"afk_time":    read(func(c call, p *world.Player) any { return c.w.AFKTime(p) }),
		"online_time": read(func(c call, p *world.Player) any { return c.w.OnlineTime(p) }),
		"last_online": read(func(c call, p *world.Player) any {
			if p.Online {
				return c.w.Tick
			}
			return p.LastOnline
		}),
		"color":      colored(func(p *world.Player) *world.Color { return &p.Color }),
		"chat_color": colored(func(p *world.Player) *world.Color { return &p.ChatColor }),
		"tag": {
			get: func(_ call, p *world.Player) any { return p.Tag },
			set: func(c call, p *world.Player, v lua.LValue) { p.Tag = c.text(v) },
		},
		"character": {
			get: func(c call, p *world.Player) any {
				if !p.Online {
					return nil
				}
				return c.w.CharacterOf(p)
			},
			set: setCharacter,
		},
		"controller_type":          read(controllerType),
		"physical_controller_type": read(controllerType),
		"physical_surface":         read(func(c call, p *world.Player) any { return surface(c, p) }),
		"physical_surface_index":   read(func(c call, p *world.Player) any { return surface(c, p).Index }),
		"physical_position": read(func(c call, p *world.Player) any {
			_, at := c.w.Place(p)
			return at
		}),
	}
}

func colored(of func(p *world.Player) *world.Color) playerAttribute {
	return playerAttribute{
		get: func(_ call, p *world.Player) any { return colorTable(*of(p)) },
		set: func(c call, p *world.Player, v lua.LValue) { *of(p) = c.color(v) },
	}
}

func controllerType(c call, p *world.Player) any {
	if c.w.CharacterOf(p) == nil {
		return constant("controllers", "god")
	}
	return constant("controllers", "character")
}

// setCharacter gives a player a character that nobody has, or none.
func setCharacter(c call, p *world.Player, v lua.LValue) {
	if v == lua.LNil {
		c.w.Detach(p)
		return
	}
	e := c.entityOf(v)
	if e.Type != "character" || (c.w.PlayerOf(e) != nil && c.w.PlayerOf(e) != p) {
		c.fail("The entity is not a free character.")
	}
	c.w.Detach(p)
	p.Character = e.Unit
}

func playerMethods() methods[*world.Player] {
	return methods[*world.Player]{
		"print": func(c call, p *world.Player) any { return c.print([]*world.Player{p}) },
		"create_character": func(c call, p *world.Player) any {
			name := "character"
			if c.arg(1) != lua.LNil {
				name = c.entityPrototype(c.arg(1)).Name
			}
			return p.Online && c.w.AddCharacter(p, name)
		},
		"set_controller": setController,
		"clear_cursor":   func(c call, p *world.Player) any { return c.w.ClearHand(p) },
		"connect_to_server": func(c call, p *world.Player) any { // a prompt on that player's screen
			address := c.text(c.named("address"))
			for _, name := range []string{"name", "description", "password"} {
				if v := c.named(name); v != lua.LNil {
					c.localised(v)
				}
			}
			p.Prompt = address
			return nothing{}
		},
	}
}

// setController is set_controller{type = ..., character = ...}: a character's, or a god's, who has no body.
func setController(c call, p *world.Player) any {
	switch c.whole(c.named("type"), 0, world.MaxSlots) {
	case constant("controllers", "character"):
		setCharacter(c, p, c.value(c.entityOf(c.named("character"))))
	case constant("controllers", "god"):
		c.w.Detach(p)
	default:
		c.fail("the simulated game has no controllers other than character and god")
	}
	return nothing{}
}

// print shows a text to players; it doesn't reach the server's output.
func (c call) print(to []*world.Player) any {
	if c.l.GetTop() == 0 {
		c.expected("a text", lua.LNil)
	}
	if c.arg(2) != lua.LNil {
		c.table(c.arg(2))
	}
	text := c.localised(c.arg(1))
	for _, p := range to {
		p.Show(text)
	}
	return nothing{}
}
