package lua52

import (
	"fmt"
	"strconv"
	"strings"
)

// Escapes rewrites the string escapes that Lua 5.2 has and the interpreter's lexer doesn't: \xXX becomes a
// decimal escape, \z swallows the white space after it. Line breaks that \z swallows are put after the string, so
// that line numbers stay right.
func Escapes(source string) string {
	if !strings.Contains(source, `\x`) && !strings.Contains(source, `\z`) {
		return source
	}
	var out strings.Builder
	for pos := 0; pos < len(source); {
		var end int
		switch {
		case strings.HasPrefix(source[pos:], "--"):
			end = skipComment(source, pos)
		case source[pos] == '[':
			end = skipLong(source, pos)
		case source[pos] == '"' || source[pos] == '\'':
			pos = expandString(&out, source, pos)
			continue
		default:
			end = pos + 1
		}
		out.WriteString(source[pos:end])
		pos = end
	}
	return out.String()
}

func skipComment(source string, pos int) int {
	if end := skipLong(source, pos+2); pos+2 < len(source) && source[pos+2] == '[' && end > pos+3 {
		return end
	}
	if end := strings.IndexByte(source[pos:], '\n'); end >= 0 {
		return pos + end
	}
	return len(source)
}

// skipLong returns the end of the long bracket that begins at pos, or pos+1 when there is none.
func skipLong(source string, pos int) int {
	level := pos + 1
	for level < len(source) && source[level] == '=' {
		level++
	}
	if level >= len(source) || source[pos] != '[' || source[level] != '[' {
		return min(pos+1, len(source))
	}
	closing := "]" + strings.Repeat("=", level-pos-1) + "]"
	if end := strings.Index(source[level:], closing); end >= 0 {
		return level + end + len(closing)
	}
	return len(source)
}

// expandString copies the quoted string at pos and returns the position after it.
func expandString(out *strings.Builder, source string, pos int) int {
	quote := source[pos]
	out.WriteByte(quote)
	swallowed := 0
	for pos++; pos < len(source); pos++ {
		c := source[pos]
		switch {
		case c == quote || c == '\n':
			out.WriteByte(c)
			out.WriteString(strings.Repeat("\n", swallowed))
			return pos + 1
		case c != '\\' || pos+1 >= len(source):
			out.WriteByte(c)
		case source[pos+1] == 'x' && pos+3 < len(source):
			code, err := strconv.ParseUint(source[pos+2:pos+4], 16, 8)
			if err != nil {
				out.WriteString(`\x`) // the lexer reports it
				pos++
				continue
			}
			fmt.Fprintf(out, `\%03d`, code)
			pos += 3
		case source[pos+1] == 'z':
			for pos++; pos+1 < len(source) && strings.IndexByte(" \t\r\n\f\v", source[pos+1]) >= 0; pos++ {
				if source[pos+1] == '\n' {
					swallowed++
				}
			}
		default:
			out.WriteByte(c)
			out.WriteByte(source[pos+1])
			pos++
		}
	}
	out.WriteString(strings.Repeat("\n", swallowed))
	return pos
}
