package instance

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
)

// outputLimit is how much mods and scripts may have written before somebody is told, in bytes. What they write is the user's: nothing deletes it.
const outputLimit = 5 << 30

// OutputDir is the folder in an instance's folder that write_file of the game writes to.
func OutputDir(dir string) string { return filepath.Join(dir, "script-output") }

// scriptOutput is how many bytes there are in it.
type scriptOutput struct{ bytes atomic.Int64 }

// SetScriptOutput takes how big the folder of what mods and scripts write has been found to be.
func (i *Instance) SetScriptOutput(bytes int64) {
	if before := i.wrote.bytes.Swap(bytes); before != bytes && max(before, bytes) > outputLimit {
		i.tryPost(func() {}) // what is told of the instance is looked up anew
	}
}

func (o *scriptOutput) warning(f folder) string {
	n := o.bytes.Load()
	if n <= outputLimit {
		return ""
	}
	return fmt.Sprintf("What its mods and scripts have written takes %.1f GiB, and they may go on until the disk is full. Nothing is deleted by itself: look through %s on its host, and delete what nobody needs.",
		float64(n)/(1<<30), OutputDir(string(f)))
}
