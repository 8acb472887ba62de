package controller

import (
	"context"
	"encoding/json"

	"mainbus/controller/api"
	"mainbus/transport/wire"
)

const maxProblems = 100

func (s *service) ServerSettings(ctx context.Context, _ api.Caller, r api.InstanceRef) (api.ServerSettings, error) {
	return s.settings(ctx, r.Instance, func(id string) (wire.Method, message) {
		return wire.Method_METHOD_SETTINGS_READ, &wire.SettingsAsk{Instance: id}
	})
}

func (s *service) ChangeSettings(ctx context.Context, _ api.Caller, r api.ChangeSettings) (api.ServerSettings, error) {
	return s.settings(ctx, r.Instance, func(id string) (wire.Method, message) {
		return wire.Method_METHOD_SETTINGS_CHANGE, &wire.SettingsChange{Instance: id, Key: r.Key, Value: r.Value, File: []byte(r.File)}
	})
}

func (s *service) settings(ctx context.Context, instance string, ask func(id string) (wire.Method, message)) (api.ServerSettings, error) {
	row, err := s.instance(ctx, instance)
	if err != nil {
		return api.ServerSettings{}, err
	}
	method, request := ask(row.ID)
	var got wire.Settings
	if err := s.call(ctx, s.hostOf(row), method, request, &got); err != nil {
		return api.ServerSettings{}, err
	}
	if !json.Valid(got.GetShown()) {
		return api.ServerSettings{}, api.Errorf(api.Internal, "", "the host's answer can't be read")
	}
	view := api.ServerSettings{Settings: got.GetShown(), Problems: []string{}}
	for _, p := range got.GetProblems()[:min(len(got.GetProblems()), maxProblems)] {
		view.Problems = append(view.Problems, shown(p, 500))
	}
	return view, nil
}
