package figures

import (
	"context"
	"log/slog"
	"math"
	"net"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"mainbus/transport/wire"
)

// Every figure on the wire has a name here, and the other way round.
func TestEveryFieldIsAFigure(t *testing.T) {
	tests := []struct {
		message proto.Message
		figures []Figure
		more    []string // that are on no wire
	}{
		{&wire.HostFigures{}, Host, []string{RTT}},
		{&wire.InstanceFigures{}, Instance, nil},
	}
	for _, test := range tests {
		named := map[string]bool{}
		for _, f := range test.figures {
			named[f.Name] = true
		}
		for _, name := range test.more {
			delete(named, name)
		}
		fields := test.message.ProtoReflect().Descriptor().Fields()
		for i := range fields.Len() {
			if f := fields.Get(i); f.Kind() == protoreflect.DoubleKind && !named[string(f.Name())] {
				t.Errorf("%s has no name", f.FullName())
			} else {
				delete(named, string(f.Name()))
			}
		}
		for name := range named {
			t.Errorf("%s is no field of %T", name, test.message)
		}
	}
}

func TestOfLeavesOutWhatIsNoNumber(t *testing.T) {
	got := Of(&wire.InstanceFigures{Id: "abc", Ups: proto.Float64(60), Players: proto.Float64(0), CpuCores: proto.Float64(math.NaN()), SaveBytes: proto.Float64(math.Inf(1))})
	if len(got) != 2 || got["ups"] != 60 {
		t.Errorf("got %v", got)
	}
	if _, told := got["players"]; !told {
		t.Error("nobody online is a figure too")
	}
}

func TestText(t *testing.T) {
	for want, test := range map[string]struct {
		figure string
		value  float64
	}{
		"59.9": {"ups", 59.94}, "60": {"ups", 60}, "3": {"players", 3}, "12.5 %": {"cpu_cores", 0.125}, "2.5 ms": {"rcon_seconds", 0.0025},
		"1.5 s": {"save_seconds", 1.5}, "1 KiB": {"save_bytes", 3}, "1.5 MiB": {"save_bytes", 1.5 * (1 << 20)}, "300 MiB": {"memory_bytes", 300 << 20},
		"1.5 GiB": {"memory_bytes", 1.5 * (1 << 30)}, "5000 TiB": {"disk_bytes", 5000 * (1 << 40)},
	} {
		if got := Text(test.figure, test.value); got != want {
			t.Errorf("%s %v: got %s, want %s", test.figure, test.value, got, want)
		}
	}
}

func TestScrape(t *testing.T) {
	hosts := func() []Subject {
		return []Subject{{ID: "h1", Name: `at"tic`, Values: map[string]float64{"cpu_cores": 1.5, "unheard_of": 1}}}
	}
	games := func() []Subject {
		return []Subject{{ID: "i1", Name: "nauvis", Host: "attic", Values: map[string]float64{"ups": 59.9}}, {ID: "i2", Name: "fulgora", Host: "attic"}}
	}
	handler, err := Handler(slog.New(slog.DiscardHandler), NewCollector(hosts, games))
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		"# HELP mainbus_instance_ups UPS: ticks a second of the wall clock, none while paused.\n",
		`mainbus_instance_ups{host="attic",id="i1",name="nauvis"} 59.9` + "\n",
		`mainbus_host_cpu_cores{id="h1",name="at\"tic"} 1.5` + "\n",
		"process_resident_memory_bytes",
	} {
		if !strings.Contains(answer.Body.String(), want) {
			t.Errorf("%d: no %s", answer.Code, want)
		}
	}
	for _, wrong := range []string{"unheard_of", "fulgora"} {
		if strings.Contains(answer.Body.String(), wrong) {
			t.Errorf("%s is shown", wrong)
		}
	}
}

func TestServe(t *testing.T) {
	none := func() []Subject { return nil }
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	log := slog.New(slog.DiscardHandler)
	if err := Serve(t.Context(), taken.Addr().String(), log, NewCollector(none, none)); err == nil {
		t.Error("served at an address that is taken")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Serve(ctx, "127.0.0.1:0", log); err != nil && !strings.Contains(err.Error(), "canceled") {
		t.Errorf("after its end: %v", err)
	}
}

func TestEveryFigureIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append(Host, Instance...) {
		if !strings.Contains(string(text), "`"+f.Name+"`") {
			t.Errorf("docs/metrics.md does not name %s", f.Name)
		}
	}
}
