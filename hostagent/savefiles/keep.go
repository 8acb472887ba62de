package savefiles

import (
	"errors"
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

// Sweep removes for good what an area keeps no longer.
func (f Folder) Sweep(a Area, k Keep) error {
	list, err := f.List(a)
	if err != nil {
		return err
	}
	var failed error
	for _, file := range k.beyond(list, f.now()) {
		failed = errors.Join(failed, f.Remove(a, file.ID))
	}
	return failed
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
