package hostagent

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"mainbus/transport/wire"
)

// hashed returns a set's bytes and their hash.
func hashed(t testing.TB, set *wire.ModSet) (hash string, content []byte) {
	t.Helper()
	content, err := proto.MarshalOptions{Deterministic: true}.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:]), content
}

func TestModSetsAreChecked(t *testing.T) {
	good := strings.Repeat("ab", 32)
	mod := func(m *wire.SetMod) *wire.ModSet { return &wire.ModSet{Pack: "Belts", Mods: []*wire.SetMod{m}} }
	for name, test := range map[string]struct {
		set  *wire.ModSet
		want string // part of the refusal; empty: it is taken
	}{
		"a mod":                     {mod(&wire.SetMod{Name: "belts", Version: "1.0.0", Enabled: true, Sha256: good}), ""},
		"a name with blanks":        {mod(&wire.SetMod{Name: "Old Belts", Version: "1.0.0"}), ""},
		"the game's own":            {mod(&wire.SetMod{Name: "base", Enabled: true, Builtin: true}), ""},
		"no file of it":             {mod(&wire.SetMod{Name: "belts", Version: "1.0.0", Enabled: true}), ""},
		"a name that leads outside": {mod(&wire.SetMod{Name: "../belts", Version: "1.0.0"}), "malformed or repeated name"},
		"a hidden name":             {mod(&wire.SetMod{Name: ".belts", Version: "1.0.0"}), "malformed or repeated name"},
		"no name":                   {mod(&wire.SetMod{Version: "1.0.0"}), "malformed or repeated name"},
		"a version that is a path":  {mod(&wire.SetMod{Name: "belts", Version: "1/../../x"}), "malformed version"},
		"no version and no file":    {mod(&wire.SetMod{Name: "belts", Enabled: true}), ""},
		"a file of no version":      {mod(&wire.SetMod{Name: "belts", Sha256: good}), "malformed version"},
		"a hash that is none":       {mod(&wire.SetMod{Name: "belts", Version: "1.0.0", Sha256: "../x"}), "malformed hash"},
		"twice":                     {&wire.ModSet{Mods: []*wire.SetMod{{Name: "belts", Version: "1.0.0"}, {Name: "belts", Version: "1.1.0"}}}, "malformed or repeated name"},
	} {
		hash, content := hashed(t, test.set)
		_, err := parseModSet(hash, content)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	hash, content := hashed(t, mod(&wire.SetMod{Name: "belts", Version: "1.0.0"}))
	if _, err := parseModSet(hash, append(content, 0)); err == nil {
		t.Error("bytes of another hash were taken")
	}
}

func TestModSetsOutliveTheAgent(t *testing.T) {
	dir := t.TempDir()
	m, err := openModStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	hash, content := hashed(t, &wire.ModSet{Pack: "Belts", Revision: 7})
	if _, err := m.set(hash); err == nil {
		t.Error("a set that was not told of is there")
	}
	if err := m.add(hash, content); err != nil {
		t.Fatal(err)
	}
	again, err := openModStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	if set, err := again.set(hash); err != nil || set.GetRevision() != 7 {
		t.Errorf("after another start: %v (%v)", set, err)
	}
	// One that is damaged is asked for again.
	if err := os.WriteFile(again.setPath(hash), []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	third, err := openModStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := third.set(hash); err == nil {
			t.Error("a damaged set was taken")
		}
	}
	if err := third.add(hash, content); err != nil {
		t.Fatal(err)
	}
	if err := third.sweep(map[string]bool{hash: true}, map[string]bool{}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := third.set(hash); err != nil {
		t.Errorf("a set that is wanted was swept: %v", err)
	}
	if err := third.sweep(map[string]bool{}, map[string]bool{}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := third.set(hash); err == nil {
		t.Error("a set that nobody wants was kept")
	}
}

func FuzzModSet(f *testing.F) {
	_, content := hashed(f, &wire.ModSet{Pack: "Belts", Mods: []*wire.SetMod{{Name: "belts", Version: "1.0.0", Sha256: strings.Repeat("ab", 32)}}})
	f.Add(content)
	f.Fuzz(func(t *testing.T, content []byte) {
		sum := sha256.Sum256(content)
		set, err := parseModSet(hex.EncodeToString(sum[:]), content)
		if err != nil {
			return
		}
		for _, m := range set.GetMods() {
			if strings.ContainsAny(m.GetName()+m.GetVersion(), `/\`+"\x00") || !m.GetBuiltin() && m.GetVersion() == "" && m.GetSha256() != "" {
				t.Errorf("a mod that could lie elsewhere: %v", m)
			}
		}
	})
}
