package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

func (c *ctl) usersCommand() *cobra.Command {
	return group("users", "Show and change players, and what happens to them in games",
		c.userListCommand(), c.userShowCommand(), c.userHistoryCommand(), c.userAddCommand(), c.userNoteCommand(),
		c.userBanCommand(), c.userUnbanCommand(), c.userFlagCommand("promote", "Make a player an admin", func(r *api.ChangeUser) { r.Admin = new(true) }),
		c.userFlagCommand("demote", "Make an admin a player like others", func(r *api.ChangeUser) { r.Admin = new(false) }),
		group("whitelist", "Players who may join where the whitelist is on",
			c.userFlagCommand("add", "Put a player on the whitelist", func(r *api.ChangeUser) { r.Whitelisted = new(true) }),
			c.userFlagCommand("remove", "Take a player off the whitelist", func(r *api.ChangeUser) { r.Whitelisted = new(false) })),
		c.userKickCommand(), c.userMuteCommand(api.Mute, "Let nobody see what a player says"), c.userMuteCommand(api.Unmute, "Let a muted player be heard again"),
		c.userMessageCommand(), c.userSendCommand(), c.userDeleteCommand(),
		c.userBulkCommand(), c.userImportCommand(), c.userExportCommand(), c.userUndoCommand())
}

func (c *ctl) userListCommand() *cobra.Command {
	var r api.FindUsers
	cmd := &cobra.Command{
		Use: "list [TEXT]", Short: "List users", Args: cobra.MaximumNArgs(1),
		Long: "List users; with TEXT those whose names contain it, in upper or lower case. \"played\" is the time of all instances together,\n" +
			"\"online\" where they are; with a ? the host can't be reached, and so it was when it was heard of last.",
		Example: "  mainbusctl users list --online\n  mainbusctl users list griefer --banned --sort seen --descending",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				r.Text = args[0]
			}
			page, err := c.client.Users(cmd.Context(), me, r)
			if err != nil {
				return err
			}
			return print(c, page, c.printUsers)
		},
	}
	f := cmd.Flags()
	filterFlags(cmd, &r)
	f.StringVar(&r.Role, "role", "", "only users with this role")
	f.StringVar(&r.Sort, "sort", api.UsersByName, "name, seen, time or joins")
	f.BoolVar(&r.Descending, "descending", false, "the last of that order first")
	f.IntVar(&r.Limit, "limit", 100, "how many, at most 1000")
	f.IntVar(&r.Offset, "offset", 0, "leave out so many")
	return cmd
}

// filterFlags say which users are meant.
func filterFlags(cmd *cobra.Command, r *api.FindUsers) {
	f := cmd.Flags()
	f.BoolVar(&r.Online, "online", false, "only players in games")
	f.BoolVar(&r.Admin, "admin", false, "only admins")
	f.BoolVar(&r.Banned, "banned", false, "only banned users")
	f.BoolVar(&r.Whitelisted, "whitelisted", false, "only users on the whitelist")
}

func (c *ctl) printUsers(page api.UserPage) {
	if page.Unfinished != "" {
		fmt.Fprintln(c.out, printable(page.Unfinished))
	}
	if len(page.Users) == 0 {
		fmt.Fprintln(c.out, "No users. Who joins a game gets a record by itself; mainbusctl users import takes over a list.")
		return
	}
	printTable(c, page.Users, "NAME\tIS\tPLAYED\tJOINS\tLAST SEEN\tONLINE", func(u api.UserRecord) string {
		return columns(u.Name, userIs(u), playedText(u.Seconds), u.Joins, timeText(u.LastSeen), onlineText(u.Online))
	})
	if page.Total > len(page.Users) {
		fmt.Fprintf(c.out, "%d of %d users.\n", len(page.Users), page.Total)
	}
}

func userIs(u api.UserRecord) string {
	var is []string
	for _, f := range []struct {
		flag api.UserFlag
		text string
	}{{u.Admin, "admin"}, {u.Whitelisted, "whitelisted"}, {u.Banned, "banned"}} {
		if f.flag.Set {
			is = append(is, f.text)
		}
	}
	return strings.Join(is, ", ")
}

// playedText is "3 d 4 h", "2:05 h" or "0:59 h".
func playedText(seconds int64) string {
	hours, minutes := seconds/3600, seconds/60%60
	if hours >= 100 {
		return fmt.Sprintf("%d d %d h", hours/24, hours%24)
	}
	return fmt.Sprintf("%d:%02d h", hours, minutes)
}

func timeText(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return t.Local().Format(time.DateTime)
}

func onlineText(list []api.Presence) string {
	var where []string
	for _, p := range list {
		text := cmp.Or(p.InstanceName, p.Instance)
		if p.Unknown {
			text += "?"
		}
		where = append(where, text)
	}
	return strings.Join(where, ", ")
}

func (c *ctl) userShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Show everything about a user", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl users show ann",
		RunE: func(cmd *cobra.Command, args []string) error {
			u, err := c.client.User(cmd.Context(), me, api.UserRef{Name: args[0]})
			if err != nil {
				return err
			}
			return print(c, u, c.printUser)
		},
	}
}

func (c *ctl) printUser(u api.UserDetails) {
	flag := func(f api.UserFlag) string {
		text := "no"
		if f.Set {
			text = "yes"
		}
		if f.At != nil {
			text += fmt.Sprintf(", by %s on %s", cmp.Or(f.By, "nobody"), timeText(f.At))
		}
		return text
	}
	lines := [][2]string{
		{"name", u.Name}, {"first seen", timeText(u.FirstSeen)}, {"last seen", timeText(u.LastSeen)}, {"online", cmp.Or(onlineText(u.Online), "no")},
		{"played", fmt.Sprintf("%s, %d joins", playedText(u.Seconds), u.Joins)},
		{"admin", flag(u.Admin)}, {"whitelisted", flag(u.Whitelisted)}, {"banned", flag(u.Banned)},
	}
	if u.BanReason != "" {
		lines = append(lines, [2]string{"reason", u.BanReason})
	}
	if u.Notes != "" {
		lines = append(lines, [2]string{"notes", u.Notes})
	}
	for _, line := range lines {
		fmt.Fprintf(c.out, "%-12s %s\n", line[0], printable(line[1]))
	}
	if len(u.Plays) > 0 {
		fmt.Fprintln(c.out)
		printTable(c, u.Plays, "INSTANCE\tPLAYED\tJOINS\tFIRST\tLAST\tLEFT BECAUSE", func(p api.UserPlay) string {
			return columns(instanceText(p.Instance, p.InstanceName), playedText(p.Seconds), p.Joins, timeText(&p.FirstJoin), timeText(&p.LastJoin), p.Reason)
		})
	}
}

func (c *ctl) userHistoryCommand() *cobra.Command {
	var r api.ReadUserHistory
	cmd := &cobra.Command{
		Use: "history NAME", Short: "Show when a user came and went, newest first", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl users history ann --instance nauvis --limit 20",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Name = args[0]
			visits, err := c.client.UserHistory(cmd.Context(), me, r)
			if err != nil {
				return err
			}
			return printList(c, visits, "No visits.", "ID\tINSTANCE\tJOINED\tLEFT\tPLAYED\tBECAUSE", func(v api.UserVisit) string {
				left := "is there"
				if v.Left != nil {
					left = timeText(v.Left)
				}
				return columns(v.ID, instanceText(v.Instance, v.InstanceName), timeText(&v.Joined), left, playedText(v.Seconds), v.Reason)
			})
		},
	}
	cmd.Flags().StringVar(&r.Instance, "instance", "", "only visits of this one")
	cmd.Flags().IntVar(&r.Limit, "limit", 100, "how many, at most 1000")
	cmd.Flags().Int64Var(&r.Before, "before", 0, "only those before the one with this id")
	return cmd
}

// changed shows a record that was changed.
func (c *ctl) changed(u api.UserRecord, err error) error {
	if err != nil {
		return err
	}
	return print(c, u, func(u api.UserRecord) {
		fmt.Fprintf(c.out, "%s is %s.\n", printable(u.Name), cmp.Or(userIs(u), "on no list"))
	})
}

func (c *ctl) userAddCommand() *cobra.Command {
	return c.userDo("add NAME", "Make a record of a player who was not seen yet, to give roles or a key to", "  mainbusctl users add ann", func(ctx context.Context, name string) error {
		return c.changed(c.client.ChangeUser(ctx, me, api.ChangeUser{Name: name, Create: true}))
	})
}

func (c *ctl) userNoteCommand() *cobra.Command {
	return &cobra.Command{
		Use: "note NAME TEXT", Short: "Write notes about a user, in place of those that there are", Args: cobra.ExactArgs(2),
		Example: "  mainbusctl users note ann 'Builds good trains. Warned on Monday.'\n  mainbusctl users note ann ''",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.changed(c.client.ChangeUser(cmd.Context(), me, api.ChangeUser{Name: args[0], Notes: &args[1]}))
		},
	}
}

func (c *ctl) userBanCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "ban NAME", Short: "Ban a player", Args: cobra.ExactArgs(1),
		Long: "Ban a player. The games whose list of bans is kept the same (mainbusctl lists) follow; the others are left alone.\n" +
			"Of a ban that stands it changes the reason.",
		Example: "  mainbusctl users ban eve --reason 'took the trains apart'",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.changed(c.client.BanUser(cmd.Context(), me, api.BanUser{Name: args[0], Reason: reason}))
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; the player is told")
	return cmd
}

func (c *ctl) userUnbanCommand() *cobra.Command {
	return c.userDo("unban NAME", "Take a ban away", "  mainbusctl users unban eve", func(ctx context.Context, name string) error {
		return c.changed(c.client.UnbanUser(ctx, me, api.UserRef{Name: name}))
	})
}

func (c *ctl) userFlagCommand(use, short string, set func(*api.ChangeUser)) *cobra.Command {
	path := use
	if use == "add" || use == "remove" {
		path = "whitelist " + use
	}
	return c.userDo(use+" NAME", short, "  mainbusctl users "+path+" ann", func(ctx context.Context, name string) error {
		r := api.ChangeUser{Name: name}
		set(&r)
		return c.changed(c.client.ChangeUser(ctx, me, r))
	})
}

func (c *ctl) userDeleteCommand() *cobra.Command {
	return c.userDo("delete NAME", "Delete a record, with what the player has played", "  mainbusctl users delete ann", func(ctx context.Context, name string) error {
		u, err := c.client.DeleteUser(ctx, me, api.UserRef{Name: name})
		if err != nil {
			return err
		}
		return print(c, u, func(u api.UserRecord) { fmt.Fprintf(c.out, "The record of %s is deleted.\n", printable(u.Name)) })
	})
}

// userDo is a command with nothing but a name.
func (c *ctl) userDo(use, short, example string, do func(context.Context, string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Example: example, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return do(cmd.Context(), args[0]) },
	}
}
