package fetch

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"mime"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

const (
	progressEvery = 250 * time.Millisecond
	// enoughProgress is what an attempt must bring so that the count of failed attempts begins anew.
	enoughProgress = 1 << 20
	// staleAfter is the age at which a partial file beside the target belongs to nobody any more.
	staleAfter    = 24 * time.Hour
	partialSuffix = ".part"
)

// Kind is a kind of file, known by its first bytes.
type Kind struct {
	Name  string // "zip file"
	Magic []byte // nil: not known, only web pages are refused
}

// Download is a file to fetch.
type Download struct {
	Request
	Target   string // path of the file; what stands there is replaced when the new one is whole and checked
	MaxBytes int64
	Size     int64 // expected; 0: not known
	Kind     Kind
	// Check looks at the whole file before it is renamed to Target; its error ends the download.
	Check func(File) error
	// Begin is told the size of the whole file (-1: the service did not say) when a download begins at the first byte or goes on with
	// what was kept, and how much of it is there; its error ends the download. It may be nil.
	Begin func(Progress) error
	// Keep lets a download that was cancelled, or cut off for good, leave its partial file for the next one with the same Target and
	// URL, which goes on with it. There must be one at a time.
	Keep bool
	// Progress is called at most four times a second and once at the end, by the goroutine that called Download. It must not
	// block. It may be nil.
	Progress func(Progress)
}

// File is a whole file that came.
type File struct {
	Name         string // the service's name for it: the last part of its address, or what the service calls it; not a safe path
	Size         int64
	SHA1, SHA256 string // lower case hexadecimal
}

// Progress says how far a download is. Done can fall back to 0 when a service can't go on where it was cut.
type Progress struct {
	Done  int64 // bytes
	Total int64 // bytes; -1: the service did not say
}

// Download fetches a file into a partial one beside the target, goes on where a connection was cut if the service can, and
// renames it to the target after size, kind and Check. On an error the target is as it was and nothing else is left.
func (c *Client) Download(ctx context.Context, d Download) (File, error) {
	file, err := c.download(ctx, d)
	if err != nil {
		return File{}, d.explain(err)
	}
	return file, nil
}

func (c *Client) download(ctx context.Context, d Download) (_ File, err error) {
	removeStale(d.Target)
	t := &transfer{client: c, d: &d, total: -1}
	t.forget()
	if t.partial, err = t.open(); err != nil {
		return File{}, ExplainDisk(err, d.Target, 0, d.Size)
	}
	partial := t.partial
	kept := false
	defer func() {
		partial.Close()
		if err != nil && !kept {
			os.Remove(partial.Name())
		}
		if d.Keep && !kept {
			os.Remove(partial.Name() + noteSuffix)
		}
	}()
	if err := c.retry(ctx, &d.Request, func() (bool, error) { return t.attempt(ctx) }); err != nil {
		kept = d.Keep && t.done > 0 && t.validator != "" && (ctx.Err() != nil || mayPass(err))
		return File{}, err
	}
	t.report(true)
	file := File{Name: t.name, Size: t.done, SHA1: hex.EncodeToString(t.sha1.Sum(nil)), SHA256: hex.EncodeToString(t.sha256.Sum(nil))}
	if d.Check != nil {
		if err := d.Check(file); err != nil {
			return File{}, err
		}
	}
	if err := errors.Join(partial.Sync(), partial.Close()); err != nil {
		return File{}, ExplainDisk(err, d.Target, t.done, t.total)
	}
	if err := os.Rename(partial.Name(), d.Target); err != nil {
		return File{}, fmt.Errorf("put the file in its place: %w", err)
	}
	return file, nil
}

func (t *transfer) open() (*os.File, error) {
	if t.d.Keep {
		return openKept(t)
	}
	return createPartial(t.d.Target)
}

func partialPrefix(target string) string { return "." + filepath.Base(target) + "." }

// createPartial makes a file of the user's usual mode, as opposed to os.CreateTemp: the game may run as another user.
func createPartial(target string) (*os.File, error) {
	name := filepath.Join(filepath.Dir(target), partialPrefix(target)+randomText()+partialSuffix)
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
}

// removeStale removes partial files that programs left which were killed. Failing is harmless.
func removeStale(target string) {
	entries, err := os.ReadDir(filepath.Dir(target))
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), partialPrefix(target)) || !strings.HasSuffix(e.Name(), partialSuffix) {
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > staleAfter {
			os.Remove(filepath.Join(filepath.Dir(target), e.Name()))
		}
	}
}

// transfer is one download over its attempts.
type transfer struct {
	client       *Client
	d            *Download
	partial      *os.File
	done         int64
	total        int64 // -1: not known
	name         string
	validator    string // for If-Range; empty: the service can't go on
	head         []byte // the first bytes, until they are enough to know the kind
	sha1, sha256 hash.Hash
	reported     time.Time
}

// forget makes the next attempt begin at the first byte.
func (t *transfer) forget() {
	t.done, t.total, t.validator, t.head = 0, -1, "", nil
	t.sha1, t.sha256 = sha1.New(), sha256.New()
}

// attempt says whether it brought enough bytes to be called progress.
func (t *transfer) attempt(ctx context.Context) (bool, error) {
	// The length and the ranges of a compressed answer would be those of the compressed bytes.
	header := http.Header{"Accept-Encoding": {"identity"}}
	if t.done > 0 && t.validator != "" {
		header.Set("Range", fmt.Sprintf("bytes=%d-", t.done))
		header.Set("If-Range", t.validator)
	}
	resp, err := t.client.do(ctx, &t.d.Request, header)
	if status, ok := errors.AsType[*StatusError](err); ok && status.Status == http.StatusRequestedRangeNotSatisfiable {
		t.forget()
		return false, &brokenError{errors.New("the service could not go on where it was cut")}
	}
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	if err := t.begin(resp); err != nil {
		return false, err
	}
	before := t.done
	err = t.copy(resp.Body, resp.Header.Get("Content-Type"))
	return t.done-before >= enoughProgress, err
}

// begin looks at the header of an answer and puts the partial file where its body continues.
func (t *transfer) begin(resp *http.Response) error {
	if resp.StatusCode == http.StatusPartialContent {
		start, total, ok := contentRange(resp.Header.Get("Content-Range"))
		if !ok || start != t.done || total != t.total {
			t.forget()
			return &brokenError{errors.New("the service went on at another place than where it was cut")}
		}
		if _, err := t.partial.Seek(t.done, io.SeekStart); err != nil {
			return ExplainDisk(err, t.d.Target, t.done, t.total)
		}
		return t.tellBegin()
	}
	t.forget()
	t.total = resp.ContentLength
	t.validator = validator(resp.Header)
	t.name = fileName(resp)
	if t.total > t.d.MaxBytes {
		return fmt.Errorf("the file is too large: %d bytes, at most %d make sense here", t.total, t.d.MaxBytes)
	}
	if t.d.Size > 0 && t.total >= 0 && t.total != t.d.Size {
		return fmt.Errorf("the file has another size than announced: %d bytes, not %d", t.total, t.d.Size)
	}
	if err := t.tellBegin(); err != nil {
		return err
	}
	if t.d.Keep {
		os.Remove(t.partial.Name() + noteSuffix) // it would speak of what is cut off here
	}
	err := errors.Join(t.partial.Truncate(0), seekStart(t.partial))
	if err == nil && t.d.Keep {
		err = t.writeNote()
	}
	if err != nil {
		return ExplainDisk(err, t.d.Target, 0, t.total)
	}
	return nil
}

func (t *transfer) tellBegin() error {
	if t.d.Begin == nil {
		return nil
	}
	return t.d.Begin(Progress{Done: t.done, Total: t.total})
}

func seekStart(f *os.File) error {
	_, err := f.Seek(0, io.SeekStart)
	return err
}

func (t *transfer) copy(body io.Reader, contentType string) error {
	buf := make([]byte, 128<<10)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if err := t.write(buf[:n], contentType); err != nil {
				return err
			}
			t.report(false)
		}
		if err == io.EOF {
			return t.end(contentType)
		}
		if err != nil {
			return err
		}
	}
}

func (t *transfer) write(p []byte, contentType string) error {
	if len(t.head) < headLen {
		t.head = append(t.head, p[:min(len(p), headLen-len(t.head))]...)
		if len(t.head) == headLen {
			if err := t.d.Kind.check(t.head, contentType); err != nil {
				return err
			}
		}
	}
	if most := t.most(); t.done+int64(len(p)) > most {
		return fmt.Errorf("the file is too large: more than %d bytes came", most)
	}
	n, err := t.partial.Write(p)
	t.done += int64(n)
	t.sha1.Write(p[:n])
	t.sha256.Write(p[:n])
	if err != nil {
		return ExplainDisk(err, t.d.Target, t.done, t.total)
	}
	return nil
}

func (t *transfer) most() int64 {
	if t.d.Size > 0 {
		return t.d.Size
	}
	return t.d.MaxBytes
}

func (t *transfer) end(contentType string) error {
	if len(t.head) < headLen {
		if err := t.d.Kind.check(t.head, contentType); err != nil {
			return err
		}
	}
	if want := max(t.total, t.d.Size); want > 0 && t.done != want {
		return &brokenError{fmt.Errorf("%d of %d bytes came", t.done, want)}
	}
	return nil
}

func (t *transfer) report(last bool) {
	if t.d.Progress == nil || !last && time.Since(t.reported) < progressEvery {
		return
	}
	t.reported = time.Now()
	t.d.Progress(Progress{Done: t.done, Total: t.total})
}

// headLen is enough for every magic and to see the beginning of a web page.
const headLen = 16

func (k Kind) check(head []byte, contentType string) error {
	if len(k.Magic) > 0 && bytes.HasPrefix(head, k.Magic) {
		return nil
	}
	mediaType, _, _ := mime.ParseMediaType(contentType)
	if mediaType == "text/html" || bytes.HasPrefix(bytes.TrimLeft(head, blanks), []byte("<")) {
		return ErrPage
	}
	if len(head) == 0 {
		return &brokenError{errors.New("the file that came is empty")}
	}
	if len(k.Magic) > 0 {
		return fmt.Errorf("what came is no %s: it begins with %q", k.Name, head[:min(len(head), len(k.Magic))])
	}
	return nil
}

// fileName is what the service calls the file. It is foreign text.
func fileName(resp *http.Response) string {
	if _, params, err := mime.ParseMediaType(resp.Header.Get("Content-Disposition")); err == nil && params["filename"] != "" {
		return params["filename"]
	}
	return path.Base(resp.Request.URL.Path)
}
