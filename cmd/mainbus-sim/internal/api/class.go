package api

import (
	lua "github.com/yuin/gopher-lua"
)

// class is one class of the game's objects. Reading or writing what it doesn't have raises.
type class struct {
	name    string
	attrs   map[string]func(self any) lua.LValue
	writes  map[string]func(l *lua.LState, self any, v lua.LValue)
	methods map[string]func(l *lua.LState, self any) int
	valid   func(self any) bool // nil is always
	index   func(l *lua.LState, self any, key lua.LValue) lua.LValue
	length  func(self any) int
	pairs   func(l *lua.LState, self any) *lua.LTable // what pairs goes over
	meta    *lua.LTable
}

// singleton is the value of objects of which there is one, such as game.
type singleton string

// addClass builds the metatable. Keys that are not text go to the index operator.
func (s *Script) addClass(c *class) {
	l := s.vm.L
	c.meta = l.NewTable()
	l.SetFuncs(c.meta, map[string]lua.LGFunction{
		"__index": c.read, "__newindex": c.write,
		"__tostring": func(l *lua.LState) int {
			l.Push(lua.LString("[" + c.name + "]"))
			return 1
		},
		"__eq": func(l *lua.LState) int {
			l.Push(lua.LBool(l.CheckUserData(1).Value == l.CheckUserData(2).Value))
			return 1
		},
	})
	if c.length != nil {
		c.meta.RawSetString("__len", l.NewFunction(func(l *lua.LState) int {
			self := l.CheckUserData(1).Value
			c.check(l, self)
			l.Push(lua.LNumber(c.length(self)))
			return 1
		}))
	}
	if c.pairs != nil {
		c.meta.RawSetString("__pairs", l.NewFunction(func(l *lua.LState) int {
			l.Push(l.GetGlobal("next"))
			l.Push(c.pairs(l, l.CheckUserData(1).Value))
			l.Push(lua.LNil)
			return 3
		}))
	}
	c.meta.RawSetString("__metatable", lua.LString("private"))
	s.classes[c.name] = c
	s.byMeta[c.meta] = c
}

// object wraps a value. Two objects of one value are equal but, as in the game, not the same table key.
func (s *Script) object(class string, value any) *lua.LUserData {
	return &lua.LUserData{Value: value, Metatable: s.classes[class].meta}
}

func (c *class) check(l *lua.LState, self any) {
	if c.valid != nil && !c.valid(self) {
		l.RaiseError("%s API call when %s was invalid.", c.name, c.name)
	}
}

func (c *class) read(l *lua.LState) int {
	self, key := l.CheckUserData(1).Value, l.Get(2)
	name, isText := key.(lua.LString)
	switch name {
	case "valid":
		if c.valid != nil {
			l.Push(lua.LBool(c.valid(self)))
			return 1
		}
	case "object_name":
		l.Push(lua.LString(c.name))
		return 1
	}
	c.check(l, self)
	if isText {
		if attr, ok := c.attrs[string(name)]; ok {
			l.Push(attr(self))
			return 1
		}
		if method, ok := c.methods[string(name)]; ok {
			l.Push(l.NewFunction(func(l *lua.LState) int {
				c.check(l, self)
				return method(l, self)
			}))
			return 1
		}
	}
	if c.index != nil {
		l.Push(c.index(l, self, key))
		return 1
	}
	l.RaiseError("%s doesn't contain key %s.", c.name, key.String())
	return 0
}

func (c *class) write(l *lua.LState) int {
	self, key := l.CheckUserData(1).Value, l.Get(2).String()
	c.check(l, self)
	if write, ok := c.writes[key]; ok {
		write(l, self, l.Get(3))
		return 0
	}
	if _, ok := c.attrs[key]; ok || key == "valid" || key == "object_name" {
		l.RaiseError("%s property %s is read only.", c.name, key)
	}
	l.RaiseError("%s doesn't contain key %s.", c.name, key)
	return 0
}

// method gives a class's method the type of its objects.
func method[T any](fn func(l *lua.LState, self T) int) func(*lua.LState, any) int {
	return func(l *lua.LState, self any) int { return fn(l, self.(T)) }
}

// attr gives a class's attribute the type of its objects.
func attr[T any](fn func(self T) lua.LValue) func(any) lua.LValue {
	return func(self any) lua.LValue { return fn(self.(T)) }
}

func ret(l *lua.LState, v lua.LValue) int {
	l.Push(v)
	return 1
}

func checkUserData[T any](v lua.LValue) (T, bool) {
	var none T
	u, ok := v.(*lua.LUserData)
	if !ok {
		return none, false
	}
	value, ok := u.Value.(T)
	return value, ok
}
