package api

import "context"

// Names is what is asked of what things are called.
type Names interface {
	// NamesOf returns the names in English that are known, by id; what nothing is known of is missing.
	NamesOf(ctx context.Context, c Caller, r NamesOf) (map[string]string, error)
}

var nameMethods = map[string]method{
	"NamesOf": reads(ClusterRead, with(Service.NamesOf)),
}

func (s stub) NamesOf(ctx context.Context, c Caller, r NamesOf) (map[string]string, error) {
	return ask[map[string]string](ctx, s, c, "NamesOf", &r)
}

// NamesOf asks for the names of things of a kind, as games with their mods have told them.
type NamesOf struct {
	Kind string   `json:"kind"` // item, fluid, entity, recipe, technology, virtual-signal, quality, …; goods: what can be on the bus
	IDs  []string `json:"ids"`
}
