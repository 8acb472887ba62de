package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

const planLong = "Without --yes it is only said what would be done. With it missing mods are downloaded, then the pack is changed, all of it or\n" +
	"nothing; it is refused if the plan has become another one meanwhile. Instances get the change with their next start."

func (c *ctl) packsPlanCommand() *cobra.Command {
	var r api.PlanPack
	var add, ignore, noticed []string
	cmd := &cobra.Command{
		Use: "plan [PACK]", Short: "Say what a change of a pack would do: which releases go together, and what can't be", Args: cobra.MaximumNArgs(1),
		Long: "Say what a change of a pack would do. Without any change: what is wrong with the pack, and what would mend it. Without PACK: for an empty\n" +
			"pack for --game.\n" + planLong,
		Example: "  mainbusctl packs plan Rails --add some-mod --add \"other-mod@>= 1.2\" --remove old-mod\n" +
			"  mainbusctl packs plan Rails --game 2.1 --update-all\n  mainbusctl packs plan Rails --enable space-age --yes\n  mainbusctl packs plan --game 2.0 --add some-mod",
	}
	f := cmd.Flags()
	f.StringArrayVar(&add, "add", nil, "NAME, NAME@VERSION or \"NAME@>= VERSION\" of a mod to add or to have so; may be given more than once, as those below")
	f.StringArrayVar(&r.Remove, "remove", nil, "a mod to remove")
	f.StringArrayVar(&r.Update, "update", nil, "a mod that shall be as new as can be")
	f.BoolVar(&r.UpdateAll, "update-all", false, "all that are not pinned shall be")
	f.StringArrayVar(&r.Enable, "enable", nil, "a mod to enable; parts of the game such as space-age too")
	f.StringArrayVar(&r.Disable, "disable", nil, "a mod to disable")
	f.StringArrayVar(&r.Pin, "pin", nil, "a mod that later updates leave at its version")
	f.StringArrayVar(&r.Unpin, "unpin", nil, "one that they don't any more")
	f.StringArrayVar(&ignore, "ignore", nil, "\"MOD needs OTHER\": a dependency or incompatibility that does not count")
	f.StringArrayVar(&noticed, "no-ignore", nil, "the same, for one that counts again")
	f.StringVar(&r.Game, "game", "", "another version of the game: 2.0, or an exact one such as 2.0.60")
	c.planning(cmd, func(args []string) (_ api.PlanPack, err error) {
		r.Pack = strings.Join(args, "")
		r.Add = wantedMods(add)
		if r.Ignore, err = needs(ignore); err == nil {
			r.Heed, err = needs(noticed)
		}
		return r, err
	})
	return cmd
}

func (c *ctl) packsAddCommand() *cobra.Command {
	var pin bool
	cmd := &cobra.Command{
		Use: "add PACK MOD...", Short: "Add mods to a pack, with what they need", Args: cobra.MinimumNArgs(2),
		Long:    "Add mods to a pack, with what they need. MOD is NAME, NAME@VERSION or \"NAME@>= VERSION\".\n" + planLong,
		Example: "  mainbusctl packs add Rails some-mod \"other-mod@>= 1.2\"\n  mainbusctl packs add Rails some-mod@1.2.3 --pin --yes",
	}
	cmd.Flags().BoolVar(&pin, "pin", false, "later updates leave them at their versions")
	c.planning(cmd, func(args []string) (api.PlanPack, error) {
		r := api.PlanPack{Pack: args[0], Add: wantedMods(args[1:])}
		for _, w := range r.Add {
			if pin {
				r.Pin = append(r.Pin, w.Name)
			}
		}
		return r, nil
	})
	return cmd
}

func (c *ctl) packsRemoveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "remove PACK MOD...", Short: "Remove mods from a pack, if no other needs them", Args: cobra.MinimumNArgs(2), Long: "Remove mods from a pack, if no other needs them.\n" + planLong,
		Example: "  mainbusctl packs remove Rails some-mod other-mod --yes",
	}
	c.planning(cmd, func(args []string) (api.PlanPack, error) { return api.PlanPack{Pack: args[0], Remove: args[1:]}, nil })
	return cmd
}

func (c *ctl) packsUpdateCommand() *cobra.Command {
	var game string
	cmd := &cobra.Command{
		Use: "update PACK [MOD...]", Short: "Update mods of a pack, or all that are not pinned", Args: cobra.MinimumNArgs(1),
		Long:    "Update mods of a pack, or all that are not pinned, to the newest releases that go together.\n" + planLong,
		Example: "  mainbusctl packs update Rails\n  mainbusctl packs update Rails some-mod --yes\n  mainbusctl packs update Rails --game 2.1",
	}
	cmd.Flags().StringVar(&game, "game", "", "for another version of the game: 2.0, or an exact one such as 2.0.60")
	c.planning(cmd, func(args []string) (api.PlanPack, error) {
		return api.PlanPack{Pack: args[0], Update: args[1:], UpdateAll: len(args) == 1, Game: game}, nil
	})
	return cmd
}

// planning has a command show the plan of a request, and carry it out if it is told to.
func (c *ctl) planning(cmd *cobra.Command, request func(args []string) (api.PlanPack, error)) {
	var yes bool
	cmd.Flags().BoolVar(&yes, "yes", false, "do it; without, it is only said what would be done")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		r, err := request(args)
		if err != nil {
			return err
		}
		plan, err := c.client.PlanPack(cmd.Context(), me, r)
		if err != nil {
			return err
		}
		if !c.json || !yes || !plan.Possible {
			if err := print(c, plan, c.showPlan); err != nil {
				return err
			}
		}
		switch {
		case !plan.Possible:
			said := fmt.Sprintf("%d demands can't be met together", len(plan.Conflicts))
			if len(plan.Conflicts) == 1 {
				said = "one demand can't be met"
			}
			return api.Errorf(api.Refused, "Leave one of them out, or change it.", "that can't be done: %s", said)
		case !yes && !c.json && plan.Changes():
			fmt.Fprintln(c.out, "Nothing was changed. To do it, say the same with --yes.")
			return nil
		case !yes:
			return nil
		}
		t, err := c.client.ApplyPackPlan(cmd.Context(), me, api.ApplyPackPlan{PlanPack: r, Hash: plan.Hash})
		return c.follow(cmd, t, err)
	}
}

// wantedMods reads NAME, NAME@VERSION and NAME@>= VERSION.
func wantedMods(texts []string) (all []api.WantMod) {
	for _, text := range texts {
		w := api.WantMod{Name: text}
		if at := strings.LastIndex(text, "@"); at > 0 {
			w.Name, w.Version = text[:at], text[at+1:]
		}
		all = append(all, w)
	}
	return all
}

func needs(texts []string) (all []api.IgnoredNeed, err error) {
	for _, text := range texts {
		mod, other, ok := strings.Cut(text, " needs ")
		if !ok {
			return nil, api.Errorf(api.Invalid, "", "%q is no dependency: write such as \"some-mod needs other-mod\"", text)
		}
		all = append(all, api.IgnoredNeed{Mod: mod, Needs: other})
	}
	return all, nil
}

func (c *ctl) showPlan(p api.PackPlan) {
	game := "the game " + p.Game
	if p.GameWas != p.Game {
		game += " instead of " + p.GameWas
	}
	fmt.Fprintf(c.out, "%s, for %s: %s.\n", printable(cmp.Or(p.Pack, "An empty pack")), printable(game), p.Words())
	for _, conflict := range p.Conflicts {
		fmt.Fprintf(c.out, "Can't be together: %s.\n", printable(conflict.Text))
	}
	if len(p.Steps) > 0 {
		printTable(c, p.Steps, "WHAT\tMOD\tFROM\tTO\tSOURCE\tSIZE\tWHY", func(s api.PlanStep) string {
			size := ""
			if s.SizeBytes > 0 {
				size = api.BytesText(s.SizeBytes)
			}
			return columns(s.Action, s.Name, s.From, s.To, s.Source, size, s.Why)
		})
	}
	for _, h := range p.HeldBack {
		why := cmp.Or(strings.Join(h.Why, "; "), "it is too hard to say why")
		fmt.Fprintf(c.out, "Held back: %s gets %s, not %s: %s.\n", printable(h.Name), h.Version, h.Newest, printable(why))
	}
	for _, w := range p.Warnings {
		fmt.Fprintf(c.out, "Note: %s.\n", printable(strings.TrimSuffix(w.Text, ".")))
	}
	if p.Downloads > 0 {
		size := api.BytesText(p.DownloadBytes)
		switch {
		case p.SizesUnknown == p.Downloads:
			size = "of sizes that the portal does not tell"
		case p.SizesUnknown > 0:
			size += " and more"
		}
		fmt.Fprintf(c.out, "To download: %d files, %s.\n", p.Downloads, size)
	}
	for _, i := range p.Restarts {
		if i.Running && p.Changes() {
			fmt.Fprintf(c.out, "%s has to be restarted for it.\n", printable(i.Name))
		}
	}
}
