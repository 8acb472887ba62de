// Command mainbusctl does everything that can be done with a cluster, for people and scripts. It talks to the controller
// on this machine through the socket in the controller's data folder, or, after a login, to one elsewhere over a link. Only inspect
// needs none.
//
// Exit codes: 0 done, 1 failed, 2 wrong usage, 3 controller or host not reachable.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mainbus/controller/api"
	"mainbus/controller/api/remote"
	"mainbus/transport/local"
)

const (
	exitFailed      = 1
	exitUsage       = 2
	exitUnreachable = 3
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	cancel()
	os.Exit(code)
}

// A ctl is one run of the program.
type ctl struct {
	client  *api.Client
	out     io.Writer
	json    bool
	dataDir string
	cluster string
	logins  string             // folder of them
	remote  *remote.Connection // nil: the controller is on this machine
	login   remote.Login       // that remote is of
	began   bool               // the command line was understood: errors from here on are not about usage
}

// me is filled in by the controller, which knows who is at the other end of its socket.
var me = api.Caller{}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c := &ctl{out: stdout}
	root := c.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case c.remote != nil:
		c.remote.Close()
	case c.client != nil:
		c.client.Close()
	}
	switch {
	case err == nil:
		return 0
	case !c.began:
		fmt.Fprintf(stderr, "mainbusctl: %s\n%s\n", usageError(err), usageHint(cmd))
		return exitUsage
	}
	shown := api.AsError(err)
	c.printError(stderr, shown)
	if shown.Code == api.Unavailable {
		return exitUnreachable
	}
	return exitFailed
}

func (c *ctl) printError(stderr io.Writer, e *api.Error) {
	if c.json {
		if err := json.NewEncoder(stderr).Encode(map[string]*api.Error{"error": e}); err == nil {
			return
		}
	}
	fmt.Fprintf(stderr, "mainbusctl: %s\n", e.Message)
	if e.Next != "" {
		fmt.Fprintln(stderr, e.Next)
	}
}

func (c *ctl) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "mainbusctl",
		Short:         "Control a Mainbus cluster",
		Long:          "Control a Mainbus cluster.\n\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 controller or host not reachable.",
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("data") && c.cluster != "" {
				return errors.New("--data names a controller on this machine and --cluster one elsewhere: give one of them")
			}
			c.began = true
			return c.connect(cmd)
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.PersistentFlags().StringVar(&c.dataDir, "data", local.DataDir("controller"), "the controller's data folder")
	root.PersistentFlags().BoolVar(&c.json, "json", false, "print one JSON object or array")
	root.PersistentFlags().StringVar(&c.cluster, "cluster", "", "a cluster elsewhere, as clusters list shows it")
	root.PersistentFlags().StringVar(&c.logins, "logins", remote.Dir(), "folder in which logins are remembered")
	root.AddCommand(
		c.controllerCommand(),
		c.hostsCommand(),
		c.instancesCommand(),
		c.savesCommand(),
		c.modsCommand(),
		c.packsCommand(),
		c.tasksCommand(),
		c.gamesCommand(),
		c.busCommand(),
		c.statsCommand(),
		c.listsCommand(),
		c.usersCommand(),
		c.rolesCommand(),
		c.keysCommand(),
		c.loginCommand(), c.logoutCommand(), c.whoAmICommand(), c.clustersCommand(),
		c.inspectCommand(),
	)
	return root
}

// usageError says what is wrong without the words of Go's library.
func usageError(err error) string {
	var value *pflag.InvalidValueError
	var number *strconv.NumError
	if errors.As(err, &value) && errors.As(err, &number) {
		return fmt.Sprintf("--%s takes a number, and %q is none that it can take", value.GetFlag().Name, value.GetValue())
	}
	return err.Error()
}

// usageHint says how the command is used that was meant.
func usageHint(cmd *cobra.Command) string {
	if cmd.HasSubCommands() {
		return cmd.CommandPath() + " --help lists the commands."
	}
	return fmt.Sprintf("Usage: %s\n%s --help tells more.", cmd.UseLine(), cmd.CommandPath())
}

// group is a command that only holds others; alone or with an unknown word it is wrong usage.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{Use: use, Short: short, Args: func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return fmt.Errorf("%s has no command %q", cmd.CommandPath(), args[0])
		}
		return errors.New(cmd.CommandPath() + " needs one of: " + names(cmd))
	}, RunE: func(*cobra.Command, []string) error { return nil }}
	g.AddCommand(commands...)
	return g
}

func names(cmd *cobra.Command) string {
	var all []string
	for _, sub := range cmd.Commands() {
		all = append(all, sub.Name())
	}
	return strings.Join(all, ", ")
}
