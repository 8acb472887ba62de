package api

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"io"

	"mainbus/hostagent/factorio"
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
			"encode_string": func(c call, _ helpersObject) any { return encode(c.l.CheckString(1)) },
			"decode_string": func(c call, _ helpersObject) any {
				l := c.l
				if text, ok := decode(l.CheckString(1)); ok {
					return text
				}
				return nil
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

// encode deflates with zlib and writes base64.
func encode(text string) string {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	_, _ = io.WriteString(w, text) // a buffer takes everything
	_ = w.Close()
	return base64.StdEncoding.EncodeToString(out.Bytes())
}

func decode(text string) (string, bool) {
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", false
	}
	r, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return "", false
	}
	data, err := io.ReadAll(io.LimitReader(r, maxDecoded+1))
	if err != nil || len(data) > maxDecoded {
		return "", false
	}
	return string(data), true
}
