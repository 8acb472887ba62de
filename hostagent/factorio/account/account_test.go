package account

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestTokenIsNeverPrinted(t *testing.T) {
	const token = "0123456789abcdef0123456789abcd"
	a := Account{Username: "alice", Token: token}
	var logged strings.Builder
	logger := slog.New(slog.NewJSONHandler(&logged, nil))
	logger.Info("told", "account", a, "pointer", &a, "in", struct{ Account Account }{a})
	type holder struct {
		Account Account
		Pointer *Account
	}
	all := logged.String() + fmt.Sprint(a, &a) + fmt.Sprintf("%v %+v %#v %s %q %d %x", a, a, a, a, a, a, a) +
		fmt.Sprintf("%v %+v %#v", holder{a, &a}, holder{Account: a}, []Account{a})
	if strings.Contains(all, token) || strings.Contains(all, fmt.Sprintf("%x", token)) {
		t.Errorf("the token was printed: %s", all)
	}
	if !strings.Contains(all, "alice") {
		t.Errorf("the name was not printed: %s", all)
	}
}
