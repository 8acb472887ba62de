// Package api is the one way to the cluster for people and programs: the window, the command line and remote callers use
// the same interface. Every call says who calls; whether they may is decided here and nowhere else.
//
// A Service is implemented by the controller, by Guard around it, and by Client, which reaches one over a connection that Serve
// answers.
package api

// Service is everything that can be asked of a cluster. Errors are *Error where they are meant for people.
type Service interface {
	Cluster
	Hosts
	Instances
	Places
	Settings
	Adopting
	Supervising
	Saves
	Tasks
	Bus
	Figures
	Installations
	Lists
	Packs
	InstalledMods
	Mods
	Names
	PackPlans
	Roles
	Keys
	Users
}

// A Caller is who makes a call. Only what receives a call from outside makes one up: Serve by where the connection comes
// from, the window's program for its own user.
type Caller struct {
	Kind CallerKind `json:"kind"`
	Name string     `json:"name"`          // for the audit: user name, key
	From string     `json:"from"`          // for the audit: "local", an address
	Key  string     `json:"key,omitempty"` // of a KeyHolder: its id
}

// CallerKind says how a caller has shown who they are. The zero value has not.
type CallerKind string

// Owner is the user who runs the controller, on the same machine.
const Owner CallerKind = "owner"

// KeyHolder is a program elsewhere that has proved the key of a user.
const KeyHolder CallerKind = "key"
