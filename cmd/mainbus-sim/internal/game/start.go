package game

import (
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"

	"mainbus/cmd/mainbus-sim/internal/api"
	"mainbus/cmd/mainbus-sim/internal/world"
)

// noTick is the tick in log lines before a map is loaded.
const noTick = ^uint64(0)

// create makes a map and saves it.
func (g *run) create(file string) error {
	seed, err := g.opts.number("map-gen-seed", uint64(rand.Uint32()), 1<<32-1)
	if err != nil {
		return err
	}
	settings, err := readSettings(g.opts.values["server-settings"], g.paths.write)
	if err != nil {
		return err
	}
	g.out.engine("Creating new map %s", file)
	catalog, err := g.catalog()
	if err != nil {
		return err
	}
	name := strings.TrimSuffix(filepath.Base(file), ".zip")
	content, err := newMapFile(g.mods, settings.allowedCommands())
	if err != nil {
		return err
	}
	s := &server{run: g, settings: settings, file: file, content: content}
	s.outside = s
	if s.world, err = world.New(name, uint32(seed), catalog, g.knobs.Plan(name)); err != nil {
		return fmt.Errorf("world %q of the scenario: %w", name, err)
	}
	if s.scripts, err = s.newScripts(s.peer, s.content); err != nil {
		return s.scriptFailed(err)
	}
	defer s.scripts.Close()
	if err := s.scripts.Init(); err != nil {
		return s.scriptFailed(err)
	}
	if content, err = s.snapshot(); err != nil {
		return s.scriptFailed(err)
	}
	return content.write(file)
}

func (g *run) catalog() (*world.Catalog, error) {
	enabled := map[string]bool{}
	for _, mod := range g.mods {
		enabled[mod.Name] = true
	}
	return world.NewCatalog(enabled)
}

// serve hosts a save until it is told to stop. Its errors are reported.
func (g *run) serve(file string) error {
	s := &server{run: g, file: file, state: "Ready", requests: make(chan *request, maxRequests)}
	g.out.info("ServerSynchronizer.cpp:22", "nextHeartbeatSequenceNumber(0) initialized Synchronizer nextTickClosureTick(0).")
	var err error
	if s.settings, err = readSettings(g.opts.values["server-settings"], g.paths.write); err != nil {
		return err
	}
	if s.settings.Visibility.Public && !s.settings.UserVerification {
		g.out.failure("Main.cpp:839", "require_user_verification must be enabled for public games.")
		return errReported
	}
	s.change("PreparedToHostGame", noTick)
	s.change("CreatingGame", noTick)
	if err := s.host(); err != nil {
		return s.hostingFailed(err)
	}
	defer s.scripts.Close()
	if err := s.openRCON(); err != nil {
		return s.stopFailed(err)
	}
	lengths := s.settings
	g.out.info("CommandLineMultiplayer.cpp:292", "Maximum segment size = %d; minimum segment size = %d; maximum-segment-size peer count = %d; minimum-segment-size peer count = %d",
		lengths.MaxSegment, lengths.MinSegment, lengths.MaxSegmentPeers, lengths.MinSegmentPeers)
	return s.loop()
}

// host loads the map and opens the game socket.
func (s *server) host() error {
	address, err := s.bindAddress()
	if err != nil {
		return err
	}
	if err := s.load(); err != nil {
		return err
	}
	s.out.info("UDPSocket.cpp:38", "Opening socket at (IP ADDR:({%s}))", address)
	if s.udp, err = net.ListenPacket("udp4", address); err != nil {
		s.scripts.Close()
		if isAddressInUse(err) {
			return complaint("Host address is already in use.")
		}
		return complaint("Binding IPv4 socket failed: %s", err)
	}
	s.out.engine("Hosting game at IP ADDR:({%s})", address)
	s.change("InGame", s.world.Tick)
	s.out.info("UDPSocket.cpp:50", "Opening socket for broadcast")
	return nil
}

// load reads the save and starts its scripts.
func (s *server) load() error {
	var err error
	if s.content, err = readMapFile(s.file, s.out); err != nil {
		return err
	}
	if control, ok := s.content.Files["control.lua"]; ok {
		s.out.engine("Checksum for script __level__/control.lua: %d", crc32.ChecksumIEEE(control))
	}
	if s.peer, err = s.loadPeer(s.content, s); err != nil {
		return err
	}
	if !sameMods(s.content.Header.Mods, s.mods) {
		if err := s.scripts.ConfigurationChanged(modVersions(s.content.Header.Mods)); err != nil {
			s.scripts.Close()
			return err
		}
	}
	s.content.World, s.content.Storage = nil, nil // both live on in world and script
	return nil
}

// loadPeer makes a running copy of a map that was read.
func (s *server) loadPeer(content *mapFile, host api.Host) (peer, error) {
	p := peer{outside: host}
	catalog, err := s.catalog()
	if err != nil {
		return p, err
	}
	if p.world, err = world.Load(content.World, catalog); err != nil {
		return p, err
	}
	if p.scripts, err = s.newScripts(p, content); err != nil {
		return p, err
	}
	if err := p.scripts.Load(content.Storage, modVersions(content.Header.Mods)); err != nil {
		p.scripts.Close()
		return p, err
	}
	return p, nil
}

func (s *server) newScripts(p peer, content *mapFile) (*api.Game, error) {
	return api.New(api.Params{
		World: p.world, Host: p.outside, Mods: apiMods(s.mods), Version: gameVersion,
		Files: func(name string) ([]byte, bool) { return s.findScript(content, name) },
	})
}

// findScript finds a script by its full name: __level__ is the save, other mods are in the data folder.
func (s *server) findScript(content *mapFile, name string) ([]byte, bool) {
	mod, path, ok := strings.Cut(strings.TrimPrefix(name, "__"), "__/")
	if !ok {
		return nil, false
	}
	if mod == "level" {
		return content.scriptFile(path)
	}
	data, err := os.OpenRoot(s.paths.read)
	if err != nil {
		return nil, false
	}
	defer data.Close()
	text, err := data.ReadFile(filepath.Join(mod, filepath.FromSlash(path)))
	return text, err == nil
}

// change writes the line of a change of state.
func (s *server) change(state string, tick uint64) {
	s.out.info("ServerMultiplayerManager.cpp:808", "updateTick(%d) changing state from(%s) to(%s)", tick, s.state, state)
	s.state = state
}

// hostingFailed writes the end of a start that failed.
func (s *server) hostingFailed(err error) error {
	text := err.Error()
	var handler *api.HandlerError
	if errors.As(err, &handler) {
		text = `"` + scriptError(err) + `"`
	}
	s.out.failure("ServerMultiplayerManager.cpp:91", "MultiplayerManager failed: %s", text)
	s.change("InitializationFailed", noTick)
	s.out.info("CommandLineMultiplayer.cpp:209", "Exit point.")
	s.out.info("ServerMultiplayerManager.cpp:119", "Disconnecting multiplayer connection.")
	s.change("DisconnectingScheduled", noTick)
	s.out.info("ServerMultiplayerManager.cpp:146", "Quitting multiplayer connection.")
	s.change("Closed", noTick)
	return errReported
}

func isAddressInUse(err error) bool {
	text := err.Error()
	return strings.Contains(text, "address already in use") || strings.Contains(text, "Only one usage of each socket address")
}
