package game

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"mainbus/cmd/mainbus-sim/internal/api"
	"mainbus/cmd/mainbus-sim/internal/life"
	"mainbus/cmd/mainbus-sim/internal/remote"
	"mainbus/cmd/mainbus-sim/internal/world"
)

// noTick is the tick in log lines before a map is loaded.
const noTick = ^uint64(0)

// start is what is hosted: a save, or a new map of a scenario.
type start struct{ file, scenario string }

// serve hosts a map until it is told to stop. Its errors are reported.
func (g *run) serve(what start) error {
	s := &server{
		run: g, file: what.file, state: "Ready", arrivals: make(chan *request, maxArrivals), commands: consoleCommands(),
		visits: visits{peers: map[string]int{}},
	}
	signals := s.watchSignals() // one that comes while the map is loaded is heard afterwards
	g.out.Info("ServerSynchronizer.cpp:22", "nextHeartbeatSequenceNumber(0) initialized Synchronizer nextTickClosureTick(0).")
	var err error
	if s.settings, err = readSettings(g.opts.Value("server-settings"), g.paths.write); err != nil {
		return err
	}
	if s.settings.Public && !s.settings.RequireUserVerification {
		g.out.Failure("Main.cpp:839", "require_user_verification must be enabled for public games.")
		return errReported
	}
	if err := g.ensureServerID(); err != nil {
		return err
	}
	s.change("PreparedToHostGame", noTick)
	s.change("CreatingGame", noTick)
	if err := s.open(what); err != nil {
		return s.hostingFailed(err, false)
	}
	defer s.scripts.Close()
	if err := s.host(); err != nil {
		return s.hostingFailed(err, true)
	}
	if err := s.openRCON(); err != nil {
		return s.rconFailed(err)
	}
	lengths := s.settings
	g.out.Info("CommandLineMultiplayer.cpp:292", "Maximum segment size = %d; minimum segment size = %d; maximum-segment-size peer count = %d; minimum-segment-size peer count = %d",
		lengths.MaxSegment, lengths.MinSegment, lengths.MaxSegmentPeers, lengths.MinSegmentPeers)
	return s.loop(signals)
}

// ensureServerID makes the file of the server's id, if there is none.
func (g *run) ensureServerID() error {
	file := g.opts.Value("server-id")
	if file == "" {
		file = filepath.Join(g.paths.write, "server-id.json")
	}
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	var id struct {
		ID     string `json:"id"`
		Secret string `json:"secret"`
	}
	for _, to := range []*string{&id.ID, &id.Secret} {
		var key [32]byte
		_, _ = rand.Read(key[:]) // never fails
		*to = base64.StdEncoding.EncodeToString(key[:])
	}
	data, err := json.MarshalIndent(id, "", "  ")
	if err == nil {
		err = os.WriteFile(file, data, 0o600)
	}
	if err != nil {
		return fmt.Errorf("make server id: %w", err)
	}
	return nil
}

// open makes the map run.
func (s *server) open(what start) error {
	var err error
	if what.file != "" {
		err = s.load()
	} else {
		err = s.begin(what.scenario)
	}
	if err != nil {
		return err
	}
	if err = s.readLists(); err == nil && s.knobs.RefuseStart != "" {
		err = complaint("%s", s.knobs.RefuseStart)
	}
	if err != nil {
		s.scripts.Close()
		return err
	}
	s.content.Level.World, s.content.Storage = nil, nil // both live on in world and scripts
	s.world.Listen(s.hear)
	return nil
}

// host opens the game socket.
func (s *server) host() error {
	address, err := s.bindAddress()
	if err != nil {
		return err
	}
	s.out.Info("UDPSocket.cpp:38", "Opening socket at (IP ADDR:({%s}))", address)
	if s.udp, err = net.ListenPacket("udp4", address); err != nil {
		s.out.Info("UDPSocket.cpp:238", "Closing socket")
		s.out.Info("UDPSocket.cpp:268", "Socket closed")
		if isAddressInUse(err) {
			return complaint("Host address is already in use.")
		}
		return complaint("Binding IPv4 socket failed: %s", reason(err))
	}
	s.out.Engine("Hosting game at IP ADDR:({%s})", address)
	if s.settings.Public {
		s.publish()
	}
	s.change("InGame", s.world.Tick)
	s.out.Info("UDPSocket.cpp:50", "Opening socket for broadcast")
	return nil
}

// publish tells what a public server tells of factorio.com, which is not asked here. Without a token the list of games
// is closed to it, which is no reason to stop.
func (s *server) publish() {
	s.out.Info("HttpSharedState.cpp:57", "Downloading https://auth.factorio.com/generate-server-padlock-2?api_version=6")
	s.out.Info("AuthServerConnector.cpp:112", "Obtained serverPadlock for serverHash (%032x) from the auth server.", s.world.Seed)
	s.out.Info("ServerRouter.cpp:596", "Asking pingpong servers (pingpong1.factorio.com:34197, pingpong2.factorio.com:34197) for own address")
	s.out.Info("ServerRouter.cpp:491", "Own address is IP ADDR:({203.0.113.7:%d})", s.udp.LocalAddr().(*net.UDPAddr).Port)
	if s.settings.Token == "" {
		s.out.Failure("ServerMultiplayerManager.cpp:633", "Matching server connection failed: Error when creating server game: Missing token.")
		return
	}
	s.out.Info("MatchingServer.cpp:86", "Matching server game `%d` has been created.", 1+s.world.Seed%1e7)
}

// bindAddress is the UDP address to host at.
func (s *server) bindAddress() (string, error) {
	fallback := uint64(34197)
	if n, err := strconv.ParseUint(s.paths.port, 10, 16); err == nil {
		fallback = n
	}
	port, err := s.opts.Number("port", fallback, 65535)
	if err != nil {
		return "", err
	}
	host := "0.0.0.0"
	if bind := s.opts.Value("bind"); bind != "" {
		host = bind
		if h, p, err := net.SplitHostPort(bind); err == nil {
			host = h
			if port, err = strconv.ParseUint(p, 10, 16); err != nil {
				return "", fmt.Errorf("port of --bind %s: %w", bind, err)
			}
		}
	}
	return net.JoinHostPort(host, strconv.FormatUint(port, 10)), nil
}

// openRCON starts listening, if the command line asks for it.
func (s *server) openRCON() error {
	password := s.opts.Value("rcon-password")
	port, err := s.opts.Number("rcon-port", 0, 65535)
	if err != nil {
		return err
	}
	address := s.opts.Value("rcon-bind")
	if address == "" && port > 0 {
		address = fmt.Sprintf("0.0.0.0:%d", port)
	}
	if address == "" || password == "" {
		return nil
	}
	listener, err := net.Listen("tcp4", address)
	if err != nil {
		if isAddressInUse(err) {
			return complaint("Can't bind socket: Address already in use")
		}
		return complaint("Can't bind socket: %s", reason(err))
	}
	s.rcon = remote.Serve(remote.Config{
		Listener: listener, Password: password, Submit: s.submit, Info: s.out.Info, Failure: s.out.Failure,
	})
	s.rcon.Disturb(s.knobs.RCON)
	s.out.Info("RemoteCommandProcessor.cpp:126", "Starting RCON interface at IP ADDR:({%s})", listener.Addr())
	return nil
}

// load reads the save and starts its scripts.
func (s *server) load() error {
	var err error
	if s.content, err = readMapFile(s.file, s.out); err != nil {
		return err
	}
	if err := s.unpackScripts(); err != nil {
		return err
	}
	if s.life, err = life.Load(s.content.Level.Life); err != nil {
		return err
	}
	for _, m := range s.told.Mods {
		if control, ok := m.Script("control.lua"); ok {
			s.out.Engine("Checksum for script __%s__/control.lua: %d", m.Info.Name, crc32.ChecksumIEEE(control))
		}
	}
	if control, ok := s.content.Files["control.lua"]; ok {
		s.out.Engine("Checksum for script __level__/control.lua: %d", crc32.ChecksumIEEE(control))
	}
	m, err := s.findMigrations(s.content.Level)
	if err != nil {
		return err
	}
	if s.peer, err = s.loadPeer(s.content, m.renames, s); err != nil {
		return err
	}
	if err := s.changeConfiguration(m); err != nil {
		s.scripts.Close()
		return err
	}
	return nil
}

// unpackScripts puts the scripts of the save where the game has them while it runs.
func (s *server) unpackScripts() error {
	dir := filepath.Join(s.paths.write, "temp", "currently-playing")
	err := os.RemoveAll(dir)
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return complaint(`"filesystem error: create_directories "%s" failed: %s [%s]"`, dir, reason(err), dir)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("unpack scripts: %w", err)
	}
	defer root.Close()
	for _, name := range s.content.Names {
		if !strings.HasSuffix(name, ".lua") {
			continue
		}
		if err := root.MkdirAll(filepath.Dir(filepath.FromSlash(name)), 0o755); err != nil {
			return fmt.Errorf("unpack %s: %w", name, err)
		}
		if err := root.WriteFile(filepath.FromSlash(name), s.content.Files[name], 0o644); err != nil {
			return fmt.Errorf("unpack %s: %w", name, err)
		}
	}
	return nil
}

// loadPeer makes a running copy of a map that was read, with the names that prototypes have since.
func (s *server) loadPeer(content *mapFile, renames world.Renames, host api.Host) (peer, error) {
	p := peer{outside: host}
	catalog, err := s.catalog()
	if err != nil {
		return p, err
	}
	if p.world, err = world.Load(content.Level.World, catalog, renames); err != nil {
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
		World: p.world, Host: p.outside, Mods: s.told.API(), Version: gameVersion,
		Settings: s.told.Settings.API(), Flags: s.flags(), Scenario: content.Header.Level, ScenarioMod: content.Header.BaseMod,
		Files: func(name string) ([]byte, bool) { return s.findScript(content, name) },
	})
}

// findScript finds a script by its full name: __level__ is the save.
func (s *server) findScript(content *mapFile, name string) ([]byte, bool) {
	mod, path, ok := strings.Cut(strings.TrimPrefix(name, "__"), "__/")
	if !ok {
		return nil, false
	}
	if mod == "level" {
		return content.scriptFile(path)
	}
	return s.told.Script(name)
}

// change writes the line of a change of state.
func (s *server) change(state string, tick uint64) {
	s.out.Info("ServerMultiplayerManager.cpp:808", "updateTick(%d) changing state from(%s) to(%s)", tick, s.state, state)
	s.state = state
}

// hostingFailed writes the end of a start that failed; loaded says whether that was after the map was loaded.
func (s *server) hostingFailed(err error, loaded bool) error {
	text, tick := err.Error(), noTick
	var handler *api.HandlerError
	if errors.As(err, &handler) {
		text = `"` + scriptError(err) + `"`
	}
	if loaded {
		tick = s.world.Tick
	}
	s.out.Failure("ServerMultiplayerManager.cpp:91", "MultiplayerManager failed: %s", text)
	s.change("InitializationFailed", tick)
	s.out.Info("CommandLineMultiplayer.cpp:209", "Exit point.")
	if loaded {
		s.out.Info("GlobalContext.cpp:765", "Deleting active scenario.")
		s.out.Info("ServerMultiplayerManager.cpp:119", "Disconnecting multiplayer connection.")
		s.change("DisconnectingScheduled", noTick)
	}
	s.out.Info("ServerMultiplayerManager.cpp:146", "Quitting multiplayer connection.")
	s.change("Closed", noTick)
	s.out.Info("ServerMultiplayerManager.cpp:166", "Deleting active scenario (global = true).")
	s.out.Info("UDPSocket.cpp:238", "Closing socket")
	return errReported
}

// rconFailed writes the end of a start that failed although the game was hosted.
func (s *server) rconFailed(err error) error {
	s.out.Failure("CommandLineMultiplayer.cpp:355", "Hosting multiplayer game failed: %s", err)
	s.out.Info("GlobalContext.cpp:769", "Deleting active scenario.")
	s.disconnectAll()
	s.closeSockets()
	return errReported
}

func isAddressInUse(err error) bool {
	text := err.Error()
	return strings.Contains(text, "address already in use") || strings.Contains(text, "Only one usage of each socket address")
}
