package controller

import (
	"context"

	"mainbus/controller/api"
)

var errNoPacks = api.Errorf(api.Unavailable, "", "packs are not kept yet")

func (s *service) Packs(context.Context, api.Caller) ([]api.PackRow, error) { return nil, errNoPacks }
func (s *service) Pack(context.Context, api.Caller, api.PackRef) (api.Pack, error) {
	return api.Pack{}, errNoPacks
}
func (s *service) CreatePack(context.Context, api.Caller, api.CreatePack) (api.Pack, error) {
	return api.Pack{}, errNoPacks
}
func (s *service) EditPack(context.Context, api.Caller, api.EditPack) (api.Pack, error) {
	return api.Pack{}, errNoPacks
}
func (s *service) DeletePack(context.Context, api.Caller, api.PackRef) (api.PackRow, error) {
	return api.PackRow{}, errNoPacks
}
func (s *service) UndoPack(context.Context, api.Caller, api.UndoPack) (api.Pack, error) {
	return api.Pack{}, errNoPacks
}
func (s *service) LookAtPack(context.Context, api.Caller, api.ImportPack) (api.PackDraft, error) {
	return api.PackDraft{}, errNoPacks
}
func (s *service) ImportPack(context.Context, api.Caller, api.ImportPack) (api.PackDraft, error) {
	return api.PackDraft{}, errNoPacks
}
func (s *service) ExportPack(context.Context, api.Caller, api.PackRef) (api.PackText, error) {
	return api.PackText{}, errNoPacks
}
func (s *service) PackSettings(context.Context, api.Caller, api.AskPackSettings) (api.PackSettings, error) {
	return api.PackSettings{}, errNoPacks
}
func (s *service) AssignPack(context.Context, api.Caller, api.AssignPack) (api.Instance, error) {
	return api.Instance{}, errNoPacks
}
func (s *service) PackForPlayers(context.Context, api.Caller, api.PackRef) (api.PackForPlayers, error) {
	return api.PackForPlayers{}, errNoPacks
}
func (s *service) HandOutPack(context.Context, api.Caller, api.HandOutPack) (api.Task, error) {
	return api.Task{}, errNoPacks
}
