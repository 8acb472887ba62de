// Package fetch asks web services that are not ours and downloads files from them. It knows no service; the clients that do
// live with their users.
//
// Every wait has a deadline of its own (connect, answer, silence of the body), every answer a largest size, and failures
// that may pass are tried again with growing pauses. Secrets travel in a query or form because those services want them
// there; no error and no Referer carries one, and no redirect takes one to another host. The package starts no goroutine that
// outlives a call.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mainbus/transport/wire"
)

const (
	connectTimeout = 10 * time.Second
	// getTimeout bounds a whole Get with its repetitions. A download has no such bound: its caller can cancel it.
	getTimeout   = 2 * time.Minute
	maxErrorBody = 64 << 10
	maxHeaders   = 64 << 10
)

// Options are the settings of a Client; zero values stand for the defaults.
type Options struct {
	// HTTP gives its Transport. Its Timeout, Jar and CheckRedirect are not used.
	HTTP          *http.Client
	UserAgent     string        // "Mainbus/0.1.0"
	AnswerTimeout time.Duration // until the header of the answer is there, redirects included: 30 s
	IdleTimeout   time.Duration // without a byte of the body: 30 s
	Attempts      int           // in a row without progress: 4
	Backoff       time.Duration // before the second attempt; doubles each time: 500 ms
}

// Client asks web services. Its methods may be called from any goroutine.
type Client struct {
	o         Options
	transport http.RoundTripper
}

// New returns a client.
func New(o Options) *Client {
	c := &Client{o: o}
	if o.HTTP != nil {
		c.transport = o.HTTP.Transport
	} else {
		c.transport = newTransport()
	}
	if o.UserAgent == "" {
		c.o.UserAgent = "Mainbus/" + wire.Version
	}
	setDefault(&c.o.AnswerTimeout, 30*time.Second)
	setDefault(&c.o.IdleTimeout, 30*time.Second)
	setDefault(&c.o.Attempts, 4)
	setDefault(&c.o.Backoff, 500*time.Millisecond)
	return c
}

// Close ends the connections that wait for another question. The client can still be used.
func (c *Client) Close() {
	if t, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

func setDefault[T time.Duration | int](v *T, def T) {
	if *v == 0 {
		*v = def
	}
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout:    connectTimeout,
		MaxResponseHeaderBytes: maxHeaders,
		IdleConnTimeout:        30 * time.Second,
		ForceAttemptHTTP2:      true,
	}
}

// Request is one question to a service.
type Request struct {
	URL     string     // its query is not shown in errors either
	Query   url.Values // added to the URL
	Form    url.Values // makes it a POST, which is sent once only and follows no redirect
	Secrets []string   // values that nobody but the service may see
	// Elsewhere allows redirects to other hosts, for files. Without it only "www." may come or go.
	Elsewhere bool
}

func (r *Request) method() string {
	if r.Form != nil {
		return http.MethodPost
	}
	return http.MethodGet
}

// Answer is what a service said, with a status from 200 to 299.
type Answer struct {
	Body        []byte
	ContentType string
}

// Get asks r and returns the answer, of at most maxBytes bytes. Another status than 200 to 299 is a *StatusError.
func (c *Client) Get(ctx context.Context, r Request, maxBytes int64) (Answer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, getTimeout, errSlow)
	defer cancel()
	var answer Answer
	err := c.retry(ctx, &r, func() (bool, error) {
		var err error
		answer, err = c.getOnce(ctx, &r, maxBytes)
		return false, err
	})
	return answer, r.explain(err)
}

func (c *Client) getOnce(ctx context.Context, r *Request, maxBytes int64) (Answer, error) {
	resp, err := c.do(ctx, r, nil)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	if resp.ContentLength > maxBytes {
		return Answer{}, fmt.Errorf("the answer is too large: %d bytes, at most %d make sense here", resp.ContentLength, maxBytes)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBytes+1))
	if err != nil {
		return Answer{}, err
	}
	if int64(len(body)) > maxBytes {
		return Answer{}, fmt.Errorf("the answer is too large: more than %d bytes", maxBytes)
	}
	return Answer{Body: body, ContentType: resp.Header.Get("Content-Type")}, nil
}

// do sends r once. The answer has a status from 200 to 299 or is a *StatusError; what may pass is a *brokenError.
func (c *Client) do(ctx context.Context, r *Request, header http.Header) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	watch := time.AfterFunc(c.o.AnswerTimeout, func() { cancel(errSilent) })
	req, err := r.build(ctx)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", c.o.UserAgent)
	client := http.Client{Transport: c.transport, CheckRedirect: r.checkRedirect}
	resp, err := client.Do(req)
	if err != nil {
		watch.Stop()
		err = r.transportError(ctx, err)
		cancel(nil)
		return nil, err
	}
	resp.Body = &watchedBody{body: resp.Body, r: r, ctx: ctx, cancel: cancel, watch: watch, idle: c.o.IdleTimeout}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		defer resp.Body.Close()
		return nil, r.statusError(resp)
	}
	return resp, nil
}

func (r *Request) build(ctx context.Context) (*http.Request, error) {
	u, err := url.Parse(r.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("not an address of a web service")
	}
	query := u.Query()
	for name, values := range r.Query {
		query[name] = values
	}
	u.RawQuery = query.Encode()
	if r.Form == nil {
		return http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(r.Form.Encode()))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req, err
}

// watchedBody ends the request when its body is silent for too long. The time in which nobody reads does not count.
type watchedBody struct {
	body   io.ReadCloser
	r      *Request
	ctx    context.Context
	cancel context.CancelCauseFunc
	watch  *time.Timer
	idle   time.Duration
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.watch.Reset(b.idle)
	n, err := b.body.Read(p)
	b.watch.Stop()
	if err != nil && err != io.EOF {
		err = b.r.transportError(b.ctx, err)
	}
	return n, err
}

func (b *watchedBody) Close() error {
	b.watch.Stop()
	b.cancel(nil)
	return b.body.Close()
}
