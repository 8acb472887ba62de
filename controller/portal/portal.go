// Package portal asks the mod portal, mods.factorio.com, for mods and downloads their releases. It resolves no dependencies and starts no
// goroutine. What is asked and checked: docs/web-services.md.
package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"mainbus/transport/fetch"
	"mainbus/transport/fetch/loose"
)

const (
	// maxList bounds a list: with page_size=max the portal tells of all its mods, some 20 MB.
	maxList = 128 << 20
	maxMod  = 32 << 20
)

// ErrNotFound means that the portal has no mod of that name.
var ErrNotFound = errors.New("the mod portal has no mod of that name; it may have been renamed, or never have been there")

// Client asks the portal. Its methods may be called from any goroutine.
type Client struct {
	fetch *fetch.Client
	site  string
}

// New returns a client that asks by f. An empty site stands for https://mods.factorio.com.
func New(f *fetch.Client, site string) *Client {
	if site == "" {
		site = "https://mods.factorio.com"
	}
	return &Client{fetch: f, site: strings.TrimSuffix(site, "/")}
}

// CheckSite says what is wrong with the address of a mirror of the portal. It gets the account's token, so nobody on the way may read that.
func CheckSite(site string) error {
	u, err := url.Parse(site)
	switch {
	case err != nil:
		return fmt.Errorf("%.200q is no address: %w", site, err)
	case u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%.200q is no address of a mod portal: write such as https://mods.example.com", site)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return fmt.Errorf("the address of a mod portal is a scheme and a host, as in https://mods.example.com: %.200q has more", u.Redacted())
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return fmt.Errorf("%.200q is not encrypted: the account's token would be readable on the way; write https", site)
	}
	return nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}

// Query narrows a list. Zero values leave a thing to the portal.
type Query struct {
	PageSize        int    // mods per page; 0: all on one
	Page            int    // from 1
	GameVersion     string // "2.0"
	Sort            string // "name", "created_at" or "updated_at"
	Descending      bool
	ShowsDeprecated bool
}

func (q Query) values() url.Values {
	v := url.Values{"page_size": {"max"}, "hide_deprecated": {strconv.FormatBool(!q.ShowsDeprecated)}}
	if q.PageSize > 0 {
		v.Set("page_size", strconv.Itoa(q.PageSize))
		v.Set("page", strconv.Itoa(max(q.Page, 1)))
	}
	if q.GameVersion != "" {
		v.Set("version", q.GameVersion)
	}
	if q.Sort != "" {
		v.Set("sort", q.Sort)
		v.Set("sort_order", "asc")
		if q.Descending {
			v.Set("sort_order", "desc")
		}
	}
	return v
}

// Page is one page of a list.
type Page struct {
	Mods    []Mod
	Skipped int // entries that could not be read
	Count   int // of mods on all pages
	Page    int // from 1
	Pages   int
}

// List asks for one page of mods, each with its LatestRelease.
func (c *Client) List(ctx context.Context, q Query) (Page, error) {
	answer, err := c.fetch.Get(ctx, fetch.Request{URL: c.site + "/api/mods", Query: q.values()}, maxList)
	if err != nil {
		return Page{}, fmt.Errorf("ask the mod portal for mods: %w", err)
	}
	page, err := parsePage(answer.Body)
	if err != nil {
		return Page{}, fmt.Errorf("ask the mod portal for mods: %w", err)
	}
	return page, nil
}

// Full asks for everything that the portal knows of a mod, dependencies of the releases included. The error is ErrNotFound if there is none.
func (c *Client) Full(ctx context.Context, name string) (Mod, error) {
	if name == "" || name == "." || name == ".." {
		return Mod{}, fmt.Errorf("ask the mod portal for %q: not the name of a mod", name)
	}
	answer, err := c.fetch.Get(ctx, fetch.Request{URL: c.site + "/api/mods/" + url.PathEscape(name) + "/full"}, maxMod)
	if status, ok := errors.AsType[*fetch.StatusError](err); ok && status.Status == http.StatusNotFound {
		return Mod{}, fmt.Errorf("ask the mod portal for %q: %w", name, ErrNotFound)
	}
	if err == nil {
		var m Mod
		if m, err = parseMod(answer.Body); err == nil {
			return m, nil
		}
	}
	return Mod{}, fmt.Errorf("ask the mod portal for %q: %w", name, err)
}

func parsePage(data []byte) (Page, error) {
	var list struct {
		Pagination struct {
			Count     loose.Int `json:"count"`
			Page      loose.Int `json:"page"`
			PageCount loose.Int `json:"page_count"`
		} `json:"pagination"`
		Results *loose.List[Mod] `json:"results"`
	}
	if err := loose.Unmarshal(data, &list); err != nil {
		return Page{}, fetch.Unreadable(data, err)
	}
	if list.Results == nil {
		return Page{}, noMod(data)
	}
	page := Page{
		Skipped: list.Results.Skipped, Count: int(list.Pagination.Count),
		Page: int(list.Pagination.Page), Pages: int(list.Pagination.PageCount),
	}
	for _, m := range list.Results.Items {
		if m.Name == "" {
			page.Skipped++
			continue
		}
		m.dropUnusable()
		page.Mods = append(page.Mods, m)
	}
	if page.Pages < 1 { // with page_size=max the pagination is null
		page.Count, page.Page, page.Pages = len(page.Mods), 1, 1
	}
	return page, nil
}

func parseMod(data []byte) (Mod, error) {
	var m Mod
	if err := loose.Unmarshal(data, &m); err != nil {
		return Mod{}, fetch.Unreadable(data, err)
	}
	if m.Name == "" {
		return Mod{}, noMod(data)
	}
	m.dropUnusable()
	return m, nil
}

func noMod(data []byte) error {
	if said := fetch.Message(data); said != "" {
		return fmt.Errorf("the mod portal said: %s", said)
	}
	return errors.New("the answer names no mod; the mod portal may have changed")
}
