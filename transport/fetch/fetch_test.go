package fetch

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const secret = "s3cret/token+of alice"

// serve starts a server that knows its own address.
func serve(t *testing.T, handle func(w http.ResponseWriter, r *http.Request, self string)) string {
	t.Helper()
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handle(w, r, s.URL) }))
	t.Cleanup(s.Close)
	t.Cleanup(s.CloseClientConnections)
	return s.URL
}

func quick(t *testing.T, o Options) *Client {
	t.Helper()
	transport := newTransport()
	t.Cleanup(transport.CloseIdleConnections)
	o.HTTP = &http.Client{Transport: transport}
	o.Backoff = time.Millisecond
	return New(o)
}

func TestGetTriesAgainWhatMayPass(t *testing.T) {
	tests := []struct {
		name     string
		statuses []int
		form     bool
		requests int32
		want     string // of the error; empty: none
	}{
		{name: "passes", statuses: []int{500, 429, 503, 200}, requests: 4},
		{name: "does not pass", statuses: []int{500, 502, 503, 504, 200}, requests: 4, want: "504 Gateway Timeout"},
		{name: "no such thing", statuses: []int{404, 200}, requests: 1, want: "404 Not Found (gone)"},
		{name: "refused", statuses: []int{403, 200}, requests: 1, want: "403"},
		{name: "a form is sent once", statuses: []int{500, 200}, form: true, requests: 1, want: "500"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var requests atomic.Int32
			at := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
				w.WriteHeader(test.statuses[requests.Add(1)-1])
				io.WriteString(w, `{"message":"gone"}`)
			})
			r := Request{URL: at + "/thing"}
			if test.form {
				r.Form = url.Values{"password": {secret}}
			}
			_, err := quick(t, Options{}).Get(t.Context(), r, 100)
			if requests.Load() != test.requests {
				t.Errorf("%d requests, want %d", requests.Load(), test.requests)
			}
			checkError(t, err, test.want)
		})
	}
}

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("error %v, want %q", err, want)
	}
}

func TestLongRetryAfterIsToldNotWaited(t *testing.T) {
	at := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	_, err := quick(t, Options{}).Get(t.Context(), Request{URL: at}, 100)
	checkError(t, err, "it asks to wait 1h0m0s")
}

func TestPauseGrowsAndIsBounded(t *testing.T) {
	for failed := 1; failed < 60; failed++ {
		low, high := pause(time.Second, failed, 0), pause(time.Second, failed, 0.999)
		if want := min(time.Second<<min(failed-1, 20), maxPause); low != want/2 || high > want || high <= low {
			t.Fatalf("after %d failures: %s to %s, want %s to %s", failed, low, high, want/2, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "12": 12 * time.Second, "-1": 0, "soon": 0, "99999999999999": 0,
		"Thu, 01 Jan 2026 00:01:00 GMT": time.Minute, "Thu, 01 Jan 2015 00:01:00 GMT": 0,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

func TestAnswersAreBounded(t *testing.T) {
	bodies := map[string]http.HandlerFunc{
		"with length": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000000")
			w.Write(make([]byte, 1_000_000))
		},
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 4096)); err != nil {
					return
				}
			}
		},
		"compressed": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write(make([]byte, 10_000_000))
			z.Close()
		},
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			at := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) { body(w, r) })
			_, err := quick(t, Options{}).Get(t.Context(), Request{URL: at}, 10_000)
			checkError(t, err, "the answer is too large")
		})
	}
}

func TestSilenceEnds(t *testing.T) {
	for _, after := range []string{"nothing", "the header"} {
		t.Run(after, func(t *testing.T) {
			at := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
				if after == "the header" {
					w.(http.Flusher).Flush()
				}
				<-r.Context().Done()
			})
			c := quick(t, Options{AnswerTimeout: 50 * time.Millisecond, IdleTimeout: 50 * time.Millisecond, Attempts: 2})
			_, err := c.Get(t.Context(), Request{URL: at}, 100)
			checkError(t, err, "no answer in time; check the network")
		})
	}
}

func TestCallerCancels(t *testing.T) {
	started := make(chan bool, 10)
	at := serve(t, func(_ http.ResponseWriter, r *http.Request, _ string) {
		started <- true
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-started
		cancel()
	}()
	_, err := quick(t, Options{}).Get(ctx, Request{URL: at}, 100)
	if !errors.Is(err, context.Canceled) || len(started) > 0 {
		t.Errorf("error %v after %d more requests, want %v at once", err, len(started), context.Canceled)
	}
}

func TestRedirects(t *testing.T) {
	other := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		if r.Header.Get("Referer") != "" || strings.Contains(r.URL.String(), "token") {
			http.Error(w, "was told "+r.Header.Get("Referer"), http.StatusTeapot)
			return
		}
		io.WriteString(w, "elsewhere")
	})
	tests := []struct {
		name      string
		to        func(self string) string
		elsewhere bool
		form      bool
		want      string
	}{
		{name: "the same host", to: func(string) string { return "/there" }},
		{name: "round", to: func(string) string { return "/again" }, want: "round: more than 5 redirects"},
		{name: "another host", to: func(string) string { return other }, want: "to another host"},
		{name: "another host for a file", to: func(string) string { return other }, elsewhere: true},
		{name: "another host with the login", to: func(string) string { return other + "/?x=" + url.QueryEscape(secret) },
			elsewhere: true, want: "to pass our login to another host"},
		{name: "a form", to: func(string) string { return "/there" }, form: true, want: "a login is not repeated there"},
		{name: "nonsense", to: func(string) string { return "http://[" + secret }, want: "failed to parse Location"},
		{name: "another scheme", to: func(string) string { return "ftp://127.0.0.1/x" }, elsewhere: true, want: "unencrypted"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var requests atomic.Int32
			at := serve(t, func(w http.ResponseWriter, r *http.Request, self string) {
				requests.Add(1)
				if r.URL.Path == "/there" {
					io.WriteString(w, "there")
					return
				}
				w.Header().Set("Location", test.to(self))
				w.WriteHeader(http.StatusFound)
			})
			r := Request{URL: at + "/start", Query: url.Values{"token": {secret}}, Secrets: []string{secret}, Elsewhere: test.elsewhere}
			if test.form {
				r.Form = url.Values{"password": {secret}}
			}
			_, err := quick(t, Options{Attempts: 2}).Get(t.Context(), r, 100)
			checkError(t, err, test.want)
			checkSecret(t, err)
		})
	}
}

func TestHTTPSIsNotLeft(t *testing.T) {
	r := Request{URL: "https://example.com/a"}
	from := &http.Request{URL: &url.URL{Scheme: "https", Host: "example.com"}}
	for to, want := range map[string]string{
		"http://example.com/b": "unencrypted", "https://www.example.com/b": "", "https://example.org/b": "another host",
		"https://example.com.evil.org/": "another host", "https://evil.org/example.com": "another host",
	} {
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.refuses(u, []*http.Request{from}); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q, want %q", to, got, want)
		}
	}
}

// checkSecret looks at an error in all ways in which it could be printed.
func checkSecret(t *testing.T, err error) {
	t.Helper()
	for e := err; e != nil; e = errors.Unwrap(e) {
		text := fmt.Sprintf("%v %+v %#v %q", e, e, e, e)
		for _, s := range spellings(secret) {
			if strings.Contains(text, s) {
				t.Errorf("the secret is in %T: %s", e, text)
			}
		}
	}
}

func TestNoSecretInErrors(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	handlers := map[string]http.HandlerFunc{
		"told back": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, `{"message":"the token %s is wrong"}`, r.URL.Query().Get("token"))
		},
		"broken header": func(w http.ResponseWriter, r *http.Request) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\n%s\r\n\r\n", r.URL.Query().Get("token"))
			c.Close()
		},
		"cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "x")
		},
	}
	addresses := map[string]string{"not there": gone.URL, "no address": "http://[::1/" + "x", "no service": "file:///etc/passwd"}
	for name, handler := range handlers {
		addresses[name] = serve(t, func(w http.ResponseWriter, r *http.Request, _ string) { handler(w, r) })
	}
	for name, at := range addresses {
		t.Run(name, func(t *testing.T) {
			r := Request{URL: at, Query: url.Values{"token": {secret}}, Secrets: []string{secret}}
			_, err := quick(t, Options{Attempts: 2}).Get(t.Context(), r, 1000)
			if err == nil {
				t.Fatal("no error")
			}
			t.Log(err)
			checkSecret(t, err)
		})
	}
}

func TestUserAgentIsOurs(t *testing.T) {
	at := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) { io.WriteString(w, r.UserAgent()) })
	answer, err := quick(t, Options{}).Get(t.Context(), Request{URL: at}, 100)
	if err != nil || !strings.HasPrefix(string(answer.Body), "Mainbus/") {
		t.Errorf("%q, %v", answer.Body, err)
	}
}

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"": "", " a\nb\x1b[31m ": "a b [31m", "\u202eabc": "abc", strings.Repeat("é", 300): strings.Repeat("é", 200) + "…",
	} {
		if got := Line(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
