package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

func (c *ctl) listsCommand() *cobra.Command {
	return group("lists", "Admins, bans and whitelist, the same in all instances", c.listShowCommand(), c.listModeCommand(), c.listStatusCommand(), c.listWhitelistCommand())
}

func (c *ctl) listShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show LIST", Short: "Show who is on one of the cluster's lists: admins, bans or whitelist", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl lists show bans\n  mainbusctl --json lists show admins",
		RunE: func(cmd *cobra.Command, args []string) error {
			all := []api.ListEntry{}
			for r := (api.ReadList{List: args[0]}); ; {
				page, err := c.client.ListEntries(cmd.Context(), me, r)
				if err != nil {
					return err
				}
				if all = append(all, page.Entries...); page.Next == "" {
					break
				}
				r.After = page.Next
			}
			return printList(c, all, "Nobody is on it.", "NAME\tREASON", func(e api.ListEntry) string { return columns(e.Name, e.Reason) })
		},
	}
}

func (c *ctl) listModeCommand() *cobra.Command {
	var admins, bans, whitelist string
	cmd := &cobra.Command{
		Use: "mode [INSTANCE]", Short: "Show or change which way the lists of instances go with the cluster's", Args: cobra.MaximumNArgs(1),
		Long: "Show or change which way the lists of instances go with the cluster's:\n\n" +
			"  off      the list is the instance's own: nothing is written there and nothing is heard of it\n" +
			"  to_game  what changes in the cluster is done in the game; what changes in the game stays there\n" +
			"  both     what changes on one side is done on the other\n\n" +
			"A list that is switched on is merged: nobody is taken off it. docs/lists.md tells who wins when both sides have changed a name.",
		Example: "  mainbusctl lists mode\n  mainbusctl lists mode nauvis --admins both --whitelist off",
		RunE: func(cmd *cobra.Command, args []string) error {
			given := cmd.Flags().Changed
			changes := given("admins") || given("bans") || given("whitelist")
			if changes && len(args) == 0 {
				c.began = false // wrong usage
				return errors.New("name the instance whose lists are to be changed")
			}
			if changes {
				m, err := c.client.SetListModes(cmd.Context(), me, api.SetListModes{
					Instance: args[0], Admins: ifGiven(given("admins"), &admins), Bans: ifGiven(given("bans"), &bans), Whitelist: ifGiven(given("whitelist"), &whitelist),
				})
				if err != nil {
					return err
				}
				return print(c, m, func(m api.ListModes) { printTable(c, []api.ListModes{m}, modesHead, modesRow) })
			}
			all, err := c.client.ListModes(cmd.Context(), me)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				if all, err = ofInstance(all, args[0], func(m api.ListModes) (string, string) { return m.Instance, m.InstanceName }); err != nil {
					return err
				}
			}
			return printList(c, all, "There are no instances. mainbusctl instances create makes one.", modesHead, modesRow)
		},
	}
	f := cmd.Flags()
	f.StringVar(&admins, "admins", "", "off, to_game or both")
	f.StringVar(&bans, "bans", "", "off, to_game or both")
	f.StringVar(&whitelist, "whitelist", "", "off, to_game or both")
	return cmd
}

const modesHead = "INSTANCE\tADMINS\tBANS\tWHITELIST\tONLY WHITELISTED"

func modesRow(m api.ListModes) string {
	only := m.Whitelisting
	if only == "" {
		only = "as the game has it"
	}
	return columns(m.InstanceName, m.Admins, m.Bans, m.Whitelist, only)
}

// ofInstance leaves what is of one instance, by name or id.
func ofInstance[T any](all []T, instance string, of func(T) (id, name string)) ([]T, error) {
	var some []T
	for _, item := range all {
		if id, name := of(item); id == instance || strings.EqualFold(name, instance) {
			some = append(some, item)
		}
	}
	if len(some) == 0 {
		return nil, api.Errorf(api.NotFound, "mainbusctl instances list shows all instances.", "there is no instance %q", instance)
	}
	return some, nil
}

func (c *ctl) listStatusCommand() *cobra.Command {
	return &cobra.Command{
		Use: "status [INSTANCE]", Short: "Show how far the lists of instances are in step with the cluster's", Args: cobra.MaximumNArgs(1),
		Example: "  mainbusctl lists status\n  mainbusctl --json lists status nauvis",
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := c.client.ListStates(cmd.Context(), me)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				if all, err = ofInstance(all, args[0], func(s api.ListState) (string, string) { return s.Instance, s.InstanceName }); err != nil {
					return err
				}
			}
			return printList(c, all, "There are no instances.", "INSTANCE\tLIST\tMODE\tSTATE\tENTRIES\tTO DO\tREMARK", func(s api.ListState) string {
				todo := ""
				if s.ToGame+s.ToCluster > 0 {
					todo = fmt.Sprintf("%d in the game, %d in the cluster", s.ToGame, s.ToCluster)
				}
				remark := s.Problem
				if remark == "" && s.OnlyThere > 0 {
					remark = fmt.Sprintf("%d only there", s.OnlyThere)
				}
				return columns(s.InstanceName, s.List, s.Mode, strings.ReplaceAll(s.State, "_", " "), s.Entries, todo, remark)
			})
		},
	}
}

func (c *ctl) listWhitelistCommand() *cobra.Command {
	return &cobra.Command{
		Use: "whitelist INSTANCE on|off|game", Short: "Let only those in who are on the whitelist, or all, or leave it to the game", Args: cobra.ExactArgs(2),
		Long:    "Let only those in who are on the whitelist, or all, or leave it to the game. A game that runs is told at once.",
		Example: "  mainbusctl lists whitelist nauvis on",
		RunE: func(cmd *cobra.Command, args []string) error {
			state := args[1]
			if state == "game" {
				state = ""
			} else if state != "on" && state != "off" {
				c.began = false // wrong usage
				return fmt.Errorf("%q is neither on, off nor game", state)
			}
			m, err := c.client.SetListModes(cmd.Context(), me, api.SetListModes{Instance: args[0], Whitelisting: &state})
			if err != nil {
				return err
			}
			return print(c, m, func(m api.ListModes) { printTable(c, []api.ListModes{m}, modesHead, modesRow) })
		},
	}
}
