package api

import (
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/encoded"
)

// maxDecoded bounds what decode_string inflates to.
const maxDecoded = 64 << 20

func (s *Script) addHelpersClass() {
	declare(s, members[helpersObject]{
		name: "LuaHelpers",
		attrs: attributes[helpersObject]{
			"game_version": read(func(call, helpersObject) any { return s.p.Version.String() }),
		},
		methods: methods[helpersObject]{
			"encode_string": func(c call, _ helpersObject) any { return encoded.Encode([]byte(c.l.CheckString(1))) },
			"decode_string": func(c call, _ helpersObject) any {
				text, err := encoded.Decode(c.l.CheckString(1), maxDecoded)
				if err != nil {
					return nil
				}
				return string(text)
			},
			"table_to_json": func(c call, _ helpersObject) any {
				l := c.l
				text, err := toJSON(l.CheckTable(1))
				if err != nil {
					l.RaiseError("%s", err.Error())
				}
				return text
			},
			"json_to_table": func(c call, _ helpersObject) any {
				l := c.l
				v, err := fromJSON([]byte(l.CheckString(1)))
				if err != nil {
					return nil
				}
				return v
			},
			"write_file": func(c call, _ helpersObject) any {
				l := c.l
				name, data := l.CheckString(1), s.localised(l.CheckAny(2))
				if player := l.OptInt(4, 0); player != 0 {
					return nothing{} // a file on one player's computer
				}
				if err := s.p.Host.WriteFile(name, []byte(data), l.OptBool(3, false)); err != nil {
					l.RaiseError("%s", err.Error())
				}
				return nothing{}
			},
			"compare_versions": func(c call, _ helpersObject) any {
				l := c.l
				first, err := factorio.ParseVersion(l.CheckString(1))
				second, err2 := factorio.ParseVersion(l.CheckString(2))
				if err != nil || err2 != nil {
					l.RaiseError("Invalid version string.")
				}
				return first.Compare(second)
			},
		},
	})
}
