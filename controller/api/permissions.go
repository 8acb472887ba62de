package api

import (
	"cmp"
	"slices"
)

// allows says what each permission allows.
var allows = []struct {
	permission Permission
	allows     string
}{
	{Everything, "everything, also what later versions bring"},
	{ClusterRead, "see hosts, instances, what they measure, copies of the game, tasks and the bus"},
	{HostPair, "let hosts into the cluster, forget them, and make join codes"},
	{HostConfigure, "change what a host does, and the copies of the game on it"},
	{InstanceCreate, "create, adopt, move and delete instances"},
	{InstanceControl, "start, stop and kill games"},
	{InstanceConfigure, "rename instances, and change their server settings, their version of the game and how they are kept running"},
	{ConsoleRead, "read consoles, which show chat and addresses of players"},
	{ConsoleSend, "type on consoles, which is all that the game lets an admin do"},
	{BusManage, "change how goods are divided, forgive debts, accept books, and answer what the ledger asks"},
	{AuditRead, "see who did what"},
	{BackupRead, "see the backups of the controller"},
	{BackupMake, "make a backup of the controller"},
	{SaveRead, "see saves"},
	{SaveManage, "make, rename, copy, move and delete saves, and cancel tasks"},
	{UserRead, "see users, their roles and when they played"},
	{UserManage, "change users, their notes and the lists of the game, and import them"},
	{UserModerate, "kick, ban, mute and promote players, send them messages, and send them to another server"},
	{RoleManage, "change roles and who has them, and the keys of users, as far as one has the permissions oneself"},
	{ModRead, "see mods and packs"},
	{ModManage, "add mods to the store, download and delete them"},
	{PackManage, "change packs, and which one an instance uses"},
}

// AllPermissions are all that there are, in the order in which people want to see them.
func AllPermissions() []PermissionInfo {
	var list []PermissionInfo
	for _, p := range allows {
		list = append(list, PermissionInfo{Permission: p.permission, Allows: p.allows, Limitable: limitable(p.permission)})
	}
	return list
}

// Known tells whether there is such a permission.
func (p Permission) Known() bool {
	for _, known := range allows {
		if p == known.permission {
			return true
		}
	}
	return false
}

// limitable tells whether a permission for some hosts or instances lets any call through.
func limitable(p Permission) bool {
	return slices.ContainsFunc(Methods(), func(m MethodInfo) bool { return (m.Permission == p || p == Everything) && (m.About || m.Part) })
}

// MethodInfo says what a call needs.
type MethodInfo struct {
	Name       string
	Permission Permission // empty: none
	Changes    bool
	About      bool // the permission may be limited to the hosts and instances that the request names
	Part       bool // callers with a limited permission get a part of the answer
}

// Methods are all calls, by name.
func Methods() []MethodInfo {
	var list []MethodInfo
	for name, m := range methods {
		_, about := m.call.request().(scoped)
		list = append(list, MethodInfo{name, m.need, m.changes, about, m.trim != nil})
	}
	slices.SortFunc(list, func(a, b MethodInfo) int { return cmp.Compare(a.Name, b.Name) })
	return list
}
