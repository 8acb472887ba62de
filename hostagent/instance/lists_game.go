package instance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mainbus/hostagent/factorio/playername"
	"mainbus/hostagent/lists"
	"mainbus/transport/wire"
)

// talks returns the run of the game if it can be spoken to and is the instance's own world.
func (i *Instance) talks() *run {
	r := i.running.Load()
	i.mu.Lock()
	defer i.mu.Unlock()
	if r == nil || i.client == nil || r.note.Converts != "" || r.ending.Load() {
		return nil
	}
	return r
}

// command has the game do some of what is wanted of a list.
func (i *Instance) command(ctx context.Context, list string) {
	l := i.lists
	l.mu.Lock()
	r := l.rolls[list]
	idle := r.done == r.book.Version()+1
	var wanted []lists.Change
	if !idle {
		wanted = r.book.Wanted(true)
		r.done = r.book.Version() + 1 // a command makes another version
	}
	l.mu.Unlock()
	sent := 0
	for _, c := range wanted {
		l.mu.Lock()
		_, refused := r.refused[playername.Key(c.Name)]
		still := !refused && r.book.Wants(c)
		l.mu.Unlock()
		if !still {
			continue
		}
		if sent++; sent > listCommands || !i.commandOne(ctx, r, list, c) {
			l.mu.Lock()
			r.done = 0
			l.mu.Unlock()
			return
		}
	}
}

// commandOne types one command, and tells whether the next can be.
func (i *Instance) commandOne(ctx context.Context, r *roll, list string, c lists.Change) bool {
	line, err := listCommand(list, c)
	key, began := playername.Key(c.Name), time.Now()
	reply := ""
	if err == nil {
		wait, cancel := context.WithTimeout(ctx, listTime)
		reply, err = i.SendConsole(wait, line)
		late := errors.Is(wait.Err(), context.DeadlineExceeded) && ctx.Err() == nil
		cancel()
		if err != nil && !late {
			return false // the game is gone or busy: nothing was sent, or nobody knows
		}
		err = refusedBy(reply)
	}
	i.lists.mu.Lock()
	defer i.lists.mu.Unlock()
	if err != nil {
		i.log.Warn("the game does not take a name into a list", "list", list, "err", err)
		r.refused[key] = err.Error()
		i.lists.changed()
		return true
	}
	r.book.Did(c, began.Add(-listSlack).UnixMilli())
	_ = i.lists.save() // it is shown as the problem of all lists
	return true
}

// listCommand is what is typed for a change. A name or a reason that could be more than that is refused.
func listCommand(list string, c lists.Change) (string, error) {
	if err := playername.Check(c.Name); err != nil {
		return "", err
	}
	if err := playername.CheckText(c.Reason); err != nil {
		return "", err
	}
	verb := map[string][2]string{
		lists.Admins: {"/demote", "/promote"}, lists.Bans: {"/unban", "/ban"}, lists.Whitelist: {"/whitelist remove", "/whitelist add"},
	}[list]
	if !c.Listed {
		return verb[0] + " " + c.Name, nil
	}
	line := verb[1] + " " + c.Name
	if list == lists.Bans && strings.TrimSpace(c.Reason) != "" {
		line += " " + strings.TrimSpace(c.Reason)
	}
	return line, nil
}

// refusedBy tells by a game's answer that it has not done what it was told.
func refusedBy(reply string) error {
	for _, sign := range []string{" doesn't exist.", "Unknown command ", "Cannot execute command."} {
		if strings.Contains(reply, sign) {
			return fmt.Errorf("the game says: %.200s", strings.TrimSpace(reply))
		}
	}
	return nil
}

// switchWhitelist turns the whitelist of a game on or off as it is wanted. What a run was told is told once.
func (i *Instance) switchWhitelist(ctx context.Context, r *run) {
	l := i.lists
	l.mu.Lock()
	want, is := l.wanted, l.applied
	l.mu.Unlock()
	if is.Run != r.note.Number {
		is = applied{Run: r.note.Number}
		if r.note.Whitelist {
			is.State = wire.Whitelisting_WHITELISTING_ON
		}
	}
	if want == wire.Whitelisting_WHITELISTING_AS_IT_IS || want == is.State {
		return
	}
	line := "/whitelist disable"
	if want == wire.Whitelisting_WHITELISTING_ON {
		line = "/whitelist enable"
	}
	wait, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	if _, err := i.SendConsole(wait, line); err != nil {
		return // it is tried again
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.applied = applied{r.note.Number, want}
	_ = l.save()
}
