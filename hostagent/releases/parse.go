package releases

import (
	"bytes"
	"encoding/hex"
	"net/url"
	"path"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"mainbus/hostagent/factorio"
)

// parseArchive finds versions in the archive page: texts that are nothing but a version, and links that end in one. The page is made
// for people, so nothing else of it is relied on.
func parseArchive(page []byte) []factorio.Version {
	seen := map[factorio.Version]bool{}
	add := func(text string) {
		v, err := factorio.ParseVersion(strings.TrimSpace(text))
		if err == nil && v.Developer == 0 && len(seen) < maxVersions {
			seen[v] = true
		}
	}
	tokens := html.NewTokenizer(bytes.NewReader(page))
	tokens.SetMaxBuf(1 << 20)
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return newestFirst(seen)
		case html.TextToken:
			add(string(tokens.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			for more := true; more; {
				var name, value []byte
				name, value, more = tokens.TagAttr()
				if string(name) != "href" {
					continue
				}
				if u, err := url.Parse(string(value)); err == nil {
					add(path.Base(u.Path))
				}
			}
		}
	}
}

func newestFirst(set map[factorio.Version]bool) []factorio.Version {
	list := make([]factorio.Version, 0, len(set))
	for v := range set {
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b factorio.Version) int { return b.Compare(a) })
	return list
}

// Checksums are SHA-256 sums, lower case hexadecimal, by file name. A name that stands twice with different sums has "".
type Checksums map[string]string

// parseChecksums reads lines of a sum and a name, and passes over all others.
func parseChecksums(list []byte) Checksums {
	sums := Checksums{}
	for line := range strings.Lines(string(list)) {
		sum, name, ok := strings.Cut(strings.TrimSpace(line), " ")
		name = strings.TrimPrefix(strings.TrimSpace(name), "*") // the mark of a binary file
		if raw, err := hex.DecodeString(sum); !ok || err != nil || len(raw) != 32 || name == "" || len(name) > 255 {
			continue
		}
		sum = strings.ToLower(sum)
		if old, twice := sums[name]; twice && old != sum {
			sum = ""
		}
		sums[name] = sum
	}
	return sums
}
