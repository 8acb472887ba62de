package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

func (c *ctl) controllerCommand() *cobra.Command {
	status := &cobra.Command{
		Use: "status", Short: "Show how the controller is", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := c.client.Status(cmd.Context(), me)
			if err != nil {
				return err
			}
			return print(c, s, c.printStatus)
		},
	}
	return group("controller", "The controller itself", status, c.backupCommand(), c.backupsCommand(), c.restoreCommand())
}

func (c *ctl) printStatus(s api.Status) {
	up := (time.Duration(s.UptimeSeconds) * time.Second).String()
	for _, line := range [][2]string{
		{"name", printable(s.Name)},
		{"id", s.ID},
		{"version", s.Version},
		{"up", up},
		{"data", s.DataDir},
		{"port", fmt.Sprintf("UDP %d", s.Port)},
		{"ledger", fmt.Sprintf("%s, incarnation %d", s.Ledger, s.Incarnation)},
		{"hosts", fmt.Sprintf("%d linked of %d", s.HostsLinked, s.Hosts)},
		{"instances", fmt.Sprintf("%d running of %d", s.InstancesRunning, s.Instances)},
		{"commits", fmt.Sprintf("%.2f ms in the middle, %.2f ms for 99 of 100", s.CommitMS.P50, s.CommitMS.P99)},
	} {
		fmt.Fprintf(c.out, "%-10s %s\n", line[0], line[1])
	}
}

func (c *ctl) hostsCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "List hosts, also those that want to join", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			hosts, err := c.client.Hosts(cmd.Context(), me)
			if err != nil {
				return err
			}
			return printList(c, hosts, "No host found yet. Start one on any machine of this network: mainbus-host",
				"NAME\tSTATE\tADDRESS\tFOUND BY\tGAME\tRTT\tID", hostRow)
		},
	}
	pair := &cobra.Command{
		Use: "pair HOST CODE", Short: "Pair with a host that shows this code", Args: cobra.ExactArgs(2),
		Long: "Pair with a host. HOST is its name or id as hosts list shows it, or an address host:port.\n" +
			"CODE is what the host shows on its console; mainbus-host pair shows it again.",
		Example: "  mainbusctl hosts pair attic K7Q4-9XBM",
		RunE: func(cmd *cobra.Command, args []string) error {
			host, err := c.client.PairHost(cmd.Context(), me, api.PairHost{Host: args[0], Code: args[1]})
			if err != nil {
				return err
			}
			return print(c, host, func(h api.Host) { fmt.Fprintf(c.out, "Paired with %s.\n", printable(h.Name)) })
		},
	}
	return group("hosts", "Machines that run game servers", list, pair, c.hostSetCommand())
}

// hostGame is the version that instances run there which want none in particular.
func hostGame(h api.Host) string {
	if h.Linked && h.GameVersion == "" {
		return "none: mainbusctl games list"
	}
	return h.GameVersion
}

func hostRow(h api.Host) string {
	state, rtt := "not linked", ""
	switch {
	case h.State == api.Discovered:
		state = "wants to join"
	case h.Linked:
		state, rtt = "linked", fmt.Sprintf("%.1f ms", h.RTTMS)
	}
	return columns(h.Name, state, strings.Join(h.Addresses, " "), h.DiscoveredBy, hostGame(h), rtt, h.ID)
}
