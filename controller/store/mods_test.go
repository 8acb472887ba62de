package store

import (
	"errors"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

func TestMods(t *testing.T) {
	path := filepath.Join(t.TempDir(), "controller.db")
	s := openStore(t, path, nil)
	at := time.UnixMilli(1_764_137_293_000)
	mod := Mod{
		Name: "Pipes and Valves", Version: "1.2.3", SHA256: "ab", SHA1: "cd", Bytes: 7, FileName: "Pipes and Valves_01.2.3.zip", Title: "Pipes", Author: "anna",
		Game: "2.0", Dependencies: []string{"base >= 2.0", "? other"}, Flags: []string{"quality"}, Description: "text", Source: "upload", AddedAt: at, AddedBy: "anna",
	}
	other := Mod{Name: "other", Version: "0.1.0", SHA256: "ef", AddedAt: at, Dependencies: []string{}, Flags: []string{}}
	for _, m := range []Mod{mod, other} {
		if err := s.PutMod(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	mod.SHA256 = "replaced"
	mod.DeletedAt = at.Add(time.Hour)
	if err := errors.Join(s.PutMod(t.Context(), mod), s.SetModDeleted(t.Context(), "other", "0.1.0", at), s.SetModDeleted(t.Context(), "other", "0.1.0", time.Time{})); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, path, nil)
	if all, err := s.Mods(t.Context(), ""); err != nil || !reflect.DeepEqual(all, []Mod{mod, other}) {
		t.Errorf("got %+v, %v", all, err)
	}
	if some, err := s.Mods(t.Context(), "other"); err != nil || !reflect.DeepEqual(some, []Mod{other}) {
		t.Errorf("got %+v, %v", some, err)
	}
	if err := s.RemoveMod(t.Context(), "other", "0.1.0"); err != nil {
		t.Error(err)
	}
	for _, err := range []error{s.RemoveMod(t.Context(), "other", "0.1.0"), s.SetModDeleted(t.Context(), "other", "0.1.0", at)} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("of a mod that is not there: %v", err)
		}
	}
}
