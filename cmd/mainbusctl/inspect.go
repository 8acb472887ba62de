package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"mainbus/hostagent/factorio/inspect"
)

const maxStream = 2 << 30 // bytes of standard input

func (c *ctl) inspectCommand() *cobra.Command {
	return &cobra.Command{
		Use:         "inspect FILE",
		Annotations: onThisMachine,
		Short:       "Say what a file of the game is and what is in it",
		Long: "Say what a file of the game is and what is in it: saves, logs, mods, mod lists, mod settings,\n" +
			"server settings, lists of players, map settings, map exchange strings, mod pack strings and blueprint strings.\n" +
			"FILE - is standard input. Works without a controller.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.inspect(args[0], cmd.InOrStdin()); err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			return nil
		},
	}
}

func (c *ctl) inspect(name string, stdin io.Reader) error {
	f, err := openInput(name, stdin)
	if err != nil {
		return err
	}
	defer f.Close()
	in := inspect.Input{Data: f, Size: f.size, Name: f.name}
	report, err := inspect.Inspect(in)
	if err != nil {
		return err
	}
	if c.json {
		return report.WriteJSON(c.out)
	}
	return report.WriteText(c.out)
}

// An input is a file that can be read at any place.
type input struct {
	*os.File
	size int64
	name string // empty if the file's name says nothing about its content
	temp bool
}

func (i *input) Close() error {
	err := i.File.Close()
	if i.temp {
		return errors.Join(err, os.Remove(i.File.Name()))
	}
	return err
}

// openInput opens a file, the info.json of a folder, or a copy of what can't be read twice.
func openInput(name string, stdin io.Reader) (*input, error) {
	if name == "-" {
		return spool(stdin)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, plain(err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		f.Close()
		return nil, plain(err)
	case info.IsDir():
		f.Close()
		const file = "info.json"
		if f, err = os.Open(filepath.Join(name, file)); err != nil {
			return nil, fmt.Errorf("it is a folder, but not a mod's: %s: %w", file, plain(err))
		}
		if info, err = f.Stat(); err != nil {
			f.Close()
			return nil, plain(err)
		}
		return &input{File: f, size: info.Size()}, nil
	case !info.Mode().IsRegular():
		defer f.Close()
		return spool(f)
	}
	return &input{File: f, size: info.Size(), name: filepath.Base(name)}, nil
}

// spool copies what can't be read twice into a file, unless its beginning says that it is nothing known.
func spool(r io.Reader) (*input, error) {
	head := make([]byte, inspect.HeadSize)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, fmt.Errorf("read: %w", err)
	}
	head = head[:n]
	if len(head) > 0 && !inspect.Known(head) {
		return nil, inspect.ErrUnknown
	}
	f, err := os.CreateTemp("", "mainbusctl-inspect-")
	if err != nil {
		return nil, fmt.Errorf("keep what is read: %w", err)
	}
	in := &input{File: f, temp: true}
	in.size, err = io.Copy(f, io.LimitReader(io.MultiReader(bytes.NewReader(head), r), maxStream+1))
	if err == nil && in.size > maxStream {
		err = fmt.Errorf("more than %d GiB; save it to a file and name that", maxStream>>30)
	}
	if err != nil {
		in.Close()
		return nil, fmt.Errorf("read: %w", err)
	}
	return in, nil
}

// plain is an error of the file system without the path, which stands before it.
func plain(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
