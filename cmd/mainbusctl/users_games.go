package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

// moderated shows what came of something in games.
func (c *ctl) moderated(list []api.Moderated, err error) error {
	if err != nil {
		return err
	}
	return printList(c, list, "Nothing was done.", "INSTANCE\tANSWER", func(m api.Moderated) string {
		return columns(m.InstanceName, cmp.Or(m.Problem, m.Answer, "done"))
	})
}

func (c *ctl) userKickCommand() *cobra.Command {
	r := api.ModeratePlayer{Action: api.Kick}
	cmd := &cobra.Command{
		Use: "kick NAME", Short: "Put a player out of a game; they may come back", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl users kick eve --reason 'calm down'",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Name = args[0]
			return c.moderated(c.client.ModeratePlayer(cmd.Context(), me, r))
		},
	}
	cmd.Flags().StringVar(&r.Reason, "reason", "", "why; the player is told")
	cmd.Flags().StringVar(&r.Instance, "instance", "", "where; empty: wherever the player is")
	return cmd
}

func (c *ctl) userMuteCommand(action, short string) *cobra.Command {
	r := api.ModeratePlayer{Action: action}
	cmd := &cobra.Command{
		Use: action + " NAME", Short: short, Args: cobra.ExactArgs(1),
		Example: "  mainbusctl users " + action + " eve --instance nauvis",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Name = args[0]
			return c.moderated(c.client.ModeratePlayer(cmd.Context(), me, r))
		},
	}
	everywhere := "where; empty: wherever the player is"
	if action == api.Unmute {
		everywhere = "where; empty: in all games that run"
	}
	cmd.Flags().StringVar(&r.Instance, "instance", "", everywhere)
	return cmd
}

func (c *ctl) userMessageCommand() *cobra.Command {
	var r api.MessagePlayers
	cmd := &cobra.Command{
		Use: "message TEXT", Short: "Say something in games, to all or to one player", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl users message 'Restart in five minutes' --instance nauvis\n  mainbusctl users message 'Please look into your mail' --to ann",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Text = args[0]
			return c.moderated(c.client.MessagePlayers(cmd.Context(), me, r))
		},
	}
	cmd.Flags().StringVar(&r.Name, "to", "", "this player only")
	cmd.Flags().StringVar(&r.Instance, "instance", "", "where; empty: wherever the player is, or in all games that run")
	return cmd
}

func (c *ctl) userSendCommand() *cobra.Command {
	var r api.SendPlayer
	cmd := &cobra.Command{
		Use: "send NAME INSTANCE", Short: "Ask a player to go to another instance", Args: cobra.ExactArgs(2),
		Long: "Ask a player to go to another instance: the game shows them a question with its address, and they decide. Where players reach\n" +
			"a host's games says mainbusctl hosts set HOST --player-address.",
		Example: "  mainbusctl users send ann vulcanus",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Name, r.To = args[0], args[1]
			return c.moderated(c.client.SendPlayer(cmd.Context(), me, r))
		},
	}
	cmd.Flags().StringVar(&r.Instance, "instance", "", "where the player is; empty: wherever")
	return cmd
}

// changes shows what came of a change of many users, or would.
func (c *ctl) changedMany(u api.UserChanges, err error, preview bool) error {
	if err != nil {
		return err
	}
	return print(c, u, func(u api.UserChanges) {
		word := "changed"
		if preview {
			word = "would change"
		}
		fmt.Fprintf(c.out, "%s: %d %s", printable(u.What), u.Changed, word)
		for _, part := range []struct {
			n    int
			text string
		}{{u.Created, "without a record so far"}, {u.Unchanged, "are so already"}, {u.Since, "were changed since, which stays"}, {u.Left, "it had not come to when it was interrupted"}, {u.Bad, "can't be taken over"}} {
			if part.n > 0 {
				fmt.Fprintf(c.out, ", %d %s", part.n, part.text)
			}
		}
		fmt.Fprintln(c.out, ".")
		if len(u.Rows) > 0 {
			printTable(c, u.Rows, "NAME\tBECOMES", func(e api.UserEffect) string { return columns(e.Name, e.Text) })
		}
		if more := u.Changed - len(u.Rows); more > 0 {
			fmt.Fprintf(c.out, "and %d more.\n", more)
		}
		for _, s := range u.Skipped {
			fmt.Fprintln(c.out, "left out: "+printable(s))
		}
	})
}

// previewFlag is on every command that changes many users.
func previewFlag(cmd *cobra.Command, preview *bool) {
	cmd.Flags().BoolVar(preview, "preview", false, "only show what would come of it")
}

func (c *ctl) userBulkCommand() *cobra.Command {
	var preview, all bool
	var r api.BulkUsers
	var match api.FindUsers
	cmd := &cobra.Command{
		Use: "bulk ACTION [NAME...]", Short: "Do the same to many users; users undo takes it back", Args: cobra.MinimumNArgs(1),
		Long: "Do the same to many users: ban, unban, promote, demote, whitelist, unwhitelist, clear_notes, grant_role or revoke_role. A\n" +
			"single - as NAME reads names from standard input, separated by blanks or line ends. --all in place of names means all who\n" +
			"match the flags beside it, as users list finds them. Very many are changed in portions; if that is interrupted, users list\n" +
			"says so, and the same command does the rest.",
		Example: "  mainbusctl users bulk ban eve mallory --reason 'griefing together' --preview\n  mainbusctl users bulk whitelist - < names.txt\n" +
			"  mainbusctl users bulk grant_role --role helpers ann bob\n  mainbusctl users bulk unwhitelist --all --banned --preview",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Action, r.Names = args[0], args[1:]
			switch {
			case all && len(r.Names) > 0:
				return errors.New("name users, or say --all, not both")
			case all:
				r.Match = &match
			case match != (api.FindUsers{}):
				return errors.New("say --all too, if all who match are meant")
			case len(r.Names) == 1 && r.Names[0] == "-":
				text, err := readAtMost(os.Stdin, maxUserFile)
				if err != nil {
					return err
				}
				r.Names = strings.Fields(string(text))
			}
			do := c.client.BulkUsers
			if preview {
				do = c.client.PreviewBulk
			}
			u, err := do(cmd.Context(), me, r)
			return c.changedMany(u, err, preview)
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.Reason, "reason", "", "of a ban")
	f.StringVar(&r.Role, "role", "", "the role of grant_role and revoke_role")
	f.BoolVar(&all, "all", false, "all who match, on all pages")
	f.StringVar(&match.Text, "text", "", "with --all: this is in the name, in upper or lower case")
	f.StringVar(&match.Role, "with-role", "", "with --all: only users with this role")
	filterFlags(cmd, &match)
	previewFlag(cmd, &preview)
	return cmd
}

const maxUserFile = 16 << 20

func readAtMost(from io.Reader, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(from, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("more than %d MiB", limit>>20)
	}
	return text, err
}

// formOf guesses the form of a file by its name and beginning.
func formOf(name string, content []byte) (string, error) {
	name = strings.ToLower(name)
	switch head := strings.TrimSpace(strings.TrimPrefix(string(content[:min(len(content), 200)]), "\ufeff")); {
	case strings.HasPrefix(head, "{") && strings.Contains(head, "export_version"):
		return api.UsersFile, nil
	case strings.HasPrefix(head, "{"), strings.Contains(name, "users"):
		return api.ClusterioFile, nil
	case strings.Contains(name, "ban"):
		return api.BanFile, nil
	case strings.Contains(name, "admin"):
		return api.AdminFile, nil
	case strings.Contains(name, "whitelist"):
		return api.WhitelistFile, nil
	}
	return "", errors.New("the file's name does not tell what it is: say --form admins, bans, whitelist, users or clusterio")
}

func (c *ctl) userImportCommand() *cobra.Command {
	var r api.ImportUsers
	var preview bool
	var roles string
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Take over a list of players or an export of users; users undo takes it back", Args: cobra.ExactArgs(1),
		Long: "Take over the game's server-adminlist.json, server-banlist.json or server-whitelist.json, or an export of users (Clusterio's too),\n" +
			"or users.json of Clusterio's database (--form clusterio). Roles that it gives come from the roles.json beside it: import that first\n" +
			"(mainbusctl roles import), then users get those roles.\n" +
			"It only adds: nobody is unbanned, and a ban keeps its reason. With --restore what the file has not is taken away too.",
		Example: "  mainbusctl users import server-banlist.json --preview\n  mainbusctl users import users.json --restore\n" +
			"  mainbusctl roles import clusterio/database/roles.json && mainbusctl users import clusterio/database/users.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer file.Close()
			if r.Content, err = readAtMost(file, maxUserFile); err != nil {
				return fmt.Errorf("read %s: %w", args[0], err)
			}
			if r.Form == "" {
				if r.Form, err = formOf(args[0], r.Content); err != nil {
					return err
				}
			}
			if r.Form == api.ClusterioFile {
				if r.Roles, err = readRoles(args[0], roles); err != nil {
					return err
				}
			}
			do := c.client.ImportUsers
			if preview {
				do = c.client.PreviewImport
			}
			u, err := do(cmd.Context(), me, r)
			return c.changedMany(u, err, preview)
		},
	}
	cmd.Flags().StringVar(&r.Form, "form", "", "admins, bans, whitelist, users or clusterio; empty: by the file")
	cmd.Flags().StringVar(&roles, "roles", "", "roles.json of Clusterio's database; empty: the one beside FILE")
	cmd.Flags().BoolVar(&r.Restore, "restore", false, "take away what the file has not")
	previewFlag(cmd, &preview)
	return cmd
}

// readRoles reads the roles.json that belongs to a users.json. Older databases have none.
func readRoles(users, roles string) ([]byte, error) {
	file, err := os.Open(cmp.Or(roles, filepath.Join(filepath.Dir(users), "roles.json")))
	if roles == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	defer file.Close()
	return readAtMost(file, maxUserFile)
}

func (c *ctl) userExportCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "export FORM", Short: "Write a list of players as the game has it, or all users who are on one", Args: cobra.ExactArgs(1),
		Long:    "Write admins, bans or whitelist as the game has them, or users, which Clusterio reads too.",
		Example: "  mainbusctl users export bans --out server-banlist.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := c.client.ExportUsers(cmd.Context(), me, api.ExportUsers{Form: args[0]})
			if err != nil {
				return err
			}
			if out == "" {
				return print(c, f, func(f api.UserFile) { _, _ = c.out.Write(f.Content) })
			}
			if err := os.WriteFile(out, f.Content, 0o600); err != nil {
				return err
			}
			return print(c, f, func(f api.UserFile) { fmt.Fprintf(c.out, "%d users are in %s.\n", f.Users, out) })
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write; empty: standard output")
	return cmd
}

func (c *ctl) userUndoCommand() *cobra.Command {
	var preview bool
	cmd := &cobra.Command{
		Use: "undo", Short: "Take back the newest import or change of many users that stands", Args: cobra.NoArgs,
		Long:    "Take back the newest import or change of many users that stands. What somebody has changed since stays.",
		Example: "  mainbusctl users undo --preview",
		RunE: func(cmd *cobra.Command, _ []string) error {
			do := func(ctx context.Context) (api.UserChanges, error) { return c.client.UndoUsers(ctx, me) }
			if preview {
				do = func(ctx context.Context) (api.UserChanges, error) { return c.client.PreviewUndoUsers(ctx, me) }
			}
			u, err := do(cmd.Context())
			return c.changedMany(u, err, preview)
		},
	}
	previewFlag(cmd, &preview)
	return cmd
}
