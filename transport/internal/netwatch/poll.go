package netwatch

import (
	"context"
	"fmt"
	"hash/fnv"
	"net"
	"time"
)

const pollEvery = time.Second

// poll looks at the interfaces each second, where the system tells nothing by itself.
func poll(ctx context.Context, changed func()) {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for before := fingerprint(); ; {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		if now := fingerprint(); now != before {
			before = now
			changed()
		}
	}
}

func fingerprint() uint64 {
	h := fnv.New64a()
	all, _ := net.Interfaces() // none while the system can't tell
	for _, i := range all {
		addrs, _ := i.Addrs() // none: it went away meanwhile
		fmt.Fprintln(h, i.Index, i.Flags, addrs)
	}
	return h.Sum64()
}
