package api

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mainbus/transport/local"
	"mainbus/transport/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A cluster that answers every call by telling who made which.
type echo struct{ Service }

func (echo) Status(_ context.Context, c Caller) (Status, error) {
	return Status{Name: string(c.Kind) + " " + c.Name}, nil
}

func (echo) StartInstance(_ context.Context, _ Caller, r InstanceRef) (Instance, error) {
	if r.Instance == "" {
		return Instance{}, Errorf(NotFound, "See mainbusctl instances list.", "no instance of this name")
	}
	return Instance{Name: r.Instance}, nil
}

func (echo) ReadConsole(ctx context.Context, _ Caller, _ ReadConsole) (ConsolePage, error) {
	<-ctx.Done()
	return ConsolePage{}, ctx.Err()
}

type journal struct {
	mu      sync.Mutex
	entries []AuditEntry
}

func (j *journal) Record(_ context.Context, e AuditEntry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	e.At = time.Time{}
	j.entries = append(j.entries, e)
	return nil
}

// Grants gives nobody anything.
func (j *journal) Grants(context.Context, Caller) ([]Grant, error) { return nil, nil }

func (j *journal) Bring(c Caller, call string, read []*string, _ *string) (func(string), error) {
	for _, p := range read {
		sent, ok := strings.CutPrefix(*p, "sent/")
		if !ok {
			return nil, Errorf(Refused, "", "%q has sent no file %q", c.Name, *p)
		}
		*p = "/there/" + sent
	}
	return func(string) {}, nil
}

func (j *journal) Atlas(context.Context) (Atlas, error) { return Atlas{}, nil }

var owner = Caller{Kind: Owner, Name: "anna", From: "local"}

func names() []string {
	var names []string
	for m := range reflect.TypeFor[Service]().Methods() {
		names = append(names, m.Name)
	}
	return names
}

// Every method of Service has a row of its own name, which the stub calls.
func TestEveryMethodHasItsRow(t *testing.T) {
	var called string
	s := reflect.ValueOf(stub{func(_ context.Context, _ Caller, method string, _, _ any) error {
		called = method
		return nil
	}})
	for _, name := range names() {
		if methods[name].call.make == nil {
			t.Errorf("%s has no row", name)
		}
		method := s.MethodByName(name)
		args := []reflect.Value{reflect.ValueOf(t.Context()), reflect.ValueOf(owner)}
		if method.Type().NumIn() > 2 {
			args = append(args, reflect.Zero(method.Type().In(2)))
		}
		if method.Call(args); called != name {
			t.Errorf("%s calls %s", name, called)
		}
	}
	if len(methods) != len(names()) {
		t.Errorf("%d rows for %d methods", len(methods), len(names()))
	}
}

// Nobody but the owner gets through to any method, whatever the request.
func TestGuardDeniesStrangers(t *testing.T) {
	strangers := []Caller{{}, {Kind: "key", Name: "mallory"}, {Kind: "Owner"}}
	for _, c := range strangers {
		audit := new(journal)
		guarded := reflect.ValueOf(Guard(nil, audit)) // calling through to nil would panic
		for _, name := range names() {
			method := guarded.MethodByName(name)
			args := []reflect.Value{reflect.ValueOf(t.Context()), reflect.ValueOf(c)}
			if method.Type().NumIn() > 2 {
				args = append(args, reflect.Zero(method.Type().In(2)))
			}
			err, _ := method.Call(args)[1].Interface().(error)
			if got := AsError(err); err == nil || got.Code != Refused {
				t.Errorf("%s let %v through: %v", name, c, err)
			}
		}
		if len(audit.entries) != len(names()) {
			t.Errorf("%d denials recorded, want %d", len(audit.entries), len(names()))
		}
	}
}

func TestGuardRecordsChangesOnly(t *testing.T) {
	audit := new(journal)
	s := Guard(echo{}, audit)
	if _, err := s.Status(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	if _, err := s.StartInstance(t.Context(), owner, InstanceRef{"nauvis"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.StartInstance(t.Context(), owner, InstanceRef{}); err == nil {
		t.Fatal("started what is not there")
	}
	want := []AuditEntry{
		{Who: "anna", From: "local", What: "StartInstance", Target: "nauvis", Result: "done"},
		{Who: "anna", From: "local", What: "StartInstance", Result: "no instance of this name"},
	}
	if !slices.Equal(audit.entries, want) {
		t.Errorf("recorded %v, want %v", audit.entries, want)
	}
}

// serve answers calls on a socket in a folder until the test ends.
func serve(t *testing.T, s Service) (dataDir string) {
	t.Helper()
	dir := t.TempDir()
	listener, err := local.Listen(filepath.Join(dir, SocketName))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, listener, s, func(net.Conn) Caller { return owner }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return dir
}

func client(t *testing.T, dataDir string) *Client {
	t.Helper()
	c := Dial(dataDir)
	t.Cleanup(func() { c.Close() })
	return c
}

func TestCallsOverASocket(t *testing.T) {
	c := client(t, serve(t, echo{}))
	// What a client says about itself counts for nothing.
	status, err := c.Status(t.Context(), Caller{Kind: "stranger", Name: "eve"})
	if err != nil || status.Name != "owner anna" {
		t.Errorf("got %+v, %v", status, err)
	}
	i, err := c.StartInstance(t.Context(), Caller{}, InstanceRef{"nauvis"})
	if err != nil || i.Name != "nauvis" {
		t.Errorf("got %+v, %v", i, err)
	}
	_, err = c.StartInstance(t.Context(), Caller{}, InstanceRef{})
	if got := AsError(err); got.Code != NotFound || got.Next == "" || !strings.Contains(got.Message, "no instance") {
		t.Errorf("the error arrived as %+v", got)
	}
}

func TestACallThatIsGivenUpDoesNotSpoilTheNext(t *testing.T) {
	c := client(t, serve(t, echo{}))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.ReadConsole(ctx, Caller{}, ReadConsole{}); AsError(err).Code != Unavailable {
		t.Errorf("got %v", err)
	}
	if status, err := c.Status(t.Context(), Caller{}); err != nil || status.Name == "" {
		t.Errorf("the next call: %+v, %v", status, err)
	}
}

func TestNobodyAtHome(t *testing.T) {
	_, err := Dial(t.TempDir()).Status(t.Context(), Caller{})
	if got := AsError(err); got.Code != Unavailable || got.Next == "" {
		t.Errorf("got %+v", got)
	}
}

func TestControllerThatHangsUp(t *testing.T) {
	dir := t.TempDir()
	listener, err := local.Listen(filepath.Join(dir, SocketName))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for conn, err := listener.Accept(); err == nil; conn, err = listener.Accept() {
			conn.Close()
		}
	}()
	for range 50 { // it may be noticed when the call is written or when its answer is read
		_, err := Dial(dir).Status(t.Context(), Caller{})
		if got := AsError(err); got.Code != Unavailable || got.Message != "the controller ended the connection" {
			t.Fatalf("got %+v", got)
		}
	}
}

func TestServeBearsRubbish(t *testing.T) {
	dir := serve(t, echo{})
	tests := []struct {
		name string
		call *wire.APICall
		want wire.Code
	}{
		{"an unknown method", &wire.APICall{Method: "Explode"}, wire.Code_CODE_INVALID},
		{"a malformed request", &wire.APICall{Method: "StartInstance", Body: []byte("{")}, wire.Code_CODE_INVALID},
	}
	for _, test := range tests {
		conn, err := local.Dial(t.Context(), filepath.Join(dir, SocketName))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := wire.Write(conn, test.call); err != nil {
			t.Fatal(err)
		}
		var reply wire.Reply
		if err := wire.Read(bufio.NewReader(conn), &reply); err != nil || reply.Status.GetCode() != test.want {
			t.Errorf("%s: %v, %v", test.name, &reply, err)
		}
	}
	conn, err := local.Dial(t.Context(), filepath.Join(dir, SocketName))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(bytes.Repeat([]byte{0xff}, 16)); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); n > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("bytes that are no frame: %d bytes answered, %v", n, err)
	}
	if _, err := client(t, dir).Status(t.Context(), Caller{}); err != nil {
		t.Errorf("after all that: %v", err)
	}
}

// unsteady is a listener that fails before it does what it should.
type unsteady struct {
	net.Listener
	failures int
}

func (u *unsteady) Accept() (net.Conn, error) {
	if u.failures > 0 {
		u.failures--
		return nil, errors.New("too many open files")
	}
	return u.Listener.Accept()
}

func TestServeOutlivesAFailureToAccept(t *testing.T) {
	dir := t.TempDir()
	listener, err := local.Listen(filepath.Join(dir, SocketName))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- Serve(ctx, &unsteady{listener, 2}, echo{}, func(net.Conn) Caller { return owner })
	}()
	if _, err := client(t, dir).Status(t.Context(), Caller{}); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestAsErrorKeepsWhatIsMeantForPeople(t *testing.T) {
	wrapped := errors.Join(errors.New("context"), Errorf(Refused, "do that", "no"))
	if got := AsError(wrapped); got.Code != Refused || got.Next != "do that" {
		t.Errorf("got %+v", got)
	}
	if got := AsError(errors.New("disk on fire")); got.Code != Internal || got.Message != "disk on fire" {
		t.Errorf("got %+v", got)
	}
}

func TestEveryPermissionIsExplained(t *testing.T) {
	for name, m := range methods {
		if m.need != "" && !m.need.Known() {
			t.Errorf("%s needs %s, which is not in the list of permissions.go", name, m.need)
		}
	}
}
