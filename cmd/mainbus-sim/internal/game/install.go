package game

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"mainbus/cmd/mainbus-sim/internal/scenario"
	"mainbus/hostagent/factorio/modinfo"
	"mainbus/hostagent/factorio/modlist"
)

//go:embed files
var files embed.FS

// install makes a headless installation's layout in dir. plan is the scenario file, or empty.
func install(dir, plan string) error {
	if plan != "" {
		if err := installPlan(dir, plan); err != nil {
			return err
		}
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	binary := "factorio"
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	if err := copyFile(program, filepath.Join(dir, "bin", "x64", binary), 0o755); err != nil {
		return err
	}
	if err := writeTree(filepath.Join(dir, "data")); err != nil {
		return err
	}
	for _, mod := range builtin {
		if err := writeFile(filepath.Join(dir, "data", mod.Name, "info.json"), modInfo(mod.Name, gameVersion.String(), builtinNeeds[mod.Name]...)); err != nil {
			return err
		}
	}
	if err := writeFile(filepath.Join(dir, "data", "core", "info.json"), modInfo("core", "0.0.0")); err != nil {
		return err
	}
	const config = "config-path=__PATH__executable__/../../config\nuse-system-read-write-data-directories=false\n"
	return writeFile(filepath.Join(dir, "config-path.cfg"), []byte(config))
}

// installPlan keeps the scenario file, and switches mods as it says.
func installPlan(dir, plan string) error {
	content, err := scenario.Read(plan)
	if err != nil {
		return err
	}
	if len(content.Mods) > 0 {
		list := modlist.List{}
		for _, name := range slices.Sorted(maps.Keys(content.Mods)) {
			list.Set(name, content.Mods[name])
		}
		if err := writeModList(&list, filepath.Join(dir, "mods")); err != nil {
			return err
		}
	}
	return copyFile(plan, filepath.Join(dir, "sim.json"), 0o644)
}

// builtinNeeds are the mods that those of the game need.
var builtinNeeds = map[string][]string{
	"elevated-rails": {"base"}, "quality": {"base"}, "space-age": {"base", "elevated-rails", "quality"},
}

func modInfo(name, version string, needs ...string) []byte {
	info := struct {
		Name         string   `json:"name"`
		Version      string   `json:"version"`
		Title        string   `json:"title"`
		Author       string   `json:"author"`
		Factorio     string   `json:"factorio_version"`
		Dependencies []string `json:"dependencies"`
	}{name, version, name, "mainbus-sim", modinfo.MajorMinor(gameVersion), append([]string{}, needs...)}
	data, err := json.MarshalIndent(info, "", "  ")
	if err != nil {
		panic(err) // texts always encode
	}
	return data
}

// writeTree writes the embedded part of the data folder.
func writeTree(data string) error {
	return fs.WalkDir(files, "files", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := files.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel("files", filepath.FromSlash(path))
		if err != nil {
			return err
		}
		return writeFile(filepath.Join(data, name), content)
	})
}

func writeFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("install: %w", err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		return fmt.Errorf("install: %w", err)
	}
	return nil
}

// copyFile replaces the target in one step, so that a running copy of it is no obstacle.
func copyFile(from, to string, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("install: %w", err)
	}
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("install: %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(to+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return fmt.Errorf("install: %w", err)
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Close()); err == nil {
		err = os.Rename(to+".new", to)
	}
	if err != nil {
		return fmt.Errorf("install %s: %w", to, err)
	}
	return nil
}
