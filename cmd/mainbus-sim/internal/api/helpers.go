package api

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"io"

	lua "github.com/yuin/gopher-lua"

	"mainbus/hostagent/factorio"
)

// maxDecoded bounds what decode_string inflates to.
const maxDecoded = 64 << 20

func (s *Script) addHelpersClass() {
	s.addClass(&class{
		name: "LuaHelpers",
		attrs: map[string]func(any) lua.LValue{
			"game_version": func(any) lua.LValue { return lua.LString(s.p.Version.String()) },
		},
		methods: map[string]func(*lua.LState, any) int{
			"encode_string": func(l *lua.LState, _ any) int { return ret(l, lua.LString(encode(l.CheckString(1)))) },
			"decode_string": func(l *lua.LState, _ any) int {
				if text, ok := decode(l.CheckString(1)); ok {
					return ret(l, lua.LString(text))
				}
				return ret(l, lua.LNil)
			},
			"table_to_json": func(l *lua.LState, _ any) int {
				text, err := toJSON(l.CheckTable(1))
				if err != nil {
					l.RaiseError("%s", err.Error())
				}
				return ret(l, lua.LString(text))
			},
			"json_to_table": func(l *lua.LState, _ any) int {
				v, err := fromJSON([]byte(l.CheckString(1)))
				if err != nil {
					return ret(l, lua.LNil)
				}
				return ret(l, v)
			},
			"write_file": func(l *lua.LState, _ any) int {
				name, data := l.CheckString(1), s.localised(l.CheckAny(2))
				if player := l.OptInt(4, 0); player != 0 {
					return 0 // a file on one player's computer
				}
				if err := s.p.Host.WriteFile(name, []byte(data), l.OptBool(3, false)); err != nil {
					l.RaiseError("%s", err.Error())
				}
				return 0
			},
			"compare_versions": func(l *lua.LState, _ any) int {
				first, err := factorio.ParseVersion(l.CheckString(1))
				second, err2 := factorio.ParseVersion(l.CheckString(2))
				if err != nil || err2 != nil {
					l.RaiseError("Invalid version string.")
				}
				return ret(l, lua.LNumber(first.Compare(second)))
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
