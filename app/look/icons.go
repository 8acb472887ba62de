package look

import "fyne.io/fyne/v2"

// Icons of the frame that the toolkit has none of. They are drawn on 24×24 and take the colour that they are shown in.
var (
	BackIcon     = icon("back", `<path d="M15.4 5.4 8.8 12l6.6 6.6-1.4 1.4-8-8 8-8z" fill="#000"/>`)
	ForwardIcon  = icon("forward", `<path d="M8.6 5.4 15.2 12l-6.6 6.6 1.4 1.4 8-8-8-8z" fill="#000"/>`)
	BusIcon      = icon("bus", `<path d="M16 4l4.5 4.5L16 13v-3.5H4v-2h12z" fill="#000"/><path d="M8 20l-4.5-4.5L8 11v3.5h12v2H8z" fill="#000"/>`)
	TasksIcon    = icon("tasks", `<path d="M12 4a8 8 0 0 1 7.4 5l-1.9.7A6 6 0 0 0 7.5 8H10v2H4V4h2v2.7A8 8 0 0 1 12 4z" fill="#000"/><path d="M12 20a8 8 0 0 1-7.4-5l1.9-.7A6 6 0 0 0 16.500 16H14v-2h6v6h-2v-2.700A8 8 0 0 1 12 20z" fill="#000"/>`)
	NarrowIcon   = icon("narrow", `<path d="M4 5h16v14H4z M6 7v10h4V7z M12 7v10h6V7z" fill="#000" fill-rule="evenodd"/>`)
	ThisHostIcon = icon("this-host", `<path d="M4 5h16v11H4z M6 7v7h12V7z" fill="#000" fill-rule="evenodd"/><path d="M2 18h20v2H2z" fill="#000"/>`)
	PaletteIcon  = icon("palette", `<path d="M10.500 4a6.500 6.500 0 1 1-.01 0z M10.500 6a4.500 4.500 0 1 0 .01 0z" fill="#000" fill-rule="evenodd"/><path d="M15.800 14.400l4.900 4.900-1.400 1.400-4.900-4.900z" fill="#000"/>`)
)

func icon(name, shape string) fyne.Resource {
	svg := `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">` + shape + `</svg>`
	return fyne.NewStaticResource("mainbus-"+name+".svg", []byte(svg))
}
