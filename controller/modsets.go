package controller

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"mainbus/controller/packs"
	"mainbus/controller/store"
	"mainbus/transport/wire"
)

// modSets are the sets that one message to a host names: packs as hosts take them, by the hash of their bytes.
type modSets struct {
	controller *Controller
	byPack     map[string]string // hash, by the pack's id
	content    map[string][]byte // by hash
}

func (c *Controller) newModSets() *modSets {
	return &modSets{controller: c, byPack: map[string]string{}, content: map[string][]byte{}}
}

// wish is what a host is told of an instance's mods, nil for one without a pack.
func (s *modSets) wish(ctx context.Context, row store.Instance) (*wire.ModsWish, error) {
	if row.Pack == "" {
		return nil, nil
	}
	hash, known := s.byPack[row.Pack]
	if !known {
		set, err := s.controller.modSet(ctx, row.Pack)
		if err != nil {
			return nil, fmt.Errorf("make the mods of %s ready: %w", row.Name, err)
		}
		content, err := proto.MarshalOptions{Deterministic: true}.Marshal(set)
		if err != nil {
			return nil, fmt.Errorf("make the mods of %s ready: %w", row.Name, err)
		}
		sum := sha256.Sum256(content)
		hash = hex.EncodeToString(sum[:])
		s.byPack[row.Pack], s.content[hash] = hash, content
	}
	return &wire.ModsWish{Set: hash, OrFormer: row.ModPolicy.OrFormer, KeepUnknown: row.ModPolicy.KeepUnknown}, nil
}

// modSet makes of the newest revision of a pack what hosts take.
func (c *Controller) modSet(ctx context.Context, pack string) (*wire.ModSet, error) {
	p, err := c.store.Pack(ctx, pack)
	if err != nil {
		return nil, err
	}
	set := &wire.ModSet{Pack: p.Name, Revision: uint64(p.Revision), Game: p.Game}
	for _, m := range p.Mods {
		mod := &wire.SetMod{Name: m.Name, Version: m.Version, Enabled: m.Enabled, Sha1: strings.ToLower(m.SHA1)}
		if packs.IsBuiltIn(p, m.Name) {
			mod.Builtin, mod.Version, mod.Sha1 = true, "", ""
		} else if err := c.findModFile(ctx, mod); err != nil {
			return nil, err
		}
		set.Mods = append(set.Mods, mod)
	}
	slices.SortFunc(set.Mods, func(a, b *wire.SetMod) int { return strings.Compare(a.Name, b.Name) })
	if slices.ContainsFunc(packs.Scopes, func(scope string) bool { return len(packs.Settings(p, scope)) > 0 }) {
		if set.Settings, err = packs.ModSettings(p, packs.Game(p)); err != nil {
			return nil, fmt.Errorf("write the settings of the pack %s: %w", p.Name, err)
		}
	}
	return set, nil
}

// findModFile fills in the file of a mod, if there is one here that is what the pack means. Without one the host says what is missing.
func (c *Controller) findModFile(ctx context.Context, mod *wire.SetMod) error {
	rows, err := c.store.Mods(ctx, mod.Name)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.Version == mod.Version && row.DeletedAt.IsZero() && (mod.Sha1 == "" || strings.EqualFold(row.SHA1, mod.Sha1)) {
			mod.Sha256, mod.Sha1, mod.Size = row.SHA256, row.SHA1, uint64(row.Bytes)
		}
	}
	return nil
}

// send sends those sets that a host has not got. One that it refuses keeps the others from nothing.
func (s *modSets) send(ctx context.Context, conn caller, hashes []string) error {
	var failed error
	for _, hash := range hashes {
		content, known := s.content[hash]
		if !known {
			failed = errors.Join(failed, errors.New("the host asks for a set of mods that it was not told of"))
			continue
		}
		err := conn.Call(ctx, wire.Method_METHOD_MODS_SET, &wire.ModSetContent{Hash: hash, Content: content}, nil)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("send a set of mods: %w", err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return failed
}

// caller is a link to a host.
type caller interface {
	Call(ctx context.Context, m wire.Method, req, resp proto.Message) error
}

// modsMoved tells hosts that files of mods have come or gone: what a pack lacked may be there.
func (c *Controller) modsMoved() {
	for _, h := range c.hosts.all() {
		h.want()
	}
	c.changes.cluster()
}
