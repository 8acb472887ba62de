package api

import (
	"context"
	"time"
)

// Installations is what is asked of the copies of the game on hosts, and of which of them instances run.
type Installations interface {
	// Games tells of one host, or of all paired ones.
	Games(ctx context.Context, c Caller, r GamesOf) ([]HostGames, error)
	AvailableGames(ctx context.Context, c Caller, r AskAvailable) (AvailableGames, error)
	// DownloadGame returns as soon as it has begun; Games tells how far it is.
	DownloadGame(ctx context.Context, c Caller, r GameOn) (GameOn, error)
	CancelDownload(ctx context.Context, c Caller, r GameOn) (GameOn, error)
	RemoveGame(ctx context.Context, c Caller, r GameOn) (GameOn, error)
	SetVersion(ctx context.Context, c Caller, r SetVersion) (Instance, error)
}

var installationMethods = map[string]method{
	"Games":          lists[HostGames](ClusterRead, with(Service.Games)),
	"AvailableGames": reads(ClusterRead, with(Service.AvailableGames)),
	"DownloadGame":   changes(HostConfigure, with(Service.DownloadGame)),
	"CancelDownload": changes(HostConfigure, with(Service.CancelDownload)),
	"RemoveGame":     changes(HostConfigure, with(Service.RemoveGame)),
	"SetVersion":     changes(InstanceConfigure, with(Service.SetVersion)),
}

func (s stub) Games(ctx context.Context, c Caller, r GamesOf) ([]HostGames, error) {
	return ask[[]HostGames](ctx, s, c, "Games", &r)
}

func (s stub) AvailableGames(ctx context.Context, c Caller, r AskAvailable) (AvailableGames, error) {
	return ask[AvailableGames](ctx, s, c, "AvailableGames", &r)
}

func (s stub) DownloadGame(ctx context.Context, c Caller, r GameOn) (GameOn, error) {
	return ask[GameOn](ctx, s, c, "DownloadGame", &r)
}

func (s stub) CancelDownload(ctx context.Context, c Caller, r GameOn) (GameOn, error) {
	return ask[GameOn](ctx, s, c, "CancelDownload", &r)
}

func (s stub) RemoveGame(ctx context.Context, c Caller, r GameOn) (GameOn, error) {
	return ask[GameOn](ctx, s, c, "RemoveGame", &r)
}

func (s stub) SetVersion(ctx context.Context, c Caller, r SetVersion) (Instance, error) {
	return ask[Instance](ctx, s, c, "SetVersion", &r)
}

// GamesOf names a host; empty: all.
type GamesOf struct {
	Host string `json:"host"` // name or id of a paired one
}

func (r *GamesOf) scope() []place { return []place{ofHost(&r.Host)} }

// HostGames are the copies of the game on a host, as it told last.
type HostGames struct {
	Host      string         `json:"host"` // id
	HostName  string         `json:"host_name"`
	Known     bool           `json:"known"`    // it has told since the controller's start
	Platform  string         `json:"platform"` // whose headless server can be downloaded there: "linux64"; empty: none can
	Games     []Game         `json:"games"`    // the newest version first
	Downloads []GameDownload `json:"downloads"`
}

func (r *HostGames) scope() []place { return []place{ofHost(&r.Host)} }

// Sources of copies of the game.
const (
	GameNamed      = "named"      // its folder was named on the host
	GameDownloaded = "downloaded" // by the host
	GameFound      = "found"      // in a usual place
	GameSteam      = "steam"
)

// A Game is a copy of the game.
type Game struct {
	Version    string   `json:"version"` // empty if there is a problem
	Build      uint32   `json:"build"`   // 0: not told
	Platform   string   `json:"platform"`
	Edition    string   `json:"edition"` // "headless", "full", "steam"
	Folder     string   `json:"folder"`
	Source     string   `json:"source"`
	Problem    string   `json:"problem"`    // why it can't be used: a sentence
	Unverified string   `json:"unverified"` // of a download: why it was compared with no published checksum
	Instances  []string `json:"instances"`  // names of those that run it
}

// A GameDownload is one that goes on, or that failed last.
type GameDownload struct {
	Version string `json:"version"`
	Phase   string `json:"phase"` // "downloading", "unpacking"; empty if it failed
	Done    int64  `json:"done"`  // bytes of the phase
	Total   int64  `json:"total"` // -1: not known
	Failure string `json:"failure"`
}

// Percent is how far the phase of a download is; -1: not known.
func (d GameDownload) Percent() int {
	if d.Total <= 0 {
		return -1
	}
	return int(min(d.Done, d.Total) * 100 / d.Total)
}

// AskAvailable asks what a host can download.
type AskAvailable struct {
	Host string `json:"host"`
	Now  bool   `json:"now"` // ask factorio.com even if that was done within the hour
}

func (r *AskAvailable) scope() []place { return []place{ofHost(&r.Host)} }

func (r AskAvailable) target() string { return r.Host }

// AvailableGames is what there is at factorio.com. Not each version exists for each platform.
type AvailableGames struct {
	Platform     string     `json:"platform"` // of the host; empty: nothing can be downloaded there
	Stable       string     `json:"stable"`   // empty: not known
	Experimental string     `json:"experimental"`
	Versions     []string   `json:"versions"` // the newest first
	Asked        *time.Time `json:"asked"`    // missing: never
	Problem      string     `json:"problem"`  // why factorio.com could not be asked just now
}

// GameOn names a version on a host. To download, "stable", "experimental" and "2.0" will do too; what is returned names the version.
type GameOn struct {
	Host    string `json:"host"`
	Version string `json:"version"`
}

func (r *GameOn) scope() []place { return []place{ofHost(&r.Host)} }

func (r GameOn) target() string { return r.Host + " " + r.Version }

// SetVersion says which version of the game an instance runs from its next start on.
type SetVersion struct {
	Instance string `json:"instance"`
	Version  string `json:"version"`  // "stable", "experimental", "2.0", "2.0.77"; empty: any, and then always the same
	Download bool   `json:"download"` // a version that is not on its host may be downloaded there
}

func (r *SetVersion) scope() []place { return []place{ofInstance(&r.Instance)} }

func (r SetVersion) target() string { return r.Instance + " " + r.Version }
