package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modsettings"
)

func testPack(id, name string) Pack {
	settings := modsettings.New(factorio.Version{Major: 2})
	settings.Set(modsettings.Startup, "whole", int64(5))
	settings.Set(modsettings.Startup, "half", 5.0)
	settings.Set(modsettings.RuntimeGlobal, "large", uint64(math.MaxUint64))
	settings.Set(modsettings.RuntimeGlobal, "none", math.Inf(1))
	settings.Set(modsettings.RuntimePerUser, "words", "ä\nb")
	return Pack{
		ID: id, Name: name, Description: "two\nlines", Game: "2.0", Settings: settings.Scopes,
		Mods: []PackMod{
			{Name: "base", Enabled: true},
			{Name: "blanks in it", Version: "01.2.3", SHA1: "0123456789abcdef0123456789abcdef01234567", Pinned: true, Other: json.RawMessage(`{"size":7}`)},
		},
		Ignored:      []IgnoredNeed{{Mod: "blanks in it", Needs: "other"}},
		Other:        json.RawMessage(`{"later":[1,2]}`),
		PackRevision: PackRevision{Revision: 1, ChangedAt: time.UnixMilli(1_795_000_000_123), ChangedBy: "me", Change: "created"},
	}
}

func TestPacksAreKeptAsTheyAre(t *testing.T) {
	ctx, path := t.Context(), dbPath(t)
	s := openStore(t, path, nil)
	want := testPack("p1", "Rails")
	if err := s.AddPack(ctx, want); err != nil {
		t.Fatal(err)
	}
	if err := s.AddPack(ctx, testPack("p2", "another")); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = openStore(t, path, nil)
	if got, err := s.Pack(ctx, "p1"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, want)
	}
	if all, err := s.Packs(ctx); err != nil || len(all) != 2 || all[0].ID != "p2" {
		t.Errorf("all by name: %+v, %v", all, err)
	}
	for name, err := range map[string]error{
		"a pack that is not there": second(s.Pack(ctx, "p3")), "a revision that is not there": second(s.PackRevision(ctx, "p1", 2)),
		"a pack to delete that is not there": s.DeletePack(ctx, "p3"), "a pack to change that is not there": second(s.ChangePack(ctx, testPack("p3", "x"))),
	} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestPackNamesAreTakenWhateverTheirCase(t *testing.T) {
	ctx := t.Context()
	s := openStore(t, dbPath(t), nil)
	if err := s.AddPack(ctx, testPack("p1", "Äpfel")); err != nil {
		t.Fatal(err)
	}
	if err := s.AddPack(ctx, testPack("p2", "äPFEL")); !errors.Is(err, ErrExists) {
		t.Errorf("added: %v", err)
	}
	if err := s.AddPack(ctx, testPack("p2", "other")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ChangePack(ctx, testPack("p2", "äpfel")); !errors.Is(err, ErrExists) {
		t.Errorf("renamed: %v", err)
	}
	if _, err := s.ChangePack(ctx, testPack("p1", "ÄPFEL")); err != nil {
		t.Errorf("renamed in case only: %v", err)
	}
}

func TestOldRevisionsOfAPackAreKeptForAWhile(t *testing.T) {
	ctx := t.Context()
	s := openStore(t, dbPath(t), nil)
	if err := s.AddPack(ctx, testPack("p1", "Rails")); err != nil {
		t.Fatal(err)
	}
	const changes = 30
	for n := range changes {
		p := testPack("p1", "Rails")
		p.Revision, p.Description, p.Change = int64(n+1), fmt.Sprint(n+2), fmt.Sprint("change ", n+2)
		if got, err := s.ChangePack(ctx, p); err != nil || got != int64(n+2) {
			t.Fatalf("%d: %v", got, err)
		}
		if _, err := s.ChangePack(ctx, p); !errors.Is(err, ErrChanged) {
			t.Fatalf("the same again: %v", err)
		}
	}
	kept, err := s.PackRevisions(ctx, "p1")
	if err != nil || len(kept) != maxPackRevisions || kept[0].Revision != changes+1 || kept[0].Change != "change 31" || kept[19].Revision != changes+2-maxPackRevisions {
		t.Errorf("kept %+v, %v", kept, err)
	}
	if old, err := s.PackRevision(ctx, "p1", kept[19].Revision); err != nil || old.Description != fmt.Sprint(kept[19].Revision) {
		t.Errorf("an old one: %+v, %v", old, err)
	}
}

func TestAPackInUseStays(t *testing.T) {
	ctx := t.Context()
	s := openStore(t, dbPath(t), nil)
	if err := errors.Join(s.AddPack(ctx, testPack("p1", "Rails")), s.PutHost(ctx, Host{ID: "h", Name: "h"}),
		s.AddInstance(ctx, Instance{ID: "i1", Name: "nauvis", Host: "h", Pack: "p1"}), s.AddInstance(ctx, Instance{ID: "i2", Name: "aquilo", Host: "h"}),
		s.SetPack(ctx, "i2", "p1")); err != nil {
		t.Fatal(err)
	}
	var inUse *PackInUseError
	if err := s.DeletePack(ctx, "p1"); !errors.As(err, &inUse) || !reflect.DeepEqual(inUse.Instances, []string{"aquilo", "nauvis"}) {
		t.Errorf("deleted although it is used: %v", err)
	}
	if err := s.SetPack(ctx, "i1", "p9"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a pack that is not there: %v", err)
	}
	all, err := s.Instances(ctx)
	if err != nil || all[0].Pack != "p1" || all[1].Pack != "p1" {
		t.Errorf("%+v, %v", all, err)
	}
	if err := errors.Join(s.SetPack(ctx, "i1", ""), s.DeleteInstance(ctx, "i2"), s.DeletePack(ctx, "p1")); err != nil {
		t.Errorf("deleted when nobody uses it: %v", err)
	}
	if rest, err := s.PackRevisions(ctx, "p1"); err != nil || len(rest) > 0 {
		t.Errorf("revisions of a deleted pack: %+v, %v", rest, err)
	}
}
