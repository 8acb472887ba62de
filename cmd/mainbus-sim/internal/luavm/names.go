package luavm

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"
)

// describeValue names a value in an error as Lua does: "local 'x' (a nil value)", or "a nil value" when no name is
// known. part is the operand that holds it.
func describeValue(f *frame, part int, v lua.LValue) string {
	if kind, name := operandName(f, part); kind != "" {
		return fmt.Sprintf("%s '%s' (a %s value)", kind, name, v.Type())
	}
	return fmt.Sprintf("a %s value", v.Type())
}

func operandName(f *frame, part int) (kind, name string) {
	if f == nil || f.Fn == nil || f.Fn.Proto == nil {
		return "", ""
	}
	if part&constantBit != 0 {
		return "", ""
	}
	return registerName(f.Fn.Proto, f.Pc-1, part)
}

// registerName finds what put the value into a register before an instruction.
func registerName(p *lua.FunctionProto, pc, register int) (kind, name string) {
	if name := localName(p, pc, register); name != "" {
		return "local", name
	}
	at := lastWrite(p, pc, register)
	if at < 0 {
		return "", ""
	}
	code := p.Code[at]
	switch int(code >> 26) {
	case lua.OP_MOVE:
		if b := partB(code); b < register {
			return registerName(p, at, b)
		}
	case lua.OP_GETGLOBAL:
		return "global", p.Constants[code&0x3ffff].String()
	case lua.OP_GETTABLE, lua.OP_GETTABLEKS:
		return "field", keyName(p, at, partC(code))
	case lua.OP_SELF:
		return "method", keyName(p, at, partC(code))
	case lua.OP_GETUPVAL:
		if b := partB(code); b < len(p.DbgUpvalues) {
			return "upvalue", p.DbgUpvalues[b]
		}
	}
	return "", ""
}

func keyName(p *lua.FunctionProto, pc, part int) string {
	if part&constantBit != 0 {
		if s, ok := p.Constants[part&^constantBit].(lua.LString); ok {
			return string(s)
		}
	}
	return "?"
}

// localName is the name of the variable that lives in a register at an instruction.
func localName(p *lua.FunctionProto, pc, register int) string {
	for _, local := range p.DbgLocals {
		if local.StartPc > pc {
			break
		}
		if pc < local.EndPc {
			if register == 0 {
				return local.Name
			}
			register--
		}
	}
	return ""
}

// lastWrite is the instruction before pc that wrote a register last, -1 when a jump leads past it.
func lastWrite(p *lua.FunctionProto, pc, register int) int {
	written, target := -1, 0
	for at := 0; at < pc; at++ {
		code := p.Code[at]
		a, changed := partA(code), false
		switch int(code >> 26) {
		case lua.OP_LOADNIL:
			changed = a <= register && register <= partB(code)
		case lua.OP_TFORLOOP:
			changed = register >= a+2
		case lua.OP_CALL, lua.OP_TAILCALL:
			changed = register >= a
		case lua.OP_SELF:
			changed = register == a || register == a+1
		case lua.OP_MOVEN:
			changed = register == a
			for i := 1; i <= partC(code) && at+i < len(p.Code); i++ {
				changed = changed || register == partA(p.Code[at+i])
			}
		case lua.OP_JMP:
			if to := at + 1 + int(code&0x3ffff) - maxJump; at < to && to <= pc && to > target {
				target = to
			}
		case lua.OP_SETGLOBAL, lua.OP_SETUPVAL, lua.OP_SETTABLE, lua.OP_SETTABLEKS, lua.OP_EQ, lua.OP_LT, lua.OP_LE, lua.OP_TEST,
			lua.OP_RETURN, lua.OP_FORPREP, lua.OP_SETLIST, lua.OP_CLOSE, lua.OP_NOP:
		default:
			changed = register == a
		}
		if changed {
			if at < target {
				written = -1 // inside code that a jump may skip
			} else {
				written = at
			}
		}
	}
	return written
}

const maxJump = 1<<17 - 1 // opMaxArgSbx
