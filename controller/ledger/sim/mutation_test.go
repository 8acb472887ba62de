package sim

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// usualMutants is how many schedules are tried in the usual run of the tests. More of them write the page of the proof.
const (
	usualMutants = 300
	proof        = "../../../docs/ledger-proof.md"
)

var mutants = flag.Uint64("mutants", usualMutants, "how many schedules try to notice that a rule is switched off; more than usual write docs/ledger-proof.md")

const switchedOff = "LEDGER_RULE_OFF"

// overlay writes the sources of the ledger with a switch for each rule, and tells the compiler to take them instead.
func overlay(t *testing.T) (file string) {
	t.Helper()
	dir := t.TempDir()
	folder, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	changes := map[string][]int{}
	for n, r := range rules {
		changes[r.file] = append(changes[r.file], n)
	}
	replaced := map[string]string{filepath.Join(folder, "off.go"): filepath.Join(dir, "off.go")}
	write(t, filepath.Join(dir, "off.go"), fmt.Sprintf("package ledger\n\nimport \"os\"\n\nvar switched = os.Getenv(%q)\n\nfunc off(n string) bool { return switched == n }\n", switchedOff))
	for name, numbers := range changes {
		source, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), withSwitches(t, string(source), numbers))
		replaced[filepath.Join(folder, name)] = filepath.Join(dir, name)
	}
	list, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, "overlay.json")
	write(t, file, string(list))
	return file
}

// withSwitches puts in the switches of some rules. Rules that change the same text are put in one after the other, each
// where the ones before have left its words.
func withSwitches(t *testing.T, source string, numbers []int) string {
	t.Helper()
	original := source
	for _, n := range numbers {
		r := rules[n]
		if count := strings.Count(original, r.old); count != 1 {
			t.Fatalf("rule %q: its text is %d times in %s", r.name, count, r.file)
		}
	}
	for _, n := range numbers {
		r := rules[n]
		fixed := strings.ReplaceAll(r.fixed, "off()", fmt.Sprintf("off(%q)", strconv.Itoa(n)))
		at := strings.Index(source, r.old)
		if at < 0 {
			t.Fatalf("rule %q: another rule has changed its text in %s", r.name, r.file)
		}
		source = source[:at] + fixed + source[at+len(r.old):]
	}
	return source
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func compile(t *testing.T, overlay, pkg, to string) {
	t.Helper()
	out, err := exec.Command("go", "test", "-c", "-overlay", overlay, "-o", to, pkg).CombinedOutput()
	if err != nil {
		t.Fatalf("go test -c %s: %v\n%s", pkg, err, out)
	}
}

// TestHunt is what the mutants run.
func TestHunt(t *testing.T) {
	if os.Getenv(switchedOff) == "" {
		t.Skip("run by TestEveryRuleOfTheLedgerIsNeeded")
	}
	seed, err := hunt(0, *mutants, Config{})
	if err != nil && *mutants == usualMutants { // that it was noticed is enough
		fmt.Printf("noticed %d %v\n", seed, err)
		return
	}
	if calmSeed, calmErr := hunt(0, min(*mutants, max(seed, 50)), Config{Calm: true}); calmErr != nil && (err == nil || calmSeed < seed) {
		seed, err = calmSeed, calmErr
	}
	if err != nil {
		fmt.Printf("noticed %d %v\n", seed, err)
	}
}

var noticed = regexp.MustCompile(`(?m)^noticed (\d+) (.*)$`)

// finding is how a rule that was switched off was noticed.
type finding struct {
	rule  rule
	after uint64 // schedules, 0: not at all
	what  string
	tests []string // directed tests that fail
}

var failed = regexp.MustCompile(`(?m)^--- FAIL: (\w+)`)

// look switches one rule off. In the usual run directed tests are asked only about what no schedule notices.
func look(schedules, directed string, n int) finding {
	f := finding{rule: rules[n]}
	env := append(os.Environ(), switchedOff+"="+strconv.Itoa(n))
	cmd := exec.Command(schedules, "-test.run", "^TestHunt$", "-mutants", strconv.FormatUint(*mutants, 10))
	cmd.Env = env
	out, _ := cmd.CombinedOutput()
	if found := noticed.FindSubmatch(out); found != nil {
		f.after, _ = strconv.ParseUint(string(found[1]), 10, 64)
		f.after++
		f.what = string(found[2])
	} else if bytes.Contains(out, []byte("panic: ")) {
		f.after, f.what = 1, "the ledger panics"
	}
	if f.after > 0 && *mutants == usualMutants {
		return f
	}
	cmd = exec.Command(directed, "-test.short")
	cmd.Env = env
	out, _ = cmd.CombinedOutput()
	for _, name := range failed.FindAllSubmatch(out, -1) {
		f.tests = append(f.tests, string(name[1]))
	}
	return f
}

// Each rule of the ledger is switched off by name, and then something fails: a schedule, or at least a directed test.
func TestEveryRuleOfTheLedgerIsNeeded(t *testing.T) {
	if testing.Short() || os.Getenv(switchedOff) != "" {
		t.Skip("takes a minute")
	}
	file, dir := overlay(t), t.TempDir()
	schedules, directed := filepath.Join(dir, "schedules"), filepath.Join(dir, "directed")
	compile(t, file, "mainbus/controller/ledger/sim", schedules)
	compile(t, file, "mainbus/controller/ledger", directed)
	var table strings.Builder
	for n, r := range rules {
		f := look(schedules, directed, n)
		fmt.Fprintf(&table, "| %s | %s | %s |\n", r.name, f.schedule(), strings.Join(f.tests[:min(2, len(f.tests))], ", "))
		t.Logf("%s: after %d schedules (%.90s); tests %v", r.name, f.after, f.what, f.tests)
		if f.after == 0 && len(f.tests) == 0 {
			t.Errorf("nobody notices that %q is switched off", r.name)
		}
	}
	if *mutants > usualMutants {
		writeProof(t, "ledger", table.String())
		writeProof(t, "world", worldTable())
	}
}

func (f finding) schedule() string {
	if f.after == 0 {
		return fmt.Sprintf("not in %d", *mutants)
	}
	return strconv.FormatUint(f.after, 10)
}

// worldTable says how soon schedules notice what a world does wrong.
func worldTable() string {
	var table strings.Builder
	for _, broken := range slices.Concat(Breaks, PlayerBreaks) {
		f := finding{}
		if seed, err := hunt(0, *mutants, Config{Break: broken}); err != nil {
			f.after = seed + 1
		}
		fmt.Fprintf(&table, "| %s | %s |\n", broken, f.schedule())
	}
	return table.String()
}

// writeProof puts a table's rows between the marks of its name.
func writeProof(t *testing.T, name, rows string) {
	t.Helper()
	text, err := os.ReadFile(proof)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), "<!-- "+name+" -->\n")
	head, rest2, _ := strings.Cut(rest, "|\n|---")
	line, _, _ := strings.Cut(rest2, "\n")
	_, after, ended := strings.Cut(rest, "<!-- end of "+name+" -->")
	if !found || !ended {
		t.Fatalf("%s has no place for the rules of the %s", proof, name)
	}
	write(t, proof, before+"<!-- "+name+" -->\n"+head+"|\n|---"+line+"\n"+rows+"<!-- end of "+name+" -->"+after)
}

// The page has a row for each rule, and no others.
func TestTheProofNamesEveryRule(t *testing.T) {
	text, err := os.ReadFile(proof)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for _, r := range rules {
		want[r.name] = true
	}
	for _, broken := range slices.Concat(Breaks, PlayerBreaks) {
		want[string(broken)] = true
	}
	for _, row := range regexp.MustCompile(`(?m)^\| (.*?) \| (\d+|not in \d+) \|`).FindAllSubmatch(text, -1) {
		if !want[string(row[1])] {
			t.Errorf("%s has a row for %q, which is no rule", proof, row[1])
		}
		delete(want, string(row[1]))
	}
	for name := range want {
		t.Errorf("%s has no row for %q: run make proof", proof, name)
	}
}
