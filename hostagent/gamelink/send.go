package gamelink

import (
	"fmt"
	"time"

	"mainbus/hostagent/factorio/rcon"
	"mainbus/transport/wire"
)

// send starts every command that may be started now.
func (s *Session) send() error {
	if s.core.reply == nil {
		if err := s.sendCore(); err != nil {
			return err
		}
	}
	if !s.proven() {
		return nil
	}
	for i := range s.slots {
		if s.slots[i].reply != nil {
			continue
		}
		m := s.nextMessage()
		if m == nil {
			return nil
		}
		part := m.parts[0]
		m.parts = m.parts[1:]
		m.underway++
		if err := s.start(&s.slots[i], slot{command: part, message: m}); err != nil {
			return err
		}
	}
	return nil
}

// start fills a free slot.
func (s *Session) start(to *slot, what slot) error {
	reply, err := s.cfg.RCON.Start(what.command)
	if err != nil {
		return fmt.Errorf("send to the game: %w", err)
	}
	what.reply = reply
	*to = what
	return nil
}

// sendCore starts the most pressing command of the core channel.
func (s *Session) sendCore() error {
	next := slot{mark: mark{s.check.arrivals, s.check.seq}}
	body := ""
	switch {
	case len(s.asked) > 0:
		next.request, s.asked = s.asked[0], s.asked[1:]
		next.op, body = next.request.op, next.request.body
	case s.report:
		next.op, s.report = "report", false
	case s.beatDue:
		next.op, s.beatDue, s.lastBeat = "beat", false, time.Now()
	default:
		return nil
	}
	s.seq++
	parts, err := s.encoder.command(s.cfg.Command, Message{s.seq, s.cfg.Epoch, coreChannel, next.op, []byte(body)})
	if err != nil {
		return err
	}
	next.command = parts[0] // core commands are short
	return s.start(&s.core, next)
}

// nextMessage returns a message with a part to be sent, of the most urgent class that has one.
func (s *Session) nextMessage() *outgoing {
	var ready *outgoing
	for _, m := range s.active {
		if len(m.parts) > 0 && (ready == nil || classOf(m.envelope) < classOf(ready.envelope)) {
			ready = m
		}
	}
	for {
		e := s.queue.Pop(func(e *wire.Envelope) bool { return s.mayBegin(e, ready) })
		if e == nil {
			return ready
		}
		s.seq++
		parts, err := s.encoder.command(s.cfg.Command, Message{s.seq, s.cfg.Epoch, e.Channel, e.Op, s.join(e)})
		if err != nil || e.Channel == coreChannel {
			s.cfg.Log.Warn("dropped a message to the world", "channel", e.Channel, "op", e.Op, "err", err)
			continue
		}
		m := &outgoing{envelope: e, parts: parts}
		s.active = append(s.active, m)
		return m
	}
}

// join adds to e's body what else waits that may be sent with it, so that many short messages become one command.
func (s *Session) join(e *wire.Envelope) []byte {
	if !e.Joins {
		return e.Body
	}
	body := e.Body
	s.queue.Take(func(next *wire.Envelope) bool {
		fits := joined(e, next) && classOf(next) == classOf(e) && len(body)+1+len(next.Body) <= maxJoined
		if fits {
			body = append(append(body, '+'), next.Body...)
		}
		return fits
	})
	return body
}

// joined tells whether two messages can be one. While one is under way the other waits, and others gather that go with it.
func joined(a, b *wire.Envelope) bool {
	return a.Joins && b.Joins && a.Channel == b.Channel && a.Op == b.Op
}

// mayBegin tells whether e is more urgent than what is ready, and depends on nothing that is under way: the game may
// execute a long command after a shorter one that was sent later. So of each class at most one message waits for its
// parts to be sent; with those whose last parts are in flight that is no more than the module can put together at once.
func (s *Session) mayBegin(e *wire.Envelope, ready *outgoing) bool {
	if ready != nil && classOf(e) >= classOf(ready.envelope) {
		return false
	}
	for _, m := range s.active {
		if joined(m.envelope, e) || m.envelope.Channel == e.Channel && m.envelope.Key == e.Key {
			return false
		}
	}
	return true
}

// onReply deals with the answer to a part of a message.
func (s *Session) onReply(from *slot, r rcon.Reply) error {
	sent := *from
	*from = slot{}
	reply, err := s.parse(r)
	if err != nil {
		return err
	}
	m := sent.message
	if reply.Code == CodeCRC && !sent.again {
		return s.start(from, slot{command: sent.command, message: m, again: true})
	}
	m.underway--
	switch reply.Code {
	case "":
	case CodeEpoch:
		return ErrEpoch
	default:
		m.parts = nil
		s.cfg.Log.Warn("the world refused a message", "channel", m.envelope.Channel, "op", m.envelope.Op,
			"code", reply.Code, "text", reply.Text)
		if reply.Code == CodeFault || reply.Code == CodeIdle {
			s.cfg.Owner.Fault(reply.Text)
		}
	}
	if m.underway == 0 && len(m.parts) == 0 {
		s.finish(m)
	}
	return nil
}

func (s *Session) finish(m *outgoing) {
	for i, other := range s.active {
		if other == m {
			s.active = append(s.active[:i], s.active[i+1:]...)
			return
		}
	}
}

func (s *Session) parse(r rcon.Reply) (Reply, error) {
	if r.Err != nil {
		return Reply{}, fmt.Errorf("wait for the game: %w", r.Err)
	}
	return ParseReply(r.Text)
}

// onCoreReply deals with the answer to a command of the core channel.
func (s *Session) onCoreReply(r rcon.Reply) error {
	sent := s.core
	s.core = slot{}
	reply, err := s.parse(r)
	switch {
	case err != nil:
		if sent.request != nil {
			sent.request.done <- result{err: err}
		}
		return err
	case reply.Code == CodeCRC && !sent.again:
		again := sent
		again.again, again.mark = true, mark{s.check.arrivals, s.check.seq}
		return s.start(&s.core, again)
	case reply.Code != "":
		return s.onCoreRefusal(sent, reply)
	}
	switch sent.op {
	case "bind":
		s.bound = true
		s.use(s.check.resync(0, noChain, sent.mark.arrivals))
	case "assign":
		s.trading, s.beatDue = true, true
	case "beat":
		return s.onBeat(reply.Answer, sent.mark)
	case "report":
		return s.onTruth(reply.Answer, sent.mark.arrivals)
	}
	sent.request.done <- result{answer: reply.Answer}
	return nil
}

func (s *Session) onCoreRefusal(sent slot, reply Reply) error {
	var err error = &RefusedError{reply.Code, reply.Text}
	if reply.Code == CodeEpoch {
		err = ErrEpoch
	}
	if sent.request != nil {
		sent.request.done <- result{err: err}
		return nil // whoever asked decides
	}
	return fmt.Errorf("%s: %w", sent.op, err)
}

func (s *Session) onBeat(answer string, m mark) error {
	b, err := parseBeat(answer)
	if err != nil {
		return err
	}
	s.notice(b.tick)
	s.judge(b, m)
	return nil
}

// onTruth passes on what the world says by RCON and goes on from there.
func (s *Session) onTruth(answer string, mark uint64) error {
	b, err := parseBeat(answer)
	if err != nil {
		return err
	}
	s.assembler.reset()
	s.fault = nil // a genuine one shows in the reply to the next message
	for _, r := range b.reports {
		s.cfg.Owner.Up(&wire.Envelope{Channel: r.Channel, Body: r.Body, Tick: b.tick, Truth: true})
	}
	s.use(s.check.resync(b.seq, b.chain, mark))
	s.planBeat()
	return nil
}
