package settingsstage

import (
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"mainbus/hostagent/factorio/lua52"
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
	chunk, err := parse.Parse(strings.NewReader(lua52.Escapes(source)), name)
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
		list[i] = lua52.Statement(stmt)
	}
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
