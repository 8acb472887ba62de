package headless

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"mainbus/controller/api"
)

// mods is what a cluster in memory knows of mods and packs.
type mods struct {
	packs    []api.Pack
	settings api.PackSettings // of every pack
	plan     api.PackPlan     // of every change
	draft    api.PackDraft    // of every import
	stored   api.ModList
	portal   []api.PortalMod
	offline  string // why the portal could not be asked
	details  api.ModDetails
	upload   []api.UploadStep
	account  api.PortalAccount
	login    error // why an account is not taken
	searched []api.SearchPortal

	installed api.InstanceMods // of every instance
	compared  api.ModComparison
	assign    api.AssignPlan // of every instance
}

// SetPacks replaces the packs.
func (c *Cluster) SetPacks(packs ...api.Pack) { c.news(func() { c.mods.packs = packs }) }

// SetPackSettings replaces the form of the settings of all packs.
func (c *Cluster) SetPackSettings(s api.PackSettings) { c.change(func() { c.mods.settings = s }) }

// SetPlan replaces the plan of all changes of packs.
func (c *Cluster) SetPlan(p api.PackPlan) { c.change(func() { c.mods.plan = p }) }

// SetAssignPlan replaces what a pack changes for any instance.
func (c *Cluster) SetAssignPlan(p api.AssignPlan) { c.change(func() { c.mods.assign = p }) }

// SetDraft replaces what any import of a pack makes.
func (c *Cluster) SetDraft(d api.PackDraft) { c.change(func() { c.mods.draft = d }) }

// SetMods replaces the stored mods, those of the portal, and what is known of each of them.
func (c *Cluster) SetMods(stored api.ModList, portal []api.PortalMod, details api.ModDetails) {
	c.news(func() { c.mods.stored, c.mods.portal, c.mods.details = stored, portal, details })
}

// SetOffline says why the portal can't be asked.
func (c *Cluster) SetOffline(why string) { c.change(func() { c.mods.offline = why }) }

// SetUpload replaces what an upload would do.
func (c *Cluster) SetUpload(steps ...api.UploadStep) { c.change(func() { c.mods.upload = steps }) }

// SetAccount replaces the account for the portal, and why another is not taken.
func (c *Cluster) SetAccount(a api.PortalAccount, login error) {
	c.change(func() { c.mods.account, c.mods.login = a, login })
}

// Searched returns what the portal was searched for.
func (c *Cluster) Searched() []api.SearchPortal {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.mods.searched)
}

func (c *Cluster) noteJSON(call string, r any) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return c.note(call, string(text))
}

// Packs implements api.Service.
func (c *Cluster) Packs(context.Context, api.Caller) (rows []api.PackRow, _ error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.mods.packs {
		rows = append(rows, p.PackRow)
	}
	return rows, nil
}

// Pack implements api.Service.
func (c *Cluster) Pack(_ context.Context, _ api.Caller, r api.PackRef) (api.Pack, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.mods.packs {
		if p.ID == r.Pack {
			return p, nil
		}
	}
	return api.Pack{}, api.Errorf(api.NotFound, "", "there is no pack %q", r.Pack)
}

// after is a pack after a call that was to change it.
func (c *Cluster) after(ctx context.Context, pack string, err error) (api.Pack, error) {
	if err != nil {
		return api.Pack{}, err
	}
	return c.Pack(ctx, api.Caller{}, api.PackRef{Pack: pack})
}

// CreatePack implements api.Service. What is made has the id "new".
func (c *Cluster) CreatePack(_ context.Context, _ api.Caller, r api.CreatePack) (api.Pack, error) {
	err := c.note("CreatePack", r.Name, r.Game, r.Content, r.From)
	made := api.Pack{PackRow: api.PackRow{ID: "new", Name: r.Name, Game: r.Game, Content: r.Content, Revision: 1}}
	if err == nil {
		c.news(func() { c.mods.packs = append(c.mods.packs, made) })
	}
	return made, err
}

// EditPack implements api.Service.
func (c *Cluster) EditPack(ctx context.Context, _ api.Caller, r api.EditPack) (api.Pack, error) {
	return c.after(ctx, r.Pack, c.noteJSON("EditPack", r))
}

// DeletePack implements api.Service.
func (c *Cluster) DeletePack(_ context.Context, _ api.Caller, r api.PackRef) (api.PackRow, error) {
	return api.PackRow{}, c.note("DeletePack", r.Pack)
}

// UndoPack implements api.Service.
func (c *Cluster) UndoPack(ctx context.Context, _ api.Caller, r api.UndoPack) (api.Pack, error) {
	return c.after(ctx, r.Pack, c.noteJSON("UndoPack", r))
}

// LookAtPack implements api.Service.
func (c *Cluster) LookAtPack(_ context.Context, _ api.Caller, r api.ImportPack) (api.PackDraft, error) {
	err := c.noteJSON("LookAtPack", r)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mods.draft, err
}

// ImportPack implements api.Service.
func (c *Cluster) ImportPack(_ context.Context, _ api.Caller, r api.ImportPack) (api.PackDraft, error) {
	err := c.noteJSON("ImportPack", r)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mods.draft, err
}

// ExportPack implements api.Service.
func (c *Cluster) ExportPack(context.Context, api.Caller, api.PackRef) (api.PackText, error) {
	return api.PackText{Name: "Nauvis", Text: "eNpack"}, nil
}

// PackSettings implements api.Service.
func (c *Cluster) PackSettings(_ context.Context, _ api.Caller, r api.AskPackSettings) (api.PackSettings, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mods.settings, nil
}

// PlanAssign implements api.Service.
func (c *Cluster) PlanAssign(_ context.Context, _ api.Caller, r api.AssignPack) (api.AssignPlan, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mods.assign, nil
}

// AssignPack implements api.Service.
func (c *Cluster) AssignPack(_ context.Context, _ api.Caller, r api.AssignPack) (api.Instance, error) {
	if r.Hash != "" {
		return api.Instance{}, c.note("AssignPack", r.Instance, r.Pack, r.Hash)
	}
	return api.Instance{}, c.note("AssignPack", r.Instance, r.Pack)
}

// PackForPlayers implements api.Service.
func (c *Cluster) PackForPlayers(context.Context, api.Caller, api.PackRef) (api.PackForPlayers, error) {
	return api.PackForPlayers{Name: "Nauvis", WhoJoins: "Everybody who owns the game can join.", Text: "Connect to the server; the game offers to sync the mods.",
		Links: []api.ModLink{{Name: "better-belts", Version: "1.2.0", URL: "https://mods.factorio.com/mod/better-belts"}}, SizeBytes: 12 << 20}, nil
}

// PlanPack implements api.Service.
func (c *Cluster) PlanPack(_ context.Context, _ api.Caller, r api.PlanPack) (api.PackPlan, error) {
	err := c.noteJSON("PlanPack", r)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mods.plan, err
}

// ApplyPackPlan implements api.Service.
func (c *Cluster) ApplyPackPlan(_ context.Context, _ api.Caller, r api.ApplyPackPlan) (api.Task, error) {
	return c.begun(), c.noteJSON("ApplyPackPlan", r)
}

// Mods implements api.Service.
func (c *Cluster) Mods(_ context.Context, _ api.Caller, r api.ListMods) (api.ModList, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.mods.stored
	list.Mods = nil
	for _, m := range c.mods.stored.Mods {
		if (m.DeletedAt != nil) == r.Bin {
			list.Mods = append(list.Mods, m)
		}
	}
	return list, nil
}

// SearchPortal implements api.Service.
func (c *Cluster) SearchPortal(_ context.Context, _ api.Caller, r api.SearchPortal) (api.PortalPage, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mods.searched = append(c.mods.searched, r)
	page := api.PortalPage{Known: len(c.mods.portal), Categories: []string{"content", "overhaul"}, Problem: c.mods.offline}
	var found []api.PortalMod
	for _, m := range c.mods.portal {
		if strings.Contains(strings.ToLower(m.Name+m.Title), strings.ToLower(r.Text)) {
			found = append(found, m)
		}
	}
	page.Found = len(found)
	page.Mods = found[min(r.Offset, len(found)):min(r.Offset+r.Limit, len(found))]
	return page, nil
}

// ModDetails implements api.Service.
func (c *Cluster) ModDetails(_ context.Context, _ api.Caller, r api.AskMod) (api.ModDetails, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.mods.details
	d.Name = r.Name
	return d, nil
}

// PlanUpload implements api.Service.
func (c *Cluster) PlanUpload(context.Context, api.Caller, api.UploadMods) ([]api.UploadStep, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mods.upload, nil
}

// UploadMods implements api.Service.
func (c *Cluster) UploadMods(_ context.Context, _ api.Caller, r api.UploadMods) (api.Task, error) {
	return c.begun(), c.noteJSON("UploadMods", r)
}

// DownloadMods implements api.Service.
func (c *Cluster) DownloadMods(_ context.Context, _ api.Caller, r api.DownloadMods) (api.Task, error) {
	err := c.noteJSON("DownloadMods", r)
	c.mu.Lock()
	account := c.mods.account
	c.mu.Unlock()
	if err == nil && account.Username == "" {
		err = api.Errorf(api.LoginNeeded, "Log in with your account of factorio.com.", "The mod portal lets only owners of the game download.")
	}
	if err != nil {
		return api.Task{}, err
	}
	return c.begun(), nil
}

// DeleteMod implements api.Service.
func (c *Cluster) DeleteMod(_ context.Context, _ api.Caller, r api.ModRef) (api.StoredMod, error) {
	return api.StoredMod{}, c.note("DeleteMod", r.Name, r.Version)
}

// RestoreMod implements api.Service.
func (c *Cluster) RestoreMod(_ context.Context, _ api.Caller, r api.ModRef) (api.StoredMod, error) {
	return api.StoredMod{}, c.note("RestoreMod", r.Name, r.Version)
}

// PortalAccount implements api.Service.
func (c *Cluster) PortalAccount(context.Context, api.Caller) (api.PortalAccount, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mods.account, nil
}

// SetPortalAccount implements api.Service. A code that came by e-mail is taken.
func (c *Cluster) SetPortalAccount(_ context.Context, _ api.Caller, r api.SetPortalAccount) (api.PortalAccount, error) {
	err := c.note("SetPortalAccount", r.Username, r.Token, r.EmailCode)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil && r.EmailCode == "" {
		err = c.mods.login
	}
	if err == nil {
		c.mods.account = api.PortalAccount{Username: r.Username, Place: api.TokenInKeyring}
	}
	return c.mods.account, err
}

// ForgetPortalAccount implements api.Service.
func (c *Cluster) ForgetPortalAccount(context.Context, api.Caller) (api.PortalAccount, error) {
	c.change(func() { c.mods.account = api.PortalAccount{} })
	return api.PortalAccount{}, c.note("ForgetPortalAccount")
}
