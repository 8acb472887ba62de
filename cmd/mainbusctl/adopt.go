package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

const (
	listedSaves = 10
	listedMods  = 20
)

func (c *ctl) adoptCommand() *cobra.Command {
	var confirm bool
	cmd := &cobra.Command{
		Use: "adopt HOST DIR [NAME]", Short: "Make a game server of a server folder that is already on a host; the folder itself stays as it is", Args: cobra.RangeArgs(2, 3),
		Long: `Make a game server of a server folder that is already on a host.

Without --confirm it is only looked at: what there is, what stands against it, and the command that does it. With --confirm its saves, mods,
settings and lists of players are copied to the folder of a new game server. The old folder is only read, and can be used as before; don't
run both, or there are two of one world.`,
		Example: "  mainbusctl instances adopt attic /opt/factorio\n  mainbusctl instances adopt attic /opt/factorio nauvis --confirm",
		RunE: func(cmd *cobra.Command, args []string) error {
			name := ""
			if len(args) == 3 {
				name = args[2]
			}
			if !confirm {
				found, err := c.client.LookAtFolder(cmd.Context(), me, api.FolderRef{Host: args[0], Dir: args[1]})
				if err != nil {
					return err
				}
				return print(c, found, func(f api.Folder) { c.printFolder(f, args) })
			}
			t, err := c.client.AdoptFolder(cmd.Context(), me, api.AdoptFolder{Host: args[0], Dir: args[1], Name: name})
			return c.follow(cmd, t, err)
		},
	}
	cmd.Flags().BoolVar(&confirm, "confirm", false, "do it; without, it is only looked at")
	return cmd
}

var folderKinds = map[string]string{
	"headless": "a copy of the game with its server", "user": "the folder of a user's game", "server": "a server's folder", "saves": "a folder of saves",
}

func (c *ctl) printFolder(f api.Folder, args []string) {
	kind := folderKinds[f.Kind]
	if kind == "" {
		kind = f.Kind
	}
	fmt.Fprintf(c.out, "%s: %s\n", printable(f.Dir), printable(kind))
	if f.Data != "." {
		fmt.Fprintf(c.out, "Saves and mods are in %s there.\n", printable(f.Data))
	}
	fmt.Fprintf(c.out, "Saves: %d\n", f.SaveCount)
	for _, s := range f.Saves[:min(len(f.Saves), listedSaves)] {
		state := s.Version
		if s.Problem != "" {
			state = "can't be read: " + s.Problem
		}
		fmt.Fprintf(c.out, "  %s  %s  %.1f MB  %s\n", s.Modified.Local().Format("2006-01-02 15:04"), printable(s.Name), float64(s.Size)/1e6, printable(state))
	}
	fmt.Fprintf(c.out, "Mods: %d\n", f.ModCount)
	for _, m := range f.Mods[:min(len(f.Mods), listedMods)] {
		off := ""
		if !m.Enabled {
			off = " (off)"
		}
		fmt.Fprintf(c.out, "  %s%s\n", printable(m.File), off)
	}
	fmt.Fprintf(c.out, "Players: %d admins, %d banned, %d on the whitelist\n", f.Admins, f.Banned, f.Whitelisted)
	if string(f.Settings) != "null" {
		fmt.Fprintf(c.out, "Settings: server-settings.json, kept as they are; while nobody is there it %s\n", map[bool]string{true: "pauses", false: "goes on"}[f.AutoPause])
	}
	fmt.Fprintf(c.out, "A copy has %d files, %.1f MB.\n", f.Files, float64(f.Bytes)/1e6)
	for _, p := range f.Problems {
		fmt.Fprintf(c.out, "Note: %s\n", printable(p))
	}
	for _, o := range f.Obstacles {
		fmt.Fprintf(c.out, "In the way: %s\n", printable(o))
	}
	if len(f.Obstacles) > 0 {
		fmt.Fprintln(c.out, "Nothing was changed. Put right what is in the way, then look again.")
		return
	}
	fmt.Fprintf(c.out, "Nothing was changed. To adopt it: mainbusctl instances adopt %s --confirm\n", quoted(args))
}

// quoted makes arguments into what a shell takes.
func quoted(args []string) string {
	out := make([]string, len(args))
	for n, a := range args {
		if out[n] = printable(a); a == "" || strings.ContainsAny(a, " '\"\\$`*?&|;<>()#~!\t") {
			out[n] = "'" + strings.ReplaceAll(out[n], "'", `'\''`) + "'"
		}
	}
	return strings.Join(out, " ")
}
