package controller

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
)

// Somebody changes the database by hand: that item is granted to nobody, and said to be wrong, until it is put right.
func TestBooksThatSomebodyChanged(t *testing.T) {
	c := newCluster(t, "attic")
	attic := c.agents[0]
	c.pair(attic)
	nauvis, vulcanus := c.create("nauvis", attic), c.create("vulcanus", attic)
	run, _ := attic.join(nauvis, "", "proposal", "")
	run.tell("coal/normal=50/0/0+iron-plate/normal=50/0/0")
	eventually(t, "the bus", 50, func() int64 { return c.bus("iron-plate").Level })
	change := func(statement string) {
		t.Helper()
		c.stop()
		db, err := sql.Open("sqlite", filepath.Join(c.dir, databaseName))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
		c.start()
	}
	const iron = " WHERE item = (SELECT id FROM item WHERE name = 'iron-plate')"
	change("UPDATE bus SET qty = qty + 1" + iron)
	if i := c.bus("iron-plate"); !i.Frozen || i.Surplus != 1 {
		t.Errorf("the changed item: %+v", i)
	}
	check, err := c.VerifyBus(t.Context(), me)
	if err != nil || len(check.Wrong) != 1 || check.Wrong[0].Name != "iron-plate" || check.Wrong[0].Surplus != 1 || check.Items != 2 ||
		!strings.HasPrefix(check.Wrong[0].Text, "the books have 1 iron-plate more") {
		t.Errorf("%+v, %v", check, err)
	}
	_, to := attic.join(vulcanus, "", "other", "coal/normal=0/0/4+iron-plate/normal=0/0/4")
	eventually(t, "granted coal", 4, func() int64 { return c.bus("coal").Granted })
	if i := c.bus("iron-plate"); i.Granted != 0 {
		t.Errorf("granted in spite of it: %+v", i)
	}
	change("UPDATE bus SET qty = qty - 1" + iron)
	if check, err := c.VerifyBus(t.Context(), me); err != nil || len(check.Wrong) > 0 {
		t.Errorf("put right: %+v, %v", check, err)
	}
	attic.join(vulcanus, to.Ledger, to.World, "coal/normal=0/4/4+iron-plate/normal=0/0/4")
	eventually(t, "granted iron", 4, func() int64 { return c.bus("iron-plate").Granted })
	if i := c.bus("iron-plate"); i.Frozen || i.Level != 46 {
		t.Errorf("put right: %+v", i)
	}
}
