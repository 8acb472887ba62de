package releases

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/account"
	"mainbus/transport/fetch"
	"mainbus/transport/fetch/loose"
)

const (
	updaterAPI  = "2"
	maxPackages = 1000
	maxSteps    = 10_000 // of one package; there have been about 500
	maxUpdate   = 8 << 30
)

// HeadlessPackage is the updater's name for the headless server of Linux.
const HeadlessPackage = "core-linux_headless64"

// Step is one update of a package, applied by the game's --apply-update.
type Step struct{ From, To factorio.Version }

// Package is what the updater can update of one edition of the game.
type Package struct {
	Steps  []Step
	Stable factorio.Version // zero: not told
}

// Updates asks what the updater offers, by the package's name. Headless packages are said to need no account.
func (c *Client) Updates(ctx context.Context, a account.Account) (map[string]Package, error) {
	r := fetch.Request{URL: c.sites.Updater + "/get-available-versions", Query: url.Values{"apiVersion": {updaterAPI}}}
	answer, err := c.fetch.Get(ctx, withAccount(r, a), maxUpdates)
	if err == nil {
		var updates map[string]Package
		if updates, err = parseUpdates(answer.Body); err == nil {
			return updates, nil
		}
	}
	return nil, fmt.Errorf("ask the updater for its versions: %w", explain(err, a))
}

func parseUpdates(data []byte) (map[string]Package, error) {
	var packages map[string]loose.List[struct{ From, To, Stable string }]
	if err := json.Unmarshal(data, &packages); err != nil {
		return nil, fetch.Unreadable(data, err)
	}
	if len(packages) > maxPackages {
		return nil, fmt.Errorf("the answer names %d packages, at most %d make sense", len(packages), maxPackages)
	}
	updates := map[string]Package{}
	for name, list := range packages {
		var p Package
		for _, entry := range list.Items {
			from, err := factorio.ParseVersion(entry.From)
			to, err2 := factorio.ParseVersion(entry.To)
			if err == nil && err2 == nil && from != to && len(p.Steps) < maxSteps {
				p.Steps = append(p.Steps, Step{From: from, To: to})
			}
			if stable, err := factorio.ParseVersion(entry.Stable); err == nil {
				p.Stable = stable
			}
		}
		if len(p.Steps) > 0 || !p.Stable.IsZero() {
			updates[name] = p
		}
	}
	if len(updates) == 0 {
		if said := fetch.Message(data); said != "" {
			return nil, fmt.Errorf("the updater said: %s", said)
		}
		return nil, errors.New("the answer names no update; the service may have changed")
	}
	return updates, nil
}

// Chain returns the fewest updates that lead from one version to another, in the order in which they are applied.
func (p Package) Chain(from, to factorio.Version) ([]Step, error) {
	steps := slices.SortedFunc(slices.Values(p.Steps), func(a, b Step) int {
		return cmp.Or(a.From.Compare(b.From), b.To.Compare(a.To))
	})
	leads := map[factorio.Version][]factorio.Version{}
	for _, s := range steps {
		leads[s.From] = append(leads[s.From], s.To)
	}
	cameFrom := map[factorio.Version]factorio.Version{from: from}
	for queue := []factorio.Version{from}; len(queue) > 0 && queue[0] != to; queue = queue[1:] {
		for _, next := range leads[queue[0]] {
			if _, seen := cameFrom[next]; !seen {
				cameFrom[next] = queue[0]
				queue = append(queue, next)
			}
		}
	}
	if _, reached := cameFrom[to]; !reached {
		return nil, fmt.Errorf("the updater has no way from %s to %s; download the whole version instead", from, to)
	}
	var chain []Step
	for at := to; at != from; at = cameFrom[at] {
		chain = append(chain, Step{From: cameFrom[at], To: at})
	}
	slices.Reverse(chain)
	return chain, nil
}

// DownloadUpdate fetches one update to the file target. The updater publishes no checksums; the game checks an update when it applies it.
func (c *Client) DownloadUpdate(ctx context.Context, a account.Account, pkg string, s Step, target string, progress func(fetch.Progress)) (Downloaded, error) {
	file, err := c.downloadUpdate(ctx, a, pkg, s, target, progress)
	if err != nil {
		return Downloaded{}, fmt.Errorf("download the update from %s to %s: %w", s.From, s.To, explain(err, a))
	}
	return Downloaded{File: file, Unverified: "the updater publishes no checksums"}, nil
}

func (c *Client) downloadUpdate(ctx context.Context, a account.Account, pkg string, s Step, target string, progress func(fetch.Progress)) (fetch.File, error) {
	r := fetch.Request{URL: c.sites.Updater + "/get-download-link", Query: url.Values{
		"package": {pkg}, "from": {s.From.String()}, "to": {s.To.String()}, "apiVersion": {updaterAPI},
	}}
	answer, err := c.fetch.Get(ctx, withAccount(r, a), maxLink)
	if err != nil {
		return fetch.File{}, err
	}
	link, err := parseLink(answer.Body)
	if err != nil {
		return fetch.File{}, err
	}
	if site, err := url.Parse(c.sites.Updater); err != nil || link.Scheme != "https" && link.Scheme != site.Scheme {
		return fetch.File{}, errors.New("the updater's link is not encrypted")
	}
	file := fetch.Request{URL: link.String(), Elsewhere: true, Secrets: []string{a.Token}}
	return c.fetch.Download(ctx, fetch.Download{Request: file, Target: target, MaxBytes: maxUpdate, Kind: zipFile, Progress: progress})
}

// parseLink reads a list of one link.
func parseLink(data []byte) (*url.URL, error) {
	var list loose.List[string]
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fetch.Unreadable(data, err)
	}
	if len(list.Items) == 0 {
		if said := fetch.Message(data); said != "" {
			return nil, fmt.Errorf("the updater said: %s", said)
		}
		return nil, errors.New("the updater gave no link; the service may have changed")
	}
	link, err := url.Parse(list.Items[0])
	if err != nil || link.Host == "" || link.Scheme != "https" && link.Scheme != "http" {
		return nil, errors.New("the updater gave a link that is none")
	}
	return link, nil
}
