// Package cmdline reads the command line of the game.
package cmdline

import (
	"fmt"
	"strconv"
	"strings"
)

// Options are a command line that was read. The zero value is one without options.
type Options struct {
	values map[string]string
	given  map[string]bool
	args   []string
}

// complaint is an error in the game's words, which begin with a capital and may end with a full stop.
func complaint(format string, args ...any) error { return fmt.Errorf(format, args...) }

// Parse reads --name VALUE and --name=VALUE. What may follow --name is in the table of options.
func Parse(args []string) (Options, error) {
	o := Options{values: map[string]string{}, given: map[string]bool{}, args: args}
	for i := 0; i < len(args); {
		n, err := o.one(args[i:])
		if err != nil {
			return o, err
		}
		i += n
	}
	return o, o.checkAction()
}

// one reads the first option of args and returns how many words it took.
func (o *Options) one(args []string) (int, error) {
	name, value, hasValue := strings.Cut(args[0], "=")
	opt := find(name)
	if opt == nil {
		return 0, complaint("Option '%s' does not exist", strings.TrimLeft(name, "-"))
	}
	o.given[opt.name] = true
	follows := len(args) > 1
	switch {
	case hasValue:
		o.values[opt.name] = value
	case opt.takes == nothing:
	case opt.takes == something && follows:
		o.values[opt.name] = args[1]
		return 2, nil
	case opt.takes == something:
		return 0, complaint("Option '%s' is missing an argument", opt.name)
	case follows && !strings.HasPrefix(args[1], "-"):
		o.values[opt.name] = args[1]
		return 2, nil
	}
	return 1, nil
}

func find(word string) *option {
	for i := range options {
		opt := &options[i]
		if word == "--"+opt.name || (opt.short != "" && word == "-"+opt.short) {
			return opt
		}
	}
	return nil
}

// checkAction refuses two options that each say what the game shall do.
func (o *Options) checkAction() error {
	var actions []string
	for _, opt := range options {
		if opt.action && o.given[opt.name] {
			actions = append(actions, "--"+opt.name)
		}
	}
	if len(actions) > 1 {
		return complaint("Only one of %s can be used.", strings.Join(actions, ", "))
	}
	return nil
}

// Has says whether an option was given.
func (o Options) Has(name string) bool { return o.given[name] }

// Value is the argument of an option, empty when there is none.
func (o Options) Value(name string) string { return o.values[name] }

// Bool reads an option that is switched on by its name alone; absent is false.
func (o Options) Bool(name string) (bool, error) {
	if !o.given[name] {
		return false, nil
	}
	switch text := strings.ToLower(o.values[name]); text {
	case "", "true", "1", "yes", "on":
		return true, nil
	case "false", "0", "no", "off":
		return false, nil
	default:
		return false, complaint("Argument '%s' of option '%s' failed to parse", text, name)
	}
}

// Number reads a whole number from 0 to most; absent is fallback.
func (o Options) Number(name string, fallback, most uint64) (uint64, error) {
	text, ok := o.values[name]
	if !ok {
		return fallback, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n > most {
		return 0, complaint("Argument '%s' of option '%s' failed to parse", text, name)
	}
	return n, nil
}

// Quoted is the command line as the log shows it: each word in quotes and followed by a blank, the RCON password hidden.
func (o Options) Quoted(binary string) string {
	words := []string{binary}
	words = append(words, o.args...)
	var out strings.Builder
	for i, word := range words {
		switch {
		case i > 0 && words[i-1] == "--rcon-password":
			out.WriteString("<private> ")
		case strings.HasPrefix(word, "--rcon-password="):
			out.WriteString(`"--rcon-password" <private> `)
		default:
			out.WriteString(`"` + word + `" `)
		}
	}
	return out.String()
}

// Help is what --help prints.
func Help() string {
	var out strings.Builder
	for _, group := range []group{general, running, server} {
		fmt.Fprintf(&out, "%s:\n", group)
		for _, opt := range options {
			if opt.group != group {
				continue
			}
			name := "--" + opt.name
			if opt.short != "" {
				name = "-" + opt.short + " [ " + name + " ]"
			}
			if opt.argument != "" {
				name += " " + opt.argument
			}
			fmt.Fprintf(&out, "  %-38s %s\n", name, opt.help)
		}
		out.WriteByte('\n')
	}
	return out.String()
}
