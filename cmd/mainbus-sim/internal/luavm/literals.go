package luavm

import (
	"strconv"

	"github.com/yuin/gopher-lua/ast"

	"mainbus/hostagent/factorio/lua52"
)

// normalise writes what the interpreter would read otherwise than the language has it: number literals, since it would take 010 for octal, and
// assignments to several variables.
func normalise(body []ast.Stmt) []ast.Stmt {
	stmts(body)
	return body
}

func stmts(list []ast.Stmt) {
	for i, s := range list {
		stmt(s)
		list[i] = lua52.Statement(s)
	}
}

func stmt(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.AssignStmt:
		exprs(s.Lhs)
		exprs(s.Rhs)
	case *ast.LocalAssignStmt:
		exprs(s.Exprs)
	case *ast.FuncCallStmt:
		expr(s.Expr)
	case *ast.DoBlockStmt:
		stmts(s.Stmts)
	case *ast.WhileStmt:
		expr(s.Condition)
		stmts(s.Stmts)
	case *ast.RepeatStmt:
		expr(s.Condition)
		stmts(s.Stmts)
	case *ast.IfStmt:
		expr(s.Condition)
		stmts(s.Then)
		stmts(s.Else)
	case *ast.NumberForStmt:
		exprs([]ast.Expr{s.Init, s.Limit, s.Step})
		stmts(s.Stmts)
	case *ast.GenericForStmt:
		exprs(s.Exprs)
		stmts(s.Stmts)
	case *ast.FuncDefStmt:
		exprs([]ast.Expr{s.Name.Func, s.Name.Receiver})
		stmts(s.Func.Stmts)
	case *ast.ReturnStmt:
		exprs(s.Exprs)
	}
}

func exprs(list []ast.Expr) {
	for _, e := range list {
		expr(e)
	}
}

func expr(e ast.Expr) {
	switch e := e.(type) {
	case *ast.NumberExpr:
		if f, ok := ParseNumber(e.Value); ok {
			e.Value = strconv.FormatFloat(f, 'g', -1, 64)
		}
	case *ast.AttrGetExpr:
		exprs([]ast.Expr{e.Object, e.Key})
	case *ast.TableExpr:
		for _, f := range e.Fields {
			exprs([]ast.Expr{f.Key, f.Value})
		}
	case *ast.FuncCallExpr:
		exprs([]ast.Expr{e.Func, e.Receiver})
		exprs(e.Args)
	case *ast.LogicalOpExpr:
		exprs([]ast.Expr{e.Lhs, e.Rhs})
	case *ast.RelationalOpExpr:
		exprs([]ast.Expr{e.Lhs, e.Rhs})
	case *ast.ArithmeticOpExpr:
		exprs([]ast.Expr{e.Lhs, e.Rhs})
	case *ast.UnaryMinusOpExpr:
		expr(e.Expr)
	case *ast.UnaryNotOpExpr:
		expr(e.Expr)
	case *ast.UnaryLenOpExpr:
		expr(e.Expr)
	case *ast.FunctionExpr:
		stmts(e.Stmts)
	case *ast.StringConcatOpExpr:
		exprs([]ast.Expr{e.Lhs, e.Rhs})
	}
}
