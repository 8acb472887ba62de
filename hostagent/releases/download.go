package releases

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/account"
	"mainbus/transport/fetch"
)

// maxGame bounds a download: the full game with its expansion has about 4 GB.
const maxGame = 16 << 30

// Distro is a platform, by the service's word.
type Distro string

// The distros known so far. Only those for Linux exist as Headless.
const (
	Linux64     Distro = "linux64"
	LinuxARM64  Distro = "linux-arm64" // from 2.1 on
	Win64       Distro = "win64"       // an installer
	Win64Manual Distro = "win64-manual"
	MacOS       Distro = "osx"
)

var (
	xzFile  = fetch.Kind{Name: "xz archive", Magic: []byte{0xFD, '7', 'z', 'X', 'Z', 0}}
	zipFile = fetch.Kind{Name: "zip file", Magic: []byte("PK\x03\x04")}
	exeFile = fetch.Kind{Name: "Windows program", Magic: []byte("MZ")}
)

func (d Distro) kind() fetch.Kind {
	switch d {
	case Linux64, LinuxARM64:
		return xzFile
	case Win64Manual:
		return zipFile
	case Win64:
		return exeFile
	}
	return fetch.Kind{}
}

// Wanted names a file of the game. The version is always a number: asking the service for "stable" would not say what came.
type Wanted struct {
	Version factorio.Version
	Build   Build
	Distro  Distro
}

func (w Wanted) String() string {
	return fmt.Sprintf("Factorio %s %s for %s", w.Version, w.Build, w.Distro)
}

// names are those under which the list of checksums can hold w: the one that the file came under, and for the headless server of Linux
// both that have been in use.
func (w Wanted) names(came string) []string {
	names := []string{came}
	if w.Build == Headless && w.Distro == Linux64 {
		names = append(names, fmt.Sprintf("factorio_headless_x64_%s.tar.xz", w.Version), fmt.Sprintf("factorio-headless_linux_%s.tar.xz", w.Version))
	}
	return names
}

// Downloaded is a file that came. Unverified says why its content could not be compared with a published checksum; it is empty if it
// was and is the same.
type Downloaded struct {
	fetch.File
	Verified   bool
	Unverified string
}

// To says where a download goes. Begin, Keep and Progress are those of fetch.Download.
type To struct {
	Target   string
	Begin    func(fetch.Progress) error
	Keep     bool
	Progress func(fetch.Progress)
}

// Download fetches w to the file to.Target. Builds other than Headless need an account. If the published checksum differs the target
// stays as it was.
func (c *Client) Download(ctx context.Context, w Wanted, a account.Account, to To) (Downloaded, error) {
	if w.Build != Headless && a.IsZero() {
		return Downloaded{}, fmt.Errorf("download %s: %w", w, ErrNeedsAccount)
	}
	if w.Build == Headless {
		a = account.Account{} // what needs no login gets none
	}
	sums, noSums := c.Checksums(ctx)
	if ctx.Err() != nil {
		return Downloaded{}, fmt.Errorf("download %s: %w", w, context.Cause(ctx))
	}
	var result Downloaded
	check := func(f fetch.File) error {
		var err error
		result.Verified, result.Unverified, err = w.verify(f, sums, noSums)
		return err
	}
	where := c.sites.Download + "/get-download/" + url.PathEscape(w.Version.String()) + "/" + url.PathEscape(string(w.Build)) + "/" + url.PathEscape(string(w.Distro))
	file, err := c.fetch.Download(ctx, fetch.Download{
		Request: withAccount(fetch.Request{URL: where, Elsewhere: true}, a),
		Target:  to.Target, MaxBytes: maxGame, Kind: w.Distro.kind(), Check: check, Begin: to.Begin, Keep: to.Keep, Progress: to.Progress,
	})
	if err != nil {
		return Downloaded{}, fmt.Errorf("download %s: %w", w, explain(err, a))
	}
	result.File = file
	return result, nil
}

var versionIn = regexp.MustCompile(`\d+\.\d+\.\d+`)

// verify compares f with the published checksum of w. noSums is why there are none at all.
func (w Wanted) verify(f fetch.File, sums Checksums, noSums error) (verified bool, unverified string, err error) {
	if noSums != nil {
		return false, "the list of checksums could not be read: " + noSums.Error(), nil
	}
	if v := versionIn.FindString(f.Name); v != "" && v != w.Version.String() {
		return false, "", fmt.Errorf("the service sent %s instead", fetch.Line(f.Name))
	}
	published := func(name string) bool { return sums[name] != "" }
	names := w.names(f.Name)
	i := slices.IndexFunc(names, published)
	if i < 0 {
		return false, fmt.Sprintf("factorio.com publishes no checksum of its own for %s", fetch.Line(f.Name)), nil
	}
	if sums[names[i]] != f.SHA256 {
		return false, "", fmt.Errorf("the file is damaged or was changed on its way: its SHA-256 is %s, published is %s; it was removed, try again",
			f.SHA256, sums[names[i]])
	}
	return true, "", nil
}

// explain says what a refusal means here.
func explain(err error, a account.Account) error {
	status, refused := errors.AsType[*fetch.StatusError](err)
	refused = refused && (status.Status == 401 || status.Status == 403)
	switch {
	case (refused || errors.Is(err, fetch.ErrPage)) && !a.IsZero():
		return fmt.Errorf("the login was not accepted, or the account does not own this: %w; log in again", err)
	case errors.Is(err, fetch.ErrPage):
		return fmt.Errorf("%w: an error page of the web site, or of a network that wants a login", err)
	case status != nil && status.Status == 404:
		return fmt.Errorf("there is no such file; not every version exists for every platform: %w", err)
	}
	return err
}
