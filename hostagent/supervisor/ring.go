package supervisor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

const (
	// RingBytes is how much of a game's newest output is kept, about a day of an ordinary server.
	RingBytes = 16 << 20

	ringFile   = "output.ring"
	ringMagic  = "mbring1\n"
	ringHeader = 16       // magic, then the logical offset of the end, little endian
	maxWrite   = 64 << 10 // at most this much is being overwritten while a reader reads
)

// ring is a file of fixed size that holds the newest output under logical offsets that only grow, over all runs
// of the game. There is one writer; readers, in this process or another, never make it wait: they read first
// and check afterwards whether what they read may have been overwritten meanwhile.
type ring struct {
	file *os.File
	size uint64

	mu      sync.Mutex
	end     uint64
	closed  bool
	changed chan struct{} // closed at the next change; nil while nobody waits
}

// openRing continues the ring in dir, or makes one of the given size.
func openRing(dir string, size uint64) (*ring, error) {
	file, err := os.OpenFile(filepath.Join(dir, ringFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open output ring: %w", err)
	}
	r := &ring{file: file, size: size}
	if end, oldSize, err := readRingHeader(file); err == nil && oldSize == size {
		r.end = end
		return r, nil
	}
	var header [ringHeader]byte
	copy(header[:], ringMagic)
	_, err = file.WriteAt(header[:], 0)
	if err == nil {
		err = file.Truncate(int64(ringHeader + size))
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("make output ring: %w", err)
	}
	return r, nil
}

func readRingHeader(file *os.File) (end, size uint64, err error) {
	var header [ringHeader]byte
	if _, err := file.ReadAt(header[:], 0); err != nil {
		return 0, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return 0, 0, err
	}
	if string(header[:len(ringMagic)]) != ringMagic || info.Size() <= ringHeader+maxWrite {
		return 0, 0, errors.New("not an output ring")
	}
	return binary.LittleEndian.Uint64(header[len(ringMagic):]), uint64(info.Size() - ringHeader), nil
}

// append adds at most maxWrite bytes and wakes the readers.
func (r *ring) append(p []byte) error {
	at := r.end % r.size
	first := min(uint64(len(p)), r.size-at)
	if _, err := r.file.WriteAt(p[:first], int64(ringHeader+at)); err != nil {
		return fmt.Errorf("write output ring: %w", err)
	}
	if _, err := r.file.WriteAt(p[first:], ringHeader); err != nil {
		return fmt.Errorf("write output ring: %w", err)
	}
	var end [8]byte
	binary.LittleEndian.PutUint64(end[:], r.end+uint64(len(p)))
	if _, err := r.file.WriteAt(end[:], int64(len(ringMagic))); err != nil {
		return fmt.Errorf("write output ring: %w", err)
	}
	r.update(func() { r.end += uint64(len(p)) })
	return nil
}

// close says that no more will come; readers get what there is and then io.EOF.
func (r *ring) close() {
	r.update(func() { r.closed = true })
}

func (r *ring) update(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}

// state returns the end and, when offset is there already, a channel that tells of the next change.
func (r *ring) state(offset uint64) (end uint64, closed bool, changed <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if offset >= r.end && !r.closed {
		if r.changed == nil {
			r.changed = make(chan struct{})
		}
		changed = r.changed
	}
	return r.end, r.closed, changed
}

// next reads what follows offset into p, waiting for it. It returns the offset at which the bytes really start:
// a later one than asked where the ring has been overwritten. io.EOF comes after the last byte of a closed ring,
// or when stop is closed.
func (r *ring) next(p []byte, offset uint64, stop <-chan struct{}) (n int, at uint64, err error) {
	for {
		end, closed, changed := r.state(offset)
		switch {
		case changed != nil:
			select {
			case <-changed:
			case <-stop:
				return 0, offset, io.EOF
			}
			continue
		case offset >= end && closed:
			return 0, offset, io.EOF
		}
		n, at, err = readRing(r.file, p, offset, end, r.size)
		if err != nil {
			return 0, offset, err
		}
		end, _, _ = r.state(0)
		if at >= oldest(end, r.size) {
			return n, at, nil
		}
		offset = at // overwritten while it was read: once more, from the oldest that is there then
	}
}

// oldest is the first offset that a write in progress cannot be overwriting.
func oldest(end, size uint64) uint64 {
	if end+maxWrite <= size {
		return 0
	}
	return end + maxWrite - size
}

func readRing(file *os.File, p []byte, offset, end, size uint64) (n int, at uint64, err error) {
	at = max(offset, oldest(end, size))
	want := min(uint64(len(p)), end-at, size-at%size)
	n, err = file.ReadAt(p[:want], int64(ringHeader+at%size))
	if err != nil && n < int(want) {
		return 0, at, fmt.Errorf("read output ring: %w", err)
	}
	return n, at, nil
}

// ReadOutput reads what the game in dir printed from offset on, at most len(p) bytes, without a supervisor being
// needed. It returns the offset at which the bytes start, later than asked where older output is gone, and the
// end of all output. An offset beyond the end is taken as the end.
func ReadOutput(dir string, p []byte, offset uint64) (n int, at, end uint64, err error) {
	file, err := os.Open(filepath.Join(dir, ringFile))
	if errors.Is(err, os.ErrNotExist) {
		return 0, 0, 0, nil
	}
	if err != nil {
		return 0, 0, 0, fmt.Errorf("open output ring: %w", err)
	}
	defer file.Close()
	for {
		end, size, err := readRingHeader(file)
		if err != nil {
			return 0, 0, 0, fmt.Errorf("read output ring: %w", err)
		}
		offset = min(offset, end)
		if n, at, err = readRing(file, p, offset, end, size); err != nil {
			return 0, 0, 0, err
		}
		if now, _, err := readRingHeader(file); err == nil && at >= oldest(now, size) {
			return n, at, end, nil
		}
	}
}
