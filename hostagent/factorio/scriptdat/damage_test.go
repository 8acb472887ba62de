package scriptdat

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"mainbus/hostagent/factorio/internal/bin"
)

// body is the body of a block: the version, a byte and these bytes of a tree.
func body(tree ...string) []byte {
	return append(make([]byte, bodyHead), strings.Join(tree, "")...)
}

// raw wraps the body of one block named "level".
func raw(body []byte) []byte {
	b := binary.LittleEndian.AppendUint32(make([]byte, 9), 1)
	b = bin.AppendSize(bin.AppendString(b, "level"), uint32(len(body)))
	return append(append(b, body...), 1)
}

// head is the beginning of a file of so many blocks.
func head(blocks string) []byte { return append(make([]byte, 9), blocks...) }

// Find tells what it needs to be right, and no more: damage elsewhere is none of its business, since whoever reads a whole
// save checks its CRCs.
func TestDamagedScripts(t *testing.T) {
	const (
		oneEntry = "\x05\x01"
		endless  = "\xff\xff\xff\xff\xff" // a size
		ledger   = "\x04\x06ledger\x05\x01\x04\x01w\x02"
	)
	whole := encode(t, file(table("a", 1.0, "ledger", table("w", true))))
	for _, test := range []struct {
		name string
		data []byte
		read string // error of Read behind "read script.dat: "
		find string // error of Find behind its own beginning; "-": it finds the table, "": it finds nothing
	}{
		{"empty", nil, "unexpected EOF", "unexpected EOF"},
		{"text", []byte("this is no script data at all"), "1668489327 blocks are more than 10000", "1668489327 blocks are more than 10000"},
		{"too many blocks", head("\xff\xff\xff\xff"), "4294967295 blocks are more than 10000", "4294967295 blocks are more than 10000"},
		{"fewer blocks than it says", append(head("\x02\x00\x00\x00"), raw(body("\x00"))[13:]...), "unexpected EOF", ""},
		{"block name too long", head("\x01\x00\x00\x00\xff\x01\x04\x00\x00"), "1025 bytes where at most 1024 may be", "1025 bytes where at most 1024 may be"},
		{"block longer than the file", head("\x01\x00\x00\x00\x05level\x20"), "unexpected EOF", "unexpected EOF"},
		{"block longer than any", head("\x01\x00\x00\x00\x05level" + endless), "4294967295 bytes where at most 67108864 may be", "unexpected EOF"},
		{"other block longer than the file", head("\x01\x00\x00\x00\x05other\x20abc"), "unexpected EOF", "unexpected EOF"},
		{"no flag after the block", raw(body("\x00"))[:30], "unexpected EOF", ""},
		{"cut in the last value", whole[:len(whole)-2], "unexpected EOF", "unexpected EOF"},
		{"bytes after the end", append(bytes.Clone(whole), 0), "bytes after the last of 2 blocks", "-"},
		{"block without a body", raw(nil), `storage of "level": unexpected EOF`, ""},
		{"body without a tree", raw(body()), `storage of "level": unexpected EOF`, ""},
		{"bytes after the tree", raw(body("\x00\x00")), `storage of "level": the tree ends at byte 10 of 11`, ""},
		{"unknown tag", raw(body("\x08")), `storage of "level": unknown tag 8 at byte 9`, ""},
		{"unknown tag as a key", raw(body(oneEntry, "\xff\x00")), `storage of "level": unknown tag 255 at byte 11`, ""},
		{"unknown tag before the table", raw(body("\x05\x02\x04\x01x\x09", ledger)), `storage of "level": unknown tag 9 at byte 14`, "-"},
		{"unknown tag in the table", raw(body(oneEntry, "\x04\x06ledger", oneEntry, "\x04\x01w\x09")), `storage of "level": unknown tag 9 at byte 24`, ""},
		{"number cut", raw(body("\x03\x01\x02\x03")), `storage of "level": unexpected EOF`, ""},
		{"reference cut", raw(body("\x06\x01")), `storage of "level": unexpected EOF`, ""},
		{"object cut", raw(body("\x07\x01\x02\x03\x04")), `storage of "level": unexpected EOF`, ""},
		{"size cut", raw(body("\x04\xff\x01\x00")), `storage of "level": unexpected EOF`, ""},
		{"string longer than the block", raw(body("\x04\x05text")), `storage of "level": unexpected EOF`, ""},
		{"string longer than any", raw(body("\x04", endless)), `storage of "level": unexpected EOF`, ""},
		{"table longer than the block", raw(body("\x05\x02", ledger)), `storage of "level": unexpected EOF`, "-"},
		{"table longer than any", raw(body("\x05", endless)), `storage of "level": unexpected EOF`, ""},
		{"key without a value", raw(body(oneEntry, "\x04\x01k")), `storage of "level": unexpected EOF`, ""},
		{"nil key", raw(body(oneEntry, "\x00\x00")), `storage of "level": a table has a nil key`, ""},
		{"nil key in the table", raw(body(oneEntry, "\x04\x06ledger", oneEntry, "\x00\x00")), `storage of "level": a table has a nil key`, ""},
		{"as deep as may be", raw(body(strings.Repeat("\x05\x01\x02", maxDepth), "\x00")), "", ""},
		{"too deep", raw(body(strings.Repeat("\x05\x01\x02", maxDepth+1), "\x00")), `storage of "level": tables are nested deeper than 200`, ""},
		{"too deep by its keys", raw(body(strings.Repeat("\x05\x01", 1<<20))), `storage of "level": tables are nested deeper than 200`, ""},
		{"table too deep in itself", raw(body(oneEntry, "\x04\x06ledger", strings.Repeat("\x05\x01\x02", maxDepth+1), "\x00")),
			`storage of "level": tables are nested deeper than 200`, ""},
		// References are numbers, which nothing here follows: a table that holds itself can't lead in circles.
		{"reference to itself", raw(body(oneEntry, "\x04\x06ledger", oneEntry, "\x04\x04self\x06\x00\x00")), "", ""},
		{"reference to what is not there", raw(body(oneEntry, "\x04\x01x\x06\xff\xff")), "", ""},
	} {
		if _, err := Read(bytes.NewReader(test.data)); !isError(err, "read script.dat: ", test.read) {
			t.Errorf("%s: Read: %v\nwant %s", test.name, err, test.read)
		}
		want, found := test.find, test.find == "-"
		if found {
			want = ""
		}
		v, ok, err := Find(opened(test.data), "level", "ledger")
		if !isError(err, `look for "ledger" in script.dat: `, want) || ok != found || found && v.(*Table).Get("w") != true {
			t.Errorf("%s: Find: %v, %v, %v\nwant %s", test.name, v, ok, err, test.find)
		}
	}
}

// isError tells whether err has that text, or is none if want is empty.
func isError(err error, beginning, want string) bool {
	if want == "" {
		return err == nil
	}
	return err != nil && err.Error() == beginning+want
}

// However short a file is cut, it is an error and no panic, and Find gives nothing that is not whole.
func TestCutScripts(t *testing.T) {
	ledger := table("world", "w", "e", table("iron-plate/normal", 120.0, "x", false))
	whole := encode(t, file(table("a", Object(1), "b", Ref(2), 1.0, "text", "ledger", ledger, "c", nil)))
	for n := range whole {
		if _, err := Read(bytes.NewReader(whole[:n])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("Read of %d bytes: %v", n, err)
		}
		if v, ok, err := Find(opened(whole[:n]), "level", "ledger"); ok || !errors.Is(err, io.ErrUnexpectedEOF) {
			if n == len(whole)-1 && ok { // only the flag after the block is missing
				continue
			}
			t.Fatalf("Find in %d bytes: %v, %v, %v", n, v, ok, err)
		}
	}
}

// The walk gives nothing away of an error of the file itself, like a wrong CRC behind the block.
func TestFindTellsErrorsOfTheFile(t *testing.T) {
	data := encode(t, file(table("ledger", table("w", true))))
	broken := errors.New("the disk is gone")
	for _, n := range []int{0, 12, 40, len(data) - 3, len(data)} {
		open := func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(bytes.NewReader(data[:n]), errorReader{broken})), nil
		}
		if v, ok, err := Find(open, "level", "ledger"); ok || !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v, %v, %v", n, v, ok, err)
		}
	}
	if _, ok, err := Find(func() (io.ReadCloser, error) { return nil, broken }, "level", "ledger"); ok || !errors.Is(err, broken) {
		t.Errorf("open: %v, %v", ok, err)
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

// Broken tables nested in each other by the thousand must not each be decoded to the end.
func TestFindIsBounded(t *testing.T) {
	b := append(body(), 99) // an unknown tag makes it search
	for len(b) < 1<<20-16 {
		b = append(b, "\x04\x01k\x05\x02"...) // each a table with the rest as its entry, broken at the end
	}
	if v, ok, err := Find(opened(raw(b)), "level", "k"); ok || !errors.Is(err, errMemory) {
		t.Errorf("got %v, %v, %v", v, ok, err)
	}
}

// A table too long is passed over, and it is an error only if there is no other.
func TestFindPassesATableThatIsTooLong(t *testing.T) {
	long := table("x", strings.Repeat("x", maxSubtree))
	if _, ok, err := Find(opened(encode(t, file(table("ledger", long)))), "level", "ledger"); ok || !errors.Is(err, errTooLong) {
		t.Errorf("alone: %v, %v", ok, err)
	}
	v, ok, err := Find(opened(encode(t, file(table("ledger", long, "b", table("ledger", table("w", true)))))), "level", "ledger")
	if !ok || err != nil || v.(*Table).Get("w") != true {
		t.Errorf("with another: %v, %v", ok, err)
	}
	many := table()
	for range findMemory / (pairMemory + 2*valueMemory) {
		many.Pairs = append(many.Pairs, Pair{1.0, 1.0})
	}
	many.Pairs = append(many.Pairs, Pair{1.0, 1.0})
	if _, ok, err := Find(opened(encode(t, file(table("ledger", many)))), "level", "ledger"); ok || err == nil {
		t.Errorf("too many values: %v, %v", ok, err)
	}
}

// What Find allocates does not depend on how much there is around the table, nor on whether it is walked or searched for.
func TestFindNeedsLittleMemory(t *testing.T) {
	const entry = "\x05\x02\x04\x04name\x04\x0bsome-entity\x04\x04unit\x07\x01\x02\x03\x04\x05\x06\x07\x08" // a table of two entries
	const entries = 1_500_000
	ledger := "\x04\x06ledger\x05\x01\x04\x01w\x02"
	for name, c := range map[string]struct{ before, after string }{
		"walked":   {"", ""},
		"searched": {"", "\x04\x01x\x09"},
	} {
		tree := "\x05" + string(bin.AppendSize(nil, entries+1+uint32(len(c.after)/3)))
		last := ledger + c.after
		total := bodyHead + len(tree) + entries*(len(entry)+9) + len(last)
		head := raw(nil)
		head = bin.AppendSize(head[:len(head)-2], uint32(total))
		open := func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(bytes.NewReader(append(head, body(tree)...)),
				io.LimitReader(&repeated{text: "\x03\x01\x02\x03\x04\x05\x06\x07\x08" + entry}, entries*int64(len(entry)+9)),
				strings.NewReader(last+"\x01"))), nil
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		v, ok, err := Find(open, "level", "ledger")
		runtime.ReadMemStats(&after)
		if !ok || err != nil || v.(*Table).Get("w") != true {
			t.Fatalf("%s: %v, %v, %v", name, v, ok, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 { // of 64 MB; the race detector takes two
			t.Errorf("%s: %d bytes were allocated for a block of %d", name, used, total)
		}
	}
}

// repeated is the same text again and again.
type repeated struct {
	text string
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		m := copy(p[n:], r.text[r.at:])
		n, r.at = n+m, (r.at+m)%len(r.text)
	}
	return n, nil
}
