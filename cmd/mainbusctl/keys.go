package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

func (c *ctl) keysCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list [USER]", Short: "List the keys with which users call from other machines", Args: cobra.MaximumNArgs(1),
		Example: "  mainbusctl keys list\n  mainbusctl keys list ann --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := c.client.Keys(cmd.Context(), me, api.KeysOf{User: strings.Join(args, "")})
			if err != nil {
				return err
			}
			return printList(c, all, "There is no key. mainbusctl keys invite USER makes a code by which one is made.", "KEY\tUSER\tMACHINE\tCONNECTIONS\tLAST SEEN\tFROM\tMADE", func(k api.Key) string {
				return columns(k.ID, k.User, k.Machine, k.Connections, k.LastSeen.Local().Format(time.DateTime), k.From, k.MadeAt.Local().Format(time.DateTime))
			})
		},
	}
	revoke := &cobra.Command{
		Use: "revoke KEY", Short: "Make a key worthless, and end its connections at once", Args: cobra.ExactArgs(1),
		Long:    "Make a key worthless, and end its connections at once. KEY is as keys list shows it, or the beginning of that.",
		Example: "  mainbusctl keys revoke 5yjz4n",
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := c.client.RevokeKey(cmd.Context(), me, api.KeyRef{Key: args[0]})
			if err != nil {
				return err
			}
			return print(c, key, func(k api.Key) {
				fmt.Fprintf(c.out, "The key of %s on %s is worthless.\n", printable(k.User), printable(k.Machine))
			})
		},
	}
	return group("keys", "Keys with which users call from other machines", list, c.keysInviteCommand(), c.keysInvitationsCommand(), c.keysUninviteCommand(), revoke)
}

func (c *ctl) keysInviteCommand() *cobra.Command {
	var r api.InviteUser
	var life time.Duration
	cmd := &cobra.Command{
		Use: "invite USER", Short: "Make a login code for a user, which is good once", Args: cobra.ExactArgs(1),
		Long: "Make a login code. Whoever has it can act for the user, so hand it on as you would a password. It makes a key on the machine on\n" +
			"which it is used; what that key may do are the user's roles (mainbusctl roles). The machine must be able to reach this controller's\n" +
			"UDP port: forward it, or use a VPN, and name the address from outside with --address.",
		Example: "  mainbusctl keys invite ann --address factory.example.org\n  mainbusctl login mbl1.…       (on the other machine)",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.User, r.Seconds = args[0], int64(life/time.Second)
			i, err := c.client.InviteUser(cmd.Context(), me, r)
			if err != nil {
				return err
			}
			return print(c, i, func(i api.UserInvitation) {
				fmt.Fprintf(c.out, "%s, on another machine, within %s:\n\n  mainbusctl login %s\n\nIt will try %s.\n",
					printable(i.User), time.Until(i.ExpiresAt).Round(time.Minute), i.Code, strings.Join(i.Addresses, ", "))
			})
		},
	}
	cmd.Flags().DurationVar(&life, "for", time.Hour, "how long the code is good, at most 168h")
	cmd.Flags().StringArrayVar(&r.Addresses, "address", nil, "name or address, with :port if another, at which this controller can be reached; can be given more than once")
	return cmd
}

func (c *ctl) keysInvitationsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "invitations", Short: "List the login codes that were made, without the codes", Args: cobra.NoArgs,
		Example: "  mainbusctl keys invitations --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := c.client.UserInvitations(cmd.Context(), me)
			if err != nil {
				return err
			}
			return printList(c, all, "No login code is open. mainbusctl keys invite USER makes one.", "ID\tUSER\tMADE\tGOOD UNTIL\tUSED BY", func(i api.UserInvitation) string {
				return columns(i.ID, i.User, i.CreatedAt.Local().Format(time.DateTime), i.ExpiresAt.Local().Format(time.DateTime), i.UsedBy)
			})
		},
	}
}

func (c *ctl) keysUninviteCommand() *cobra.Command {
	return &cobra.Command{
		Use: "uninvite ID", Short: "Make a login code worthless", Args: cobra.ExactArgs(1),
		Long:    "Make a login code worthless; ID is as keys invitations shows it. A key that was made by it stays: see keys revoke.",
		Example: "  mainbusctl keys uninvite 0123456789abcdef",
		RunE: func(cmd *cobra.Command, args []string) error {
			i, err := c.client.RevokeUserInvitation(cmd.Context(), me, api.InvitationRef{Invitation: args[0]})
			if err != nil {
				return err
			}
			return print(c, i, func(i api.UserInvitation) { fmt.Fprintf(c.out, "The login code %s is worthless.\n", i.ID) })
		},
	}
}
