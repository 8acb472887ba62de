package login

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"mainbus/hostagent/factorio/account"
	"mainbus/hostagent/factorio/webtest"
	"mainbus/transport/fetch"
)

const (
	token    = "0123456789abcdef0123456789abcd"
	password = "correct horse/battery+staple"
)

func setUp(t *testing.T) (*Client, *webtest.Services) {
	t.Helper()
	s := webtest.New(t)
	s.AddUser(webtest.User{Name: "Alice", Email: "alice@example.com", Password: password, Token: token, Owns: true})
	s.AddUser(webtest.User{Name: "Bob", Password: password, Token: token, Owns: true, EmailCode: "ABC123"})
	s.AddUser(webtest.User{Name: "Eve", Password: password, Token: token})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return New(fetch.New(fetch.Options{HTTP: &http.Client{Transport: transport}, Backoff: time.Millisecond, AnswerTimeout: 200 * time.Millisecond}), s.Auth), s
}

func TestLogIn(t *testing.T) {
	tests := []struct {
		name    string
		try     Attempt
		disturb webtest.Fault
		account string
		want    string
		code    bool
	}{
		{name: "by name", try: Attempt{Name: "Alice", Password: password}, account: "Alice"},
		{name: "by e-mail", try: Attempt{Name: "alice@example.com", Password: password}, account: "Alice"},
		{name: "wrong password", try: Attempt{Name: "Alice", Password: password + "!"}, want: "declined the login: Username and password do not match. (login-failed)"},
		{name: "wants a code", try: Attempt{Name: "Bob", Password: password}, want: "email-authentication-required", code: true},
		{name: "with the code", try: Attempt{Name: "Bob", Password: password, EmailCode: "ABC123"}, account: "Bob"},
		{name: "owns no game", try: Attempt{Name: "Eve", Password: password}, want: "does not own the game"},
		{name: "old style of refusal", try: Attempt{Name: "Bob", Password: password}, disturb: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			r.PostForm.Set("api_version", "3")
			next.ServeHTTP(w, r)
		}, want: "email-authentication-required", code: true},
		{name: "old style of token", try: Attempt{Name: "Alice", Password: password}, disturb: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			r.PostForm.Set("api_version", "1")
			next.ServeHTTP(w, r)
		}, account: "Alice"},
		{name: "a page", try: Attempt{Name: "Alice", Password: password}, disturb: webtest.Page, want: "a web page came"},
		{name: "broken", try: Attempt{Name: "Alice", Password: password}, disturb: webtest.Status(500, ""), want: "500"},
		{name: "busy", try: Attempt{Name: "Alice", Password: password}, disturb: webtest.Status(429, "60"), want: "it asks to wait 1m0s"},
		{name: "sent elsewhere", try: Attempt{Name: "Alice", Password: password}, disturb: webtest.RedirectTo("/api-login"), want: "a login is not repeated"},
		{name: "mute", try: Attempt{Name: "Alice", Password: password}, disturb: webtest.Mute, want: "no answer in time"},
		{name: "tells the password back", try: Attempt{Name: "Alice", Password: password}, disturb: func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			w.WriteHeader(http.StatusBadGateway)
			fmt.Fprintf(w, `{"message":"%s is wrong"}`, r.PostForm.Get("password"))
		}, want: "(hidden) is wrong"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, s := setUp(t)
			if test.disturb != nil {
				s.Misbehave("/api-login", 1, test.disturb)
			}
			a, err := c.LogIn(t.Context(), test.try)
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) || a != (account.Account{}) || errors.Is(err, ErrEmailCode) != test.code {
					t.Errorf("%v, %v; want %q", a, err, test.want)
				}
			} else if err != nil || a != (account.Account{Username: test.account, Token: token}) {
				t.Errorf("%v, %v", a, err)
			}
			if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, test.try.Password) || strings.Contains(text, token) {
				t.Errorf("a secret is in the error: %s", text)
			}
			requests := s.RequestsTo("/")
			if len(requests) != 1 {
				t.Fatalf("%d requests", len(requests))
			}
			if r := requests[0]; len(r.Query) > 0 || r.Form.Get("password") != test.try.Password || r.Form.Get("api_version") == "" || r.Form.Get("require_game_ownership") != "true" {
				t.Errorf("asked %+v", r)
			}
		})
	}
}

func TestParse(t *testing.T) {
	for data, want := range map[string]string{
		"": "can't be read", "<p>": "web page", "[]": "can't be read", `["a","b"]`: "can't be read", `{}`: "can't be read",
		`{"token":""}`: "can't be read", `{"token":"a b","username":"x"}`: "no usable token", `{"token":"` + strings.Repeat("a", 300) + `"}`: "no usable token",
		`{"token":5}`: "can't be read", `{"error":"x\ny"}`: "(x y)", `{"token":null,"error":"login-failed","message":5}`: "(login-failed)",
	} {
		if a, err := parse([]byte(data), "alice"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v; want %q", data, a, err, want)
		}
	}
}

func FuzzLogin(f *testing.F) {
	f.Add([]byte(`{"token":"0123456789abcdef0123456789abcd","username":"Alice"}`))
	f.Add([]byte(`["0123456789abcdef0123456789abcd"]`))
	f.Add([]byte(`{"error":"login-failed","message":"No.","data":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := parse(data, "alice")
		if (err == nil) != (isWord(a.Token) && isWord(a.Username)) {
			t.Errorf("%q %q, %v", a.Username, a.Token, err)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\r\x1b") {
			t.Errorf("%q", err)
		}
	})
}
