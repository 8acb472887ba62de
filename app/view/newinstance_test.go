package view

import (
	"testing"

	"mainbus/controller/api"
)

func TestNewInstanceMakesAMapOnlyIfItsFirstStartCanNot(t *testing.T) {
	for name, test := range map[string]struct {
		asked  NewInstance
		create api.CreateInstance
		mapped *api.CreateMap
	}{
		"plain": {NewInstance{Name: " Nauvis ", Host: "h1", Version: AnyVersion, Preset: DefaultPreset}, api.CreateInstance{Name: "Nauvis", Host: "h1"}, nil},
		"seed": {NewInstance{Name: "Nauvis", Host: "h1", Version: "2.0", Seed: 7, Preset: DefaultPreset},
			api.CreateInstance{Name: "Nauvis", Host: "h1", Version: "2.0", Seed: 7}, nil},
		"preset": {NewInstance{Name: "Nauvis", Host: "h1", Seed: 7, Preset: "rail-world"},
			api.CreateInstance{Name: "Nauvis", Host: "h1", Seed: 7}, &api.CreateMap{Instance: "i1", Seed: 7, Preset: "rail-world"}},
		"exchange string": {NewInstance{Name: "Nauvis", Host: "h1", Preset: "rail-world", Exchange: "\n>>>abc<<< "},
			api.CreateInstance{Name: "Nauvis", Host: "h1"}, &api.CreateMap{Instance: "i1", Exchange: ">>>abc<<<"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.asked.Create(); got != test.create {
				t.Errorf("creates %+v, want %+v", got, test.create)
			}
			got, ok := test.asked.Map("i1")
			if ok != (test.mapped != nil) || ok && got != *test.mapped {
				t.Errorf("map %+v, %v; want %+v", got, ok, test.mapped)
			}
		})
	}
}

func TestCheckExchange(t *testing.T) {
	for text, good := range map[string]bool{"": true, " >>>eNp<<<\n": true, ">>>eNp": false, "rail-world": false} {
		if got := CheckExchange(text); (got == "") != good {
			t.Errorf("%q: %q", text, got)
		}
	}
}
