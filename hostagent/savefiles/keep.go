package savefiles

import (
	"errors"
	"fmt"
	"time"
)

// Keep bounds an area. A zero field bounds nothing.
type Keep struct {
	Count int
	Age   time.Duration
	Bytes int64 // of all files
	Least int   // newest ones that are kept in any case
}

// BinKeep is what the bin keeps: a week, and no more than a disk bears.
var BinKeep = Keep{Age: 7 * 24 * time.Hour, Bytes: 5 << 30}

// BackupKeep is what is kept of backups if nobody says otherwise.
var BackupKeep = Keep{Count: 20, Age: 30 * 24 * time.Hour, Bytes: 5 << 30, Least: 1}

// beyond returns those of the files, newest first, that are not kept. What was put there last is kept whatever its size.
func (k Keep) beyond(list []File, now time.Time) []File {
	total := int64(0)
	for n, file := range list {
		total += file.Size
		switch {
		case n < k.Least:
		case k.Age > 0 && now.Sub(file.Put) > k.Age,
			k.Count > 0 && n >= k.Count,
			k.Bytes > 0 && total > k.Bytes && n > 0:
			return list[n:]
		}
	}
	return nil
}

// Sweep removes for good what an area keeps no longer. The files of each reason count for themselves: what somebody asked for does not make room
// for what is made by itself.
func (f Folder) Sweep(a Area, k Keep) error {
	list, err := f.List(a)
	if err != nil {
		return err
	}
	groups := map[string][]File{}
	for _, file := range list {
		groups[file.Reason] = append(groups[file.Reason], file)
	}
	var failed error
	for _, group := range groups {
		for _, file := range k.beyond(group, f.now()) {
			failed = errors.Join(failed, f.Remove(a, file.ID))
		}
	}
	return failed
}

// Secure makes a backup of a live save that is about to be replaced by another file, unless there is one already. It costs no time and no
// room: the backup is a second name for the same file, which is never written to again. Where there are no second names it is a copy.
func (f Folder) Secure(name, reason string) (id string, err error) {
	file, err := f.Find(Live, name)
	if err != nil {
		return "", err
	}
	list, err := f.List(Backups)
	if err != nil {
		return "", err
	}
	for _, b := range list {
		if b.Name == file.Name && b.Size == file.Size && b.Modified.Equal(file.Modified) {
			return b.ID, nil
		}
	}
	if id, err = f.stamp(Backups, reason, name); err != nil {
		return "", err
	}
	root, err := f.open()
	if err != nil {
		return "", fmt.Errorf("back up a save: %w", err)
	}
	defer root.Close()
	if err := root.MkdirAll(string(Backups), 0o700); err != nil {
		return "", fmt.Errorf("back up a save: %w", err)
	}
	if root.Link(f.at(Live, name), f.at(Backups, id)) == nil {
		return id, nil
	}
	return id, f.copy(f.at(Live, name), f.at(Backups, id), file.Modified)
}

// BackUp copies a live save to the backups. Reason is one word.
func (f Folder) BackUp(name, reason string) (id string, err error) {
	file, err := f.Find(Live, name)
	if err != nil {
		return "", err
	}
	if id, err = f.stamp(Backups, reason, name); err != nil {
		return "", err
	}
	return id, f.copy(f.at(Live, name), f.at(Backups, id), file.Modified)
}
