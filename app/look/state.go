package look

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// A State is how the condition of something is shown: a shape, a word and a colour, so that none of the three is needed to
// tell it from the others.
type State struct {
	Word  string
	Color fyne.ThemeColorName
	shape string // inside of a 16×16 SVG drawing
}

const (
	disc     = `<circle cx="8" cy="8" r="5.5" fill="#000"/>`
	ring     = `<circle cx="8" cy="8" r="4.75" fill="none" stroke="#000" stroke-width="1.5"/>`
	quarter  = `<circle cx="8" cy="8" r="4.75" fill="none" stroke="#000" stroke-width="1.5"/><path d="M8 8V3.2A4.8 4.8 0 0 1 12.8 8Z" fill="#000"/>`
	triangle = `<path d="M8 2.2 14.2 13.2H1.8Z" fill="#000"/>`
	hexagon  = `<path d="M8 2 13.2 5v6L8 14 2.8 11V5Z" fill="none" stroke="#000" stroke-width="1.5"/>`
	question = `<path d="M5.5 6a2.5 2.5 0 1 1 3.4 2.3c-.6.3-.9.7-.9 1.4v.5" fill="none" stroke="#000" stroke-width="1.6"/><circle cx="8" cy="12.7" r="1" fill="#000"/>`
	diamond  = `<path d="M8 2.2 13.8 8 8 13.8 2.2 8Z" fill="none" stroke="#000" stroke-width="1.5"/>`
)

var (
	running  = State{Word: "Running", Color: Good, shape: disc}
	starting = State{Word: "Starting", Color: Busy, shape: quarter}
	stopping = State{Word: "Stopping", Color: Busy, shape: quarter}
	working  = State{Word: "Working", Color: Busy, shape: quarter}
	stopped  = State{Word: "Stopped", Color: Idle, shape: ring}
	failed   = State{Word: "Failed", Color: Bad, shape: triangle}
	stray    = State{Word: "Stray", Color: Bad, shape: hexagon}
	unknown  = State{Word: "Unknown", Color: Idle, shape: question}

	Connected    = State{Word: "Connected", Color: Good, shape: disc}
	Disconnected = State{Word: "Disconnected", Color: Idle, shape: ring}
	WantsToJoin  = State{Word: "Wants to join", Color: Info, shape: diamond}
)

// InstanceState returns how an instance's state is shown; states that this version does not know are Unknown.
func InstanceState(name string) State {
	switch name {
	case "running":
		return running
	case "starting":
		return starting
	case "stopping":
		return stopping
	case "working":
		return working
	case "stopped":
		return stopped
	case "failed":
		return failed
	case "stray":
		return stray
	}
	return unknown
}

// Icon returns the state's shape, which takes the state's colour from the theme whenever it is drawn.
func (s State) Icon() fyne.Resource {
	svg := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">%s</svg>`, s.shape)
	return theme.NewColoredResource(fyne.NewStaticResource("state-"+s.Word+".svg", []byte(svg)), s.Color)
}
