package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"mainbus/hostagent/service"
	"mainbus/transport/local"
)

// serviceData is where a machine's service of systemd keeps its data unless --data says otherwise.
const serviceData = "/var/lib/mainbus-host"

func serviceCommand(o *options) *cobra.Command {
	var own bool
	var account string
	install := &cobra.Command{
		Use:   "install [--user] [-- FLAGS]",
		Short: "Start the agent with the machine",
		Long: "Start the agent with the machine, or with --user when you log in. What follows -- are flags of the agent.\n" +
			"Stopping the service, starting it again and replacing the program end no game.",
		Example: "  sudo mainbus-host service install -- --factorio /opt/factorio --name attic\n  mainbus-host service install --user",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFlags(args); err != nil {
				o.understood = false
				return err
			}
			c, err := serviceConfig(o, cmd.Flags().Changed("data"), own, account, args)
			if err != nil {
				return err
			}
			if err := service.Install(c); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "The agent runs as the service %s, with its data in %s.\nmainbus-host --data %s pair shows the code for a controller.\n",
				service.Name, c.DataDir, c.DataDir)
			return nil
		},
	}
	install.Flags().StringVar(&account, "account", "", "account that a machine's service runs as; Linux: mainbus, which is made if it is missing")
	uninstall := &cobra.Command{
		Use: "uninstall", Short: "Stop the service and remove it; games go on, data stay", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := service.Uninstall(own); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "The service is removed. Games that run go on; the data folder stays.")
			return nil
		},
	}
	status := &cobra.Command{
		Use: "status", Short: "Say how the service is", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			state, err := service.Status(own)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), state)
			return nil
		},
	}
	group := &cobra.Command{Use: "service", Short: "Run the agent as a service of this machine", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			o.understood = false
			return errors.New("service needs one of: install, uninstall, status")
		}}
	group.PersistentFlags().BoolVar(&own, "user", false, "a service of your own instead of the machine's")
	group.AddCommand(install, uninstall, status)
	return group
}

// checkFlags tells whether the agent would understand them, before a service is made that would not start.
func checkFlags(args []string) error {
	agent := command(new(options))
	agent.SetOut(io.Discard)
	if err := agent.ParseFlags(args); err != nil {
		return fmt.Errorf("flags of the agent: %w", err)
	}
	if rest := agent.Flags().Args(); len(rest) > 0 {
		return fmt.Errorf("%q is no flag of the agent", rest[0])
	}
	if agent.Flags().Changed("data") {
		return errors.New("--data belongs before the --")
	}
	return nil
}

func serviceConfig(o *options, dataGiven, own bool, account string, args []string) (service.Config, error) {
	self, err := os.Executable()
	if err != nil {
		return service.Config{}, fmt.Errorf("find this program's executable: %w", err)
	}
	data := o.data
	if !dataGiven && !own && runtime.GOOS == "linux" {
		data = serviceData
	} else if !dataGiven {
		data = local.DataDir("host")
	}
	if data, err = filepath.Abs(data); err != nil {
		return service.Config{}, fmt.Errorf("use data folder: %w", err)
	}
	return service.Config{Executable: self, DataDir: data, Arguments: args, User: own, RunAs: account}, nil
}
