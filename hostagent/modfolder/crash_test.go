package modfolder

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mainbus/hostagent/modcache"
	"mainbus/transport/wire"
)

const (
	crashDir = "MAINBUS_MODFOLDER_CRASH_DIR" // an instance's folder
	crashAt  = "MAINBUS_MODFOLDER_CRASH_AT"  // number of the step before which the process is killed
	crashJob = "MAINBUS_MODFOLDER_CRASH_JOB" // a job
)

// job is what a child does.
type job struct {
	Cache string
	Set   string
	Mods  []*wire.SetMod
	Keep  bool
	Back  bool
}

func (j job) set() Set {
	s := set(j.Set, 1, nil, j.Mods...)
	s.KeepUnknown = j.Keep
	return s
}

// do is what an agent does before a start.
func (j job) do(f Folder) error {
	if err := f.Recover(); err != nil {
		return err
	}
	if j.Back {
		if f.State().Applied.Set == j.Set {
			return nil
		}
		return f.Back()
	}
	if f.Amiss(j.set(), game) == "" {
		return nil
	}
	c, err := modcache.Open(j.Cache)
	if err != nil {
		return err
	}
	if err := f.Stage(context.Background(), j.set(), game, c.Link); err != nil {
		return err
	}
	return f.Swap()
}

// crashChild does a job and is killed, as by kill -9, before one of its steps.
func crashChild(dir string) {
	var j job
	err := json.Unmarshal([]byte(os.Getenv(crashJob)), &j)
	at, _ := strconv.Atoi(os.Getenv(crashAt))
	step = func(what string) {
		if at--; at > 0 {
			return
		}
		fmt.Println(what)
		me, err := os.FindProcess(os.Getpid())
		if err == nil {
			me.Kill()
		}
		select {}
	}
	if err == nil {
		err = j.do(Folder(dir))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}

// killedAt runs a job that is killed before its step n, and tells whether it came to that.
func killedAt(t *testing.T, f Folder, j job, n int) (step string, killed bool) {
	t.Helper()
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+string(f), fmt.Sprintf("%s=%d", crashAt, n), crashJob+"="+string(text))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err == nil {
		return "", false
	}
	if stderr.Len() > 0 || strings.TrimSpace(string(out)) == "" {
		t.Fatalf("the child failed: %v: %s", err, stderr.String())
	}
	return strings.TrimSpace(string(out)), true
}

// Whatever step an agent is killed before, the folder holds the old or the new set when the next one has begun, what somebody put there
// by hand is nowhere lost, and the job can be done.
func TestKilledBetweenAnyTwoSteps(t *testing.T) {
	type scene struct {
		prepare func(t *testing.T, f Folder, c *modcache.Cache) // makes the old state
		job     func(t *testing.T, c *modcache.Cache) job
		hand    []string // base names of what was put there by hand
		least   int      // steps
	}
	hand := func(t *testing.T, f Folder, name string) {
		write(t, f.path(current, name+"_0.1.0.zip"), string(modZip(t, name, "0.1.0", "")))
	}
	scenes := map[string]scene{
		"first set": {
			func(t *testing.T, f Folder, _ *modcache.Cache) { hand(t, f, "own") },
			func(t *testing.T, c *modcache.Cache) job {
				return job{Set: "1111", Mods: []*wire.SetMod{stock(t, c, "a", "1.0.0", "")}}
			}, []string{"own_0.1.0.zip"}, 7,
		},
		"another set": {
			func(t *testing.T, f Folder, c *modcache.Cache) {
				hand(t, f, "own")
				apply(t, f, c, set("0000", 1, nil, stock(t, c, "a", "1.0.0", "")))
				hand(t, f, "late")
			},
			func(t *testing.T, c *modcache.Cache) job {
				return job{Set: "1111", Mods: []*wire.SetMod{stock(t, c, "a", "1.1.0", ""), stock(t, c, "b", "1.0.0", "")}}
			}, []string{"own_0.1.0.zip", "late_0.1.0.zip"}, 9,
		},
		"another set, and strangers stay": {
			func(t *testing.T, f Folder, c *modcache.Cache) {
				apply(t, f, c, set("0000", 1, nil, stock(t, c, "a", "1.0.0", "")))
				hand(t, f, "late")
			},
			func(t *testing.T, c *modcache.Cache) job {
				return job{Set: "1111", Keep: true, Mods: []*wire.SetMod{stock(t, c, "b", "1.0.0", "")}}
			}, []string{"late_0.1.0.zip"}, 8,
		},
		"the same set, which was spoiled": {
			func(t *testing.T, f Folder, c *modcache.Cache) {
				hand(t, f, "own")
				apply(t, f, c, set("1111", 1, nil, stock(t, c, "a", "1.0.0", "")))
				replace(t, f, "a_1.0.0.zip", "changed by hand")
			},
			func(t *testing.T, c *modcache.Cache) job {
				return job{Set: "1111", Mods: []*wire.SetMod{stock(t, c, "a", "1.0.0", "")}}
			}, []string{"own_0.1.0.zip"}, 7,
		},
		"undo": {
			func(t *testing.T, f Folder, c *modcache.Cache) {
				apply(t, f, c, set("0000", 1, nil, stock(t, c, "a", "1.0.0", "")))
				apply(t, f, c, set("1111", 1, nil, stock(t, c, "b", "1.0.0", "")))
				hand(t, f, "late")
			},
			func(*testing.T, *modcache.Cache) job { return job{Set: "0000", Back: true} }, []string{"late_0.1.0.zip"}, 3,
		},
	}
	for name, scene := range scenes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n := 1; ; n++ {
				f, cache := Folder(t.TempDir()), t.TempDir()
				c := openCache(t, cache)
				scene.prepare(t, f, c)
				j := scene.job(t, c)
				j.Cache = cache
				old := tree(t, f.path(current))
				step, killed := killedAt(t, f, j, n)
				if !killed {
					if n <= scene.least {
						t.Errorf("there were only %d steps to be killed before", n-1)
					}
					return
				}
				if err := f.Recover(); err != nil {
					t.Fatalf("killed before %q: %v", step, err)
				}
				after := tree(t, f.path(current))
				if done := f.State().Applied; !maps.Equal(after, old) && (done == nil || done.Set != j.Set) {
					t.Errorf("killed before %q, the folder holds neither the old set nor the new one: %v", step, slices.Sorted(maps.Keys(after)))
				}
				for _, dir := range []string{staged, replaced, retired} {
					if f.is(dir) {
						t.Errorf("killed before %q, %s is left", step, dir)
					}
				}
				if err := j.do(f); err != nil {
					t.Fatalf("killed before %q, it can't be done any more: %v", step, err)
				}
				if done := f.State().Applied; done == nil || done.Set != j.Set || !j.Back && f.Amiss(j.set(), game) != "" {
					t.Errorf("killed before %q and done again, there is %+v", step, done)
				}
				all := strings.Join(slices.Collect(maps.Keys(tree(t, string(f)))), "\n")
				for _, file := range scene.hand {
					if !strings.Contains(all, file) {
						t.Errorf("killed before %q, %s is lost", step, file)
					}
				}
			}
		})
	}
}
