package main

import (
	"fmt"
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
