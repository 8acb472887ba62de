package look

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// A State is how the condition of something is shown: a shape and a colour, beside a word, so that none of the three is
// needed to tell it from the others.
type State struct {
	Color fyne.ThemeColorName
	name  string
	shape string // inside of a 16×16 SVG drawing
}

// Shapes are filled, not stroked: only fills take a colour of the theme. Holes run the other way round.
const (
	disc     = `<circle cx="8" cy="8" r="5.5" fill="#000"/>`
	ring     = `<path d="` + circle + `" fill="#000"/>`
	quarter  = `<path d="` + circle + ` M8 8V3.2A4.8 4.8 0 0 1 12.8 8Z" fill="#000"/>`
	triangle = `<path d="M8 2.2 14.2 13.2H1.8Z" fill="#000"/>`
	hexagon  = `<path d="M8 1.5 13.6 4.8v6.4L8 14.5 2.4 11.2V4.8Z M8 3.3 3.9 5.7v4.6L8 12.7l4.1-2.4V5.7Z" fill="#000"/>`
	question = `<path d="M5 6A3 3 0 1 1 9.4 8.65C8.9 8.92 8.75 9.15 8.75 9.75V10.2H7.25V9.6C7.25 8.4 7.7 7.75 8.6 7.3A1.5 1.5 0 1 0 6.5 6Z M7.1 11.6H8.9V13.4H7.1Z" fill="#000"/>`
	diamond  = `<path d="M8 1.8 14.2 8 8 14.2 1.8 8Z M8 3.9 3.9 8 8 12.1 12.1 8Z" fill="#000"/>`

	circle = "M8 2.5A5.5 5.5 0 1 1 7.99 2.5Z M8 4A4 4 0 1 0 8.01 4Z"
)

var (
	running  = State{name: "running", Color: Good, shape: disc}
	starting = State{name: "starting", Color: Busy, shape: quarter}
	stopping = State{name: "stopping", Color: Busy, shape: quarter}
	working  = State{name: "working", Color: Busy, shape: quarter}
	stopped  = State{name: "stopped", Color: Idle, shape: ring}
	failed   = State{name: "failed", Color: Bad, shape: triangle}
	stray    = State{name: "stray", Color: Bad, shape: hexagon}
	unknown  = State{name: "unknown", Color: Idle, shape: question}

	Connected    = State{name: "connected", Color: Good, shape: disc}
	Disconnected = State{name: "disconnected", Color: Idle, shape: ring}
	Trouble      = failed
	Working      = working
	Done         = State{name: "done", Color: Good, shape: disc}
	WantsToJoin  = State{name: "wants-to-join", Color: Info, shape: diamond}
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
	return theme.NewColoredResource(fyne.NewStaticResource("state-"+s.name+".svg", []byte(svg)), s.Color)
}
