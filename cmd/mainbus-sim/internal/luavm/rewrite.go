package luavm

import (
	"strconv"

	"github.com/yuin/gopher-lua/ast"
)

// concatName is the local through which rewritten chunks reach the VM's concatenation. No Lua text can spell it,
// so no script can shadow or read it.
const concatName = "(concat)"

// rewrite changes what the interpreter does differently from Lua 5.2: every `..` becomes a call of concatName (the
// interpreter would print numbers exactly), and number literals are normalised (it would read 010 as octal). The
// result is a chunk that takes the concatenation function and returns the script as a function.
func rewrite(body []ast.Stmt) []ast.Stmt {
	stmts(body)
	line, last := 1, 1
	if len(body) > 0 {
		line, last = body[0].Line(), body[len(body)-1].LastLine()
	}
	script := &ast.FunctionExpr{ParList: &ast.ParList{HasVargs: true}, Stmts: body}
	script.SetLastLine(last)
	bind := &ast.LocalAssignStmt{Names: []string{concatName}, Exprs: []ast.Expr{&ast.Comma3Expr{}}}
	result := &ast.ReturnStmt{Exprs: []ast.Expr{script}}
	bind.SetLine(line)
	result.SetLine(last)
	return []ast.Stmt{bind, result}
}

func stmts(list []ast.Stmt) {
	for _, s := range list {
		stmt(s)
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
		s.Expr = expr(s.Expr)
	case *ast.DoBlockStmt:
		stmts(s.Stmts)
	case *ast.WhileStmt:
		s.Condition = expr(s.Condition)
		stmts(s.Stmts)
	case *ast.RepeatStmt:
		s.Condition = expr(s.Condition)
		stmts(s.Stmts)
	case *ast.IfStmt:
		s.Condition = expr(s.Condition)
		stmts(s.Then)
		stmts(s.Else)
	case *ast.NumberForStmt:
		s.Init, s.Limit, s.Step = expr(s.Init), expr(s.Limit), expr(s.Step)
		stmts(s.Stmts)
	case *ast.GenericForStmt:
		exprs(s.Exprs)
		stmts(s.Stmts)
	case *ast.FuncDefStmt:
		s.Name.Func, s.Name.Receiver = expr(s.Name.Func), expr(s.Name.Receiver)
		stmts(s.Func.Stmts)
	case *ast.ReturnStmt:
		exprs(s.Exprs)
	}
}

func exprs(list []ast.Expr) {
	for i, e := range list {
		list[i] = expr(e)
	}
}

func expr(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.NumberExpr:
		if f, ok := ParseNumber(e.Value); ok {
			e.Value = strconv.FormatFloat(f, 'g', -1, 64)
		}
	case *ast.AttrGetExpr:
		e.Object, e.Key = expr(e.Object), expr(e.Key)
	case *ast.TableExpr:
		for _, f := range e.Fields {
			f.Key, f.Value = expr(f.Key), expr(f.Value)
		}
	case *ast.FuncCallExpr:
		e.Func, e.Receiver = expr(e.Func), expr(e.Receiver)
		exprs(e.Args)
	case *ast.LogicalOpExpr:
		e.Lhs, e.Rhs = expr(e.Lhs), expr(e.Rhs)
	case *ast.RelationalOpExpr:
		e.Lhs, e.Rhs = expr(e.Lhs), expr(e.Rhs)
	case *ast.ArithmeticOpExpr:
		e.Lhs, e.Rhs = expr(e.Lhs), expr(e.Rhs)
	case *ast.UnaryMinusOpExpr:
		e.Expr = expr(e.Expr)
	case *ast.UnaryNotOpExpr:
		e.Expr = expr(e.Expr)
	case *ast.UnaryLenOpExpr:
		e.Expr = expr(e.Expr)
	case *ast.FunctionExpr:
		stmts(e.Stmts)
	case *ast.StringConcatOpExpr:
		return concatCall(e)
	}
	return e
}

// concatCall turns a .. b .. c, which binds to the right, into one call with three arguments.
func concatCall(e *ast.StringConcatOpExpr) ast.Expr {
	args := []ast.Expr{expr(e.Lhs)}
	rest := e.Rhs
	for {
		next, ok := rest.(*ast.StringConcatOpExpr)
		if !ok {
			break
		}
		args = append(args, expr(next.Lhs))
		rest = next.Rhs
	}
	args = append(args, single(expr(rest)))
	name := &ast.IdentExpr{Value: concatName}
	call := &ast.FuncCallExpr{Func: name, Args: args, AdjustRet: true}
	for _, node := range []ast.PositionHolder{name, call} {
		node.SetLine(e.Line())
		node.SetLastLine(e.LastLine())
	}
	return call
}

// single keeps a call or vararg in the last argument from spreading into several values.
func single(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
	return e
}
