package modfolder

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modsettings"
)

func TestSettingsAreReadAsTheyAre(t *testing.T) {
	dir := t.TempDir()
	f := Folder(dir)
	if data, err := f.Settings(); data != nil || err != nil {
		t.Errorf("of no file: %q, %v", data, err)
	}
	file := modsettings.New(factorio.Version{Major: 2})
	file.Set(modsettings.Startup, "n", int64(5))
	want, err := file.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, current), 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, current, settingsFile)
	if err := os.WriteFile(path, want, 0o644); err != nil {
		t.Fatal(err)
	}
	if data, err := f.Settings(); err != nil || !bytes.Equal(data, want) {
		t.Errorf("%x, not %x: %v", data, want, err)
	}
	if err := os.WriteFile(path, want[:20], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Settings(); err == nil {
		t.Error("a cut file was read")
	}
}
