// Package jsondoc reads the game's JSON files, and changes single values in them: the order of keys, comments (keys that begin
// with "_"), unknown keys, blank lines and the writing of every other value stay as they are.
package jsondoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxText    = 16 << 20 // bytes; the largest real file seen, a list of 292 mods, has 22 kB
	maxDepth   = 100
	maxDoubled = 100 // keys that are told
	maxTold    = 100 // bytes of a key that leads to a doubled one
)

var (
	bom      = []byte("\ufeff")
	errDepth = fmt.Errorf("nested deeper than %d", maxDepth)
)

// Doc is the text of a JSON object.
type Doc struct {
	text    []byte // valid, and an object
	doubled []string
}

// Member is a key of an object with the text of its value.
type Member struct {
	Key   string
	Value json.RawMessage
}

// Parse checks text and keeps a copy. It must be an object of at most 16 MiB and 100 levels, in UTF-8; a byte order mark before it
// is passed over. Errors tell line and column, which counts bytes.
func Parse(text []byte) (*Doc, error) {
	text = bytes.TrimPrefix(text, bom)
	doubled, err := check(text, '{')
	if err != nil {
		return nil, err
	}
	return &Doc{text: bytes.Clone(text), doubled: doubled}, nil
}

// ParseLossy is Parse for a file that is only read: bytes that are not UTF-8 become U+FFFD, and lossy says that there were some.
func ParseLossy(text []byte) (d *Doc, lossy bool, err error) {
	if !isUTF16(text) && !utf8.Valid(text) {
		text, lossy = bytes.ToValidUTF8(text, []byte("\ufffd")), true
	}
	d, err = Parse(text)
	return d, lossy, err
}

// ParseList checks text as Parse does, but it must be an array. It returns the elements, and the keys that an object in it has more
// than once.
func ParseList(text []byte) (elements []json.RawMessage, doubled []string, err error) {
	text = bytes.TrimPrefix(text, bom)
	if doubled, err = check(text, '['); err != nil {
		return nil, nil, err
	}
	elements, _ = Elements(text)
	return elements, doubled, nil
}

// check reports whether text is one JSON value that begins with open, '{' or '['. It returns the keys that an object has more
// than once, with the keys that lead to them, a hundred at most.
func check(text []byte, open json.Delim) (doubled []string, err error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("%d bytes of JSON, more than %d MiB", len(text), maxText>>20)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errors.New("no JSON: the file is empty")
	}
	if err := checkUTF8(text); err != nil {
		return nil, err
	}
	var whole json.RawMessage
	if err := json.Unmarshal(text, &whole); err != nil {
		return nil, explain(text, err)
	}
	if whole[0] != byte(open) {
		return nil, fmt.Errorf("it is a JSON %s, but must be an %s", kind(whole), kind([]byte{byte(open)}))
	}
	c := checker{dec: json.NewDecoder(bytes.NewReader(text))}
	c.dec.UseNumber()
	first, err := c.dec.Token()
	if err == nil {
		err = c.rest(first)
	}
	if err != nil {
		return nil, located(text, c.dec.InputOffset(), err)
	}
	return c.doubled, nil
}

func isUTF16(text []byte) bool {
	return bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff"))
}

// checkUTF8 refuses what encoding/json would read as U+FFFD: such a text can't be written back as it was.
func checkUTF8(text []byte) error {
	if isUTF16(text) {
		return errors.New("the text is UTF-16: save it as UTF-8")
	}
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size == 1 {
			return located(text, int64(at), fmt.Errorf("byte 0x%02x is not UTF-8", text[at]))
		}
		at += size
	}
	return nil
}

// kind says what a JSON value is by its first byte.
func kind(value []byte) string {
	switch value[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "text"
	case 't', 'f':
		return "truth value"
	case 'n':
		return "null"
	}
	return "number"
}

type checker struct {
	dec     *json.Decoder
	path    []string
	doubled []string
}

// rest reads what follows a token that begins a value.
func (c *checker) rest(first json.Token) error {
	open, ok := first.(json.Delim)
	if !ok {
		return nil
	}
	if len(c.path) >= maxDepth {
		return errDepth
	}
	var seen map[string]bool
	if open == '{' {
		seen = make(map[string]bool)
	}
	c.path = append(c.path, "")
	for c.dec.More() {
		token, err := c.dec.Token()
		if err == nil && open == '{' {
			key, _ := token.(string)
			c.path[len(c.path)-1] = cut(key, maxTold)
			if seen[key] && len(c.doubled) < maxDoubled {
				c.doubled = append(c.doubled, strings.Join(c.path, "."))
			}
			seen[key] = true
			token, err = c.dec.Token()
		}
		if err == nil {
			err = c.rest(token)
		}
		if err != nil {
			return err
		}
	}
	c.path = c.path[:len(c.path)-1]
	_, err := c.dec.Token()
	return err
}

// explain says where a syntax error is.
func explain(text []byte, err error) error {
	var syntax *json.SyntaxError
	switch {
	case !errors.As(err, &syntax):
		return err
	case syntax.Error() == "unexpected end of JSON input" || endedBy(text, syntax):
		return located(text, int64(len(bytes.TrimSpace(text))), errors.New("the JSON ends too early"))
	}
	if strings.HasSuffix(syntax.Error(), "exceeded max depth") { // of encoding/json, which is far beyond ours
		return located(text, syntax.Offset-1, errDepth)
	}
	return located(text, syntax.Offset-1, err)
}

// cut returns the first bytes of a text, whole characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "")
}

// Short returns a value for a sentence: on one line, and no more than its first 40 bytes.
func Short(value []byte) string {
	const most = 40
	var line bytes.Buffer
	if err := json.Compact(&line, value); err != nil {
		return "no JSON"
	}
	if line.Len() <= most {
		return line.String()
	}
	return cut(line.String(), most) + "…"
}

// endedBy reports whether a syntax error is about the blank that encoding/json puts behind a text that ends within a literal.
func endedBy(text []byte, err *json.SyntaxError) bool {
	return err.Offset == int64(len(text)) && strings.HasPrefix(err.Error(), "invalid character ' '") && text[len(text)-1] != ' '
}

func located(text []byte, at int64, err error) error {
	before := text[:at]
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Errorf("line %d, column %d: %w", bytes.Count(before, []byte("\n"))+1, column, err)
}

// Bytes returns the text.
func (d *Doc) Bytes() []byte { return bytes.Clone(d.text) }

// Doubled returns the keys that an object has more than once, with the keys that lead to them ("visibility.public"). Get and Set
// mean the last.
func (d *Doc) Doubled() []string { return d.doubled }

// Members returns the members of the whole object.
func (d *Doc) Members() []Member {
	m, _ := Members(d.text)
	return m
}

// Members returns the members of a JSON object in their order, false if text is none.
func Members(text []byte) ([]Member, bool) {
	spans, ok := spansOf(text, 0)
	if !ok {
		return nil, false
	}
	var out []Member
	for _, s := range spans {
		out = append(out, Member{s.key, text[s.at:s.end]})
	}
	return out, true
}

// Elements returns the elements of a JSON array, false if text is none.
func Elements(text []byte) (out []json.RawMessage, ok bool) {
	if trimmed := bytes.TrimSpace(text); len(trimmed) == 0 || trimmed[0] != '[' {
		return nil, false
	}
	return out, json.Unmarshal(text, &out) == nil
}

// Plain returns a value without the comments in its objects. Of a key that an object has more than once the last stays.
func Plain(value json.RawMessage) json.RawMessage {
	var parts [][]byte
	open, end := "[", "]"
	if members, ok := Members(value); ok {
		open, end = "{", "}"
		lastAt := make(map[string]int)
		for i, m := range members {
			lastAt[m.Key] = i
		}
		for i, m := range members {
			if strings.HasPrefix(m.Key, "_") || lastAt[m.Key] != i {
				continue
			}
			key, _ := encode(m.Key)
			parts = append(parts, slices.Concat(key, []byte(": "), Plain(m.Value)))
		}
	} else if elements, ok := Elements(value); ok {
		for _, e := range elements {
			parts = append(parts, Plain(e))
		}
	} else {
		return bytes.TrimSpace(value)
	}
	return slices.Concat([]byte(open), bytes.Join(parts, []byte(", ")), []byte(end))
}

// span is where a member is in a text.
type span struct {
	key     string
	keyAt   int // its first quote
	at, end int // of the value
}

// spansOf finds the members of the object whose brace is at offset from, blanks aside.
func spansOf(text []byte, from int) (spans []span, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(text[from:]))
	if first, err := dec.Token(); err != nil || first != json.Delim('{') {
		return nil, false
	}
	for dec.More() {
		keyAt := from + int(dec.InputOffset())
		keyAt += bytes.IndexByte(text[keyAt:], '"')
		token, err := dec.Token()
		if err != nil {
			return nil, false
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, false
		}
		end := from + int(dec.InputOffset())
		key, _ := token.(string)
		spans = append(spans, span{key: key, keyAt: keyAt, at: end - len(value), end: end})
	}
	return spans, true
}

func last(spans []span, key string) int {
	for i := len(spans) - 1; i >= 0; i-- {
		if spans[i].key == key {
			return i
		}
	}
	return -1
}

// Get returns the text of the value under a path of keys, false if there is none.
func (d *Doc) Get(path ...string) (json.RawMessage, bool) {
	at, end := 0, len(d.text)
	for _, key := range path {
		spans, _ := spansOf(d.text, at)
		i := last(spans, key)
		if i < 0 {
			return nil, false
		}
		at, end = spans[i].at, spans[i].end
	}
	return bytes.Clone(d.text[at:end]), true
}

// Set replaces or adds the value under a path of keys. A value on the way that is no object is replaced by one.
func (d *Doc) Set(value any, path ...string) error {
	text, err := encode(value)
	if err != nil {
		return fmt.Errorf("set %s: %w", strings.Join(path, "."), err)
	}
	at := 0
	for depth, key := range path {
		spans, _ := spansOf(d.text, at)
		i := last(spans, key)
		if i < 0 {
			d.insert(at, spans, key, nest(text, path[depth+1:]))
			return nil
		}
		_, object := spansOf(d.text, spans[i].at)
		if !object || depth == len(path)-1 {
			d.splice(spans[i].at, spans[i].end, nest(text, path[depth+1:]))
			return nil
		}
		at = spans[i].at
	}
	return nil
}

// nest wraps text in objects so that it is under path.
func nest(text []byte, path []string) []byte {
	for i := len(path) - 1; i >= 0; i-- {
		key, _ := encode(path[i])
		text = bytes.Join([][]byte{[]byte("{"), key, []byte(": "), text, []byte("}")}, nil)
	}
	return text
}

func encode(value any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(value)
	return bytes.TrimSpace(out.Bytes()), err
}

// insert adds a member behind the others of the object at offset from, indented as they are.
func (d *Doc) insert(from int, spans []span, key string, value []byte) {
	name, _ := encode(key)
	member := append(append(name, ": "...), value...)
	if len(spans) == 0 {
		at := from + bytes.IndexByte(d.text[from:], '{') + 1
		d.splice(at, at, member)
		return
	}
	before := d.text[:spans[len(spans)-1].keyAt]
	blank := before[len(bytes.TrimRight(before, " \t\r\n")):]
	if i := bytes.LastIndexByte(blank, '\n'); i >= 0 {
		blank = blank[i:] // without blank lines
	}
	end := spans[len(spans)-1].end
	d.splice(end, end, bytes.Join([][]byte{[]byte(","), blank, member}, nil))
}

// Delete removes the value under a path of keys if there is one.
func (d *Doc) Delete(path ...string) {
	at := 0
	for depth, key := range path {
		spans, _ := spansOf(d.text, at)
		i := last(spans, key)
		switch {
		case i < 0:
			return
		case depth < len(path)-1:
			at = spans[i].at
		case i > 0:
			d.splice(spans[i-1].end, spans[i].end, nil)
		case len(spans) > 1:
			d.splice(spans[0].keyAt, spans[1].keyAt, nil)
		default:
			d.splice(spans[0].keyAt, spans[0].end, nil)
		}
	}
}

func (d *Doc) splice(from, to int, text []byte) {
	d.text = bytes.Join([][]byte{d.text[:from], text, d.text[to:]}, nil)
}
