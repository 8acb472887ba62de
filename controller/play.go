package controller

import (
	"context"
	"fmt"
	"time"

	"mainbus/controller/store"
	"mainbus/hostagent/factorio/playername"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const (
	maxPlayMarks  = 4096
	maxPlayPart   = 500     // totals or visits of one part of news
	maxHere       = 65_535  // players that the game's protocol can have in one game
	maxPlayed     = 1 << 32 // joins, or seconds, of one record: more would be 136 years, and the sums of many have to fit the database
	maxBookName   = 64
	maxReasonName = 40
)

// hearPlay takes in what is played on a host, behind what was taken in before.
func (c *Controller) hearPlay(ctx context.Context, conn *link.Conn, h *host) error {
	marks, err := c.store.PlayMarks(ctx)
	if err != nil {
		return err
	}
	ask := &wire.PlayAsk{}
	rows, err := c.store.Instances(ctx)
	if err != nil {
		return err
	}
	here := map[string]bool{}
	for _, row := range rows {
		here[row.ID] = row.Host == h.id.String()
	}
	for _, m := range marks {
		if here[m.Instance] && len(ask.Marks) < maxPlayMarks {
			ask.Marks = append(ask.Marks, &wire.PlayMark{Instance: m.Instance, Book: m.Book, Seq: m.Seq})
		}
	}
	return hear(ctx, conn, wire.Method_METHOD_PLAY, ask, func(n *wire.PlayNews) error { return c.takePlay(ctx, conn, n) })
}

// takePlay stores a part of what a host tells, if it is about an instance that belongs there.
func (c *Controller) takePlay(ctx context.Context, conn *link.Conn, n *wire.PlayNews) error {
	if err := c.mayRun(ctx, conn, n.GetInstance()); err != nil {
		return nil // it has moved or was deleted; what is on the disk there goes with it
	}
	p, err := playedOf(n)
	if err != nil {
		return fmt.Errorf("what was played in %.20q: %w", n.GetInstance(), err)
	}
	if err := c.store.Played(ctx, p); err != nil {
		return err
	}
	if n.GetMore() {
		return nil
	}
	players := make(map[string]time.Time, len(n.GetHere()))
	for _, p := range n.GetHere() {
		if playername.Check(p.GetName()) == nil {
			players[playername.Key(p.GetName())] = time.UnixMilli(p.GetSinceMs()).UTC()
		}
	}
	if c.presence.set(n.GetInstance(), conn, players) {
		c.changes.cluster()
	}
	return nil
}

// playedOf checks news and puts them into the store's terms. Names that can't be a player's are left out.
func playedOf(n *wire.PlayNews) (store.Played, error) {
	p := store.Played{Instance: n.GetInstance(), Book: n.GetBook(), Seq: n.GetSeq()}
	if p.Book == "" || len(p.Book) > maxBookName || int64(p.Seq) < 0 || len(n.GetTotals()) > maxPlayPart || len(n.GetVisits()) > maxPlayPart || len(n.GetHere()) > maxHere {
		return p, link.Errorf(wire.Code_CODE_INVALID, "malformed news")
	}
	record := func(number uint64) string { return fmt.Sprintf("%s.%d", p.Book, number) }
	for _, t := range n.GetTotals() {
		if playername.Check(t.GetName()) != nil || t.GetJoins() > maxPlayed || t.GetSeconds() > maxPlayed {
			continue
		}
		p.Totals = append(p.Totals, store.PlayTotal{
			Name: t.GetName(), Record: record(t.GetRecord()), Joins: int64(t.GetJoins()), Seconds: int64(t.GetSeconds()),
			FirstJoin: playTime(t.GetFirstJoinMs()), LastJoin: playTime(t.GetLastJoinMs()), LastSeen: playTime(t.GetLastSeenMs()),
			LastLeave: playTime(t.GetLastLeaveMs()), Reason: shown(t.GetReason(), maxReasonName),
		})
	}
	for _, v := range n.GetVisits() {
		if playername.Check(v.GetName()) != nil || int64(v.GetNumber()) < 0 {
			continue
		}
		p.Visits = append(p.Visits, store.Visit{
			Name: v.GetName(), Record: record(v.GetRecord()), Number: int64(v.GetNumber()),
			Joined: playTime(v.GetJoinedMs()), Left: playTime(v.GetLeftMs()), Reason: shown(v.GetReason(), maxReasonName),
		})
	}
	return p, nil
}

// playTime is a host's time. A clock that is far ahead must not put a player at the end of time.
func playTime(ms int64) time.Time {
	if ms <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(min(ms, time.Now().Add(24*time.Hour).UnixMilli())).UTC()
}
