package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

func (c *ctl) tasksCommand() *cobra.Command {
	return group("tasks", "Work that takes long, like transfers", &cobra.Command{
		Use: "list", Short: "List what is under way and what has ended lately", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := c.client.Tasks(cmd.Context(), me)
			if err != nil {
				return err
			}
			return printList(c, all, "Nothing is under way.", "TASK\tSTATE\tPROGRESS\tID\tNOTE", func(t api.Task) string {
				note := t.Result
				if t.Error != nil {
					note = t.Error.Message
				}
				return columns(t.Title, t.State, progressText(t), t.ID, note)
			})
		},
	}, &cobra.Command{
		Use: "cancel ID", Short: "Cancel a task", Args: cobra.ExactArgs(1), Example: "  mainbusctl tasks cancel qwertyuiop",
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := c.client.CancelTask(cmd.Context(), me, api.TaskRef{Task: args[0]})
			if err != nil {
				return err
			}
			return print(c, t, func(t api.Task) { fmt.Fprintf(c.out, "%s: canceled.\n", printable(t.Title)) })
		},
	})
}

// progressText says how far a running task is.
func progressText(t api.Task) string {
	if t.State != api.TaskRunning {
		return ""
	}
	if t.SizeBytes == 0 {
		return t.Phase
	}
	text := fmt.Sprintf("%s, %d %% of %s", t.Phase, 100*t.DoneBytes/t.SizeBytes, api.BytesText(t.SizeBytes))
	if t.BytesPerSecond > 0 {
		text += fmt.Sprintf(", %s/s, %d s left", api.BytesText(t.BytesPerSecond), (t.SizeBytes-t.DoneBytes)/t.BytesPerSecond)
	}
	return text
}

// progress is a line that is written over and over, where somebody looks at it.
type progress struct {
	out   io.Writer
	width int
}

func newProgress(w io.Writer) *progress {
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return &progress{out: w}
		}
	}
	return &progress{}
}

func (p *progress) show(t api.Task) {
	if p.out == nil {
		return
	}
	line := printable(progressText(t))
	fmt.Fprintf(p.out, "\r%s%s", line, strings.Repeat(" ", max(0, p.width-len(line))))
	p.width = len(line)
}

func (p *progress) end() {
	if p.out != nil && p.width > 0 {
		fmt.Fprintf(p.out, "\r%s\r", strings.Repeat(" ", p.width))
		p.width = 0
	}
}
