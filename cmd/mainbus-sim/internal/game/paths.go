package game

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mainbus/cmd/mainbus-sim/internal/cmdline"
)

// paths are where the game reads and writes.
type paths struct {
	binary string // the program
	config string // config.ini
	read   string // data
	write  string
	mods   string
	port   string // [other] port of config.ini
	newOff bool   // [other] enable-new-mods is false
}

func (p paths) saves() string { return filepath.Join(p.write, "saves") }

// scenario is the scenario file of the installation that the data belongs to.
func (p paths) scenario() string { return filepath.Join(filepath.Dir(p.read), "sim.json") }

func findPaths(o cmdline.Options) (paths, error) {
	binary, err := os.Executable()
	if err != nil {
		return paths{}, err
	}
	if given := o.Value("executable-path"); given != "" {
		binary = given
	}
	root := filepath.Join(filepath.Dir(binary), "..", "..")
	p := paths{
		binary: binary, config: filepath.Join(root, "config", "config.ini"), read: filepath.Join(root, "data"), write: root,
	}
	if given := o.Value("config"); given != "" {
		p.config = given
	} else if err := writeConfig(p); err != nil {
		return p, err
	}
	if err := p.readConfig(); err != nil {
		return p, err
	}
	p.mods = filepath.Join(p.write, "mods")
	if given := o.Value("mod-directory"); given != "" {
		p.mods = given
	}
	for _, path := range []*string{&p.config, &p.read, &p.write, &p.mods} {
		if *path, err = filepath.Abs(*path); err != nil {
			return p, err
		}
	}
	return p, nil
}

// writeConfig makes the config.ini that an installation has after its first start.
func writeConfig(p paths) error {
	if _, err := os.Stat(p.config); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(p.config), 0o755); err != nil {
		return fmt.Errorf("make configuration: %w", err)
	}
	text := "[path]\nread-data=__PATH__executable__/../../data\nwrite-data=__PATH__executable__/../..\n\n[general]\nlocale=auto\n"
	if err := os.WriteFile(p.config, []byte(text), 0o644); err != nil {
		return fmt.Errorf("make configuration: %w", err)
	}
	return nil
}

func (p *paths) readConfig() error {
	f, err := os.Open(p.config)
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	section := ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		name, value, ok := strings.Cut(line, "=")
		switch {
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			section = line[1 : len(line)-1]
		case !ok || strings.HasPrefix(line, ";"):
		case section == "path" && strings.TrimSpace(name) == "read-data":
			p.read = p.expand(value)
		case section == "path" && strings.TrimSpace(name) == "write-data":
			p.write = p.expand(value)
		case section == "other" && strings.TrimSpace(name) == "port":
			p.port = strings.TrimSpace(value)
		case section == "other" && strings.TrimSpace(name) == "enable-new-mods":
			p.newOff = strings.TrimSpace(value) == "false"
		}
	}
	return nil
}

func (p *paths) expand(value string) string {
	home, _ := os.UserHomeDir() // empty without one; then the placeholder is of no use
	return filepath.FromSlash(strings.NewReplacer(
		"__PATH__executable__", filepath.Dir(p.binary),
		"__PATH__system-write-data__", filepath.Join(home, ".factorio"),
		"__PATH__system-read-data__", "/usr/share/factorio",
	).Replace(strings.TrimSpace(value)))
}

// save resolves the name of a save: with or without .zip, a bare name is in the saves folder.
func (p paths) save(name string) string {
	if !strings.HasSuffix(name, ".zip") {
		name += ".zip"
	}
	if filepath.Base(name) == name {
		return filepath.Join(p.saves(), name)
	}
	if abs, err := filepath.Abs(name); err == nil {
		return abs
	}
	return name
}

// complaint is an error in the game's words, which begin with a capital and may end with a full stop.
func complaint(format string, args ...any) error { return fmt.Errorf(format, args...) }
