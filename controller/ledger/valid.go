package ledger

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

func validCount(n int64) bool { return n >= 0 && n <= MaxCount }

// validName keeps out what could not be stored or shown.
func validName(s string, limit int) bool {
	return s != "" && len(s) <= limit && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func validID(s string) bool {
	if s == "" || len(s) > maxID {
		return false
	}
	for _, c := range []byte(s) {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
			return false
		}
	}
	return true
}

// validItem is for names of any kind; a quality without a name is of none.
func validItem(i Item) bool {
	switch i.Kind() {
	case Goods:
		return validName(i.Name, MaxName) && validName(i.Quality, MaxQuality)
	case Fluid:
		return validName(i.Name, MaxName)
	}
	return true
}

func validSum(n int64) bool { return n >= -MaxCount && n <= MaxCount }

func validReport(records []Record, tick int64) error {
	if tick < 0 || tick > MaxTick {
		return fmt.Errorf("%w: tick %d", ErrInvalid, tick)
	}
	return validRecords(records)
}

func validRecords(records []Record) error {
	seen := make(map[Item]struct{}, len(records))
	for _, r := range records {
		switch _, twice := seen[r.Item]; {
		case !validItem(r.Item):
			return fmt.Errorf("%w: item name %.40q or quality %.40q", ErrInvalid, r.Name, r.Quality)
		case !validCount(r.E) || !validCount(r.I) || !validCount(r.W):
			return fmt.Errorf("%w: %s has a count outside 0 to 2^53", ErrInvalid, r.Item)
		case !validSum(r.ES) || !validSum(r.IS):
			return fmt.Errorf("%w: %s has a sum outside ±2^53", ErrInvalid, r.Item)
		case twice:
			return fmt.Errorf("%w: %s is told twice", ErrInvalid, r.Item)
		}
		seen[r.Item] = struct{}{}
	}
	return nil
}
