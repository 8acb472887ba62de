package view

import (
	"strings"

	"mainbus/controller/api"
)

// DefaultPreset is the game's own choice of how a map is made.
const DefaultPreset = "default"

// A NewInstance is what is asked for a new instance.
type NewInstance struct {
	Name     string
	Host     string // id
	Version  string // as in VersionOptions; empty or AnyVersion: any
	Pack     string // id of its mod pack; empty: none
	Seed     uint32 // 0: the game's choice
	Preset   string
	Exchange string // map exchange string, which says all that a preset says
	Start    bool   // right away
}

// Create is the call that makes it. With a seed alone the first start makes the map.
func (n NewInstance) Create() api.CreateInstance {
	r := api.CreateInstance{Name: strings.TrimSpace(n.Name), Host: n.Host, Seed: n.Seed, Version: strings.TrimSpace(n.Version), Pack: n.Pack}
	if r.Version == AnyVersion {
		r.Version = ""
	}
	return r
}

// Map is the call that makes its map, once the instance is there; ok is false if its first start does that.
func (n NewInstance) Map(instance string) (r api.CreateMap, ok bool) {
	r = api.CreateMap{Instance: instance, Seed: n.Seed, Preset: n.Preset, Exchange: strings.TrimSpace(n.Exchange)}
	if r.Exchange != "" {
		r.Preset = ""
	}
	return r, r.Exchange != "" || r.Preset != "" && r.Preset != DefaultPreset
}

// CheckExchange says what is wrong with a map exchange string at first sight; empty if nothing is, or if there is none.
func CheckExchange(text string) string {
	text = strings.TrimSpace(text)
	if text == "" || strings.HasPrefix(text, ">>>") && strings.HasSuffix(text, "<<<") {
		return ""
	}
	return say("a map exchange string begins with >>> and ends with <<<")
}
