package api

import (
	"maps"
	"reflect"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/world"
)

//go:generate go test . -count=1 -update

// members is the table of a class whose objects are a T: what is in it the class offers, everything else raises. Adding
// a member is adding a line, adding a class is a table given to declare; docs/simulator.md says how.
type members[T any] struct {
	name    string
	valid   func(T) bool // nil for classes without the attribute valid
	attrs   attributes[T]
	methods methods[T]
	index   func(c call, self T, key lua.LValue) any // keys that are no member
	write   func(c call, self T, key, v lua.LValue)  // writes to such keys
	length  func(c call, self T) int
	pairs   func(c call, self T) *lua.LTable // what pairs goes over
}

// attributes by name.
type attributes[T any] map[string]attribute[T]

// attribute reads and, unless set is nil, writes a value. What get returns is made a Lua value by Script.value.
type attribute[T any] struct {
	get func(c call, self T) any
	set func(c call, self T, v lua.LValue)
}

// methods by name. The results are a value for Script.value, several{} of them, or nothing.
type methods[T any] map[string]func(c call, self T) any

// several results of a method.
type several []any

// nothing is the result of a method that has none.
type nothing struct{}

// read is an attribute that can only be read.
func read[T any](get func(c call, self T) any) attribute[T] { return attribute[T]{get: get} }

// call is one use of a member: the script that does it, and its arguments. Its methods are in args.go.
type call struct {
	*Script
	l *lua.LState
	w *world.World
}

func (s *Script) call(l *lua.LState) call { return call{Script: s, l: l, w: s.p.World} }

// declare makes a class of its table. Values of the type T become objects of it.
func declare[T any](s *Script, m members[T]) {
	c := &class{
		name: m.name, attrs: map[string]func(any) lua.LValue{}, writes: map[string]func(*lua.LState, any, lua.LValue){},
		methods: map[string]func(*lua.LState, any) int{},
	}
	if m.valid != nil {
		c.valid = func(self any) bool { return m.valid(self.(T)) }
	}
	for name, a := range m.attrs {
		c.attrs[name] = func(self any) lua.LValue { return s.value(a.get(s.call(s.vm.L), self.(T))) }
		if a.set != nil {
			c.writes[name] = func(l *lua.LState, self any, v lua.LValue) { a.set(s.call(l), self.(T), v) }
		}
	}
	for name, fn := range m.methods {
		c.methods[name] = func(l *lua.LState, self any) int { return s.push(l, fn(s.call(l), self.(T))) }
	}
	if m.index != nil {
		c.index = func(l *lua.LState, self any, key lua.LValue) lua.LValue {
			return s.value(m.index(s.call(l), self.(T), key))
		}
	}
	if m.write != nil {
		c.put = func(l *lua.LState, self any, key, v lua.LValue) { m.write(s.call(l), self.(T), key, v) }
	}
	if m.length != nil {
		c.length = func(self any) int { return m.length(s.call(s.vm.L), self.(T)) }
	}
	if m.pairs != nil {
		c.pairs = func(l *lua.LState, self any) *lua.LTable { return m.pairs(s.call(l), self.(T)) }
	}
	s.addClass(c)
	s.byType[reflect.TypeFor[T]()] = c
}

// push gives a method's results to Lua.
func (s *Script) push(l *lua.LState, result any) int {
	switch result := result.(type) {
	case nothing:
		return 0
	case several:
		for _, v := range result {
			l.Push(s.value(v))
		}
		return len(result)
	}
	l.Push(s.value(result))
	return 1
}

// with adds members that classes have in common; T's own go first.
func (m members[T]) with(attrs attributes[T], methods methods[T]) members[T] {
	maps.Copy(attrs, m.attrs)
	maps.Copy(methods, m.methods)
	m.attrs, m.methods = attrs, methods
	return m
}

// class is a class as the Lua state has it. Reading or writing what it doesn't have raises.
type class struct {
	name    string
	attrs   map[string]func(self any) lua.LValue
	writes  map[string]func(l *lua.LState, self any, v lua.LValue)
	methods map[string]func(l *lua.LState, self any) int
	valid   func(self any) bool // nil is always
	index   func(l *lua.LState, self any, key lua.LValue) lua.LValue
	put     func(l *lua.LState, self any, key, v lua.LValue)
	length  func(self any) int
	pairs   func(l *lua.LState, self any) *lua.LTable // what pairs goes over
	meta    *lua.LTable
}

// touched is called for each use of a member. Tests set it, to know which members they try.
var touched func(class, member string, write bool)

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
			c.touch("[length]", false)
			l.Push(lua.LNumber(c.length(self)))
			return 1
		}))
	}
	if c.pairs != nil {
		c.meta.RawSetString("__pairs", l.NewFunction(func(l *lua.LState) int {
			self := l.CheckUserData(1).Value
			c.check(l, self)
			c.touch("[pairs]", false)
			l.Push(l.GetGlobal("next"))
			l.Push(c.pairs(l, self))
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

func (c *class) touch(member string, write bool) {
	if touched != nil {
		touched(c.name, member, write)
	}
}

func (c *class) read(l *lua.LState) int {
	self, key := l.CheckUserData(1).Value, l.Get(2)
	name, isText := key.(lua.LString)
	switch name {
	case "valid":
		if c.valid != nil {
			c.touch("valid", false)
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
			c.touch(string(name), false)
			l.Push(attr(self))
			return 1
		}
		if method, ok := c.methods[string(name)]; ok {
			l.Push(l.NewFunction(func(l *lua.LState) int {
				c.touch(string(name), false)
				c.check(l, self)
				return method(l, self)
			}))
			return 1
		}
	}
	if c.index != nil {
		c.touch("[index]", false)
		l.Push(c.index(l, self, key))
		return 1
	}
	l.RaiseError("%s", c.missing(key.String()))
	return 0
}

func (c *class) write(l *lua.LState) int {
	self, key := l.CheckUserData(1).Value, l.Get(2)
	c.check(l, self)
	name, isText := key.(lua.LString)
	if write, ok := c.writes[string(name)]; ok && isText {
		c.touch(string(name), true)
		write(l, self, l.Get(3))
		return 0
	}
	if _, ok := c.attrs[string(name)]; isText && (ok || name == "valid" || name == "object_name") {
		l.RaiseError("%s property %s is read only.", c.name, string(name))
	}
	if c.put != nil {
		c.touch("[index]", true)
		c.put(l, self, key, l.Get(3))
		return 0
	}
	l.RaiseError("%s", c.missing(key.String()))
	return 0
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
