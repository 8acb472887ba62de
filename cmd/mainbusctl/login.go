package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
	"mainbus/controller/api/remote"
)

// onThisMachine marks commands that talk to no controller.
var onThisMachine = map[string]string{"on": "this machine"}

// connect chooses the controller: the one that --cluster or --data names, else the one that was logged in to last, else the one of
// this machine.
func (c *ctl) connect(cmd *cobra.Command) error {
	if cmd.Annotations["on"] != "" {
		return nil
	}
	if !cmd.Flags().Changed("data") {
		login, elsewhere, err := remote.Find(c.logins, c.cluster)
		if err != nil {
			return err
		}
		if elsewhere {
			if c.remote, err = remote.Connect(login); err != nil {
				return err
			}
			c.client, c.login = c.remote.Client, login
			return nil
		}
	}
	c.client = api.Dial(c.dataDir)
	return nil
}

func (c *ctl) loginCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use: "login CODE", Short: "Use a cluster on another machine from here", Args: cobra.MinimumNArgs(1), // a mail program may have broken the line
		Annotations: onThisMachine,
		Long: "Use a cluster on another machine from here. CODE is a login code, which mainbusctl keys invite makes there. A key is made for this\n" +
			"machine, which stays here; all other commands go to that cluster from then on, unless --cluster or --data names another.",
		Example: "  mainbusctl login mbl1.…\n  mainbusctl login mbl1.… --name factory",
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := remote.LogIn(cmd.Context(), c.logins, strings.Join(args, ""), name)
			if err != nil {
				return err
			}
			return print(c, l, func(l remote.Login) {
				fmt.Fprintf(c.out, "Logged in to %s as %s. Commands go there from now on; --data names a controller on this machine.\n", l.Name, printable(l.User))
			})
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "what to call the cluster here; as its controller calls itself unless given")
	return cmd
}

func (c *ctl) logoutCommand() *cobra.Command {
	var here bool
	cmd := &cobra.Command{
		Use: "logout", Short: "End the login at a cluster elsewhere: its key is revoked there and deleted here", Args: cobra.NoArgs,
		Example: "  mainbusctl logout\n  mainbusctl logout --cluster factory --here",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.remote == nil {
				return api.Errorf(api.Refused, "mainbusctl clusters list shows those that there is a login for.", "there is nothing to log out of: the controller is on this machine")
			}
			if !here {
				_, err := c.client.Logout(cmd.Context(), me)
				if err != nil && api.AsError(err).Code == api.Unavailable { // perhaps only the answer was lost
					_, err = c.client.WhoAmI(cmd.Context(), me)
					if err == nil {
						_, err = c.client.Logout(cmd.Context(), me)
					}
				}
				if err != nil && api.AsError(err).Code == api.Unavailable {
					return api.Errorf(api.Unavailable, "Try again, or forget it with --here; then have the key revoked there (mainbusctl keys revoke).", "%v", err)
				}
				if err != nil && api.AsError(err).Code != api.Refused { // refused: the key is revoked already
					return err
				}
			}
			if err := errors.Join(c.remote.Close(), remote.Forget(c.logins, c.login)); err != nil {
				return err
			}
			return print(c, c.login, func(l remote.Login) { fmt.Fprintf(c.out, "Logged out of %s.\n", l.Name) })
		},
	}
	cmd.Flags().BoolVar(&here, "here", false, "only delete the key here: the controller is not asked, and would take the key still")
	return cmd
}

// whoAmI is what whoami prints with --json.
type whoAmI struct {
	Cluster string `json:"cluster"` // empty: the controller is on this machine
	api.Me
}

func (c *ctl) whoAmICommand() *cobra.Command {
	return &cobra.Command{
		Use: "whoami", Short: "Show which cluster commands go to, as whom, and what they may do", Args: cobra.NoArgs,
		Example: "  mainbusctl whoami\n  mainbusctl whoami --cluster factory --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := c.client.WhoAmI(cmd.Context(), me)
			if err != nil {
				return err
			}
			return print(c, whoAmI{c.login.Name, m}, c.printMe)
		},
	}
}

func (c *ctl) printMe(m whoAmI) {
	roles := []string{}
	for _, r := range m.Roles {
		roles = append(roles, r.Name)
	}
	lines := [][2]string{{"user", m.User}}
	if m.Kind == api.Owner {
		lines = append(lines, [2]string{"cluster", "the controller on this machine"}, [2]string{"may do", "everything, as its owner"})
	} else {
		lines = append(lines, [2]string{"cluster", m.Cluster}, [2]string{"key", m.Key}, [2]string{"from", m.From},
			[2]string{"roles", strings.Join(roles, ", ")}, [2]string{"may do", api.GrantsText(m.Grants)})
	}
	for _, line := range lines {
		fmt.Fprintf(c.out, "%-8s %s\n", line[0], printable(line[1]))
	}
}

func (c *ctl) clustersCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "List the clusters elsewhere that there is a login for", Args: cobra.NoArgs, Annotations: onThisMachine,
		Example: "  mainbusctl clusters list --json",
		RunE: func(*cobra.Command, []string) error {
			all, err := remote.Logins(c.logins)
			if err != nil {
				return err
			}
			return printList(c, all, "There is no login. mainbusctl login CODE makes one.", "NAME\tUSER\tCURRENT\tADDRESSES\tSINCE", func(l remote.Login) string {
				current := ""
				if l.Current {
					current = "yes"
				}
				return columns(l.Name, l.User, current, strings.Join(l.Addresses, " "), l.At.Local().Format(time.DateTime))
			})
		},
	}
	var here bool
	use := &cobra.Command{
		Use: "use NAME", Short: "Choose the cluster that commands go to", Args: cobra.MaximumNArgs(1), Annotations: onThisMachine,
		Long:    "Choose the cluster that commands go to where neither --cluster nor --data is given. --here chooses the controller of this machine.",
		Example: "  mainbusctl clusters use factory\n  mainbusctl clusters use --here",
		RunE: func(_ *cobra.Command, args []string) error {
			if here == (len(args) == 1) {
				return api.Errorf(api.Invalid, "", "name a cluster, or give --here")
			}
			var l remote.Login
			if !here {
				var err error
				if l, _, err = remote.Find(c.logins, args[0]); err != nil {
					return err
				}
			}
			if err := remote.Use(c.logins, l.Name); err != nil {
				return err
			}
			return print(c, l, func(l remote.Login) {
				if here {
					fmt.Fprintln(c.out, "Commands go to the controller on this machine.")
					return
				}
				fmt.Fprintf(c.out, "Commands go to %s.\n", l.Name)
			})
		},
	}
	use.Flags().BoolVar(&here, "here", false, "the controller of this machine")
	return group("clusters", "Clusters on other machines", list, use)
}
