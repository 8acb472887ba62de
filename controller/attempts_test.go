package controller

import (
	"fmt"
	"testing"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/api/remote"
	"mainbus/transport/pairing"
)

// A wrong or used login code is seen in the audit.
func TestFailedLoginsAreAudited(t *testing.T) {
	c := newCluster(t)
	ctx := t.Context()
	c.user("ann")
	code, err := c.InviteUser(ctx, me, api.InviteUser{User: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.RevokeUserInvitation(ctx, me, api.InvitationRef{Invitation: code.ID}); err != nil {
		t.Fatal(err)
	}
	forged, err := pairing.NewLogin(c.controller.id.ID(), []string{fmt.Sprintf("127.0.0.1:%d", c.controller.Port())}, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := remote.LogIn(ctx, t.TempDir(), forged.Code(), ""); err == nil {
		t.Fatal("a forged code lets in")
	}
	eventually(t, "the attempt is in the audit", true, func() bool {
		list, err := c.Audit(ctx, me, api.ReadAudit{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if e.What == "Login" && e.From == "127.0.0.1" && e.Who == "somebody" && e.Result != "done" {
				return true
			}
		}
		return false
	})
}

// Nobody can push everything else out of the audit by trying again and again.
func TestAttemptsAreBounded(t *testing.T) {
	a := &attempts{seen: map[string]bool{}}
	at, recorded := time.Unix(1_000_000, 0), 0
	for n := range 1000 {
		recorded += len(a.noted(api.AuditEntry{At: at, What: "Login", From: fmt.Sprint(n % 100)}))
	}
	if recorded != maxAttempts {
		t.Errorf("%d recorded", recorded)
	}
	later := a.noted(api.AuditEntry{At: at.Add(attemptsEach + 1), What: "Login"})
	if len(later) != 2 || later[0].Result != "970 more attempts since 1970-01-12 13:46:40" {
		t.Errorf("%+v", later)
	}
}
