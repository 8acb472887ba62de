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
	UsersIcon    = icon("users", `<path d="M9 4a4 4 0 1 1-.01 0z" fill="#000"/><path d="M1.500 19.500C1.500 15.500 5 14 9 14s7.500 1.500 7.500 5.500z" fill="#000"/><path d="M16 5a3.500 3.500 0 1 1-1 6.800A6 6 0 0 0 15.500 5z" fill="#000"/><path d="M17 13.600c3.200.2 5.500 1.800 5.500 5.400h-4.200c0-2.300-.5-4-1.300-5.400z" fill="#000"/>`)
	RolesIcon    = icon("roles", `<path d="M12 2.500l8 3v6c0 5-3.400 8.600-8 10-4.600-1.400-8-5-8-10v-6z M6 7v4.500c0 3.800 2.400 6.600 6 7.900 3.600-1.300 6-4.100 6-7.900V7l-6-2.300z" fill="#000" fill-rule="evenodd"/><path d="M10.900 15.300l-3-3 1.300-1.300 1.700 1.700 4-4 1.300 1.300z" fill="#000"/>`)
	ModsIcon     = icon("mods", `<path d="M10.500 2h3l.5 2.600 1.700.7L18 3.900 20.100 6l-1.400 2.300.7 1.700 2.600.5v3l-2.600.5-.7 1.700 1.400 2.300-2.100 2.100-2.300-1.400-1.700.7-.5 2.600h-3l-.5-2.600-1.700-.7L6 20.100 3.900 18l1.400-2.300-.7-1.700L2 13.500v-3l2.600-.5.7-1.700L3.900 6 6 3.900l2.300 1.400 1.700-.7z M12 8a4 4 0 1 0 .01 0z" fill="#000" fill-rule="evenodd"/>`)
	PackIcon     = icon("pack", `<path d="M12 2l9 4.500v11L12 22l-9-4.500v-11z M12 4.200L6.300 7 12 9.800 17.700 7z M5 8.700v7.600l6 3v-7.600z M19 8.700l-6 3v7.600l6-3z" fill="#000" fill-rule="evenodd"/>`)
	PaletteIcon  = icon("palette", `<path d="M10.500 4a6.500 6.500 0 1 1-.01 0z M10.500 6a4.500 4.500 0 1 0 .01 0z" fill="#000" fill-rule="evenodd"/><path d="M15.800 14.400l4.900 4.900-1.400 1.400-4.900-4.900z" fill="#000"/>`)
)

func icon(name, shape string) fyne.Resource {
	svg := `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">` + shape + `</svg>`
	return fyne.NewStaticResource("mainbus-"+name+".svg", []byte(svg))
}
