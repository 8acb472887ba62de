package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"mainbus/hostagent"
)

func peersCommand(o *options) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "peers",
		Short:   "Show the controllers that the agent here is paired with",
		Example: "  mainbus-host peers --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := hostagent.AskStatus(cmd.Context(), o.data)
			if err != nil {
				return err
			}
			return printOr(cmd.OutOrStdout(), asJSON, s.Controllers, printPeers)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

// printOr prints a result as JSON if that was asked for, else as text says.
func printOr[T any](out io.Writer, asJSON bool, result T, text func(io.Writer, T) error) error {
	if !asJSON {
		return text(out, result)
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(result)
}

func printPeers(out io.Writer, all []hostagent.ControllerInfo) error {
	if len(all) == 0 {
		fmt.Fprintln(out, "No controller is paired. mainbus-host pair shows the code for it; mainbus-host join takes the code of one in another network.")
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tSTATE\tINSTANCES\tPAIRED\tADDRESSES\tID\tPROBLEM")
	for _, c := range all {
		owner := "another's"
		if c.Owner {
			owner = "its own"
		}
		var addrs []string
		for _, a := range c.Addresses {
			addrs = append(addrs, a.String())
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.Name, linkWords(c), owner, c.Paired.Local().Format("2006-01-02 15:04"), strings.Join(addrs, " "), c.ID, c.Problem)
	}
	return w.Flush()
}

func linkWords(c hostagent.ControllerInfo) string {
	if c.Linked {
		return "linked"
	}
	return "not linked"
}

func joinCommand(o *options) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "join CODE",
		Short: "Pair with a controller in another network by the join code that it made",
		Long: `Pair with a controller in another network by the join code that it made (mainbusctl hosts invite, or the window's page of hosts).

The code says where the controller is and how to know it, so nothing else has to be set up here. It is good once.`,
		Example: "  mainbus-host join mb1.…",
		Args:    cobra.MinimumNArgs(1), // a mail program may have broken the line
		RunE: func(cmd *cobra.Command, args []string) error {
			joined, err := hostagent.AskJoin(cmd.Context(), o.data, strings.Join(args, ""))
			if err != nil {
				return err
			}
			return printOr(cmd.OutOrStdout(), asJSON, joined, func(out io.Writer, j hostagent.Joined) error {
				_, err := fmt.Fprintf(out, "Paired with the controller at %s.\n", j.Address)
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func forgetCommand(o *options) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "forget CONTROLLER",
		Short: "End the pairing with a controller, at once; games go on",
		Long: `End the pairing with a controller, by its name or id, at once. Games go on as it wanted them last.

If the instances were its own, they belong to the controller that was paired after it, or to the next one that is. What that one
does not want is then saved and stopped; its folder stays.`,
		Example: "  mainbus-host forget office",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			gone, err := hostagent.AskForget(cmd.Context(), o.data, args[0])
			if err != nil {
				return err
			}
			return printOr(cmd.OutOrStdout(), asJSON, gone, func(out io.Writer, c hostagent.ControllerInfo) error {
				_, err := fmt.Fprintf(out, "%s is forgotten. Games go on.\n", c.Name)
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}
