package gamelink

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"mainbus/transport/wire"
)

const (
	// MaxCommand is the longest command in bytes. The game takes 25 to 100 bytes in a tick, so a longer one would keep
	// more urgent ones waiting for too long.
	MaxCommand = 1000

	// CommandName is the name of the module's command where no other mod has taken it.
	CommandName = "mainbus"

	maxCommandParts = 512
	maxPieces       = 256 // of all reports in one answer
)

// Message is what one command, or several if it is long, carries into the game.
type Message struct {
	Seq                uint64
	Epoch, Channel, Op string
	Body               []byte
}

// EncodeCommand returns the RCON commands, each at most MaxCommand bytes, that carry m to the custom command name.
func EncodeCommand(name string, m Message) ([]string, error) {
	var e encoder
	return e.command(name, m)
}

func (e *encoder) command(name string, m Message) ([]string, error) {
	if !areNames(name, m.Epoch, m.Channel, m.Op) {
		return nil, errors.New("encode command: malformed name, epoch, channel or op")
	}
	data, err := e.encode(m.Body)
	if err != nil {
		return nil, fmt.Errorf("encode command: %w", err)
	}
	seq := strconv.FormatUint(m.Seq, 10)
	tail := " " + m.Epoch + " " + m.Channel + " " + m.Op + " "
	start := "/" + name + " "
	const sizes = len("1000 01234567 ") + len(" 512/512")
	room := MaxCommand - len(start) - sizes - len(seq) - len(tail)
	parts := (len(data) + room - 1) / room
	if parts > maxCommandParts {
		return nil, fmt.Errorf("encode command: %d parts", parts)
	}
	commands := make([]string, parts)
	for i := range commands {
		piece := data[i*room : min(len(data), (i+1)*room)]
		commands[i] = start + frame(seq+" "+strconv.Itoa(i+1)+"/"+strconv.Itoa(parts)+tail+piece)
	}
	return commands, nil
}

// Codes of replies that say why a command was not done.
const (
	CodeCRC         = "crc"
	CodeEpoch       = "epoch"
	CodeStart       = "start"
	CodeIncarnation = "incarnation"
	CodeIdle        = "idle"
	CodeUnknown     = "unknown"
	CodeFault       = "fault"
)

// Reply is the module's answer to a command.
type Reply struct {
	Seq    uint64
	Answer string // if it was done
	Code   string // if it was not: one of the Code constants, and Text says why
	Text   string
}

// ErrNoModule says that something else than the module answered: the save has none, or not yet.
var ErrNoModule = errors.New("no Mainbus module answers in this world")

// ParseReply reads the answer to a command.
func ParseReply(text string) (Reply, error) {
	text = strings.TrimSuffix(text, "\n")
	verdict, text, _ := strings.Cut(text, " ")
	number, text, _ := strings.Cut(text, " ")
	seq, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return Reply{}, ErrNoModule
	}
	switch verdict {
	case "ok":
		return Reply{Seq: seq, Answer: text}, nil
	case "err":
		code, why, _ := strings.Cut(text, " ")
		if areNames(code) {
			return Reply{Seq: seq, Code: code, Text: why}, nil
		}
	}
	return Reply{}, ErrNoModule
}

func parseBound(answer string) (*wire.Bound, error) {
	fields := strings.Split(answer, " ")
	if len(fields) < 3 || !areNames(fields[1], fields[2]) {
		return nil, errors.New("malformed answer to bind")
	}
	tick, err := strconv.ParseUint(fields[0], 10, 64)
	if err != nil {
		return nil, errors.New("malformed tick in the answer to bind")
	}
	reports, err := parseReports(fields[3:])
	if err != nil {
		return nil, err
	}
	bound := &wire.Bound{Ledger: fields[1], World: fields[2], Tick: tick, Reports: reports}
	if bound.Ledger == "-" {
		bound.Ledger = ""
	}
	return bound, nil
}

// beat is the answer to beat and, with reports, to report.
type beat struct {
	tick, seq uint64
	chain     string
	reports   []*wire.Report
}

func parseBeat(answer string) (beat, error) {
	fields := strings.Split(answer, " ")
	if len(fields) < 3 || len(fields[2]) != len(noChain) {
		return beat{}, errors.New("malformed answer to beat")
	}
	tick, err1 := strconv.ParseUint(fields[0], 10, 64)
	seq, err2 := strconv.ParseUint(fields[1], 10, 64)
	reports, err3 := parseReports(fields[3:])
	if err := errors.Join(err1, err2, err3); err != nil {
		return beat{}, fmt.Errorf("malformed answer to beat: %w", err)
	}
	return beat{tick, seq, fields[2], reports}, nil
}

// parseReports joins the pieces in which a long report comes.
func parseReports(fields []string) ([]*wire.Report, error) {
	if len(fields)%2 != 0 || len(fields) > 2*maxPieces {
		return nil, errors.New("malformed reports")
	}
	var d decoder
	var reports []*wire.Report
	at, size := map[string]*wire.Report{}, 0
	for i := 0; i < len(fields); i += 2 {
		body, err := d.decode(fields[i+1])
		if err != nil {
			return nil, fmt.Errorf("malformed report: %w", err)
		}
		if size += len(body); !areNames(fields[i]) || size > MaxReports {
			return nil, errors.New("malformed report")
		}
		r := at[fields[i]]
		if r == nil {
			r = &wire.Report{Channel: fields[i]}
			at[fields[i]], reports = r, append(reports, r)
		}
		r.Body = append(r.Body, body...)
	}
	return reports, nil
}
