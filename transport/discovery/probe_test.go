package discovery

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestQuestionsAreAnswered(t *testing.T) {
	from := netip.MustParseAddrPort("192.168.1.9:40000")
	for name, want := range map[string]string{"Garage": "Garage", strings.Repeat("ä", 40): strings.Repeat("ä", probeName/2), "": "", "a\x1bb": "ab"} {
		var found []Found
		p := Prober{Found: func(f Found) { found = append(found, f) }}
		a := announcement(t, name)
		a.Paired = name == "Garage"
		answer := Answer(a, p.question())
		if len(answer) != probeSize {
			t.Fatalf("the answer has %d bytes, the question %d", len(answer), probeSize)
		}
		p.Take(from, answer)
		if len(found) != 1 || found[0].Short != a.ID.Short() || found[0].Name != want || found[0].Paired != a.Paired ||
			!slices.Equal(found[0].Addrs, []netip.AddrPort{from}) || found[0].Port != a.Port {
			t.Errorf("%q is found as %+v", name, found)
		}
		p.Take(from, Answer(a, header(kindAsk, []byte("stranger")))) // to a question that was never asked
		for range keptNonces {
			p.question()
		}
		p.Take(from, answer) // too late
		if len(found) != 1 {
			t.Errorf("unasked answers count: %+v", found[1:])
		}
	}
	if Answer(announcement(t, "x"), Answer(announcement(t, "x"), header(kindAsk, nil))) != nil {
		t.Error("an answer is answered")
	}
	if Answer(Announcement{}, header(kindAsk, nil)) != nil {
		t.Error("nobody answers")
	}
}

func TestNetworksEnd(t *testing.T) {
	for network, want := range map[string]string{
		"192.168.1.9/24": "192.168.1.255", "10.1.2.3/8": "10.255.255.255", "10.0.0.5/30": "10.0.0.7", "172.16.9.1/22": "172.16.11.255",
	} {
		if got := lastOf(netip.MustParsePrefix(network)); got.String() != want {
			t.Errorf("%s ends with %s, want %s", network, got, want)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	a := Announcement{Name: "Garage", Port: 34180, Boot: "b"}
	a.ID[0] = 1
	f.Add(Answer(a, header(kindAsk, nil)))
	f.Add(header(kindAnswer, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if answer := Answer(a, b); len(answer) > len(b) {
			t.Errorf("%d bytes for %d", len(answer), len(b))
		}
		p := Prober{Found: func(f Found) {
			if !utf8.ValidString(f.Name) || utf8.RuneCountInString(f.Name) > maxName || f.Port == 0 {
				t.Errorf("found %+v", f)
			}
		}}
		if len(b) == probeSize {
			p.nonces = [][]byte{b[nonceAt:bodyAt]}
		}
		p.Take(netip.MustParseAddrPort("10.0.0.1:1"), b)
		if len(b) == probeSize {
			_, _ = parseAnswer(netip.MustParseAddrPort("10.0.0.1:1"), b, time.Time{})
		}
	})
}
