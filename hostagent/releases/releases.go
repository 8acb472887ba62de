// Package releases asks factorio.com which versions of the game there are and downloads them. It installs nothing and starts no
// goroutine. What a service is asked, what is checked and where no checksum is published: docs/web-services.md.
package releases

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/account"
	"mainbus/transport/fetch"
)

const (
	maxLatest    = 64 << 10
	maxArchive   = 8 << 20
	maxChecksums = 8 << 20
	maxUpdates   = 8 << 20
	maxLink      = 64 << 10

	maxVersions = 10_000 // there have been about 500
)

// ErrNeedsAccount means that the service gives this to owners of the game only.
var ErrNeedsAccount = errors.New("this download needs a factorio.com account; log in, or choose the headless server, which needs none")

// Sites are the addresses of the services; an empty one stands for the real one.
type Sites struct {
	Site     string // https://factorio.com: versions and checksums
	Download string // https://www.factorio.com: the game
	Updater  string // https://updater.factorio.com
}

// Client asks the services. Its methods may be called from any goroutine.
type Client struct {
	fetch *fetch.Client
	sites Sites
}

// New returns a client that asks by f.
func New(f *fetch.Client, sites Sites) *Client {
	for _, s := range []struct {
		site *string
		real string
	}{
		{&sites.Site, "https://factorio.com"},
		{&sites.Download, "https://www.factorio.com"},
		{&sites.Updater, "https://updater.factorio.com"},
	} {
		if *s.site == "" {
			*s.site = s.real
		}
	}
	return &Client{fetch: f, sites: sites}
}

// Build is an edition of the game, by the service's word.
type Build string

// The builds known so far; Latest passes on others.
const (
	Headless  Build = "headless"
	Alpha     Build = "alpha"     // the game without its expansion
	Expansion Build = "expansion" // with Space Age
	Demo      Build = "demo"
)

// Latest are the newest versions. A build may be missing in either group.
type Latest struct {
	Stable, Experimental map[Build]factorio.Version
}

// Latest asks for the newest versions.
func (c *Client) Latest(ctx context.Context) (Latest, error) {
	answer, err := c.fetch.Get(ctx, fetch.Request{URL: c.sites.Site + "/api/latest-releases"}, maxLatest)
	if err != nil {
		return Latest{}, fmt.Errorf("ask for the newest versions of the game: %w", err)
	}
	latest, err := parseLatest(answer.Body)
	if err != nil {
		return Latest{}, fmt.Errorf("ask for the newest versions of the game: %w", err)
	}
	return latest, nil
}

// parseLatest leaves out what is no version.
func parseLatest(data []byte) (Latest, error) {
	var groups map[string]json.RawMessage
	if err := json.Unmarshal(data, &groups); err != nil {
		return Latest{}, fetch.Unreadable(data, err)
	}
	read := func(group string) map[Build]factorio.Version {
		var builds map[Build]any
		if json.Unmarshal(groups[group], &builds) != nil {
			return nil
		}
		versions := map[Build]factorio.Version{}
		for build, told := range builds {
			text, _ := told.(string)
			if v, err := factorio.ParseVersion(text); err == nil && len(versions) < maxVersions {
				versions[build] = v
			}
		}
		return versions
	}
	latest := Latest{Stable: read("stable"), Experimental: read("experimental")}
	if len(latest.Stable) == 0 && len(latest.Experimental) == 0 {
		return Latest{}, errors.New("the answer names no version; the service may have changed")
	}
	return latest, nil
}

// Archive asks which versions can be downloaded, newest first.
func (c *Client) Archive(ctx context.Context) ([]factorio.Version, error) {
	answer, err := c.fetch.Get(ctx, fetch.Request{URL: c.sites.Site + "/download/archive/"}, maxArchive)
	if err != nil {
		return nil, fmt.Errorf("ask for all versions of the game: %w", err)
	}
	versions := parseArchive(answer.Body)
	if len(versions) == 0 {
		return nil, errors.New("ask for all versions of the game: the page names no version; the web site may have changed")
	}
	return versions, nil
}

// Checksums asks for the published SHA-256 sums.
func (c *Client) Checksums(ctx context.Context) (Checksums, error) {
	answer, err := c.fetch.Get(ctx, fetch.Request{URL: c.sites.Site + "/download/sha256sums/"}, maxChecksums)
	if err != nil {
		return nil, fmt.Errorf("ask for the checksums of the game's files: %w", err)
	}
	sums := parseChecksums(answer.Body)
	if len(sums) == 0 {
		return nil, errors.New("ask for the checksums of the game's files: the answer holds none; the web site may have changed")
	}
	return sums, nil
}

// withAccount adds a login to a request, if there is one.
func withAccount(r fetch.Request, a account.Account) fetch.Request {
	if a.IsZero() {
		return r
	}
	for name, values := range a.Query() {
		if r.Query == nil {
			r.Query = map[string][]string{}
		}
		r.Query[name] = values
	}
	r.Secrets = append(r.Secrets, a.Token)
	return r
}
