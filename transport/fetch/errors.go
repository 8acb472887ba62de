package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

var (
	// ErrPage means that a web page came in place of data or a file: an error page, a login page, a hotel's network.
	ErrPage = errors.New("a web page came in place of what was asked for")

	errSilent = errors.New("no answer in time")
	errSlow   = errors.New("no whole answer in time")
)

// Unreadable is the error for an answer that is not the data that it should be, which cause says in detail.
func Unreadable(answer []byte, cause error) error {
	if bytes.HasPrefix(bytes.TrimLeft(answer, blanks), []byte("<")) {
		return ErrPage
	}
	return fmt.Errorf("the answer can't be read: %w", cause)
}

// blanks may stand before a web page.
const blanks = "\ufeff\r\n\t "

// StatusError is an answer with a status other than 200 to 299.
type StatusError struct {
	Status     int
	Body       []byte        // its beginning, not cleaned of anything
	RetryAfter time.Duration // 0 if the service did not say
	message    string
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("the service answered %d %s", e.Status, http.StatusText(e.Status))
	if e.message != "" {
		text += fmt.Sprintf(" (%s)", e.message)
	}
	switch {
	case e.RetryAfter > 0:
		text += fmt.Sprintf("; it asks to wait %s", e.RetryAfter.Round(time.Second))
	case e.Status == http.StatusTooManyRequests:
		text += "; try again in some minutes"
	case e.Status >= 500:
		text += "; the fault is there, try again later"
	}
	return text
}

func (r *Request) statusError(resp *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // what came of it is good enough
	return &StatusError{
		Status: resp.StatusCode, Body: body, message: r.redact(Message(body)),
		RetryAfter: retryAfter(resp.Header.Get("Retry-After"), time.Now()),
	}
}

// Message finds the words for people in a JSON answer about an error, {"message":"…"} or {"error":"…"}, and makes one harmless
// line of at most 200 characters of them. It is empty if there are none.
func Message(body []byte) string {
	var told struct {
		Message string `json:"message"`
		Error   string `json:"error"`
	}
	if json.Unmarshal(body, &told) != nil {
		return ""
	}
	if told.Message == "" {
		told.Message = told.Error
	}
	return Line(told.Message)
}

// Line makes one harmless line of at most 200 characters of a foreign text.
func Line(text string) string {
	var line strings.Builder
	n := 0
	for _, c := range text {
		if n++; n > 200 {
			line.WriteString("…")
			break
		}
		if !unicode.IsPrint(c) {
			c = ' '
		}
		line.WriteRune(c)
	}
	return strings.TrimSpace(line.String())
}

// brokenError is a failure on the way, which may pass.
type brokenError struct{ err error }

func (e *brokenError) Error() string { return e.err.Error() }
func (e *brokenError) Unwrap() error { return e.err }

// transportError says why a request of ctx broke off, without its URL.
func (r *Request) transportError(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	if cause != nil && !errors.Is(cause, errSilent) {
		return cause // the caller's end, or errSlow
	}
	if cause != nil {
		return &brokenError{cause}
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	_, refused := errors.AsType[*refusedRedirect](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	if text := err.Error(); r.redact(text) != text {
		err = errors.New(r.redact(text)) // the chain below holds a secret
	}
	if refused || untrusted {
		return err
	}
	return &brokenError{err}
}

// explain gives err the method and the address, without query.
func (r *Request) explain(err error) error {
	if err == nil {
		return nil
	}
	where := "a web service"
	if u, parseErr := url.Parse(r.URL); parseErr == nil {
		where = r.redact((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String())
	}
	if _, broken := errors.AsType[*brokenError](err); broken {
		return fmt.Errorf("%s %s: %w; check the network of this computer, then try again", r.method(), where, err)
	}
	return fmt.Errorf("%s %s: %w", r.method(), where, err)
}

// spellings are the forms in which a secret can stand in a text.
func spellings(secret string) []string {
	quoted := strconv.Quote(secret)
	return []string{secret, url.QueryEscape(secret), url.PathEscape(secret), quoted[1 : len(quoted)-1]}
}

// redact takes the secrets out of a text for people, and the values of the URL's query, which may be a signature.
func (r *Request) redact(text string) string {
	text = hide(text, r.Secrets)
	if u, err := url.Parse(r.URL); err == nil {
		for _, values := range u.Query() {
			text = hide(text, slices.DeleteFunc(values, func(v string) bool { return len(v) < 8 }))
		}
	}
	return text
}

func hide(text string, secrets []string) string {
	for _, secret := range secrets {
		for _, s := range spellings(secret) {
			if s != "" {
				text = strings.ReplaceAll(text, s, "(hidden)")
			}
		}
	}
	return text
}
