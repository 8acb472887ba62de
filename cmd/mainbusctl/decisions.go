package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

func goodsArgs(args []string) api.GoodsRef {
	r := api.GoodsRef{Name: args[0]}
	if len(args) > 1 {
		r.Quality = args[1]
	}
	return r
}

// goodsCommand is one that books a decision on goods of one world.
func (c *ctl) goodsCommand(use, short, long, done string, call func(context.Context, api.GoodsOf) (api.Booked, error)) *cobra.Command {
	var amount int64
	cmd := &cobra.Command{
		Use: use + " INSTANCE ITEM [QUALITY]", Short: short, Long: long, Args: cobra.RangeArgs(2, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			r := api.GoodsOf{Instance: args[0], GoodsRef: goodsArgs(args[1:]), Amount: amount}
			booked, err := call(cmd.Context(), r)
			if err != nil {
				return err
			}
			return print(c, booked, func(b api.Booked) {
				fmt.Fprintf(c.out, "%s: %d %s %s.\n", printable(r.Instance), b.Amount, printable(r.Words()), done)
			})
		},
	}
	cmd.Flags().Int64Var(&amount, "amount", 0, "at most so many; 0 is all")
	return cmd
}

func (c *ctl) busForgiveCommand() *cobra.Command {
	return c.goodsCommand("forgive", "Let a world off what it owes",
		"Let a world off what it owes. It owes what it had sent, went back behind by an older save, and others have used meanwhile;\n"+
			"until its exports have repaid that it is given none of it. What is forgiven exists twice from then on.\n"+
			"INSTANCE is a name or id, or the id of a world that runs nowhere.",
		"forgiven", func(ctx context.Context, r api.GoodsOf) (api.Booked, error) { return c.client.ForgiveDebt(ctx, me, r) })
}

func (c *ctl) busReleaseCommand() *cobra.Command {
	return c.goodsCommand("release", "Book what was held of a world's exports",
		"Book what was held. A world that says it has sent more than its terminals can take is believed only as far as that;\n"+
			"the rest is held, because anybody who may run Lua in the game can write any total into it.",
		"put on the bus", func(ctx context.Context, r api.GoodsOf) (api.Booked, error) { return c.client.ReleaseHeld(ctx, me, r) })
}

func (c *ctl) busAcceptCommand() *cobra.Command {
	return &cobra.Command{
		Use: "accept ITEM [QUALITY]", Short: "Take the books of an item as they are, although they do not add up", Args: cobra.RangeArgs(1, 2),
		Long: "Take the books of an item as they are, although they do not add up (bus verify): the difference is noted in the history,\n" +
			"and the item is granted again. To put back a backup from before is the way that loses and doubles nothing.",
		RunE: func(cmd *cobra.Command, args []string) error {
			item, err := c.client.AcceptBooks(cmd.Context(), me, goodsArgs(args))
			if err != nil {
				return err
			}
			return print(c, item, func(i api.BusItem) {
				fmt.Fprintf(c.out, "The books of %s are taken as they are: %d on the bus. It is granted again.\n", printable(goodsArgs(args).Words()), i.Level)
			})
		},
	}
}

func (c *ctl) busQuestionsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "questions", Short: "List worlds of which only people know what they are", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := c.client.BusProblems(cmd.Context(), me)
			if err != nil {
				return err
			}
			return print(c, append([]api.BusQuestion{}, p.Questions...), c.printQuestions)
		},
	}
}

func (c *ctl) printQuestions(all []api.BusQuestion) {
	if len(all) == 0 {
		fmt.Fprintln(c.out, "There is no question.")
	}
	for _, q := range all {
		fmt.Fprintf(c.out, "%s  %s\n", q.At.Local().Format("2006-01-02 15:04:05"), printable(q.Text))
		fmt.Fprintf(c.out, "  mainbusctl bus answer %s copy\n", printable(q.World))
		if q.Kind == api.CopiedWorld && q.FromInstance != "" {
			fmt.Fprintf(c.out, "  mainbusctl bus answer %s move\n", printable(q.World))
		}
	}
}

func (c *ctl) busAnswerCommand() *cobra.Command {
	return &cobra.Command{
		Use: "answer WORLD copy|move", Short: "Say whether a world was copied or has moved", Args: cobra.ExactArgs(2),
		Long: "Say whether a world was copied, so that both go on as worlds of their own, or has moved, so that the one that it was\n" +
			"copied from gives up its place on the bus and hands over what it owes. WORLD is an id as bus questions shows it, or the instance.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[1] != "copy" && args[1] != "move" {
				c.began = false // a wrong word is wrong usage
				return fmt.Errorf("the answer is copy or move, not %q", args[1])
			}
			p, err := c.client.AnswerQuestion(cmd.Context(), me, api.AnswerQuestion{World: args[0], Moved: args[1] == "move"})
			if err != nil {
				return err
			}
			return print(c, p, func(p api.BusProblems) { fmt.Fprintf(c.out, "Done. Open questions: %d\n", len(p.Questions)) })
		},
	}
}

func (c *ctl) busNoticesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "notices", Short: "List what instances told and was not booked", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := c.client.BusProblems(cmd.Context(), me)
			if err != nil {
				return err
			}
			return printList(c, p.Notices, "Everything that worlds told since the controller's start was booked.",
				"INSTANCE\tREFUSED\tFROM ENDED RUNS\tWHY", func(n api.BusNotice) string {
					return columns(n.InstanceName, n.Refused, n.Strays, strings.TrimSpace(n.Why))
				})
		},
	}
}
