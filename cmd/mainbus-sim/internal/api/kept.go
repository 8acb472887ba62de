package api

import (
	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/world"
)

// keptClasses are the classes of prototypes that the map has no use for, by the attribute of prototypes. What is of one
// has a name, a type and an order.
var keptClasses = map[string]string{
	"achievement": "LuaAchievementPrototype", "ammo_category": "LuaAmmoCategoryPrototype",
	"equipment": "LuaEquipmentPrototype", "equipment_category": "LuaEquipmentCategoryPrototype",
	"fuel_category": "LuaFuelCategoryPrototype", "item_group": "LuaGroup", "item_subgroup": "LuaGroup",
	"mod_data": modDataClass, "module_category": "LuaModuleCategoryPrototype",
	"recipe_category": "LuaRecipeCategoryPrototype", "resource_category": "LuaResourceCategoryPrototype",
	"shortcut": "LuaShortcutPrototype", "technology": "LuaTechnologyPrototype", "tile": "LuaTilePrototype",
}

const modDataClass = "LuaModData"

// keptType is the attribute of a type of prototype: "technology".
var keptType = func() map[string]string {
	out := map[string]string{}
	for _, g := range constants {
		for attribute := range keptClasses {
			if g.path != "prototypes."+dashed(attribute) {
				continue
			}
			for _, name := range g.names {
				out[name] = attribute
			}
		}
	}
	return out
}()

// keptTable is the custom table of such an attribute.
func keptTable(attribute string) content {
	all := func(w *world.World) []*world.Kept {
		var out []*world.Kept
		for _, p := range w.Catalog.Kept {
			if keptType[p.Type] == attribute {
				out = append(out, p)
			}
		}
		return out
	}
	return named(all, func(p *world.Kept) string { return p.Name }, func(w *world.World, name string) *world.Kept {
		for _, p := range all(w) {
			if p.Name == name {
				return p
			}
		}
		return nil
	})
}

func (s *Script) addKeptClasses() {
	for _, class := range sorted(keptClasses) {
		m := members[*world.Kept]{
			name: keptClasses[class], valid: always[*world.Kept],
			attrs: attributes[*world.Kept]{
				"name":  read(func(_ call, p *world.Kept) any { return p.Name }),
				"type":  read(func(_ call, p *world.Kept) any { return p.Type }),
				"order": read(func(_ call, p *world.Kept) any { return p.Order }),
			},
		}
		if m.name == modDataClass {
			m.attrs["data"] = read(func(_ call, p *world.Kept) any { return s.plain(p.Data["data"]) })
			m.attrs["data_type"] = read(func(_ call, p *world.Kept) any { return p.DataType() })
			m.methods = methods[*world.Kept]{"get": func(c call, p *world.Kept) any {
				if data, ok := s.plain(p.Data["data"]).(*lua.LTable); ok {
					return data.RawGet(c.arg(1))
				}
				return nil
			}}
		}
		declare(s, m)
	}
}
