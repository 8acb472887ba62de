package view

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mainbus/controller/api"
)

// A Host is one row of the hosts screen.
type Host struct {
	ID          string
	Name        string
	WantsToJoin bool
	Linked      bool
	Address     string
	FoundBy     string
	Game        string
	System      string
	RTT         string // with unit; empty while not linked
	Instances   int
}

// An Instance is one row of the instances screen.
type Instance struct {
	ID       string
	Name     string
	Host     string
	State    string // as in the api: the key of icon and colour
	Words    string // phase or cause, a sentence or empty
	Trades   bool
	Game     string
	Port     string
	Save     string
	Wanted   string
	CanStart bool
	CanStop  bool
	CanKill  bool
}

// An Item is one row of the bus screen.
type Item struct {
	Name     string // with its quality, if not normal
	Level    int64
	Sent     int64
	Received int64
	InFlight int64
	Owed     int64
}

func byName(a, b string) int {
	return cmp.Or(strings.Compare(strings.ToLower(a), strings.ToLower(b)), strings.Compare(a, b))
}

func hostRows(hosts []api.Host, instances []api.Instance) []Host {
	count := map[string]int{}
	for _, i := range instances {
		count[i.Host]++
	}
	rows := make([]Host, 0, len(hosts))
	for _, h := range hosts {
		row := Host{
			ID: h.ID, Name: h.Name, WantsToJoin: h.State == api.Discovered, Linked: h.Linked, Address: strings.Join(h.Addresses, ", "),
			FoundBy: h.DiscoveredBy, Game: h.GameVersion, System: h.OS, Instances: count[h.ID],
		}
		if h.Linked {
			row.RTT = roundTrip(h.RTTMS)
		}
		rows = append(rows, row)
	}
	// Who wants to join is what the user has come for.
	slices.SortFunc(rows, func(a, b Host) int {
		return cmp.Or(-compareBool(a.WantsToJoin, b.WantsToJoin), byName(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return rows
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// roundTrip is rounded coarsely, so that a quiet link does not change what is shown all the time.
func roundTrip(ms float64) string {
	switch {
	case ms < 1:
		return "<1 ms"
	case ms < 10:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.0f0 ms", ms/10)
}

func instanceRows(instances []api.Instance) []Instance {
	rows := make([]Instance, 0, len(instances))
	for _, i := range instances {
		row := Instance{
			ID: i.ID, Name: i.Name, Host: i.HostName, State: i.State, Words: words(i), Trades: i.Linked, Game: i.GameVersion, Save: i.Save,
			Wanted: i.Desired,
		}
		if i.GamePort != 0 {
			row.Port = strconv.Itoa(int(i.GamePort))
		}
		up := i.State == "running" || i.State == "starting"
		row.CanStart = i.Desired != "running"
		row.CanStop = i.Desired == "running"
		row.CanKill = up || i.State == "stopping"
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b Instance) int { return cmp.Or(byName(a.Name, b.Name), strings.Compare(a.ID, b.ID)) })
	return rows
}

// words says in a few words what the state alone does not.
func words(i api.Instance) string {
	switch {
	case i.State == "unknown" && i.LastState != "":
		return "was " + i.LastState + "; its host can't be reached"
	case i.Cause != "":
		return i.Cause
	case i.Phase != "":
		return i.Phase
	case i.State == "running" && !i.Linked:
		return "not on the bus yet"
	}
	return ""
}

func itemRows(items []api.BusItem) []Item {
	rows := make([]Item, 0, len(items))
	for _, i := range items {
		name := i.Name
		if i.Quality != "normal" {
			name += " (" + i.Quality + ")"
		}
		rows = append(rows, Item{Name: name, Level: i.Level, Sent: i.Sent, Received: i.Received, InFlight: i.InFlight, Owed: i.Owed})
	}
	slices.SortFunc(rows, func(a, b Item) int { return byName(a.Name, b.Name) })
	return rows
}

// Count writes a number with thin separators between thousands.
func Count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "−", digits[1:]
	}
	var groups []string
	for len(digits) > 3 {
		groups = append(groups, digits[len(digits)-3:])
		digits = digits[:len(digits)-3]
	}
	groups = append(groups, digits)
	slices.Reverse(groups)
	return sign + strings.Join(groups, ",")
}

// Matches tells whether a row passes a filter: all its words, in any of the texts, whatever the case.
func Matches(filter string, texts ...string) bool {
	all := strings.ToLower(strings.Join(texts, "\x00"))
	for word := range strings.FieldsSeq(strings.ToLower(filter)) {
		if !strings.Contains(all, word) {
			return false
		}
	}
	return true
}
