package credentials

import (
	"errors"
	"os"
	"runtime"

	"github.com/zalando/go-keyring"
)

// service is what the secret is called where people look at their keyring.
const service = "Mainbus (factorio.com)"

// System returns the keyring of the operating system, nil if there is none for this user: on Linux it needs a session.
func System() Ring {
	if runtime.GOOS == "linux" && os.Getenv("DBUS_SESSION_BUS_ADDRESS") == "" {
		return nil
	}
	return system{}
}

type system struct{}

func (system) Get(name string) (string, error) {
	secret, err := keyring.Get(service, name)
	return secret, known(err)
}

func (system) Set(name, secret string) error { return keyring.Set(service, name, secret) }

func (system) Delete(name string) error { return known(keyring.Delete(service, name)) }

func known(err error) error {
	if errors.Is(err, keyring.ErrNotFound) {
		return ErrNoSecret
	}
	return err
}
