package remote

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mainbus/controller/api"
	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/pairing"
)

const (
	fileName     = "cluster.json"
	currentName  = "current"
	maxFile      = 16 << 10
	maxName      = 40
	loginTimeout = 30 * time.Second
)

// Login is what is remembered of a cluster that a key of this user is good for. It is a folder, which holds the key too.
type Login struct {
	Name       string      `json:"name"` // of the folder
	User       string      `json:"user"` // for whom the key speaks, as the controller said
	Controller identity.ID `json:"controller"`
	Addresses  []string    `json:"addresses"`      // host:port, the best first
	Last       string      `json:"last,omitempty"` // address at which it was reached last
	At         time.Time   `json:"at"`             // when the key was made

	Current bool `json:"-"` // the one that is meant where none is named
	dir     string
}

// Dir is the folder of a login, which holds its key.
func (l Login) Dir() string { return l.dir }

// LogIn makes a key by a login code, and remembers the cluster in a folder below dir. It becomes the current one. name is what to
// call it; empty: as the controller calls itself.
func LogIn(ctx context.Context, dir, code, name string) (Login, error) {
	invited, err := pairing.ParseLogin(code)
	if err != nil {
		return Login{}, api.Errorf(api.Invalid, "mainbusctl keys invite makes one, on the controller's machine or by somebody who may.", "%v", err)
	}
	if time.Now().After(invited.Expires) {
		return Login{}, api.Errorf(api.Refused, "Ask for another.", "this login code has expired, at %s", invited.Expires.Local().Format("2006-01-02 15:04"))
	}
	if name != "" && cleanName(name) != name {
		return Login{}, badName(name)
	}
	if err := free(dir, name, invited.Controller); err != nil {
		return Login{}, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Login{}, fmt.Errorf("log in: %w", err)
	}
	at, err := os.MkdirTemp(dir, ".new-*") // mode 0700
	if err != nil {
		return Login{}, fmt.Errorf("log in: %w", err)
	}
	defer os.RemoveAll(at) // it has another name when all went well
	l := Login{Controller: invited.Controller, Addresses: invited.Addresses, At: time.Now().UTC().Truncate(time.Second), dir: at}
	ctx, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	if err := l.join(ctx, invited); err != nil {
		return Login{}, err
	}
	// From here on the key is good: what fails must not lose it.
	l.Name = cmp.Or(name, l.introduce(ctx))
	return l, l.keep(dir)
}

// join proves the code, by which the controller comes to know the key.
func (l *Login) join(ctx context.Context, invited *pairing.Invitation) error {
	own, err := identity.Load(l.dir)
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	endpoint, err := listen(own, l.Controller)
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	defer endpoint.Close()
	addrs := link.Resolve(ctx, l.Addresses)
	if len(addrs) == 0 {
		return api.Errorf(api.Unavailable, "", "none of the names in this code could be looked up: %s", strings.Join(l.Addresses, ", "))
	}
	err = endpoint.Pair(ctx, addrs, func(ctx context.Context, s link.PairStream) error {
		if s.Peer() != l.Controller {
			return link.ErrOtherKey
		}
		l.Last = s.PeerAddr().String()
		return invited.Join(ctx, s, s.Exporter(), own.ID())
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pairing.ErrNotInvited), errors.Is(err, link.ErrRefused):
		return api.Errorf(api.Refused, "Ask for another code.", "the controller does not let you in: %v", err)
	}
	return api.Errorf(api.Unavailable, "See that the controller runs, and that UDP is let through in both directions; the code says where it is tried.",
		"the controller at %s could not be reached: %v", strings.Join(l.Addresses, ", "), err)
}

// introduce asks what the cluster is called and who the key speaks for; that is for people only.
func (l *Login) introduce(ctx context.Context) (name string) {
	name = "cluster-" + l.Controller.Short()[:8]
	c, err := Connect(*l)
	if err != nil {
		return name
	}
	defer c.Close()
	me, err := c.WhoAmI(ctx, api.Caller{})
	if err != nil {
		return name
	}
	l.User = me.User
	if conn, ok := c.endpoint.Conn(l.Controller); ok {
		name = cmp.Or(cleanName(conn.PeerHello().GetName()), name)
	}
	return name
}

// keep gives the folder its name. A login at the same controller is replaced; another cluster of this name is not.
func (l *Login) keep(dir string) error {
	for base, n := l.Name, 2; free(dir, l.Name, l.Controller) != nil; n++ {
		l.Name = fmt.Sprintf("%s-%d", base, n)
	}
	if err := l.save(); err != nil {
		return fmt.Errorf("remember the login: %w", err)
	}
	// The one before goes when this one is in its place: else a failure would leave none.
	to, old := filepath.Join(dir, l.Name), l.dir+".old"
	replaced := os.Rename(to, old)
	if replaced != nil && !errors.Is(replaced, fs.ErrNotExist) {
		return fmt.Errorf("remember the login: %w", replaced)
	}
	if err := os.Rename(l.dir, to); err != nil {
		if replaced == nil {
			err = errors.Join(err, os.Rename(old, to))
		}
		return fmt.Errorf("remember the login: %w", err)
	}
	l.dir = to
	return errors.Join(os.RemoveAll(old), Use(dir, l.Name))
}

// free refuses a name that is another cluster's.
func free(dir, name string, controller identity.ID) error {
	l, err := read(dir, name)
	if name == "" || errors.Is(err, fs.ErrNotExist) || err == nil && l.Controller == controller {
		return nil
	}
	return api.Errorf(api.Refused, "Choose another name with --name, or log out there before.", "a cluster %s is remembered already", name)
}

func (l *Login) save() error {
	text, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	return replace(filepath.Join(l.dir, fileName), text)
}

// replace writes a file as a whole or not at all, for this user only.
func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails when all went well
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func read(dir, name string) (Login, error) {
	path := filepath.Join(dir, name, fileName)
	info, err := os.Stat(path)
	if err != nil {
		return Login{}, err
	}
	if info.Size() > maxFile {
		return Login{}, fmt.Errorf("%s: %d bytes are too many", path, info.Size())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Login{}, err
	}
	var l Login
	if err := json.Unmarshal(text, &l); err != nil {
		return Login{}, fmt.Errorf("%s: %w", path, err)
	}
	if l.Controller.IsZero() || len(l.Addresses) > 16 {
		return Login{}, fmt.Errorf("%s makes no sense", path)
	}
	l.Name, l.dir = name, filepath.Join(dir, name)
	return l, nil
}

// Logins are the clusters that are remembered below dir, by name.
func Logins(dir string) ([]Login, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read the logins: %w", err)
	}
	current, err := os.ReadFile(filepath.Join(dir, currentName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the logins: %w", err)
	}
	var list []Login
	for _, e := range entries {
		if !e.IsDir() || cleanName(e.Name()) != e.Name() {
			continue
		}
		l, err := read(dir, e.Name())
		if err != nil {
			return nil, fmt.Errorf("read a login: %w", err)
		}
		l.Current = l.Name == strings.TrimSpace(string(current))
		list = append(list, l)
	}
	return list, nil
}

// Find returns a login by its name, or, without a name, the current one. ok is false if there is no current one.
func Find(dir, name string) (l Login, ok bool, err error) {
	all, err := Logins(dir)
	if err != nil {
		return l, false, err
	}
	at := slices.IndexFunc(all, func(l Login) bool { return name == "" && l.Current || name != "" && strings.EqualFold(name, l.Name) })
	if at < 0 && name != "" {
		return l, false, api.Errorf(api.NotFound, "mainbusctl clusters lists those that are remembered; mainbusctl login adds one.", "no cluster %q is remembered", name)
	}
	if at < 0 {
		return l, false, nil
	}
	return all[at], true, nil
}

// Use makes a login the current one; no name: none is.
func Use(dir, name string) error {
	path := filepath.Join(dir, currentName)
	if name == "" {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("choose a cluster: %w", err)
		}
		return nil
	}
	if err := replace(path, []byte(name+"\n")); err != nil {
		return fmt.Errorf("choose a cluster: %w", err)
	}
	return nil
}

// Forget removes a login and its key from this machine.
func Forget(dir string, l Login) error {
	if l.Current {
		if err := Use(dir, ""); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(l.dir); err != nil {
		return fmt.Errorf("forget the cluster %s: %w", l.Name, err)
	}
	return nil
}

// cleanName makes a name of a folder of a text: lower case letters, digits and single dashes.
func cleanName(text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= maxName {
			break
		}
	}
	name := strings.Trim(b.String(), "-")
	if name == currentName {
		return ""
	}
	return name
}

func badName(name string) error {
	return api.Errorf(api.Invalid, "Use lower case letters, digits and dashes, at most 40.", "%.60q can't be a cluster's name", name)
}
