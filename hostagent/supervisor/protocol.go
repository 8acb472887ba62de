package supervisor

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// One request per connection, a line of text:
//
//	tail OFFSET       answered with frames until the game has ended: offset (8 bytes), length (4), both little endian, output
//	stdin LINE        answered with "ok" or why not
//	signal NAME       interrupt or kill; the same
const (
	maxRequest  = MaxLine + 64
	requestTime = 5 * time.Second
	frameHeader = 12
	ok          = "ok"
)

func (s *supervisor) serve(conn net.Conn) {
	conn.SetDeadline(time.Now().Add(requestTime + stdinTime))
	request, err := bufio.NewReaderSize(io.LimitReader(conn, maxRequest), 512).ReadString('\n')
	if err != nil {
		return // a client that left
	}
	verb, argument, _ := strings.Cut(strings.TrimSuffix(request, "\n"), " ")
	switch verb {
	case "tail":
		var offset uint64
		if offset, err = strconv.ParseUint(argument, 10, 64); err == nil {
			conn.SetDeadline(time.Time{})
			s.serveTail(conn, offset)
			return
		}
	case "stdin":
		err = s.writeStdin(argument)
	case "signal":
		err = s.signalGame(argument)
	default:
		err = fmt.Errorf("no request %q", verb)
	}
	answer := ok
	if err != nil {
		answer = strings.ReplaceAll(err.Error(), "\n", " ")
	}
	fmt.Fprintln(conn, answer) // a client that has left doesn't miss it
}

// serveTail sends output until the game has ended or the client has left. A client that doesn't read makes only this
// goroutine wait; what it misses meanwhile shows as a jump of the offset.
func (s *supervisor) serveTail(conn net.Conn, offset uint64) {
	left := make(chan struct{})
	s.serving.Go(func() {
		defer close(left)
		io.Copy(io.Discard, conn) // clients say nothing more: this returns when they leave, or when this tail ends
	})
	defer func() { conn.Close(); <-left }()
	buffer := make([]byte, frameHeader+maxWrite)
	for {
		n, at, err := s.ring.next(buffer[frameHeader:], offset, left)
		if err != nil {
			return
		}
		binary.LittleEndian.PutUint64(buffer, at)
		binary.LittleEndian.PutUint32(buffer[8:], uint32(n))
		if _, err := conn.Write(buffer[:frameHeader+n]); err != nil {
			return
		}
		offset = at + uint64(n)
	}
}
