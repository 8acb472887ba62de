package view

import (
	"testing"

	"mainbus/controller/api"
)

func TestHowFarTheModsOfAnInstanceAre(t *testing.T) {
	for _, test := range []struct {
		state api.ModState
		want  string
	}{
		{api.ModState{}, "This instance has no pack: the mods in its folder are left as they are."},
		{api.ModState{Wanted: "Base, revision 7", Applied: "Base, revision 7"}, "The mods are those of Base, revision 7."},
		{api.ModState{Wanted: "Base, revision 8", Applied: "Base, revision 7", Pending: true, Missing: 3, MissingBytes: 5 << 20},
			"The next start puts Base, revision 8 there, in place of Base, revision 7. 3 files are not on its host yet, 5.0 MiB."},
		{api.ModState{Wanted: "Base, revision 1", Pending: true}, "The next start puts Base, revision 1 there, in place of what is there of no pack."},
		{api.ModState{Wanted: "Base, revision 8", Applied: "Base, revision 7", Undone: true}, "The mods are those of Base, revision 7: somebody went back to them."},
		{api.ModState{Applied: "Base, revision 7"}, "The mods are those of Base, revision 7; the instance has no pack any more."},
	} {
		if got := ModState(test.state); got != test.want {
			t.Errorf("%+v:\n got %s\nwant %s", test.state, got, test.want)
		}
	}
}

func TestModsOfAnInstanceInWords(t *testing.T) {
	rows := InstalledMods([]api.InstalledMod{{Name: "base", BuiltIn: true, Enabled: true}, {Name: "a", File: "a_1.zip", Title: "A", OfPack: true, Enabled: true}, {Name: "b", File: "b", Used: true, Enabled: true}})
	if rows[0].From != "the game" || rows[0].Unused || rows[1].From != "its pack" || !rows[1].Unused || rows[2].From != "by hand" || rows[2].Title != "b" {
		t.Errorf("%+v", rows)
	}
	compared := ComparedMods([]api.ComparedMod{{Name: "a", Server: &api.ModSide{Version: "1.0.0", Enabled: true}, Save: &api.ModSide{Version: "1.0.0"}, State: api.ModMissing}})[0]
	if compared.Server != "1.0.0" || compared.Save != "1.0.0 (off)" || compared.Client != "–" {
		t.Errorf("%+v", compared)
	}
	for _, test := range []struct {
		state api.ListState
		want  string
	}{
		{api.ListState{State: api.ListInStep, Entries: 1200}, "1,200 names · in step"},
		{api.ListState{State: api.ListPending, ToGame: 2, OnlyThere: 1}, "0 names · 2 changes to the game and 0 from it are on the way · 1 only there"},
		{api.ListState{State: api.ListUnknown}, "its host has not told yet"},
		{api.ListState{State: api.ListProblem, Entries: 1, Problem: "The file can't be written.", Next: "Look at its rights."}, "1 names · The file can't be written. Look at its rights."},
	} {
		if got := ListStateWords(test.state); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
