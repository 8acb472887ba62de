package api

import (
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/luavm"
)

// remoteInterface is functions that a script offers to all others.
type remoteInterface struct {
	owner     *Script
	functions *lua.LTable
}

func (i *remoteInterface) function(name string) *lua.LFunction {
	fn, _ := i.functions.RawGetString(name).(*lua.LFunction)
	return fn
}

func (s *Script) addRemoteClass() {
	declare(s, members[remoteObject]{
		name: "LuaRemote",
		attrs: attributes[remoteObject]{
			"interfaces": read(func(call, remoteObject) any {
				out := s.vm.L.NewTable()
				for _, name := range sorted(s.g.interfaces) {
					functions := s.vm.L.NewTable()
					from := s.g.interfaces[name].functions
					for key, _ := from.Next(lua.LNil); key != lua.LNil; key, _ = from.Next(key) {
						functions.RawSet(key, lua.LTrue)
					}
					out.RawSetString(name, functions)
				}
				return out
			}),
		},
		methods: methods[remoteObject]{
			"add_interface":    s.addInterface,
			"remove_interface": s.removeInterface,
			"call":             s.remoteCall,
		},
	})
}

func (s *Script) addInterface(c call, _ remoteObject) any {
	l := c.l
	name, functions := l.CheckString(1), l.CheckTable(2)
	if s.g.interfaces[name] != nil {
		l.RaiseError("Interface already exists: %s", name)
	}
	own := l.NewTable()
	for key, fn := functions.Next(lua.LNil); key != lua.LNil; key, fn = functions.Next(key) {
		if fn.Type() != lua.LTFunction || key.Type() != lua.LTString {
			l.RaiseError("Expected a table of functions.")
		}
		own.RawSet(key, fn)
	}
	s.g.interfaces[name] = &remoteInterface{owner: s, functions: own}
	return nothing{}
}

func (s *Script) removeInterface(c call, _ remoteObject) any {
	l := c.l
	name := l.CheckString(1)
	i := s.g.interfaces[name]
	if i != nil && i.owner == s {
		delete(s.g.interfaces, name)
	}
	return i != nil && i.owner == s
}

func (s *Script) remoteCall(c call, _ remoteObject) any {
	l := c.l
	name, function := l.CheckString(1), l.CheckString(2)
	i := s.g.interfaces[name]
	if i == nil {
		l.RaiseError("Unknown interface: %s", name)
	}
	fn := i.function(function)
	if fn == nil {
		l.RaiseError("No such function: %s.%s", name, function)
	}
	var args []lua.LValue
	for n := 3; n <= l.GetTop(); n++ {
		args = append(args, s.copyTo(l, i.owner, l.Get(n)))
	}
	results, err := i.owner.vm.Call(fn, args...)
	if err != nil {
		l.RaiseError("Error when running interface function %s.%s: %s", name, function, describe(err))
	}
	if len(results) == 0 {
		return nil
	}
	return i.owner.copyTo(l, s, results[0])
}

// describe is an error with its traceback.
func describe(err error) string {
	var failure *luavm.Error
	if errors.As(err, &failure) && failure.Traceback != "" {
		return failure.Message + "\n" + failure.Traceback
	}
	return err.Error()
}

// copyTo copies a value that leaves a script for another one: tables deeply and without metatables, functions not at
// all. Errors are raised in l.
func (s *Script) copyTo(l *lua.LState, to *Script, v lua.LValue) lua.LValue {
	c := copier{from: s, to: to, l: l, done: map[*lua.LTable]*lua.LTable{}}
	return c.copy(v)
}

type copier struct {
	from, to *Script
	l        *lua.LState
	done     map[*lua.LTable]*lua.LTable
}

func (c *copier) copy(v lua.LValue) lua.LValue {
	switch v := v.(type) {
	case *lua.LFunction:
		c.l.RaiseError("Can't copy object of type function")
	case *lua.LTable:
		if made, ok := c.done[v]; ok {
			return made
		}
		out := c.to.vm.L.NewTable()
		c.done[v] = out
		for key, value := v.Next(lua.LNil); key != lua.LNil; key, value = v.Next(key) {
			out.RawSet(c.copy(key), c.copy(value))
		}
		return out
	case *lua.LUserData:
		meta, _ := v.Metatable.(*lua.LTable)
		if class := c.from.byMeta[meta]; class != nil {
			return c.to.object(class.name, v.Value)
		}
	}
	return v
}

// RemoteCall calls a function of a remote interface with arguments in JSON, as another mod would, and returns its
// results as text.
func (g *Game) RemoteCall(name, function string, args [][]byte) (string, error) {
	i := g.interfaces[name]
	if i == nil || i.function(function) == nil {
		return "", fmt.Errorf("no function %s.%s", name, function)
	}
	values := make([]lua.LValue, len(args))
	for n, arg := range args {
		v, err := fromJSON(arg)
		if err != nil {
			return "", fmt.Errorf("argument %d of %s.%s: %w", n+1, name, function, err)
		}
		values[n] = v
	}
	results, err := i.owner.vm.Call(i.function(function), values...)
	if err != nil {
		return "", &HandlerError{Mod: i.owner.mod, Where: "remote." + name + "." + function, Err: err}
	}
	words := make([]string, len(results))
	for n, v := range results {
		words[n] = i.owner.vm.Text(v)
	}
	return strings.Join(words, ", "), nil
}
