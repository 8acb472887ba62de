package locale

import (
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	table := Table{"mod-setting-name.old": "replaced"}
	err := table.Parse([]byte("\ufefffree=no section\r\n; comment\r\n# comment\r\n[mod-setting-name]\r\nspeed = How fast\\nit is \r\nold=new\r\n\r\n" +
		"no text here\r\n=no key\r\nequal=a=b\r\n [ other ] \r\nspeed=\r\n"))
	want := Table{"free": "no section", "mod-setting-name.speed": "How fast\nit is", "mod-setting-name.old": "new", "mod-setting-name.equal": "a=b", "other.speed": ""}
	if err != nil || !reflect.DeepEqual(table, want) {
		t.Errorf("%q, %v", table, err)
	}
	if err := table.Parse(make([]byte, maxFile+1)); err == nil {
		t.Error("a file that is too large was read")
	}
	if err := (Table{}).Parse([]byte("a=" + strings.Repeat("x", maxText+5) + "\nb=\xff")); err != nil {
		t.Error(err)
	}
}

func TestLanguage(t *testing.T) {
	for name, want := range map[string]string{
		"locale/de/a.cfg": "de", "locale/zh-CN/b.CFG": "zh-CN", "locale/de.cfg": "", "locale/de/x/a.cfg": "", "other/de/a.cfg": "", "locale/de/a.txt": "", "locale//a.cfg": "",
	} {
		if got, ok := Language(name); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", name, got, ok)
		}
	}
}

func TestExpandAndPlain(t *testing.T) {
	for text, want := range map[string]string{
		"__1__ of __2__, __3__":            "a of b, ",
		"an __ITEM__iron-plate__ by __1__": "an iron-plate by a",
		"press __CONTROL__move-up__":       "press move-up",
		"__init__ and __1":                 "__init__ and __1",
		"no end __":                        "no end __",
		"__ITEM__never ended":              "__ITEM__never ended",
	} {
		if got := Expand(text, []string{"a", "b"}); got != want {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"[color=red]hot[/color] [font=default-bold]x[/font] [item=iron-plate]": "hot x [item=iron-plate]",
		"[color=red": "[color=red", "a[b]c": "a[b]c", "": "",
	} {
		if got := Plain(text); got != want {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("[a]\nb=__1__ [color=red]x[/color] __ITEM__y__\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		table := Table{}
		if table.Parse(data) != nil {
			return
		}
		for _, text := range table {
			Plain(Expand(text, []string{"x"}))
		}
	})
}
