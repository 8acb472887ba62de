package gamelink

import (
	"errors"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"mainbus/transport/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The examples of docs/gamelink.md.
const (
	exampleLine  = "mainbus:1 57 882d16f3 1795000000.7 12 1/1 4711 bus - riron-plate/normal=120/0/0"
	exampleHello = "mainbus:1 31 b476ff9e 0 0 1/1 301 core hello rmainbus"
)

func TestExamplesOfTheDocument(t *testing.T) {
	line, err := ParseLine(exampleLine)
	want := Line{"1795000000.7", 12, 1, 1, 4711, "bus", "-", "riron-plate/normal=120/0/0", exampleLine[len("mainbus:1 57 882d16f3 "):]}
	if err != nil || line != want {
		t.Errorf("got %+v, %v", line, err)
	}
	if command, ok := Hello(exampleHello); !ok || command != "mainbus" {
		t.Errorf("hello: %q %v", command, ok)
	}
	if _, ok := Hello(exampleLine); ok {
		t.Error("an ordinary line was taken for hello")
	}
}

func TestParseLineRefuses(t *testing.T) {
	framed := func(rest string) string { return Prefix + frame(rest) }
	for name, text := range map[string]string{
		"wrong length":    strings.Replace(exampleLine, " 57 ", " 58 ", 1),
		"wrong checksum":  strings.Replace(exampleLine, "=120", "=121", 1),
		"torn":            exampleLine[:40],
		"nothing":         Prefix,
		"fields missing":  framed("1.7 12 1/1 4711 bus -"),
		"more fields":     framed("1.7 12 1/1 4711 bus - r r"),
		"two blanks":      framed("1.7 12  1/1 4711 bus - r"),
		"signed number":   framed("1.7 +12 1/1 4711 bus - r"),
		"part 0":          framed("1.7 12 0/1 4711 bus - r"),
		"part 2 of 1":     framed("1.7 12 2/1 4711 bus - r"),
		"too many parts":  framed("1.7 12 1/129 4711 bus - r"),
		"control in name": framed("1.7 12 1/1 4711 b\x01s - r"),
		"long":            framed("1.7 12 1/1 4711 bus - r" + strings.Repeat("x", MaxLine)),
	} {
		if line, err := ParseLine(text); err == nil || errors.Is(err, ErrNotLink) {
			t.Errorf("%s: %+v, %v", name, line, err)
		}
	}
	for _, text := range []string{"", "mainbus:1", "mainbus:2 ...", "2026-08-02 02:16:35 [CHAT] x: " + exampleLine} {
		if _, err := ParseLine(text); !errors.Is(err, ErrNotLink) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestEncodeCommandInParts(t *testing.T) {
	body := []byte(noise(200_000))
	commands, err := EncodeCommand(CommandName, Message{18446744073709551615, "1795000000.123", "bus", "grant", body})
	if err != nil {
		t.Fatal(err)
	}
	data := ""
	for i, c := range commands {
		if len(c) > MaxCommand {
			t.Fatalf("part %d has %d bytes", i, len(c))
		}
		rest, err := unframe(strings.TrimPrefix(c, "/mainbus "))
		if err != nil {
			t.Fatal(err)
		}
		data += rest[strings.LastIndexByte(rest, ' ')+1:]
	}
	if got, err := decode(data); err != nil || string(got) != string(body) {
		t.Errorf("parts do not make the body again: %v", err)
	}
	short, err := EncodeCommand(CommandName, Message{7, "1.2", "bus", "grant", []byte("iron-plate/normal=120")})
	if err != nil || len(short) != 1 || short[0] != "/mainbus 42 "+crc("7 1/1 1.2 bus grant riron-plate/normal=120")+
		" 7 1/1 1.2 bus grant riron-plate/normal=120" {
		t.Errorf("short command: %q, %v", short, err)
	}
	if _, err := EncodeCommand(CommandName, Message{7, "1.2", "b us", "grant", nil}); err == nil {
		t.Error("a blank in a channel's name was accepted")
	}
	if _, err := EncodeCommand(CommandName, Message{7, "1.2", "bus", "grant", make([]byte, MaxBody+1)}); err == nil {
		t.Error("a body beyond the limit was accepted")
	}
}

func TestParseReply(t *testing.T) {
	for _, test := range []struct {
		text string
		want Reply
		err  error
	}{
		{"ok 5 4711 12 0123abcd\n", Reply{Seq: 5, Answer: "4711 12 0123abcd"}, nil},
		{"ok 5\n", Reply{Seq: 5}, nil},
		{"err 0 crc malformed command\n", Reply{Code: "crc", Text: "malformed command"}, nil},
		{"err 5 start this is start 7", Reply{Seq: 5, Code: "start", Text: "this is start 7"}, nil},
		{"", Reply{}, ErrNoModule},
		{`Unknown command "mainbus". Type /h or /help for more help about commands.`, Reply{}, ErrNoModule},
		{"ok -5 x", Reply{}, ErrNoModule},
		{"err 5", Reply{}, ErrNoModule},
	} {
		if got, err := ParseReply(test.text); got != test.want || !errors.Is(err, test.err) {
			t.Errorf("%q: got %+v, %v", test.text, got, err)
		}
	}
}

func TestDecompressionIsBounded(t *testing.T) {
	if _, err := decode(pack(strings.Repeat("x", MaxBody+1), false)); !errors.Is(err, errBody) {
		t.Errorf("got %v", err)
	}
	if body, err := decode(pack(strings.Repeat("x", MaxBody), false)); err != nil || len(body) != MaxBody {
		t.Errorf("got %d bytes, %v", len(body), err)
	}
}

func TestQueueOrdersReplacesAndIsBounded(t *testing.T) {
	q := NewQueue()
	push := func(key, body string, class wire.Class) {
		t.Helper()
		if err := q.Push(&wire.Envelope{Channel: "c", Key: key, Class: class, Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
	}
	push("k", "old level", wire.Class_CLASS_LEVELS)
	push("", "bus 1", wire.Class_CLASS_BUS)
	push("", "bus 2", wire.Class_CLASS_BUS)
	push("k", "new level", wire.Class_CLASS_LEVELS)
	push("", "unnamed", wire.Class_CLASS_UNSPECIFIED)
	push("", "control", wire.Class_CLASS_CONTROL)
	var got []string
	for e := q.Pop(anything); e != nil; e = q.Pop(anything) {
		got = append(got, string(e.Body))
	}
	if s := strings.Join(got, ", "); s != "control, bus 1, bus 2, new level, unnamed" {
		t.Error(s)
	}
	push("k", "taken", wire.Class_CLASS_BUS)
	push("k", "of another class", wire.Class_CLASS_LEVELS)
	push("", "left", wire.Class_CLASS_BUS)
	taken := q.Take(func(e *wire.Envelope) bool { return e.Key == "k" })
	if len(taken) != 2 || string(taken[0].Body) != "taken" || string(taken[1].Body) != "of another class" {
		t.Errorf("took %v", taken)
	}
	push("k", "after it was taken", wire.Class_CLASS_BUS)
	for _, want := range []string{"left", "after it was taken"} {
		if e := q.Pop(anything); e == nil || string(e.Body) != want {
			t.Errorf("got %v, want %s", e, want)
		}
	}
	if q.count != 0 || q.bytes != 0 || len(q.keys) != 0 {
		t.Errorf("an empty queue counts %d envelopes of %d bytes, %d keys", q.count, q.bytes, len(q.keys))
	}
	for range maxQueued {
		push("", "x", wire.Class_CLASS_BUS)
	}
	if err := q.Push(&wire.Envelope{Channel: "c"}); !errors.Is(err, ErrFull) {
		t.Errorf("push beyond the bound: %v", err)
	}
	for q.Pop(anything) != nil {
	}
	big := make([]byte, maxQueuedBytes/2)
	if q.Push(&wire.Envelope{Body: big}) != nil || !errors.Is(q.Push(&wire.Envelope{Body: big}), ErrFull) || q.bytes < len(big) {
		t.Errorf("bytes are not bounded: %d", q.bytes)
	}
	push("k", "small", wire.Class_CLASS_BUS)
	if !errors.Is(q.Push(&wire.Envelope{Channel: "c", Key: "k", Class: wire.Class_CLASS_BUS, Body: big}), ErrFull) {
		t.Error("a replacement is not bounded")
	}
}

func anything(*wire.Envelope) bool { return true }

func FuzzParseLine(f *testing.F) {
	f.Add(exampleLine)
	f.Add(exampleHello)
	f.Add(Prefix + frame("1.7 12 1/1 4711 bus - r"))
	f.Fuzz(func(t *testing.T, text string) {
		line, err := ParseLine(text)
		if err != nil {
			return
		}
		if Prefix+frame(line.Rest) != text || line.Part < 1 || line.Part > line.Parts {
			t.Errorf("%q: %+v", text, line)
		}
		var a assembler
		if body, _, err := a.add(line); err == nil && len(body) > MaxBody {
			t.Errorf("body of %d bytes", len(body))
		}
	})
}

// The checksum keeps a fuzzer from ever reaching the fields, so they are fuzzed inside a right frame too.
func FuzzLineFields(f *testing.F) {
	f.Add("1795000000.7 12 1/1 4711 bus - riron-plate/normal=120/0/0")
	f.Add("1.7 12 1/2 4711 bus - zeJw=")
	f.Fuzz(func(t *testing.T, rest string) {
		line, err := ParseLine(Prefix + frame(rest))
		if err == nil && (line.Rest != rest || !strings.HasSuffix(rest, line.Piece)) {
			t.Errorf("%q: %+v", rest, line)
		}
		var c checker
		c.arrive(line, 0)
	})
}

func FuzzReplies(f *testing.F) {
	f.Add("ok 5 4711 - 0123 bus riron-plate/normal=120/0/0")
	f.Add("ok 5 4711 12 00000000 bus zeJw=")
	f.Add("err 5 start this is start 7")
	f.Fuzz(func(t *testing.T, text string) {
		reply, err := ParseReply(text)
		if err != nil {
			return
		}
		if bound, err := parseBound(reply.Answer); err == nil && (bound.World == "" || len(bound.Reports) > maxPieces) {
			t.Errorf("%q: %v", text, bound)
		}
		if b, err := parseBeat(reply.Answer); err == nil && len(b.chain) != len(noChain) {
			t.Errorf("%q: %+v", text, b)
		}
	})
}
