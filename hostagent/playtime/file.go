package playtime

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"mainbus/hostagent/factorio/playername"
	"mainbus/hostagent/internal/disk"
	"mainbus/transport/signal"
)

// Open reads the book of an instance, or begins one. A file that can't be read is kept beside it, and so is no reason not to run a
// game: the totals that it had were told, and what follows counts from zero.
func Open(path, instance string) (*Book, error) {
	b := &Book{path: path}
	err := b.read(instance)
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, errForeign):
		b.begin(instance)
		err = nil
	default:
		err = errors.Join(fmt.Errorf("the book of what is played begins anew: %w", err), os.Rename(path, path+".bad"))
		b.begin(instance)
	}
	return b, err
}

// errForeign says that the file came along with a copy of another instance's folder.
var errForeign = errors.New("the book of another instance")

func (b *Book) read(instance string) error {
	if err := disk.ReadJSON(b.path, &b.file); err != nil {
		return err
	}
	if b.file.Instance != instance {
		return errForeign
	}
	if err := b.file.check(); err != nil {
		return fmt.Errorf("%s: %w", b.path, err)
	}
	b.saved = b.file.Seq
	b.makeIndex()
	return nil
}

func (f *file) check() error {
	if f.Book == "" || len(f.Records) > maxRecords || len(f.Visits) > maxVisits {
		return errors.New("malformed book")
	}
	seen := map[string]bool{}
	for _, r := range f.Records {
		if r == nil || playername.Check(r.Name) != nil || seen[playername.Key(r.Name)] || r.Number > f.Last || r.Seq > f.Seq || r.Millis < 0 {
			return errors.New("malformed record")
		}
		seen[playername.Key(r.Name)] = true
	}
	for _, v := range f.Visits {
		if v.Seq > f.Seq {
			return errors.New("malformed visit")
		}
	}
	return nil
}

func (b *Book) begin(instance string) {
	var id [12]byte
	rand.Read(id[:]) // ends the program rather than fail
	b.file = file{Instance: instance, Book: hex.EncodeToString(id[:])}
	b.saved, b.dirty = 0, true
	b.makeIndex()
}

func (b *Book) makeIndex() {
	b.index = make(map[string]*record, len(b.file.Records))
	for _, r := range b.file.Records {
		b.index[playername.Key(r.Name)] = r
	}
}

// Save writes the book if something has changed. Only what is on the disk is told, so that nobody knows more than the book after
// a crash.
func (b *Book) Save() error {
	b.saving.Lock()
	defer b.saving.Unlock()
	b.mu.Lock()
	if !b.dirty {
		b.mu.Unlock()
		return nil
	}
	text, err := json.Marshal(&b.file)
	book, seq := b.file.Book, b.file.Seq
	b.dirty = false
	b.mu.Unlock()
	if err == nil {
		err = disk.Write(b.path, text) // whoever comes or goes meanwhile does not wait for the disk
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.dirty = true
		return fmt.Errorf("write what is played: %w", err)
	}
	if b.file.Book == book {
		b.saved = seq
	}
	return nil
}

// Changed is an event for whoever saves.
func (b *Book) Changed() *signal.Signal { return &b.changed }
