package locale

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

const (
	maxDump  = 16 << 20 // bytes of a file of --dump-prototype-locale
	maxName  = 300      // bytes of a name that are kept
	maxDepth = 4        // of texts that name others
	maxNamed = 50       // others that a text names, with those that they name
)

var (
	tag       = regexp.MustCompile(`\[/?[a-z.-]+(=[^\[\]]*)?\]`)
	reference = regexp.MustCompile(`__([A-Z_]+?)__(.+?)__`)
)

// referred are the sections of what a text can name, as in "__ITEM__iron-plate__".
var referred = map[string][]string{
	"ITEM": {"item-name", "entity-name", "equipment-name"}, "ENTITY": {"entity-name"}, "FLUID": {"fluid-name"}, "TILE": {"tile-name"},
	"PLANET": {"space-location-name"}, "RECIPE": {"recipe-name", "item-name"}, "TECHNOLOGY": {"technology-name"}, "QUALITY": {"quality-name"},
}

// Name returns a text as the name of a thing: on one line, without tags of rich text, and with the names of what it names; "" if there is
// none.
func (t Table) Name(section, key string) string {
	r := resolver{t, maxNamed}
	return oneLine(r.name(section, key, maxDepth))
}

func oneLine(text string) string {
	text = strings.ToValidUTF8(text[:min(len(text), 4*maxName)], "")
	text = tag.ReplaceAllString(text, "")
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	return strings.ToValidUTF8(text[:min(len(text), maxName)], "")
}

// A resolver puts the texts that a text names into it.
type resolver struct {
	table Table
	left  int // references that are followed
}

func (r *resolver) name(section, key string, depth int) string {
	text := r.table[section+"."+key]
	text = strings.ToValidUTF8(text[:min(len(text), 4*maxName)], "")
	if depth == 0 || !strings.Contains(text, "__") {
		return text
	}
	return reference.ReplaceAllStringFunc(text, func(found string) string {
		if r.left--; r.left < 0 {
			return found
		}
		parts := reference.FindStringSubmatch(found)
		for _, section := range referred[parts[1]] {
			if name := r.name(section, parts[2], depth-1); name != "" {
				return name[:min(len(name), maxName)]
			}
		}
		return found
	})
}

// ParseDump reads one of the files that the game writes with --dump-prototype-locale, {"names": {"iron-plate": "Iron plate"}, …}, and
// returns the names. Things of which the game knows no name are left out.
func ParseDump(data []byte) (map[string]string, error) {
	if len(data) > maxDump {
		return nil, fmt.Errorf("prototype locale: %d bytes, more than %d MiB", len(data), maxDump>>20)
	}
	var dump struct {
		Names map[string]json.RawMessage `json:"names"`
	}
	if err := json.Unmarshal(data, &dump); err != nil {
		return nil, fmt.Errorf("prototype locale: %w", err)
	}
	if dump.Names == nil {
		return nil, errors.New(`prototype locale: it has no "names"`)
	}
	if len(dump.Names) > maxEntries {
		return nil, fmt.Errorf("prototype locale: more than %d names", maxEntries)
	}
	names := make(map[string]string, len(dump.Names))
	for key, raw := range dump.Names {
		var text string
		if json.Unmarshal(raw, &text) != nil || strings.HasPrefix(text, "Unknown key:") {
			continue
		}
		if text = oneLine(text); text != "" && len(key) <= maxName {
			names[key] = text
		}
	}
	return names, nil
}
