package hostagent

import (
	"os"
	"path/filepath"
	"testing"
)

func TestProgramIsKeptUnderTheNameOfItsContent(t *testing.T) {
	dir, self := filepath.Join(t.TempDir(), "programs"), filepath.Join(t.TempDir(), "host")
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(self, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	keep := func() string {
		t.Helper()
		path, err := keepProgram(dir, self)
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("one")
	first := keep()
	if again := keep(); again != first {
		t.Errorf("%s, then %s", first, again)
	}
	for name, spoil := range map[string]func() error{
		"may not be run": func() error { return os.Chmod(first, 0o600) },
		"is damaged":     func() error { return os.WriteFile(first, []byte("eno"), 0o700) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		keep()
		content, err := os.ReadFile(first)
		info, failed := os.Stat(first)
		if err != nil || failed != nil || string(content) != "one" || info.Mode().Perm()&0o100 == 0 {
			t.Errorf("a copy that %s stays as it is: %q, %v", name, content, info)
		}
	}
	write("two")
	second := keep()
	info, err := os.Stat(second)
	if second == first || err != nil || info.Mode().Perm()&0o100 == 0 {
		t.Errorf("%s after %s: %v, %v", second, first, info, err)
	}
	if _, err := os.Stat(first); !os.IsNotExist(err) {
		t.Errorf("the copy of the version before: %v", err)
	}
	if _, err := keepProgram(dir, filepath.Join(dir, "missing")); err == nil {
		t.Error("kept a program that is not there")
	}
}
