// Package webtest is a fake of the game's web services for tests: versions, downloads, updater, mod portal, login and matching server, each
// on a host (a port of loopback) of its own, with the shapes that are documented of the real ones. It can misbehave on request. Only
// tests import it, those of the host agent and of the controller alike.
package webtest

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Services are the fake services. The URLs have no slash at their end.
type Services struct {
	Site, Updater, Portal, Auth, Matching, Files string

	mu       sync.Mutex
	builds   map[string]build // by "version/build/distro"
	latest   map[string]map[string]string
	sums     []string
	files    map[string]file // by path on Files
	updates  []update
	mods     []Mod
	users    []User
	games    []map[string]any
	faults   []fault
	requests []Seen
}

// Seen is a request that came to one of the services.
type Seen struct {
	Host   string // the service's URL
	Method string
	Path   string
	Query  url.Values
	Form   url.Values
	Header http.Header
}

// New starts the services; they end with the test.
func New(t testing.TB) *Services {
	t.Helper()
	s := &Services{builds: map[string]build{}, latest: map[string]map[string]string{}, files: map[string]file{}}
	start := func(register func(*http.ServeMux)) string {
		mux := http.NewServeMux()
		register(mux)
		server := httptest.NewUnstartedServer(nil)
		server.Config.ErrorLog = log.New(io.Discard, "", 0) // broken connections are part of the game
		server.Config.Handler = s.watch(mux, func() string { return server.URL })
		server.Start()
		t.Cleanup(server.Close)
		t.Cleanup(server.CloseClientConnections) // before Close, which waits for those that hang
		return server.URL
	}
	s.Site = start(s.serveSite)
	s.Updater = start(s.serveUpdater)
	s.Portal = start(s.servePortal)
	s.Auth = start(s.serveAuth)
	s.Matching = start(s.serveMatching)
	s.Files = start(s.serveFiles)
	return s
}

// watch notes a request and lets faults have it first.
func (s *Services) watch(next http.Handler, host func() string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		if err := r.ParseForm(); err != nil {
			http.Error(w, "bad form", http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		s.requests = append(s.requests, Seen{
			Host: host(), Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Form: r.PostForm, Header: r.Header.Clone(),
		})
		misbehave := s.takeFault(r.URL.Path)
		s.mu.Unlock()
		if misbehave == nil {
			next.ServeHTTP(w, r)
			return
		}
		misbehave(w, r, next)
	})
}

// Requests returns all requests so far.
func (s *Services) Requests() []Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// RequestsTo returns the requests so far whose path begins with prefix.
func (s *Services) RequestsTo(prefix string) []Seen {
	return slices.DeleteFunc(s.Requests(), func(r Seen) bool { return !strings.HasPrefix(r.Path, prefix) })
}

// User is a factorio.com account.
type User struct {
	Name, Email, Password string
	Token                 string
	Owns                  bool   // the game
	EmailCode             string // not empty: a login needs it
}

// AddUser adds an account.
func (s *Services) AddUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users = append(s.users, u)
}

// authorized finds the user of ?username=&token=. Not for locked callers.
func (s *Services) authorized(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	return slices.ContainsFunc(s.users, func(u User) bool {
		return u.Owns && u.Token != "" && u.Name == q.Get("username") && u.Token == q.Get("token")
	})
}

func writeJSON(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprint(w, text)
}

// writePage is how the real services say many things: with a web page and a good status.
func writePage(w http.ResponseWriter, title string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, "<!doctype html>\n<html><head><title>%s</title></head><body><form></form></body></html>\n", title)
}
