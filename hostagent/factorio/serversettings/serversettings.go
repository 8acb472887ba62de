// Package serversettings reads, checks and changes server-settings.json. Comments, keys that it does not know and the order of
// all stay as they are.
package serversettings

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"mainbus/hostagent/factorio/internal/jsondoc"
	"mainbus/hostagent/factorio/internal/jsonshape"
)

const maxFile = 1 << 20 // bytes; the game's example has 5 kB

// File is a server-settings.json.
type File struct{ doc *jsondoc.Doc }

// Settings are the values of a file. The zero of a limit means that there is none, of an interval that it is off.
type Settings struct {
	Name, Description string
	Tags              []string
	Public, LAN       bool // where the game is shown

	Username, Password, Token string // of the Factorio.com account of a public game; Token instead of Password
	GamePassword              string
	RequireUserVerification   bool // of those who join

	MaxPlayers           int
	IgnoreLimitForKnown  bool // those who were on the map before may join a full game
	AllowCommands        Commands
	AFKKickMinutes       int
	AutoPause            bool // while nobody is there
	PauseWhenConnecting  bool // since 2.0
	OnlyAdminsCanPause   bool
	AutosaveMinutes      int // from the end of the save before
	AutosaveSlots        int
	AutosaveOnlyOnServer bool
	NonBlockingSaving    bool // on UNIX only
	MaxUploadKilobytes   int  // a second
	MaxUploadSlots       int  // downloads of the map side by side
	MinLatencyTicks      int
	MaxHeartbeats        int // a second, 6 to 240; since 1.1.43
	MinSegment           int // bytes of a part of a long message, with MinSegmentPeers or more
	MinSegmentPeers      int
	MaxSegment           int // with MaxSegmentPeers or less
	MaxSegmentPeers      int
}

// Commands says who may use Lua commands.
type Commands string

// In the file the first two are truth values.
const (
	Everybody  Commands = "true"
	Nobody     Commands = "false"
	AdminsOnly Commands = "admins-only"
)

// MarshalJSON writes a truth value for the first two.
func (c Commands) MarshalJSON() ([]byte, error) {
	if c == Everybody || c == Nobody {
		return []byte(c), nil
	}
	return json.Marshal(string(c))
}

// UnmarshalJSON also reads the first two as texts.
func (c *Commands) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, (*string)(c))
	}
	*c = Commands(data)
	return nil
}

// Defaults are the values of keys that a file does not have, as the game's example names them. A file without visibility is taken
// for a private one.
func Defaults() Settings {
	return Settings{
		RequireUserVerification: true, AllowCommands: AdminsOnly, AutoPause: true, OnlyAdminsCanPause: true,
		AutosaveMinutes: 10, AutosaveSlots: 5, AutosaveOnlyOnServer: true, MaxUploadSlots: 5, MaxHeartbeats: 60,
		MinSegment: 25, MinSegmentPeers: 20, MaxSegment: 100, MaxSegmentPeers: 10,
	}
}

// A field is a key of the file. Keys in an object are written "object.key".
type field struct {
	key   string
	shape jsonshape.Shape
	of    func(*Settings) any // a pointer
}

// fields are those of 0.17 to 2.1.12.
func fields() []field {
	text, truth, count := jsonshape.Text(), jsonshape.Truth(), jsonshape.Whole(0, math.MaxInt32)
	return []field{
		{"name", text, func(s *Settings) any { return &s.Name }},
		{"description", text, func(s *Settings) any { return &s.Description }},
		{"tags", jsonshape.List(text), func(s *Settings) any { return &s.Tags }},
		{"max_players", count, func(s *Settings) any { return &s.MaxPlayers }},
		{"visibility.public", truth, func(s *Settings) any { return &s.Public }},
		{"visibility.lan", truth, func(s *Settings) any { return &s.LAN }},
		{"username", text, func(s *Settings) any { return &s.Username }},
		{"password", text.Secret(), func(s *Settings) any { return &s.Password }},
		{"token", text.Secret(), func(s *Settings) any { return &s.Token }},
		{"game_password", text.Secret(), func(s *Settings) any { return &s.GamePassword }},
		{"require_user_verification", truth, func(s *Settings) any { return &s.RequireUserVerification }},
		{"max_upload_in_kilobytes_per_second", count, func(s *Settings) any { return &s.MaxUploadKilobytes }},
		{"max_upload_slots", count, func(s *Settings) any { return &s.MaxUploadSlots }},
		{"minimum_latency_in_ticks", count, func(s *Settings) any { return &s.MinLatencyTicks }},
		{"max_heartbeats_per_second", jsonshape.Whole(6, 240), func(s *Settings) any { return &s.MaxHeartbeats }},
		{"ignore_player_limit_for_returning_players", truth, func(s *Settings) any { return &s.IgnoreLimitForKnown }},
		{"allow_commands", commandsShape(), func(s *Settings) any { return &s.AllowCommands }},
		{"autosave_interval", count, func(s *Settings) any { return &s.AutosaveMinutes }},
		{"autosave_slots", count, func(s *Settings) any { return &s.AutosaveSlots }},
		{"afk_autokick_interval", count, func(s *Settings) any { return &s.AFKKickMinutes }},
		{"auto_pause", truth, func(s *Settings) any { return &s.AutoPause }},
		{"auto_pause_when_players_connect", truth, func(s *Settings) any { return &s.PauseWhenConnecting }},
		{"only_admins_can_pause_the_game", truth, func(s *Settings) any { return &s.OnlyAdminsCanPause }},
		{"autosave_only_on_server", truth, func(s *Settings) any { return &s.AutosaveOnlyOnServer }},
		{"non_blocking_saving", truth, func(s *Settings) any { return &s.NonBlockingSaving }},
		{"minimum_segment_size", count, func(s *Settings) any { return &s.MinSegment }},
		{"minimum_segment_size_peer_count", count, func(s *Settings) any { return &s.MinSegmentPeers }},
		{"maximum_segment_size", count, func(s *Settings) any { return &s.MaxSegment }},
		{"maximum_segment_size_peer_count", count, func(s *Settings) any { return &s.MaxSegmentPeers }},
	}
}

// commandsShape also takes truth values that are written as texts, as many tools do.
func commandsShape() jsonshape.Shape {
	texts := jsonshape.OneOf(string(AdminsOnly), string(Everybody), string(Nobody))
	return jsonshape.Either(jsonshape.Truth(), texts).Called(`true, false or "admins-only"`)
}

// shape is that of the whole file.
func shape() jsonshape.Shape {
	whole, visibility := make(map[string]jsonshape.Shape), make(map[string]jsonshape.Shape)
	for _, f := range fields() {
		if key, ok := strings.CutPrefix(f.key, "visibility."); ok {
			visibility[key] = f.shape
			continue
		}
		whole[f.key] = f.shape
	}
	whole["visibility"] = jsonshape.Object(visibility)
	whole["admins"] = jsonshape.List(jsonshape.Text()) // up to 0.16; Problems has its own words for it
	return jsonshape.Object(whole)
}

// New returns a file that has every key with its default.
func New() *File {
	doc, err := jsondoc.Parse([]byte("{\n  \"name\": \"\"\n}\n"))
	if err != nil {
		panic(err) // the text is ours
	}
	f := &File{doc}
	if err := f.SetAll(Defaults()); err != nil {
		panic(err)
	}
	return f
}

// Parse reads a server-settings.json. Values that the game does not take are no error: Problems names them.
func Parse(data []byte) (*File, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("server settings: %d bytes, more than %d MiB", len(data), maxFile>>20)
	}
	doc, err := jsondoc.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("server settings: %w", err)
	}
	return &File{doc}, nil
}

// Bytes returns the file's text.
func (f *File) Bytes() []byte { return f.doc.Bytes() }

// Settings returns the values; what the file lacks has its default. It is an error if the game does not take a value.
func (f *File) Settings() (Settings, error) {
	s, wrong := f.read()
	if len(wrong) > 0 {
		return Settings{}, fmt.Errorf("server settings: %s", wrong[0])
	}
	return s, nil
}

// read returns the values, of those that the game does not take the defaults, and what is wrong in them.
func (f *File) read() (s Settings, wrong []string) {
	s = Defaults()
	values := make(map[string]json.RawMessage)
	for _, m := range f.doc.Members() {
		if !strings.Contains(m.Key, ".") { // which would be taken for a key in an object
			values[m.Key] = m.Value // of a doubled key the last
		}
	}
	visibility, _ := jsondoc.Members(values["visibility"])
	for _, m := range visibility {
		values["visibility."+m.Key] = m.Value
	}
	for _, field := range fields() {
		raw, ok := values[field.key]
		if !ok {
			continue
		}
		if problems := field.shape.Problems(field.key, raw); len(problems) > 0 {
			wrong = append(wrong, problems...)
			continue
		}
		to := field.of(&s)
		if n, ok := to.(*int); ok {
			whole, _ := jsonshape.Int(raw) // which may be written as 5.0
			*n = int(whole)
			continue
		}
		if err := json.Unmarshal(raw, to); err != nil {
			wrong = append(wrong, fmt.Sprintf("%q can't be read: %v", field.key, err))
		}
	}
	return s, wrong
}

// Set gives a key ("auto_pause", "visibility.public") a value. It is an error if the game has no such key or does not take the
// value.
func (f *File) Set(key string, value any) error {
	at := slices.IndexFunc(fields(), func(f field) bool { return f.key == key })
	if at < 0 {
		return fmt.Errorf("server settings: the game has no setting %.100q", key)
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("server settings: set %s: %w", key, err)
	}
	if problems := fields()[at].shape.Problems(key, raw); len(problems) > 0 {
		return fmt.Errorf("server settings: %s", problems[0])
	}
	return f.doc.Set(value, strings.Split(key, ".")...)
}

// SetAll gives every key its value in s.
func (f *File) SetAll(s Settings) error {
	s.Tags = append([]string{}, s.Tags...) // none are [], not null
	for _, field := range fields() {
		if err := f.Set(field.key, field.of(&s)); err != nil {
			return err
		}
	}
	return nil
}

// Shown returns what the file says as a JSON object for people and scripts: in its order, without comments, and "(not shown)" for
// passwords and tokens.
func (f *File) Shown() json.RawMessage {
	shown, err := jsondoc.Parse(jsondoc.Plain(f.doc.Bytes()))
	if err != nil {
		panic(err) // it comes from valid JSON
	}
	for _, field := range fields() {
		if value, ok := shown.Get(field.key); ok && field.shape.IsSecret() && string(value) != `""` {
			_ = shown.Set("(not shown)", field.key) // a text can always be set
		}
	}
	return shown.Bytes()
}

// Problems says what is wrong in the file, a sentence each. None quotes a password or token.
func (f *File) Problems() []string {
	var out []string
	for _, key := range f.doc.Doubled() {
		out = append(out, fmt.Sprintf("%.100q is there more than once", key))
	}
	if _, ok := f.doc.Get("admins"); ok {
		out = append(out, `"admins" says nothing since 0.17: admins are in server-adminlist.json`)
	}
	out = append(out, shape().Problems("", f.doc.Bytes())...)
	s, _ := f.read()
	if s.Public {
		out = append(out, s.publicProblems()...)
	}
	if s.MinSegment > s.MaxSegment {
		out = append(out, fmt.Sprintf("minimum_segment_size is %d, more than maximum_segment_size, which is %d", s.MinSegment, s.MaxSegment))
	}
	if s.MinSegmentPeers < s.MaxSegmentPeers {
		out = append(out, fmt.Sprintf("minimum_segment_size_peer_count is %d, less than maximum_segment_size_peer_count, which is %d", s.MinSegmentPeers, s.MaxSegmentPeers))
	}
	return out
}

func (s Settings) publicProblems() (out []string) {
	if !s.RequireUserVerification {
		out = append(out, "a public game must have require_user_verification on, or it does not start")
	}
	if s.Username == "" {
		out = append(out, "a public game needs the username of a Factorio.com account")
	}
	if s.Token == "" && s.Password == "" {
		out = append(out, "a public game needs the token (or the password) of a Factorio.com account")
	}
	return out
}
