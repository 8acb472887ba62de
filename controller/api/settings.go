package api

import (
	"context"
	"encoding/json"
)

// Settings is what is asked of the server settings of instances.
type Settings interface {
	ServerSettings(ctx context.Context, c Caller, r InstanceRef) (ServerSettings, error)
	ChangeSettings(ctx context.Context, c Caller, r ChangeSettings) (ServerSettings, error)
}

var settingMethods = map[string]method{
	"ServerSettings": reads(ClusterRead, with(Service.ServerSettings)),
	"ChangeSettings": changes(InstanceConfigure, with(Service.ChangeSettings)),
}

func (s stub) ServerSettings(ctx context.Context, c Caller, r InstanceRef) (ServerSettings, error) {
	return ask[ServerSettings](ctx, s, c, "ServerSettings", &r)
}

func (s stub) ChangeSettings(ctx context.Context, c Caller, r ChangeSettings) (ServerSettings, error) {
	return ask[ServerSettings](ctx, s, c, "ChangeSettings", &r)
}

// ServerSettings is an instance's server-settings.json.
type ServerSettings struct {
	Settings json.RawMessage `json:"settings"` // an object, with "(not shown)" for passwords and tokens
	Problems []string        `json:"problems"` // a sentence each
}

// ChangeSettings gives one server setting a value, or replaces all. It holds from the next start on.
type ChangeSettings struct {
	Instance string `json:"instance"`       // name or id
	Key      string `json:"key"`            // like auto_pause or visibility.public; empty: File counts
	Value    string `json:"value"`          // JSON; what is none is a text
	File     string `json:"file,omitempty"` // passwords and tokens that say "(not shown)" stay as they are
}

func (r *ChangeSettings) scope() []place { return []place{ofInstance(&r.Instance)} }

// target leaves out values: some are passwords.
func (r ChangeSettings) target() string { return r.Instance + ": " + r.Key }
