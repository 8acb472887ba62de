package world

import "fmt"

func (w *World) checkFlow(f *Flow) error {
	rule, err := f.rule()
	if err != nil {
		return err
	}
	rule.Quality = orNormal(rule.Quality)
	chests := []string{rule.Chest}
	if f.Move != nil {
		chests = []string{rule.From, rule.To}
	}
	for _, id := range chests {
		if w.byID[id] == nil {
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

// Step lets the flows do what is due in this tick.
func (w *World) Step() {
	if w.Stopped {
		return
	}
	for i := range w.Flows {
		f := &w.Flows[i]
		rule, err := f.rule()
		if err != nil || w.Tick < rule.StartTick || (w.Tick-rule.StartTick)%rule.EveryTicks != 0 {
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

// run moves up to a and returns how many it moved: what doesn't fit isn't made or moved.
func (w *World) run(f *Flow, a Amount) int {
	switch {
	case f.Make != nil:
		a.Count = w.insert(f.Make.Chest, a)
		add(&w.Made, a)
	case f.Take != nil:
		a.Count = w.remove(f.Take.Chest, a)
		add(&w.Consumed, a)
	default:
		if to := w.byID[f.Move.To]; to != nil {
			a.Count = min(a.Count, to.Inventory.Insertable(a.Key))
			a.Count = w.remove(f.Move.From, a)
			w.insert(f.Move.To, a)
		} else {
			a.Count = 0
		}
	}
	return a.Count
}

func (w *World) insert(chest string, a Amount) int {
	if e := w.byID[chest]; e != nil {
		return e.Inventory.Insert(a)
	}
	return 0
}

func (w *World) remove(chest string, a Amount) int {
	if e := w.byID[chest]; e != nil {
		return e.Inventory.Remove(a)
	}
	return 0
}
