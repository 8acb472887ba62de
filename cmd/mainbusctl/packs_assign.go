package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

func (c *ctl) packsAssignCommand() *cobra.Command {
	var a assignment
	var none bool
	cmd := &cobra.Command{
		Use: "assign PACK INSTANCE...", Short: "Give game servers a pack; they get its mods with their next start",
		Long: "Give game servers a pack; they get its mods with their next start. With --none they have none any more, and what lies in their\n" +
			"folders is left as it is.\n" +
			"The mods of the pack are compared with those that each world was saved with. If one would lose something it is asked first, or refused\n" +
			"where nobody can be asked and --yes is not given; then none of the game servers gets the pack.",
		Args: func(_ *cobra.Command, args []string) error {
			if none && len(args) < 1 || !none && len(args) < 2 {
				return errors.New("assign needs PACK and INSTANCE, or --none and INSTANCE")
			}
			return nil
		},
		Example: "  mainbusctl packs assign Rails nauvis aquilo\n  mainbusctl packs assign Rails nauvis --plan\n  mainbusctl packs assign Rails nauvis --yes\n" +
			"  mainbusctl packs assign --none nauvis",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !none {
				a.pack, args = args[0], args[1:]
			}
			return c.assignPack(cmd, a, args)
		},
	}
	cmd.Flags().BoolVar(&none, "none", false, "take the pack away")
	cmd.Flags().BoolVar(&a.yes, "yes", false, "do not ask, whatever is lost")
	cmd.Flags().BoolVar(&a.onlyPlan, "plan", false, "only say what would change, and what would be lost")
	return cmd
}

// assignment is how a pack is given.
type assignment struct {
	pack          string // empty: it is taken away
	yes, onlyPlan bool
}

// assignPack gives game servers a pack, after a look at all of them.
func (c *ctl) assignPack(cmd *cobra.Command, a assignment, names []string) error {
	plans, harmless := []api.AssignPlan{}, true
	for _, name := range names {
		plan, err := c.client.PlanAssign(cmd.Context(), me, api.AssignPack{Instance: name, Pack: a.pack})
		if err != nil {
			return err
		}
		plans, harmless = append(plans, plan), harmless && plan.Harmless()
	}
	if a.onlyPlan {
		return print(c, plans, c.showAssigns)
	}
	if !harmless && !c.json {
		c.showAssigns(plans)
	}
	if !harmless && !a.yes && !confirmed(cmd, "Give the pack all the same?") {
		return api.Errorf(api.Refused, "Look at it with --plan, and say --yes if that is meant.", "worlds may lose what their mods have made, so nothing was changed")
	}
	done := []api.Instance{}
	for _, plan := range plans {
		i, err := c.client.AssignPack(cmd.Context(), me, api.AssignPack{Instance: plan.Instance, Pack: a.pack, Hash: plan.Hash})
		if err != nil {
			return err
		}
		done = append(done, i)
	}
	return print(c, done, func(list []api.Instance) {
		for _, i := range list {
			if a.pack == "" {
				fmt.Fprintf(c.out, "%s has no pack.\n", printable(i.Name))
			} else {
				fmt.Fprintf(c.out, "%s has the pack %s from its next start on.\n", printable(i.Name), printable(a.pack))
			}
		}
	})
}

func (c *ctl) showAssigns(plans []api.AssignPlan) {
	for _, p := range plans {
		fmt.Fprintf(c.out, "%s: %s.\n", printable(p.Name), p.Words())
		for _, loss := range p.Losses {
			fmt.Fprintf(c.out, "  Lost: %s\n", printable(loss))
		}
		for _, w := range p.Warnings {
			fmt.Fprintf(c.out, "  Note: %s\n", printable(w))
		}
		if p.Running && p.Pack != "" {
			fmt.Fprintln(c.out, "  It is running, and has to be restarted for it.")
		}
	}
}
