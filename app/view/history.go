package view

// A Place is a page that was shown; Instance and Pack are the id where it is that of one.
type Place struct {
	Page     string
	Instance string
	Pack     string
}

const maxPlaces = 100

// History is where the user has been, as in a browser.
type History struct {
	places []Place
	at     int
}

// Go notes that a place is shown. What was ahead is forgotten.
func (h *History) Go(p Place) {
	if len(h.places) > 0 {
		if h.places[h.at] == p {
			return
		}
		h.places = h.places[:h.at+1]
	}
	h.places = append(h.places, p)
	if len(h.places) > maxPlaces {
		h.places = h.places[1:]
	}
	h.at = len(h.places) - 1
}

// CanBack and CanForward tell whether there is somewhere to go.
func (h *History) CanBack() bool    { return h.at > 0 }
func (h *History) CanForward() bool { return h.at < len(h.places)-1 }

// Back returns the place before, Forward the one after; ok is false if there is none.
func (h *History) Back() (p Place, ok bool) { return h.step(-1, h.CanBack()) }

// Forward is the opposite of Back.
func (h *History) Forward() (p Place, ok bool) { return h.step(1, h.CanForward()) }

func (h *History) step(by int, ok bool) (Place, bool) {
	if !ok {
		return Place{}, false
	}
	h.at += by
	return h.places[h.at], true
}
