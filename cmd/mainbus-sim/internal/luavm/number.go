package luavm

import (
	"math"
	"strconv"
	"strings"
)

// NumberText writes a number as the game's Lua does: C's "%.14g". Whole numbers above 14 digits lose their last
// digits this way, which a script has to reckon with.
func NumberText(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f):
		return "nan"
	}
	return strconv.FormatFloat(f, 'g', 14, 64)
}

// ParseNumber reads a number as Lua 5.2 does: decimal or hexadecimal, blanks around it allowed, no names of
// infinities.
func ParseNumber(text string) (float64, bool) {
	text = strings.Trim(text, " \f\n\r\t\v")
	digits := strings.TrimLeft(text, "+-")
	if len(text)-len(digits) > 1 {
		return 0, false
	}
	if len(digits) > 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X') {
		f, ok := parseHex(digits[2:])
		if strings.HasPrefix(text, "-") {
			f = -f
		}
		return f, ok
	}
	if digits == "" || strings.Trim(text, "0123456789.eE+-") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

func parseHex(digits string) (float64, bool) {
	if strings.Trim(digits, "0123456789abcdefABCDEF.pP+-") != "" {
		return 0, false
	}
	if !strings.ContainsAny(digits, "pP") {
		digits += "p0" // the exponent is optional in Lua and required in Go
	}
	f, err := strconv.ParseFloat("0x"+digits, 64)
	return f, err == nil || math.IsInf(f, 0)
}

// parseBased is tonumber with a base: an unsigned whole number in that base, with an optional minus.
func parseBased(text string, base int) (float64, bool) {
	text = strings.ToLower(strings.Trim(text, " \f\n\r\t\v"))
	negative := strings.HasPrefix(text, "-")
	text = strings.TrimPrefix(text, "-")
	if text == "" {
		return 0, false
	}
	value := 0.0
	for _, c := range []byte(text) {
		digit := strings.IndexByte("0123456789abcdefghijklmnopqrstuvwxyz", c)
		if digit < 0 || digit >= base {
			return 0, false
		}
		value = value*float64(base) + float64(digit)
	}
	if negative {
		value = -value
	}
	return value, true
}
