package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
	"mainbus/transport/figures"
)

func (c *ctl) statsCommand() *cobra.Command {
	var figure string
	var span time.Duration
	cmd := &cobra.Command{
		Use: "stats [NAME]", Short: "Show what is measured of hosts and games", Args: cobra.MaximumNArgs(1),
		Long: "Show what is measured of hosts and running games, every five seconds. NAME is a host or an instance.\n" +
			"With --figure, what that figure was: by the minute for 12 hours, by ten minutes for two weeks, by the hour for 90 days.",
		Example: "  mainbusctl stats\n  mainbusctl stats nauvis\n  mainbusctl stats nauvis --figure ups --for 24h",
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := c.client.Figures(cmd.Context(), me)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				if figure != "" {
					return api.Errorf(api.Invalid, "mainbusctl stats NAME --figure "+figure, "say whose figure is asked for")
				}
				return printList(c, all, "Nothing is measured: no host is linked.",
					"NAME\tKIND\tUPS\tPLAYERS\tCPU\tMEMORY\tRCON\tSAVE\tDISK", statsRow)
			}
			if figure != "" {
				return c.printHistory(cmd.Context(), all, args[0], figure, span)
			}
			of := slices.DeleteFunc(all, func(m api.Measured) bool { return m.ID != args[0] && !strings.EqualFold(m.Name, args[0]) })
			if len(of) == 0 {
				return api.Errorf(api.NotFound, "mainbusctl stats shows all that is measured.", "nothing is measured of %q: it does not run, or there is none", args[0])
			}
			return print(c, of, func(of []api.Measured) {
				for _, m := range of {
					c.printFigures(m)
				}
			})
		},
	}
	cmd.Flags().StringVar(&figure, "figure", "", "show the history of this figure")
	cmd.Flags().DurationVar(&span, "for", time.Hour, "how far back, such as 30m or 48h")
	return cmd
}

func statsRow(m api.Measured) string {
	cell := func(name string) string { return figureText(name, m.Figures) }
	if m.Kind == api.KindHost {
		free := cell("disk_free_bytes")
		if free != "" {
			free += " free"
		}
		return columns(m.Name, m.Kind, "", "", cell("cpu_cores"), cell("memory_bytes"), "", "", free)
	}
	return columns(m.Name, m.Kind, cell("ups"), cell("players"), cell("cpu_cores"), cell("memory_bytes"), cell("rcon_seconds"), cell("save_seconds"), cell("disk_bytes"))
}

func (c *ctl) printFigures(m api.Measured) {
	fmt.Fprintf(c.out, "%s %s, %s ago\n", m.Kind, printable(m.Name), time.Since(m.At).Round(time.Second))
	all := figures.Instance
	if m.Kind == api.KindHost {
		all = figures.Host
	}
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for _, f := range all {
		fmt.Fprintln(table, "  "+columns(f.Name, figureText(f.Name, m.Figures), f.Help))
	}
	table.Flush()
}

// printHistory finds out whether a name is that of an instance or of a host; an instance comes first.
func (c *ctl) printHistory(ctx context.Context, all []api.Measured, name, figure string, span time.Duration) error {
	kind := api.KindInstance
	if slices.ContainsFunc(all, func(m api.Measured) bool {
		return m.Kind == api.KindHost && (m.ID == name || strings.EqualFold(m.Name, name))
	}) {
		kind = api.KindHost
	}
	h, err := c.client.FigureHistory(ctx, me, api.ReadFigure{Kind: kind, Name: name, Figure: figure, Seconds: int64(span.Seconds())})
	if err != nil {
		return err
	}
	return print(c, h, func(h api.FigureHistory) {
		if len(h.Points) == 0 {
			fmt.Fprintln(c.out, "Nothing was measured in that time.")
			return
		}
		table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "FROM\tMEAN\tLOWEST\tHIGHEST")
		for _, p := range h.Points {
			fmt.Fprintln(table, columns(p.At.Local().Format("2006-01-02 15:04"), figures.Text(figure, p.Mean), figures.Text(figure, p.Low), figures.Text(figure, p.High)))
		}
		table.Flush()
	})
}

func figureText(name string, all map[string]float64) string {
	v, known := all[name]
	if !known {
		return ""
	}
	return figures.Text(name, v)
}
