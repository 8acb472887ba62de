package settingsstage

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/metrics"
)

// budget is the context of a Lua state. The interpreter asks it before each instruction whether to go on, so it counts them, and looks at
// clock and memory every now and then.
type budget struct {
	context.Context
	limits limits
	left   int
	before uint64 // bytes in use when it began
	why    error  // it is spent
	closed chan struct{}
}

func newBudget(ctx context.Context, l limits) *budget {
	b := &budget{Context: ctx, limits: l, left: l.instructions, before: inUse(), closed: make(chan struct{})}
	close(b.closed)
	return b
}

func (b *budget) spent() bool { return b.why != nil }

// Done is asked before each instruction.
func (b *budget) Done() <-chan struct{} {
	b.left--
	if b.why == nil && b.left&1023 == 0 {
		b.look()
	}
	if b.why != nil {
		return b.closed
	}
	return nil
}

func (b *budget) look() {
	switch err := b.Context.Err(); {
	case errors.Is(err, context.DeadlineExceeded):
		b.why = fmt.Errorf("they take more than %v", b.limits.time)
	case err != nil:
		b.why = err
	case b.left <= 0:
		b.why = fmt.Errorf("they run more than %d million instructions", b.limits.instructions/1_000_000)
	case inUse() > b.before+b.limits.memory:
		// What nobody uses any more may not have been collected yet.
		if runtime.GC(); inUse() > b.before+b.limits.memory {
			b.why = fmt.Errorf("they take more than %d MiB of memory", b.limits.memory>>20)
		}
	}
}

// Err says why it is spent.
func (b *budget) Err() error { return b.why }

func inUse() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
