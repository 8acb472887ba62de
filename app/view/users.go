package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mainbus/controller/api"
)

// A User is one row of the users screen.
type User struct {
	Name        string
	Where       string // the instances in which the player is; empty: none
	Sure        bool   // of that: the hosts can be reached
	Seen        time.Time
	Seconds     int64
	Joins       int64
	Admin       bool
	Whitelisted bool
	Banned      bool
	Reason      string // of the ban
	Notes       string
}

// Users makes rows of users.
func Users(list []api.UserRecord) []User {
	rows := make([]User, 0, len(list))
	for _, u := range list {
		row := User{Name: u.Name, Sure: true, Seconds: u.Seconds, Joins: u.Joins, Admin: u.Admin.Set, Whitelisted: u.Whitelisted.Set, Banned: u.Banned.Set, Reason: u.BanReason, Notes: u.Notes}
		if u.LastSeen != nil {
			row.Seen = *u.LastSeen
		}
		row.Where, row.Sure = whereWords(u.Online)
		rows = append(rows, row)
	}
	return rows
}

func whereWords(list []api.Presence) (where string, sure bool) {
	sure = true
	names := make([]string, 0, len(list))
	for _, p := range list {
		names = append(names, p.InstanceName)
		sure = sure && !p.Unknown
	}
	return strings.Join(names, ", "), sure
}

// PlayedWords is a time that was played, in hours and minutes.
func PlayedWords(seconds int64) string {
	if seconds < 60 {
		return ""
	}
	return fmt.Sprintf("%s:%02d h", Count(seconds/3600), seconds/60%60)
}

// What a filter of users lets through.
const (
	AllUsers = iota
	OnlineUsers
	AdminUsers
	WhitelistedUsers
	BannedUsers
)

// UserQuery is what the users are searched for. Sort is a column: name, seen, time or joins.
func UserQuery(text string, which int, sort string, reverse bool, offset, limit int) api.FindUsers {
	q := api.FindUsers{Text: strings.TrimSpace(text), Sort: sort, Descending: reverse, Offset: offset, Limit: limit}
	switch which {
	case OnlineUsers:
		q.Online = true
	case AdminUsers:
		q.Admin = true
	case WhitelistedUsers:
		q.Whitelisted = true
	case BannedUsers:
		q.Banned = true
	}
	return q
}

// FlagWords says of a flag whether it is set, by whom and when; empty if it never was.
func FlagWords(f api.UserFlag, now time.Time) string {
	text := ""
	switch {
	case f.Set:
		text = say("yes")
	case f.At != nil:
		text = say("no longer")
	default:
		return ""
	}
	if f.By != "" {
		text += " · " + say("by {{.who}}", with{"who": f.By})
	}
	if f.At != nil {
		text += " · " + Ago(*f.At, now)
	}
	return text
}

// PlayLines says what a user has played in each instance, a line each.
func PlayLines(plays []api.UserPlay, now time.Time) (lines []string) {
	for _, p := range plays {
		name := p.InstanceName
		if name == "" {
			name = say("an instance that is gone")
		}
		played := PlayedWords(p.Seconds)
		if played == "" {
			played = say("less than a minute")
		}
		lines = append(lines, say("{{.name}}: {{.time}}, {{.n}} joins, last {{.ago}}", with{"name": name, "time": played, "n": Count(p.Joins), "ago": Ago(p.LastJoin, now)}))
	}
	return lines
}

// VisitLines says when a user was where, a line each, the newest first.
func VisitLines(visits []api.UserVisit) (lines []string) {
	for _, v := range visits {
		text := v.Joined.Local().Format("2006-01-02 15:04") + " " + v.InstanceName
		switch {
		case v.Left == nil:
			text += " · " + say("is there")
		default:
			if played := PlayedWords(v.Seconds); played != "" {
				text += " · " + played
			}
			if v.Reason != "" && v.Reason != "quit" {
				text += " · " + strings.ReplaceAll(v.Reason, "_", " ")
			}
		}
		lines = append(lines, text)
	}
	return lines
}

// ModeratedWords says what came of something that was done in games: what went wrong, or else what the games answered.
func ModeratedWords(list []api.Moderated) (done, wrong string) {
	var answers, problems []string
	for _, m := range list {
		if m.Problem != "" {
			problems = append(problems, m.InstanceName+": "+m.Problem)
		} else {
			answers = append(answers, m.InstanceName)
		}
	}
	return Some(answers, 3), Some(problems, 3)
}

// ChangeWords is what a change of many users does, in a sentence or two.
func ChangeWords(c api.UserChanges) string {
	text := c.What + ": " + say("{{.n}} users change", with{"n": Count(int64(c.Changed))})
	if c.Created > 0 {
		text += ", " + say("{{.n}} of them get a record", with{"n": Count(int64(c.Created))})
	}
	if c.Unchanged > 0 {
		text += ", " + say("{{.n}} are so already", with{"n": Count(int64(c.Unchanged))})
	}
	if c.Since > 0 {
		text += ", " + say("{{.n}} were changed since and stay as they are", with{"n": Count(int64(c.Since))})
	}
	if c.Left > 0 {
		text += ", " + say("{{.n}} were left when it was interrupted", with{"n": Count(int64(c.Left))})
	}
	if c.Bad > 0 {
		text += ", " + say("{{.n}} can't be taken over", with{"n": Count(int64(c.Bad))})
	}
	return text + "."
}

// BulkWord is what is done to many users.
func BulkWord(action string) string {
	switch action {
	case api.BulkBan:
		return say("Ban")
	case api.BulkUnban:
		return say("Unban")
	case api.BulkPromote:
		return say("Make admin")
	case api.BulkDemote:
		return say("Take admin away")
	case api.BulkWhitelist:
		return say("Put on the whitelist")
	case api.BulkUnwhitelist:
		return say("Take off the whitelist")
	case api.BulkClearNotes:
		return say("Clear notes")
	case api.BulkGrantRole:
		return say("Give a role")
	case api.BulkRevokeRole:
		return say("Take a role away")
	}
	return action
}

// FormOfUsers tells by its name and first bytes which form a file with users has; empty if neither tells.
func FormOfUsers(name string, content []byte) string {
	name = strings.ToLower(name)
	head := string(content[:min(len(content), 400)])
	if strings.Contains(name, "users") && !strings.Contains(head, "export_version") {
		return api.ClusterioFile
	}
	for _, f := range []struct{ part, form string }{{"adminlist", api.AdminFile}, {"banlist", api.BanFile}, {"whitelist", api.WhitelistFile}, {"users", api.UsersFile}} {
		if strings.Contains(name, f.part) {
			return f.form
		}
	}
	switch {
	case strings.Contains(head, `"username"`) && strings.Contains(head, `"reason"`):
		return api.BanFile
	case strings.Contains(head, `"player_stats"`), strings.Contains(head, `"users"`), strings.Contains(head, `"is_admin"`):
		return api.UsersFile
	}
	return ""
}

// HasRolesOnly tells by its name whether a file is the roles of Clusterio's database.
func HasRolesOnly(name string) bool { return strings.EqualFold(name, "roles.json") }

// RoleEffects says what becomes of each role.
func RoleEffects(plan api.RoleImport) []api.UserEffect {
	var rows []api.UserEffect
	for _, r := range plan.Roles {
		var text string
		switch r.Action {
		case api.RoleCreated:
			text = say("a role {{.name}}: {{.gives}}", with{"name": r.Name, "gives": api.GrantsText(r.Grants)})
		case api.RoleKept:
			text = say("the role {{.name}} that there is", with{"name": r.Name})
		default:
			text = say("nothing: {{.why}}", with{"why": r.Why})
		}
		if len(r.Without) > 0 {
			text += " · " + say("without an equal: {{.names}}", with{"names": strings.Join(r.Without, ", ")})
		}
		rows = append(rows, api.UserEffect{Name: r.Was, Text: text})
	}
	return rows
}

// MergeUsers puts a page of users into those that are shown already, from a row on.
func MergeUsers(shown, page []User, offset int) []User {
	return append(slices.Clip(shown[:min(offset, len(shown))]), page...)
}
