package games

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"mainbus/hostagent/factorio/webtest"
)

// A disk that fills up although there seemed to be room.
func TestDiskThatFillsUp(t *testing.T) {
	for _, test := range []struct{ name, size string }{{"while it downloads", "1m"}, {"while it unpacks", "3m"}} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+test.size); err != nil {
				t.Skip("SKIPPED: only root can make a small disk:", err)
			}
			t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
			web := webtest.New(t)
			publish(t, web, "2.0.77", "2.0.77", true)
			cfg := config(dir, web.Site)
			cfg.Free = func(string) (int64, error) { return 1 << 40, nil }
			s, _ := open(t, cfg)
			if err := s.Download(v("2.0.77")); err != nil {
				t.Fatal(err)
			}
			if failures := settled(t, s); !strings.Contains(failures, "full") || !strings.Contains(failures, "free some space") {
				t.Errorf("failure %q", failures)
			}
			if got := names(t, dir); versions(s) != "" || strings.Contains(got, unpacking) || strings.Contains(got, "partial") {
				t.Errorf("installed %s, left are %s", versions(s), got)
			}
		})
	}
}
