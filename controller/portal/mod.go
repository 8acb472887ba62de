package portal

import (
	"slices"

	"mainbus/transport/fetch/loose"
)

// Mod is what the portal tells of a mod. All texts are foreign.
type Mod struct {
	Name           string     `json:"name"`
	Title          string     `json:"title"`
	Owner          string     `json:"owner"`
	Summary        string     `json:"summary"`
	Category       string     `json:"category"`
	Thumbnail      string     `json:"thumbnail"` // "/assets/…" or empty
	DownloadsCount loose.Int  `json:"downloads_count"`
	Deprecated     loose.Bool `json:"deprecated"`

	LatestRelease *Release            `json:"latest_release"` // nil where there are Releases
	Releases      loose.List[Release] `json:"releases"`       // in lists by name, Short and Full

	// From here on in Full only.
	Changelog   string             `json:"changelog"`
	Description string             `json:"description"`
	Homepage    string             `json:"homepage"`
	GitHubPath  string             `json:"github_path"`
	License     License            `json:"license"`
	Tags        loose.List[string] `json:"tags"`
	CreatedAt   loose.Time         `json:"created_at"`
	UpdatedAt   loose.Time         `json:"updated_at"`
}

// License is that of a mod.
type License struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Release is one version of a mod.
type Release struct {
	Version     string     `json:"version"` // "0.16.2"
	FileName    string     `json:"file_name"`
	DownloadURL string     `json:"download_url"`
	SHA1        string     `json:"sha1"` // 40 hexadecimal digits
	ReleasedAt  loose.Time `json:"released_at"`
	GameVersion string     `json:"-"` // "2.0"
	// Dependencies in the game's notation, "base >= 2.0.0"; in Full only.
	Dependencies []string           `json:"-"`
	FeatureFlags loose.List[string] `json:"feature_flags"` // "space-travel": parts of the expansion that it needs
}

// UnmarshalJSON lifts what the portal keeps in info_json. It never fails for well-formed JSON: what is no release has no Version.
func (r *Release) UnmarshalJSON(data []byte) error {
	type plain Release
	read := struct {
		*plain
		Info struct {
			FactorioVersion string             `json:"factorio_version"`
			Dependencies    loose.List[string] `json:"dependencies"`
		} `json:"info_json"`
	}{plain: (*plain)(r)}
	if loose.Unmarshal(data, &read) != nil {
		*r = Release{}
		return nil
	}
	r.GameVersion, r.Dependencies = read.Info.FactorioVersion, read.Info.Dependencies.Items
	return nil
}

// dropUnusable takes out releases that could not be read.
func (m *Mod) dropUnusable() {
	if m.LatestRelease != nil && m.LatestRelease.Version == "" {
		m.LatestRelease = nil
	}
	all := len(m.Releases.Items)
	m.Releases.Items = slices.DeleteFunc(m.Releases.Items, func(r Release) bool { return r.Version == "" })
	m.Releases.Skipped += all - len(m.Releases.Items)
}
