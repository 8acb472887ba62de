package steam

import (
	"errors"
	"fmt"
	"strings"
)

const (
	maxFile  = 4 << 20 // libraryfolders.vdf lists every game of every library: some 100 KB at worst
	maxDepth = 32
	maxNodes = 200_000
)

// A node is a key of Valve's text format with either a value or more nodes.
type node struct {
	key, value string
	children   []node
}

// child returns the first node of that name below n, whatever the case, as Steam reads them.
func (n node) child(key string) node {
	for _, c := range n.children {
		if strings.EqualFold(c.key, key) {
			return c
		}
	}
	return node{}
}

// parse reads a file of Valve's text format: "key" "value" and "key" { … }, with // comments. Conditions like [$WIN32] are passed over.
func parse(text string) (node, error) {
	if len(text) > maxFile {
		return node{}, fmt.Errorf("larger than %d bytes", maxFile)
	}
	p := &parser{rest: strings.TrimPrefix(text, "\ufeff")}
	children, err := p.nodes(0)
	if err != nil {
		return node{}, err
	}
	return node{children: children}, nil
}

type parser struct {
	rest  string
	count int
}

// A token is a text, "{", "}" or, with neither, the end.
type token struct {
	text string
	mark byte // '{', '}', 't' for a text, 0 for the end
}

func (p *parser) nodes(depth int) ([]node, error) {
	if depth > maxDepth {
		return nil, errors.New("nested too deeply")
	}
	var list []node
	for {
		key, err := p.next()
		switch {
		case err != nil:
			return nil, err
		case key.mark == 0 && depth > 0:
			return nil, errors.New("ends within braces")
		case key.mark == 0, key.mark == '}' && depth > 0:
			return list, nil
		case key.mark != 't':
			return nil, fmt.Errorf("%q where a key should stand", key.mark)
		}
		if p.count++; p.count > maxNodes {
			return nil, errors.New("too many entries")
		}
		n := node{key: key.text}
		value, err := p.next()
		switch {
		case err != nil:
			return nil, err
		case value.mark == 't':
			n.value = value.text
		case value.mark == '{':
			if n.children, err = p.nodes(depth + 1); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("%.60q has no value", key.text)
		}
		list = append(list, n)
	}
}

const space = " \t\r\n"

func (p *parser) next() (token, error) {
	for {
		p.rest = strings.TrimLeft(p.rest, space)
		switch {
		case strings.HasPrefix(p.rest, "//"):
			_, p.rest, _ = strings.Cut(p.rest, "\n")
			continue
		case strings.HasPrefix(p.rest, "["):
			_, after, closed := strings.Cut(p.rest, "]")
			if !closed {
				return token{}, errors.New("a condition does not end")
			}
			p.rest = after
			continue
		}
		break
	}
	if p.rest == "" {
		return token{}, nil
	}
	switch c := p.rest[0]; c {
	case '{', '}':
		p.rest = p.rest[1:]
		return token{mark: c}, nil
	case '"':
		return p.quoted()
	}
	end := strings.IndexAny(p.rest, space+`{}"`)
	if end < 0 {
		end = len(p.rest)
	}
	text := p.rest[:end]
	p.rest = p.rest[end:]
	return token{text, 't'}, nil
}

// quoted reads a text in quotes, in which a backslash stands before \ and ". Others are kept: old files have paths as they are.
func (p *parser) quoted() (token, error) {
	var text strings.Builder
	for i := 1; i < len(p.rest); i++ {
		c := p.rest[i]
		switch {
		case c == '"':
			p.rest = p.rest[i+1:]
			return token{text.String(), 't'}, nil
		case c == '\\' && i+1 < len(p.rest) && (p.rest[i+1] == '\\' || p.rest[i+1] == '"'):
			i++
			c = p.rest[i]
		}
		text.WriteByte(c)
	}
	return token{}, errors.New("a text does not end")
}
