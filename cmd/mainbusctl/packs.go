package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

func (c *ctl) packsCommand() *cobra.Command {
	return group("packs", "Mod packs: which mods, in which versions and with which settings, game servers have",
		c.packsListCommand(), c.packsShowCommand(), c.packsCreateCommand(), c.packsCloneCommand(), c.packsEditCommand(), c.packsDeleteCommand(),
		c.packsUndoCommand(), c.packsImportCommand(), c.packsExportCommand(), c.packsSettingsCommand(), c.packsSetCommand(), c.packsAssignCommand(),
		c.packsHandoutCommand(), c.packsPlanCommand(), c.packsAddCommand(), c.packsRemoveCommand(), c.packsUpdateCommand())
}

func (c *ctl) packsListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the mod packs", Args: cobra.NoArgs, Example: "  mainbusctl packs list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := c.client.Packs(cmd.Context(), me)
			if err != nil {
				return err
			}
			return printList(c, list, "There is no mod pack. Make one: mainbusctl packs create NAME --game 2.0", "PACK\tGAME\tCONTENT\tMODS\tOFF\tMISSING\tREVISION\tCHANGED\tUSED BY",
				func(p api.PackRow) string {
					return columns(p.Name, p.Game, p.Content, p.Mods, p.Disabled, p.Missing, p.Revision, savedAt(p.ChangedAt), strings.Join(p.Instances, ", "))
				})
		},
	}
}

func (c *ctl) packsShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show PACK", Short: "Show a pack's mods, what is wrong with it, and how it came to be", Args: cobra.ExactArgs(1), Example: "  mainbusctl packs show Rails",
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := c.client.Pack(cmd.Context(), me, api.PackRef{Pack: args[0]})
			return c.showPack(p, err)
		},
	}
}

func (c *ctl) showPack(p api.Pack, err error) error {
	if err != nil {
		return err
	}
	return print(c, p, func(p api.Pack) {
		fmt.Fprintf(c.out, "%s, for Factorio %s, revision %d. %s\n", printable(p.Name), printable(p.Game), p.Revision, printable(p.WhoJoins))
		if p.Description != "" {
			fmt.Fprintln(c.out, printable(p.Description))
		}
		c.packMods(p)
		for _, i := range p.Ignored {
			fmt.Fprintf(c.out, "Ignored: what %s says about %s.\n", printable(i.Mod), printable(i.Needs))
		}
		for _, problem := range p.Problems {
			fmt.Fprintf(c.out, "Problem: %s.\n", printable(problem))
		}
		if len(p.Instances) > 0 {
			fmt.Fprintf(c.out, "Used by %s.\n", printable(strings.Join(p.Instances, ", ")))
		}
		printTable(c, p.Revisions, "REVISION\tCHANGED\tBY\tWHAT", func(r api.PackRevision) string {
			return columns(r.Revision, savedAt(r.ChangedAt), r.ChangedBy, r.Change)
		})
	})
}

func (c *ctl) packMods(p api.Pack) {
	printTable(c, p.List, "MOD\tVERSION\tENABLED\tPINNED\tSTORED\tNOTE", func(m api.PackMod) string {
		stored := yes(m.Stored)
		if m.BuiltIn {
			stored = "with the game"
		}
		return columns(m.Name, m.Version, yes(m.Enabled), yes(m.Pinned), stored, m.Problem)
	})
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func (c *ctl) packsCreateCommand() *cobra.Command {
	var r api.CreatePack
	cmd := &cobra.Command{
		Use: "create NAME --game VERSION", Short: "Make a pack without mods", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl packs create Rails --game 2.0\n  mainbusctl packs create Planets --game 2.1 --content space-age",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Name = args[0]
			p, err := c.client.CreatePack(cmd.Context(), me, r)
			return c.showPack(p, err)
		},
	}
	cmd.Flags().StringVar(&r.Game, "game", "", "version of the game: 2.0, or an exact one such as 2.0.60")
	cmd.Flags().StringVar(&r.Content, "content", "", "base, or space-age: then only players who own Space Age can join")
	cmd.Flags().StringVar(&r.Description, "description", "", "what it is for")
	return cmd
}

func (c *ctl) packsCloneCommand() *cobra.Command {
	var r api.CreatePack
	cmd := &cobra.Command{
		Use: "clone PACK NAME", Short: "Make a pack as another is", Args: cobra.ExactArgs(2), Example: "  mainbusctl packs clone Rails \"Rails 2.1\" --game 2.1",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.From, r.Name = args[0], args[1]
			p, err := c.client.CreatePack(cmd.Context(), me, r)
			return c.showPack(p, err)
		},
	}
	cmd.Flags().StringVar(&r.Game, "game", "", "another version of the game; the versions of mods stay")
	return cmd
}

// packEdit are the options of packs edit.
type packEdit struct {
	name, description, game       string
	mods, remove, enable, disable []string
	pin, unpin, ignore, noticed   []string
	request                       api.EditPack
}

func (c *ctl) packsEditCommand() *cobra.Command {
	var e packEdit
	cmd := &cobra.Command{
		Use: "edit PACK", Short: "Change a pack; all of it happens or nothing", Args: cobra.ExactArgs(1),
		Long: "Change a pack; all of it happens or nothing. Instances that use it get the change with their next start. A change can be undone.\n" +
			"Dependencies are not looked at: packs plan does that, and changes the version of the game.",
		Example: "  mainbusctl packs edit Rails --mod some-mod@0.16.2 --mod \"other-mod@2.0.2\"\n" +
			"  mainbusctl packs edit Rails --disable quality --pin some-mod\n" +
			"  mainbusctl packs edit Rails --remove some-mod --content base\n" +
			"  mainbusctl packs edit Rails --ignore \"some-mod needs other-mod\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			if e.game != "" {
				return api.Errorf(api.Refused, fmt.Sprintf("Look at the plan: mainbusctl packs plan %s --game %s", quoted(args[:1]), e.game),
					"another version of the game needs other mods: that is planned first, and nothing was changed")
			}
			if err := e.read(cmd, args[0]); err != nil {
				return err
			}
			if len(e.noticed) > 0 || len(e.ignore) > 0 {
				p, err := c.client.Pack(cmd.Context(), me, api.PackRef{Pack: args[0]})
				if err == nil {
					err = e.readIgnored(p)
				}
				if err != nil {
					return err
				}
			}
			p, err := c.client.EditPack(cmd.Context(), me, e.request)
			return c.showPack(p, err)
		},
	}
	f := cmd.Flags()
	f.StringVar(&e.name, "name", "", "another name")
	f.StringVar(&e.description, "description", "", "what it is for")
	f.StringVar(&e.game, "game", "", "")
	_ = f.MarkHidden("game") // which is there, to say where it went
	f.StringVar(&e.request.Content, "content", "", "base or space-age: switches the game's own mods")
	f.StringArrayVar(&e.mods, "mod", nil, "NAME@VERSION of a mod to add, or to have in another version; may be given more than once, as those below")
	f.StringArrayVar(&e.remove, "remove", nil, "a mod to remove")
	f.StringArrayVar(&e.enable, "enable", nil, "a mod to enable")
	f.StringArrayVar(&e.disable, "disable", nil, "a mod to disable")
	f.StringArrayVar(&e.pin, "pin", nil, "a mod that updates leave at its version")
	f.StringArrayVar(&e.unpin, "unpin", nil, "one that they don't any more")
	f.StringArrayVar(&e.ignore, "ignore", nil, "\"MOD needs OTHER\": a dependency or incompatibility that does not count")
	f.StringArrayVar(&e.noticed, "no-ignore", nil, "the same, for one that counts again")
	return cmd
}

// read makes the request of the options.
func (e *packEdit) read(cmd *cobra.Command, pack string) error {
	e.request.Pack = pack
	for name, to := range map[string]struct {
		text  *string
		field **string
	}{
		"name": {&e.name, &e.request.Name}, "description": {&e.description, &e.request.Description},
	} {
		if cmd.Flags().Changed(name) {
			*to.field = to.text
		}
	}
	for _, mod := range e.mods {
		at := strings.LastIndex(mod, "@")
		if at < 1 {
			return api.Errorf(api.Invalid, "", "%q names no mod and version: write such as some-mod@1.2.3", mod)
		}
		version := mod[at+1:]
		e.request.Mods = append(e.request.Mods, api.ChangePackMod{Name: mod[:at], Version: &version})
	}
	on, off := true, false
	for _, name := range e.remove {
		e.request.Mods = append(e.request.Mods, api.ChangePackMod{Name: name, Remove: true})
	}
	for _, list := range []struct {
		names  []string
		change api.ChangePackMod
	}{
		{e.enable, api.ChangePackMod{Enabled: &on}}, {e.disable, api.ChangePackMod{Enabled: &off}},
		{e.pin, api.ChangePackMod{Pinned: &on}}, {e.unpin, api.ChangePackMod{Pinned: &off}},
	} {
		for _, name := range list.names {
			list.change.Name = name
			e.request.Mods = append(e.request.Mods, list.change)
		}
	}
	return nil
}

// readIgnored adds to and takes from the dependencies that the pack ignores.
func (e *packEdit) readIgnored(p api.Pack) error {
	list := append([]api.IgnoredNeed{}, p.Ignored...)
	for _, change := range []struct {
		texts []string
		add   bool
	}{{e.noticed, false}, {e.ignore, true}} {
		ones, err := needs(change.texts)
		if err != nil {
			return err
		}
		for _, one := range ones {
			kept := list[:0]
			for _, i := range list {
				if i != one {
					kept = append(kept, i)
				}
			}
			if list = kept; change.add {
				list = append(list, one)
			}
		}
	}
	e.request.Revision, e.request.Ignored = p.Revision, &list
	return nil
}

func (c *ctl) packsDeleteCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete PACK", Short: "Delete a pack that no game server uses, for good; its mods stay in the store", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl packs delete Rails --yes",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !yes && !confirmed(cmd, fmt.Sprintf("Delete the mod pack %s, with its older revisions?", printable(args[0]))) {
				return api.Errorf(api.Refused, "Say --yes if that is meant.", "nothing was deleted")
			}
			p, err := c.client.DeletePack(cmd.Context(), me, api.PackRef{Pack: args[0]})
			if err != nil {
				return err
			}
			return print(c, p, func(p api.PackRow) { fmt.Fprintf(c.out, "Deleted %s.\n", printable(p.Name)) })
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func (c *ctl) packsUndoCommand() *cobra.Command {
	var r api.UndoPack
	cmd := &cobra.Command{
		Use: "undo PACK", Short: "Make a pack what it was before its last change, or in an older revision", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl packs undo Rails\n  mainbusctl packs undo Rails --to 7",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Pack = args[0]
			p, err := c.client.UndoPack(cmd.Context(), me, r)
			return c.showPack(p, err)
		},
	}
	cmd.Flags().Int64Var(&r.Revision, "to", 0, "the revision; packs show lists those that are kept")
	return cmd
}

func (c *ctl) packsImportCommand() *cobra.Command {
	var r api.ImportPack
	var dryRun bool
	cmd := &cobra.Command{
		Use: "import [SOURCE]", Short: "Make a pack of a mod pack string, a save, a mod-list.json, a folder of mods, or of a game server's mods", Args: cobra.MaximumNArgs(1),
		Long: "Make a pack of what is somewhere else. SOURCE is a save, a mod-list.json (what lies beside it tells versions and settings), a folder of\n" +
			"mods such as ~/.factorio/mods, a file with a mod pack string of this program or of Clusterio, or - for a string on standard input.\n" +
			"Mods that the controller does not keep are listed: mainbusctl mods download or upload brings them.",
		Example: "  mainbusctl packs import ~/.factorio/mods --name \"As I play\"\n  mainbusctl packs import base.zip --dry-run\n" +
			"  mainbusctl packs import - < string.txt\n  mainbusctl packs import --instance nauvis",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := readSource(cmd, &r, args); err != nil {
				return err
			}
			do := c.client.ImportPack
			if dryRun {
				do = c.client.LookAtPack
			}
			d, err := do(cmd.Context(), me, r)
			if err != nil {
				return err
			}
			return print(c, d, func(d api.PackDraft) { c.showDraft(d, dryRun) })
		},
	}
	cmd.Flags().StringVar(&r.Instance, "instance", "", "make it of the mods in this game server's folder")
	cmd.Flags().StringVar(&r.Name, "name", "", "of the pack; without, what the source says")
	cmd.Flags().StringVar(&r.Game, "game", "", "version of the game; without, what the source says")
	cmd.Flags().StringVar(&r.Into, "into", "", "a pack that becomes this, instead of one that is made")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only tell what would be made")
	return cmd
}

const maxPackString = 4 << 20

func readSource(cmd *cobra.Command, r *api.ImportPack, args []string) (err error) {
	if len(args) == 0 {
		return nil // of an instance, or the controller says what is missing
	}
	if args[0] != "-" {
		r.Path, err = filepath.Abs(args[0])
		return err
	}
	text, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxPackString))
	r.Text = string(text)
	return err
}

func (c *ctl) showDraft(d api.PackDraft, dryRun bool) {
	verb := "Made"
	if dryRun {
		verb = "Would make"
	}
	fmt.Fprintf(c.out, "%s the pack %s for Factorio %s. %s\n", verb, printable(d.Pack.Name), printable(d.Pack.Game), printable(d.Pack.WhoJoins))
	c.packMods(d.Pack)
	for _, remark := range d.Remarks {
		fmt.Fprintf(c.out, "Note: %s\n", printable(remark))
	}
	for _, problem := range d.Pack.Problems {
		fmt.Fprintf(c.out, "Problem: %s.\n", printable(problem))
	}
	if len(d.Missing) > 0 {
		fmt.Fprintf(c.out, "%d of its mods are not in the controller's store: mainbusctl mods download or mods upload brings them.\n", len(d.Missing))
	}
}

func (c *ctl) packsExportCommand() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use: "export PACK", Short: "Print a pack as a mod pack string, which Clusterio reads too", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl packs export Rails --to rails.txt",
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := c.client.ExportPack(cmd.Context(), me, api.PackRef{Pack: args[0]})
			if err != nil {
				return err
			}
			if to != "" {
				return os.WriteFile(to, []byte(text.Text+"\n"), 0o644)
			}
			return print(c, text, func(t api.PackText) { fmt.Fprintln(c.out, t.Text) })
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "file to write instead")
	return cmd
}

func (c *ctl) packsSettingsCommand() *cobra.Command {
	var r api.AskPackSettings
	var all bool
	cmd := &cobra.Command{
		Use: "settings PACK", Short: "Show the settings that a pack's mods have, and their values", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl packs settings Rails --language de",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Pack = args[0]
			form, err := c.client.PackSettings(cmd.Context(), me, r)
			if err != nil {
				return err
			}
			return print(c, form, func(form api.PackSettings) { c.showSettings(form, all) })
		},
	}
	cmd.Flags().StringVar(&r.Language, "language", "", "of names, such as de; without, English")
	cmd.Flags().BoolVar(&all, "all", false, "also those that the game does not show")
	return cmd
}

func (c *ctl) showSettings(form api.PackSettings, all bool) {
	var list []api.PackSetting
	for _, s := range form.Settings {
		if all || !s.Hidden {
			list = append(list, s)
		}
	}
	printTable(c, list, "SCOPE\tMOD\tSETTING\tVALUE\tDEFAULT\tMAY BE\tTITLE\tNOTE", func(s api.PackSetting) string {
		value := string(s.Value)
		if value == "" {
			value = "default"
		}
		return columns(s.Scope, s.Mod, s.Name, value, string(s.Default), mayBe(s), s.Title, s.Problem)
	})
	for _, problem := range form.Problems {
		fmt.Fprintf(c.out, "Problem: %s\n", printable(problem))
	}
}

// mayBe says in short what values a setting takes.
func mayBe(s api.PackSetting) string {
	var choices []string
	for _, choice := range s.Allowed {
		choices = append(choices, string(choice.Value))
	}
	switch {
	case len(choices) > 0:
		return strings.Join(choices, ", ")
	case s.Min != nil || s.Max != nil:
		return fmt.Sprintf("%s %s to %s", s.Kind, orAny(s.Min), orAny(s.Max))
	}
	return s.Kind
}

func orAny(bound json.RawMessage) string {
	if bound == nil {
		return "any"
	}
	return string(bound)
}

func (c *ctl) packsSetCommand() *cobra.Command {
	var scope string
	var reset bool
	cmd := &cobra.Command{
		Use: "set PACK SETTING VALUE", Short: "Give a setting of a mod a value, or its default",
		Long: "Give a setting of a mod a value, or with --default the mod's own. VALUE is true or false, a number, a text, or a colour such as\n" +
			`{"r": 1, "g": 0.5, "b": 0}. It is checked against what the mod says, if the controller keeps the mod.`,
		Args: func(_ *cobra.Command, args []string) error {
			if want := 3; !reset && len(args) != want || reset && len(args) != want-1 {
				return errors.New("set needs PACK, SETTING and VALUE, or PACK, SETTING and --default")
			}
			return nil
		},
		Example: "  mainbusctl packs set Rails some-switch true\n  mainbusctl packs set Rails some-speed 1.5 --scope runtime-global\n" +
			"  mainbusctl packs set Rails some-speed --default",
		RunE: func(cmd *cobra.Command, args []string) error {
			value := json.RawMessage("null")
			if !reset {
				value = settingValue(args[2])
			}
			p, err := c.client.EditPack(cmd.Context(), me, api.EditPack{Pack: args[0], Settings: []api.ChangePackValue{{Scope: scope, Name: args[1], Value: value}}})
			if err != nil {
				return err
			}
			return print(c, p, func(p api.Pack) {
				fmt.Fprintf(c.out, "Revision %d: %s.\n", p.Revision, printable(p.Revisions[0].Change))
			})
		},
	}
	cmd.Flags().StringVar(&scope, "scope", "", "startup, runtime-global or runtime-per-user; needed only for a setting that is not known")
	cmd.Flags().BoolVar(&reset, "default", false, "the mod's own value")
	return cmd
}

// settingValue takes JSON as it is, and anything else as a text.
func settingValue(text string) json.RawMessage {
	if json.Valid([]byte(text)) && strings.TrimSpace(text) != "null" {
		return json.RawMessage(text)
	}
	quoted, _ := json.Marshal(text) // a string can always be encoded
	return quoted
}

func (c *ctl) packsHandoutCommand() *cobra.Command {
	var r api.HandOutPack
	cmd := &cobra.Command{
		Use: "handout PACK", Short: "Say how players come by the mods, or write them to a zip file for players", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl packs handout Rails\n  mainbusctl packs handout Rails --to rails-mods.zip",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			r.Pack = args[0]
			if r.Path != "" {
				if r.Path, err = filepath.Abs(r.Path); err != nil {
					return err
				}
				t, err := c.client.HandOutPack(cmd.Context(), me, r)
				return c.follow(cmd, t, err)
			}
			how, err := c.client.PackForPlayers(cmd.Context(), me, api.PackRef{Pack: args[0]})
			if err != nil {
				return err
			}
			return print(c, how, func(how api.PackForPlayers) {
				fmt.Fprintln(c.out, how.Text)
				printTable(c, how.Links, "MOD\tVERSION\tPAGE", func(l api.ModLink) string { return columns(l.Name, l.Version, l.URL) })
				if len(how.Missing) > 0 {
					fmt.Fprintf(c.out, "The controller does not keep %s: a zip file would lack them.\n", printable(strings.Join(how.Missing, ", ")))
				}
			})
		},
	}
	cmd.Flags().StringVar(&r.Path, "to", "", "zip file to write")
	cmd.Flags().BoolVar(&r.Replace, "replace", false, "replace the file if it is there")
	return cmd
}
