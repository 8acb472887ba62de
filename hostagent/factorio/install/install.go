// Package install knows a Factorio installation on disk.
package install

import (
	"context"
	"errors"

	"mainbus/hostagent/factorio"
)

type Installation struct{}

func Open(dir string) (*Installation, error) { return nil, errors.ErrUnsupported }
func (i *Installation) Dir() string          { return "" }
func (i *Installation) Binary() string       { return "" }
func (i *Installation) Data() string         { return "" }
func (i *Installation) Version(ctx context.Context) (factorio.Version, error) {
	return factorio.Version{}, errors.ErrUnsupported
}
