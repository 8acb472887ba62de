package game

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mainbus/cmd/mainbus-sim/internal/world"
	"mainbus/hostagent/factorio/locale"
)

// A namer tells what prototypes are called.
type namer struct {
	raw   world.Raw
	texts locale.Table
}

// dumpLocale writes a file for each kind of prototypes with their names in English. Descriptions are not simulated.
func (g *run) dumpLocale() error {
	n := namer{g.told.Raw, g.told.Locale()}
	kinds := map[string]map[string]string{}
	for typ, prototypes := range n.raw {
		kind := world.KindOf(typ)
		if kinds[kind] == nil {
			kinds[kind] = map[string]string{}
		}
		for name, p := range prototypes {
			kinds[kind][name] = n.name(kind, name, p)
		}
	}
	dir := filepath.Join(g.paths.write, "script-output")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("dump prototype locale: %w", err)
	}
	for kind, names := range kinds {
		data, err := json.Marshal(map[string]map[string]string{"names": names, "descriptions": {}})
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, kind+"-locale.json"), data, 0o644)
		}
		if err != nil {
			return fmt.Errorf("dump prototype locale: %w", err)
		}
	}
	return nil
}

// name is the prototype's own, that of its key, or, of an item and of a recipe, that of what it places or makes.
func (n namer) name(kind, name string, p world.Properties) string {
	if own, ok := p["localised_name"]; ok {
		return n.render(own)
	}
	sections := []string{kind + "-name"}
	key := name
	switch kind {
	case "item":
		if place, _ := p["place_result"].(string); place != "" && n.texts["item-name."+name] == "" {
			sections, key = append(sections, "entity-name"), place
		}
	case "recipe":
		sections = append(sections, "item-name", "fluid-name", "entity-name")
	}
	for _, section := range sections {
		if text := n.texts.Name(section, key); text != "" {
			return text
		}
	}
	return unknownKey(kind + "-name." + name)
}

func unknownKey(key string) string { return fmt.Sprintf("Unknown key: %q", key) }

// render makes a text of a LocalisedString: {"section.key", parameters}, where the key "" joins, or a text.
func (n namer) render(v any) string {
	parts, ok := v.([]any)
	if !ok || len(parts) == 0 {
		if text, isText := v.(string); isText {
			return text
		}
		return fmt.Sprint(v)
	}
	key, _ := parts[0].(string)
	var given []string
	for _, part := range parts[1:] {
		given = append(given, n.render(part))
	}
	if key == "" {
		return strings.Join(given, "")
	}
	section, in, _ := strings.Cut(key, ".")
	text := n.texts.Name(section, in)
	if text == "" {
		return unknownKey(key)
	}
	for i, part := range given {
		text = strings.ReplaceAll(text, fmt.Sprintf("__%d__", i+1), part)
	}
	return text
}
