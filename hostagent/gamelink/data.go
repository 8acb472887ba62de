package gamelink

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"

	"mainbus/hostagent/factorio/encoded"
)

// MaxBody is the most that a message, or a piece of a report, may hold, in bytes. MaxReports is the same of all reports in an
// answer.
const (
	MaxBody    = 256 << 10
	MaxReports = 8 << 20
)

// Above this many bytes compression pays for its own overhead in most of what is sent.
const rawLimit = 240

var errBody = fmt.Errorf("message larger than %d bytes", MaxBody)

// encoder makes the text form of data.
type encoder struct{ packed encoded.Encoder }

func (e *encoder) encode(body []byte) (string, error) {
	if len(body) > MaxBody {
		return "", errBody
	}
	if len(body) <= rawLimit && isRaw(body) {
		return "r" + string(body), nil
	}
	return "z" + e.packed.Encode(body), nil
}

func isRaw[T string | []byte](text T) bool {
	for i := range len(text) {
		c := text[i]
		switch {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case c == '+', c == '/', c == '=', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// decoder reads data. It is of use for more than one.
type decoder struct{ packed encoded.Decoder }

func decode(data string) ([]byte, error) {
	var d decoder
	return d.decode(data)
}

func (d *decoder) decode(data string) ([]byte, error) {
	if data == "" {
		return nil, errors.New("data without encoding")
	}
	switch text := data[1:]; data[0] {
	case 'r':
		if len(text) > MaxBody {
			return nil, errBody
		}
		if !isRaw(text) {
			return nil, errors.New("raw data with other characters than are allowed")
		}
		return []byte(text), nil
	case 'z':
		body, err := d.packed.Decode(text, MaxBody)
		switch {
		case errors.Is(err, encoded.ErrTooLong):
			return nil, errBody
		case err != nil:
			return nil, fmt.Errorf("decode data: %w", err)
		}
		return body, nil
	}
	return nil, fmt.Errorf("unknown encoding %q of data", data[0])
}

// crc returns the checksum of text in the form in which it travels.
func crc(text string) string {
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE([]byte(text)))
	return hex.EncodeToString(sum[:])
}

// nextChain returns the chain after a line with this rest.
func nextChain(chain, rest string) string {
	return crc(chain + rest)
}
