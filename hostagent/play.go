package hostagent

import (
	"context"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const maxPlayMarks = 4096 // that a controller may say

// tellPlay tells the controller what is played: what it has not heard of yet, then what is new.
func (a *Agent) tellPlay(ctx context.Context, _ *link.Conn, s *link.Stream) error {
	var ask wire.PlayAsk
	if err := s.Recv(&ask); err != nil {
		return err
	}
	if len(ask.GetMarks()) > maxPlayMarks {
		return link.Errorf(wire.Code_CODE_INVALID, "more than %d marks", maxPlayMarks)
	}
	t := playTeller{stream: s, marks: map[string][]*wire.PlayMark{}, told: map[string]*toldPlay{}}
	for _, m := range ask.GetMarks() {
		t.marks[m.GetInstance()] = append(t.marks[m.GetInstance()], m)
	}
	for {
		more := a.played.Wait()
		if err := t.tell(a.fleet); err != nil {
			return err
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil
		}
	}
}

// playTeller is one stream to a controller, and what went over it.
type playTeller struct {
	stream *link.Stream
	marks  map[string][]*wire.PlayMark // by instance
	told   map[string]*toldPlay
}

type toldPlay struct {
	book  string
	place uint64
	here  []*wire.PlayerHere
}

func (t *playTeller) tell(f *fleet) error {
	all := f.all()
	for _, id := range slices.Sorted(maps.Keys(all)) {
		book := all[id].Book()
		if book == nil {
			continue // it is not brought to life yet
		}
		told := t.told[id]
		if told == nil {
			told = &toldPlay{place: book.Place(t.marks[id])}
		}
		for more := true; more; {
			n := book.News(told.place)
			if told.book != "" && told.book != n.GetBook() {
				told.place, told.book = 0, n.GetBook()
				continue
			}
			if more = n.GetMore(); !more && t.told[id] != nil && len(n.GetTotals())+len(n.GetVisits()) == 0 && sameHere(told.here, n.GetHere()) {
				break
			}
			if err := t.stream.Send(n); err != nil {
				return err
			}
			told.book, told.place = n.GetBook(), n.GetSeq()
			if !more {
				told.here = n.GetHere()
			}
		}
		t.told[id] = told
	}
	return nil
}

func sameHere(a, b []*wire.PlayerHere) bool {
	return slices.EqualFunc(a, b, func(x, y *wire.PlayerHere) bool { return proto.Equal(x, y) })
}
