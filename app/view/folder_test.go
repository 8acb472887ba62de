package view

import (
	"strings"
	"testing"
	"time"

	"mainbus/controller/api"
)

func TestFolderWordsNameTheNewestSave(t *testing.T) {
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.Local)
	text := strings.Join(FolderWords(api.Folder{
		Dir: "/opt/factorio", Kind: "headless", SaveCount: 7, ModCount: 3, Admins: 2, Settings: []byte(`{"name":"x"}`), Files: 1234, Bytes: 5 << 20,
		Saves: []api.FolderSave{{Name: "old.zip", Modified: at.Add(-time.Hour)}, {Name: "new.zip", Modified: at, Version: "2.0.77"}},
	}), "\n")
	for _, want := range []string{"/opt/factorio: a copy of the game", "Saves: 7 · the newest is new.zip", "by Factorio 2.0.77", "Mods: 3", "2 admins", "goes on", "1,234 files, 5.0 MiB"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if text := strings.Join(FolderWords(api.Folder{Kind: "a new kind", Settings: []byte("null")}), "\n"); !strings.Contains(text, "a new kind") || !strings.Contains(text, "No server settings") {
		t.Errorf("an empty folder of an unknown kind: %s", text)
	}
}

func TestNameOfFolder(t *testing.T) {
	for dir, want := range map[string]string{"/home/anna/.factorio": "factorio", `C:\Games\My Server\`: "My Server", "/": "", "": ""} {
		if got := NameOfFolder(dir); got != want {
			t.Errorf("%q is called %q, want %q", dir, got, want)
		}
	}
}
