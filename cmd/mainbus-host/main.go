// Command mainbus-host is the agent of one machine: it runs the Factorio servers there for a controller.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"mainbus/hostagent"
	"mainbus/hostagent/games"
	"mainbus/hostagent/releases"
	"mainbus/hostagent/service"
	"mainbus/hostagent/supervisor"
	"mainbus/transport/discovery"
	"mainbus/transport/local"
	"mainbus/transport/wire"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var o options
	err := command(&o).ExecuteContext(ctx)
	stop()
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "mainbus-host:", err)
	if !o.understood {
		fmt.Fprintln(os.Stderr, "mainbus-host --help lists commands and flags.")
		os.Exit(exitUsage)
	}
	os.Exit(exitFailed)
}

const (
	exitFailed = 1
	exitUsage  = 2
)

type options struct {
	data, name, level, metrics, releases string
	factorio, interfaces                 []string
	gamePorts                            string
	port                                 uint16
	announce                             bool
	understood                           bool // the command line was: errors from then on are not about usage
}

func command(o *options) *cobra.Command {
	root := &cobra.Command{
		Use:              "mainbus-host",
		Short:            "Run Factorio servers on this machine for a Mainbus controller",
		Args:             cobra.NoArgs,
		SilenceUsage:     true,
		SilenceErrors:    true,
		PersistentPreRun: func(*cobra.Command, []string) { o.understood = true },
		RunE:             func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o, cmd.OutOrStdout()) },
	}
	root.PersistentFlags().StringVar(&o.data, "data", local.DataDir("host"), "folder for everything that the agent keeps")
	flags := root.Flags()
	flags.StringArrayVar(&o.factorio, "factorio", nil, "folder of a Factorio installation (headless or full) that is taken before all others; can be given more than once")
	flags.StringVar(&o.releases, "releases-url", "", "address of a mirror of factorio.com with the same paths, to download the game from")
	flags.StringVar(&o.name, "name", defaultName(), "name of this host, for people")
	flags.Uint16Var(&o.port, "port", 0, fmt.Sprintf("UDP port; 0: the one last used, else %d or the next free one", hostagent.DefaultPort))
	flags.StringVar(&o.gamePorts, "game-ports", "", "UDP ports that games may have, as \"34197-34296\"; empty: a thousand from 34197 on")
	flags.BoolVar(&o.announce, "announce", true, "let controllers on this network find this host; without, they need its address")
	flags.StringArrayVar(&o.interfaces, "interface", nil, "name of a network interface on which this host is announced, instead of all but virtual ones; can be given more than once")
	flags.StringVar(&o.metrics, "metrics", hostagent.MetricsAddr, "TCP address at which Prometheus finds /metrics; empty: nowhere")
	flags.StringVar(&o.level, "log-level", "info", "debug, info, warn or error")
	root.AddCommand(pairCommand(o), statusCommand(o), superviseCommand(), gamesCommand(o), serviceCommand(o),
		peersCommand(o), joinCommand(o), forgetCommand(o))
	root.AddCommand(instanceCommands(o)...)
	return root
}

func defaultName() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "host"
	}
	return name[:min(len(name), 40)]
}

func run(ctx context.Context, o *options, out io.Writer) error {
	debug.SetGCPercent(400) // a heap of a few megabytes would be collected dozens of times a second
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.level)); err != nil {
		o.understood = false
		return fmt.Errorf("log level %q is not one of debug, info, warn, error", o.level)
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program's executable: %w", err)
	}
	first, last, err := parsePorts(o.gamePorts)
	if err != nil {
		o.understood = false
		return err
	}
	agent := hostagent.New(hostagent.Config{
		DataDir: o.data, Name: o.name, Port: o.port, Version: wire.Version, Self: self,
		Hidden: !o.announce, FirstGamePort: first, LastGamePort: last, Interfaces: discovery.Named(o.interfaces), Metrics: o.metrics, FactorioDirs: o.factorio, Places: games.Places(), Distro: games.DistroOf(runtime.GOOS, runtime.GOARCH),
		GoingDown: service.GoingDown,
		Releases:  releases.Sites{Site: o.releases, Download: o.releases},
		Started: func(s hostagent.Status) {
			fmt.Fprintf(out, "%s is ready at UDP port %d with %s\n", s.Name, s.Port, gameWords(s.GameVersion))
		},
		PairingCode: func(c hostagent.PairingCode) { printCode(out, c) },
		Log:         slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
	})
	return service.Run(ctx, agent.Run)
}

// parsePorts reads "first-last" or one port; empty means the usual ones.
func parsePorts(text string) (first, last uint16, err error) {
	if text == "" {
		return 0, 0, nil
	}
	from, to, found := strings.Cut(text, "-")
	if !found {
		to = from
	}
	a, errA := strconv.ParseUint(strings.TrimSpace(from), 10, 16)
	b, errB := strconv.ParseUint(strings.TrimSpace(to), 10, 16)
	if errA != nil || errB != nil || a == 0 || b < a {
		return 0, 0, fmt.Errorf("game ports %q are not two numbers from 1 to 65535 as in 34197-34296, the lower one first", text)
	}
	return uint16(a), uint16(b), nil
}

func printCode(out io.Writer, c hostagent.PairingCode) {
	fmt.Fprintf(out, "Pairing code: %s (valid until %s)\n", c.Code, c.Expires.Local().Format("15:04"))
}

func pairCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "pair",
		Short: "Let a controller pair with the agent that runs here, and show the code for it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			code, err := hostagent.AskPairingCode(cmd.Context(), o.data)
			if err != nil {
				return err
			}
			printCode(cmd.OutOrStdout(), code)
			return nil
		},
	}
}

func statusCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show the agent that runs here, its controllers and its game servers",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := hostagent.AskStatus(cmd.Context(), o.data)
			if err != nil {
				return err
			}
			return printStatus(cmd.OutOrStdout(), s)
		},
	}
}

func printStatus(out io.Writer, s hostagent.Status) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\tUDP port %d\t%s\n", s.Name, s.Port, gameWords(s.GameVersion))
	if s.Pairing != "" {
		fmt.Fprintf(w, "pairing\t%s\n", s.Pairing)
	}
	for _, c := range s.Controllers {
		fmt.Fprintf(w, "controller\t%s\t%s\t%s\n", c.Name, linkWords(c), c.Problem)
	}
	for _, i := range s.Instances {
		fmt.Fprintf(w, "instance\t%s\tUDP port %d\t%s\t%s\n", printable(i.Name), i.Port, i.ID, words(i))
	}
	if s.Warning != "" {
		fmt.Fprintln(w, s.Warning)
	}
	return w.Flush()
}

// superviseCommand is what the agent starts for each game; it is not for people.
func superviseCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "supervise DIR",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			runtime.GOMAXPROCS(1) // it hands lines on: to wake a second thread for that costs more than it does
			return supervisor.Supervise(args[0], cmd.OutOrStdout())
		},
	}
}
