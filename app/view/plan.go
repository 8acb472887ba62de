package view

import (
	"strings"

	"mainbus/controller/api"
)

// A PlanStep is one row of a plan: what becomes of a mod.
type PlanStep struct {
	Name   string
	Title  string
	Action string // as in the api: the key of the icon
	Word   string
	From   string
	To     string
	Size   string // with where it comes from
	Why    string
}

// PlanSteps makes rows of the steps of a plan.
func PlanSteps(p api.PackPlan) []PlanStep {
	rows := make([]PlanStep, 0, len(p.Steps))
	for _, s := range p.Steps {
		row := PlanStep{Name: s.Name, Title: s.Title, Action: s.Action, Word: planWord(s.Action), From: s.From, To: s.To, Size: planSource(s), Why: s.Why}
		if row.Title == "" {
			row.Title = s.Name
		}
		rows = append(rows, row)
	}
	return rows
}

func planWord(action string) string {
	switch action {
	case api.PlanInstall:
		return say("install")
	case api.PlanUpdate:
		return say("update")
	case api.PlanDowngrade:
		return say("downgrade")
	case api.PlanRemove:
		return say("remove")
	case api.PlanEnable:
		return say("switch on")
	case api.PlanDisable:
		return say("switch off")
	case api.PlanPin:
		return say("pin")
	case api.PlanUnpin:
		return say("unpin")
	case api.PlanDownload:
		return say("download")
	}
	return action
}

func planSource(s api.PlanStep) string {
	switch {
	case s.Source == api.FromPortal && s.SizeBytes > 0:
		return say("download {{.size}}", with{"size": api.BytesText(s.SizeBytes)})
	case s.Source == api.FromPortal:
		return say("download")
	case s.Source == api.FromStore && s.To != "":
		return say("stored")
	case s.Source == api.FromGame:
		return say("with the game")
	}
	return ""
}

// PlanWords is a plan in one sentence or two: what it does, what it fetches, and whom it reaches.
func PlanWords(p api.PackPlan) string {
	if !p.Possible {
		return say("That is not possible: these demands can't be met together.")
	}
	game := ""
	if p.Game != p.GameWas {
		game = say("Factorio {{.game}} instead of {{.was}}.", with{"game": p.Game, "was": p.GameWas}) + " "
	}
	switch {
	case len(p.Steps) > 0:
	case game == "":
		return say("Nothing has to be changed.")
	default:
		return game + say("All of its mods can stay as they are.")
	}
	counts := map[string]int{}
	for _, s := range p.Steps {
		counts[s.Action]++
	}
	var parts []string
	for _, action := range []string{api.PlanInstall, api.PlanUpdate, api.PlanDowngrade, api.PlanRemove, api.PlanEnable, api.PlanDisable, api.PlanPin, api.PlanUnpin, api.PlanDownload} {
		if n := counts[action]; n > 0 {
			parts = append(parts, say("{{.n}} to {{.do}}", with{"n": n, "do": planWord(action)}))
		}
	}
	text := game + say("Mods: {{.what}}.", with{"what": strings.Join(parts, ", ")})
	if p.Downloads > 0 {
		text += " " + say("{{.n}} to download, {{.size}}", with{"n": p.Downloads, "size": api.BytesText(p.DownloadBytes)})
		if p.SizesUnknown > 0 {
			text += " " + say("and those whose size the portal does not tell ({{.n}})", with{"n": p.SizesUnknown})
		}
		text += "."
	}
	return text
}

// PlanNotes are what somebody should know before a plan is carried out: a sentence each.
func PlanNotes(p api.PackPlan) (notes []string) {
	for _, w := range p.Warnings {
		notes = append(notes, w.Text)
	}
	for _, h := range p.HeldBack {
		notes = append(notes, say("{{.mod}} stays at {{.version}}, though there is {{.newest}}: {{.why}}",
			with{"mod": h.Name, "version": h.Version, "newest": h.Newest, "why": strings.Join(h.Why, " ")}))
	}
	return notes
}

// PlanRestarts says which instances a plan reaches, and when; empty if it reaches none.
func PlanRestarts(p api.PackPlan) string {
	var running, stopped []string
	for _, r := range p.Restarts {
		if r.Running {
			running = append(running, r.Name)
		} else {
			stopped = append(stopped, r.Name)
		}
	}
	var text []string
	if len(running) > 0 {
		text = append(text, say("{{.names}}: runs and goes on with its mods until it is started again.", with{"names": Some(running, 6)}))
	}
	if len(stopped) > 0 {
		text = append(text, say("{{.names}}: at the next start.", with{"names": Some(stopped, 6)}))
	}
	return strings.Join(text, " ")
}

// AssignWords says in a sentence or two what a pack changes for the world of an instance.
func AssignWords(p api.AssignPlan) string {
	come, leave, change := p.Counts()
	var parts []string
	for _, part := range []struct {
		n    int
		text string
	}{{come, say("{{.n}} come", with{"n": come})}, {leave, say("{{.n}} go", with{"n": leave})}, {change, say("{{.n}} get another version", with{"n": change})}} {
		if part.n > 0 {
			parts = append(parts, part.text)
		}
	}
	text := say("It gets the mods that its world has.")
	switch {
	case p.Pack == "":
		return say("Its mods stay as they are.")
	case len(parts) > 0:
		text = say("Mods: {{.what}}.", with{"what": strings.Join(parts, ", ")})
	case p.Save == "":
		text = say("There is no world to compare with.")
	}
	if p.Running {
		text += " " + say("It runs and goes on with its mods until it is started again.")
	}
	return text
}

// Ignorable returns the dependency, or incompatibility, that a conflict is about and that can be ignored; ok is false if it is none.
func Ignorable(c api.PlanConflict) (need api.IgnoredNeed, ok bool) {
	return api.IgnoredNeed{Mod: c.Mod, Needs: c.Other}, c.Mod != "" && c.Other != "" && c.Kind != "want" && c.Kind != "off"
}
