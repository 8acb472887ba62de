// Package encoded reads and writes text as the game's helpers.encode_string and decode_string do: zlib, then base64. Blueprint
// strings are the same behind one character that says their version; map exchange strings and mod pack strings hold the same too.
package encoded

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// BlueprintVersion is the first character of all blueprint strings so far.
const BlueprintVersion = '0'

// ErrTooLong says that more came out of a text than the caller allows.
var ErrTooLong = errors.New("it inflates to more than it may")

// Encode returns data as a text. An Encoder does the same faster for many.
func Encode(data []byte) string { return new(Encoder).Encode(data) }

// EncodeBlueprint returns the JSON of a blueprint as a blueprint string.
func EncodeBlueprint(json []byte) string { return string(BlueprintVersion) + Encode(json) }

// Encoder keeps a compressor, which costs more to make than most texts. The zero value is ready.
type Encoder struct {
	z   *zlib.Writer
	out bytes.Buffer
}

// Encode returns data as a text.
func (e *Encoder) Encode(data []byte) string {
	e.out.Reset()
	if e.z == nil {
		e.z = zlib.NewWriter(&e.out)
	} else {
		e.z.Reset(&e.out)
	}
	_, _ = e.z.Write(data) // a bytes.Buffer takes everything
	_ = e.z.Close()
	return base64.StdEncoding.EncodeToString(e.out.Bytes())
}

// Decode returns what Encode was given. More than limit bytes are ErrTooLong. Line breaks within the text don't count.
func Decode(text string, limit int) ([]byte, error) {
	var d Decoder
	return d.Decode(text, limit)
}

// Decoder is for many texts: the 40 KB that inflating one takes are kept for the next. The zero value is
// ready for use. It is not safe for concurrent use.
type Decoder struct{ inflater io.ReadCloser }

// Decode is as the function of that name.
func (d *Decoder) Decode(text string, limit int) ([]byte, error) {
	if IsBlueprint(text) {
		return nil, errors.New("it is a blueprint string, which has a version before the encoded text")
	}
	packed, err := base64.StdEncoding.DecodeString(text)
	switch {
	case err != nil:
		return nil, fmt.Errorf("it is no base64: %w", err)
	case len(packed) == 0:
		return nil, errors.New("there is no encoded text")
	}
	rest := bytes.NewReader(packed)
	z, err := d.open(rest)
	if err != nil {
		return nil, notInflated(err)
	}
	data, err := io.ReadAll(io.LimitReader(z, int64(limit)+1))
	switch {
	case err != nil:
		return nil, notInflated(err)
	case len(data) > limit:
		return nil, fmt.Errorf("%w, %d bytes", ErrTooLong, limit)
	case rest.Len() > 0:
		return nil, fmt.Errorf("%d bytes too many behind the compressed data", rest.Len())
	}
	return data, nil
}

func (d *Decoder) open(r io.Reader) (io.Reader, error) {
	if d.inflater != nil {
		return d.inflater, d.inflater.(zlib.Resetter).Reset(r, nil)
	}
	z, err := zlib.NewReader(r)
	if err == nil {
		d.inflater = z
	}
	return z, err
}

func notInflated(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it can't be inflated: it ends too early")
	}
	return fmt.Errorf("it can't be inflated: %w", err)
}

// Unspaced drops what editors and messengers put into a text that people copy: white space, byte order marks and zero-width
// spaces.
func Unspaced(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\ufeff' || r == '\u200b' {
			return -1
		}
		return r
	}, text)
}

// Is reports whether a text begins as encoded ones do: with the two bytes of zlib, whose first makes it begin with "e".
func Is(text string) bool {
	var b [3]byte
	if len(text) < 4 {
		return false
	}
	if _, err := base64.StdEncoding.Decode(b[:], []byte(text[:4])); err != nil {
		return false
	}
	const deflate, multiple, dictionary = 0x78, 31, 0x20 // RFC 1950, 2.2
	return b[0] == deflate && binary.BigEndian.Uint16(b[:])%multiple == 0 && b[1]&dictionary == 0
}

// IsBlueprint reports whether a text begins as blueprint strings do.
func IsBlueprint(text string) bool {
	return text != "" && text[0] == BlueprintVersion && Is(text[1:])
}

// DecodeBlueprint returns the JSON in a blueprint string, of at most limit bytes.
func DecodeBlueprint(text string, limit int) ([]byte, error) {
	switch {
	case text == "":
		return nil, errors.New("it is empty")
	case text[0] != BlueprintVersion:
		return nil, fmt.Errorf("it begins with %q, but a blueprint string begins with %q", text[:1], BlueprintVersion)
	}
	return Decode(text[1:], limit)
}
