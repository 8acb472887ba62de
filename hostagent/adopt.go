package hostagent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"mainbus/hostagent/adopt"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const maxFolderName = 4096 // bytes of a path

// adoptHandlers are what the controller may ask for of folders of servers that somebody else has set up. What this program may not read it
// does not see, and a folder without a server in it is refused without a word of what else is there.
func (a *Agent) adoptHandlers() map[wire.Method]link.Handler {
	return map[wire.Method]link.Handler{
		wire.Method_METHOD_FOLDER_LOOK: a.owned(link.Unary(a.lookAtFolder)),
		wire.Method_METHOD_FOLDER_TAKE: a.owned(a.takeFolder),
	}
}

func (a *Agent) lookAtFolder(_ context.Context, _ *link.Conn, r *wire.FolderAsk) (*wire.FolderFound, error) {
	if len(r.GetDir()) > maxFolderName {
		return nil, link.Errorf(wire.Code_CODE_INVALID, "the name of the folder is too long")
	}
	found, err := adopt.Look(r.GetDir())
	if err != nil {
		return nil, link.Errorf(wire.Code_CODE_REFUSED, "%v", err)
	}
	return foundFolder(found), nil
}

func foundFolder(f adopt.Found) *wire.FolderFound {
	w := &wire.FolderFound{
		Dir: f.Dir, Kind: string(f.Kind), Data: f.Data, SaveCount: uint32(f.SaveCount), ModCount: uint32(f.ModCount), Settings: f.Settings, AutoPause: f.AutoPause,
		Admins: uint32(f.Admins), Banned: uint32(f.Banned), Whitelisted: uint32(f.Whitelisted), Files: uint32(f.Files), Bytes: uint64(f.Bytes),
		Obstacles: f.Obstacles, Problems: f.Problems,
	}
	for _, s := range f.Saves {
		w.Saves = append(w.Saves, &wire.FoundSave{Name: s.Name, Size: uint64(s.Size), ModifiedMs: s.Modified.UnixMilli(), Version: s.Version, Problem: s.Problem})
	}
	for _, m := range f.Mods {
		w.Mods = append(w.Mods, &wire.FoundMod{File: m.File, Enabled: m.Enabled})
	}
	return w
}

// takeFolder copies a server to the folder of an instance. It ends with the stream.
func (a *Agent) takeFolder(ctx context.Context, _ *link.Conn, s *link.Stream) error {
	var r wire.FolderTake
	if err := s.Recv(&r); err != nil {
		return err
	}
	if !instanceID.MatchString(r.GetInstance()) || len(r.GetDir()) > maxFolderName {
		return link.Errorf(wire.Code_CODE_INVALID, "malformed id of an instance or name of a folder")
	}
	if err := a.fleet.mayArrive(r.GetInstance()); err != nil {
		return moveRefusal(err)
	}
	into := a.fleet.dirOf(r.GetInstance())
	if err := os.MkdirAll(filepath.Dir(into), 0o700); err != nil {
		return fmt.Errorf("make room for an instance: %w", err)
	}
	var told int64
	_, err := adopt.Take(ctx, r.GetDir(), into, adopt.Options{
		Room: a.space.room,
		Progress: func(done, total int64) {
			if done < total && done-told < 16<<20 {
				return
			}
			told = done
			_ = s.Send(&wire.SaveProgress{Phase: "copying", Done: uint64(done), Size: uint64(total)}) // its failure ends ctx too
		},
	})
	return moveRefusal(err)
}
