package settingsstage

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

const (
	maxNesting = 150 // of statements and expressions; the game's Lua takes 200
	// concatName is that of the function which stands for "..": no name in a program has a blank. A program that is so short as to double
	// a text thirty times would fill the memory before any count of instructions ends it.
	concatName = "concat of texts"
	maxChain   = 50 // operands of one call
)

// compile makes a function of a source text.
func (s *state) compile(source, name string) (f *lua.LFunction, err error) {
	defer func() {
		if p := recover(); p != nil {
			f, err = nil, fmt.Errorf("%s: it can't be compiled: %v", name, p)
		}
	}()
	chunk, err := parse.Parse(strings.NewReader(escapes(source)), name)
	if err != nil {
		return nil, errors.New(strings.TrimSpace(err.Error()))
	}
	g := guard{}
	if g.block(chunk); g.tooDeep {
		return nil, fmt.Errorf("%s: it is nested too deep", name)
	}
	proto, err := lua.Compile(chunk, name)
	if err != nil {
		return nil, err
	}
	return s.lua.NewFunctionFromProto(proto), nil
}

var newer = regexp.MustCompile(`\\(?:x[0-9A-Fa-f]{2}|z\s*|(?s:.))`)

// escapes writes what the library's language, which is that of before 5.2, does not know in quoted texts as what it knows: "\x41" and "\z".
func escapes(source string) string {
	if !strings.Contains(source, `\x`) && !strings.Contains(source, `\z`) {
		return source
	}
	var out strings.Builder
	for rest := source; rest != ""; {
		n := 1
		switch c := rest[0]; {
		case strings.HasPrefix(rest, "--") && !isLong(rest[2:]):
			n = len(rest)
			if end := strings.IndexByte(rest, '\n'); end >= 0 {
				n = end
			}
		case strings.HasPrefix(rest, "--"):
			n = 2 + long(rest[2:])
		case isLong(rest):
			n = long(rest)
		case c == '"' || c == '\'':
			n = quoted(rest)
			out.WriteString(newer.ReplaceAllStringFunc(rest[:n], older))
			rest = rest[n:]
			continue
		}
		out.WriteString(rest[:n])
		rest = rest[n:]
	}
	return out.String()
}

// isLong reports whether a text begins with "[[", "[=[" and the like, behind which nothing is escaped.
func isLong(text string) bool {
	inner, ok := strings.CutPrefix(text, "[")
	return ok && strings.HasPrefix(strings.TrimLeft(inner, "="), "[")
}

// long returns the length of what isLong begins: all, if it does not end.
func long(text string) int {
	level := len(text[1:]) - len(strings.TrimLeft(text[1:], "="))
	end := "]" + strings.Repeat("=", level) + "]"
	if at := strings.Index(text, end); at >= 0 {
		return at + len(end)
	}
	return len(text)
}

// quoted returns the length of a text in quotes.
func quoted(text string) int {
	for n := 1; n < len(text); n++ {
		switch {
		case text[n] == text[0]:
			return n + 1
		case text[n] == '\\' && n+1 < len(text) && text[n+1] == 'z':
			n++
			for n+1 < len(text) && strings.IndexByte(" \t\r\n\v\f", text[n+1]) >= 0 {
				n++
			}
		case text[n] == '\\':
			n++
		case text[n] == '\n':
			return n
		}
	}
	return len(text)
}

func older(escaped string) string {
	switch {
	case strings.HasPrefix(escaped, `\x`) && len(escaped) == 4:
		n, err := strconv.ParseUint(escaped[2:], 16, 8)
		if err == nil {
			return fmt.Sprintf(`\%03d`, n)
		}
	case strings.HasPrefix(escaped, `\z`):
		return ""
	}
	return escaped
}

// guard bounds how deep a program is nested, and replaces "..".
type guard struct {
	depth   int
	tooDeep bool
}

// down reports whether there is room for one level more; up leaves it.
func (g *guard) down() bool {
	g.depth++
	if g.depth > maxNesting {
		g.tooDeep = true
	}
	return !g.tooDeep
}

func (g *guard) up() { g.depth-- }

func (g *guard) block(list []ast.Stmt) {
	defer g.up()
	if !g.down() {
		return
	}
	for i, stmt := range list {
		g.stmt(stmt)
		if assign, ok := stmt.(*ast.AssignStmt); ok && len(assign.Lhs) > 1 {
			list[i] = together(assign)
		}
	}
}

// together makes a block of an assignment to several variables: all is worked out before anything is assigned, as the language has it. The
// library assigns to a local variable at once, so that "a, b = b, a" gives both the same.
func together(a *ast.AssignStmt) ast.Stmt {
	lined := func(node ast.PositionHolder) {
		node.SetLine(a.Line())
		node.SetLastLine(a.LastLine())
	}
	before, done := &ast.LocalAssignStmt{}, []ast.Stmt{}
	hold := func(name string, e ast.Expr) ast.Expr {
		before.Names, before.Exprs = append(before.Names, name), append(before.Exprs, e)
		held := &ast.IdentExpr{Value: name}
		lined(held)
		return held
	}
	for i, to := range a.Lhs {
		if at, ok := to.(*ast.AttrGetExpr); ok {
			at.Object = hold(fmt.Sprint("object ", i), at.Object)
			if _, constant := at.Key.(*ast.StringExpr); !constant {
				at.Key = hold(fmt.Sprint("key ", i), at.Key)
			}
		}
	}
	for i, to := range a.Lhs {
		held := &ast.IdentExpr{Value: fmt.Sprint("value ", i)}
		lined(held)
		before.Names = append(before.Names, held.Value)
		one := &ast.AssignStmt{Lhs: []ast.Expr{to}, Rhs: []ast.Expr{held}}
		lined(one)
		done = append([]ast.Stmt{one}, done...) // the last first, as the game's Lua does
	}
	for _, e := range before.Exprs { // of calls before the values only the first counts
		if call, ok := e.(*ast.FuncCallExpr); ok {
			call.AdjustRet = true
		}
	}
	before.Exprs = append(before.Exprs, a.Rhs...)
	lined(before)
	block := &ast.DoBlockStmt{Stmts: append([]ast.Stmt{before}, done...)}
	lined(block)
	return block
}

func (g *guard) stmt(stmt ast.Stmt) {
	switch s := stmt.(type) {
	case *ast.AssignStmt:
		g.exprs(s.Lhs)
		g.exprs(s.Rhs)
	case *ast.LocalAssignStmt:
		g.exprs(s.Exprs)
	case *ast.FuncCallStmt:
		g.expr(&s.Expr)
	case *ast.DoBlockStmt:
		g.block(s.Stmts)
	case *ast.WhileStmt:
		g.expr(&s.Condition)
		g.block(s.Stmts)
	case *ast.RepeatStmt:
		g.expr(&s.Condition)
		g.block(s.Stmts)
	case *ast.IfStmt:
		g.expr(&s.Condition)
		g.block(s.Then)
		g.block(s.Else)
	case *ast.NumberForStmt:
		g.expr(&s.Init)
		g.expr(&s.Limit)
		g.expr(&s.Step)
		g.block(s.Stmts)
	case *ast.GenericForStmt:
		g.exprs(s.Exprs)
		g.block(s.Stmts)
	case *ast.FuncDefStmt:
		g.expr(&s.Name.Func)
		g.expr(&s.Name.Receiver)
		g.block(s.Func.Stmts)
	case *ast.ReturnStmt:
		g.exprs(s.Exprs)
	}
}

func (g *guard) exprs(list []ast.Expr) {
	for i := range list {
		g.expr(&list[i])
	}
}

func (g *guard) expr(at *ast.Expr) {
	defer g.up()
	if !g.down() {
		return
	}
	switch e := (*at).(type) {
	case *ast.AttrGetExpr:
		g.expr(&e.Object)
		g.expr(&e.Key)
	case *ast.TableExpr:
		for _, field := range e.Fields {
			g.expr(&field.Key)
			g.expr(&field.Value)
		}
	case *ast.FuncCallExpr:
		g.expr(&e.Func)
		g.expr(&e.Receiver)
		g.exprs(e.Args)
	case *ast.LogicalOpExpr:
		g.expr(&e.Lhs)
		g.expr(&e.Rhs)
	case *ast.RelationalOpExpr:
		g.expr(&e.Lhs)
		g.expr(&e.Rhs)
	case *ast.ArithmeticOpExpr:
		g.expr(&e.Lhs)
		g.expr(&e.Rhs)
	case *ast.UnaryMinusOpExpr:
		g.expr(&e.Expr)
	case *ast.UnaryNotOpExpr:
		g.expr(&e.Expr)
	case *ast.UnaryLenOpExpr:
		g.expr(&e.Expr)
	case *ast.FunctionExpr:
		g.block(e.Stmts)
	case *ast.StringConcatOpExpr:
		*at = g.chain(e)
	}
}

// chain makes calls of a .. b .. c, which a parser gives as a .. (b .. c).
func (g *guard) chain(e *ast.StringConcatOpExpr) ast.Expr {
	var operands []ast.Expr
	var rest ast.Expr = e
	for {
		next, ok := rest.(*ast.StringConcatOpExpr)
		if !ok {
			break
		}
		operands, rest = append(operands, next.Lhs), next.Rhs
	}
	operands = append(operands, rest)
	for i := range operands {
		g.expr(&operands[i])
		// Of a call that gives several values, the first counts.
		switch o := operands[i].(type) {
		case *ast.FuncCallExpr:
			o.AdjustRet = true
		case *ast.Comma3Expr:
			o.AdjustRet = true
		}
	}
	for len(operands) > maxChain {
		from := len(operands) - maxChain
		operands = append(operands[:from:from], concatCall(e, operands[from:]))
	}
	return concatCall(e, operands)
}

func concatCall(e *ast.StringConcatOpExpr, operands []ast.Expr) ast.Expr {
	name := &ast.IdentExpr{Value: concatName}
	call := &ast.FuncCallExpr{Func: name, Args: operands, AdjustRet: true}
	for _, node := range []ast.Expr{name, call} {
		node.SetLine(e.Line())
		node.SetLastLine(e.LastLine())
	}
	return call
}
