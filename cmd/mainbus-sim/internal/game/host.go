package game

import (
	"fmt"
	"os"
	"path/filepath"
)

// Print, Log, Reply, Save and WriteFile make the server the api.Host of its script.

// Print writes a bare line.
func (s *server) Print(text string) {
	s.clientLog.expect(s.clients, text)
	s.out.Bare(text)
}

// Log writes a line of a script.
func (s *server) Log(source, text string) {
	s.clientLog.expect(s.clients, source+": "+text)
	s.out.Engine("Script %s: %s", source, text)
}

// Reply prints to the RCON caller.
func (s *server) Reply(text string) {
	if s.current != nil && s.current.remote {
		s.current.print(text)
	}
}

// Save asks for a save at the end of the tick.
func (s *server) Save(name string, auto bool) {
	switch {
	case auto && name != "" && !validSaveName(name):
	case auto:
		s.orders = append(s.orders, saveOrder{kind: autoSave, name: name})
	case name == "" && s.unnamed || name != "" && !validSaveName(name): // the game does nothing
	default:
		s.orders = append(s.orders, saveOrder{name: name})
	}
}

// WriteFile writes below script-output.
func (s *server) WriteFile(name string, data []byte, appending bool) error {
	base := filepath.Join(s.paths.write, "script-output")
	if !filepath.IsLocal(name) {
		return fmt.Errorf("write_file: %q is not a path below script-output", name)
	}
	if err := os.MkdirAll(filepath.Join(base, filepath.Dir(name)), 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(base)
	if err != nil {
		return err
	}
	defer root.Close()
	mode := os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	if appending {
		mode = os.O_CREATE | os.O_WRONLY | os.O_APPEND
	}
	f, err := root.OpenFile(name, mode, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(data)
	return err
}
