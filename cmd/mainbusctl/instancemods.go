package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

func (c *ctl) instanceModsCommand() *cobra.Command {
	mods := &cobra.Command{
		Use: "mods NAME", Short: "Show what lies in a game server's mods folder, and how far its pack is", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl instances mods nauvis\n  mainbusctl instances mods undo nauvis\n  mainbusctl instances mods policy nauvis --or-former",
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := c.client.InstanceMods(cmd.Context(), me, api.InstanceRef{Instance: args[0]})
			if err != nil {
				return err
			}
			return print(c, m, c.printInstanceMods)
		},
	}
	fetch := &cobra.Command{
		Use: "fetch NAME", Short: "Bring the mods of a game server's pack to its host; that happens by itself unless somebody has canceled it",
		Args: cobra.ExactArgs(1), Example: "  mainbusctl instances mods fetch nauvis",
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := c.client.FetchMods(cmd.Context(), me, api.InstanceRef{Instance: args[0]})
			return c.follow(cmd, t, err)
		},
	}
	mods.AddCommand(fetch, c.modPolicyCommand(),
		c.turnModsCommand("undo", "Go back to the set of mods before, at the next start", api.Service.UndoMods),
		c.turnModsCommand("redo", "Take an undo back, at the next start", api.Service.RedoMods))
	return mods
}

func (c *ctl) turnModsCommand(use, short string, turn func(api.Service, context.Context, api.Caller, api.InstanceRef) (api.InstanceMods, error)) *cobra.Command {
	return &cobra.Command{
		Use: use + " NAME", Short: short, Args: cobra.ExactArgs(1), Example: "  mainbusctl instances mods " + use + " nauvis",
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := turn(c.client, cmd.Context(), me, api.InstanceRef{Instance: args[0]})
			if err != nil {
				return err
			}
			return print(c, m, func(m api.InstanceMods) { fmt.Fprintln(c.out, printable(modStateText(m.State))) })
		},
	}
}

// modStateText is how far the mods of an instance are, in a sentence or some.
func modStateText(s api.ModState) string {
	text := "The mods folder is left as it is: no pack is assigned."
	switch {
	case s.Wanted == "" && s.Applied != "":
		text = fmt.Sprintf("The mods folder is left as it is, with the mods of %s: no pack is assigned.", s.Applied)
	case s.Wanted == "":
	case s.Undone && s.Pending:
		text = fmt.Sprintf("The next start goes back to %s. mainbusctl instances mods redo takes that back.", cmp.Or(s.Former, "what was there before"))
	case s.Undone:
		text = fmt.Sprintf("%s is not put there, because somebody went back. mainbusctl instances mods redo takes that back.", s.Wanted)
	case s.Pending:
		text = fmt.Sprintf("The next start puts %s there; until then there is %s.", s.Wanted, cmp.Or(s.Applied, "what is no pack's"))
	default:
		text = fmt.Sprintf("The mods are those of %s.", s.Applied)
	}
	if s.Missing > 0 {
		text += fmt.Sprintf(" %d files of it are not on the host yet (%s).", s.Missing, api.BytesText(s.MissingBytes))
	}
	if s.Problem != "" {
		text += " " + s.Problem
	}
	return text
}

func (c *ctl) printInstanceMods(m api.InstanceMods) {
	if len(m.Mods) == 0 {
		fmt.Fprintln(c.out, "There are no mods.")
	} else {
		printTable(c, m.Mods, "MOD\tVERSION\tUSED\tOF THE PACK\tSIZE\tCHECKSUM\tNOTE", func(i api.InstalledMod) string {
			size, crc := "", ""
			if i.SizeBytes > 0 {
				size = api.BytesText(i.SizeBytes)
			}
			if i.CRC != nil {
				crc = fmt.Sprint(*i.CRC)
			}
			return columns(i.Name, i.Version, usedText(i), yesText(i.OfPack), size, crc, i.Problem)
		})
	}
	fmt.Fprintln(c.out)
	fmt.Fprintln(c.out, printable(modStateText(m.State)))
	for _, problem := range m.Problems {
		fmt.Fprintln(c.out, printable(problem))
	}
	for _, folder := range m.Aside {
		fmt.Fprintln(c.out, printable("What was put aside lies in "+folder+" in the instance's folder."))
	}
}

func usedText(i api.InstalledMod) string {
	switch {
	case i.Used:
		return "yes"
	case i.Enabled:
		return "no"
	}
	return "off"
}

func yesText(yes bool) string {
	if yes {
		return "yes"
	}
	return ""
}

func (c *ctl) modPolicyCommand() *cobra.Command {
	var former, keep bool
	cmd := &cobra.Command{
		Use: "policy NAME", Short: "Show or change how the mods of a pack get into a game server's folder", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl instances mods policy nauvis\n  mainbusctl instances mods policy nauvis --or-former --keep-unknown=false",
		RunE: func(cmd *cobra.Command, args []string) error {
			given := cmd.Flags().Changed
			var p api.ModPolicy
			var err error
			if given("or-former") || given("keep-unknown") {
				p, err = c.client.ChangeModPolicy(cmd.Context(), me, api.ChangeModPolicy{
					Instance: args[0], OrFormer: ifGiven(given("or-former"), &former), KeepUnknown: ifGiven(given("keep-unknown"), &keep),
				})
			} else {
				p, err = c.client.ModPolicy(cmd.Context(), me, api.InstanceRef{Instance: args[0]})
			}
			if err != nil {
				return err
			}
			return print(c, p, c.printModPolicy)
		},
	}
	cmd.Flags().BoolVar(&former, "or-former", false, "start with the mods that are there when some of the pack are missing, rather than not at all")
	cmd.Flags().BoolVar(&keep, "keep-unknown", false, "leave mods in the folder that are not of the pack, rather than put them aside")
	return cmd
}

func (c *ctl) printModPolicy(p api.ModPolicy) {
	missing, unknown := "the start is refused", "put aside"
	if p.OrFormer {
		missing = "it starts with the mods that are there"
	}
	if p.KeepUnknown {
		unknown = "left in the folder"
	}
	fmt.Fprintf(c.out, "when mods are missing      %s\nmods that are not of the pack  %s\n", missing, unknown)
}

// compareModsCommand is mainbusctl mods compare.
func (c *ctl) compareModsCommand() *cobra.Command {
	var r api.CompareMods
	cmd := &cobra.Command{
		Use: "compare --instance NAME", Short: "Compare the mods of a game server with those of its save and of a player", Args: cobra.NoArgs,
		Long: "Compare the mods of a game server with those of a save and of a player, and say what to do. The save is the one that a start would\n" +
			"load unless another is named. A player's mods are read from a mod-list.json, a folder of mods or a save; of these only a save tells\n" +
			"whether the content of the mods is the same.",
		Example: "  mainbusctl mods compare --instance nauvis\n  mainbusctl mods compare --instance nauvis --client ~/.factorio/mods",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if r.Instance == "" {
				c.began = false // wrong usage
				return errors.New("say which game server: --instance NAME")
			}
			if r.Client != "" {
				var err error
				if r.Client, err = filepath.Abs(r.Client); err != nil {
					return err
				}
			}
			m, err := c.client.CompareMods(cmd.Context(), me, r)
			if err != nil {
				return err
			}
			return print(c, m, c.printComparison)
		},
	}
	cmd.Flags().StringVar(&r.Instance, "instance", "", "the game server")
	cmd.Flags().StringVar(&r.Save, "save", "", "file name of one of its saves; without, the one that a start would load")
	cmd.Flags().StringVar(&r.Client, "client", "", "a player's mod-list.json, folder of mods, or save")
	return cmd
}

func (c *ctl) printComparison(m api.ModComparison) {
	printTable(c, m.Mods, "MOD\tSERVER\tSAVE\tPLAYER\tIS\tWHAT TO DO", func(row api.ComparedMod) string {
		return columns(row.Name, sideText(row.Server), sideText(row.Save), sideText(row.Client), row.State, row.Advice)
	})
	fmt.Fprintln(c.out)
	if m.Same {
		fmt.Fprintln(c.out, "Nothing has to be done.")
	}
	if m.Save == "" {
		fmt.Fprintln(c.out, "There is no save yet.")
	}
	for _, text := range m.Advice {
		fmt.Fprintln(c.out, printable(text))
	}
}

func sideText(s *api.ModSide) string {
	switch {
	case s == nil:
		return ""
	case !s.Enabled:
		return "off"
	}
	return cmp.Or(s.Version, "on")
}
