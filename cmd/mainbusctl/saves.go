package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

func (c *ctl) savesCommand() *cobra.Command {
	return group("saves", "The saves of a game server", c.savesListCommand(),
		c.savesAreaCommand("bin", "List what was deleted; it is kept for a week", "The bin is empty.", "DELETED", func(l api.SaveList) []api.Save { return l.Bin }),
		c.savesAreaCommand("backups", "List the backups of saves", "There is no backup. Make one: mainbusctl saves backup INSTANCE SAVE", "MADE",
			func(l api.SaveList) []api.Save { return l.Backups }),
		c.uploadCommand(), c.downloadCommand(), c.transferCommand(), c.createMapCommand(), c.keepCommand(),
		c.saveCommand(saveVerb{"rename INSTANCE SAVE NAME", "Give a save another name", api.RenameSave, 3, "renamed to %[2]s", "mainbusctl saves rename nauvis one.zip two.zip"}),
		c.saveCommand(saveVerb{"copy INSTANCE SAVE NAME", "Copy a save", api.CopySave, 3, "copied to %[2]s", "mainbusctl saves copy nauvis one.zip two.zip"}),
		c.saveCommand(saveVerb{"promote INSTANCE AUTOSAVE NAME", "Make a save of an autosave, which the game would replace", api.CopySave, 3, "kept as %[2]s",
			"mainbusctl saves promote nauvis _autosave3.zip before-the-train.zip"}),
		c.saveCommand(saveVerb{"delete INSTANCE SAVE", "Move a save into the bin", api.DeleteSave, 2, "moved into the bin", "mainbusctl saves delete nauvis old.zip"}),
		c.saveCommand(saveVerb{"restore INSTANCE ID [NAME]", "Take a save out of the bin", api.RestoreSave, 2, "is back", "mainbusctl saves restore nauvis 1764137293000~~old.zip"}),
		c.saveCommand(saveVerb{"remove INSTANCE ID", "Remove a save from the bin or a backup, for good", api.RemoveSave, 2, "removed for good",
			"mainbusctl saves remove nauvis 1764137293000~~old.zip"}),
		c.saveCommand(saveVerb{"choose INSTANCE [SAVE]", "Choose what the next start loads; without SAVE the newest save of the world", api.ChooseSave, 1, "is loaded by the next start",
			"mainbusctl saves choose nauvis before-the-train.zip"}),
		c.saveCommand(saveVerb{"backup INSTANCE SAVE", "Make a backup of a save", api.BackUpSave, 2, "backed up", "mainbusctl saves backup nauvis nauvis.zip"}),
		c.saveCommand(saveVerb{"take-backup INSTANCE ID NAME", "Make a save of a backup; choose it to go on with it", api.TakeBackup, 3, "is the save %[2]s",
			"mainbusctl saves take-backup nauvis 1764137293000~asked~nauvis.zip nauvis-yesterday.zip"}))
}

func (c *ctl) savesListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list INSTANCE", Short: "List the saves, newest first, and tell which one a start loads", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl saves list nauvis",
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := c.client.Saves(cmd.Context(), me, api.InstanceRef{Instance: args[0]})
			if err != nil {
				return err
			}
			return print(c, list, func(list api.SaveList) {
				printTable(c, list.Saves, "SAVE\tSAVED\tSIZE\tGAME\tSCENARIO\tMODS\tPLAYED\tNOTE", func(s api.Save) string {
					return columns(s.Name, savedAt(s.SavedAt), api.BytesText(s.SizeBytes), s.Version, s.Scenario, len(s.Mods), api.PlayedText(s.Tick), saveNote(s))
				})
				if list.Next != "" {
					fmt.Fprintf(c.out, "A start loads %s: %s.\n", printable(list.Next), printable(list.Why))
				} else {
					fmt.Fprintln(c.out, printable(list.Why))
				}
			})
		},
	}
}

func savedAt(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

func saveNote(s api.Save) string {
	var notes []string
	if s.Running {
		notes = append(notes, "in use")
	}
	if s.Autosave {
		notes = append(notes, "autosave")
	}
	if s.Problem != "" {
		notes = append(notes, "can't be read: "+s.Problem)
	}
	return strings.Join(notes, ", ")
}

func (c *ctl) savesAreaCommand(use, short, empty, when string, of func(api.SaveList) []api.Save) *cobra.Command {
	return &cobra.Command{
		Use: use + " INSTANCE", Short: short, Args: cobra.ExactArgs(1), Example: "  mainbusctl saves " + use + " nauvis",
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := c.client.Saves(cmd.Context(), me, api.InstanceRef{Instance: args[0]})
			if err != nil {
				return err
			}
			return printList(c, of(list), empty, "ID\tSAVE\t"+when+"\tSAVED\tSIZE\tGAME\tWHY", func(s api.Save) string {
				return columns(s.ID, s.Name, savedAt(s.PutAt), savedAt(s.SavedAt), api.BytesText(s.SizeBytes), s.Version, s.Reason)
			})
		},
	}
}

// saveVerb is a command that does one thing with a save and is done at once.
type saveVerb struct {
	use, short string
	action     string
	least      int    // arguments
	said       string // of %[1]s, the save; %[2]s is its new name
	example    string
}

func (c *ctl) saveCommand(v saveVerb) *cobra.Command {
	most := len(strings.Fields(v.use)) - 1
	return &cobra.Command{
		Use: v.use, Short: v.short, Args: cobra.RangeArgs(v.least, most), Example: "  " + v.example,
		RunE: func(cmd *cobra.Command, args []string) error {
			args = append(args, "", "")
			list, err := c.client.ChangeSave(cmd.Context(), me, api.ChangeSave{Instance: args[0], Action: v.action, Save: args[1], To: args[2]})
			if err != nil {
				return err
			}
			return print(c, list, func(api.SaveList) {
				what := args[1]
				if what == "" {
					what = "The newest save"
				}
				fmt.Fprintf(c.out, "%[1]s "+v.said+"%[3]s\n", printable(what), printable(args[2]), ".")
			})
		},
	}
}

func (c *ctl) uploadCommand() *cobra.Command {
	var r api.UploadSave
	cmd := &cobra.Command{
		Use: "upload INSTANCE FILE", Short: "Bring a save from this machine to an instance", Args: cobra.ExactArgs(2),
		Long: "Bring a save from this machine to an instance. It is checked on the way and there; a broken link is borne.\n" +
			"It does not start by itself: choose it.",
		Example: "  mainbusctl saves upload nauvis ~/.factorio/saves/base.zip\n  mainbusctl saves choose nauvis base.zip",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if r.Path, err = filepath.Abs(args[1]); err != nil {
				return err
			}
			r.Instance = args[0]
			t, err := c.client.UploadSave(cmd.Context(), me, r)
			return c.follow(cmd, t, err)
		},
	}
	cmd.Flags().StringVar(&r.Name, "name", "", "what the save shall be called; else as the file is")
	return cmd
}

func (c *ctl) downloadCommand() *cobra.Command {
	var r api.DownloadSave
	cmd := &cobra.Command{
		Use: "download INSTANCE SAVE [FILE]", Short: "Bring a save from an instance to this machine", Args: cobra.RangeArgs(2, 3),
		Example: "  mainbusctl saves download nauvis _autosave1.zip nauvis-today.zip",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			r.Instance, r.Save = args[0], args[1]
			file := saveName(args[1])
			if len(args) > 2 {
				file = args[2]
			}
			if info, err := os.Stat(file); err == nil && info.IsDir() {
				file = filepath.Join(file, saveName(args[1]))
			}
			if r.Path, err = filepath.Abs(file); err != nil {
				return err
			}
			t, err := c.client.DownloadSave(cmd.Context(), me, r)
			return c.follow(cmd, t, err)
		},
	}
	cmd.Flags().StringVar(&r.Area, "from", "saves", "saves, bin or backups; SAVE is an ID of the last two")
	cmd.Flags().BoolVar(&r.Replace, "replace", false, "replace FILE if it is there")
	return cmd
}

// saveName is what a save was called whose ID in the bin or among backups this is.
func saveName(id string) string {
	if parts := strings.SplitN(id, "~", 3); len(parts) == 3 {
		return parts[2]
	}
	return id
}

func (c *ctl) transferCommand() *cobra.Command {
	var r api.TransferSave
	cmd := &cobra.Command{
		Use: "transfer INSTANCE SAVE INSTANCE", Short: "Copy a save to another instance, on any host", Args: cobra.ExactArgs(3),
		Example: "  mainbusctl saves transfer nauvis nauvis.zip test --name from-nauvis.zip",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Instance, r.Save, r.To = args[0], args[1], args[2]
			t, err := c.client.TransferSave(cmd.Context(), me, r)
			return c.follow(cmd, t, err)
		},
	}
	cmd.Flags().StringVar(&r.Area, "from", "saves", "saves, bin or backups; SAVE is an ID of the last two")
	cmd.Flags().StringVar(&r.Name, "name", "", "what the copy shall be called; else as the save is")
	return cmd
}

func (c *ctl) createMapCommand() *cobra.Command {
	var r api.CreateMap
	var gen, settings, exchange string
	cmd := &cobra.Command{
		Use: "create INSTANCE NAME", Short: "Have the game of a stopped instance make a new map, which the next start loads", Args: cobra.ExactArgs(2),
		Example: "  mainbusctl saves create nauvis rails.zip --preset rail-world --seed 42\n  mainbusctl saves create nauvis like-theirs.zip --exchange string.txt",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Instance, r.Name = args[0], args[1]
			for _, file := range []struct {
				path string
				to   *string
			}{{gen, &r.MapGenSettings}, {settings, &r.MapSettings}, {exchange, &r.Exchange}} {
				if file.path == "" {
					continue
				}
				content, err := os.ReadFile(file.path)
				if err != nil {
					return api.Errorf(api.Invalid, "", "%v", err)
				}
				*file.to = string(content)
			}
			t, err := c.client.CreateMap(cmd.Context(), me, r)
			return c.follow(cmd, t, err)
		},
	}
	cmd.Flags().StringVar(&r.Preset, "preset", "", "default, rich-resources, marathon, death-world, rail-world, ribbon-world, or one of a mod")
	cmd.Flags().Uint32Var(&r.Seed, "seed", 0, "seed of the map; 0 leaves it to the game")
	cmd.Flags().StringVar(&exchange, "exchange", "", "file with a map exchange string")
	cmd.Flags().StringVar(&gen, "map-gen-settings", "", "the game's file of that name")
	cmd.Flags().StringVar(&settings, "map-settings", "", "the game's file of that name")
	cmd.Flags().StringVar(&r.Scenario, "scenario", "", "make the map of a scenario, like base/freeplay")
	return cmd
}

func (c *ctl) keepCommand() *cobra.Command {
	var k api.Keep
	var gib float64
	cmd := &cobra.Command{
		Use: "keep INSTANCE", Short: "Set how many backups of saves are kept, of each reason; without options show it", Args: cobra.ExactArgs(1),
		Example: "  mainbusctl saves keep nauvis --count 10 --days 14 --gib 2",
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := c.client.Saves(cmd.Context(), me, api.InstanceRef{Instance: args[0]})
			if err != nil {
				return err
			}
			set := list.Keep
			for name, use := range map[string]func(){
				"count": func() { set.Count = k.Count }, "days": func() { set.Days = k.Days }, "gib": func() { set.Bytes = int64(gib * (1 << 30)) },
			} {
				if cmd.Flags().Changed(name) {
					use()
				}
			}
			if set != list.Keep {
				if list, err = c.client.ChangeSave(cmd.Context(), me, api.ChangeSave{Instance: args[0], Action: api.KeepBackups, Keep: &set}); err != nil {
					return err
				}
			}
			return print(c, list.Keep, func(k api.Keep) {
				fmt.Fprintf(c.out, "Of each reason %d backups, up to %d days old, up to %s in all; the newest in any case. 0 bounds nothing.\n", k.Count, k.Days, api.BytesText(k.Bytes))
			})
		},
	}
	cmd.Flags().IntVar(&k.Count, "count", 0, "how many")
	cmd.Flags().IntVar(&k.Days, "days", 0, "how old at most")
	cmd.Flags().Float64Var(&gib, "gib", 0, "how large in all, in GiB")
	return cmd
}

// follow waits for a task and shows how far it is. An interrupt cancels the task.
func (c *ctl) follow(cmd *cobra.Command, t api.Task, err error) error {
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	bar := newProgress(cmd.ErrOrStderr())
	defer bar.end()
	for t.State == api.TaskRunning {
		bar.show(t)
		select {
		case <-time.After(pollInterval):
		case <-ctx.Done():
			late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			_, err := c.client.CancelTask(late, me, api.TaskRef{Task: t.ID})
			return cmp.Or[error](err, api.Errorf(api.Refused, "", "canceled"))
		}
		if t, err = c.task(ctx, t.ID); err != nil && ctx.Err() == nil {
			return err
		}
	}
	bar.end()
	switch t.State {
	case api.TaskFailed:
		return t.Error
	case api.TaskCanceled:
		return api.Errorf(api.Refused, "", "somebody canceled it")
	}
	return print(c, t, func(t api.Task) { fmt.Fprintf(c.out, "%s: done, %s.\n", printable(t.Title), printable(t.Result)) })
}

func (c *ctl) task(ctx context.Context, id string) (api.Task, error) {
	all, err := c.client.Tasks(ctx, me)
	if err != nil {
		return api.Task{ID: id, State: api.TaskRunning}, err
	}
	for _, t := range all {
		if t.ID == id {
			return t, nil
		}
	}
	return api.Task{}, api.Errorf(api.NotFound, "See what has arrived: mainbusctl saves list INSTANCE", "the controller knows nothing of the transfer any more")
}
