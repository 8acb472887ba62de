package main

import (
	"strings"
	"testing"
)

func TestWrongUsageSaysHowTheCommandIsUsed(t *testing.T) {
	for args, want := range map[string]string{
		"nope":                  "mainbusctl --help lists the commands.",
		"instances nope":        "mainbusctl instances --help lists the commands.",
		"instances start":       "Usage: mainbusctl instances start ",
		"users list --limit x":  "mainbusctl users list --help tells more.",
		"users list --limit y":  `--limit takes a number, and "y" is none`,
		"packs create --nope x": "Usage: mainbusctl packs create ",
	} {
		var out, errs strings.Builder
		if code := run(t.Context(), strings.Fields(args), &out, &errs); code != exitUsage || !strings.Contains(errs.String(), want) {
			t.Errorf("%s: exit code %d, %q; want %q", args, code, errs.String(), want)
		}
	}
}
