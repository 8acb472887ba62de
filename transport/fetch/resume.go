package fetch

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// A partial file that is kept for the next download of the same target, which may be another life of this program, has a note beside it
// with what is needed to go on. A note that does not fit or can't be read costs a download from the first byte, no more.
const (
	keptSuffix = ".partial"
	noteSuffix = ".json"
	maxNote    = 16 << 10
)

type note struct {
	URL       string `json:"url"`
	Validator string `json:"validator"`
	Total     int64  `json:"total"`
	Name      string `json:"name"`
}

func keptPath(target string) string {
	return filepath.Join(filepath.Dir(target), "."+filepath.Base(target)+keptSuffix)
}

// Forget removes what an unfinished download with Keep has left beside target.
func Forget(target string) error {
	err := errors.Join(os.Remove(keptPath(target)+noteSuffix), os.Remove(keptPath(target)))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// openKept opens the kept partial file of the target and takes its note into t if the two fit.
func openKept(t *transfer) (*os.File, error) {
	file, err := os.OpenFile(keptPath(t.d.Target), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(file.Name() + noteSuffix)
	var n note
	if err != nil || len(text) > maxNote || json.Unmarshal(text, &n) != nil || n.URL != t.d.URL || n.Validator == "" {
		return file, nil
	}
	hashed, err := io.Copy(io.MultiWriter(t.sha1, t.sha256), file)
	if err != nil || n.Total >= 0 && hashed > n.Total {
		t.forget()
		return file, nil
	}
	t.done, t.total, t.validator, t.name = hashed, n.Total, n.Validator, n.Name
	if t.head, err = readHead(file); err != nil {
		t.forget()
	}
	return file, nil
}

// readHead reads the first bytes of what came, as far as they are needed to know its kind.
func readHead(file *os.File) ([]byte, error) {
	head := make([]byte, headLen)
	n, err := file.ReadAt(head, 0)
	if err == io.EOF {
		err = nil
	}
	return head[:n], err
}

// writeNote makes the partial file one that a later download can go on with. It is gone while the file is not what it says.
func (t *transfer) writeNote() error {
	path := keptPath(t.d.Target) + noteSuffix
	if t.validator == "" {
		return nil
	}
	text, err := json.Marshal(note{t.d.URL, t.validator, t.total, t.name})
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}
