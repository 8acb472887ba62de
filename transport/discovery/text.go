package discovery

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"mainbus/transport/internal/display"
)

const (
	textVersion = "1"
	maxText     = 512 // bytes of all strings of a TXT record
	maxName     = 40  // characters
	maxAddrs    = 16
	idLen       = 26 // characters of a short identity
	maxBoot     = 32
)

// text is the TXT record of an announcement.
func (a Announcement) text() []string {
	state := "new"
	if a.Paired {
		state = "paired"
	}
	return []string{
		"v=" + textVersion,
		"id=" + a.ID.Short(),
		"p=" + strconv.Itoa(int(a.Port)),
		"st=" + state,
		"n=" + escape(display.Name(a.Name, maxName)),
		"b=" + escape(display.Name(a.Boot, maxBoot)),
	}
}

// instance is the name under which an agent is registered: unlike its display name it is unique, and it holds
// nothing that DNS gives a meaning to.
func (a Announcement) instance() string {
	var b strings.Builder
	for _, r := range display.Name(a.Name, maxName) {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == ' ':
			b.WriteRune(r)
		default:
			b.WriteByte('-')
		}
	}
	name := strings.Trim(b.String(), " -")
	if name == "" {
		name = "host"
	}
	return name + " " + a.ID.Short()[:4]
}

func (a Announcement) valid() error {
	if a.ID.IsZero() || a.Port == 0 {
		return errors.New("announce: an identity and a port are required")
	}
	return nil
}

// parse makes sense of a TXT record, whoever wrote it. Unknown keys are left alone, for later versions.
func parse(text []string, addrs []netip.Addr, now time.Time) (Found, error) {
	values, err := split(text)
	if err != nil {
		return Found{}, err
	}
	if v := values["v"]; v != textVersion {
		return Found{}, fmt.Errorf("announcement of version %q", display.Name(v, 10))
	}
	id := values["id"]
	if len(id) != idLen || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz234567") != "" {
		return Found{}, errors.New("announcement without an identity")
	}
	port, err := strconv.ParseUint(values["p"], 10, 16)
	if err != nil || port == 0 {
		return Found{}, errors.New("announcement without a port")
	}
	f := Found{
		Announcement: Announcement{
			Name:   display.Name(values["n"], maxName),
			Port:   uint16(port),
			Paired: values["st"] == "paired",
			Boot:   display.Name(values["b"], maxBoot),
		},
		Short: id,
		By:    "mdns",
		Seen:  now,
	}
	for _, a := range dialable(addrs) {
		if len(f.Addrs) == maxAddrs {
			break
		}
		f.Addrs = append(f.Addrs, netip.AddrPortFrom(a, f.Port))
	}
	if len(f.Addrs) == 0 {
		return Found{}, errors.New("announcement without an address")
	}
	return f, nil
}

// split takes a TXT record apart. Of a key that is there twice the first counts, as DNS-SD has it.
func split(text []string) (map[string]string, error) {
	size := 0
	values := map[string]string{}
	for _, s := range text {
		raw := unescape(s)
		if size += 1 + len(raw); size > maxText {
			return nil, fmt.Errorf("announcement of more than %d bytes", maxText)
		}
		key, value, _ := strings.Cut(raw, "=")
		if _, twice := values[key]; !twice {
			values[key] = value
		}
	}
	return values, nil
}

// The mDNS library keeps texts in the form of zone files, where a backslash escapes the next character or is
// followed by a byte's three decimal digits.

func escape(s string) string { return strings.ReplaceAll(s, `\`, `\\`) }

func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		if i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 10, 8); err == nil {
				b = append(b, byte(n))
				i += 3
				continue
			}
		}
		i++
		b = append(b, s[i])
	}
	return string(b)
}
