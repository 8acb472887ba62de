package controller

import (
	"context"

	"mainbus/controller/api"
)

var errNoMods = api.Errorf(api.Unavailable, "", "mods are not kept yet")

func (s *service) Mods(context.Context, api.Caller, api.ListMods) (api.ModList, error) {
	return api.ModList{}, errNoMods
}

func (s *service) SearchPortal(context.Context, api.Caller, api.SearchPortal) (api.PortalPage, error) {
	return api.PortalPage{}, errNoMods
}

func (s *service) ModDetails(context.Context, api.Caller, api.AskMod) (api.ModDetails, error) {
	return api.ModDetails{}, errNoMods
}

func (s *service) PlanUpload(context.Context, api.Caller, api.UploadMods) ([]api.UploadStep, error) {
	return nil, errNoMods
}

func (s *service) UploadMods(context.Context, api.Caller, api.UploadMods) (api.Task, error) {
	return api.Task{}, errNoMods
}

func (s *service) DownloadMods(context.Context, api.Caller, api.DownloadMods) (api.Task, error) {
	return api.Task{}, errNoMods
}

func (s *service) DeleteMod(context.Context, api.Caller, api.ModRef) (api.StoredMod, error) {
	return api.StoredMod{}, errNoMods
}

func (s *service) RestoreMod(context.Context, api.Caller, api.ModRef) (api.StoredMod, error) {
	return api.StoredMod{}, errNoMods
}

func (s *service) PortalAccount(context.Context, api.Caller) (api.PortalAccount, error) {
	return api.PortalAccount{}, errNoMods
}

func (s *service) SetPortalAccount(context.Context, api.Caller, api.SetPortalAccount) (api.PortalAccount, error) {
	return api.PortalAccount{}, errNoMods
}

func (s *service) ForgetPortalAccount(context.Context, api.Caller) (api.PortalAccount, error) {
	return api.PortalAccount{}, errNoMods
}
