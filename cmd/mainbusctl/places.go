package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

func (c *ctl) moveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "move NAME HOST", Short: "Bring a game server to another host, with its world, saves, mods and settings", Args: cobra.ExactArgs(2),
		Long: `Bring a game server to another host, with its world, saves, mods and settings.

One that runs saves and stops, and runs on the other host afterwards. If anything fails it is where it was, and runs if it ran. The
folder on the old host is kept until the game has run on the new one, and lies in that host's bin for 30 days then.`,
		Example: "  mainbusctl instances move nauvis box2",
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := c.client.MoveInstance(cmd.Context(), me, api.MoveInstance{Instance: args[0], Host: args[1]})
			return c.follow(cmd, t, err)
		},
	}
}

func (c *ctl) renameCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rename NAME NEW", Short: "Give a game server another name here; what players see is the setting \"name\"", Args: cobra.ExactArgs(2),
		Example: "  mainbusctl instances rename nauvis \"Nauvis, the old one\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			i, err := c.client.RenameInstance(cmd.Context(), me, api.RenameInstance{Instance: args[0], Name: args[1]})
			if err != nil {
				return err
			}
			return print(c, i, func(i api.Instance) { fmt.Fprintf(c.out, "It is called %s.\n", printable(i.Name)) })
		},
	}
}

func (c *ctl) deleteCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete NAME", Short: "Take a stopped game server out of the cluster; its folder lies in the host's bin for 30 days", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl instances delete nauvis --yes",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !yes && !confirmed(cmd, fmt.Sprintf("Delete the game server %s, with its world and saves?", printable(args[0]))) {
				return api.Errorf(api.Refused, "Say --yes if that is meant.", "nothing was deleted")
			}
			i, err := c.client.DeleteInstance(cmd.Context(), me, api.InstanceRef{Instance: args[0]})
			if err != nil {
				return err
			}
			return print(c, i, func(i api.Instance) {
				fmt.Fprintf(c.out, "Deleted %s. Its folder is in the bin of %s, as bin/…~%s.\n", printable(i.Name), printable(i.HostName), i.ID)
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// confirmed asks whoever sits at the terminal; where nobody does the answer is no.
func confirmed(cmd *cobra.Command, question string) bool {
	if f, ok := cmd.InOrStdin().(*os.File); ok {
		if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
			return false
		}
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s [y/N] ", question)
	line, _ := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes"
}
