// Package figures names what is measured of hosts and instances, and shows it to Prometheus. Agents show their own, a controller
// all that it hears of.
package figures

import (
	"fmt"
	"math"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"mainbus/transport/wire"
)

// A Figure is one thing that is measured. Its name ends with its unit, unless it is a plain number.
type Figure struct {
	Name string // "memory_bytes"
	Help string // what it is, for people: a phrase without a full stop
}

// Host and Instance are all figures of hosts and of instances, in the order in which people want to see them.
var (
	Host = []Figure{
		{"cpu_cores", "Processor cores in use by all programs"},
		{"cpu_cores_total", "Processor cores of the machine"},
		{"memory_bytes", "Memory in use by all programs"},
		{"memory_total_bytes", "Memory of the machine"},
		{"disk_free_bytes", "Free space where the instances lie"},
		{"disk_total_bytes", "Size of the disk where the instances lie"},
		{"agent_cpu_cores", "Processor cores in use by the agent"},
		{"agent_memory_bytes", "Resident memory of the agent"},
		{RTT, "Round trip between controller and host"},
	}
	Instance = []Figure{
		{"ups", "UPS: ticks a second of the wall clock, none while paused"},
		{"players", "Players in the game"},
		{"cpu_cores", "Processor cores in use by the game"},
		{"memory_bytes", "Resident memory of the game"},
		{"rcon_seconds", "Time from an RCON command to its reply"},
		{"backlog_messages", "Messages that wait, to and from the world"},
		{"save_seconds", "How long the newest save took"},
		{"save_bytes", "Size of the newest save"},
		{"disk_bytes", "Size of the instance's folder"},
		{"lines_left_out", "Lines of the game's output that were left out because there were too many"},
	}
)

// RTT is the one figure of a host that a controller adds.
const RTT = "link_rtt_seconds"

// Of returns the figures in m, a HostFigures or InstanceFigures. Numbers that are none, which only a broken peer sends, are left out.
func Of(m proto.Message) map[string]float64 {
	values := map[string]float64{}
	m.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if field.Kind() == protoreflect.DoubleKind {
			if v := value.Float(); !math.IsNaN(v) && !math.IsInf(v, 0) {
				values[string(field.Name())] = v
			}
		}
		return true
	})
	return values
}

// Text writes a value for people, by the unit that its figure's name ends with.
func Text(figure string, v float64) string {
	switch {
	case strings.HasSuffix(figure, "_bytes"):
		return bytesText(v)
	case strings.HasSuffix(figure, "_seconds"):
		if v < 1 {
			return fmt.Sprintf("%.1f ms", v*1000)
		}
		return fmt.Sprintf("%.1f s", v)
	case strings.HasSuffix(figure, "_cores"):
		return fmt.Sprintf("%.1f %%", v*100)
	case v == math.Trunc(v):
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.1f", v)
}

func bytesText(v float64) string {
	units := []string{"KiB", "MiB", "GiB", "TiB"}
	n := 0
	for v /= 1024; v >= 1024 && n < len(units)-1; v /= 1024 {
		n++
	}
	if v < 10 && n > 0 {
		return fmt.Sprintf("%.1f %s", v, units[n])
	}
	return fmt.Sprintf("%.0f %s", math.Ceil(v), units[n])
}

var (
	_ proto.Message = (*wire.HostFigures)(nil)
	_ proto.Message = (*wire.InstanceFigures)(nil)
)
