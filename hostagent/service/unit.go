package service

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
)

//go:embed mainbus-host.service
var unit string

// launchdJob is launchd's description of the service, as the library fills it in. Games outlive the agent: its process group is left alone.
//
//go:embed org.mainbus.host.plist
var launchdJob string

const (
	account = "mainbus"
)

// systemdUnit writes the unit. It is a template for the library, so nothing in it may look like one of its places.
func systemdUnit(c Config) string {
	command := []string{quoted(c.Executable)}
	for _, a := range c.arguments() {
		command = append(command, strings.ReplaceAll(quoted(a), "$", "$$"))
	}
	who, wanted := "", "multi-user.target"
	if c.User {
		wanted = "default.target"
	} else if c.RunAs != "" {
		who = "User=" + c.RunAs + "\nGroup=" + c.RunAs + "\n"
	}
	text := strings.NewReplacer("@COMMAND@", strings.Join(command, " "), "@WHO@", who, "@WANTED@", wanted, "@DATA@", quoted(c.DataDir)).Replace(unit)
	if c.User { // what a user's manager can't do: it is no root
		text = withoutSystemOnly(text)
	}
	return strings.ReplaceAll(text, "{{", `{{"{{"}}`)
}

// quoted is a word of a unit: systemd reads quotes, backslashes and % in it, and $ in the arguments of a command.
func quoted(word string) string {
	word = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%").Replace(word)
	return `"` + word + `"`
}

// withoutSystemOnly drops the lines below the one that says so.
func withoutSystemOnly(text string) string {
	before, after, _ := strings.Cut(text, "# Not for a user's own service:\n")
	_, install, _ := strings.Cut(after, "\n[Install]")
	return before + "\n[Install]" + install
}

// makeAccount sees to it that the account exists which the machine's service runs as.
func makeAccount(c Config) error {
	if _, err := user.Lookup(c.RunAs); err == nil {
		return ownFolder(c.DataDir, c.RunAs)
	}
	out, err := exec.Command("useradd", "--system", "--user-group", "--home-dir", c.DataDir, "--create-home", "--shell", "/usr/sbin/nologin", c.RunAs).CombinedOutput()
	if err != nil {
		return fmt.Errorf("make the account %s (are you root? as another user, --user installs a service of your own): %w: %s", c.RunAs, err, strings.TrimSpace(string(out)))
	}
	return ownFolder(c.DataDir, c.RunAs)
}

// ownFolder makes the data folder if there is none yet; an account has to be able to write there.
func ownFolder(dir, account string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	owner, err := user.Lookup(account)
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(owner.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(owner.Gid)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.Chown(dir, uid, gid)
}
