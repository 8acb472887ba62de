// Package bus reads and writes the text of the bus channel (docs/gamelink.md): records name/quality=number{/number}
// joined by "+". A fluid is written name/ and energy /. Names come escaped: every byte other than A–Z a–z 0–9 - is "_" and two upper-case hexadecimal digits.
// It starts no goroutines.
package bus

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"mainbus/controller/ledger"
)

// Bounds of texts in bytes: MaxBody of one message, MaxReport of all that a world reports when it is asked.
const (
	MaxBody   = 256 << 10
	MaxReport = 8 << 20
)

// ErrMalformed says that a text is no list of records. What it says otherwise is of no use then: a report that is
// understood in part would take the rest for zero.
var ErrMalformed = errors.New("malformed bus records")

// Parse reads what a world tells in a line: records E/I/W or E/I/W/ES/IS. An empty text is no records. A Parser does the same
// faster for many.
func Parse(body []byte) ([]ledger.Record, error) { return new(Parser).Parse(body) }

// ParseReport reads what it reports of all its items, in the same form.
func ParseReport(body []byte) ([]ledger.Record, error) { return new(Parser).parse(body, MaxReport) }

// Parser is for many texts of one world, which tells the same items again and again: it keeps them. The zero value is ready for
// use. It is not safe for concurrent use.
type Parser struct{ items map[string]ledger.Item }

const maxKept = 4096 // items

// Parse is as the function of that name.
func (p *Parser) Parse(body []byte) ([]ledger.Record, error) { return p.parse(body, MaxBody) }

func (p *Parser) parse(body []byte, limit int) ([]ledger.Record, error) {
	if len(body) > limit {
		return nil, fmt.Errorf("%w: %d bytes", ErrMalformed, len(body))
	}
	if len(body) == 0 {
		return nil, nil
	}
	records := make([]ledger.Record, 0, bytes.Count(body, []byte{'+'})+1)
	for text := range bytes.SplitSeq(body, []byte{'+'}) {
		r, ok := p.record(text)
		if !ok {
			return nil, fmt.Errorf("%w: %.60q", ErrMalformed, text)
		}
		records = append(records, r)
	}
	return records, nil
}

func (p *Parser) record(text []byte) (r ledger.Record, ok bool) {
	key, numbers, ok := bytes.Cut(text, []byte{'='})
	if !ok {
		return r, false
	}
	if r.Item, ok = p.key(key); !ok {
		return r, false
	}
	return r, parseNumbers(numbers, &r)
}

func (p *Parser) key(text []byte) (i ledger.Item, ok bool) {
	if i, ok = p.items[string(text)]; ok {
		return i, true
	}
	if i, ok = parseKey(text); ok {
		if p.items == nil || len(p.items) >= maxKept {
			p.items = map[string]ledger.Item{}
		}
		p.items[string(text)] = i
	}
	return i, ok
}

func parseKey(text []byte) (i ledger.Item, ok bool) {
	name, quality, ok := bytes.Cut(text, []byte{'/'})
	if !ok {
		return i, false
	}
	okName, okQuality := false, false
	i.Name, okName = unescape(name, ledger.MaxName)
	i.Quality, okQuality = unescape(quality, ledger.MaxQuality)
	return i, okName && okQuality && (i.Name != "" || i.Quality == "")
}

// ParseRenames reads what a world tells of prototypes that were renamed: old=new, joined by "+". An empty text is none.
func ParseRenames(body []byte) ([]ledger.Rename, error) {
	if len(body) > MaxBody {
		return nil, fmt.Errorf("%w: %d bytes", ErrMalformed, len(body))
	}
	if len(body) == 0 {
		return nil, nil
	}
	renames := make([]ledger.Rename, 0, bytes.Count(body, []byte{'+'})+1)
	for text := range bytes.SplitSeq(body, []byte{'+'}) {
		before, after, ok := bytes.Cut(text, []byte{'='})
		old, okOld := parseKey(before)
		to, okNew := parseKey(after)
		if !ok || !okOld || !okNew {
			return nil, fmt.Errorf("%w: rename %.60q", ErrMalformed, text)
		}
		renames = append(renames, ledger.Rename{Old: old, New: to})
	}
	return renames, nil
}

// ParseSpoils reads what a world tells of how items spoil, joined by "+": item=ticks/result, item=ticks if nothing becomes of
// it, or item=0 if it stands still. An empty text is none.
func ParseSpoils(body []byte) ([]ledger.Spoil, error) {
	if len(body) > MaxBody {
		return nil, fmt.Errorf("%w: %d bytes", ErrMalformed, len(body))
	}
	if len(body) == 0 {
		return nil, nil
	}
	spoils := make([]ledger.Spoil, 0, bytes.Count(body, []byte{'+'})+1)
	for text := range bytes.SplitSeq(body, []byte{'+'}) {
		p, ok := parseSpoil(text)
		if !ok {
			return nil, fmt.Errorf("%w: how something spoils, %.60q", ErrMalformed, text)
		}
		spoils = append(spoils, p)
	}
	return spoils, nil
}

func parseSpoil(text []byte) (p ledger.Spoil, ok bool) {
	key, end, ok := bytes.Cut(text, []byte{'='})
	ticks, result, becomes := bytes.Cut(end, []byte{'/'})
	okItem, okTicks, okResult := false, false, true
	p.Item, okItem = parseKey(key)
	p.Ticks, okTicks = parseCount(ticks)
	if becomes {
		p.Result, okResult = parseKey(result)
		okResult = okResult && p.Result.Kind() == ledger.Goods
	}
	return p, ok && okItem && okTicks && okResult
}

func parseNumbers(text []byte, r *ledger.Record) bool {
	fields := [...]*int64{&r.E, &r.I, &r.W, &r.ES, &r.IS}
	n := 0
	for field := range bytes.SplitSeq(text, []byte{'/'}) {
		if n == len(fields) {
			return false
		}
		negative := n >= 3 && len(field) > 0 && field[0] == '-' // only sums may be
		if negative {
			field = field[1:]
		}
		value, ok := parseCount(field)
		if !ok {
			return false
		}
		if *fields[n] = value; negative {
			*fields[n] = -value
		}
		n++
	}
	return n == 3 || n == len(fields)
}

// parseCount reads a whole number without sign. The sixteen digits of 2^53 can't overflow.
func parseCount(text []byte) (int64, bool) {
	if len(text) == 0 || len(text) > 16 {
		return 0, false
	}
	var n int64
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, n <= ledger.MaxCount
}

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-'
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// unescape refuses a byte that is escaped without need: an item has one spelling.
func unescape(text []byte, limit int) (string, bool) {
	if len(text) > 3*limit {
		return "", false
	}
	out := make([]byte, 0, len(text))
	for n := 0; n < len(text); n++ {
		c := text[n]
		if c == '_' {
			if n+2 >= len(text) {
				return "", false
			}
			high, ok := hexDigit(text[n+1])
			low, ok2 := hexDigit(text[n+2])
			if c = high<<4 | low; !ok || !ok2 || plain(c) {
				return "", false
			}
			n += 2
		} else if !plain(c) {
			return "", false
		}
		out = append(out, c)
	}
	return string(out), len(out) <= limit
}

const hexDigits = "0123456789ABCDEF"

func appendEscaped(dst []byte, s string) []byte {
	for _, c := range []byte(s) {
		if plain(c) {
			dst = append(dst, c)
		} else {
			dst = append(dst, '_', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return dst
}

// AppendKey adds an item's name and quality as they are written in a record.
func AppendKey(dst []byte, item ledger.Item) []byte {
	dst = append(appendEscaped(dst, item.Name), '/')
	return appendEscaped(dst, item.Quality)
}

// AppendGrant adds the record that grants a world g of an item in total. The sum beside it is left out where there is
// none.
func AppendGrant(dst []byte, item ledger.Item, g, sum int64) []byte {
	dst = AppendNumber(dst, item, g)
	if sum == 0 && item.Kind() != ledger.Fluid {
		return dst
	}
	return strconv.AppendInt(append(dst, '/'), sum, 10)
}

// AppendNumber adds a record of one number.
func AppendNumber(dst []byte, item ledger.Item, n int64) []byte {
	if len(dst) > 0 {
		dst = append(dst, '+')
	}
	dst = append(AppendKey(dst, item), '=')
	return strconv.AppendInt(dst, n, 10)
}
