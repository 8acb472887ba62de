package sat

// heap holds variables that may have no value, with the most active on top, then that which was made first.
type heap struct {
	vars []int
	at   []int // place of each variable, counted from 1; 0: not here
}

func (h *heap) before(s *Solver, a, b int) bool {
	x, y := s.vars[a].activity, s.vars[b].activity
	return x > y || x == y && a < b
}

func (h *heap) put(i, v int) { h.vars[i], h.at[v] = v, i+1 }

func (h *heap) push(s *Solver, v int) {
	for len(h.at) <= v {
		h.at = append(h.at, 0)
	}
	if h.at[v] != 0 {
		return
	}
	h.vars = append(h.vars, v)
	h.at[v] = len(h.vars)
	h.raised(s, v)
}

// raised moves a variable whose activity has grown to its place.
func (h *heap) raised(s *Solver, v int) {
	if h.at[v] == 0 {
		return
	}
	i := h.at[v] - 1
	for i > 0 && h.before(s, v, h.vars[(i-1)/2]) {
		h.put(i, h.vars[(i-1)/2])
		i = (i - 1) / 2
	}
	h.put(i, v)
}

// pop takes the first variable without a value, -1 if all have one.
func (h *heap) pop(s *Solver) int {
	for len(h.vars) > 0 {
		top := h.vars[0]
		last := h.vars[len(h.vars)-1]
		h.vars = h.vars[:len(h.vars)-1]
		h.at[top] = 0
		if len(h.vars) > 0 {
			h.sink(s, last)
		}
		if s.values[top<<1] == unknown {
			return top
		}
	}
	return -1
}

func (h *heap) sink(s *Solver, v int) {
	i := 0
	for {
		child := 2*i + 1
		if child >= len(h.vars) {
			break
		}
		if child+1 < len(h.vars) && h.before(s, h.vars[child+1], h.vars[child]) {
			child++
		}
		if !h.before(s, h.vars[child], v) {
			break
		}
		h.put(i, h.vars[child])
		i = child
	}
	h.put(i, v)
}
