// Package luavm is a Lua 5.2 as the game has it, on an interpreter of Lua 5.1: numbers become text with 14 digits,
// pairs goes in order of insertion, the libraries that reach outside the game are missing. It knows nothing of the
// game's objects. A VM belongs to one goroutine and has none of its own.
package luavm

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	"mainbus/hostagent/factorio/lua52"
)

// Config is what a VM needs from its owner.
type Config struct {
	// Find gives the text and the canonical name of the file that require(name) means.
	Find func(name string) (path string, source []byte, err error)
	// Random drives math.random; its state is part of the save.
	Random *rand.PCG
	// Print takes what print prints: arguments as text with tabs between them.
	Print func(text string)
	// Files are shared with other VMs that run the same files; nil: nobody does.
	Files *Files
}

// VM is one Lua state.
type VM struct {
	L       *lua.LState
	cfg     Config
	loaded  map[string]lua.LValue
	sealed  bool
	threads []*lua.LState // one per depth of protected calls, see protected
	depth   int
	calls   int // of Call that are under way
}

// Error is a Lua error that no pcall caught.
type Error struct {
	Message   string
	Traceback string // "stack traceback:" and a tab-indented line per frame; empty for errors of syntax
}

func (e *Error) Error() string { return e.Message }

const (
	maxCalls    = 16000 // nested calls; the game's limit of C stack and registers lies near
	maxRegistry = 1 << 20
)

// New makes a VM with the game's libraries and no game objects.
func New(cfg Config) *VM {
	if cfg.Files == nil {
		cfg.Files = &Files{}
	}
	vm := &VM{
		cfg:    cfg,
		loaded: map[string]lua.LValue{},
		L: lua.NewState(lua.Options{
			SkipOpenLibs: true, CallStackSize: maxCalls, MinimizeStackMemory: true,
			RegistrySize: 1024, RegistryMaxSize: maxRegistry, RegistryGrowStep: 1024,
		}),
	}
	vm.openLibraries()
	return vm
}

// Close frees the state.
func (vm *VM) Close() { vm.L.Close() }

// Seal ends the time in which require works.
func (vm *VM) Seal() { vm.sealed = true }

// Load compiles a script. Its name stands in error messages as given.
func (vm *VM) Load(source, name string) (*lua.LFunction, error) {
	return vm.load(source, name, vm.L.G.Global)
}

func (vm *VM) load(source, name string, env *lua.LTable) (*lua.LFunction, error) {
	proto, err := compile(source, name)
	if err != nil {
		return nil, err
	}
	fn := vm.L.NewFunctionFromProto(proto)
	fn.Env = env
	return fn, nil
}

// loadFile compiles a file, unless one of the VMs that share its Files has done so.
func (vm *VM) loadFile(source, name string) (*lua.LFunction, error) {
	proto, err := vm.cfg.Files.compile(source, name)
	if err != nil {
		return nil, err
	}
	return vm.L.NewFunctionFromProto(proto), nil
}

// Files keeps compiled files for the VMs that share it, which may run at the same time: what is compiled never changes.
// The zero value is empty. It forgets nothing.
type Files struct{ compiled sync.Map }

type file struct{ name, source string }

func (f *Files) compile(source, name string) (*lua.FunctionProto, error) {
	if known, ok := f.compiled.Load(file{name, source}); ok {
		return known.(*lua.FunctionProto), nil
	}
	proto, err := compile(source, name)
	if err == nil {
		f.compiled.Store(file{name, source}, proto)
	}
	return proto, err
}

func compile(source, name string) (*lua.FunctionProto, error) {
	text := source
	if strings.HasPrefix(source, "#") { // Lua skips a first line for the shell
		text = "--" + source
	}
	chunk, err := parse.Parse(strings.NewReader(lua52.Escapes(text)), name)
	if err != nil {
		return nil, syntaxError(name, err)
	}
	proto, err := lua.Compile(normalise(chunk), name)
	if err != nil {
		return nil, syntaxError(name, err)
	}
	return proto, nil
}

func syntaxError(name string, err error) error {
	var syntax *parse.Error
	if !errors.As(err, &syntax) {
		return &Error{Message: err.Error()}
	}
	near := "'" + syntax.Token + "'"
	if syntax.Token == "" || syntax.Pos.Line == parse.EOF {
		near = "<eof>"
	}
	if syntax.Pos.Line == parse.EOF {
		syntax.Pos.Line = 1
	}
	message := strings.ReplaceAll(syntax.Message, "parse error", "syntax error")
	return &Error{Message: fmt.Sprintf("%s:%d: %s near %s", name, syntax.Pos.Line, message, near)}
}

// Run loads and calls a script of the start-up.
func (vm *VM) Run(source, name string) error {
	fn, err := vm.loadFile(source, name)
	if err != nil {
		return err
	}
	_, err = vm.Call(fn)
	return err
}

// Call calls a function from outside Lua and returns what it returns. The error is an *Error. It may be called while
// Lua that an earlier Call began is running.
func (vm *VM) Call(fn *lua.LFunction, args ...lua.LValue) ([]lua.LValue, error) {
	vm.calls++
	defer func() { vm.calls-- }()
	var results []lua.LValue
	var err error
	if vm.calls == 1 {
		results, err = call(vm.L, fn, args)
	} else {
		results, err = vm.protected(fn, args)
	}
	if err == nil {
		return results, nil
	}
	failure := &Error{Message: err.Error()}
	var api *lua.ApiError
	if errors.As(err, &api) {
		failure.Message = vm.Text(api.Object)
		failure.Traceback = traceback(api.StackTrace)
	}
	return nil, failure
}

func call(l *lua.LState, fn lua.LValue, args []lua.LValue) ([]lua.LValue, error) {
	top := l.GetTop()
	l.Push(fn)
	for _, arg := range args {
		l.Push(arg)
	}
	if err := l.PCall(len(args), lua.MultRet, nil); err != nil {
		return nil, err
	}
	var results []lua.LValue
	if n := l.GetTop() - top; n > 0 {
		results = make([]lua.LValue, n)
		for i := range results {
			results[i] = l.Get(top + 1 + i)
		}
	}
	l.SetTop(top)
	return results, nil
}

// protected runs a function for pcall in a state of its own. In the interpreter's own pcall an error detaches the
// closures of all callers from their variables; here it can reach only the state that it ends in.
func (vm *VM) protected(fn lua.LValue, args []lua.LValue) ([]lua.LValue, error) {
	if vm.depth == len(vm.threads) {
		if vm.depth >= 190 { // LUAI_MAXCCALLS is 200
			return nil, &lua.ApiError{Type: lua.ApiErrorRun, Object: lua.LString("error in error handling")}
		}
		thread, _ := vm.L.NewThread()
		vm.threads = append(vm.threads, thread)
	}
	thread := vm.threads[vm.depth]
	vm.depth++
	defer func() { vm.depth-- }()
	return call(thread, fn, args)
}

func errorValue(err error) lua.LValue {
	var api *lua.ApiError
	if errors.As(err, &api) && api.Object != nil {
		return api.Object
	}
	return lua.LString(err.Error())
}

// traceback writes the interpreter's stack trace as Lua does.
func traceback(trace string) string {
	var out []string
	for _, line := range strings.Split(strings.TrimSpace(trace), "\n") {
		if strings.Contains(line, "[G]: ?") {
			continue
		}
		if strings.Contains(line, "in function <") && strings.HasSuffix(line, ":0>") {
			line = line[:strings.Index(line, "in function <")] + "in main chunk"
		}
		out = append(out, strings.ReplaceAll(strings.TrimRight(line, " "), "[G]:", "[C]:"))
	}
	return strings.Join(out, "\n")
}
