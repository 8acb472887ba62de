package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

func (c *ctl) configCommand() *cobra.Command {
	get := &cobra.Command{
		Use: "get NAME", Short: "Show the server settings, without passwords and tokens", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl instances config get nauvis",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.client.ServerSettings(cmd.Context(), me, api.InstanceRef{Instance: args[0]})
			return c.printSettings(s, err)
		},
	}
	set := &cobra.Command{
		Use: "set NAME KEY VALUE", Short: "Change one server setting; it holds from the next start on", Args: cobra.ExactArgs(3),
		Example: "  mainbusctl instances config set nauvis autosave_interval 10\n  mainbusctl instances config set nauvis visibility.public true",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.client.ChangeSettings(cmd.Context(), me, api.ChangeSettings{Instance: args[0], Key: args[1], Value: args[2]})
			return c.printSettings(s, err)
		},
	}
	edit := &cobra.Command{
		Use: "edit NAME FILE", Short: "Replace the server settings by a file; keys that are not known survive", Args: cobra.ExactArgs(2),
		Long: "Replace the server settings by a file. A password or token that says \"(not shown)\" in it stays as it was, so that what\n" +
			"\"get --json\" prints as \"settings\" can be edited and put back. It holds from the next start on.",
		Example: "  mainbusctl instances config edit nauvis server-settings.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := os.ReadFile(args[1])
			if err != nil {
				return api.Errorf(api.NotFound, "", "%v", err)
			}
			s, err := c.client.ChangeSettings(cmd.Context(), me, api.ChangeSettings{Instance: args[0], File: string(text)})
			return c.printSettings(s, err)
		},
	}
	return group("config", "The settings of a game server, as players meet it", get, set, edit)
}

func (c *ctl) printSettings(s api.ServerSettings, err error) error {
	if err != nil {
		return err
	}
	return print(c, s, func(s api.ServerSettings) {
		var text bytes.Buffer
		if json.Indent(&text, s.Settings, "", "  ") == nil {
			c.printLines(strings.Split(text.String(), "\n"))
		}
		for _, p := range s.Problems {
			fmt.Fprintln(c.out, "Problem:", printable(p))
		}
	})
}
