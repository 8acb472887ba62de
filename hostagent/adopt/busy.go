package adopt

import (
	"errors"
	"io/fs"
)

// gameLock is a file that the game keeps locked as long as it runs. It stays when the game ends.
const gameLock = ".lock"

// inUse says which game runs from the folder, empty if none does. Nothing is written, and no lock outlives the call.
func (s *surveyed) inUse() (string, error) {
	name := s.at(gameLock)
	if s.isAbsent(name) {
		return "", nil
	}
	if _, err := s.stat(name); err != nil {
		return "", reason(err)
	}
	f, err := s.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		if heldOnOpen(err) {
			return "its " + gameLock + " is locked", nil
		}
		return "", reason(err)
	}
	defer f.Close()
	return locked(f)
}
