package pairing

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"unicode"
)

const (
	alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford's: no I, L, O, U
	codeLen  = 8
)

// Code is what an agent shows and a person types: 40 random bits as "K7Q4-9XBM".
type Code string

// NewCode draws a code.
func NewCode() Code {
	var b [codeLen]byte
	rand.Read(b[:]) // ends the program rather than fail
	for i := range b {
		b[i] = alphabet[b[i]%32] // 256 is a multiple of 32, so no character is likelier
	}
	return format(b[:])
}

func format(b []byte) Code { return Code(string(b[:codeLen/2]) + "-" + string(b[codeLen/2:])) }

// ParseCode reads what a person typed: case, blanks and dashes do not matter, and characters that look alike
// (O and 0, I, L and 1) count as the same.
func ParseCode(s string) (Code, error) {
	if len(s) > 64 {
		return "", errors.New("this is too long for a pairing code")
	}
	b := make([]byte, 0, codeLen)
	for _, r := range s {
		if r == '-' || unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) {
			continue
		}
		r = unicode.ToUpper(r)
		switch r {
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		if r >= unicode.MaxASCII || strings.IndexByte(alphabet, byte(r)) < 0 {
			return "", fmt.Errorf("pairing codes have no %q", r)
		}
		b = append(b, byte(r))
	}
	if len(b) != codeLen {
		return "", fmt.Errorf("a pairing code has %d characters, this has %d", codeLen, len(b))
	}
	return format(b), nil
}
