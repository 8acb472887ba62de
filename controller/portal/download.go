package portal

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"unicode"

	"mainbus/hostagent/factorio/account"
	"mainbus/transport/fetch"
)

// maxZip bounds a mod. The largest have some 500 MB.
const maxZip = 4 << 30

var (
	// ErrLogin means that the portal wants a valid account.
	ErrLogin = errors.New("the mod portal did not accept the login: mods are for owners of the game with an account; log in again")
	// ErrNeedsAccount means that no account was given.
	ErrNeedsAccount = errors.New("the mod portal needs a factorio.com account; log in first")

	zipFile = fetch.Kind{Name: "zip file", Magic: []byte("PK\x03\x04")}
)

// Downloaded is a mod that came. Unverified says why its content could not be compared with the portal's checksum; it is empty if it was and
// is the same.
type Downloaded struct {
	fetch.File
	Path       string
	Verified   bool
	Unverified string
}

// Download fetches a release into the folder dir, under the portal's name for it. If its checksum differs nothing is changed. What has come
// when it is cancelled or cut off is kept there for the next download of the release; there must be one at a time.
func (c *Client) Download(ctx context.Context, r Release, a account.Account, dir string, progress func(fetch.Progress)) (Downloaded, error) {
	d, err := c.download(ctx, r, a, dir, progress)
	if err != nil {
		return Downloaded{}, fmt.Errorf("download the mod %s: %w", fetch.Line(r.FileName), err)
	}
	return d, nil
}

func (c *Client) download(ctx context.Context, r Release, a account.Account, dir string, progress func(fetch.Progress)) (Downloaded, error) {
	if a.IsZero() {
		return Downloaded{}, ErrNeedsAccount
	}
	if !safeName(r.FileName) {
		return Downloaded{}, errors.New("the portal's name for the file can't be used")
	}
	where, err := c.fileURL(r.DownloadURL)
	if err != nil {
		return Downloaded{}, err
	}
	result := Downloaded{Path: filepath.Join(dir, r.FileName)}
	result.File, err = c.fetch.Download(ctx, fetch.Download{
		Request: fetch.Request{URL: where, Query: a.Query(), Secrets: []string{a.Token}, Elsewhere: true},
		Target:  result.Path, MaxBytes: maxZip, Kind: zipFile, Keep: true, Progress: progress,
		Check: func(f fetch.File) error {
			var err error
			result.Verified, result.Unverified, err = r.verify(f)
			return err
		},
	})
	status, refused := errors.AsType[*fetch.StatusError](err)
	switch {
	case errors.Is(err, fetch.ErrPage), refused && (status.Status == http.StatusUnauthorized || status.Status == http.StatusForbidden):
		return Downloaded{}, fmt.Errorf("%w (%w)", ErrLogin, err)
	case err != nil:
		return Downloaded{}, err
	}
	return result, nil
}

// fileURL resolves a download_url. Since the login is added to it, it must stay on the portal.
func (c *Client) fileURL(downloadURL string) (string, error) {
	site, err := url.Parse(c.site)
	if err != nil {
		return "", fmt.Errorf("%s is not the address of a mod portal", c.site)
	}
	ref, err := url.Parse(downloadURL)
	if err != nil || downloadURL == "" {
		return "", errors.New("the portal gave no address for the file")
	}
	file := site.ResolveReference(ref)
	if file.Scheme != site.Scheme || !strings.EqualFold(file.Host, site.Host) || file.User != nil {
		return "", fmt.Errorf("the portal's address for the file leads to another host, %s; the login is not sent there", fetch.Line(file.Host))
	}
	file.Fragment = ""
	return file.String(), nil
}

func (r Release) verify(f fetch.File) (verified bool, unverified string, err error) {
	sum := strings.ToLower(r.SHA1)
	if raw, err := hex.DecodeString(sum); err != nil || len(raw) != 20 {
		return false, "the mod portal publishes no checksum for this release", nil
	}
	if sum != f.SHA1 {
		return false, "", fmt.Errorf("the file is damaged or was changed on its way: its SHA-1 is %s, the portal says %s; it was removed, try again", f.SHA1, sum)
	}
	return true, "", nil
}

// safeName reports whether name is that of a zip in a mods folder, on every platform.
func safeName(name string) bool {
	base, isZip := strings.CutSuffix(name, ".zip")
	odd := func(c rune) bool { return !unicode.IsPrint(c) || strings.ContainsRune(`/\:*?"<>|`, c) }
	return isZip && base != "" && len(name) <= 200 && !strings.HasPrefix(name, ".") && !strings.ContainsFunc(name, odd) && filepath.IsLocal(name)
}
