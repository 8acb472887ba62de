package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mainbus/controller/api"
)

func (c *ctl) modsCommand() *cobra.Command {
	return group("mods", "The mods that the controller keeps, and the mod portal", c.modsListCommand(), c.modsShowCommand(), c.modsSearchCommand(), c.modsAddCommand(),
		c.modsDownloadCommand(), c.modCommand("delete NAME VERSION", "Move a mod into the bin, where it is kept for a week", "moved into the bin", (*api.Client).DeleteMod),
		c.modCommand("restore NAME VERSION", "Take a mod out of the bin", "is back", (*api.Client).RestoreMod), c.modsAccountCommand(), c.compareModsCommand())
}

func (c *ctl) modsListCommand() *cobra.Command {
	var r api.ListMods
	cmd := &cobra.Command{
		Use: "list [TEXT]", Short: "List the mods that the controller keeps, and the packs that use them", Args: cobra.MaximumNArgs(1),
		Example: "  mainbusctl mods list\n  mainbusctl mods list rail --game 2.0",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Text = strings.Join(args, "")
			list, err := c.client.Mods(cmd.Context(), me, r)
			if err != nil {
				return err
			}
			return print(c, list, func(list api.ModList) {
				if len(list.Mods) == 0 {
					fmt.Fprintln(c.out, "There is no such mod. Add some: mainbusctl mods add FILE, or mainbusctl mods download NAME")
				} else {
					printTable(c, list.Mods, "MOD\tVERSION\tGAME\tTITLE\tSIZE\tPACKS\tADDED\tBY\tNOTE", func(m api.StoredMod) string {
						return columns(m.Name, m.Version, m.Game, m.Title, api.BytesText(m.SizeBytes), strings.Join(m.UsedBy, ", "), savedAt(m.AddedAt), m.AddedBy, m.Problem)
					})
				}
				for _, problem := range list.Problems {
					fmt.Fprintln(c.out, printable(problem))
				}
			})
		},
	}
	cmd.Flags().StringVar(&r.Game, "game", "", "only those for this version of the game, like 2.0")
	cmd.Flags().BoolVar(&r.Bin, "bin", false, "list what was deleted")
	return cmd
}

func (c *ctl) modsSearchCommand() *cobra.Command {
	var r api.SearchPortal
	cmd := &cobra.Command{
		Use: "search [WORDS...]", Short: "Search the mod portal's list, also without internet",
		Long: "Search the mod portal's list: words in name, title, owner or summary. The list is kept by the controller, which asks for it anew\n" +
			"when it is older than six hours. A mod of exactly this name comes first, the others by downloads.",
		Example: "  mainbusctl mods search belt --game 2.0\n  mainbusctl mods search --category utilities --limit 200",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Text = strings.Join(args, " ")
			page, err := c.client.SearchPortal(cmd.Context(), me, r)
			if err != nil {
				return err
			}
			return print(c, page, func(page api.PortalPage) {
				if len(page.Mods) > 0 {
					printTable(c, page.Mods, "MOD\tVERSION\tGAME\tTITLE\tOWNER\tDOWNLOADS\tNOTE", func(m api.PortalMod) string {
						return columns(m.Name, m.Version, m.Game, m.Title, m.Owner, m.Downloads, portalNote(m))
					})
				}
				fmt.Fprintf(c.out, "%d of %d mods%s.\n", page.Found, page.Known, listAge(page))
				if page.Problem != "" {
					fmt.Fprintln(c.out, printable(page.Problem))
				}
			})
		},
	}
	cmd.Flags().StringVar(&r.Game, "game", "", "only those that have a release for this version of the game, like 2.0")
	cmd.Flags().StringVar(&r.Category, "category", "", "only those of a category of the portal")
	cmd.Flags().BoolVar(&r.ShowsDeprecated, "deprecated", false, "those that their authors gave up, too")
	cmd.Flags().IntVar(&r.Limit, "limit", 0, "how many, at most 200; else 50")
	cmd.Flags().IntVar(&r.Offset, "offset", 0, "how many to leave out at the beginning")
	cmd.Flags().BoolVar(&r.Refresh, "refresh", false, "ask the portal first")
	return cmd
}

func portalNote(m api.PortalMod) string {
	var notes []string
	if m.Stored {
		notes = append(notes, "stored")
	}
	if m.Deprecated {
		notes = append(notes, "deprecated")
	}
	return strings.Join(notes, ", ")
}

func listAge(page api.PortalPage) string {
	text := ""
	if page.AskedAt != nil {
		text = ", as of " + savedAt(*page.AskedAt)
	}
	if page.Updating {
		text += "; the portal is being asked, search again soon"
	}
	return text
}

func (c *ctl) modsShowCommand() *cobra.Command {
	var r api.AskMod
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show everything about a mod: what it is, and its releases", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl mods show flib",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Name = args[0]
			d, err := c.client.ModDetails(cmd.Context(), me, r)
			if err != nil {
				return err
			}
			return print(c, d, func(d api.ModDetails) {
				fmt.Fprintf(c.out, "%s, %s\n", printable(d.Name), printable(cmp.Or(d.Title, "without a title")))
				for _, line := range []struct{ what, text string }{
					{"by", d.Owner}, {"what", d.Summary}, {"category", d.Category}, {"license", d.License}, {"homepage", d.Homepage}, {"source", d.Source},
				} {
					if line.text != "" {
						fmt.Fprintf(c.out, "%s: %s\n", line.what, printable(line.text))
					}
				}
				printTable(c, d.Releases, "VERSION\tGAME\tRELEASED\tSTORED\tNEEDS", func(r api.ModRelease) string {
					released, stored := "", ""
					if r.ReleasedAt != nil {
						released = r.ReleasedAt.Format(time.DateOnly)
					}
					if r.Stored {
						stored = "yes"
					}
					return columns(r.Version, r.Game, released, stored, strings.Join(r.Dependencies, ", "))
				})
				if d.AskedAt != nil {
					fmt.Fprintf(c.out, "The portal was asked at %s.\n", savedAt(*d.AskedAt))
				}
				if d.Problem != "" {
					fmt.Fprintln(c.out, printable(d.Problem))
				}
			})
		},
	}
	cmd.Flags().BoolVar(&r.Refresh, "refresh", false, "ask the portal even if that was done within the hour")
	return cmd
}

func (c *ctl) modsAddCommand() *cobra.Command {
	var r api.UploadMods
	var plan bool
	cmd := &cobra.Command{
		Use: "add FILE...", Short: "Add mods from this machine: zips, unpacked mods, folders full of them", Args: cobra.MinimumNArgs(1),
		Example: "  mainbusctl mods add ~/Downloads/flib_0.16.2.zip\n  mainbusctl mods add ~/.factorio/mods --plan",
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, arg := range args {
				path, err := filepath.Abs(arg)
				if err != nil {
					return err
				}
				r.Paths = append(r.Paths, path)
			}
			if !plan {
				t, err := c.client.UploadMods(cmd.Context(), me, r)
				return c.follow(cmd, t, err)
			}
			steps, err := c.client.PlanUpload(cmd.Context(), me, r)
			if err != nil {
				return err
			}
			return printList(c, steps, "There is no mod.", "FILE\tMOD\tVERSION\tGAME\tSIZE\tIT IS\tNOTE", func(s api.UploadStep) string {
				return columns(filepath.Base(s.Path), s.Name, s.Version, s.Game, api.BytesText(s.SizeBytes), uploadText[s.Action], s.Why)
			})
		},
	}
	cmd.Flags().BoolVar(&r.Replace, "replace", false, "replace a stored mod of the same name and version that has another content")
	cmd.Flags().BoolVar(&plan, "plan", false, "only tell what would be done")
	return cmd
}

var uploadText = map[string]string{
	api.UploadTakes: "added", api.UploadKeeps: "stored already", api.UploadReplaces: "replaced", api.UploadRefuses: "refused",
}

func (c *ctl) modsDownloadCommand() *cobra.Command {
	var game string
	cmd := &cobra.Command{
		Use: "download NAME[@VERSION]...", Short: "Download mods from the portal; without VERSION the newest", Args: cobra.MinimumNArgs(1),
		Long: "Download mods from the portal; without VERSION the newest. Mods that they need are not downloaded with them: a pack finds those.\n" +
			"This takes a factorio.com account, see mainbusctl mods account.",
		Example: "  mainbusctl mods download flib --game 2.0\n  mainbusctl mods download flib@0.16.2 'Big Mod@1.0.0'",
		RunE: func(cmd *cobra.Command, args []string) error {
			var r api.DownloadMods
			for _, arg := range args {
				name, version, _ := strings.Cut(arg, "@")
				r.Mods = append(r.Mods, api.ModVersion{Name: name, Version: version, Game: game})
			}
			t, err := c.client.DownloadMods(cmd.Context(), me, r)
			return c.follow(cmd, t, err)
		},
	}
	cmd.Flags().StringVar(&game, "game", "", "the newest for this version of the game, like 2.0")
	return cmd
}

func (c *ctl) modCommand(use, short, said string, do func(*api.Client, context.Context, api.Caller, api.ModRef) (api.StoredMod, error)) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(2), Example: "  mainbusctl mods " + strings.Fields(use)[0] + " flib 0.16.2",
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := do(c.client, cmd.Context(), me, api.ModRef{Name: args[0], Version: args[1]})
			if err != nil {
				return err
			}
			return print(c, m, func(m api.StoredMod) { fmt.Fprintf(c.out, "%s %s %s.\n", printable(m.Name), m.Version, said) })
		},
	}
}

func (c *ctl) modsAccountCommand() *cobra.Command {
	show := func(a api.PortalAccount) {
		switch {
		case a.Username == "":
			fmt.Fprintln(c.out, "There is no account. Log in: mainbusctl mods account login NAME")
		case a.Place == api.TokenInKeyring:
			fmt.Fprintf(c.out, "%s, its token is in the system's keyring.\n", printable(a.Username))
		default:
			fmt.Fprintf(c.out, "%s, its token is in a file that only the controller's user can read.\n", printable(a.Username))
		}
		if a.Refused {
			fmt.Fprintln(c.out, "The portal did not take it: log in again.")
		}
		if a.Problem != "" {
			fmt.Fprintln(c.out, printable(a.Problem))
		}
	}
	told := func(a api.PortalAccount, err error) error {
		if err != nil {
			return err
		}
		return print(c, a, show)
	}
	return group("account", "The factorio.com account by which mods are downloaded", &cobra.Command{
		Use: "show", Short: "Show whose account it is", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return told(c.client.PortalAccount(cmd.Context(), me)) },
	}, c.accountCommand("login NAME", "Log in with the password, which is read from the keyboard or from standard input and not kept",
		"  mainbusctl mods account login anna", "Password: ", func(r *api.SetPortalAccount, secret string) { r.Password = secret }, told),
		c.accountCommand("token NAME", "Keep a token, which is read from the keyboard or from standard input",
			"  mainbusctl mods account token anna < token.txt", "Token: ", func(r *api.SetPortalAccount, secret string) { r.Token = secret }, told),
		&cobra.Command{
			Use: "forget", Short: "Forget the account", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return told(c.client.ForgetPortalAccount(cmd.Context(), me))
			},
		})
}

func (c *ctl) accountCommand(use, short, example, prompt string, set func(*api.SetPortalAccount, string), told func(api.PortalAccount, error) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Example: example, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in := bufio.NewReader(cmd.InOrStdin())
			r := api.SetPortalAccount{Username: args[0]}
			secret, err := readSecret(cmd, in, prompt)
			if err != nil {
				return err
			}
			set(&r, secret)
			a, err := c.client.SetPortalAccount(cmd.Context(), me, r)
			if err != nil && api.AsError(err).Code == api.EmailCodeNeeded {
				fmt.Fprintln(cmd.ErrOrStderr(), api.AsError(err).Message)
				if r.EmailCode, err = readSecret(cmd, in, "Code: "); err != nil {
					return err
				}
				a, err = c.client.SetPortalAccount(cmd.Context(), me, r)
			}
			return told(a, err)
		},
	}
}

// readSecret reads a line, without showing it where somebody types. It is no argument, because other users see those.
func readSecret(cmd *cobra.Command, in *bufio.Reader, prompt string) (line string, err error) {
	if f, ok := cmd.InOrStdin().(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(cmd.ErrOrStderr(), prompt)
		var typed []byte
		typed, err = term.ReadPassword(int(f.Fd()))
		line = string(typed)
		fmt.Fprintln(cmd.ErrOrStderr())
	} else {
		line, err = in.ReadString('\n')
	}
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("read the answer to %q: %w", prompt, err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", api.Errorf(api.Invalid, "Type it, or give it on standard input.", "nothing was given after %q", strings.TrimSpace(prompt))
	}
	return line, nil
}
