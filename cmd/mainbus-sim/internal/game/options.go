package game

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// options are the command line of the game.
type options struct {
	values map[string]string
	flags  map[string]bool
	args   []string // as given, for the log
}

// Options that take a value, and those that don't. use-server-whitelist and enable-lua-udp take one or none.
var (
	valueOptions = strings.Fields(`start-server start-server-load-scenario create scenario2map map2scenario port bind
		rcon-port rcon-password rcon-bind server-settings server-adminlist server-whitelist server-banlist
		use-authserver-bans server-id console-log config mod-directory executable-path threads map-gen-settings
		map-settings preset map-gen-seed map-gen-seed-max`)
	flagOptions = strings.Fields(`start-server-load-latest no-log-rotation verbose disable-audio nogamepad
		disable-migration-window disable-prototype-history version help`)
	eitherOptions = []string{"use-server-whitelist", "enable-lua-udp"}
	shortOptions  = map[string]string{"-c": "--config", "-v": "--verbose", "-m": "--scenario2map", "-s": "--map2scenario"}
)

// complaint is an error in the game's words, which begin with a capital and may end with a full stop.
func complaint(format string, args ...any) error { return fmt.Errorf(format, args...) }

// parseOptions reads --name VALUE and --name=VALUE.
func parseOptions(args []string) (options, error) {
	o := options{values: map[string]string{}, flags: map[string]bool{}, args: args}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if long, ok := shortOptions[arg]; ok {
			arg = long
		}
		name, value, hasValue := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		isValue := i+1 < len(args) && !strings.HasPrefix(args[i+1], "-")
		switch {
		case !strings.HasPrefix(arg, "--"):
			return o, complaint("Option '%s' does not exist", strings.TrimLeft(arg, "-"))
		case slices.Contains(flagOptions, name):
			o.flags[name] = true
		case slices.Contains(eitherOptions, name):
			o.flags[name] = true
			if !hasValue && isValue {
				i++
				value = args[i]
			}
			o.values[name] = value
		case !slices.Contains(valueOptions, name):
			return o, complaint("Option '%s' does not exist", name)
		case hasValue:
			o.values[name] = value
		case i+1 < len(args):
			i++
			o.values[name] = args[i]
		default:
			return o, complaint("Option '%s' is missing an argument", name)
		}
	}
	if o.values["start-server"] != "" && o.flags["start-server-load-latest"] {
		return o, complaint("Only one of --start-server and --start-server-load-latest can be used")
	}
	return o, nil
}

// number reads a whole number from 0 to most; absent is fallback.
func (o options) number(name string, fallback, most uint64) (uint64, error) {
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

// quoted is the command line as the log shows it.
func (o options) quoted(binary string) string {
	words := []string{`"` + binary + `"`}
	for i, arg := range o.args {
		switch {
		case i > 0 && o.args[i-1] == "--rcon-password":
			words = append(words, "<private>")
		case strings.HasPrefix(arg, "--rcon-password="):
			words = append(words, `"--rcon-password" <private>`)
		default:
			words = append(words, `"`+arg+`"`)
		}
	}
	return strings.Join(words, " ")
}
