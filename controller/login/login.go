// Package login turns the name and password of a factorio.com account into its token. The password is in memory only, and is
// sent in the body of one encrypted request.
package login

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"mainbus/hostagent/factorio/account"
	"mainbus/transport/fetch"
	"mainbus/transport/fetch/loose"
)

const (
	apiVersion = "6"
	maxAnswer  = 64 << 10
	maxToken   = 200
)

// ErrEmailCode means that the service has sent a code by e-mail and wants it in Attempt.EmailCode.
var ErrEmailCode = errors.New("factorio.com has sent you a code by e-mail; log in again with it")

// RefusedError is a login that the service declined.
type RefusedError struct {
	Code    string // "login-failed"
	Message string // the service's words, one line
}

func (e *RefusedError) Error() string {
	if e.Message == "" {
		return fmt.Sprintf("factorio.com declined the login (%s)", e.Code)
	}
	return fmt.Sprintf("factorio.com declined the login: %s (%s)", e.Message, e.Code)
}

// Is makes the demand for a code an ErrEmailCode.
func (e *RefusedError) Is(target error) bool {
	return target == ErrEmailCode && e.Code == "email-authentication-required"
}

// Client asks the service. Its methods may be called from any goroutine.
type Client struct {
	fetch *fetch.Client
	site  string
}

// New returns a client that asks by f. An empty site stands for https://auth.factorio.com.
func New(f *fetch.Client, site string) *Client {
	if site == "" {
		site = "https://auth.factorio.com"
	}
	return &Client{fetch: f, site: site}
}

// Attempt is what a person types.
type Attempt struct {
	Name      string // user name or e-mail address
	Password  string
	EmailCode string // only after ErrEmailCode
}

// LogIn asks for the token of an account that owns the game. It is tried once: repeated wrong logins can lock an account. The error is a
// *RefusedError if the service declined, and ErrEmailCode if that is because it wants a code.
func (c *Client) LogIn(ctx context.Context, try Attempt) (account.Account, error) {
	form := url.Values{
		"username": {try.Name}, "password": {try.Password},
		"api_version": {apiVersion}, "require_game_ownership": {"true"},
	}
	if try.EmailCode != "" {
		form.Set("email_authentication_code", try.EmailCode)
	}
	answer, err := c.fetch.Get(ctx, fetch.Request{
		URL: c.site + "/api-login", Form: form, Secrets: []string{try.Password, try.EmailCode},
	}, maxAnswer)
	body := answer.Body
	// Up to version 3 of the interface a refusal has the status 401, from version 4 on 200.
	if status, ok := errors.AsType[*fetch.StatusError](err); ok && status.Status >= 400 && status.Status < 500 && status.Status != http.StatusTooManyRequests {
		if _, told := errors.AsType[*RefusedError](parseRefusal(status.Body)); told {
			body, err = status.Body, nil
		}
	}
	var a account.Account
	if err == nil {
		a, err = parse(body, try.Name)
	}
	if err != nil {
		return account.Account{}, fmt.Errorf("log in at factorio.com: %w", err)
	}
	return a, nil
}

// parse reads {"token":…,"username":…}, the old ["token"], or a refusal.
func parse(data []byte, name string) (account.Account, error) {
	var told struct {
		Token    string `json:"token"`
		Username string `json:"username"`
	}
	var list []string
	switch {
	case loose.Unmarshal(data, &list) == nil && len(list) == 1:
		told.Token, told.Username = list[0], name
	case loose.Unmarshal(data, &told) != nil:
		return account.Account{}, unreadable(data)
	case told.Token == "":
		return account.Account{}, parseRefusal(data)
	}
	if told.Username == "" {
		told.Username = name
	}
	if !isWord(told.Token) || !isWord(told.Username) {
		return account.Account{}, errors.New("the answer holds no usable token; the service may have changed")
	}
	return account.Account{Username: told.Username, Token: told.Token}, nil
}

func parseRefusal(data []byte) error {
	var told struct {
		Error   string `json:"error"`
		Message string `json:"message"`
	}
	if loose.Unmarshal(data, &told) != nil || told.Error == "" && told.Message == "" {
		return unreadable(data)
	}
	return &RefusedError{Code: fetch.Line(told.Error), Message: fetch.Line(told.Message)}
}

// unreadable does not quote the answer: it may hold a token.
func unreadable(data []byte) error {
	if len(data) > 0 && data[0] == '<' {
		return fetch.ErrPage
	}
	return errors.New("the answer can't be read; the service may have changed")
}

func isWord(s string) bool {
	odd := func(c rune) bool { return !unicode.IsPrint(c) || c == ' ' }
	return s != "" && len(s) <= maxToken && !strings.ContainsFunc(s, odd)
}
