package luavm

import (
	"fmt"
	"math"

	lua "github.com/yuin/gopher-lua"

	"mainbus/hostagent/factorio/scriptdat"
)

// Objects turns game objects into the eight bytes that stand for them in a save, and back.
type Objects interface {
	// Pack is false for objects that can't be stored.
	Pack(object *lua.LUserData) (uint64, bool)
	// Unpack never fails: an object that is gone is one that isn't valid.
	Unpack(packed uint64) lua.LValue
}

// Metatables are those that a script registered, by name. Objects may have them too.
type Metatables interface {
	// MetatableName is false for one that isn't registered.
	MetatableName(meta *lua.LTable) (string, bool)
	// MetatableNamed is nil for a name that isn't registered.
	MetatableNamed(name string) *lua.LTable
}

// metatableKey is the key under which a packed table has the name of its metatable. How the game writes that is not
// known.
const metatableKey = "\x00metatable"

// Pack copies a table into the form of the save file. Tables that occur more than once are written once; a Ref is the
// number of a table in order of first occurrence, the outermost being 0. Functions are an error; of metatables the names of registered ones are kept.
func Pack(t *lua.LTable, objects Objects) (*scriptdat.Table, error) {
	p := packer{objects: objects, numbers: map[*lua.LTable]int{}}
	value, err := p.value(t, "storage")
	if err != nil {
		return nil, err
	}
	return value.(*scriptdat.Table), nil
}

type packer struct {
	objects Objects
	numbers map[*lua.LTable]int
}

func (p *packer) value(v lua.LValue, path string) (scriptdat.Value, error) {
	switch v := v.(type) {
	case *lua.LNilType:
		return nil, nil
	case lua.LBool:
		return bool(v), nil
	case lua.LNumber:
		return float64(v), nil
	case lua.LString:
		return string(v), nil
	case *lua.LTable:
		return p.table(v, path)
	case *lua.LUserData:
		if packed, ok := p.objects.Pack(v); ok {
			return scriptdat.Object(packed), nil
		}
	}
	return nil, fmt.Errorf("can't save a %s at %s", v.Type(), path)
}

func (p *packer) table(t *lua.LTable, path string) (scriptdat.Value, error) {
	if number, ok := p.numbers[t]; ok {
		if number > math.MaxUint16 {
			return nil, fmt.Errorf("shared table at %s comes after %d others", path, number)
		}
		return scriptdat.Ref(number), nil
	}
	p.numbers[t] = len(p.numbers)
	out := &scriptdat.Table{}
	if names, ok := p.objects.(Metatables); ok {
		if meta, ok := t.Metatable.(*lua.LTable); ok {
			if name, ok := names.MetatableName(meta); ok {
				out.Pairs = append(out.Pairs, scriptdat.Pair{Key: metatableKey, Value: name})
			}
		}
	}
	for key, v := t.Next(lua.LNil); key != lua.LNil; key, v = t.Next(key) {
		packedKey, err := p.value(key, path+" (key)")
		if err != nil {
			return nil, err
		}
		packed, err := p.value(v, path+"."+key.String())
		if err != nil {
			return nil, err
		}
		out.Pairs = append(out.Pairs, scriptdat.Pair{Key: packedKey, Value: packed})
	}
	return out, nil
}

// Unpack makes the table that Pack saw.
func Unpack(packed *scriptdat.Table, objects Objects) (*lua.LTable, error) {
	u := unpacker{objects: objects}
	if packed == nil {
		packed = &scriptdat.Table{}
	}
	v, err := u.value(packed)
	if err != nil {
		return nil, err
	}
	return v.(*lua.LTable), nil
}

type unpacker struct {
	objects Objects
	tables  []*lua.LTable
}

func (u *unpacker) value(v scriptdat.Value) (lua.LValue, error) {
	switch v := v.(type) {
	case nil:
		return lua.LNil, nil
	case bool:
		return lua.LBool(v), nil
	case float64:
		return lua.LNumber(v), nil
	case string:
		return lua.LString(v), nil
	case scriptdat.Object:
		return u.objects.Unpack(uint64(v)), nil
	case scriptdat.Ref:
		if int(v) >= len(u.tables) {
			return nil, fmt.Errorf("storage refers to table %d of %d", v, len(u.tables))
		}
		return u.tables[v], nil
	case *scriptdat.Table:
		return u.table(v)
	}
	return nil, fmt.Errorf("storage holds a %T", v)
}

func (u *unpacker) table(packed *scriptdat.Table) (lua.LValue, error) {
	t := &lua.LTable{Metatable: lua.LNil}
	u.tables = append(u.tables, t)
	for _, pair := range packed.Pairs {
		if pair.Key == metatableKey {
			if err := u.setMetatable(t, pair.Value); err != nil {
				return nil, err
			}
			continue
		}
		key, err := u.value(pair.Key)
		if err != nil {
			return nil, err
		}
		v, err := u.value(pair.Value)
		if err != nil {
			return nil, err
		}
		if key == lua.LNil {
			return nil, fmt.Errorf("storage has a nil key")
		}
		t.RawSet(key, v)
	}
	return t, nil
}

// setMetatable gives a table back the metatable of a name.
func (u *unpacker) setMetatable(t *lua.LTable, name scriptdat.Value) error {
	names, _ := u.objects.(Metatables)
	text, ok := name.(string)
	if names == nil || !ok {
		return fmt.Errorf("storage has a metatable named %v", name)
	}
	if meta := names.MetatableNamed(text); meta != nil { // the game drops the link of one that is not registered any more
		t.Metatable = meta
	}
	return nil
}
