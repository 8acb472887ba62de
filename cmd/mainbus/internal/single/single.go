// Package single lets one window run on a data folder: a second start brings the first one to the front.
package single

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"time"

	"mainbus/transport/local"
)

const (
	door    = "window.sock"
	timeout = 2 * time.Second
	hello   = "show\n"
)

// ShowOther brings the window that runs on the data folder to the front; false if there is none.
func ShowOther(dataDir string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	conn, err := local.Dial(ctx, filepath.Join(dataDir, door))
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(timeout)) // without it the worst is a wait
	_, err = conn.Write([]byte(hello))
	return err == nil
}

// Listen opens the door that ShowOther knocks at.
func Listen(dataDir string) (net.Listener, error) {
	listener, err := local.Listen(filepath.Join(dataDir, door))
	if err != nil {
		return nil, fmt.Errorf("open the door for a second start: %w", err)
	}
	return listener, nil
}

// Serve calls show for each knock until ctx ends, and closes the door then.
func Serve(ctx context.Context, listener net.Listener, show func()) {
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	defer stop()
	var knocks sync.WaitGroup
	defer knocks.Wait()
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		knocks.Go(func() {
			defer conn.Close()
			got := make([]byte, len(hello))
			if conn.SetDeadline(time.Now().Add(timeout)) != nil {
				return
			}
			if n, _ := conn.Read(got); string(got[:n]) == hello { // a probe of the door sends nothing
				show()
			}
		})
	}
}
