package game

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// playerData is the file in which the game remembers its last run.
func (g *run) playerData() string { return filepath.Join(g.paths.write, "player-data.json") }

func (g *run) tellPlayerData() {
	if info, err := os.Stat(g.playerData()); err == nil {
		g.out.Info("PlayerData.cpp:64", "Local player-data.json available, timestamp %d", info.ModTime().Unix())
	} else {
		g.out.Info("PlayerData.cpp:64", "Local player-data.json unavailable")
	}
	g.out.Info("PlayerData.cpp:71", "Cloud player-data.json unavailable")
}

// writePlayerData keeps what it doesn't know.
func (g *run) writePlayerData() error {
	content := map[string]any{}
	if data, err := os.ReadFile(g.playerData()); err == nil {
		if json.Unmarshal(data, &content) != nil {
			content = map[string]any{} // the game makes a fresh one
		}
	}
	content["last-played-version"] = map[string]any{
		"game_version": gameVersion.String(), "build_version": gameBuild, "build_mode": "headless", "platform": platform(),
	}
	data, err := json.MarshalIndent(content, "", "    ")
	if err != nil {
		return err
	}
	return os.WriteFile(g.playerData(), data, 0o644)
}
