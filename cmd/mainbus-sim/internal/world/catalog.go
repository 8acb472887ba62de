package world

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

// Item is an item prototype.
type Item struct {
	Name       string `json:"name"`
	Type       string `json:"type"`
	Stack      int    `json:"stack"`
	SpoilTicks int    `json:"spoil_ticks"` // at normal quality; 0 does not spoil
	Place      *Place `json:"place"`       // what it becomes when built; nil is nothing
	Mod        string `json:"mod"`
}

// Place is the entity that an item becomes. It has the item's name.
type Place struct {
	Type  string `json:"type"`
	Slots int    `json:"slots"`
}

// Quality is a quality prototype.
type Quality struct {
	Name  string `json:"name"`
	Level int    `json:"level"`
	Mod   string `json:"mod"`
}

// Catalog is the prototypes of the mods that are loaded.
type Catalog struct {
	Items     []*Item
	Qualities []*Quality
	items     map[string]*Item
	qualities map[string]*Quality
}

//go:embed items.json
var prototypes []byte

// NewCatalog has the prototypes of the named mods.
func NewCatalog(mods map[string]bool) (*Catalog, error) {
	var all struct {
		Qualities []*Quality `json:"qualities"`
		Items     []*Item    `json:"items"`
	}
	if err := json.Unmarshal(prototypes, &all); err != nil {
		return nil, fmt.Errorf("read prototypes: %w", err)
	}
	c := &Catalog{items: map[string]*Item{}, qualities: map[string]*Quality{}}
	for _, q := range all.Qualities {
		if mods[q.Mod] {
			c.Qualities = append(c.Qualities, q)
			c.qualities[q.Name] = q
		}
	}
	for _, item := range all.Items {
		if mods[item.Mod] {
			c.Items = append(c.Items, item)
			c.items[item.Name] = item
		}
	}
	return c, nil
}

// Item is nil when no loaded mod has it.
func (c *Catalog) Item(name string) *Item { return c.items[name] }

// Quality is nil when no loaded mod has it.
func (c *Catalog) Quality(name string) *Quality { return c.qualities[name] }

// Next is the quality above q, nil for the best.
func (c *Catalog) Next(q *Quality) *Quality {
	for i, other := range c.Qualities[:len(c.Qualities)-1] {
		if other == q {
			return c.Qualities[i+1]
		}
	}
	return nil
}
