// Package account is the login at the game's web services: the user name of a factorio.com account and its token. The token is
// worth a password for everything but the web site, so an Account hides it from all printing.
package account

import (
	"fmt"
	"log/slog"
	"net/url"
)

// Account is a factorio.com account. The zero Account stands for none.
type Account struct {
	Username string
	// Token is secret: 30 hexadecimal digits so far. JSON leaves it out; who stores it does so on purpose.
	Token string `json:"-"`
}

// IsZero reports whether there is no account.
func (a Account) IsZero() bool { return a == Account{} }

// Query is the form in which the services want it. It must not reach a log or an error.
func (a Account) Query() url.Values {
	return url.Values{"username": {a.Username}, "token": {a.Token}}
}

// String is the name without the token.
func (a Account) String() string {
	if a.IsZero() {
		return "no account"
	}
	return a.Username + " (token hidden)"
}

// Format prints the same for every verb, %#v and %+v included.
func (a Account) Format(f fmt.State, _ rune) { fmt.Fprint(f, a.String()) }

// LogValue is what slog prints.
func (a Account) LogValue() slog.Value { return slog.StringValue(a.String()) }
