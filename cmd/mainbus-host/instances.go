package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"mainbus/hostagent"
)

// localNote says how long a decision holds that is made here.
const localNote = "\nThis works without a controller, and against it: it holds until somebody starts or stops the game server there."

func instanceCommands(o *options) []*cobra.Command {
	return []*cobra.Command{
		changeCommand(o, hostagent.InstanceStart, "running", "Start a game server of this machine", ""),
		changeCommand(o, hostagent.InstanceStop, "stopped", "Save a game server's world and stop it", ""),
		changeCommand(o, hostagent.InstanceRestart, "running", "Save a game server's world, stop it and start it again", ""),
		changeCommand(o, hostagent.InstanceKill, "stopped", "End a game server at once", " What happened since its last save is lost."),
		sendCommand(o), consoleCommand(o), whyCommand(o),
	}
}

// changeCommand asks for something and waits until it is so.
func changeCommand(o *options, what, state, short, more string) *cobra.Command {
	var wait time.Duration
	cmd := &cobra.Command{
		Use: what + " NAME", Short: short, Long: short + "." + more + localNote, Args: cobra.ExactArgs(1), Example: "  mainbus-host " + what + " nauvis",
		RunE: func(cmd *cobra.Command, args []string) error {
			before, err := hostagent.AskStatus(cmd.Context(), o.data)
			if err != nil {
				return err
			}
			if _, err := hostagent.AskInstance(cmd.Context(), o.data, what, hostagent.LocalCall{Instance: args[0]}); err != nil {
				return err
			}
			if wait == 0 {
				return nil
			}
			old, _ := find(before, args[0])
			return await(cmd.Context(), o, cmd.OutOrStdout(), args[0], state, what == hostagent.InstanceRestart && old.State == "running", wait)
		},
	}
	cmd.Flags().DurationVar(&wait, "wait", 6*time.Minute, "how long to wait until it is "+state+"; 0 returns at once")
	return cmd
}

func find(s hostagent.Status, name string) (hostagent.InstanceInfo, bool) {
	for _, i := range s.Instances {
		if i.ID == name || strings.EqualFold(i.Name, name) {
			return i, true
		}
	}
	return hostagent.InstanceInfo{}, false
}

// await says each step of the way to a state. One that has to be left first is waited for only after another was seen.
func await(ctx context.Context, o *options, out io.Writer, name, state string, leave bool, patience time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("it is not %s after %s; it goes on by itself", state, patience))
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	said := ""
	for {
		s, err := hostagent.AskStatus(ctx, o.data)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		i, _ := find(s, name)
		if text := words(i); text != said {
			fmt.Fprintf(out, "%s: %s\n", printable(i.Name), text)
			said = text
		}
		leave = leave && i.State == state
		switch {
		case i.State == state && !leave:
			return nil
		case i.State == "failed":
			return fmt.Errorf("%s failed; mainbus-host why %s tells more", name, name)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// words are an instance's state, phase and cause.
func words(i hostagent.InstanceInfo) string {
	text := i.State
	if i.Phase != "" {
		text += " (" + i.Phase + ")"
	}
	if i.Cause != "" {
		text += ": " + i.Cause
	}
	if i.Warning != "" {
		text += "; " + i.Warning
	}
	if i.DecidedHere != "" {
		text += ", as was decided on this machine"
	}
	return printable(text)
}

func sendCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "send NAME LINE", Short: "Type a line on a game server's console and print its answer", Args: cobra.MinimumNArgs(2),
		Example: "  mainbus-host send nauvis /players",
		RunE: func(cmd *cobra.Command, args []string) error {
			answer, err := hostagent.AskInstance(cmd.Context(), o.data, hostagent.InstanceSend, hostagent.LocalCall{Instance: args[0], Line: strings.Join(args[1:], " ")})
			if err != nil {
				return err
			}
			for line := range strings.Lines(answer.Text) {
				fmt.Fprintln(cmd.OutOrStdout(), printable(line))
			}
			return nil
		},
	}
}

func consoleCommand(o *options) *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use: "console NAME", Short: "Print what a game server has printed", Args: cobra.ExactArgs(1), Example: "  mainbus-host console nauvis -f",
		RunE: func(cmd *cobra.Command, args []string) error {
			call := hostagent.LocalCall{Instance: args[0]}
			for {
				page, err := hostagent.AskInstance(cmd.Context(), o.data, hostagent.InstanceConsole, call)
				if cmd.Context().Err() != nil {
					return nil // interrupted by the user
				}
				if err != nil {
					return err
				}
				for _, line := range page.Lines {
					fmt.Fprintln(cmd.OutOrStdout(), printable(line))
				}
				if page.Next == call.Offset && !follow {
					return nil
				}
				if call.Offset = page.Next; follow {
					call.WaitMS = 5000
				}
			}
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on until interrupted")
	return cmd
}

func whyCommand(o *options) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "why NAME", Short: "Tell why a game server failed last, and what to do", Args: cobra.ExactArgs(1), Example: "  mainbus-host why nauvis",
		RunE: func(cmd *cobra.Command, args []string) error {
			answer, err := hostagent.AskInstance(cmd.Context(), o.data, hostagent.InstanceWhy, hostagent.LocalCall{Instance: args[0]})
			if err != nil {
				return err
			}
			out, f := cmd.OutOrStdout(), answer.Failure
			if asJSON {
				encoder := json.NewEncoder(out)
				encoder.SetIndent("", "  ")
				return encoder.Encode(f)
			}
			fmt.Fprintln(out, time.UnixMilli(f.GetAtMs()).Format(time.DateTime))
			for _, text := range append([]string{f.GetCause(), f.GetMeaning(), f.GetAdvice(), f.GetNext(), ""}, f.GetDecisive()...) {
				fmt.Fprintln(out, printable(text))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// printable drops what a terminal would obey.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' {
			return -1
		}
		return r
	}, text)
}
