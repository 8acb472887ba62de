package webtest

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Mod is a mod on the portal, with its releases from old to new.
type Mod struct {
	Name, Title, Owner, Summary, Category string
	Deprecated                            bool
	Releases                              []Release
}

// Release is a version of a mod. DownloadURL and SHA1 may be set to something wrong; left empty they are right.
type Release struct {
	Version      string
	GameVersion  string // "2.0"
	Dependencies []string
	Zip          []byte
	DownloadURL  string
	SHA1         string
	FileName     string
}

// AddMod puts a mod on the portal.
func (s *Services) AddMod(m Mod) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range m.Releases {
		r := &m.Releases[i]
		id := hex.EncodeToString(fmt.Appendf(nil, "%03d%03d", len(s.mods), i))
		if r.FileName == "" {
			r.FileName = m.Name + "_" + r.Version + ".zip"
		}
		if r.DownloadURL == "" {
			r.DownloadURL = "/download/" + url.PathEscape(m.Name) + "/" + id
			s.addFile("/mods/"+id, r.Zip)
		}
		if r.SHA1 == "" {
			sum := sha1.Sum(r.Zip)
			r.SHA1 = hex.EncodeToString(sum[:])
		}
	}
	s.mods = append(s.mods, m)
}

func (r Release) told(full bool) map[string]any {
	info := map[string]any{"factorio_version": r.GameVersion}
	if full {
		info["dependencies"] = r.Dependencies
	}
	return map[string]any{
		"download_url": r.DownloadURL, "file_name": r.FileName, "info_json": info,
		"released_at": "2025-01-01T00:00:00.000000Z", "version": r.Version, "sha1": r.SHA1,
	}
}

func (m Mod) told(releases, full bool) map[string]any {
	told := map[string]any{
		"name": m.Name, "title": m.Title, "owner": m.Owner, "summary": m.Summary, "downloads_count": 123,
		"category": m.Category, "score": 0.0, "thumbnail": "/assets/.thumb.png",
	}
	if !releases {
		told["latest_release"] = m.Releases[len(m.Releases)-1].told(false)
		return told
	}
	list := []map[string]any{}
	for _, r := range m.Releases {
		list = append(list, r.told(full))
	}
	told["releases"], told["latest_release"] = list, nil
	if full {
		told["changelog"], told["description"], told["homepage"] = "Version: 1", "A mod.", ""
		told["license"] = map[string]any{"name": "mit", "title": "MIT", "url": "https://opensource.org/licenses/MIT", "id": "1", "description": ""}
		told["tags"], told["images"], told["github_path"] = []string{"logistics"}, []any{}, ""
		told["created_at"], told["updated_at"] = "2020-01-01T00:00:00.000000Z", "2025-01-01T00:00:00.000000Z"
		told["deprecated"] = m.Deprecated
	}
	return told
}

func (s *Services) servePortal(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/mods", s.listMods)
	mux.HandleFunc("GET /api/mods/{name}", func(w http.ResponseWriter, r *http.Request) { s.oneMod(w, r, false) })
	mux.HandleFunc("GET /api/mods/{name}/full", func(w http.ResponseWriter, r *http.Request) { s.oneMod(w, r, true) })
	mux.HandleFunc("GET /download/{name}/{id}", func(w http.ResponseWriter, r *http.Request) {
		if !s.authorized(r) { // a wrong login ends at a page, not at a status
			http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.Path), http.StatusFound)
			return
		}
		http.Redirect(w, r, s.Files+"/mods/"+url.PathEscape(r.PathValue("id")), http.StatusFound)
	})
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, _ *http.Request) { writePage(w, "Log in - Factorio Mods") })
}

func (s *Services) oneMod(w http.ResponseWriter, r *http.Request, full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.mods, func(m Mod) bool { return m.Name == r.PathValue("name") })
	if i < 0 {
		writeJSON(w, http.StatusNotFound, `{"message":"Mod not found"}`)
		return
	}
	write(w, http.StatusOK, s.mods[i].told(true, full))
}

func write(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	writeJSON(w, status, string(text))
}

func (s *Services) listMods(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	var names []string
	if q.Get("namelist") != "" {
		names = strings.Split(q.Get("namelist"), ",")
	}
	s.mu.Lock()
	mods := slices.DeleteFunc(slices.Clone(s.mods), func(m Mod) bool {
		return names != nil && !slices.Contains(names, m.Name) ||
			q.Get("hide_deprecated") == "true" && m.Deprecated ||
			q.Get("version") != "" && !slices.ContainsFunc(m.Releases, func(r Release) bool { return r.GameVersion == q.Get("version") })
	})
	s.mu.Unlock()
	if q.Get("sort") == "name" {
		slices.SortFunc(mods, func(a, b Mod) int { return strings.Compare(a.Name, b.Name) })
		if q.Get("sort_order") != "asc" {
			slices.Reverse(mods)
		}
	}
	answer := map[string]any{"pagination": nil}
	if q.Get("page_size") != "max" {
		mods = paginate(answer, mods, atLeast(q.Get("page_size"), 25), atLeast(q.Get("page"), 1))
	}
	results := []map[string]any{}
	for _, m := range mods {
		results = append(results, m.told(names != nil, false))
	}
	answer["results"] = results
	write(w, http.StatusOK, answer)
}

func paginate(answer map[string]any, mods []Mod, size, page int) []Mod {
	answer["pagination"] = map[string]any{
		"count": len(mods), "page": page, "page_count": int(math.Ceil(float64(len(mods)) / float64(size))), "page_size": size,
		"links": map[string]any{"first": nil, "next": nil, "prev": nil, "last": nil},
	}
	from := min((page-1)*size, len(mods))
	return mods[from:min(from+size, len(mods))]
}

func atLeast(text string, def int) int {
	if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return n
	}
	return def
}
