package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

func (c *ctl) busVerifyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "verify", Short: "Add up the books of everything that was ever sent", Args: cobra.NoArgs,
		Long: "Add up the books: what the bus has, what worlds owe and what players carry must be what the worlds have given,\n" +
			"to the unit, for every kind of goods. The controller does the same at its start and every hour. Of goods whose books\n" +
			"do not add up nothing is granted until they do; everything else goes on. Exit code 1 if anything is wrong.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			check, err := c.client.VerifyBus(cmd.Context(), me)
			if err != nil {
				return err
			}
			if err := print(c, check, c.printCheck); err != nil || len(check.Wrong) == 0 {
				return err
			}
			return api.Errorf(api.Internal, "Nothing of them is granted until their books add up. Somebody has changed the database by hand, or its disk is failing.\n"+
				"Put back a backup from before (mainbusctl controller restore FILE): the worlds tell what they have traded since.",
				"the books of %d of %d kinds of goods do not add up", len(check.Wrong), check.Items)
		},
	}
}

func (c *ctl) printCheck(check api.BusCheck) {
	if len(check.Wrong) == 0 {
		fmt.Fprintf(c.out, "The books add up: %d kinds of goods, %d worlds.\n", check.Items, check.Worlds)
		return
	}
	// It can't fail: it prints no JSON.
	_ = printList(c, check.Wrong, "", "ITEM\tQUALITY\tTOO MUCH\tLEVEL\tOWED\tWITH PLAYERS\tGIVEN\tDECIDED", func(m api.BusMismatch) string {
		return columns(m.Name, m.Quality, m.Surplus, m.Level, m.Owed, m.Players, m.Given, m.Posted)
	})
}

// limitText leaves out what is none.
func limitText(limit int64) string {
	if limit == 0 {
		return ""
	}
	return strconv.FormatInt(limit, 10)
}

// itemNote says what is special about an item on the bus.
func itemNote(i api.BusItem) string {
	if i.Frozen {
		return fmt.Sprintf("does not add up by %d: nothing is granted", i.Surplus)
	}
	return ""
}
