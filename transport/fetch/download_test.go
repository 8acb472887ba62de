package fetch

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

var content = bytes.Repeat([]byte("0123456789abcdef"), 64<<10) // 1 MiB

func target(t *testing.T) string {
	t.Helper()
	at := filepath.Join(t.TempDir(), "file.bin")
	if err := os.WriteFile(at, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	return at
}

// checkTarget wants the file, and nothing beside it.
func checkTarget(t *testing.T, at string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(at)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the file has %d bytes (%v), want %d", len(got), err, len(want))
	}
	entries, err := os.ReadDir(filepath.Dir(at))
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v beside the file, want nothing", entries, err)
	}
}

// cutting serves content, and hangs up after n bytes of each of the first cuts answers.
func cutting(cuts int32, n int, header func(http.Header)) (http.HandlerFunc, *atomic.Int32) {
	var requests atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		header(w.Header())
		if requests.Add(1) <= cuts {
			w = &cutWriter{w, n}
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}, &requests
}

type cutWriter struct {
	http.ResponseWriter
	left int
}

func (w *cutWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p[:min(len(p), w.left)])
	if w.left -= n; w.left == 0 {
		w.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, err
}

func TestDownloadGoesOnWhereItWasCut(t *testing.T) {
	sum := sha256.Sum256(content)
	var ranges []string
	handler, requests := cutting(2, 300_000, func(h http.Header) { h.Set("ETag", `"one"`) })
	at := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		ranges = append(ranges, r.Header.Get("Range")+" "+r.Header.Get("If-Range"))
		handler(w, r)
	})
	file := target(t)
	var last Progress
	got, err := quick(t, Options{}).Download(t.Context(), Download{
		Request: Request{URL: at + "/a%20b.bin"}, Target: file, MaxBytes: 2 << 20, Size: int64(len(content)),
		Progress: func(p Progress) { last = p },
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `[  bytes=300000- "one" bytes=600000- "one"]`
	if requests.Load() != 3 || fmt.Sprint(ranges) != want {
		t.Errorf("asked for %q, want %q", fmt.Sprint(ranges), want)
	}
	if got.Size != int64(len(content)) || got.SHA256 != hex.EncodeToString(sum[:]) || got.Name != "a b.bin" {
		t.Errorf("got %+v", got)
	}
	if last != (Progress{Done: got.Size, Total: got.Size}) {
		t.Errorf("last progress %+v", last)
	}
	checkTarget(t, file, content)
}

func TestDownloadBeginsAnewWhereItCannotGoOn(t *testing.T) {
	tests := map[string]http.HandlerFunc{}
	tests["no validator"], _ = cutting(2, 300_000, func(http.Header) {})
	var n atomic.Int32
	tests["changed"], _ = cutting(2, 300_000, func(h http.Header) { h.Set("ETag", fmt.Sprintf(`"%d"`, n.Add(1))) })
	inner, _ := cutting(1, 300_000, func(h http.Header) { h.Set("ETag", `"one"`) })
	tests["wrong part"] = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			r.Header.Set("Range", "bytes=7-")
		}
		inner(w, r)
	}
	inner2, _ := cutting(1, 300_000, func(h http.Header) { h.Set("ETag", `"one"`) })
	tests["416"] = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		inner2(w, r)
	}
	for name, handler := range tests {
		t.Run(name, func(t *testing.T) {
			at := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) { handler(w, r) })
			file := target(t)
			_, err := quick(t, Options{}).Download(t.Context(), Download{Request: Request{URL: at}, Target: file, MaxBytes: 2 << 20})
			if err != nil {
				t.Fatal(err)
			}
			checkTarget(t, file, content)
		})
	}
}

func TestDownloadThatFailsLeavesTheOldFile(t *testing.T) {
	good := func(w http.ResponseWriter, _ *http.Request) { w.Write(content) }
	tests := []struct {
		name   string
		handle http.HandlerFunc
		change func(*Download)
		want   string
	}{
		{"too large", good, func(d *Download) { d.MaxBytes = 1000 }, "too large: more than 1000 bytes came"},
		{"announced too large", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99999999999")
		}, nil, "too large: 99999999999 bytes"},
		{"larger than it should be", good, func(d *Download) { d.Size = 1000 }, "too large: more than 1000 bytes came"},
		{"smaller than it should be", good, func(d *Download) { d.Size = 2 << 20 }, "1048576 of 2097152 bytes came"},
		{"another size announced", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5")
			w.Write([]byte("12345"))
		}, func(d *Download) { d.Size = 6 }, "another size than announced: 5 bytes, not 6"},
		{"a web page", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Write(content)
		}, nil, "a web page came"},
		{"a web page by its looks", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/octet-stream")
			fmt.Fprint(w, "\n <!doctype html>")
		}, nil, "a web page came"},
		{"another kind", good, func(d *Download) { d.Kind = Kind{Name: "zip file", Magic: []byte("PK")} }, `no zip file: it begins with "01"`},
		{"empty", func(http.ResponseWriter, *http.Request) {}, nil, "empty"},
		{"check", good, func(d *Download) { d.Check = func(File) error { return errors.New("not that") } }, "not that"},
		{"not there", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, nil, "404"},
		{"cut again and again", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.Write([]byte("x"))
		}, nil, "unexpected EOF; check the network"},
		{"silent", func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte("x"))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, nil, "no answer in time"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			at := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) { test.handle(w, r) })
			file := target(t)
			d := Download{Request: Request{URL: at}, Target: file, MaxBytes: 2 << 20}
			if test.change != nil {
				test.change(&d)
			}
			_, err := quick(t, Options{IdleTimeout: 100 * time.Millisecond, Attempts: 2}).Download(t.Context(), d)
			checkError(t, err, test.want)
			if errors.Is(err, ErrPage) != strings.HasPrefix(test.name, "a web page") {
				t.Errorf("ErrPage: %v", err)
			}
			checkTarget(t, file, []byte("old"))
		})
	}
}

// A server that never lets a download end: each answer brings progress, then it is cut, and it can't go on.
func TestDownloadIsGivenUpInTheEnd(t *testing.T) {
	big := make([]byte, enoughProgress+1)
	var requests atomic.Int32
	at := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
		requests.Add(1)
		w.Header().Set("Content-Length", fmt.Sprint(len(big)+1))
		w.Write(big)
	})
	file := target(t)
	_, err := quick(t, Options{}).Download(t.Context(), Download{Request: Request{URL: at}, Target: file, MaxBytes: 16 << 20})
	if err == nil || requests.Load() != maxAttempts {
		t.Errorf("%d requests (%v), want %d", requests.Load(), err, maxAttempts)
	}
	checkTarget(t, file, []byte("old"))
}

func TestProgressIsCoalesced(t *testing.T) {
	at := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
		for range 200 {
			w.Write(content[:1000])
			w.(http.Flusher).Flush()
		}
	})
	start, calls := time.Now(), 0
	_, err := quick(t, Options{}).Download(t.Context(), Download{
		Request: Request{URL: at}, Target: target(t), MaxBytes: 2 << 20, Progress: func(Progress) { calls++ },
	})
	if most := int(time.Since(start)/progressEvery) + 2; err != nil || calls < 1 || calls > most {
		t.Errorf("%d calls, want 1 to %d; %v", calls, most, err)
	}
}

func TestLeftOversGo(t *testing.T) {
	at := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) { w.Write(content) })
	file := target(t)
	old := filepath.Join(filepath.Dir(file), ".file.bin.AAAA.part")
	running := filepath.Join(filepath.Dir(file), ".file.bin.BBBB.part")
	foreign := filepath.Join(filepath.Dir(file), ".other.bin.AAAA.part")
	for _, path := range []string{old, running, foreign} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * staleAfter)
	if err := errors.Join(os.Chtimes(old, long, long), os.Chtimes(foreign, long, long)); err != nil {
		t.Fatal(err)
	}
	if _, err := quick(t, Options{}).Download(t.Context(), Download{Request: Request{URL: at}, Target: file, MaxBytes: 2 << 20}); err != nil {
		t.Fatal(err)
	}
	for path, stays := range map[string]bool{old: false, running: true, foreign: true} {
		if _, err := os.Stat(path); (err == nil) != stays {
			t.Errorf("%s: %v, want it to stay: %v", path, err, stays)
		}
	}
}

func TestKeptDownloadGoesOnInAnotherLife(t *testing.T) {
	var ranges []string
	handler, _ := cutting(1, 300_000, func(h http.Header) { h.Set("ETag", `"one"`) })
	at := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		ranges = append(ranges, r.Header.Get("Range"))
		handler(w, r)
	})
	sum := sha256.Sum256(content)
	file := target(t)
	d := Download{Request: Request{URL: at}, Target: file, MaxBytes: 2 << 20, Keep: true}
	var begun []Progress
	d.Begin = func(p Progress) error { begun = append(begun, p); return nil }
	if _, err := quick(t, Options{Attempts: 1}).Download(t.Context(), d); err == nil {
		t.Fatal("a cut download had no error")
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "old" {
		t.Errorf("the target is %q, %v", got, err)
	}
	got, err := quick(t, Options{Attempts: 1}).Download(t.Context(), d)
	if err != nil || got.SHA256 != hex.EncodeToString(sum[:]) || got.Size != int64(len(content)) {
		t.Fatalf("%+v, %v", got, err)
	}
	if want := `["" "bytes=300000-"]`; fmt.Sprintf("%q", ranges) != want {
		t.Errorf("asked for %q, want %s", ranges, want)
	}
	whole := int64(len(content))
	if want := []Progress{{0, whole}, {300_000, whole}}; !slices.Equal(begun, want) {
		t.Errorf("begun %v, want %v", begun, want)
	}
	checkTarget(t, file, content)
}

func TestKeptFilesThatDoNotFitAreDropped(t *testing.T) {
	at := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		w.Header().Set("ETag", `"one"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	})
	good := fmt.Sprintf(`{"url":%q,"validator":"\"one\"","total":%d,"name":"x"}`, at, len(content))
	for name, kept := range map[string]struct{ partial, note string }{
		"no note":       {"something", ""},
		"damaged note":  {"something", "{"},
		"another file":  {"something", strings.Replace(good, "http", "https", 1)},
		"changed file":  {"something", strings.Replace(good, "one", "two", 1)},
		"longer":        {strings.Repeat("x", len(content)+1), good},
		"whole already": {string(content), good},
		"nothing yet":   {"", good},
	} {
		t.Run(name, func(t *testing.T) {
			file := target(t)
			if err := errors.Join(os.WriteFile(keptPath(file), []byte(kept.partial), 0o600), os.WriteFile(keptPath(file)+noteSuffix, []byte(kept.note), 0o600)); err != nil {
				t.Fatal(err)
			}
			d := Download{Request: Request{URL: at}, Target: file, MaxBytes: 2 << 20, Keep: true}
			if _, err := quick(t, Options{}).Download(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			checkTarget(t, file, content)
		})
	}
}

func TestWhatCannotPassIsNotKept(t *testing.T) {
	at := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		w.Header().Set("ETag", `"one"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	})
	for name, change := range map[string]func(*Download){
		"check": func(d *Download) { d.Check = func(File) error { return errors.New("damaged") } },
		"begin": func(d *Download) { d.Begin = func(Progress) error { return errors.New("no room") } },
		"kind":  func(d *Download) { d.Kind = Kind{"zip", []byte("PK")} },
	} {
		file := target(t)
		d := Download{Request: Request{URL: at}, Target: file, MaxBytes: 2 << 20, Keep: true}
		change(&d)
		if _, err := quick(t, Options{}).Download(t.Context(), d); err == nil {
			t.Errorf("%s: no error", name)
		}
		checkTarget(t, file, []byte("old"))
	}
	file := target(t)
	if err := errors.Join(os.WriteFile(keptPath(file), nil, 0o600), Forget(file), Forget(file)); err != nil {
		t.Error(err)
	}
	checkTarget(t, file, []byte("old"))
}

func TestDiskErrorsSayWhatToDo(t *testing.T) {
	full := &fs.PathError{Op: "write", Path: "/games/x", Err: syscall.ENOSPC}
	tests := []struct {
		err  error
		want string
	}{
		{&fs.PathError{Op: "open", Path: "/games/x", Err: fs.ErrPermission}, "make the folder writable"},
		{&fs.PathError{Op: "open", Path: "/games/x", Err: fs.ErrNotExist}, "does not exist"},
	}
	if isDiskFull(full) { // Windows has another number for it
		tests = append(tests, struct {
			err  error
			want string
		}{full, "is full: 3 MB more are needed there; free some space"})
	}
	for _, test := range tests {
		err := ExplainDisk(test.err, filepath.Join("games", "x"), 1<<20, 3<<20)
		if !errors.Is(err, test.err) {
			t.Errorf("%v does not wrap %v", err, test.err)
		}
		checkError(t, err, test.want)
	}
	file := filepath.Join(t.TempDir(), "missing", "file")
	_, err := quick(t, Options{}).Download(t.Context(), Download{Request: Request{URL: "http://127.0.0.1:1"}, Target: file, MaxBytes: 1})
	checkError(t, err, "does not exist")
}

func TestContentRange(t *testing.T) {
	tests := []struct {
		value        string
		start, total int64
		ok           bool
	}{
		{"bytes 100-199/200", 100, 200, true}, {"bytes 100-199/*", 100, -1, true}, {"bytes 100-150/200", 0, 0, false},
		{"bytes */200", 0, 0, false}, {"", 0, 0, false}, {"bytes 9-3/4", 0, 0, false}, {"items 1-2/3", 0, 0, false},
		{"bytes -1-2/3", 0, 0, false}, {"bytes 1-99999999999999999999/3", 0, 0, false},
	}
	for _, test := range tests {
		start, total, ok := contentRange(test.value)
		if start != test.start || total != test.total || ok != test.ok {
			t.Errorf("%q: %d %d %v", test.value, start, total, ok)
		}
	}
}

func FuzzHeaders(f *testing.F) {
	f.Add("bytes 100-199/200", "12")
	f.Add("bytes 0-0/*", "Thu, 01 Jan 2026 00:01:00 GMT")
	f.Fuzz(func(t *testing.T, span, after string) {
		start, total, ok := contentRange(span)
		if ok && (start < 0 || total != -1 && total <= start) {
			t.Errorf("%q: from %d of %d", span, start, total)
		}
		if d := retryAfter(after, time.Now()); d < 0 {
			t.Errorf("%q: %s", after, d)
		}
		Line(span)
	})
}
