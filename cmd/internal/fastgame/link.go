package fastgame

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	prefix   = "mainbus:1 "
	rawLimit = 240  // as lua/core has it
	piece    = 3700 // of a line's data
	unbound  = "0"  // epoch
)

// link is the state of docs/gamelink.md: what is bound, what was printed, what has arrived in part.
type link struct {
	epoch  string
	ledger string
	world  string
	seq    int
	chain  string
	parts  map[string][]string // of messages, by sequence number
	packed bytes.Buffer
	packer *zlib.Writer
}

func (l *link) reset(epoch string) {
	l.epoch, l.seq, l.chain, l.parts = epoch, 0, "00000000", map[string][]string{}
}

func sum(text string) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(text))) }

func (l *link) pack(text []byte) string {
	if len(text) <= rawLimit {
		return "r" + string(text) // the bus channel has no other characters than are allowed
	}
	l.packed.Reset()
	if l.packer == nil {
		l.packer = zlib.NewWriter(&l.packed)
	} else {
		l.packer.Reset(&l.packed)
	}
	_, _ = l.packer.Write(text) // a buffer takes everything
	_ = l.packer.Close()
	return "z" + base64.StdEncoding.EncodeToString(l.packed.Bytes())
}

func unpack(data string) (string, error) {
	if data[0] == 'r' {
		return data[1:], nil
	}
	packed, err := base64.StdEncoding.DecodeString(data[1:])
	if err != nil {
		return "", err
	}
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(z)
	return string(text), err
}

// tick is the game's clock: 60 a second, although nothing waits for it.
func (g *game) tick() string { return strconv.FormatInt(int64(time.Since(g.began)*60/time.Second), 10) }

// print writes a message's lines in one piece.
func (g *game) print(channel, key, data string) {
	l := &g.link
	var lines []byte
	parts := (len(data) + piece - 1) / piece
	for part := range parts {
		if l.epoch != unbound {
			l.seq++
		}
		rest := l.epoch + " " + strconv.Itoa(l.seq) + " " + strconv.Itoa(part+1) + "/" + strconv.Itoa(parts) + " " + g.tick() + " " +
			channel + " " + key + " " + data[part*piece:min(len(data), (part+1)*piece)]
		l.chain = sum(l.chain + rest)
		lines = append(lines, prefix+strconv.Itoa(len(rest))+" "+sum(rest)+" "+rest+"\n"...)
	}
	_, _ = g.out.Write(lines) // a game whose output nobody takes has nobody to tell
}

// execute answers a command.
func (g *game) execute(command string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	framed, ok := strings.CutPrefix(command, "/mainbus ")
	if !ok {
		return "" // the agent's other commands change nothing here
	}
	fields := strings.SplitN(framed, " ", 3)
	if len(fields) != 3 || fields[0] != strconv.Itoa(len(fields[2])) || fields[1] != sum(fields[2]) {
		return "err 0 crc malformed\n"
	}
	fields = strings.Split(fields[2], " ")
	if len(fields) != 6 {
		return "err 0 crc malformed\n"
	}
	data, whole, err := g.link.join(fields[0], fields[1], fields[5])
	if err != nil {
		return "err 0 crc " + err.Error() + "\n"
	}
	if !whole {
		return "ok " + fields[0] + " part\n"
	}
	answer, refusal := g.do(fields[2], fields[3]+" "+fields[4], data)
	if refusal != "" {
		return "err " + fields[0] + " " + refusal + "\n"
	}
	return "ok " + fields[0] + " " + answer + "\n"
}

// join puts the parts of a message together.
func (l *link) join(seq, place, piece string) (text string, whole bool, err error) {
	var part, parts int
	if place == "1/1" {
		text, err = unpack(piece)
		return text, true, err
	}
	if _, err := fmt.Sscanf(place, "%d/%d", &part, &parts); err != nil || part < 1 || part > parts || parts > 512 {
		return "", false, errors.New("malformed part")
	}
	if len(l.parts[seq]) != parts {
		l.parts[seq] = make([]string, parts)
	}
	l.parts[seq][part-1] = piece
	for _, p := range l.parts[seq] {
		if p == "" {
			return "", false, nil
		}
	}
	text, err = unpack(strings.Join(l.parts[seq], ""))
	delete(l.parts, seq)
	return text, true, err
}

func (g *game) do(epoch, op, text string) (answer, refusal string) {
	l := &g.link
	if op == "core bind" {
		if text != g.start {
			return "", "start this is start " + g.start
		}
		l.reset(epoch)
		ledger, world := l.ledger, l.world
		if ledger == "" {
			ledger, world = "-", g.proposed
		}
		return g.tick() + " " + ledger + " " + world + " bus " + l.pack(g.report()), ""
	}
	if epoch != l.epoch {
		return "", "epoch bound to " + l.epoch
	}
	switch op {
	case "core assign":
		fields := strings.Split(text, "/")
		l.ledger, l.world = fields[0], fields[1]
		select {
		case <-g.trading:
		default:
			close(g.trading)
		}
		return g.tick(), ""
	case "core beat":
		return g.tick() + " " + strconv.Itoa(l.seq) + " " + l.chain, ""
	case "core report":
		return g.tick() + " " + strconv.Itoa(l.seq) + " " + l.chain + " bus " + l.pack(g.report()), ""
	case "bus grant":
		g.granted(text)
		return g.tick(), ""
	}
	return "", "unknown " + op
}

// report is everything that was ever told.
func (g *game) report() []byte {
	if g.order == (Order{}) {
		return nil
	}
	text := g.appendReceived(nil)
	for kind := range Kinds {
		text = appendRecord(text, g.sends[kind], g.told.Printed*Stack, 0, 0)
	}
	return text
}

func (g *game) granted(text string) {
	for record := range strings.SplitSeq(text, "+") {
		name, number, _ := strings.Cut(record, "=")
		total, err := strconv.ParseInt(number, 10, 64)
		if kind := slices.Index(g.receives[:], name); err == nil && kind >= 0 {
			g.received[kind] = max(g.received[kind], total)
		}
	}
	g.arrived()
}
