package bulk

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"mainbus/transport/fetch"
	"mainbus/transport/wire"
)

const (
	partSuffix = ".part" // what has arrived of a file
	sumsSuffix = ".sums" // a line about the content, then one for the hash of each whole piece
	maxTag     = 128
	maxSize    = 1 << 40
	sumLine    = 2*sha256.Size + 1
)

var (
	errCorrupt = errors.New("bytes arrived that do not have the hash which came with them")
	// ErrChanged says that the source is another file than it was when the transfer began.
	ErrChanged = errors.New("the file has changed while it was sent")
)

// part is a file that has not arrived as a whole. It belongs to one goroutine.
type part struct {
	target string
	file   *os.File
	sums   *os.File
	buf    []byte

	size   int64
	tag    string
	have   int64 // bytes from the start
	hashes [][sha256.Size]byte
	piece  hash.Hash // of what is there of the piece at have
}

// label is the first line of the sums.
type label struct {
	Size int64  `json:"size"`
	Tag  string `json:"tag"`
}

// openPart takes up what an earlier transfer to target has left.
func openPart(target string) (*part, error) {
	p := &part{target: target, piece: sha256.New(), buf: make([]byte, 256<<10)}
	var err error
	if p.file, err = os.OpenFile(target+partSuffix, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, p.explain(err)
	}
	if p.sums, err = os.OpenFile(target+partSuffix+sumsSuffix, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		p.file.Close()
		return nil, p.explain(err)
	}
	if err := p.load(); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *part) explain(err error) error { return fetch.ExplainDisk(err, p.target, p.have, p.size) }

// load believes what is on disk as far as the hashes do.
func (p *part) load() error {
	lines := bufio.NewReader(io.LimitReader(p.sums, maxSize/pieceSize*sumLine))
	first, err := lines.ReadSlice('\n')
	var l label
	if err != nil || json.Unmarshal(first, &l) != nil || l.Size < 0 || l.Size > maxSize || l.Tag == "" || len(l.Tag) > maxTag {
		return p.restart(label{})
	}
	p.size, p.tag = l.Size, l.Tag
	info, err := p.file.Stat()
	if err != nil {
		return p.explain(err)
	}
	there := min(info.Size(), l.Size)
	for line := make([]byte, sumLine); p.have < there; {
		end := min(p.have+pieceSize, l.Size)
		var sum [sha256.Size]byte
		if _, err := io.ReadFull(lines, line); err != nil || end > there || line[sumLine-1] != '\n' {
			break
		}
		if _, err := hex.Decode(sum[:], line[:sumLine-1]); err != nil {
			break
		}
		if got, err := p.hashOf(p.have, end); err != nil {
			return err
		} else if got != sum {
			break
		}
		p.hashes = append(p.hashes, sum)
		p.have = end
	}
	return p.truncate(len(first))
}

// truncate cuts both files to what is believed.
func (p *part) truncate(header int) error {
	end := int64(header + len(p.hashes)*sumLine)
	err := errors.Join(p.file.Truncate(p.have), p.sums.Truncate(end))
	if _, seek := p.sums.Seek(end, io.SeekStart); seek != nil {
		err = errors.Join(err, seek)
	}
	if err != nil {
		return p.explain(err)
	}
	return nil
}

// restart forgets everything.
func (p *part) restart(l label) error {
	p.have, p.hashes, p.size, p.tag = 0, nil, l.Size, l.Tag
	p.piece.Reset()
	if err := p.truncate(0); err != nil || l.Tag == "" {
		return err
	}
	line, err := json.Marshal(l)
	if err == nil {
		_, err = p.sums.Write(append(line, '\n'))
	}
	if err != nil {
		return p.explain(err)
	}
	return nil
}

// begin compares what the source is with what there is of it. It returns true if the bytes that follow are those at have.
func (p *part) begin(h *wire.BulkHead, limit int64) (follows bool, err error) {
	size, tag := int64(h.GetSize()), h.GetTag()
	switch {
	case size < 0 || size > maxSize || tag == "" || len(tag) > maxTag:
		return false, errors.New("the peer describes the file in a way that can't be")
	case limit > 0 && size > limit:
		return false, fmt.Errorf("the file has %d bytes, more than %d are not taken", size, limit)
	case tag == p.tag && size == p.size:
		return true, nil
	}
	if err := makeRoom(p.target, size); err != nil {
		return false, err
	}
	asked := p.tag != ""
	return !asked, p.restart(label{size, tag})
}

// take adds bytes to the end until the file is whole.
func (p *part) take(r io.Reader, progress func(have int64)) error {
	for p.have < p.size {
		end := min(p.have-p.have%pieceSize+pieceSize, p.size)
		if err := p.fill(r, end); err != nil {
			return err
		}
		if err := p.seal(r, end); err != nil {
			return err
		}
		progress(p.have)
	}
	return nil
}

func (p *part) fill(r io.Reader, end int64) error {
	for p.have < end {
		n, err := r.Read(p.buf[:min(int64(len(p.buf)), end-p.have)])
		if n > 0 {
			if _, err := p.file.WriteAt(p.buf[:n], p.have); err != nil {
				return diskError{p.explain(err)}
			}
			p.piece.Write(p.buf[:n])
			p.have += int64(n)
		}
		if err == io.EOF && p.have < end {
			return io.ErrUnexpectedEOF
		} else if err != nil && err != io.EOF {
			return err
		}
	}
	return nil
}

// seal takes the hash of a piece whose bytes have all come. If it does not come, the last byte counts as not arrived, since the hash follows it.
func (p *part) seal(r io.Reader, end int64) error {
	var sum [sha256.Size]byte
	if _, err := io.ReadFull(r, sum[:]); err != nil {
		return p.back(end-1, err)
	}
	start := end - 1 - (end-1)%pieceSize
	if [sha256.Size]byte(p.piece.Sum(nil)) != sum {
		return p.back(start, errCorrupt)
	}
	if _, err := fmt.Fprintf(p.sums, "%x\n", sum); err != nil {
		return diskError{p.explain(err)}
	}
	p.hashes = append(p.hashes, sum)
	p.piece.Reset()
	return nil
}

// back goes back to an earlier byte of the piece, because of cause.
func (p *part) back(to int64, cause error) error {
	p.have = to
	p.piece.Reset()
	if err := hashRange(p.piece, p.file, p.buf, to-to%pieceSize, to); err != nil {
		return diskError{p.explain(err)}
	}
	return cause
}

func (p *part) bounds(piece int) (start, end int64) {
	start = int64(piece) * pieceSize
	return start, min(start+pieceSize, p.size)
}

func (p *part) hashOf(start, end int64) ([sha256.Size]byte, error) {
	sum := sha256.New()
	if err := hashRange(sum, p.file, p.buf, start, end); err != nil {
		return [sha256.Size]byte{}, diskError{p.explain(err)}
	}
	return [sha256.Size]byte(sum.Sum(nil)), nil
}

// verify reads back what is on disk and returns the pieces that are not what was sent.
func (p *part) verify(ctx context.Context, progress func(have int64)) (bad []int, err error) {
	for piece, want := range p.hashes {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		start, end := p.bounds(piece)
		got, err := p.hashOf(start, end)
		if err != nil {
			return nil, err
		}
		if got != want {
			bad = append(bad, piece)
		}
		progress(end)
	}
	return bad, nil
}

// replace takes the bytes of one piece once more.
func (p *part) replace(r io.Reader, piece int) error {
	start, end := p.bounds(piece)
	content := make([]byte, end-start+sha256.Size)
	if _, err := io.ReadFull(r, content); err != nil {
		return err
	}
	content = content[:end-start]
	if sha256.Sum256(content) != p.hashes[piece] {
		return errCorrupt
	}
	if _, err := p.file.WriteAt(content, start); err != nil {
		return diskError{p.explain(err)}
	}
	return nil
}

func (p *part) sync() error {
	if err := p.file.Sync(); err != nil {
		return p.explain(err)
	}
	return nil
}

func (p *part) close() error { return errors.Join(p.file.Close(), p.sums.Close()) }

// publish gives the file its name.
func (p *part) publish() error {
	if err := p.close(); err != nil {
		return p.explain(err)
	}
	if err := os.Rename(p.target+partSuffix, p.target); err != nil {
		return p.explain(err)
	}
	if err := os.Remove(p.target + partSuffix + sumsSuffix); err != nil {
		return p.explain(err)
	}
	syncDir(filepath.Dir(p.target))
	return nil
}

// Discard removes what an unfinished transfer to target has left.
func Discard(target string) error {
	var failed error
	for _, path := range []string{target + partSuffix, target + partSuffix + sumsSuffix} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// diskError is a trouble that another attempt does not help.
type diskError struct{ error }

func (d diskError) Unwrap() error { return d.error }
