package hostagent

import (
	"context"

	"mainbus/transport/link"
	"mainbus/transport/wire"
)

func (a *Agent) readSettings(_ context.Context, _ *link.Conn, r *wire.SettingsAsk) (*wire.Settings, error) {
	i, err := a.find(r.GetInstance())
	if err != nil {
		return nil, err
	}
	s, err := i.Settings(a.fleet.names()[r.GetInstance()])
	return s, moveRefusal(err)
}

func (a *Agent) changeSettings(ctx context.Context, _ *link.Conn, r *wire.SettingsChange) (*wire.Settings, error) {
	i, err := a.find(r.GetInstance())
	if err != nil {
		return nil, err
	}
	s, err := i.ChangeSettings(ctx, a.fleet.names()[r.GetInstance()], r)
	return s, moveRefusal(err)
}
