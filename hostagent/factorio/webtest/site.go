package webtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

type build struct{ version, build, distro, file string }

type file struct {
	data []byte
	made time.Time
	tag  string // ETag
}

type update struct{ pkg, from, to, file string }

// AddBuild publishes a file of the game, with its SHA-256 or without.
func (s *Services) AddBuild(version, edition, distro, name string, data []byte, withSum bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.builds[version+"/"+edition+"/"+distro] = build{version, edition, distro, name}
	s.addFile("/releases/"+name, data)
	if withSum {
		sum := sha256.Sum256(data)
		s.sums = append(s.sums, hex.EncodeToString(sum[:])+"  "+name)
	}
}

// AddSum adds a line of another sum to the list of checksums.
func (s *Services) AddSum(sum, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sums = append(s.sums, sum+"  "+name)
}

// SetLatest says what the newest version of a build is in the group "stable" or "experimental".
func (s *Services) SetLatest(group, edition, version string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.latest[group] == nil {
		s.latest[group] = map[string]string{}
	}
	s.latest[group][edition] = version
}

// AddUpdate offers an update of a package.
func (s *Services) AddUpdate(pkg, from, to string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := fmt.Sprintf("%s-%s-%s-update.zip", pkg, from, to)
	s.updates = append(s.updates, update{pkg, from, to, name})
	s.addFile("/updates/"+name, data)
}

func (s *Services) addFile(at string, data []byte) {
	sum := sha256.Sum256(data)
	s.files[at] = file{data: data, made: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), tag: `"` + hex.EncodeToString(sum[:8]) + `"`}
}

// ReplaceFile changes the content of a file while it is being fetched, by its name.
func (s *Services) ReplaceFile(name string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for at := range s.files {
		if path.Base(at) == name {
			s.addFile(at, data)
		}
	}
}

func (s *Services) serveSite(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/latest-releases", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		write(w, http.StatusOK, s.latest)
	})
	mux.HandleFunc("GET /download/sha256sums/", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintln(w, strings.Join(s.sums, "\n"))
	})
	mux.HandleFunc("GET /download/archive/", s.archive)
	mux.HandleFunc("GET /get-download/{version}/{build}/{distro}", s.getDownload)
}

func (s *Services) archive(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	versions := map[string]bool{}
	for _, b := range s.builds {
		versions[b.version] = b.version == s.latest["stable"][b.build]
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, "<!doctype html><html><head><title>Download archive | Factorio</title></head><body>\n<h2>Archive</h2>\n")
	for _, v := range slices.Sorted(maps.Keys(versions)) {
		class := "experimental"
		if versions[v] {
			class = "stable"
		}
		fmt.Fprintf(w, "<a class=\"slot-button-inline %s\" href=\"/download/archive/%s\">\n    %s\n</a>\n", class, html.EscapeString(v), html.EscapeString(v))
	}
	fmt.Fprint(w, "</body></html>\n")
}

func (s *Services) getDownload(w http.ResponseWriter, r *http.Request) {
	version := r.PathValue("version")
	s.mu.Lock()
	switch version { // the service knows these two words
	case "stable", "latest":
		group := map[string]string{"stable": "stable", "latest": "experimental"}[version]
		version = s.latest[group][r.PathValue("build")]
	}
	b, found := s.builds[version+"/"+r.PathValue("build")+"/"+r.PathValue("distro")]
	s.mu.Unlock()
	switch {
	case !found:
		http.NotFound(w, r)
	case b.build != "headless" && !s.authorized(r):
		writePage(w, "Log in | Factorio")
	default:
		http.Redirect(w, r, s.Files+"/releases/"+b.file+"?secure=abcdefgh12345,1700000000", http.StatusFound)
	}
}

func (s *Services) serveUpdater(mux *http.ServeMux) {
	mux.HandleFunc("GET /get-available-versions", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		packages := map[string][]map[string]string{}
		for _, u := range s.updates {
			packages[u.pkg] = append(packages[u.pkg], map[string]string{"from": u.from, "to": u.to})
		}
		for pkg := range packages {
			packages[pkg] = append(packages[pkg], map[string]string{"stable": s.latest["stable"]["headless"]})
		}
		write(w, http.StatusOK, packages)
	})
	mux.HandleFunc("GET /get-download-link", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		s.mu.Lock()
		i := slices.IndexFunc(s.updates, func(u update) bool {
			return u.pkg == q.Get("package") && u.from == q.Get("from") && u.to == q.Get("to")
		})
		s.mu.Unlock()
		if i < 0 {
			writeJSON(w, http.StatusNotFound, `{"message":"No such update"}`)
			return
		}
		link := s.Files + "/updates/" + s.updates[i].file + "?" + url.Values{"sign": {"very-secret-signature"}}.Encode()
		write(w, http.StatusOK, []string{link})
	})
}

func (s *Services) serveFiles(mux *http.ServeMux) {
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		f, found := s.files[r.URL.Path]
		s.mu.Unlock()
		if !found {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("ETag", f.tag)
		http.ServeContent(w, r, "", f.made, bytes.NewReader(f.data)) // does ranges and If-Range
	})
}
