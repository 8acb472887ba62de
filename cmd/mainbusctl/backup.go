package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mainbus/controller"
	"mainbus/controller/api"
	"mainbus/controller/api/remote"
	"mainbus/controller/store"
)

func (c *ctl) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use: "backup", Short: "Make a backup of all that the controller knows", Args: cobra.NoArgs,
		Long: "Make a backup of all that the controller knows: hosts, instances, the ledger. One is made every hour by itself;\n" +
			"of those the newest of 24 hours and 14 days are kept. One that was asked for is kept for ever.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, err := c.client.BackUp(cmd.Context(), me)
			if err != nil {
				return err
			}
			return print(c, b, func(b api.Backup) { fmt.Fprintf(c.out, "%s (%s)\n", b.Path, api.BytesText(b.Bytes)) })
		},
	}
}

func (c *ctl) backupsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "backups", Short: "List the backups", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := c.client.Backups(cmd.Context(), me)
			if err != nil {
				return err
			}
			return printList(c, all, "There is no backup yet. Make one: mainbusctl controller backup", "MADE\tWHY\tSIZE\tFILE", func(b api.Backup) string {
				return columns(b.At.Local().Format("2006-01-02 15:04:05"), whyBackup(b.Reason), api.BytesText(b.Bytes), b.Path)
			})
		},
	}
}

func whyBackup(reason string) string {
	switch store.Reason(reason) {
	case store.Regular:
		return "hourly"
	case store.BeforeMigration:
		return "before an update"
	case store.BeforeRestore:
		return "before a restore"
	}
	return reason
}

// restoreCommand works on the data folder and needs that no controller does.
func (c *ctl) restoreCommand() *cobra.Command {
	return &cobra.Command{
		Use: "restore FILE", Short: "Put a backup back while no controller runs", Args: cobra.ExactArgs(1),
		Long: "Put a backup back. The controller must have ended; what it knew is kept as a backup. Hosts and games go on meanwhile.\n" +
			"What worlds have traded since the backup was made, they tell when the controller runs again: no item is lost or doubled.",
		Annotations: onThisMachine,
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, elsewhere, err := remote.Find(c.logins, c.cluster); err == nil && elsewhere && !cmd.Flags().Changed("data") {
				return api.Errorf(api.Refused, "Name the folder of the controller here with --data, or do it on the other machine.", "a backup can only be put back on the controller's own machine")
			}
			r, err := controller.Restore(c.dataDir, args[0])
			if err != nil {
				return restoreError(err)
			}
			return print(c, restored{r.Ledger, r.Hosts, r.Instances, r.Worlds, r.Items, r.Replaced}, c.printRestored)
		},
	}
}

// restored is what restore prints with --json.
type restored struct {
	Ledger    string `json:"ledger"`
	Hosts     int    `json:"hosts"`
	Instances int    `json:"instances"`
	Worlds    int    `json:"worlds"`
	Items     int    `json:"items"`
	Replaced  string `json:"replaced,omitempty"`
}

func (c *ctl) printRestored(r restored) {
	fmt.Fprintf(c.out, "Restored: %d hosts, %d instances, %d worlds, %d kinds of goods.\n", r.Hosts, r.Instances, r.Worlds, r.Items)
	if r.Replaced != "" {
		fmt.Fprintf(c.out, "What was there is kept: %s\n", r.Replaced)
	}
	fmt.Fprintln(c.out, "Start the controller; the worlds tell it what they have traded since.")
}

func restoreError(err error) error {
	switch text := strings.TrimPrefix(err.Error(), "restore: "); {
	case errors.Is(err, controller.ErrInUse):
		return api.Errorf(api.Refused, "End it first: close the window or stop mainbus-controller. Hosts and games go on.", "%s", text)
	case errors.Is(err, store.ErrNewer):
		return api.Errorf(api.Invalid, "Use the newest version of Mainbus.", "%s", text)
	case errors.Is(err, store.ErrBackup):
		return api.Errorf(api.Invalid, "Nothing was changed. The backups are in the folder backups beside the controller's database.", "%s", text)
	default:
		return errors.New(text)
	}
}
