package webtest

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault is a way to misbehave. It gets the request in place of the service, which is next.
type Fault func(w http.ResponseWriter, r *http.Request, next http.Handler)

type fault struct {
	prefix string
	times  int
	do     Fault
}

// Misbehave does f with the next requests whose path begins with prefix, on any service, so many times. Several faults for the same path
// come one after the other.
func (s *Services) Misbehave(prefix string, times int, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, fault{prefix, times, f})
}

// takeFault needs the lock.
func (s *Services) takeFault(path string) Fault {
	i := slices.IndexFunc(s.faults, func(f fault) bool { return strings.HasPrefix(path, f.prefix) })
	if i < 0 {
		return nil
	}
	do := s.faults[i].do
	if s.faults[i].times--; s.faults[i].times <= 0 {
		s.faults = slices.Delete(s.faults, i, i+1)
	}
	return do
}

// good is what the service would have said.
func good(r *http.Request, next http.Handler) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	return rec
}

func copyHeader(w http.ResponseWriter, rec *httptest.ResponseRecorder) {
	maps.Copy(w.Header(), rec.Header())
}

func hangUp(w http.ResponseWriter) {
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

// CutAt hangs up after so many bytes of the body.
func CutAt(n int) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		rec := good(r, next)
		copyHeader(w, rec)
		body := rec.Body.Bytes()
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(rec.Code)
		w.Write(body[:min(n, len(body))])
		hangUp(w)
	}
}

// Slowly sends the body in pieces with pauses between them.
func Slowly(piece int, pause time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		rec := good(r, next)
		copyHeader(w, rec)
		w.WriteHeader(rec.Code)
		for part := range slices.Chunk(rec.Body.Bytes(), piece) {
			w.Write(part)
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(pause):
			}
		}
	}
}

// Silent sends the header, so many bytes of the body, and then nothing until the client goes.
func Silent(after int) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		rec := good(r, next)
		copyHeader(w, rec)
		w.WriteHeader(rec.Code)
		w.Write(rec.Body.Bytes()[:min(after, rec.Body.Len())])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
}

// Mute sends nothing at all until the client goes.
func Mute(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() }

// Status answers with a status and a JSON message; retryAfter, if not empty, is the header of that name.
func Status(status int, retryAfter string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		writeJSON(w, status, fmt.Sprintf(`{"message":%q}`, http.StatusText(status)))
	}
}

// Page answers with a web page and the status 200.
func Page(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	writePage(w, "We are down for maintenance")
}

// Damaged flips a bit in the middle of the body.
func Damaged(w http.ResponseWriter, r *http.Request, next http.Handler) {
	rec := good(r, next)
	copyHeader(w, rec)
	body := bytes.Clone(rec.Body.Bytes())
	if len(body) > 0 {
		body[len(body)/2] ^= 1
	}
	w.WriteHeader(rec.Code)
	w.Write(body)
}

// WrongLength announces so many bytes more (or less) than come.
func WrongLength(by int) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		rec := good(r, next)
		copyHeader(w, rec)
		w.Header().Set("Content-Length", strconv.Itoa(rec.Body.Len()+by))
		w.WriteHeader(rec.Code)
		w.Write(rec.Body.Bytes()[:min(rec.Body.Len(), rec.Body.Len()+by)])
		if by > 0 {
			hangUp(w)
		}
	}
}

// Endless sends the body's beginning, and then zeros without end and without a length.
func Endless(w http.ResponseWriter, r *http.Request, next http.Handler) {
	rec := good(r, next)
	copyHeader(w, rec)
	w.Header().Del("Content-Length")
	w.WriteHeader(http.StatusOK)
	piece := rec.Body.Bytes()
	for r.Context().Err() == nil {
		if _, err := w.Write(piece); err != nil {
			return
		}
		piece = make([]byte, 64<<10)
	}
}

// Loop redirects to itself.
func Loop(w http.ResponseWriter, r *http.Request, _ http.Handler) {
	http.Redirect(w, r, r.URL.String(), http.StatusFound)
}

// RedirectTo redirects to an address.
func RedirectTo(address string) Fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		http.Redirect(w, r, address, http.StatusFound)
	}
}

// NoRanges sends the whole file whatever part was asked for, and has no ETag.
func NoRanges(w http.ResponseWriter, r *http.Request, next http.Handler) {
	r.Header.Del("Range")
	rec := good(r, next)
	copyHeader(w, rec)
	w.Header().Del("ETag")
	w.Header().Del("Last-Modified")
	w.Header().Set("Accept-Ranges", "none")
	w.WriteHeader(rec.Code)
	w.Write(rec.Body.Bytes())
}

// Then lets one fault's request be served with another fault: Then(NoRanges, CutAt(10)).
func Then(inner Fault, outer Fault) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		outer(w, r, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { inner(w, r, next) }))
	}
}
