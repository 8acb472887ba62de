package api

import "fmt"

// BytesText is a size for people.
func BytesText(n int64) string {
	switch {
	case n < 1<<20:
		return fmt.Sprintf("%d KiB", (n+1023)>>10)
	case n < 1<<30:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.2f GiB", float64(n)/(1<<30))
}

// PlayedText is a game's time of 60 ticks a second, empty if it is not known.
func PlayedText(tick uint64) string {
	if tick == 0 {
		return ""
	}
	minutes := tick / 3600
	return fmt.Sprintf("%d:%02d h", minutes/60, minutes%60)
}
