package world

import "slices"

// KindOf is what prototypes of a type are in locale files, "item" for an "ammo" and "entity" for a "container". Types without a kind are
// their own.
func KindOf(typ string) string {
	switch {
	case slices.Contains(itemTypes, typ):
		return "item"
	case slices.Contains(entityTypes, typ):
		return "entity"
	case typ == "planet" || typ == "space-location":
		return "space-location"
	}
	return typ
}
