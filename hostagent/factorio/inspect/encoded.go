package inspect

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"unicode/utf8"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/encoded"
	"mainbus/hostagent/factorio/internal/jsondoc"
	"mainbus/hostagent/factorio/modpack"
	"mainbus/hostagent/factorio/proptree"
)

const maxEncoded = 16 << 20 // bytes inflated

// encodedTexts are what the game's encode_string and others who encode like it wrote: blueprint strings, mod pack strings, and
// any other text.
var encodedTexts = format{
	is: func(f file) bool {
		text := encoded.Unspaced(f.beginning())
		return encoded.Is(text) || encoded.IsBlueprint(text)
	},
	read: func(f file) (*Report, error) {
		data, err := f.whole()
		if err != nil {
			return nil, fmt.Errorf("it looks like an encoded text: %w", err)
		}
		text := encoded.Unspaced(string(data))
		if encoded.IsBlueprint(text) {
			return blueprintReport(text)
		}
		content, err := encoded.Decode(text, maxEncoded)
		if err != nil {
			return nil, fmt.Errorf("it looks like an encoded text, but can't be read: %w", err)
		}
		if modpack.Is(content) {
			return modPackReport(text)
		}
		return encodedReport(content), nil
	},
}

func modPackReport(text string) (*Report, error) {
	p, err := modpack.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("it looks like a mod pack string, but can't be read: %w", err)
	}
	r := &Report{Title: fmt.Sprintf("Mod pack %s for Factorio %s", p.Name, p.Factorio), Warnings: p.Problems()}
	about := Section{Head: "Mod pack"}
	about.add("description", p.Description)
	r.section(about)
	mods := make([]modEntry, len(p.Mods))
	for i, m := range p.Mods {
		mods[i] = modEntry{m.Name, m.Enabled, m.Version, m.SHA1}
	}
	r.section(modsSection(mods))
	r.settings(p.Settings)
	r.object = struct {
		Format      string              `json:"format"`
		Name        string              `json:"name"`
		Description string              `json:"description"`
		Factorio    string              `json:"factorio_version"`
		Mods        []modEntry          `json:"mods"`
		Settings    proptree.Dictionary `json:"settings"`
		Warnings    []string            `json:"warnings"`
	}{"mod-pack", p.Name, p.Description, p.Factorio, mods, p.Settings, orEmpty(r.Warnings)}
	return r, nil
}

func blueprintReport(text string) (*Report, error) {
	content, err := encoded.DecodeBlueprint(text, maxEncoded)
	if err != nil {
		return nil, fmt.Errorf("it looks like a blueprint string, but can't be read: %w", err)
	}
	doc, err := jsondoc.Parse(content)
	if err != nil {
		return nil, fmt.Errorf("it looks like a blueprint string, but its content can't be read: %w", err)
	}
	about := Section{Head: "Content"}
	title := "Blueprint string"
	for _, m := range doc.Members() {
		var thing struct {
			Label   string
			Version uint64
		}
		if json.Unmarshal(m.Value, &thing) != nil {
			continue
		}
		title = fmt.Sprintf("Blueprint string of Factorio %v", blueprintVersion(thing.Version))
		about.add("kind", m.Key)
		about.add("label", thing.Label)
	}
	about.add("size", bytesText(int64(len(content))))
	r := &Report{Title: title, object: struct {
		Format  string          `json:"format"`
		Content json.RawMessage `json:"content"`
	}{"blueprint", content}}
	r.section(about)
	return r, nil
}

// blueprintVersion takes the four numbers of a version out of the one that blueprints have.
func blueprintVersion(n uint64) factorio.Version {
	part := func(i int) uint16 { return uint16(bits.RotateLeft64(n, 16*i)) }
	return factorio.Version{Major: part(1), Minor: part(2), Patch: part(3), Developer: part(4)}
}

func encodedReport(content []byte) *Report {
	r := &Report{Title: "Encoded text of " + bytesText(int64(len(content)))}
	if !utf8.Valid(content) {
		r.Warnings = append(r.Warnings, "It is no UTF-8; what is none is shown as U+FFFD.")
	}
	value := any(string(content))
	if json.Valid(content) {
		value = json.RawMessage(content)
	}
	r.object = struct {
		Format   string   `json:"format"`
		Content  any      `json:"content"`
		Warnings []string `json:"warnings"`
	}{"encoded", value, orEmpty(r.Warnings)}
	s := Section{Head: "Content"}
	s.add(string(content[:min(len(content), maxCell+1)]))
	r.section(s)
	return r
}
