package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

func (c *ctl) busCommand() *cobra.Command {
	return group("bus", "The shared store of items, fluids and energy", c.busListCommand(), c.busShowCommand(), c.busHistoryCommand(), c.busPolicyCommand(),
		c.busForgiveCommand(), c.busReleaseCommand(), c.busQuestionsCommand(), c.busAnswerCommand(), c.busNoticesCommand(),
		c.busVerifyCommand(), c.busAcceptCommand())
}

func (c *ctl) busListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List what the bus holds and what went through it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			items, err := c.client.Bus(cmd.Context(), me)
			if err != nil {
				return err
			}
			return printList(c, items, "Nothing has been sent to the bus yet. Make a chest in a world a sending terminal (README).",
				"ITEM\tNAME\tQUALITY\tLEVEL\tSENT\tRECEIVED\tIN FLIGHT\tOWED\tHELD\tLIMIT\tNOTE", func(i api.BusItem) string {
					return columns(i.Name, i.Title, i.Quality, i.Level, i.Sent, i.Received, i.InFlight, i.Owed, i.Held, limitText(i.Limit), itemNote(i))
				})
		},
	}
}

func (c *ctl) busShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show ITEM [QUALITY]", Short: "Show what each world has sent, received and owes of an item", Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			accounts, err := c.client.BusAccounts(cmd.Context(), me, api.ReadAccounts(goodsArgs(args)))
			if err != nil {
				return err
			}
			return printList(c, accounts, "No world has sent or wanted any.",
				"INSTANCE\tSENT\tRECEIVED\tIN FLIGHT\tOWED\tHELD\tWORLD", func(a api.BusAccount) string {
					return columns(a.InstanceName, a.Sent, a.Received, a.InFlight, a.Owed, a.Held, a.World)
				})
		},
	}
}

func (c *ctl) busHistoryCommand() *cobra.Command {
	var r api.ReadHistory
	cmd := &cobra.Command{
		Use: "history", Short: "Tell what happened to the bus, the newest first", Args: cobra.NoArgs,
		Example: "  mainbusctl bus history --causes --instance nauvis",
		RunE: func(cmd *cobra.Command, _ []string) error {
			postings, err := c.client.BusHistory(cmd.Context(), me, r)
			if err != nil {
				return err
			}
			return print(c, append([]api.BusPosting{}, postings...), func(all []api.BusPosting) {
				if len(all) == 0 {
					fmt.Fprintln(c.out, "Nothing has happened yet. What worlds send and are given is written down every few seconds.")
				}
				for _, p := range all {
					fmt.Fprintf(c.out, "%s  %s\n", p.At.Local().Format("2006-01-02 15:04:05"), printable(p.Text))
				}
			})
		},
	}
	cmd.Flags().StringVar(&r.Name, "item", "", "only this item")
	cmd.Flags().StringVar(&r.Quality, "quality", "", "of this quality")
	cmd.Flags().StringVar(&r.Instance, "instance", "", "only this instance, name or id")
	cmd.Flags().BoolVar(&r.Causes, "causes", false, "leave out what is sent and given every day")
	cmd.Flags().IntVar(&r.Limit, "limit", 100, "lines, at most 1000")
	return cmd
}
