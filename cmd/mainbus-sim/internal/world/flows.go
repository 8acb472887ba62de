package world

import "fmt"

func (w *World) checkFlow(f *Flow) error {
	rule, err := f.rule()
	if err != nil {
		return err
	}
	if !rule.isOfItems() {
		return w.checkPump(f)
	}
	rule.Quality = orNormal(rule.Quality)
	chests := []string{rule.Chest}
	if f.Move != nil {
		chests = []string{rule.From, rule.To}
	}
	for _, id := range chests {
		if e := w.byID[id]; e == nil || w.MainInventory(e) == nil {
			return fmt.Errorf("no chest %q", id)
		}
	}
	switch {
	case w.Catalog.Item(rule.Item) == nil || w.Catalog.Quality(rule.Quality) == nil:
		return fmt.Errorf("no item %q of quality %q", rule.Item, rule.Quality)
	case rule.Count <= 0 || rule.EveryTicks == 0:
		return fmt.Errorf("count and every_ticks must be greater than 0")
	}
	return nil
}

// checkPump checks a flow of a fluid or of energy.
func (w *World) checkPump(f *Flow) error {
	r := f.Move
	if r == nil || r.Item != "" || r.Count != 0 || r.Limit != 0 {
		return fmt.Errorf("fluids and energy can only be moved, by amount or energy and without a limit")
	}
	if r.EveryTicks == 0 {
		return fmt.Errorf("every_ticks must be greater than 0")
	}
	for _, id := range []string{r.From, r.To} {
		e := w.byID[id]
		switch {
		case r.Energy == 0 && (e == nil || w.Volume(e) == 0 || !w.holds(e, r.Fluid)):
			return fmt.Errorf("no tank %q for %q", id, r.Fluid)
		case r.Energy != 0 && (e == nil || w.Capacity(e) == 0):
			return fmt.Errorf("no accumulator %q", id)
		}
	}
	if r.Energy == 0 && (w.Catalog.Fluid(r.Fluid) == nil || !(r.Amount > 0)) ||
		r.Energy != 0 && (r.Fluid != "" || r.Amount != 0 || !(r.Energy > 0)) {
		return fmt.Errorf("a flow is of a fluid and its amount, or of energy")
	}
	return nil
}

// Step ends a tick: the flows do what is due, and then happens what the game does at the end.
func (w *World) Step() {
	if !w.Stopped {
		w.flow()
	}
	w.EndTick()
}

func (w *World) flow() {
	for i := range w.Flows {
		f := &w.Flows[i]
		rule, err := f.rule()
		if err != nil || w.Tick < rule.StartTick || (w.Tick-rule.StartTick)%rule.EveryTicks != 0 {
			continue
		}
		if !rule.isOfItems() {
			w.pump(rule)
			continue
		}
		count := rule.Count
		if rule.Limit > 0 {
			count = min(count, rule.Limit-f.Done)
		}
		if count > 0 {
			f.Done += w.run(f, Amount{Key: Key{rule.Item, rule.Quality}, Count: count})
		}
	}
}

// pump moves what there is of a fluid or of energy, as far as it fits.
func (w *World) pump(r *Rule) {
	from, to := w.byID[r.From], w.byID[r.To]
	switch {
	case from == nil || to == nil || from == to: // a script has destroyed one
	case r.Energy == 0:
		w.MoveFluid(from, to, r.Fluid, NewFluidAmount(r.Amount))
	default:
		moved := max(0, min(r.Energy, from.Energy, w.Capacity(to)-to.Energy))
		from.Energy -= moved
		to.Energy += moved
	}
}

// run moves up to a and returns how many it moved: what doesn't fit isn't made or moved.
func (w *World) run(f *Flow, a Amount) int {
	switch {
	case f.Make != nil:
		inv := w.chest(f.Make.Chest)
		if inv == nil {
			return 0
		}
		s := w.Fresh(a.Key, a.Count)
		n := inv.put(&s)
		w.Books.Made.item(a.Key, n)
		return n
	case f.Take != nil:
		inv := w.chest(f.Take.Chest)
		if inv == nil {
			return 0
		}
		n := inv.remove(a)
		w.Books.Consumed.item(a.Key, n)
		return n
	}
	from, to := w.chest(f.Move.From), w.chest(f.Move.To)
	if from == nil || to == nil {
		return 0
	}
	return w.Move(from, to, a)
}

// chest is nil when a script destroyed it.
func (w *World) chest(id string) *Inventory {
	if e := w.byID[id]; e != nil {
		return w.MainInventory(e)
	}
	return nil
}
