package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"mainbus/hostagent"
	"mainbus/hostagent/games"
)

func gameWords(version string) string {
	if version == "" {
		return "no Factorio: see mainbus-host games"
	}
	return "Factorio " + version
}

func gamesCommand(o *options) *cobra.Command {
	root := &cobra.Command{
		Use:   "games",
		Short: "Show the copies of Factorio that the agent here can run, and change them",
		Long: `Show the copies of Factorio that the agent here can run, and change them.

The agent finds copies of Steam, in all its libraries, and in the usual places by itself. Other folders are added. On Linux it
downloads the headless server.`,
		Example: "  mainbus-host games\n  mainbus-host games add ~/games/factorio\n  mainbus-host games download 2.0.77",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return changeGames(cmd, o, "") },
	}
	sub := func(verb, argument, short string, clean func(string) (string, error)) {
		root.AddCommand(&cobra.Command{
			Use: verb + " " + argument, Short: short, Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				value, err := clean(args[0])
				if err != nil {
					return err
				}
				return changeGames(cmd, o, verb+" "+value)
			},
		})
	}
	same := func(s string) (string, error) { return s, nil }
	sub("add", "DIR", "Have the agent use the copy in a folder", filepath.Abs)
	sub("forget", "DIR", "Undo add; the folder stays as it is", filepath.Abs)
	sub("download", "VERSION", "Download the headless server of a version; the list shows how far it is", same)
	sub("cancel", "VERSION", "End a download; what came is kept for the next one", same)
	sub("remove", "VERSION", "Delete a version that was downloaded", same)
	return root
}

func changeGames(cmd *cobra.Command, o *options, change string) error {
	s, err := hostagent.AskGames(cmd.Context(), o.data, change)
	if err != nil {
		return err
	}
	return printGames(cmd.OutOrStdout(), s)
}

func printGames(out io.Writer, s hostagent.GamesStatus) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, g := range s.Games {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", versionWords(g), g.Edition, g.Source, g.Dir, remarkOn(g))
	}
	for _, d := range s.Downloads {
		if d.Failure != "" {
			fmt.Fprintf(w, "%s\tfailed\t%s\n", d.Version, d.Failure)
		} else {
			fmt.Fprintf(w, "%s\t%s\n", d.Version, d)
		}
	}
	if len(s.Games) == 0 && s.Platform != "" {
		fmt.Fprintln(w, "No copy of Factorio was found. Name one: mainbus-host games add DIR; or download one: mainbus-host games download 2.0.77")
	} else if len(s.Games) == 0 {
		fmt.Fprintln(w, "No copy of Factorio was found. Name one: mainbus-host games add DIR. "+games.ErrNoDownload.Error())
	}
	return w.Flush()
}

func versionWords(g games.Game) string {
	switch {
	case g.Problem != "":
		return "unusable"
	case g.Build == 0:
		return g.Version.String()
	}
	return g.Version.String() + " (build " + strconv.Itoa(g.Build) + ")"
}

func remarkOn(g games.Game) string {
	var remarks []string
	if len(g.Users) > 0 {
		remarks = append(remarks, "in use by "+strings.Join(g.Users, ", "))
	}
	if g.Unverified != "" {
		remarks = append(remarks, "checksum not compared: "+g.Unverified)
	}
	if g.Problem != "" {
		remarks = append(remarks, g.Problem)
	}
	return strings.Join(remarks, "; ")
}
