package testbed_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"mainbus/cmd/internal/testbed"
	"mainbus/cmd/internal/testbed/build"
)

// patience is for what a machine does at once that has nothing else to do.
const patience = 3 * time.Minute

// programs is the folder of the programs, which one build makes for all tests.
var programs string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "mainbus-testbed-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(programs)
	if err := build.Into(programs, "", "mainbus-controller", "mainbus-host", "mainbusctl", "mainbus-sim"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// newCluster is one of several that run at once and mostly wait: each sees the others' hosts on the network, so a host is named by its id.
func newCluster(t *testing.T) *testbed.Cluster {
	t.Helper()
	t.Parallel()
	c := &testbed.Cluster{Dir: t.TempDir(), Programs: programs}
	t.Cleanup(c.ShutDown)
	return c
}
