package inspect

import (
	"fmt"
	"strings"

	"mainbus/hostagent/factorio/exchange"
)

// exchangeStrings are map exchange strings, as people paste them.
var exchangeStrings = format{
	is: func(f file) bool { return exchange.Is(f.beginning()) },
	read: func(f file) (*Report, error) {
		data, err := f.whole()
		if err != nil {
			return nil, fmt.Errorf("it looks like a map exchange string: %w", err)
		}
		s, err := exchange.Parse(string(data))
		if err != nil {
			return nil, fmt.Errorf("it looks like a map exchange string, but can't be read: %w", err)
		}
		r := &Report{Title: "Map exchange string of Factorio " + s.Version.String(), object: s}
		for _, group := range []struct {
			head     string
			settings exchange.Object
		}{{"Map generation settings", s.MapGen}, {"Map settings", s.Map}} {
			section := Section{Head: group.head}
			addSettings(&section, "", group.settings)
			r.section(section)
		}
		return r, nil
	},
}

// addSettings adds a row for each setting, groups within groups by their path.
func addSettings(s *Section, path string, settings exchange.Object) {
	const longest = 100 // bytes of a key; every key within repeats it
	for _, m := range settings {
		m.Key = m.Key[:min(longest, len(m.Key))]
		if within, ok := m.Value.(exchange.Object); ok && len(within) > 0 {
			if amount, ok := autoplaceText(within); ok {
				s.add(path+m.Key, amount)
				continue
			}
			addSettings(s, path+m.Key+" / ", within)
			continue
		}
		s.add(path+m.Key, settingText(m.Value))
	}
}

func settingText(value any) string {
	if value == nil {
		return "not in the string"
	}
	const before, after = `{"":`, "}"
	text, err := exchange.Object{{Value: value}}.MarshalJSON()
	if err != nil {
		return "?"
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(text), before), after)
}

// autoplaceText is how much there is of a resource.
func autoplaceText(o exchange.Object) (string, bool) {
	var numbers []any
	for _, key := range []string{"frequency", "size", "richness"} {
		v, ok := o.Get(key)
		if !ok || len(o) != 3 {
			return "", false
		}
		numbers = append(numbers, v)
	}
	return fmt.Sprintf("frequency %v, size %v, richness %v", numbers...), true
}
