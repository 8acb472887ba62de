package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

const hostsHead = "NAME\tSTATE\tADDRESS\tFOUND BY\tGAME\tRTT\tID\tPROBLEM"

func (c *ctl) hostsCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "List hosts, also those that want to join", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			hosts, err := c.client.Hosts(cmd.Context(), me)
			if err != nil {
				return err
			}
			return c.printHosts(hosts)
		},
	}
	search := &cobra.Command{
		Use: "search", Short: "Ask each address of this machine's networks for a host, and list what was found", Args: cobra.NoArgs,
		Long: "Ask each address of the controller's networks (of large ones the 254 around its own) for a host. This is for networks\n" +
			"in which neither multicast nor broadcasts get through. It takes seconds.",
		Example: "  mainbusctl hosts search",
		RunE: func(cmd *cobra.Command, _ []string) error {
			hosts, err := c.client.SearchHosts(cmd.Context(), me)
			if err != nil {
				return err
			}
			return c.printHosts(hosts)
		},
	}
	pair := &cobra.Command{
		Use: "pair HOST CODE", Short: "Pair with a host that shows this code", Args: cobra.ExactArgs(2),
		Long: "Pair with a host. HOST is its name or id as hosts list shows it, or an address host:port.\n" +
			"CODE is what the host shows on its console; mainbus-host pair shows it again.",
		Example: "  mainbusctl hosts pair attic K7Q4-9XBM",
		RunE: func(cmd *cobra.Command, args []string) error {
			host, err := c.client.PairHost(cmd.Context(), me, api.PairHost{Host: args[0], Code: args[1]})
			if err != nil {
				return err
			}
			return print(c, host, func(h api.Host) { fmt.Fprintf(c.out, "Paired with %s.\n", printable(h.Name)) })
		},
	}
	forget := &cobra.Command{
		Use: "forget HOST", Short: "End the pairing with a host, at once; its games go on", Args: cobra.ExactArgs(1),
		Long: "End the pairing with a host, at once. Its games go on, and nobody hears of them. Its instances stay in the\n" +
			"controller's books, and come back when the host is paired again.",
		Example: "  mainbusctl hosts forget attic",
		RunE: func(cmd *cobra.Command, args []string) error {
			host, err := c.client.ForgetHost(cmd.Context(), me, api.HostRef{Host: args[0]})
			if err != nil {
				return err
			}
			return print(c, host, func(h api.Host) { fmt.Fprintf(c.out, "%s is forgotten. Its games go on.\n", printable(h.Name)) })
		},
	}
	return group("hosts", "Machines that run game servers", list, search, pair, forget, c.hostSetCommand(),
		c.inviteCommand(), c.invitationsCommand(), c.revokeCommand())
}

func (c *ctl) printHosts(hosts []api.Host) error {
	return printList(c, hosts, "No host found yet. Start mainbus-host on any machine of this network; elsewhere, let it join: mainbusctl hosts invite", hostsHead, hostRow)
}

func (c *ctl) inviteCommand() *cobra.Command {
	var r api.Invite
	var life time.Duration
	cmd := &cobra.Command{
		Use: "invite", Short: "Make a join code, with which one host can pair that is not found on the network", Args: cobra.NoArgs,
		Long: "Make a join code. Whoever has it can let one host join, so hand it on as you would a password. The host must be able to\n" +
			"reach this controller's UDP port: forward it, or use a VPN, and name the address from outside with --address.",
		Example: "  mainbusctl hosts invite --for 2h --address factory.example.org\n  mainbus-host join mb1.…       (on the host)",
		RunE: func(cmd *cobra.Command, _ []string) error {
			r.Seconds = int64(life / time.Second)
			i, err := c.client.Invite(cmd.Context(), me, r)
			if err != nil {
				return err
			}
			return print(c, i, func(i api.Invitation) {
				fmt.Fprintf(c.out, "On the host, within %s:\n\n  mainbus-host join %s\n\nIt will try %s.\n",
					time.Until(i.ExpiresAt).Round(time.Minute), i.Code, strings.Join(i.Addresses, ", "))
			})
		},
	}
	cmd.Flags().DurationVar(&life, "for", 24*time.Hour, "how long the code is good, at most 720h")
	cmd.Flags().StringArrayVar(&r.Addresses, "address", nil, "name or address, with :port if another, at which the host reaches this controller; can be given more than once")
	return cmd
}

func (c *ctl) invitationsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "invitations", Short: "List the join codes that were made, without the codes", Args: cobra.NoArgs,
		Example: "  mainbusctl hosts invitations --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := c.client.Invitations(cmd.Context(), me)
			if err != nil {
				return err
			}
			return printList(c, all, "No join code is open. mainbusctl hosts invite makes one.", "ID\tMADE\tGOOD UNTIL\tUSED BY", func(i api.Invitation) string {
				return columns(i.ID, i.CreatedAt.Local().Format(time.DateTime), i.ExpiresAt.Local().Format(time.DateTime), i.UsedBy)
			})
		},
	}
}

func (c *ctl) revokeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "Make a join code worthless", Args: cobra.ExactArgs(1),
		Long:    "Make a join code worthless; ID is as hosts invitations shows it. A host that has used it stays paired: see hosts forget.",
		Example: "  mainbusctl hosts revoke 0123456789abcdef",
		RunE: func(cmd *cobra.Command, args []string) error {
			i, err := c.client.RevokeInvitation(cmd.Context(), me, api.InvitationRef{Invitation: args[0]})
			if err != nil {
				return err
			}
			return print(c, i, func(i api.Invitation) { fmt.Fprintf(c.out, "The join code %s is worthless.\n", i.ID) })
		},
	}
}

// stateWords are what is wrong with a host, in a word or two; the sentence beside says more.
var stateWords = map[string]string{
	api.Forgotten: "refused", api.VersionSkew: "version", api.SameKey: "key copied", api.OtherKey: "another key",
	api.OtherController: "other controller", api.Refuses: "refuses", api.Unreachable: "not linked",
}

func hostRow(h api.Host) string {
	state, rtt := "not linked", ""
	switch {
	case h.Trouble != "":
		state = stateWords[h.Trouble]
	case h.State == api.Discovered:
		state = "wants to join"
	case h.Linked:
		state = "linked"
	}
	if h.Linked {
		rtt = fmt.Sprintf("%.1f ms", h.RTTMS)
	}
	return columns(h.Name, state, strings.Join(h.Addresses, " "), h.DiscoveredBy, hostGame(h), rtt, h.ID, h.Problem)
}

// hostGame is the version that instances run there which want none in particular.
func hostGame(h api.Host) string {
	if h.Linked && h.GameVersion == "" {
		return "none: mainbusctl games list"
	}
	return h.GameVersion
}
