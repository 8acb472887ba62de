package luavm

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// format is string.format with C's conversions.
func format(l *lua.LState) int {
	template := checkText(l, 1)
	var out strings.Builder
	arg := 1
	for i := 0; i < len(template); i++ {
		if template[i] != '%' {
			out.WriteByte(template[i])
			continue
		}
		i++
		if i < len(template) && template[i] == '%' {
			out.WriteByte('%')
			continue
		}
		start := i
		for i < len(template) && strings.IndexByte("-+ #0123456789.", template[i]) >= 0 {
			i++
		}
		if i >= len(template) || i-start > 7 {
			l.RaiseError("invalid option '%%%s' to 'format'", template[start:])
		}
		arg++
		out.WriteString(convert(l, template[start:i], template[i], arg))
	}
	l.Push(lua.LString(out.String()))
	return 1
}

func convert(l *lua.LState, spec string, verb byte, arg int) string {
	if arg > l.GetTop() {
		l.ArgError(arg, "no value")
	}
	switch verb {
	case 'd', 'i':
		return fmt.Sprintf("%"+spec+"d", wholeNumber(l, arg, math.MinInt64))
	case 'u':
		return fmt.Sprintf("%"+spec+"d", wholeNumber(l, arg, 0))
	case 'o', 'x', 'X':
		return fmt.Sprintf("%"+spec+string(verb), wholeNumber(l, arg, 0))
	case 'c':
		return string([]byte{byte(l.CheckInt(arg))})
	case 'e', 'E', 'f', 'F', 'g', 'G':
		return floating(spec, verb, number(l, arg))
	case 'q':
		return quote(checkText(l, arg))
	case 's':
		return padded(spec, text(l, l.Get(arg)))
	}
	l.RaiseError("invalid option '%%%c' to 'format'", verb)
	return ""
}

// number takes numbers and text that reads as one.
func number(l *lua.LState, arg int) float64 {
	if s, ok := l.Get(arg).(lua.LString); ok {
		if f, ok := ParseNumber(string(s)); ok {
			return f
		}
	}
	return float64(l.CheckNumber(arg))
}

// wholeNumber cuts the fraction off, as the conversion to a C integer does.
func wholeNumber(l *lua.LState, arg int, least float64) int64 {
	f := math.Trunc(number(l, arg))
	if math.IsNaN(f) || f < least || f >= math.MaxInt64 {
		if least == 0 {
			l.ArgError(arg, "not a non-negative number in proper range")
		}
		l.ArgError(arg, "not a number in proper range")
	}
	return int64(f)
}

func floating(spec string, verb byte, f float64) string {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return padded(strings.NewReplacer("0", "", "+", "").Replace(strings.Split(spec, ".")[0]), NumberText(f))
	}
	if !strings.Contains(spec, ".") && (verb == 'g' || verb == 'G') {
		spec += ".6" // Go's default is the shortest text, C's is six digits
	}
	return fmt.Sprintf("%"+spec+string(verb), f)
}

// padded is %s: width and precision count bytes.
func padded(spec, s string) string {
	flags, precision, cut := strings.Cut(spec, ".")
	if cut {
		n, _ := strconv.Atoi(precision)
		s = s[:min(len(s), n)]
	}
	width, _ := strconv.Atoi(strings.TrimLeft(flags, "-+ #0"))
	blanks := strings.Repeat(" ", max(0, width-len(s)))
	if strings.Contains(flags, "-") {
		return s + blanks
	}
	return blanks + s
}

func quote(s string) string {
	var out strings.Builder
	out.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\' || c == '\n':
			out.WriteByte('\\')
			out.WriteByte(c)
		case c < 32 || c == 127:
			if i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9' {
				fmt.Fprintf(&out, "\\%03d", c)
			} else {
				fmt.Fprintf(&out, "\\%d", c)
			}
		default:
			out.WriteByte(c)
		}
	}
	out.WriteByte('"')
	return out.String()
}
