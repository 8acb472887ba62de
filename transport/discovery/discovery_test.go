package discovery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"

	"mainbus/transport/identity"
)

func TestMain(m *testing.M) {
	code := m.Run()
	// The library sends its second announcement up to four seconds after a registration, even a withdrawn one.
	if err := goleak.Find(goleak.IgnoreAnyFunction("github.com/grandcat/zeroconf.(*Server).probe")); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func announcement(t *testing.T, name string) Announcement {
	t.Helper()
	i, err := identity.Load(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return Announcement{Name: name, ID: i.ID(), Port: 34180, Boot: "b00t"}
}

func TestAnnouncementSurvivesTheRecord(t *testing.T) {
	addrs := []netip.Addr{netip.MustParseAddr("fe80::1"), netip.MustParseAddr("fd00::7"), netip.MustParseAddr("192.168.1.7"), netip.MustParseAddr("224.0.0.1")}
	for _, name := range []string{"Garage", `back\slash "quoted" \065`, "Fabrik ÄÖ 工場", "a=b;c", ""} {
		a := announcement(t, name)
		a.Paired = name == "Garage"
		f, err := parse(wireForm(a.text()), addrs, time.Unix(5, 0))
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		want := Found{
			Announcement: Announcement{Name: name, Port: 34180, Paired: a.Paired, Boot: "b00t"},
			Short:        a.ID.Short(),
			Addrs:        []netip.AddrPort{netip.MustParseAddrPort("192.168.1.7:34180"), netip.MustParseAddrPort("[fd00::7]:34180")},
			By:           "mdns",
			Seen:         time.Unix(5, 0),
		}
		if fmt.Sprint(f) != fmt.Sprint(want) {
			t.Errorf("got  %+v\nwant %+v", f, want)
		}
	}
}

// wireForm is what the library's DNS package makes of strings on their way: escapes are resolved when they are sent,
// and what does not print in ASCII is escaped when they are received.
func wireForm(text []string) []string {
	var out []string
	for _, s := range text {
		raw := unescape(s)
		var b strings.Builder
		for i := range len(raw) {
			switch c := raw[i]; {
			case c == '"', c == '\\':
				b.WriteByte('\\')
				b.WriteByte(c)
			case c < ' ', c > '~':
				fmt.Fprintf(&b, `\%03d`, c)
			default:
				b.WriteByte(c)
			}
		}
		out = append(out, b.String())
	}
	return out
}

func TestParseRefusesNonsense(t *testing.T) {
	good := announcement(t, "x").text()
	addrs := []netip.Addr{netip.MustParseAddr("10.0.0.1")}
	with := func(key, value string) []string {
		list := slices.DeleteFunc(slices.Clone(good), func(s string) bool { return strings.HasPrefix(s, key+"=") })
		return append(list, key+"="+value)
	}
	for _, c := range []struct {
		name  string
		text  []string
		addrs []netip.Addr
	}{
		{"nothing", nil, addrs},
		{"another version", with("v", "2"), addrs},
		{"short identity", with("id", "abc"), addrs},
		{"identity with other characters", with("id", strings.Repeat("!", 26)), addrs},
		{"port zero", with("p", "0"), addrs},
		{"port too large", with("p", "65536"), addrs},
		{"no port", with("p", ""), addrs},
		{"too much text", append(slices.Clone(good), strings.Repeat("x", 500)), addrs},
		{"no address", good, nil},
		{"no host's address", good, []netip.Addr{netip.MustParseAddr("224.0.0.251"), netip.MustParseAddr("0.0.0.0"), {}}},
	} {
		if f, err := parse(c.text, c.addrs, time.Time{}); err == nil {
			t.Errorf("%s: accepted as %+v", c.name, f)
		}
	}
	if _, err := parse(append(good, "later=thing"), addrs, time.Time{}); err != nil {
		t.Errorf("an unknown key: %v", err)
	}
	f, err := parse(good, []netip.Addr{netip.MustParseAddr("fe80::1")}, time.Time{})
	if err != nil || len(f.Addrs) != 1 {
		t.Errorf("a link-local address alone: %v, %v", f.Addrs, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("v=1\nid=aaaaaaaaaaaaaaaaaaaaaaaaaa\np=34180\nst=new\nn=Garage\\032\\195\\164\\\nb=1", []byte{10, 0, 0, 1})
	f.Add("v=1\nid=aaaaaaaaaaaaaaaaaaaaaaaaaa\np=1\nn=\\", make([]byte, 16))
	f.Fuzz(func(t *testing.T, text string, ip []byte) {
		a, _ := netip.AddrFromSlice(ip)
		found, err := parse(strings.Split(text, "\n"), []netip.Addr{a}, time.Time{})
		if err != nil {
			return
		}
		if !utf8.ValidString(found.Name) || utf8.RuneCountInString(found.Name) > maxName || strings.ContainsFunc(found.Name, func(r rune) bool { return r < ' ' }) {
			t.Errorf("name %q", found.Name)
		}
		if found.Port == 0 || len(found.Short) != idLen || len(found.Addrs) == 0 || !found.Addrs[0].IsValid() {
			t.Errorf("accepted %+v", found)
		}
	})
}

func TestInstanceNames(t *testing.T) {
	a := announcement(t, "")
	suffix := " " + a.ID.Short()[:4]
	for in, want := range map[string]string{
		"Garage server":         "Garage server" + suffix,
		"a.b\\c":                "a-b-c" + suffix,
		"工場":                    "host" + suffix,
		strings.Repeat("x", 90): strings.Repeat("x", 40) + suffix,
	} {
		a.Name = in
		if got := a.instance(); got != want || len(got) > 63 {
			t.Errorf("instance of %q is %q", in, got)
		}
	}
}

func TestUsableInterfaces(t *testing.T) {
	const up = net.FlagUp | net.FlagMulticast
	all := []net.Interface{
		{Name: "lo", Flags: up | net.FlagLoopback},
		{Name: "eth0", Flags: up},
		{Name: "eth1", Flags: net.FlagMulticast},
		{Name: "tun0", Flags: net.FlagUp},
		{Name: "docker0", Flags: up}, {Name: "veth12", Flags: up}, {Name: "br-1", Flags: up},
		{Name: "virbr0", Flags: up}, {Name: "vEthernet (WSL)", Flags: up},
	}
	if list := physical(all); len(list) != 1 || list[0].Name != "eth0" {
		t.Errorf("usable are %v", list)
	}
	if list := Named([]string{"docker0", "eth1"})(all); len(list) != 1 || list[0].Name != "docker0" {
		t.Errorf("of those that were named are usable %v", list)
	}
	_, err := Usable(Config{Interfaces: func([]net.Interface) []net.Interface { return nil }})
	if !errors.Is(err, ErrNoMulticast) || !strings.Contains(err.Error(), "multicast") {
		t.Errorf("without interfaces: %v", err)
	}
}

func TestAnnounceNeedsIdentityAndPort(t *testing.T) {
	if err := Announce(context.Background(), Config{}, func() Announcement { return Announcement{Port: 1} }, nil); err == nil {
		t.Error("announced nobody")
	}
}

// Without an interface both wait, and end with their context.
func TestNoInterfaceIsNoEnd(t *testing.T) {
	cfg := Config{Interfaces: func([]net.Interface) []net.Interface { return nil }}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	a := announcement(t, "x")
	if err := Announce(ctx, cfg, func() Announcement { return a }, nil); err != nil || ctx.Err() == nil {
		t.Errorf("Announce: %v", err)
	}
	ctx, cancel = context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := Browse(ctx, cfg, func() bool { return true }, func(Found) {}); err != nil || ctx.Err() == nil {
		t.Errorf("Browse: %v", err)
	}
}

// Real multicast: what is announced is found, with its changes.
func TestFindsWhatIsAnnounced(t *testing.T) {
	if _, err := Usable(Config{}); err != nil {
		t.Skipf("SKIPPED, discovery is not tested here: %v", err)
	}
	if testing.Short() {
		t.Skip("SKIPPED: takes up to 20 s of real multicast")
	}
	ctx, cancel := context.WithCancel(context.Background())
	first, second := announcement(t, "Garage\tserver ä"), announcement(t, "Loft")
	wanted := make(chan Announcement, 1) // what first is at the moment
	wanted <- first
	changed := make(chan struct{}, 1)
	found := make(chan Found, 64)
	ended := make(chan error, 3)
	go func() {
		ended <- Announce(ctx, Config{}, func() Announcement { a := <-wanted; wanted <- a; return a }, changed)
	}()
	go func() { ended <- Announce(ctx, Config{}, func() Announcement { return second }, nil) }()
	go func() {
		ended <- Browse(ctx, Config{}, func() bool { return true }, func(f Found) {
			select {
			case found <- f:
			default:
			}
		})
	}()

	start := time.Now()
	f := await(t, found, "first host", func(f Found) bool { return f.Short == first.ID.Short() })
	t.Logf("found after %v: %+v", time.Since(start), f)
	if f.Name != "Garage server ä" || f.Port != 34180 || f.Paired || f.Boot != "b00t" || f.By != "mdns" {
		t.Errorf("found %+v", f)
	}
	await(t, found, "second host", func(f Found) bool { return f.Short == second.ID.Short() })

	<-wanted
	first.Paired = true
	wanted <- first
	changed <- struct{}{}
	await(t, found, "change", func(f Found) bool { return f.Short == first.ID.Short() && f.Paired })

	cancel()
	for range 3 {
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(time.Minute):
			t.Fatal("does not end with its context")
		}
	}
}

func await(t *testing.T, found <-chan Found, what string, ok func(Found) bool) Found {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		select {
		case f := <-found:
			if ok(f) {
				return f
			}
		case <-timeout:
			t.Fatalf("no %s within 20 s", what)
		}
	}
}
