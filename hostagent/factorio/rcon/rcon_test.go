package rcon

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve accepts one connection, authenticates it as the game does (no empty value before the answer unless valve is set)
// and hands it to the test.
func serve(t *testing.T, valve bool, then func(conn net.Conn, r *bufio.Reader)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		r := bufio.NewReader(conn)
		p, err := ReadPacket(r)
		if err != nil || p.Type != AuthRequest {
			return
		}
		if valve {
			WritePacket(conn, Packet{ID: p.ID, Type: ResponseValue})
		}
		if p.Body != "secret" {
			WritePacket(conn, Packet{ID: -1, Type: AuthResponse})
			return
		}
		WritePacket(conn, Packet{ID: p.ID, Type: AuthResponse})
		if then != nil {
			then(conn, r)
		}
	})
	t.Cleanup(func() { ln.Close(); wg.Wait() })
	return ln.Addr().String()
}

// echo answers every command with its own text.
func echo(conn net.Conn, r *bufio.Reader) {
	for {
		p, err := ReadPacket(r)
		if err != nil {
			return
		}
		WritePacket(conn, Packet{ID: p.ID, Type: ResponseValue, Body: p.Body + "\n"})
	}
}

func dial(t *testing.T, addr string) *Client {
	t.Helper()
	c, err := Dial(t.Context(), addr, "secret")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestExecute(t *testing.T) {
	for _, valve := range []bool{false, true} {
		c := dial(t, serve(t, valve, echo))
		long := "/mainbus " + strings.Repeat("x", MaxCommand-9)
		for _, command := range []string{"/version", "/sc rcon.print('ü')", long} {
			if got, err := c.Execute(t.Context(), command); err != nil || got != command+"\n" {
				t.Errorf("Execute(%.20q) = %.20q, %v", command, got, err)
			}
		}
	}
}

func TestDialWrongPassword(t *testing.T) {
	_, err := Dial(t.Context(), serve(t, false, nil), "wrong")
	if !errors.Is(err, ErrAuth) {
		t.Errorf("error is %v", err)
	}
}

func TestDialEndsWithContext(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") // accepts by backlog, answers nothing, like a game that is saving
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Dial(ctx, ln.Addr().String(), "secret"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
}

func TestRepliesAreMatchedByID(t *testing.T) {
	c := dial(t, serve(t, false, func(conn net.Conn, r *bufio.Reader) {
		var got []Packet
		for range 3 {
			p, err := ReadPacket(r)
			if err != nil {
				return
			}
			got = append(got, p)
		}
		if got[0].ID < 1 || got[1].ID <= got[0].ID || got[2].ID <= got[1].ID {
			t.Errorf("ids do not grow: %v", got)
		}
		WritePacket(conn, Packet{ID: 0, Type: ResponseValue, Body: "chat goes to id 0"})
		for i := range got {
			p := got[len(got)-1-i]
			WritePacket(conn, Packet{ID: p.ID, Type: ResponseValue, Body: p.Body})
		}
		io.Copy(io.Discard, r)
	}))
	var replies []<-chan Reply
	for _, command := range []string{"a", "b", "c"} {
		ch, err := c.Start(command)
		if err != nil {
			t.Fatal(err)
		}
		replies = append(replies, ch)
	}
	for i, want := range []string{"a", "b", "c"} {
		if r := <-replies[i]; r.Text != want || r.Err != nil {
			t.Errorf("reply %d is %+v, want %q", i, r, want)
		}
	}
}

func TestContextEndsOnlyTheWait(t *testing.T) {
	release := make(chan struct{})
	c := dial(t, serve(t, false, func(conn net.Conn, r *bufio.Reader) {
		first, err := ReadPacket(r)
		if err != nil {
			return
		}
		<-release
		WritePacket(conn, Packet{ID: first.ID, Type: ResponseValue, Body: "late"})
		echo(conn, r)
	}))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Execute(ctx, "/server-save"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
	close(release)
	if got, err := c.Execute(t.Context(), "/time"); err != nil || got != "/time\n" {
		t.Errorf("the reply after a late one is %q, %v", got, err)
	}
}

func TestRefusedCommands(t *testing.T) {
	c := dial(t, serve(t, false, echo))
	for name, command := range map[string]string{
		"empty": "", "blank": " \t\n", "zero byte": "/c \x00", "too long": strings.Repeat("x", MaxCommand+1),
	} {
		if _, err := c.Execute(t.Context(), command); err == nil {
			t.Errorf("%s command is not refused", name)
		}
	}
}

func TestPendingIsBounded(t *testing.T) {
	release := make(chan struct{})
	c := dial(t, serve(t, false, func(conn net.Conn, r *bufio.Reader) {
		<-release
		echo(conn, r)
	}))
	var last <-chan Reply
	for i := range MaxPending {
		ch, err := c.Start("/time")
		if err != nil {
			t.Fatalf("command %d: %v", i, err)
		}
		last = ch
	}
	if _, err := c.Start("/time"); !errors.Is(err, ErrBusy) {
		t.Errorf("error is %v", err)
	}
	close(release)
	<-last
	if _, err := c.Execute(t.Context(), "/time"); err != nil {
		t.Errorf("after the replies came: %v", err)
	}
}

func TestLostConnectionFailsAllThatWait(t *testing.T) {
	c := dial(t, serve(t, false, func(conn net.Conn, r *bufio.Reader) {
		ReadPacket(r)
		ReadPacket(r)
	}))
	a, err := c.Start("/a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Execute(t.Context(), "/b"); err == nil {
		t.Error("Execute has no error")
	}
	if r := <-a; r.Err == nil {
		t.Error("Start's reply has no error")
	}
	<-c.Done()
	if c.Err() == nil || errors.Is(c.Err(), ErrClosed) {
		t.Errorf("Err() = %v", c.Err())
	}
	if _, err := c.Start("/c"); err == nil {
		t.Error("Start after the end has no error")
	}
}

func TestCloseWhileTheServerReadsNothing(t *testing.T) {
	release := make(chan struct{})
	c := dial(t, serve(t, false, func(net.Conn, *bufio.Reader) { <-release }))
	defer close(release)
	var replies []<-chan Reply
	for range MaxPending { // more than the sockets' buffers hold
		ch, err := c.Start(strings.Repeat("x", MaxCommand))
		if err != nil {
			t.Fatal(err)
		}
		replies = append(replies, ch)
	}
	if err := c.Err(); err != nil {
		t.Errorf("Err() before Close = %v", err)
	}
	c.Close()
	c.Close()
	for _, ch := range replies {
		if r := <-ch; !errors.Is(r.Err, ErrClosed) {
			t.Fatalf("error is %v", r.Err)
		}
	}
}

func TestPacketLayout(t *testing.T) {
	var b bytes.Buffer
	if err := WritePacket(&b, Packet{ID: 7, Type: ExecCommand, Body: "/time"}); err != nil {
		t.Fatal(err)
	}
	if want := "\x0f\x00\x00\x00\x07\x00\x00\x00\x02\x00\x00\x00/time\x00\x00"; b.String() != want {
		t.Errorf("packet is %q, want %q", b.String(), want)
	}
}

func TestReadPacketRefusesBadSizes(t *testing.T) {
	for _, s := range []string{
		"\x09\x00\x00\x00123456789", "\x01\x00\x00\x01", "\xff\xff\xff\xff", "\xff\xff\xff\x7f",
		"\x0b\x00\x00\x00\x07\x00\x00\x00\x02\x00\x00\x00abc", // no zero bytes at the end
	} {
		if p, err := ReadPacket(strings.NewReader(s)); err == nil {
			t.Errorf("ReadPacket(%q) = %+v without error", s, p)
		}
	}
	if _, err := ReadPacket(strings.NewReader("")); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func FuzzReadPacket(f *testing.F) {
	f.Add([]byte("\x0f\x00\x00\x00\x07\x00\x00\x00\x02\x00\x00\x00/time\x00\x00"))
	f.Add([]byte("\x0a\x00\x00\x00\xff\xff\xff\xff\x02\x00\x00\x00\x00\x00rest"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		p, err := ReadPacket(r)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := WritePacket(&b, p); err != nil {
			t.Fatal(err)
		}
		if used := data[:len(data)-r.Len()]; !bytes.Equal(b.Bytes(), used) {
			t.Errorf("read %q, wrote %q", used, b.Bytes())
		}
	})
}
