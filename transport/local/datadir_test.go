package local

import (
	"path/filepath"
	"runtime"
	"testing"
)

func TestDataDirFollowsThePlatform(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED: the XDG folders are Linux's")
	}
	t.Setenv("HOME", "/home/anna")
	for _, test := range []struct{ xdg, want string }{
		{"", "/home/anna/.local/share/mainbus/controller"},
		{"/srv/data", "/srv/data/mainbus/controller"},
		{"relative", "/home/anna/.local/share/mainbus/controller"}, // not allowed by the XDG specification
	} {
		t.Setenv("XDG_DATA_HOME", test.xdg)
		if got := DataDir("controller"); got != filepath.FromSlash(test.want) {
			t.Errorf("XDG_DATA_HOME=%q: %s, want %s", test.xdg, got, test.want)
		}
	}
}
