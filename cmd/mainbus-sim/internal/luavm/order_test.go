package luavm

import "testing"

func TestPairsOrder(t *testing.T) {
	const keys = ` local s = {} for k in pairs(t) do s[#s + 1] = tostring(k) end return table.concat(s, " ")`
	for _, test := range []struct{ source, want string }{
		{`local t = {z = 1} t[3] = 1 t[1] = 1 t.a = 1 t[2] = 1`, "1 2 3 z a"},
		{`local t = {} t.a = 1 t.b = 1 t.c = 1 t.a = nil t.a = 1`, "b c a"},
		{`local t = {} t.a = 1 t.b = 1 t.a = 2`, "a b"},
		{`local t = {} t[2000] = 1 t[1025] = 1 t[1024] = 1 t[5] = 1`, "5 1024 2000 1025"},
		{`local t = {} t[-1] = 1 t[0] = 1 t[1.5] = 1 t[true] = 1 t[1] = 1 t[0] = nil t[0] = 1`, "1 -1 1.5 true 0"},
		{`local t = {} rawset(t, "a", 1) rawset(t, "b", 1) rawset(t, "a", nil) rawset(t, "a", 1)`, "b a"},
		{`local t = {} for i = 1, 200 do t["k" .. i] = 1 t["k" .. i] = nil end t.x = 1 t.k7 = 1`, "x k7"},
		{`local t = {} local front = setmetatable({}, {__newindex = t}) front.a = 1 front.b = 1 t.a = nil front.a = 1`, "b a"},
		{`local t = {a = 1} local front = setmetatable(t, {__newindex = {}}) t.b = 1 t.a = nil t.a = 1 rawset(t, "c", 1)`, "c"},
		{`local t = {a = 1, b = 2, c = 3, d = 4} for k in pairs(t) do if k ~= "c" then t[k] = nil end end`, "c"},
	} {
		if got := eval(t, newVM(t, nil), test.source+keys); got != test.want {
			t.Errorf("%s\n got %q\nwant %q", test.source, got, test.want)
		}
	}
}

// Globals are a table like others, but set by an instruction of their own.
func TestOrderOfGlobals(t *testing.T) {
	got := eval(t, newVM(t, nil), `qa = 1 qb = 1 qa = nil qa = 1 local s = "" for k in pairs(_G) do if k:sub(1, 1) == "q" then s = s .. k end end return s`)
	if got != "qbqa" {
		t.Errorf("got %q", got)
	}
}

func TestLongLists(t *testing.T) {
	got := eval(t, newVM(t, nil), `
		local t = {} for i = 1, 3000 do t[i] = i end
		local sum = 0 for i, v in ipairs(t) do sum = sum + v end
		table.insert(t, 1, 0) table.insert(t, 9)
		local last, first = table.remove(t), table.remove(t, 1)
		table.sort(t, function(a, b) return a > b end)
		return #t, sum, last, first, t[1], t[3000], rawlen(t), #table.concat(t, ",")`)
	if want := "3000 4501500 9 0 3000 1 3000 13892"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
