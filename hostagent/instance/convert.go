package instance

import (
	"fmt"
	"os"
	"path/filepath"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/patch"
	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/factorio/serversettings"
	"mainbus/hostagent/internal/disk"
	"mainbus/transport/wire"
)

// A save of an older minor version of the game is run once without the modules, closed to everybody, and saved at once. The
// game then puts its own scripts of that version into the place of those that the save has, which it has to find as it
// knows them. What is patched is what came of it; the older save is kept.

func (f folder) conversion(name ...string) string {
	return f.path(append([]string{".mainbus", "conversion"}, name...)...)
}
func (f folder) converted() string          { return f.conversion("converted.zip") }
func (f folder) conversionSettings() string { return f.conversion("server-settings.json") }

// isOlder tells a save of an older minor version than the game's.
func (l *launch) isOlder(v factorio.Version) bool {
	game := l.game.Version
	return v.Major < game.Major || v.Major == game.Major && v.Minor < game.Minor
}

// toConvert makes ready the run that brings a save up to date.
func (l *launch) toConvert(source chosen) (note, error) {
	l.phase(wire.State_STATE_STARTING, "preparing a save of "+source.version.String())
	if err := os.MkdirAll(l.folder.conversion(), 0o700); err != nil {
		return note{}, fmt.Errorf("convert a save: %w", err)
	}
	if err := l.writeClosedSettings(); err != nil {
		return note{}, err
	}
	if err := patch.Undo(source.path, l.folder.converted()); err != nil {
		return note{}, fmt.Errorf("convert save %s: %w", filepath.Base(source.path), err)
	}
	l.cfg.Log.Info("the game converts a save of an older version first", "save", source.path, "version", source.version.String())
	return note{Save: filepath.Base(source.path), Number: l.state.Starts, Converts: source.version.String()}, nil
}

// writeClosedSettings writes the instance's settings for a game that nobody gets to see.
func (l *launch) writeClosedSettings() error {
	content, err := os.ReadFile(l.folder.serverSettings())
	if err != nil {
		return fmt.Errorf("make server settings for a conversion: %w", err)
	}
	settings, err := serversettings.Parse(content)
	if err != nil {
		return fmt.Errorf("make server settings for a conversion: %w", err)
	}
	for _, key := range []string{"visibility.public", "visibility.lan", "require_user_verification"} {
		if err := settings.Set(key, false); err != nil {
			return fmt.Errorf("make server settings for a conversion: %w", err)
		}
	}
	return disk.Write(l.folder.conversionSettings(), settings.Bytes())
}

// takeConverted returns what the game has made of an older save, and keeps that one where it would be overwritten. A game that
// has saved nothing newer is no reason not to run: then the save is patched as it is.
func (l *launch) takeConverted(source chosen) (chosen, error) {
	converted, err := examine(l.folder.converted())
	if err == nil {
		err = save.Verify(converted.path)
	}
	if err != nil || l.isOlder(converted.version) {
		l.cfg.Log.Warn("the game has converted no save, it is used as it is", "save", source.path, "err", err)
		return source, nil
	}
	if target := l.savePath(); source.path == target {
		if err := save.Rewrite(source.path, fmt.Sprintf("%s.from-%v", target, source.version), nil); err != nil {
			return chosen{}, fmt.Errorf("keep the save of %v: %w", source.version, err)
		}
	}
	converted.world, converted.proposed = source.world, source.proposed
	return converted, nil
}

// onConvertible ends a game that was started to convert a save and has loaded it: at its end it saves.
func (i *Instance) onConvertible(r *run) {
	if i.run != r || i.stopping {
		return
	}
	i.stop()
	i.status, i.phase = wire.State_STATE_STARTING, "converting the save of "+r.note.Converts
}

// onConverted looks at the end of such a game. The next start uses what it has saved.
func (i *Instance) onConverted(r *run, e *ending) (done bool) {
	i.converted = r.note.Converts != "" && e.clean()
	return i.converted
}
