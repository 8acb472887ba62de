package fetch

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const maxRedirects = 5

// checkRedirect is asked before each redirect is followed. net/http sets a Referer with the whole query, so it goes.
func (r *Request) checkRedirect(next *http.Request, done []*http.Request) error {
	next.Header.Del("Referer")
	if why := r.refuses(next.URL, done); why != "" {
		return &refusedRedirect{why}
	}
	return nil
}

// refusedRedirect is not cured by asking again.
type refusedRedirect struct{ why string }

func (e *refusedRedirect) Error() string { return e.why }

// refuses says why next is not followed, or "".
func (r *Request) refuses(next *url.URL, done []*http.Request) string {
	from := done[len(done)-1].URL
	switch {
	case r.Form != nil:
		return "the service sends us to another address, and a login is not repeated there"
	case len(done) > maxRedirects:
		return fmt.Sprintf("the service sends us round: more than %d redirects", maxRedirects)
	case next.Scheme != "https" && next.Scheme != from.Scheme:
		return fmt.Sprintf("the service sends us to an unencrypted address at %s", next.Host)
	case sameSite(next, done[0].URL):
		return ""
	case !r.Elsewhere:
		return fmt.Sprintf("the service sends us to another host, %s", next.Host)
	case hide(next.String(), r.Secrets) != next.String():
		return fmt.Sprintf("the service wants to pass our login to another host, %s", next.Host)
	}
	return ""
}

// sameSite knows "example.com" and "www.example.com" as one.
func sameSite(a, b *url.URL) bool {
	return strings.TrimPrefix(strings.ToLower(a.Host), "www.") == strings.TrimPrefix(strings.ToLower(b.Host), "www.")
}
