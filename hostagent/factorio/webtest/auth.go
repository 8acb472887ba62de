package webtest

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
)

func (s *Services) serveAuth(mux *http.ServeMux) {
	mux.HandleFunc("POST /api-login", func(w http.ResponseWriter, r *http.Request) {
		form := r.PostForm
		version := atLeast(form.Get("api_version"), 1)
		refuse := func(code, message string) {
			status := http.StatusOK
			if version <= 3 {
				status = http.StatusUnauthorized
			}
			write(w, status, map[string]any{"error": code, "message": message, "data": map[string]any{}})
		}
		s.mu.Lock()
		i := slices.IndexFunc(s.users, func(u User) bool {
			return (u.Name == form.Get("username") || u.Email == form.Get("username")) && u.Password == form.Get("password")
		})
		var u User
		if i >= 0 {
			u = s.users[i]
		}
		s.mu.Unlock()
		switch {
		case i < 0:
			refuse("login-failed", "Username and password do not match.")
		case u.EmailCode != "" && form.Get("email_authentication_code") != u.EmailCode:
			refuse("email-authentication-required", "Check your e-mail.")
		case form.Get("require_game_ownership") == "true" && !u.Owns:
			refuse("insufficient-membership", "This account does not own the game.")
		case version == 1:
			write(w, http.StatusOK, []string{u.Token})
		default:
			write(w, http.StatusOK, map[string]string{"token": u.Token, "username": u.Name})
		}
	})
}

// AddGame puts a game on the matching server, in the fields that it uses: game_id, name, mods and so on.
func (s *Services) AddGame(game map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.games = append(s.games, game)
}

func (s *Services) serveMatching(mux *http.ServeMux) {
	mux.HandleFunc("GET /get-games", func(w http.ResponseWriter, r *http.Request) {
		if !s.authorized(r) {
			writeJSON(w, http.StatusUnauthorized, `{"message":"Token doesn't match."}`)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		list := []map[string]any{}
		for _, g := range s.games {
			short := maps.Clone(g)
			delete(short, "mods") // in the details only
			list = append(list, short)
		}
		write(w, http.StatusOK, list)
	})
	mux.HandleFunc("GET /get-game-details/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		id, err := strconv.Atoi(r.PathValue("id"))
		i := slices.IndexFunc(s.games, func(g map[string]any) bool { return err == nil && g["game_id"] == id })
		if i < 0 {
			writeJSON(w, http.StatusNotFound, `{"message":"Game not found."}`)
			return
		}
		write(w, http.StatusOK, s.games[i])
	})
}
