package api

import (
	"strings"
	"testing"
)

func TestPlayerAddresses(t *testing.T) {
	for address, want := range map[string]bool{
		"": true, "play.example.org": true, "203.0.113.7": true, "2001:db8::1": true, "a": true,
		"a b": false, "a:1": false, "fe80::1%eth0": false, "-a": false, "a\n": false, strings.Repeat("a", 254): false,
	} {
		if IsPlayerAddress(address) != want {
			t.Errorf("%q: %t", address, !want)
		}
	}
}
