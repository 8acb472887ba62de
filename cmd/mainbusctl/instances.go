package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

func (c *ctl) instancesCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "List game servers", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			instances, err := c.client.Instances(cmd.Context(), me)
			if err != nil {
				return err
			}
			return printList(c, instances, "No instance yet: mainbusctl instances create NAME --host HOST",
				"NAME\tHOST\tSTATE\tBUS\tGAME\tPORT\tSAVE\tID", instanceRow)
		},
	}
	return group("instances", "Game servers", list, c.createCommand(),
		c.changeCommand("start", "Start a game server", "running", api.Service.StartInstance),
		c.changeCommand("stop", "Save a game server's world and stop it", "stopped", api.Service.StopInstance),
		c.changeCommand("kill", "End a game server at once; what happened since its last save is lost", "stopped", api.Service.KillInstance),
		c.configCommand(), c.adoptCommand(), c.moveCommand(), c.renameCommand(), c.deleteCommand(), c.setCommand(), c.whyCommand(), c.supervisionCommand(), c.instanceModsCommand(), c.sendCommand(), c.consoleCommand())
}

func instanceRow(i api.Instance) string {
	return columns(i.Name, i.HostName, describe(i), trade(i), gameWords(i), i.GamePort, i.Save, i.ID)
}

// describe puts an instance's state, phase and cause into words.
func describe(i api.Instance) string {
	text := i.State
	if i.State == "unknown" && i.LastState != "" {
		text += ", was " + i.LastState
	}
	if i.Phase != "" {
		text += " (" + i.Phase + ")"
	}
	switch {
	case i.Cause != "":
		text += ": " + i.Cause
	case i.State == "stopped" && i.GameVersion == "" && i.VersionRemark != "":
		text += ": " + i.VersionRemark
	}
	if i.DecidedHere != "" {
		text += "; " + i.DecidedHere + " as was decided on its host"
	}
	if i.RetryAt != nil {
		text += "; it is tried again at " + i.RetryAt.Local().Format(time.TimeOnly)
	}
	if i.Warning != "" {
		text += "; " + i.Warning
	}
	return text
}

func trade(i api.Instance) string {
	if i.Linked {
		return "trades"
	}
	return ""
}

func (c *ctl) createCommand() *cobra.Command {
	var r api.CreateInstance
	create := &cobra.Command{
		Use: "create NAME --host HOST", Short: "Make a new game server; its map is made when it first starts",
		Args: func(cmd *cobra.Command, args []string) error {
			if r.Host == "" {
				return errors.New("create needs --host HOST")
			}
			return cobra.ExactArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Name = args[0]
			made, err := c.client.CreateInstance(cmd.Context(), me, r)
			if err != nil {
				return err
			}
			return print(c, made, func(i api.Instance) {
				fmt.Fprintf(c.out, "Created %s on %s. Start it: mainbusctl instances start %s\n", printable(i.Name), printable(i.HostName), quoted([]string{i.Name}))
			})
		},
	}
	create.Flags().StringVar(&r.Host, "host", "", "name or id of the host that shall run it")
	create.Flags().StringVar(&r.Version, "version", "", "of Factorio: stable, experimental, 2.0 or 2.0.77; without, any that is there")
	create.Flags().StringVar(&r.Pack, "pack", "", "mod pack that it gets; without, what lies in its folder is left alone")
	create.Flags().BoolVar(&r.NoDownload, "no-download", false, "fail rather than download a version that is not on its host")
	create.Flags().Uint32Var(&r.Seed, "seed", 0, "seed of the map; 0 leaves it to the game")
	return create
}

type change func(api.Service, context.Context, api.Caller, api.InstanceRef) (api.Instance, error)

// changeCommand asks for a state and waits until it is reached.
func (c *ctl) changeCommand(use, short, state string, ask change) *cobra.Command {
	var wait time.Duration
	cmd := &cobra.Command{
		Use: use + " NAME", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			i, err := ask(c.client, cmd.Context(), me, api.InstanceRef{Instance: args[0]})
			if err != nil {
				return err
			}
			if wait > 0 {
				if i, err = c.await(cmd.Context(), i, state, wait); err != nil {
					return err
				}
			}
			return print(c, i, func(i api.Instance) { fmt.Fprintf(c.out, "%s: %s\n", printable(i.Name), printable(describe(i))) })
		},
	}
	cmd.Flags().DurationVar(&wait, "wait", 6*time.Minute, "how long to wait until it is "+state+"; 0 returns at once")
	return cmd
}

const (
	pollInterval = 200 * time.Millisecond
	oldFailure   = 6 * time.Second // until an agent has tried again that failed before
)

// await asks until an instance is in a state. A failure that is not the one from before ends the wait; the agent may go
// on trying.
func (c *ctl) await(ctx context.Context, i api.Instance, state string, patience time.Duration) (api.Instance, error) {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	before, began := i, time.Now()
	for i.State != state {
		select {
		case <-poll.C:
		case <-deadline.C:
			return i, api.Errorf(api.Refused, "It goes on by itself; look again with: mainbusctl instances list",
				"%s is not %s after %s: %s", i.Name, state, patience, describe(i))
		case <-ctx.Done():
			return i, ctx.Err()
		}
		all, err := c.client.Instances(ctx, me)
		if err != nil {
			return i, err
		}
		if i, err = find(all, i.ID); err != nil {
			return i, err
		}
		old := before.State == "failed" && i.Starts == before.Starts && time.Since(began) < oldFailure
		if i.State == "failed" && !old {
			return i, api.Errorf(api.Refused, "See why: mainbusctl instances why "+i.Name, "%s failed: %s", i.Name, i.Cause)
		}
	}
	return i, nil
}

func find(all []api.Instance, id string) (api.Instance, error) {
	for _, i := range all {
		if i.ID == id {
			return i, nil
		}
	}
	return api.Instance{}, api.Errorf(api.NotFound, "", "the instance is gone")
}

func (c *ctl) sendCommand() *cobra.Command {
	return &cobra.Command{
		Use: "send NAME LINE", Short: "Type a line on a game server's console and print its answer", Args: cobra.MinimumNArgs(2),
		Example: "  mainbusctl instances send nauvis /players",
		RunE: func(cmd *cobra.Command, args []string) error {
			reply, err := c.client.SendConsole(cmd.Context(), me, api.SendConsole{Instance: args[0], Line: strings.Join(args[1:], " ")})
			if err != nil {
				return err
			}
			return print(c, reply, func(r api.ConsoleReply) {
				if text := strings.TrimRight(r.Text, "\n"); text != "" {
					c.printLines(strings.Split(text, "\n"))
				}
			})
		},
	}
}

func (c *ctl) printLines(lines []string) {
	for _, line := range lines {
		fmt.Fprintln(c.out, printable(line))
	}
}

func (c *ctl) consoleCommand() *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use: "console NAME", Short: "Print what a game server has printed", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.json && follow {
				return api.Errorf(api.Invalid, "Leave one of them out.", "--follow does not end, so it can't print one JSON array")
			}
			return c.console(cmd.Context(), args[0], follow)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on until interrupted")
	return cmd
}

// console prints page after page; without follow it ends with what there is now.
func (c *ctl) console(ctx context.Context, instance string, follow bool) error {
	all := []string{}
	r := api.ReadConsole{Instance: instance, Limit: 2000}
	for {
		page, err := c.client.ReadConsole(ctx, me, r)
		switch {
		case ctx.Err() != nil:
			return nil // interrupted by the user
		case err != nil:
			return err
		case c.json:
			all = append(all, page.Lines...)
		default:
			c.printLines(page.Lines)
		}
		if page.Next == r.Offset && !follow {
			return print(c, all, func([]string) {})
		}
		if r.Offset = page.Next; follow {
			r.WaitMS = 10_000
		}
	}
}
