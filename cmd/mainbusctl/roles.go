package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

func (c *ctl) rolesCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "List the roles, which say who may do what", Args: cobra.NoArgs,
		Example: "  mainbusctl roles list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := c.client.Roles(cmd.Context(), me)
			if err != nil {
				return err
			}
			return printList(c, all, "There is no role. mainbusctl roles create makes one.", "NAME\tUSERS\tPERMISSIONS", func(r api.Role) string {
				return columns(r.Name, r.UserCount, r.GrantsText())
			})
		},
	}
	show := &cobra.Command{
		Use: "show ROLE", Short: "Show a role and who has it", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl roles show operator",
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := c.findRole(cmd, args[0])
			if err != nil {
				return err
			}
			return print(c, r, c.printRole)
		},
	}
	permissions := &cobra.Command{
		Use: "permissions", Short: "List what a role can allow", Args: cobra.NoArgs,
		Example: "  mainbusctl roles permissions",
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := c.client.Permissions(cmd.Context(), me)
			if err != nil {
				return err
			}
			return printList(c, all, "", "PERMISSION\tFOR HOSTS AND INSTANCES\tALLOWS TO", func(p api.PermissionInfo) string {
				limited := ""
				if p.Limitable {
					limited = "yes"
				}
				return columns(p.Permission, limited, p.Allows)
			})
		},
	}
	remove := &cobra.Command{
		Use: "delete ROLE", Short: "Delete a role, of all who have it", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl roles delete helpers",
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := c.client.DeleteRole(cmd.Context(), me, api.RoleRef{Role: args[0]})
			if err != nil {
				return err
			}
			return print(c, r, func(r api.Role) {
				fmt.Fprintf(c.out, "%s is deleted; %d users had it.\n", printable(r.Name), r.UserCount)
			})
		},
	}
	return group("roles", "Who may do what", list, show, permissions, c.roleCreateCommand(), c.roleEditCommand(), remove,
		c.roleOfCommand("grant", "Give a user a role", (*api.Client).GrantRole), c.roleOfCommand("revoke", "Take a role away from a user, at once", (*api.Client).RevokeRole),
		c.rolesOfCommand(), c.roleImportCommand())
}

func (c *ctl) findRole(cmd *cobra.Command, name string) (api.Role, error) {
	all, err := c.client.Roles(cmd.Context(), me)
	if err != nil {
		return api.Role{}, err
	}
	at := slices.IndexFunc(all, func(r api.Role) bool { return r.ID == name || strings.EqualFold(r.Name, name) })
	if at < 0 {
		return api.Role{}, api.Errorf(api.NotFound, "mainbusctl roles list shows all.", "there is no role %q", name)
	}
	return all[at], nil
}

func (c *ctl) printRole(r api.Role) {
	fmt.Fprintf(c.out, "%s: %s\n", printable(r.Name), printable(r.Description))
	for _, g := range r.Grants {
		fmt.Fprintf(c.out, "  %s\n", printable(api.Role{Grants: []api.Grant{g}, Places: r.Places}.GrantsText()))
	}
	if r.UserCount == 0 {
		fmt.Fprintln(c.out, "Nobody has it.")
		return
	}
	fmt.Fprintf(c.out, "%d users have it: %s", r.UserCount, printable(strings.Join(r.Users, ", ")))
	if r.UserCount > len(r.Users) {
		fmt.Fprint(c.out, ", …")
	}
	fmt.Fprintln(c.out)
}

// limits are the flags that say where permissions hold.
type limits struct{ hosts, instances []string }

func (l *limits) flags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&l.hosts, "host", nil, "host that the permissions are limited to, with all instances on it; can be given more than once")
	cmd.Flags().StringArrayVar(&l.instances, "instance", nil, "instance that the permissions are limited to; can be given more than once")
}

func (l limits) given() bool { return len(l.hosts)+len(l.instances) > 0 }

func (l limits) grant(p string) api.Grant {
	return api.Grant{Permission: api.Permission(p), Hosts: l.hosts, Instances: l.instances}
}

func (c *ctl) roleCreateCommand() *cobra.Command {
	var r api.CreateRole
	var like string
	var allow []string
	var where limits
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a role", Args: cobra.ExactArgs(1),
		Long: "Make a role of permissions, as roles permissions lists them. With --host and --instance they hold for those hosts, with all\n" +
			"instances on them, and for those instances only; also the ones that are taken from another role by --like.",
		Example: "  mainbusctl roles create helpers --allow cluster.read --allow console.read\n" +
			"  mainbusctl roles create \"operators of nauvis\" --like operator --instance nauvis",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Name = args[0]
			if like != "" {
				other, err := c.findRole(cmd, like)
				if err != nil {
					return err
				}
				for _, g := range other.Grants {
					if where.given() {
						g = where.grant(string(g.Permission))
					}
					r.Grants = append(r.Grants, g)
				}
			}
			for _, p := range allow {
				r.Grants = append(r.Grants, where.grant(p))
			}
			role, err := c.client.CreateRole(cmd.Context(), me, r)
			if err != nil {
				return err
			}
			return print(c, role, c.printRole)
		},
	}
	cmd.Flags().StringVar(&r.Description, "description", "", "what the role is for, in a sentence")
	cmd.Flags().StringVar(&like, "like", "", "role whose permissions it gets")
	cmd.Flags().StringArrayVar(&allow, "allow", nil, "permission that it gets; can be given more than once")
	where.flags(cmd)
	return cmd
}

func (c *ctl) roleEditCommand() *cobra.Command {
	var name, description string
	var allow, deny []string
	var where limits
	cmd := &cobra.Command{
		Use: "edit ROLE", Short: "Change a role; that is in force at once for all who have it", Args: cobra.ExactArgs(1),
		Long: "Change a role. --deny takes a permission away. --allow gives one, for all or with --host and --instance for some, in place of what\n" +
			"the role had of it.",
		Example: "  mainbusctl roles edit helpers --allow console.send --instance nauvis\n  mainbusctl roles edit helpers --deny console.read --name watchers",
		RunE: func(cmd *cobra.Command, args []string) error {
			role, err := c.findRole(cmd, args[0])
			if err != nil {
				return err
			}
			change := api.ChangeRole{Role: role.ID, Revision: role.Revision}
			if cmd.Flags().Changed("name") {
				change.Name = &name
			}
			if cmd.Flags().Changed("description") {
				change.Description = &description
			}
			if len(allow)+len(deny) > 0 {
				grants := slices.DeleteFunc(role.Grants, func(g api.Grant) bool {
					return slices.Contains(allow, string(g.Permission)) || slices.Contains(deny, string(g.Permission))
				})
				for _, p := range allow {
					grants = append(grants, where.grant(p))
				}
				change.Grants = &grants
			}
			role, err = c.client.ChangeRole(cmd.Context(), me, change)
			if err != nil {
				return err
			}
			return print(c, role, c.printRole)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "another name")
	cmd.Flags().StringVar(&description, "description", "", "another description")
	cmd.Flags().StringArrayVar(&allow, "allow", nil, "permission that it gets; can be given more than once")
	cmd.Flags().StringArrayVar(&deny, "deny", nil, "permission that it loses; can be given more than once")
	where.flags(cmd)
	return cmd
}

func (c *ctl) roleOfCommand(use, short string, do func(*api.Client, context.Context, api.Caller, api.RoleOf) (api.UserRoles, error)) *cobra.Command {
	return &cobra.Command{
		Use: use + " USER ROLE", Short: short, Args: cobra.ExactArgs(2),
		Example: "  mainbusctl roles " + use + " ann operator",
		RunE: func(cmd *cobra.Command, args []string) error {
			has, err := do(c.client, cmd.Context(), me, api.RoleOf{User: args[0], Role: args[1]})
			if err != nil {
				return err
			}
			return print(c, has, c.printUserRoles)
		},
	}
}

func (c *ctl) roleImportCommand() *cobra.Command {
	var preview bool
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Make roles of those of Clusterio", Args: cobra.ExactArgs(1),
		Long: "Make roles of those in roles.json of Clusterio's database, or in the users.json of one before 2.0.0-alpha.22. A role gets what has an\n" +
			"equal here and nothing beyond it; permissions without an equal are listed. Roles that are here already stay as they are.\n" +
			"Who has which role comes with mainbusctl users import.",
		Example: "  mainbusctl roles import clusterio/database/roles.json --preview",
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer file.Close()
			var r api.ImportRoles
			if r.Content, err = readAtMost(file, maxUserFile); err != nil {
				return fmt.Errorf("read %s: %w", args[0], err)
			}
			do := c.client.ImportRoles
			if preview {
				do = c.client.PreviewRoleImport
			}
			plan, err := do(cmd.Context(), me, r)
			if err != nil {
				return err
			}
			return print(c, plan, c.printRoleImport)
		},
	}
	previewFlag(cmd, &preview)
	return cmd
}

func (c *ctl) printRoleImport(plan api.RoleImport) {
	printTable(c, plan.Roles, "ROLE THERE\tHERE\tBECOMES\tGIVES", func(r api.RoleStep) string {
		becomes := map[string]string{api.RoleCreated: "a role", api.RoleKept: "the one that there is", api.RoleLeft: "nothing: " + r.Why}[r.Action]
		name := r.Name
		if r.Action == api.RoleLeft {
			name = ""
		}
		return columns(r.Was, name, becomes, api.GrantsText(r.Grants))
	})
	for _, r := range plan.Roles {
		if len(r.Without) > 0 {
			fmt.Fprintf(c.out, "%s: without an equal here: %s\n", printable(r.Was), printable(strings.Join(r.Without, ", ")))
		}
	}
}

func (c *ctl) rolesOfCommand() *cobra.Command {
	return &cobra.Command{
		Use: "of USER", Short: "Show which roles a user has", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl roles of ann",
		RunE: func(cmd *cobra.Command, args []string) error {
			has, err := c.client.UserRoles(cmd.Context(), me, api.RolesOf{User: args[0]})
			if err != nil {
				return err
			}
			return print(c, has, c.printUserRoles)
		},
	}
}

func (c *ctl) printUserRoles(u api.UserRoles) {
	var roles []string
	for _, r := range u.Roles {
		roles = append(roles, r.Name)
	}
	text := strings.Join(roles, ", ")
	if text == "" {
		text = "no role"
	}
	fmt.Fprintf(c.out, "%s: %s\n", printable(u.User), printable(text))
}
