package instance

import (
	"context"
	"strconv"
	"time"

	"mainbus/hostagent/factorio/console"
	"mainbus/hostagent/playtime"
	"mainbus/hostagent/supervisor"
)

const (
	playMinute = time.Minute // between two times that the book is brought up to now
	playPause  = time.Second // in which joins and leaves gather before the book is written
	askTime    = 20 * time.Second
)

func (f folder) playedFile() string { return f.path(".mainbus", "played.json") }

// Book is what is played in this instance; nil before Run.
func (i *Instance) Book() *playtime.Book { return i.book.Load() }

// openBook reads the book of what is played.
func (i *Instance) openBook() {
	book, err := playtime.Open(i.folder.playedFile(), i.cfg.ID)
	if err != nil {
		i.log.Warn("what is played is counted anew", "err", err)
	}
	i.book.Store(book)
}

// runName tells one run of the game from another.
func runName(began time.Time) string { return strconv.FormatInt(began.UnixMilli(), 10) }

// printed tells when a line was printed: one that is older than this agent says so itself, to the second.
func printed(e console.Entry, old bool, now time.Time) time.Time {
	if at, err := time.ParseInLocation(time.DateTime, e.Time, time.Local); old && err == nil && at.Before(now) {
		return at
	}
	return now
}

// bookPlay notes who comes and goes.
func bookPlay(book *playtime.Book, e console.Entry, end uint64, at time.Time) {
	switch player := e.Event.Player; e.Event.Kind {
	case console.Join:
		book.Join(player, end, at)
	case console.Leave:
		reason := e.Event.Reason
		if reason == "" {
			reason = "quit"
		}
		book.Leave(player, reason, end, at)
	case console.Kick:
		book.Leave(player, "kicked", end, at)
	case console.Ban:
		book.Leave(player, "banned", end, at)
	}
}

// keepBook writes the book while the game runs: soon after somebody has come or gone, and each minute while somebody is there.
func (r *run) keepBook(ctx context.Context) {
	book := r.instance.Book()
	ticker := time.NewTicker(playMinute)
	defer ticker.Stop()
	for {
		changed := book.Changed().Wait()
		r.instance.saveBook()
		select {
		case <-changed:
			pause := time.NewTimer(playPause)
			select {
			case <-pause.C:
			case <-ctx.Done():
			}
			pause.Stop()
		case <-ticker.C:
			r.correctBook(ctx, book)
			book.Tick(time.Now())
		case <-ctx.Done():
			return
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// closeBook brings the book to the end of the game, or of the agent, which the game outlives.
func (r *run) closeBook(ended bool, exit supervisor.Exit, err error) {
	book := r.instance.Book()
	switch {
	case !ended:
		book.Tick(time.Now())
	case err == nil:
		book.End(exit.Time)
	default:
		book.End(time.Now())
	}
	r.instance.saveBook()
}

// correctBook asks the game who is in it, since lines can be missing. Where nobody is and no line was missed it is left alone: a
// game that waits for players would go on by some ticks at each question.
func (r *run) correctBook(ctx context.Context, book *playtime.Book) {
	if book.Here() == 0 && !r.gaps.Swap(false) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	offset := book.Offset()
	answer, err := r.instance.SendConsole(ctx, "/players online")
	if players, ok := console.ParseOnline(answer); err == nil && ok {
		book.Correct(players, offset, time.Now())
		r.gauges.online(book.Here())
	}
}

// saveBook writes the book, and has it told.
func (i *Instance) saveBook() {
	if err := i.Book().Save(); err != nil {
		i.log.Warn("what is played is on the disk as it was before", "err", err)
		return
	}
	i.cfg.Played()
}

// bookUnseen brings the book to the end of a run that ended while no agent watched: by what it printed since.
func (i *Instance) bookUnseen(exit supervisor.Exit, known bool) {
	book := i.Book()
	book.Begin(runName(exit.Began))
	var follower console.Follower
	var lines supervisor.Lines
	buffer := make([]byte, pageBytes)
	now, last := time.Now(), time.Time{}
	for at := exit.Start; ; {
		n, from, end, err := supervisor.ReadOutput(i.folder.ours(), buffer, at)
		if err != nil {
			i.log.Warn("who was in the game at its end is not known", "err", err)
			break
		}
		lines.Add(buffer[:n], from)
		for line, ok := lines.Next(); ok; line, ok = lines.Next() {
			for _, e := range follower.Feed(line.Text) {
				if e.Time != "" {
					last = printed(e, true, now)
					bookPlay(book, e, line.End, last)
				}
			}
		}
		if at = from + uint64(n); n == 0 || at >= min(end, exit.Offset) {
			break
		}
	}
	switch {
	case known:
		book.End(exit.Time)
	case last.IsZero():
		book.End(time.UnixMilli(0)) // as far as the book is known
	default:
		book.End(last)
	}
}
