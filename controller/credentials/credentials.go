// Package credentials keeps the factorio.com account by which the controller downloads mods: its token in the keyring of the operating
// system where there is one, else in a file that only this user can read.
package credentials

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"mainbus/hostagent/factorio/account"
)

const (
	fileName = "account.json"
	maxFile  = 16 << 10
	// ringPatience is for a person who is asked for the keyring's password.
	ringPatience = 30 * time.Second
)

// Places of a token.
const (
	InKeyring = "keyring"
	InFile    = "file"
)

// A Ring is a keyring of one secret for each name.
type Ring interface {
	Get(name string) (string, error) // ErrNoSecret: there is none
	Set(name, secret string) error
	Delete(name string) error
}

// ErrNoSecret says that a keyring has no secret of that name.
var ErrNoSecret = errors.New("the keyring has no such secret")

// Keeper keeps one account. Its methods may be called from any goroutine.
type Keeper struct {
	path string
	name string // of the secret
	ring Ring   // nil: there is none

	mu sync.Mutex // held for a change, and while the keyring is asked
}

// New returns the keeper of a data folder. name tells its secret from others' in the ring, which may be nil.
func New(dir, name string, ring Ring) *Keeper {
	return &Keeper{path: filepath.Join(dir, fileName), name: name, ring: ring}
}

// stored is the file's content.
type stored struct {
	Username string `json:"username"`
	Token    string `json:"token,omitempty"` // empty: it is in the keyring
}

// Load returns the account, and where its token is; the zero Account if there is none. After an error it tells the user's name if that is
// known.
func (k *Keeper) Load() (a account.Account, place string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, err := k.read()
	if err != nil || s.Username == "" {
		return account.Account{}, "", err
	}
	a = account.Account{Username: s.Username, Token: s.Token}
	if s.Token != "" {
		return a, InFile, nil
	}
	if k.ring == nil {
		return a, InKeyring, errors.New("the account's token is in the system's keyring, which can't be reached from here; log in again")
	}
	a.Token, err = within(func() (string, error) { return k.ring.Get(k.name) })
	if err != nil {
		return a, InKeyring, fmt.Errorf("read the account's token from the system's keyring: %w", err)
	}
	return a, InKeyring, nil
}

// User returns whose account is kept, and where its token is; empty if there is none. It does not wait for a keyring that somebody else
// has asked.
func (k *Keeper) User() (name, place string, err error) {
	s, err := k.read()
	switch {
	case err != nil || s.Username == "":
		return "", "", err
	case s.Token != "":
		return s.Username, InFile, nil
	}
	return s.Username, InKeyring, nil
}

func (k *Keeper) read() (s stored, err error) {
	text, err := os.ReadFile(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("read the account: %w", err)
	}
	if len(text) > maxFile || json.Unmarshal(text, &s) != nil {
		return stored{}, fmt.Errorf("%s can't be read; log in again, which replaces it", k.path) // what it holds is not told
	}
	return s, nil
}

// Save keeps an account in place of the one before, and tells where its token is now.
func (k *Keeper) Save(a account.Account) (place string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, place := stored{Username: a.Username, Token: a.Token}, InFile
	if k.ring != nil {
		_, err := within(func() (string, error) { return "", k.ring.Set(k.name, a.Token) })
		if err == nil {
			s.Token, place = "", InKeyring
		}
	}
	if err := k.write(s); err != nil {
		return "", fmt.Errorf("keep the account: %w", err)
	}
	return place, nil
}

func (k *Keeper) write(s stored) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	part, err := os.CreateTemp(filepath.Dir(k.path), ".account-") // of mode 0600
	if err != nil {
		return err
	}
	_, err = part.Write(text)
	err = errors.Join(err, part.Sync(), part.Close())
	if err == nil {
		err = os.Rename(part.Name(), k.path)
	}
	if err != nil {
		os.Remove(part.Name())
	}
	return err
}

// Forget removes the account from file and keyring. In the keyring there may be the token of an account before, which was not reached when
// the one in the file was saved; that it is not reached now either is no error.
func (k *Keeper) Forget() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, err := k.read()
	if k.ring != nil {
		inRing := err != nil || s.Username != "" && s.Token == ""
		_, failed := within(func() (string, error) { return "", k.ring.Delete(k.name) })
		if failed != nil && inRing && !errors.Is(failed, ErrNoSecret) {
			return fmt.Errorf("remove the account's token from the system's keyring: %w", failed)
		}
	}
	if err := os.Remove(k.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget the account: %w", err)
	}
	return nil
}

// within gives a keyring some time: it may ask a person for its password. The goroutine ends when the keyring answers.
func within(ask func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		text, err := ask()
		answered <- answer{text, err}
	}()
	select {
	case a := <-answered:
		return a.text, a.err
	case <-time.After(ringPatience):
		return "", errors.New("the keyring does not answer; it may wait for its password")
	}
}
