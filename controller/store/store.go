// Package store keeps the controller's state on disk: what hosts and instances there are, who did what, and the books
// of the ledger. What a call has returned without an error survives a crash of the program and of the machine.
//
// An open SQLite owns one goroutine, the writer, through which every change goes; Close waits for it.
package store

import (
	"context"
	"errors"
	"time"

	"mainbus/controller/ledger"
)

var (
	// ErrExists says that a name or id is taken.
	ErrExists = errors.New("exists already")
	// ErrNotFound says that there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrClosed says that the store has been closed.
	ErrClosed = errors.New("the store is closed")
	// ErrWrite says that nothing of the call was stored: the disk is full, gone or locked.
	ErrWrite = errors.New("the database could not be written")
	// ErrNewer says that a newer program has written the database.
	ErrNewer = errors.New("the database was written by a newer version of this program")
)

// Store is what a controller needs of its storage. It is safe for concurrent use. Writes are not undone when their
// context ends; only the wait for them is.
type Store interface {
	Lists
	Packs
	Mods
	Roles

	// Ledger is the ledger's id, made with the storage.
	Ledger() string
	// Incarnation grows with each opening, and whenever the books had to be read again after a failed write.
	Incarnation() int64
	// Apply books one message and returns the replies to its sender after they are stored. Those that
	// are for a slot go to whoever was named when the store was opened, in the order in which they were stored.
	Apply(ctx context.Context, m ledger.Message) ([]ledger.Reply, error)
	// Verify looks whether the books add up, in the ledger and in the tables; of what does not, nothing is granted until
	// it does. It is done at each opening too; Checked returns what came of it last.
	Verify(ctx context.Context) (Check, error)
	Checked() Check
	Bus(ctx context.Context) ([]BusItem, error)
	// Accounts are those of one item, or of all.
	Accounts(ctx context.Context, item *ledger.Item) ([]Account, error)
	// Postings are the ledger's history, the newest first. It is written every few seconds.
	Postings(ctx context.Context, f PostingFilter) ([]Posting, error)
	// Worlds are those that the ledger knows, Policy is how it divides, and Notices what was seen of slots and not booked
	// since the controller's start.
	Worlds(ctx context.Context) ([]World, error)
	Policy(ctx context.Context) (ledger.Policy, error)
	Notices(ctx context.Context) ([]ledger.Notice, error)
	AddRun(ctx context.Context, r Run) error
	// PlayerVersions returns what a player had whenever he left a world, newest first and at most ten.
	PlayerVersions(ctx context.Context, name string) ([]PlayerVersion, error)

	Hosts(ctx context.Context) ([]Host, error)
	// PutHost writes a host. One that was forgotten comes back if it was paired after that.
	PutHost(ctx context.Context, h Host) error
	SetStartsAtOnce(ctx context.Context, host string, n uint32) error // a PutHost leaves it as it is
	SetPlayerAddress(ctx context.Context, host, address string) error // likewise
	// ForgetHost hides a host from Hosts, and revokes the invitations that it has used; its instances stay. ErrNotFound: there is none to forget.
	ForgetHost(ctx context.Context, id string, at time.Time) error

	// Invitations are the join codes that were given out, the newest first.
	Invitations(ctx context.Context) ([]Invitation, error)
	AddInvitation(ctx context.Context, i Invitation) error
	RevokeInvitation(ctx context.Context, id string) error
	// UseInvitation takes an invitation out of use and writes the host that has joined by it, both or neither. The same host
	// may use it again, since it may not have heard that it did. ErrNotFound: it was used, revoked, or has expired.
	UseInvitation(ctx context.Context, id string, h Host) error

	Instances(ctx context.Context) ([]Instance, error)
	AddInstance(ctx context.Context, i Instance) error             // ErrExists: the name is taken
	SetRunning(ctx context.Context, id string, running bool) error // counts Asked too
	SetSupervision(ctx context.Context, id, supervision string) error
	SetVersion(ctx context.Context, id, version string, download bool) error
	SetModPolicy(ctx context.Context, id string, p ModPolicy) error

	// MoveInstance says that an instance belongs on another host than it did; its folder at the old one becomes a leftover, one at the
	// new one is none any more. DeleteInstance leaves one too. ErrNotFound: it is not there, or not on that host.
	MoveInstance(ctx context.Context, id, from, to string) error
	DeleteInstance(ctx context.Context, id string) error
	RenameInstance(ctx context.Context, id, name string) error // ErrExists: the name is taken
	CountAsked(ctx context.Context, id string) error           // what is wanted is the same, but wanted anew
	Leftovers(ctx context.Context) ([]Leftover, error)
	RemoveLeftover(ctx context.Context, l Leftover) error

	Setting(ctx context.Context, key string) (string, error) // empty if never set
	SetSetting(ctx context.Context, key, value string) error

	Audit(ctx context.Context, limit int) ([]AuditEntry, error) // newest first
	AddAudit(ctx context.Context, e AuditEntry) error

	Users

	// Backup copies everything to a new file in the folder of backups.
	Backup(ctx context.Context, why Reason) (Backup, error)

	// CommitTimes tells how long the last transactions took.
	CommitTimes() (p50, p99 time.Duration)
	Close() error
}

// BusItem is one item's place in the cluster: Level is on the bus; the others are sums over all worlds.
type BusItem struct {
	ledger.Item
	Level, Sent, Received, Granted, Owed, Held int64
}

// World is a world of the ledger.
type World struct {
	ledger.WorldRow
	CreatedAt time.Time
}

// PlayerVersion is what a player had when he left World.
type PlayerVersion struct {
	At    time.Time
	World ledger.World
	Token ledger.Token
	ledger.Inventory
}

// Host is a paired host.
type Host struct {
	ID           string // hash of its key, text form
	Name         string
	Addresses    []string // address:port, the best first
	DiscoveredBy string
	Version      string
	GameVersion  string
	OS           string
	PairedAt     time.Time
	LastSeen     time.Time
	StartsAtOnce uint32 // 0: the agent's choice
	// PlayerAddress is where players reach its games, without a port; empty: where the controller reaches it.
	PlayerAddress string
}

// Instance is a game server that should be on a host.
type Instance struct {
	ID        string
	Name      string
	Host      string // Host.ID
	Running   bool   // desired
	Seed      uint32 // of a new map; 0: the game's choice
	CreatedAt time.Time

	Asked       uint64 // starts and stops that somebody asked for
	Supervision string // JSON; empty: as it is made
	Version     string // of the game: stable, experimental, 2.0, 2.0.77; empty: any
	Download    bool   // a version that is not on the host may be downloaded
	Pack        string // Pack.ID; empty: the mods that lie in its folder are left as they are
	ModPolicy   ModPolicy
}

// ModPolicy says how the mods of a pack get into an instance's folder.
type ModPolicy struct {
	OrFormer    bool // a start for which files are missing goes on with the set that is there
	KeepUnknown bool // mods that are not of the pack stay in the folder
}

// AuditEntry says who did what.
type AuditEntry struct {
	At     time.Time
	Who    string
	From   string
	What   string
	Target string
	Result string
}
