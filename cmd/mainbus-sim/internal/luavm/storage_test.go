package luavm

import (
	"bytes"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/scriptdat"
)

// boxes stores user data whose value is a number.
type boxes struct{}

func (boxes) Pack(object *lua.LUserData) (uint64, bool) {
	id, ok := object.Value.(uint64)
	return id, ok
}

func (boxes) Unpack(packed uint64) lua.LValue {
	return &lua.LUserData{Value: packed, Metatable: lua.LNil}
}

func bytesOf(t *testing.T, table *scriptdat.Table) []byte {
	t.Helper()
	var out bytes.Buffer
	err := scriptdat.Write(&out, scriptdat.File{
		Version: factorio.Version{Major: 2, Patch: 77},
		Blocks:  []scriptdat.Block{{Name: "level", Value: table, Flag: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestStorageSurvivesTheFile(t *testing.T) {
	vm := newVM(t, nil)
	vm.L.SetGlobal("box", boxes{}.Unpack(1<<60|7))
	eval(t, vm, `
		local shared = {1, 2, 3, name = "shared"}
		storage = {z = 1, a = "x\0y", list = {10, 20, 30}, yes = true, no = false, big = 2^53, frac = 0.1,
			first = shared, second = {shared}, entity = box, [5.5] = "half", [true] = "bool"}
		storage.self = storage`)
	packed, err := Pack(vm.L.GetGlobal("storage").(*lua.LTable), boxes{})
	if err != nil {
		t.Fatal(err)
	}
	file, err := scriptdat.Read(bytes.NewReader(bytesOf(t, packed)))
	if err != nil {
		t.Fatal(err)
	}
	table, err := Unpack(file.Blocks[0].Value.(*scriptdat.Table), boxes{})
	if err != nil {
		t.Fatal(err)
	}
	vm = newVM(t, nil)
	vm.L.SetGlobal("storage", table)
	got := eval(t, vm, `
		local s, keys = storage, {}
		for k in pairs(s) do keys[#keys + 1] = tostring(k) end
		assert(s.self == s and s.first == s.second[1] and #s.first == 3 and s.big == 2^53)
		return table.concat(keys, ","), #s.a, s.list[3], s.yes, s.no, s.frac, s.first.name, s[5.5], s[true], type(s.entity)`)
	want := "z,a,list,yes,no,big,frac,first,second,entity,5.5,true,self 3 30 true false 0.1 shared half bool userdata"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	again, err := Pack(table, boxes{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytesOf(t, again), bytesOf(t, packed)) {
		t.Error("storing what was loaded gives other bytes")
	}
}

func TestStorageRefusesFunctions(t *testing.T) {
	vm := newVM(t, nil)
	eval(t, vm, `storage = {deep = {f = function() end}}`)
	_, err := Pack(vm.L.GetGlobal("storage").(*lua.LTable), boxes{})
	if err == nil || !strings.Contains(err.Error(), "function at storage.deep.f") {
		t.Errorf("got %v", err)
	}
}

func TestSameScriptGivesSameStorage(t *testing.T) {
	const script = `
		storage = {}
		for i = 1, 500 do
			local key = "k" .. math.random(1, 200)
			storage[key] = (storage[key] or 0) + i
			if i % 7 == 0 then storage[key] = nil end
		end
		table.sort({3, 1, 2})`
	var files [2][]byte
	for i := range files {
		vm := newVM(t, nil)
		eval(t, vm, script)
		packed, err := Pack(vm.L.GetGlobal("storage").(*lua.LTable), boxes{})
		if err != nil {
			t.Fatal(err)
		}
		files[i] = bytesOf(t, packed)
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("two states that ran the same script differ")
	}
}
