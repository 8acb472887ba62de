package main

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The simulator writes down when it printed each line and when each command arrived. The demo reads that as a
// stranger would, by docs/gamelink.md and with none of the product's code.

type traceEntry struct {
	Nanos int64  `json:"t"` // Unix time
	Dir   string `json:"dir"`
	Text  string `json:"text"`
}

func readTrace(file string) ([]traceEntry, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read trace: %w", err)
	}
	defer f.Close()
	var entries []traceEntry
	scanner := bufio.NewScanner(f)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var e traceEntry
		if json.Unmarshal(scanner.Bytes(), &e) == nil { // the last line may be half written
			entries = append(entries, e)
		}
	}
	return entries, scanner.Err()
}

// firstTold says when the world first told that it had sent n of an item, for each n.
func firstTold(entries []traceEntry, item string) map[int64]int64 {
	told := map[int64]int64{}
	for _, e := range entries {
		f := strings.Fields(e.Text)
		// mainbus:1 length crc epoch seq part/parts tick channel key data
		if e.Dir != "out" || len(f) != 10 || f[0] != "mainbus:1" || f[7] != "bus" {
			continue
		}
		noteFirst(told, e.Nanos, recordOf(f[9], item))
	}
	return told
}

// firstGranted says when the command that grants n of an item first reached the world, for each n.
func firstGranted(entries []traceEntry, item string) map[int64]int64 {
	granted := map[int64]int64{}
	for _, e := range entries {
		f := strings.Fields(e.Text)
		// /mainbus length crc seq part/parts epoch channel op data
		if e.Dir != "in" || len(f) != 9 || f[0] != "/mainbus" || f[6] != "bus" || f[7] != "grant" {
			continue
		}
		noteFirst(granted, e.Nanos, recordOf(f[8], item))
	}
	return granted
}

func noteFirst(when map[int64]int64, nanos, n int64) {
	if _, known := when[n]; n > 0 && !known {
		when[n] = nanos
	}
}

// recordOf returns the first number of the item's record in a message, 0 if it has none.
func recordOf(data, item string) int64 {
	text, err := decodeData(data)
	if err != nil {
		return 0
	}
	for record := range strings.SplitSeq(text, "+") {
		key, numbers, _ := strings.Cut(record, "=")
		if key == item {
			first, _, _ := strings.Cut(numbers, "/")
			n, _ := strconv.ParseInt(first, 10, 64) // 0 for rubbish, as for none
			return n
		}
	}
	return 0
}

func decodeData(data string) (string, error) {
	switch {
	case strings.HasPrefix(data, "r"):
		return data[1:], nil
	case strings.HasPrefix(data, "z"):
		packed, err := base64.StdEncoding.DecodeString(data[1:])
		if err != nil {
			return "", err
		}
		r, err := zlib.NewReader(bytes.NewReader(packed))
		if err != nil {
			return "", err
		}
		text, err := io.ReadAll(io.LimitReader(r, 256<<10))
		return string(text), err
	}
	return "", errors.New("unknown encoding")
}

// latencies pairs the line that told the n-th single item with the command that brought the n-th.
func latencies(told, granted map[int64]int64) []time.Duration {
	var all []time.Duration
	for n, at := range told {
		if arrived, ok := granted[n]; ok && arrived >= at {
			all = append(all, time.Duration(arrived-at))
		}
	}
	slices.Sort(all)
	return all
}

func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}
