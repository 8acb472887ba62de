// Package userfile reads and writes files with users: the game's lists of players, and the export of users that Clusterio has.
package userfile

import (
	"encoding/json"
	"fmt"
	"slices"

	"mainbus/hostagent/factorio/playerlists"
	"mainbus/hostagent/factorio/playername"
)

const (
	// MaxBytes is how big a file may be.
	MaxBytes = 16 << 20

	maxEntries = 200_000
)

// Form is one of the files.
type Form string

// The forms.
const (
	Admins    Form = "admins"    // server-adminlist.json
	Bans      Form = "bans"      // server-banlist.json
	Whitelist Form = "whitelist" // server-whitelist.json
	Users     Form = "users"     // {"export_version": …, "users": […]}
)

// exportVersion is what Clusterio wrote when its export got the form that Write gives.
const exportVersion = "2.0.0-alpha.20"

// Has tells which flags a form knows.
func (f Form) Has() (admin, whitelisted, banned bool) {
	all := f == Users || f == Clusterio
	return f == Admins || all, f == Whitelist || all, f == Bans || all
}

// FileName is what such a file usually is called, empty for no form.
func (f Form) FileName() string {
	return map[Form]string{Admins: "server-adminlist.json", Bans: "server-banlist.json", Whitelist: "server-whitelist.json", Users: "users.json"}[f]
}

// Entry is what a file says of a user.
type Entry struct {
	Name        string
	Admin       bool
	Whitelisted bool
	Banned      bool
	Reason      string  // of the ban
	Roles       []int64 // ids, of Clusterio
}

// exported is how Clusterio writes a user.
type exported struct {
	Username    string `json:"username"`
	Admin       bool   `json:"is_admin,omitempty"`
	Whitelisted bool   `json:"is_whitelisted,omitempty"`
	Banned      bool   `json:"is_banned,omitempty"`
	Reason      string `json:"ban_reason,omitempty"`
}

type export struct {
	Version string     `json:"export_version"`
	Users   []exported `json:"users"`
}

// Parse reads a file. Entries whose names differ in case are one. What can't be a user is left out, with a sentence for each.
func Parse(form Form, data []byte) (entries []Entry, skipped []string, err error) {
	if len(data) > MaxBytes {
		return nil, nil, fmt.Errorf("the file has %d bytes, more than %d MiB", len(data), MaxBytes>>20)
	}
	var all []Entry
	switch form {
	case Admins, Bans, Whitelist:
		all, err = parseList(form, data)
	case Users:
		all, err = parseExport(data)
	case Clusterio:
		all, err = parseDatabase(data)
	default:
		err = fmt.Errorf("there is no form %.40q of files: use admins, bans, whitelist, users or clusterio", form)
	}
	if err != nil {
		return nil, nil, err
	}
	entries, skipped = merge(all)
	return entries, skipped, nil
}

func parseList(form Form, data []byte) ([]Entry, error) {
	list, err := playerlists.Parse(data)
	if err != nil {
		return nil, err
	}
	all := make([]Entry, len(list.Players))
	for n, p := range list.Players {
		all[n] = Entry{Name: p.Name, Admin: form == Admins, Whitelisted: form == Whitelist, Banned: form == Bans}
		if form == Bans {
			all[n].Reason = p.Reason
		}
	}
	return all, nil
}

func parseExport(data []byte) ([]Entry, error) {
	var e export
	if err := json.Unmarshal(data, &e); err != nil {
		return nil, fmt.Errorf("export of users: %w", err)
	}
	if e.Version == "" {
		return nil, fmt.Errorf("this is no export of users: it has no export_version")
	}
	if len(e.Users) > maxEntries {
		return nil, fmt.Errorf("export of users: %d are more than %d", len(e.Users), maxEntries)
	}
	all := make([]Entry, len(e.Users))
	for n, u := range e.Users {
		all[n] = Entry{Name: u.Username, Admin: u.Admin, Whitelisted: u.Whitelisted, Banned: u.Banned, Reason: u.Reason}
	}
	return all, nil
}

// merge makes one entry of those of one user, in the order of the first ones. Of several reasons the first holds.
func merge(all []Entry) (entries []Entry, skipped []string) {
	place := make(map[string]int, len(all))
	for _, e := range all {
		err := playername.Check(e.Name)
		if err == nil {
			err = playername.CheckText(e.Reason)
		}
		if err != nil {
			skipped = append(skipped, fmt.Sprintf("%.80q: %v", e.Name, err))
			continue
		}
		key := playername.Key(e.Name)
		n, known := place[key]
		if !known {
			place[key], entries = len(entries), append(entries, e)
			continue
		}
		one := &entries[n]
		one.Admin, one.Whitelisted, one.Banned = one.Admin || e.Admin, one.Whitelisted || e.Whitelisted, one.Banned || e.Banned
		if one.Reason == "" {
			one.Reason = e.Reason
		}
		for _, role := range e.Roles {
			if !slices.Contains(one.Roles, role) {
				one.Roles = append(one.Roles, role)
			}
		}
	}
	return entries, skipped
}

// Write makes a file of those entries of which the form says something.
func Write(form Form, entries []Entry) (content []byte, users int) {
	admin, whitelisted, banned := form.Has()
	entries = slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool {
		return !(admin && e.Admin || whitelisted && e.Whitelisted || banned && e.Banned)
	})
	if form == Users {
		e := export{Version: exportVersion, Users: []exported{}}
		for _, entry := range entries {
			e.Users = append(e.Users, exported{entry.Name, entry.Admin, entry.Whitelisted, entry.Banned, entry.Reason})
		}
		content, _ = json.MarshalIndent(e, "", "  ") // texts and truths can always be encoded
		return append(content, '\n'), len(entries)
	}
	var list playerlists.List
	for _, e := range entries {
		p := playerlists.Player{Name: e.Name}
		if form == Bans {
			p.Reason = e.Reason
		}
		list.Players = append(list.Players, p)
	}
	return list.Bytes(), len(entries)
}
