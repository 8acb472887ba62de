package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

func (c *ctl) whyCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "why NAME", Short: "Tell why a game server failed last, and what to do", Args: cobra.ExactArgs(1),
		Long: "Tell why a game server ended or did not start the last time that this was not wanted: the cause, what it means, what to do, the\n" +
			"lines that show it and, with --lines, the last 200 lines that it printed.",
		Example: "  mainbusctl instances why nauvis",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := c.client.InstanceFailure(cmd.Context(), me, api.InstanceRef{Instance: args[0]})
			if err != nil {
				return err
			}
			return print(c, f, func(f api.Failure) { c.printFailure(f, all) })
		},
	}
	cmd.Flags().BoolVarP(&all, "lines", "l", false, "also print the last lines of its console")
	return cmd
}

func (c *ctl) printFailure(f api.Failure, all bool) {
	for _, text := range []string{f.Cause, f.Meaning, f.Advice, f.Next} {
		if text != "" {
			fmt.Fprintln(c.out, printable(text))
		}
	}
	fmt.Fprintln(c.out, "\n"+printable(ending(f)))
	if len(f.Decisive) > 0 {
		fmt.Fprintln(c.out, "\nThe lines that show it:")
		c.printLines(f.Decisive)
	}
	if all && len(f.Last) > 0 {
		fmt.Fprintln(c.out, "\nThe last lines:")
		c.printLines(f.Last)
	}
}

// ending tells the facts in one line.
func ending(f api.Failure) string {
	parts := []string{f.At.Local().Format("2006-01-02 15:04:05")}
	switch {
	case f.Signal != "":
		parts = append(parts, "signal: "+f.Signal)
	case f.Exited:
		parts = append(parts, "exit code "+strconv.Itoa(f.Code))
	}
	if f.RanMS > 0 {
		parts = append(parts, "after "+(time.Duration(f.RanMS)*time.Millisecond).Round(time.Second).String())
	}
	if f.Start > 0 {
		parts = append(parts, fmt.Sprintf("start %d", f.Start))
	}
	if f.Save != "" {
		parts = append(parts, "save "+f.Save)
	}
	if f.ID != "" {
		parts = append(parts, f.ID)
	}
	return strings.Join(parts, ", ")
}

func (c *ctl) supervisionCommand() *cobra.Command {
	show := &cobra.Command{
		Use: "show NAME", Short: "Show how a game server is kept running", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.client.InstanceSupervision(cmd.Context(), me, api.InstanceRef{Instance: args[0]})
			if err != nil {
				return err
			}
			return print(c, s, c.printSupervision)
		},
	}
	return group("supervision", "How game servers are kept running: order, stop time, restarts, limits", show, c.supervisionSetCommand())
}

func (c *ctl) supervisionSetCommand() *cobra.Command {
	var order, giveUp uint32
	var stop, within time.Duration
	var restart, memory, cpus string
	var niceness int32
	cmd := &cobra.Command{
		Use: "set NAME", Short: "Change how a game server is kept running", Args: cobra.ExactArgs(1),
		Long: "Change how a game server is kept running; what is not named stays as it is. Limits of memory, processors and priority hold from\n" +
			"its next start on, the rest at once.",
		Example: "  mainbusctl instances supervision set nauvis --order 1 --stop-time 10m\n" +
			"  mainbusctl instances supervision set gleba --restart on-failure --give-up-after 3 --within 1h\n" +
			"  mainbusctl instances supervision set vulcanus --memory 4GiB --cpus 2-3 --niceness 5",
		RunE: func(cmd *cobra.Command, args []string) error {
			given := cmd.Flags().Changed
			r := api.ChangeSupervision{
				Instance: args[0], Order: ifGiven(given("order"), &order), Restart: ifGiven(given("restart"), &restart),
				GiveUpAfter: ifGiven(given("give-up-after"), &giveUp), Niceness: ifGiven(given("niceness"), &niceness),
			}
			stopSeconds, windowSeconds := uint32(stop.Seconds()), uint32(within.Seconds())
			r.StopSeconds, r.GiveUpSeconds = ifGiven(given("stop-time"), &stopSeconds), ifGiven(given("within"), &windowSeconds)
			size, err := api.ParseSize(memory)
			list, err2 := api.ParseCPUs(cpus)
			if err := errors.Join(err, err2); err != nil {
				c.began = false // wrong usage
				return err
			}
			r.MemoryBytes, r.CPUs = ifGiven(given("memory"), &size), ifGiven(given("cpus"), &list)
			s, err := c.client.ChangeSupervision(cmd.Context(), me, r)
			if err != nil {
				return err
			}
			return print(c, s, c.printSupervision)
		},
	}
	f := cmd.Flags()
	f.Uint32Var(&order, "order", 0, "place among the starts on its host: the lower first")
	f.DurationVar(&stop, "stop-time", 0, "time for saving and ending before it is killed; 0: 5m")
	f.StringVar(&restart, "restart", "", "when it has ended by itself: always, on-failure or never")
	f.Uint32Var(&giveUp, "give-up-after", 0, "failures after which it is not started again by itself; 0: 10")
	f.DurationVar(&within, "within", 0, "the time within which those failures count; 0: 10m")
	f.StringVar(&memory, "memory", "", "most memory that it may use, such as 4GiB; 0: no limit")
	f.StringVar(&cpus, "cpus", "", "processors that it may use, such as 0,2-3; all: no limit")
	f.Int32Var(&niceness, "niceness", 0, "from -20, first served, to 19; below 0 needs rights")
	return cmd
}

func (c *ctl) printSupervision(s api.Supervision) {
	memory, cpus := "no limit", "all"
	if s.MemoryBytes > 0 {
		memory = api.SizeText(s.MemoryBytes)
	}
	if len(s.CPUs) > 0 {
		cpus = api.CPUsText(s.CPUs)
	}
	for _, line := range [][2]string{
		{"order", fmt.Sprint(s.Order)},
		{"stop time", (time.Duration(s.StopSeconds) * time.Second).String()},
		{"restart", fmt.Sprintf("%s; gives up after %d failures within %s", s.Restart, s.GiveUpAfter, time.Duration(s.GiveUpSeconds)*time.Second)},
		{"memory", memory},
		{"processors", cpus},
		{"niceness", fmt.Sprint(s.Niceness)},
	} {
		fmt.Fprintf(c.out, "%-11s %s\n", line[0], line[1])
	}
}

func (c *ctl) hostSetCommand() *cobra.Command {
	var starts uint32
	var address string
	cmd := &cobra.Command{
		Use: "set HOST", Short: "Change how a host works", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl hosts set attic --starts-at-once 3\n  mainbusctl hosts set attic --player-address play.example.org",
		RunE: func(cmd *cobra.Command, args []string) error {
			change := api.ChangeHost{Host: args[0]}
			if cmd.Flags().Changed("starts-at-once") {
				change.StartsAtOnce = &starts
			}
			if cmd.Flags().Changed("player-address") {
				change.PlayerAddress = &address
			}
			if change.StartsAtOnce == nil && change.PlayerAddress == nil {
				c.began = false // wrong usage
				return errors.New("say what to change: --starts-at-once N or --player-address NAME")
			}
			h, err := c.client.ChangeHost(cmd.Context(), me, change)
			if err != nil {
				return err
			}
			return print(c, h, func(h api.Host) { fmt.Fprintf(c.out, "%s is changed.\n", printable(h.Name)) })
		},
	}
	cmd.Flags().Uint32Var(&starts, "starts-at-once", 0, "game servers that may be starting at a time; 0: as many as the host thinks good")
	cmd.Flags().StringVar(&address, "player-address", "", "name or address at which players reach its games, without a port; empty: where the controller reaches it")
	return cmd
}
