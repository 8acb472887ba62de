package main

import (
	"bytes"
	"strings"
	"testing"

	"mainbus/controller/api"
)

func TestModStateText(t *testing.T) {
	for want, s := range map[string]api.ModState{
		"is left as it is: no pack is assigned.":                            {},
		"with the mods of Belts, revision 1: no pack is assigned.":          {Applied: "Belts, revision 1"},
		"The mods are those of Belts, revision 1.":                          {Applied: "Belts, revision 1", Wanted: "Belts, revision 1"},
		"puts Belts, revision 2 there; until then there is Old.":            {Applied: "Old", Wanted: "Belts, revision 2", Pending: true},
		"until then there is what is no pack's. 2 files of it are not on":   {Wanted: "Belts, revision 2", Pending: true, Missing: 2, MissingBytes: 5 << 20},
		"The next start goes back to Old.":                                  {Applied: "Belts", Wanted: "Belts", Former: "Old", Undone: true, Pending: true},
		"Belts is not put there, because somebody went back.":               {Applied: "Old", Wanted: "Belts", Former: "Belts", Undone: true},
		"The mods are those of Belts. 1 mods that are not of the pack were": {Applied: "Belts", Wanted: "Belts", Problem: "1 mods that are not of the pack were put aside: x."},
	} {
		if got := modStateText(s); !strings.Contains(got, want) {
			t.Errorf("%+v is %q, want %q in it", s, got, want)
		}
	}
}

func TestPrintMods(t *testing.T) {
	crc := uint32(7)
	var out bytes.Buffer
	c := &ctl{out: &out}
	c.printInstanceMods(api.InstanceMods{
		Mods: []api.InstalledMod{
			{Name: "base", Version: "2.0.77", Enabled: true, Used: true, BuiltIn: true, CRC: &crc},
			{Name: "belts", Version: "1.0.0", SizeBytes: 2 << 20, Enabled: true, Problem: "The game loads another."},
			{Name: "off", Version: "1.0.0", OfPack: true},
		},
		Problems: []string{"Belts is there twice."}, Aside: []string{"mods.aside-1"},
	})
	for _, want := range []string{
		"base   2.0.77   yes   -            -        7         -",
		"belts  1.0.0    no    -            2.0 MiB  -         The game loads another.",
		"off    1.0.0    off   yes", "Belts is there twice.\n", "lies in mods.aside-1 in the instance's folder.",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("printed %q, want %q in it", out.String(), want)
		}
	}
	out.Reset()
	c.printComparison(api.ModComparison{Save: "a.zip", Mods: []api.ComparedMod{
		{Name: "belts", Server: &api.ModSide{Version: "1.0.0", Enabled: true}, Client: &api.ModSide{}, State: api.ModMissing, Advice: "Switch it on."},
	}, Advice: []string{"The save is newer."}})
	for _, want := range []string{"belts  1.0.0   -     off     missing  Switch it on.\n", "The save is newer.\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("printed %q, want %q in it", out.String(), want)
		}
	}
}
