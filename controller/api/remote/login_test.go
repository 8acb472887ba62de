package remote

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mainbus/controller/api"
	"mainbus/transport/identity"
	"mainbus/transport/pairing"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newID(t *testing.T) identity.ID {
	t.Helper()
	own, err := identity.Load(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return own.ID()
}

// remembered puts a login into a folder as LogIn does.
func remembered(t *testing.T, dir, name string, controller identity.ID) Login {
	t.Helper()
	at, err := os.MkdirTemp(dir, ".new-*")
	if err != nil {
		t.Fatal(err)
	}
	l := Login{Name: name, Controller: controller, Addresses: []string{"192.0.2.1:1"}, At: time.Now(), dir: at}
	if _, err := identity.Load(at); err != nil {
		t.Fatal(err)
	}
	if err := l.keep(dir); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLoginsAreRemembered(t *testing.T) {
	dir := t.TempDir()
	if all, err := Logins(filepath.Join(dir, "none")); err != nil || len(all) != 0 {
		t.Errorf("without a folder: %v, %v", all, err)
	}
	if _, ok, err := Find(dir, ""); ok || err != nil {
		t.Errorf("nothing is current: %v, %v", ok, err)
	}
	first, second := newID(t), newID(t)
	remembered(t, dir, "factory", first)
	other := remembered(t, dir, "factory", second)
	if other.Name != "factory-2" {
		t.Errorf("another cluster of the same name is called %s", other.Name)
	}
	before, err := os.ReadFile(filepath.Join(dir, "factory", "identity.pem"))
	if err != nil {
		t.Fatal(err)
	}
	remembered(t, dir, "factory", first) // once more at the same one: the new key replaces the old one
	after, err := os.ReadFile(filepath.Join(dir, "factory", "identity.pem"))
	if err != nil || string(after) == string(before) {
		t.Errorf("the old key is still there, %v", err)
	}
	l, ok, err := Find(dir, "")
	if err != nil || !ok || l.Name != "factory" || l.Controller != first || !l.Current {
		t.Errorf("current is %+v, %v, %v", l, ok, err)
	}
	if l, _, err = Find(dir, "Factory-2"); err != nil || l.Controller != second {
		t.Errorf("by name: %+v, %v", l, err)
	}
	if runtime.GOOS != "windows" {
		for _, path := range []string{"identity.pem", fileName} {
			if info, err := os.Stat(filepath.Join(l.dir, path)); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", path, info.Mode(), err)
			}
		}
	}
	if err := errors.Join(Use(dir, "factory-2"), Forget(dir, mustFind(t, dir, "factory-2"))); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "factory-2")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the key is still there: %v", err)
	}
	if _, ok, err := Find(dir, ""); ok || err != nil {
		t.Errorf("after the current one was forgotten: %v, %v", ok, err)
	}
	if err := Use(dir, ""); err != nil {
		t.Errorf("chosen nothing twice: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "factory", fileName), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Logins(dir); err == nil || !strings.Contains(err.Error(), fileName) {
		t.Errorf("a damaged login: %v", err)
	}
}

func mustFind(t *testing.T, dir, name string) Login {
	t.Helper()
	l, _, err := Find(dir, name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestNamesOfClusters(t *testing.T) {
	for text, want := range map[string]string{
		"factory": "factory", "Big Factory!": "big-factory", "../../etc": "etc", "": "", "..": "", "current": "", "Fabrik Süd": "fabrik-s-d",
		strings.Repeat("x", 100): strings.Repeat("x", maxName),
	} {
		if got := cleanName(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestLogInThatCannotSucceedLeavesNothing(t *testing.T) {
	controller := newID(t)
	code := func(expires time.Time, addresses ...string) string {
		i, err := pairing.NewLogin(controller, addresses, expires)
		if err != nil {
			t.Fatal(err)
		}
		return i.Code()
	}
	later := time.Now().Add(time.Hour)
	for _, test := range []struct {
		name, code, as string
		want           api.Code
	}{
		{"no code", "hello", "", api.Invalid},
		{"expired", code(time.Now().Add(-time.Minute), "127.0.0.1:1"), "", api.Refused},
		{"a bad name", code(later, "127.0.0.1:1"), "../x", api.Invalid},
		{"no such place", code(later, "nowhere.invalid:1"), "", api.Unavailable},
	} {
		dir := t.TempDir()
		if _, err := LogIn(t.Context(), dir, test.code, test.as); err == nil || api.AsError(err).Code != test.want {
			t.Errorf("%s: %v", test.name, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("%s leaves %v, %v", test.name, left, err)
		}
	}
}
