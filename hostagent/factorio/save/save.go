// Package save reads, checks and rewrites the game's save zips.
package save

import (
	"errors"
	"io"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/scriptdat"
)

// Mod is a mod that the save was last played with.
type Mod struct {
	Name    string
	Version factorio.Version
	CRC     uint32
}

// Header is the beginning of level.dat.
type Header struct {
	Version                            factorio.Version
	Campaign, Level, BaseMod           string
	Difficulty                         uint8
	Finished, PlayerWon                bool
	NextLevel                          string
	CanContinue, FinishedButContinuing bool
	SavingReplay, NonAdminDebug        bool
	LoadedFrom                         factorio.Version
	Build                              uint32
	AllowedCommands                    uint8
	Mods                               []Mod
	StartupSettings                    bool
}

func ReadHeader(r io.Reader) (Header, error) { return Header{}, errors.ErrUnsupported }

func (h Header) Append(b []byte) []byte { return b }

type Archive struct{}

func Open(path string) (*Archive, error)                   { return nil, errors.ErrUnsupported }
func (a *Archive) Close() error                            { return nil }
func (a *Archive) Root() string                            { return "" }
func (a *Archive) Names() []string                         { return nil }
func (a *Archive) Open(name string) (io.ReadCloser, error) { return nil, errors.ErrUnsupported }
func (a *Archive) Header() (Header, error)                 { return Header{}, errors.ErrUnsupported }
func (a *Archive) Level() (io.ReadCloser, error)           { return nil, errors.ErrUnsupported }
func (a *Archive) Subtree(key string) (scriptdat.Value, bool, error) {
	return nil, false, errors.ErrUnsupported
}

func Verify(path string) error { return errors.ErrUnsupported }

type Writer struct{}

func Create(path, root string) (*Writer, error)        { return nil, errors.ErrUnsupported }
func (w *Writer) File(name string, data []byte) error  { return errors.ErrUnsupported }
func (w *Writer) Level(h Header, rest io.Reader) error { return errors.ErrUnsupported }
func (w *Writer) Script(f scriptdat.File) error        { return errors.ErrUnsupported }
func (w *Writer) Close() error                         { return errors.ErrUnsupported }

func Rewrite(src, dst string, set map[string][]byte) error { return errors.ErrUnsupported }
