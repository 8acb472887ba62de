// Package lua52 makes programs of the game's Lua, which is 5.2, ready for gopher-lua (1.1.2), whose parser and compiler are of 5.1, and has what of its
// libraries is missing there.
package lua52

import (
	"fmt"

	"github.com/yuin/gopher-lua/ast"
)

// Statement returns what stands for a statement of a parsed program, mostly itself: of an assignment to several variables it makes a block
// in which all is worked out before anything is assigned, as the language has it. The library assigns to a local variable at once, so that
// "a, b = b, a" gives both the same.
func Statement(s ast.Stmt) ast.Stmt {
	a, ok := s.(*ast.AssignStmt)
	if !ok || len(a.Lhs) < 2 {
		return s
	}
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
