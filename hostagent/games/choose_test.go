package games

import (
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/install"
)

func TestChoose(t *testing.T) {
	game := func(source Source, version string) Game {
		return Game{Source: source, Identity: install.Identity{Version: v(version)}}
	}
	installed := []Game{game(Steam, "2.1.12"), game(Downloaded, "2.0.77"), game(Steam, "2.0.77"), game(Downloaded, "2.0.7")}
	known := Available{Stable: v("2.0.77"), Experimental: v("2.1.13"), Versions: []factorio.Version{v("2.1.13"), v("2.0.77"), v("2.0.76"), v("1.1.110")}}
	newer := Available{Stable: v("2.0.78"), Experimental: v("2.1.13")}
	tests := []struct {
		name     string
		options  options
		selector string
		download bool
		last     string
		want     string // "2.0.77 steam", "get 2.0.77", or a part of an error
	}{
		{"any: the newest", options{installed, known, true}, "", false, "", "2.1.12 steam"},
		{"any: stays", options{installed, known, true}, "", false, "2.0.7", "2.0.7 downloaded"},
		{"any: what it ran is gone", options{installed, known, true}, "", false, "2.0.70", "2.1.12 steam"},
		{"any: what was named", options{append([]Game{game(Named, "1.1.110")}, installed...), known, true}, "", false, "", "1.1.110 named"},
		{"any: none", options{nil, known, true}, "", true, "", "no game is installed on this host: download a version"},
		{"any: none, and none to download", options{nil, known, false}, "", true, "", "install the game that you own"},

		{"exact", options{installed, known, true}, "2.0.7", true, "", "2.0.7 downloaded"},
		{"exact: not another that begins so", options{installed[:3], known, true}, "2.0.7", true, "", "get 2.0.7"},
		{"exact: not to be downloaded", options{installed, known, true}, "2.0.76", false, "", "version 2.0.76 of the game is not installed on this host (installed: 2.1.12, 2.0.77, 2.0.7): download it, or"},
		{"exact: missing", options{installed, known, true}, "2.0.76", true, "", "get 2.0.76"},
		{"exact: even if it ran another", options{installed, known, true}, "2.0.7", true, "2.0.77", "2.0.7 downloaded"},
		{"exact: nothing to download", options{installed, known, false}, "2.0.76", true, "", "install the game that you own"},
		{"exact: of two copies ours", options{installed, known, true}, "2.0.77", true, "", "2.0.77 downloaded"},

		{"series: the newest of it", options{installed, known, true}, "2.0", false, "", "2.0.77 downloaded"},
		{"series: a newer one can be had", options{installed, known, true}, "2.1", true, "", "get 2.1.13"},
		{"series: but is not to be", options{installed, known, true}, "2.1", false, "", "2.1.12 steam"},
		{"series: stays", options{installed, known, true}, "2.1", true, "2.1.12", "2.1.12 steam"},
		{"series: nothing known of releases", options{installed, Available{}, true}, "2.1", true, "", "2.1.12 steam"},
		{"series: missing", options{installed, known, true}, "1.1", true, "", "get 1.1.110"},
		{"series: missing and unknown", options{installed, known, true}, "3.0", true, "", "version 3.0 of the game is not installed"},
		{"series: newer here than there", options{installed, Available{Experimental: v("2.1.5")}, true}, "2.1", true, "", "2.1.12 steam"},

		{"stable", options{installed, known, true}, "stable", false, "", "2.0.77 downloaded"},
		{"stable: newer", options{installed, newer, true}, "stable", true, "", "get 2.0.78"},
		{"stable: newer, stays", options{installed, newer, true}, "stable", true, "2.0.77", "2.0.77 downloaded"},
		{"stable: newer, not to be downloaded", options{installed, newer, true}, "stable", false, "", "version 2.0.78 (stable) of the game is not installed"},
		{"experimental", options{installed, known, true}, "experimental", true, "", "get 2.1.13"},
		{"stable: unknown", options{installed, Available{}, true}, "stable", true, "", "which version is stable is not known"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			selector, err := factorio.ParseSelector(test.selector)
			if err != nil {
				t.Fatal(err)
			}
			w := Wish{Selector: selector, Download: test.download}
			if test.last != "" {
				w.Last = v(test.last)
			}
			c, err := test.options.choose(w)
			got := ""
			switch {
			case err != nil:
				got = err.Error()
			case !c.missing.IsZero():
				got = "get " + c.missing.String()
			default:
				got = c.game.Version.String() + " " + string(c.game.Source)
			}
			if !strings.Contains(got, test.want) || err == nil && got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}
