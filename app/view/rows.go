package view

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"mainbus/controller/api"
)

// A Host is one row of the hosts screen.
type Host struct {
	ID          string
	Name        string
	WantsToJoin bool
	Elsewhere   bool // announces itself, and belongs to another controller
	Linked      bool
	Wrong       string // what is wrong, as in the api; empty: nothing
	Problem     string // … a sentence
	Next        string // what to do about it
	Address     string
	FoundBy     string
	Game        string // which versions are there, or what is being got
	NoGame      bool   // there is none, as it says itself
	System      string
	Version     string
	RTT         string // with unit; empty while not linked
	LastSeen    time.Time
	Instances   int
	Starts      uint32 // games that may be starting at once; 0: the host's choice
	PlayersAt   string // where players reach its games, if not where the controller reaches it
}

// Pairable tells whether typing the host's code would help.
func (h Host) Pairable() bool {
	return h.WantsToJoin || h.Elsewhere || h.Wrong == api.Forgotten || h.Wrong == api.OtherKey
}

// An Instance is one row of the instances screen.
type Instance struct {
	ID       string
	Name     string
	Host     string
	HostID   string
	State    string // as in the api: the key of icon and colour
	Words    string // phase or cause, a sentence or empty
	Trouble  Trouble
	Cause    string // of the trouble
	Remark   string // what else is to be said: sentences, or empty
	Trades   bool
	Game     string
	Port     string
	Save     string
	Wanted   string
	Starts   uint64
	UPS      string // empty while it is not known
	Slow     bool   // UPS is so low that players feel it
	Players  string
	CPU      string
	Memory   string
	Progress float64 // of what it is at, 0 to 1; below 0 if it is not known
	CanStart bool
	CanStop  bool
	CanKill  bool
	CanMove  bool
	CanErase bool
	Pack     string // id of its mod pack; empty: it has none
	Mods     string // label of the set of mods that it shall have; empty: none
	ModsBad  string // what keeps the next start from them: sentences
	Version  string // of Factorio that it shall run; empty: any
	Download bool   // that version may be downloaded
}

// Trouble is what an instance can't get out of by itself, or has not for now.
type Trouble int

const (
	NoTrouble Trouble = iota
	Failed            // does not run, though it should
	Unlinked          // runs, but does not trade
)

// An Item is one row of the bus screen.
type Item struct {
	Ref      api.GoodsRef
	Name     string // with its quality, if not normal, and what games call it before that
	Level    int64
	Sent     int64
	Received int64
	InFlight int64
	Owed     int64
	Held     int64
	Limit    int64 // 0: none
	Strict   bool
	Fair     bool
	Frozen   bool // its books do not add up
}

func byName(a, b string) int {
	return cmp.Or(strings.Compare(strings.ToLower(a), strings.ToLower(b)), strings.Compare(a, b))
}

func hostRows(hosts []api.Host, instances []api.Instance, games map[string]api.HostGames) []Host {
	count := map[string]int{}
	for _, i := range instances {
		count[i.Host]++
	}
	rows := make([]Host, 0, len(hosts))
	for _, h := range hosts {
		row := Host{
			ID: h.ID, Name: h.Name, WantsToJoin: h.State == api.Discovered && h.Trouble == "",
			Elsewhere: h.State == api.Discovered && h.Trouble != "", Wrong: h.Trouble, Problem: h.Problem, Next: h.Next, Linked: h.Linked, Address: strings.Join(h.Addresses, ", "),
			FoundBy: h.DiscoveredBy, Game: h.GameVersion, System: h.OS, Version: h.Version, Instances: count[h.ID], Starts: h.StartsAtOnce, PlayersAt: h.PlayerAddress,
		}
		if g, ok := games[h.ID]; ok {
			row.Game, row.NoGame = gameWords(g, h.GameVersion), h.Linked && g.Known && len(g.Games)+len(g.Downloads) == 0
		}
		if h.Linked {
			row.RTT = roundTrip(h.RTTMS)
		} else if !row.WantsToJoin && !row.Elsewhere {
			row.LastSeen = h.LastSeen
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

// slowUPS is what players feel: the game is made for 60.
const slowUPS = 55

// instanceRows are the rows of all instances, with what was measured of them.
func instanceRows(instances []api.Instance, measured []api.Measured) []Instance {
	of := map[string]map[string]float64{}
	for _, m := range measured {
		if m.Kind == api.KindInstance {
			of[m.ID] = m.Figures
		}
	}
	rows := make([]Instance, 0, len(instances))
	for _, i := range instances {
		row := Instance{
			ID: i.ID, Name: i.Name, Host: i.HostName, HostID: i.Host, Version: i.Version, Download: i.Download, State: i.State, Words: words(i), Trades: i.Linked, Game: i.GameVersion, Save: i.Save,
			Wanted: i.Desired, Starts: i.Starts, Progress: percent(i.Phase), Pack: i.Pack, Mods: i.Mods.Wanted, ModsBad: i.Mods.Problem,
		}
		if i.GamePort != 0 {
			row.Port = strconv.Itoa(int(i.GamePort))
		}
		up := i.State == "running" || i.State == "starting"
		row.measured(of[i.ID])
		row.Trouble, row.Cause = trouble(i)
		row.Remark = remark(i)
		row.CanStart = i.Desired != "running" || row.Trouble == Failed
		row.CanStop = i.Desired == "running"
		row.CanKill = up || i.State == "stopping"
		row.CanMove = i.State != "unknown" && i.State != "working" && i.State != "stray"
		row.CanErase = i.Desired != "running" && ended(i)
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b Instance) int { return cmp.Or(byName(a.Name, b.Name), strings.Compare(a.ID, b.ID)) })
	return rows
}

// ended tells whether no game runs, as far as its host has told.
func ended(i api.Instance) bool {
	state := i.State
	if state == "unknown" {
		state = i.LastState
	}
	return state == "" || state == "stopped" || state == "failed"
}

// measured takes in figures, rounded so that a quiet game does not change what is shown all the time.
func (i *Instance) measured(values map[string]float64) {
	if v, ok := values["ups"]; ok {
		i.UPS, i.Slow = strconv.FormatFloat(math.Round(v), 'f', 0, 64), v < slowUPS
	}
	if v, ok := values["players"]; ok {
		i.Players = api.FigureText("players", v)
	}
	if v, ok := values["cpu_cores"]; ok {
		i.CPU = say("{{.percent}} % of a core", with{"percent": int(math.Ceil(v * 100))})
	}
	if v, ok := values["memory_bytes"]; ok {
		i.Memory = api.FigureText("memory_bytes", v)
	}
}

// passing are the causes that an agent gives for a running game that is about to be linked.
var passing = []string{"", "waiting for the controller", "waiting for the game's RCON"}

func trouble(i api.Instance) (Trouble, string) {
	switch {
	case i.State == "failed":
		return Failed, i.Cause
	case i.State == "running" && !i.Linked && !slices.Contains(passing, i.Cause):
		return Unlinked, i.Cause
	}
	return NoTrouble, ""
}

// remark says what was decided on the host itself, when a failed start is tried again, and what is wrong with a game that runs.
func remark(i api.Instance) string {
	var parts []string
	switch i.DecidedHere {
	case "running":
		parts = append(parts, say("Somebody has started it on its host. That holds until it is started or stopped here."))
	case "stopped":
		parts = append(parts, say("Somebody has stopped it on its host. That holds until it is started or stopped here."))
	}
	if i.RetryAt != nil {
		parts = append(parts, say("It is tried again at {{.time}}.", with{"time": i.RetryAt.Local().Format(time.TimeOnly)}))
	}
	if i.Warning != "" {
		parts = append(parts, i.Warning)
	}
	return strings.Join(parts, " ")
}

// words says in a few words what the state alone does not.
func words(i api.Instance) string {
	switch {
	case i.State == "unknown" && i.LastState != "":
		return say("was {{.state}}; no link to its host", with{"state": strings.ToLower(StateWord(i.LastState))})
	case i.State == "running" && !i.Linked && slices.Contains(passing, i.Cause) && i.Phase == "":
		return say("not on the bus yet")
	case i.Cause != "":
		return i.Cause
	case i.Phase != "":
		return phase(i.Phase)
	}
	return ""
}

// StateWord is the word for an instance's state.
func StateWord(state string) string {
	switch state {
	case "running":
		return say("Running")
	case "starting":
		return say("Starting")
	case "stopping":
		return say("Stopping")
	case "working":
		return say("Working")
	case "stopped":
		return say("Stopped")
	case "failed":
		return say("Failed")
	case "stray":
		return say("Stray")
	}
	return say("Unknown")
}

// phase is what an agent says that it is at. What this version does not know is shown as it came.
func phase(text string) string {
	switch text {
	case "preparing":
		return say("preparing")
	case "choosing save":
		return say("choosing the save")
	case "creating map":
		return say("creating the map")
	case "patching save":
		return say("preparing the save")
	case "starting game":
		return say("starting the game")
	case "loading map":
		return say("loading the map")
	case "saving":
		return say("saving")
	case "asking the game to end":
		return say("asking the game to end")
	case "ending":
		return say("ending")
	case "adopting":
		return say("taking over the running game")
	}
	if done := percent(text); done >= 0 && strings.HasPrefix(text, "saving, ") {
		return say("saving, {{.percent}} %", with{"percent": int(done*100 + 0.5)})
	}
	return text
}

// percent reads how far a phase is that ends in "45 %"; below 0 if it does not say.
func percent(text string) float64 {
	number, ok := strings.CutSuffix(text, " %")
	if !ok {
		return -1
	}
	n, err := strconv.Atoi(number[strings.LastIndexByte(number, ' ')+1:])
	if err != nil || n < 0 || n > 100 {
		return -1
	}
	return float64(n) / 100
}

func itemRows(items []api.BusItem) []Item {
	rows := make([]Item, 0, len(items))
	for _, i := range items {
		ref := api.GoodsRef{Name: i.Name, Quality: i.Quality}
		rows = append(rows, Item{
			Ref: ref, Name: named(i.Title, ref.Words()), Level: i.Level, Sent: i.Sent, Received: i.Received, InFlight: i.InFlight, Owed: i.Owed,
			Held: i.Held, Limit: i.Limit, Strict: i.Strict, Fair: i.Fair, Frozen: i.Frozen,
		})
	}
	slices.SortFunc(rows, func(a, b Item) int { return byName(a.Name, b.Name) })
	return rows
}

// named puts what people call a thing before its id.
func named(title, id string) string {
	if title == "" {
		return id
	}
	return title + " · " + id
}

// Count writes a number with the language's separator between thousands.
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

// Ago says how long ago something was, coarsely; Moment, exactly when.
func Ago(at, now time.Time) string {
	d := now.Sub(at)
	switch {
	case at.IsZero():
		return ""
	case d < 5*time.Second:
		return say("just now")
	case d < time.Minute:
		return say("{{.n}} s ago", with{"n": int(d.Seconds())})
	case d < time.Hour:
		return say("{{.n}} min ago", with{"n": int(d.Minutes())})
	case d < 48*time.Hour:
		return say("{{.n}} h ago", with{"n": int(d.Hours())})
	}
	return say("{{.n}} days ago", with{"n": int(d.Hours() / 24)})
}

// Clock is a time of this place, with its day unless that is today.
func Clock(at, now time.Time) string {
	at, now = at.Local(), now.Local()
	switch {
	case at.Year() != now.Year():
		return at.Format("2006-01-02")
	case at.YearDay() != now.YearDay():
		return at.Format("01-02 15:04")
	}
	return at.Format("15:04:05")
}

// Moment is a time of this place, with its zone.
func Moment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Local().Format("2006-01-02 15:04:05 MST")
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
