package discovery

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"mainbus/transport/identity"
	"mainbus/transport/internal/display"
)

// Where multicast is lost, a controller asks with plain datagrams, to broadcast addresses or to each address of a network,
// and agents answer. Both are 64 bytes, so that nobody's answers can be turned into a flood, and travel over the socket of the
// links. They begin with a byte that no QUIC packet begins with:
//
//	0   magic    0, 'm', 'b', version 1
//	4   kind     1 question, 2 answer
//	5   nonce    8 bytes, drawn for the question
//	13  of an answer: identity 17 (its first bytes), boot 4 (a hash), port 2, state 1 (1 paired), name 1+26 (length, UTF-8)
const (
	probeSize    = 64
	probeVersion = 1
	kindAsk      = 1
	kindAnswer   = 2
	nonceAt      = 5
	bodyAt       = nonceAt + 8
	shortSize    = 17 // what identity.ID's Short is made of
	nameAt       = bodyAt + shortSize + 4 + 2 + 1
	probeName    = probeSize - nameAt - 1

	firstPort   = 34180 // where agents listen unless it is taken
	portsTried  = 10
	keptNonces  = 4
	eagerProbe  = 5 * time.Second
	calmProbe   = 30 * time.Second
	maxSweep    = 1024                 // addresses of one network
	sweepEvery  = 5 * time.Millisecond // 200 a second
	sweepAnswer = time.Second          // how long the last one may take to answer
)

func header(kind byte, nonce []byte) []byte {
	b := make([]byte, probeSize)
	copy(b, []byte{0, 'm', 'b', probeVersion, kind})
	copy(b[nonceAt:], nonce)
	return b
}

func isProbe(b []byte, kind byte) bool {
	return len(b) == probeSize && bytes.Equal(b[:nonceAt], []byte{0, 'm', 'b', probeVersion, kind})
}

// Answer is what an agent sends back for a datagram that asks who is there; nil for every other one.
func Answer(a Announcement, question []byte) []byte {
	if !isProbe(question, kindAsk) || a.valid() != nil {
		return nil
	}
	b := header(kindAnswer, question[nonceAt:bodyAt])
	copy(b[bodyAt:], a.ID[:shortSize])
	boot := fnv.New32a()
	boot.Write([]byte(a.Boot))
	binary.BigEndian.PutUint32(b[bodyAt+shortSize:], boot.Sum32())
	binary.BigEndian.PutUint16(b[bodyAt+shortSize+4:], a.Port)
	if a.Paired {
		b[nameAt-1] = 1
	}
	name := display.Name(a.Name, maxName)
	for len(name) > probeName {
		_, n := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-n]
	}
	b[nameAt] = byte(len(name))
	copy(b[nameAt+1:], name)
	return b
}

// Prober asks for agents and takes their answers. Send sends a datagram over the socket of the links; what comes there goes
// to Take. Found is called for each agent that has answered; it must return soon.
type Prober struct {
	Config Config
	Send   func(to netip.AddrPort, b []byte) error
	Found  func(Found)

	mu     sync.Mutex
	nonces [][]byte // of the newest questions
}

// Run asks at the broadcast addresses of this machine's networks until ctx ends: each five seconds while eager returns true,
// else each thirty.
func (p *Prober) Run(ctx context.Context, eager func() bool) {
	ticker := time.NewTicker(eagerProbe)
	defer ticker.Stop()
	var last time.Time
	for {
		if eager() || time.Since(last) >= calmProbe {
			last = time.Now()
			p.broadcast()
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func (p *Prober) broadcast() {
	question := p.question()
	for _, network := range p.networks() {
		for port := range portsTried {
			_ = p.Send(netip.AddrPortFrom(lastOf(network), uint16(firstPort+port)), question) // none there, or none reachable: the same
		}
	}
}

// Sweep asks each address of this machine's networks, or the 254 around its own where a network is larger than 1,024, at the
// usual port. It returns when the last one has had time to answer, or when ctx ends.
func (p *Prober) Sweep(ctx context.Context) error {
	question := p.question()
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	asked := 0
	for _, network := range p.networks() {
		if 1<<(32-network.Bits()) > maxSweep {
			network = netip.PrefixFrom(network.Addr(), 24)
		}
		last := lastOf(network)
		for a := network.Masked().Addr().Next(); a.Less(last); a = a.Next() {
			if a == network.Addr() {
				continue
			}
			_ = p.Send(netip.AddrPortFrom(a, firstPort), question)
			asked++
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	if asked == 0 {
		return errors.New("this machine is in no IPv4 network that could be searched")
	}
	select {
	case <-time.After(sweepAnswer):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Prober) question() []byte {
	nonce := make([]byte, bodyAt-nonceAt)
	rand.Read(nonce)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.nonces = append(p.nonces, nonce)
	if len(p.nonces) > keptNonces {
		p.nonces = p.nonces[1:]
	}
	return header(kindAsk, nonce)
}

// Take looks at a datagram from somebody. Only answers to questions that were asked count.
func (p *Prober) Take(from netip.AddrPort, b []byte) {
	if !isProbe(b, kindAnswer) {
		return
	}
	p.mu.Lock()
	asked := slices.ContainsFunc(p.nonces, func(n []byte) bool { return bytes.Equal(n, b[nonceAt:bodyAt]) })
	p.mu.Unlock()
	if f, err := parseAnswer(from, b, time.Now()); asked && err == nil {
		p.Found(f)
	}
}

func parseAnswer(from netip.AddrPort, b []byte, now time.Time) (Found, error) {
	var id identity.ID
	copy(id[:], b[bodyAt:bodyAt+shortSize])
	length := int(b[nameAt])
	port := binary.BigEndian.Uint16(b[bodyAt+shortSize+4:])
	if length > probeName || port == 0 || !from.IsValid() {
		return Found{}, errors.New("an answer that is none")
	}
	boot := binary.BigEndian.Uint32(b[bodyAt+shortSize:])
	return Found{
		Announcement: Announcement{
			Name: display.Name(string(b[nameAt+1:nameAt+1+length]), maxName), Port: port, Paired: b[nameAt-1] == 1,
			Boot: strconv.FormatUint(uint64(boot), 36), // another text than in an announcement, but as good for telling a restart
		},
		Short: id.Short(),
		Addrs: []netip.AddrPort{netip.AddrPortFrom(from.Addr().Unmap(), from.Port())},
		By:    "probe", Seen: now,
	}, nil
}

// networks are this machine's IPv4 networks that have a broadcast address, each with the machine's own address in it.
func (p *Prober) networks() (list []netip.Prefix) {
	usable, _ := Usable(p.Config) // none: there is nobody to ask
	for _, i := range usable {
		nets, _ := i.Addrs()
		for _, n := range nets {
			ipNet, ok := n.(*net.IPNet)
			if !ok {
				continue
			}
			a, ok := netip.AddrFromSlice(ipNet.IP)
			bits, _ := ipNet.Mask.Size()
			if a = a.Unmap(); ok && a.Is4() && bits > 0 && bits < 31 && i.Flags&net.FlagBroadcast != 0 {
				list = append(list, netip.PrefixFrom(a, bits))
			}
		}
	}
	return list
}

// lastOf returns the last address of an IPv4 network, which is its broadcast address.
func lastOf(p netip.Prefix) netip.Addr {
	a := p.Masked().Addr().As4()
	n := binary.BigEndian.Uint32(a[:]) | (1<<(32-p.Bits()) - 1)
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, n)))
}
