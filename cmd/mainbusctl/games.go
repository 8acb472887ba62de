package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

func (c *ctl) gamesCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list [HOST]", Short: "List the copies of Factorio on a host, or on all, and what is being downloaded", Args: cobra.MaximumNArgs(1),
		Example: "  mainbusctl games list attic",
		RunE: func(cmd *cobra.Command, args []string) error {
			hosts, err := c.client.Games(cmd.Context(), me, api.GamesOf{Host: strings.Join(args, "")})
			if err != nil {
				return err
			}
			return print(c, hosts, c.printGames)
		},
	}
	return group("games", "Copies of Factorio on the hosts", list, c.availableCommand(),
		c.gameCommand("download", "Download the headless server of a version to a Linux host", "mainbusctl games list %s shows how far it is.",
			"stable", api.Service.DownloadGame),
		c.gameCommand("cancel", "End a download; what came is kept for the next one", "The download is ended.", "2.0.77", api.Service.CancelDownload),
		c.gameCommand("remove", "Delete a version that a host has downloaded", "It is deleted.", "2.0.76", api.Service.RemoveGame))
}

func (c *ctl) availableCommand() *cobra.Command {
	var now bool
	cmd := &cobra.Command{
		Use: "available HOST", Short: "List the versions that a host can download", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl games available attic",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := c.client.AvailableGames(cmd.Context(), me, api.AskAvailable{Host: args[0], Now: now})
			if err != nil {
				return err
			}
			return print(c, a, c.printAvailable)
		},
	}
	cmd.Flags().BoolVar(&now, "now", false, "ask factorio.com even if that was done within the hour")
	return cmd
}

func (c *ctl) printAvailable(a api.AvailableGames) {
	if a.Platform == "" {
		fmt.Fprintln(c.out, "For the system of this host there is no headless server: it needs an own copy of the game, from Steam or factorio.com.")
	}
	if a.Problem != "" {
		fmt.Fprintln(c.out, printable(a.Problem))
	}
	if a.Asked == nil {
		return
	}
	fmt.Fprintf(c.out, "stable        %s\nexperimental  %s\n", printable(a.Stable), printable(a.Experimental))
	for _, v := range a.Versions {
		fmt.Fprintf(c.out, "              %s\n", printable(v))
	}
}

type gameChange func(api.Service, context.Context, api.Caller, api.GameOn) (api.GameOn, error)

func (c *ctl) gameCommand(verb, short, done, example string, do gameChange) *cobra.Command {
	return &cobra.Command{
		Use: verb + " HOST VERSION", Short: short, Args: cobra.ExactArgs(2), Example: "  mainbusctl games " + verb + " attic " + example,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := do(c.client, cmd.Context(), me, api.GameOn{Host: args[0], Version: args[1]})
			if err != nil {
				return err
			}
			return print(c, r, func(r api.GameOn) {
				fmt.Fprintf(c.out, "Factorio %s: %s\n", printable(r.Version), strings.ReplaceAll(done, "%s", printable(args[0])))
			})
		},
	}
}

func (c *ctl) printGames(hosts []api.HostGames) {
	if len(hosts) == 0 {
		fmt.Fprintln(c.out, "No host is paired yet.")
		return
	}
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "HOST\tVERSION\tEDITION\tFROM\tFOLDER\tREMARK")
	for _, h := range hosts {
		for _, g := range h.Games {
			fmt.Fprintln(table, columns(h.HostName, versionWords(g), g.Edition, g.Source, g.Folder, gameRemark(g)))
		}
		for _, d := range h.Downloads {
			fmt.Fprintln(table, columns(h.HostName, d.Version, "", "", "", downloadWords(d)))
		}
		switch {
		case len(h.Games)+len(h.Downloads) > 0:
		case !h.Known:
			fmt.Fprintln(table, columns(h.HostName, "not known", "", "", "", "it has not told yet"))
		case h.Platform == "":
			fmt.Fprintln(table, columns(h.HostName, "none", "", "", "", "install an own copy there, with Steam or from factorio.com"))
		default:
			fmt.Fprintln(table, columns(h.HostName, "none", "", "", "", "download one: mainbusctl games download "+h.HostName+" stable"))
		}
	}
	table.Flush()
}

func versionWords(g api.Game) string {
	switch {
	case g.Version == "":
		return "unusable"
	case g.Build == 0:
		return g.Version
	}
	return fmt.Sprintf("%s (build %d)", g.Version, g.Build)
}

func gameRemark(g api.Game) string {
	var remarks []string
	if len(g.Instances) > 0 {
		remarks = append(remarks, "runs "+strings.Join(g.Instances, ", "))
	}
	if g.Unverified != "" {
		remarks = append(remarks, "checksum not compared: "+g.Unverified)
	}
	if g.Problem != "" {
		remarks = append(remarks, g.Problem)
	}
	return strings.Join(remarks, "; ")
}

func downloadWords(d api.GameDownload) string {
	switch p := d.Percent(); {
	case d.Failure != "":
		return "failed: " + d.Failure
	case p >= 0:
		return fmt.Sprintf("%s, %d %% of %d MB", d.Phase, p, d.Total>>20)
	}
	return d.Phase
}

func (c *ctl) setCommand() *cobra.Command {
	var version string
	var noDownload bool
	cmd := &cobra.Command{
		Use: "set NAME --version VERSION", Short: "Say which version of Factorio a game server runs from its next start on", Args: cobra.ExactArgs(1),
		Long: "Say which version of Factorio a game server runs from its next start on: stable, experimental, the newest of 2.0, exactly 2.0.77, or any.\n" +
			"What is not on its host is downloaded when it starts, unless --no-download says otherwise. A game server that runs is not changed, and one\n" +
			"that starts again by itself keeps the version that it had.",
		Example: "  mainbusctl instances set nauvis --version 2.0.77\n  mainbusctl instances set gleba --version stable",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("version") {
				return api.Errorf(api.Invalid, "Say --version VERSION.", "there is nothing to set")
			}
			if version == "any" {
				version = ""
			}
			i, err := c.client.SetVersion(cmd.Context(), me, api.SetVersion{Instance: args[0], Version: version, Download: !noDownload})
			if err != nil {
				return err
			}
			return print(c, i, func(i api.Instance) { fmt.Fprintf(c.out, "%s: %s\n", printable(i.Name), printable(wantedWords(i))) })
		},
	}
	cmd.Flags().StringVar(&version, "version", "", "stable, experimental, 2.0, 2.0.77 or any")
	cmd.Flags().BoolVar(&noDownload, "no-download", false, "fail rather than download a version that is not on its host")
	return cmd
}

func wantedWords(i api.Instance) string {
	if i.Version == "" {
		return "runs any version, and stays with the one that it has"
	}
	return "runs Factorio " + i.Version + " from its next start on"
}

// gameWords is the version that a game server runs, or would.
func gameWords(i api.Instance) string {
	switch {
	case i.GameVersion == "" && i.VersionRemark != "":
		return "none"
	case i.VersionRemark != "":
		return i.GameVersion + " (to be downloaded)"
	}
	return i.GameVersion
}
