package credentials

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"mainbus/hostagent/factorio/account"
)

// memory is a keyring that may be out of order.
type memory struct {
	secrets map[string]string
	err     error
}

func (m *memory) Get(name string) (string, error) {
	if secret, ok := m.secrets[name]; ok || m.err != nil {
		return secret, m.err
	}
	return "", ErrNoSecret
}

func (m *memory) Set(name, secret string) error {
	if m.err == nil {
		m.secrets[name] = secret
	}
	return m.err
}

func (m *memory) Delete(name string) error {
	if _, ok := m.secrets[name]; !ok && m.err == nil {
		return ErrNoSecret
	}
	delete(m.secrets, name)
	return m.err
}

var alice = account.Account{Username: "alice", Token: "0123456789abcdef0123456789abcd"}

func TestTheTokenIsInTheKeyringOrInAPrivateFile(t *testing.T) {
	locked := errors.New("locked")
	for name, test := range map[string]struct {
		ring  Ring
		place string
	}{
		"no keyring":       {nil, InFile},
		"a keyring":        {&memory{secrets: map[string]string{}}, InKeyring},
		"a locked keyring": {&memory{secrets: map[string]string{}, err: locked}, InFile},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			k := New(dir, "cluster", test.ring)
			if a, place, err := k.Load(); !a.IsZero() || place != "" || err != nil {
				t.Errorf("at first: %v, %q, %v", a, place, err)
			}
			if place, err := k.Save(alice); place != test.place || err != nil {
				t.Errorf("saved in %q, %v", place, err)
			}
			if a, place, err := New(dir, "cluster", test.ring).Load(); a != alice || place != test.place || err != nil {
				t.Errorf("loaded %v from %q, %v", a, place, err)
			}
			if name, place, err := k.User(); name != "alice" || place != test.place || err != nil {
				t.Errorf("the user is %q, in %q, %v", name, place, err)
			}
			path := filepath.Join(dir, fileName)
			text, err := os.ReadFile(path)
			if err != nil || strings.Contains(string(text), alice.Token) != (test.place == InFile) {
				t.Errorf("the file: %v", err)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info.Mode(), err)
			}
			if err := k.Forget(); err != nil {
				t.Error(err)
			}
			if m, ok := test.ring.(*memory); ok && len(m.secrets) > 0 {
				t.Error("the secret is still in the keyring")
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
				t.Errorf("left %v, %v", entries, err)
			}
			if err := k.Forget(); err != nil {
				t.Errorf("forgotten twice: %v", err)
			}
		})
	}
}

func TestAKeyringThatIsGone(t *testing.T) {
	dir := t.TempDir()
	ring := &memory{secrets: map[string]string{}}
	if _, err := New(dir, "cluster", ring).Save(alice); err != nil {
		t.Fatal(err)
	}
	for name, ring := range map[string]Ring{"none": nil, "locked": &memory{err: errors.New("locked")}, "emptied": &memory{}} {
		a, _, err := New(dir, "cluster", ring).Load()
		if err == nil || a.Username != "alice" || a.Token != "" {
			t.Errorf("%s: %v, %v", name, a, err)
		}
	}
	if place, err := New(dir, "cluster", nil).Save(alice); place != InFile || err != nil {
		t.Errorf("logged in again: %q, %v", place, err)
	}
}

func TestATokenOfBeforeIsForgottenToo(t *testing.T) {
	dir := t.TempDir()
	ring := &memory{secrets: map[string]string{}}
	if _, err := New(dir, "cluster", ring).Save(alice); err != nil {
		t.Fatal(err)
	}
	ring.err = errors.New("locked")
	if place, err := New(dir, "cluster", ring).Save(account.Account{Username: "bob", Token: "t"}); place != InFile || err != nil {
		t.Fatalf("saved in %q, %v", place, err)
	}
	ring.err = nil
	if err := New(dir, "cluster", ring).Forget(); err != nil || len(ring.secrets) > 0 {
		t.Errorf("the keyring holds %d secrets, %v", len(ring.secrets), err)
	}
}

func TestADamagedFileTellsNothingOfItself(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, fileName), []byte(`{"username":"alice","token":"0123456789`), 0o600); err != nil {
		t.Fatal(err)
	}
	k := New(dir, "cluster", nil)
	if _, _, err := k.Load(); err == nil || strings.Contains(err.Error(), "01234") {
		t.Errorf("error %v", err)
	}
	if err := k.Forget(); err != nil {
		t.Error(err)
	}
}

type silent struct {
	Ring
	until chan struct{}
}

func (s silent) Set(string, string) error   { <-s.until; return nil }
func (s silent) Get(string) (string, error) { <-s.until; return "", nil }

func TestWhoseAccountItIsDoesNotWaitForTheKeyring(t *testing.T) {
	dir := t.TempDir()
	if _, err := New(dir, "cluster", &memory{secrets: map[string]string{}}).Save(alice); err != nil {
		t.Fatal(err)
	}
	ring := silent{until: make(chan struct{})}
	k := New(dir, "cluster", ring)
	loaded := make(chan error, 1)
	go func() {
		_, _, err := k.Load()
		loaded <- err
	}()
	ring.until <- struct{}{} // it has been asked, and answers now; somebody else may ask meanwhile
	if err := <-loaded; err != nil {
		t.Error(err)
	}
	go k.Load()
	for range 3 {
		if name, _, err := k.User(); name != "alice" || err != nil {
			t.Errorf("it is %q's, %v", name, err)
		}
	}
	ring.until <- struct{}{}
}

func TestAKeyringThatWaitsForItsPasswordIsNotWaitedForForever(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		ring := silent{until: make(chan struct{})}
		defer close(ring.until)
		if place, err := New(dir, "cluster", ring).Save(alice); place != InFile || err != nil {
			t.Errorf("saved in %q, %v", place, err)
		}
	})
}
