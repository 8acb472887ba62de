package api

import (
	"fmt"
	"strconv"
	"strings"
)

var sizeUnits = []struct {
	name string
	size uint64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// ParseSize reads "4GiB", "512 MiB" and "0". No unit is bytes.
func ParseSize(text string) (uint64, error) {
	number, unit := strings.TrimSpace(text), uint64(1)
	if number == "" {
		return 0, nil
	}
	for _, u := range sizeUnits {
		if cut, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimSpace(cut), u.size
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || n < 0 || n*float64(unit) > 1<<50 {
		return 0, fmt.Errorf("%q is no size: write such as 4GiB or 1500MiB", text)
	}
	return uint64(n * float64(unit)), nil
}

// SizeText is what ParseSize reads, rounded down to hundredths.
func SizeText(n uint64) string {
	for _, u := range sizeUnits {
		if n >= u.size {
			return strconv.FormatFloat(float64(n*100/u.size)/100, 'f', -1, 64) + " " + u.name
		}
	}
	return "0 B"
}

// ParseCPUs reads "0,2-3" and "all".
func ParseCPUs(text string) ([]uint32, error) {
	list := []uint32{}
	if text == "" || text == "all" {
		return list, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		first, last, several := strings.Cut(strings.TrimSpace(part), "-")
		if !several {
			last = first
		}
		from, err := strconv.ParseUint(first, 10, 12)
		to, err2 := strconv.ParseUint(last, 10, 12)
		if err != nil || err2 != nil || to < from {
			return nil, fmt.Errorf("%q names no processors: write such as 0,2-3 or all", text)
		}
		for n := from; n <= to; n++ {
			list = append(list, uint32(n))
		}
	}
	return list, nil
}

// CPUsText is what ParseCPUs reads.
func CPUsText(list []uint32) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(list), " ", ","), "[]")
}
