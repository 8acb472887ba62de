package hostagent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"mainbus/hostagent/instance"
	"mainbus/transport/wire"
)

const maxDoorWait = 5 * time.Second // for output, within the time of a call

// LocalCall is what somebody on this machine asks of an instance.
type LocalCall struct {
	Instance string `json:"instance"`          // name or id
	Line     string `json:"line,omitempty"`    // of InstanceSend
	Offset   uint64 `json:"offset,omitempty"`  // of InstanceConsole: where to go on
	WaitMS   uint32 `json:"wait_ms,omitempty"` // likewise: for the next line
}

// What can be asked. Start, stop, restart and kill hold, whatever the controller wants, until it wants something else.
const (
	InstanceStart   = "start"
	InstanceStop    = "stop"
	InstanceRestart = "restart"
	InstanceKill    = "kill"
	InstanceSend    = "send"
	InstanceConsole = "console"
	InstanceWhy     = "why"
)

// LocalAnswer is what comes of it.
type LocalAnswer struct {
	Text  string   `json:"text,omitempty"`  // the game's, to a line
	Lines []string `json:"lines,omitempty"` // of output
	Next  uint64   `json:"next,omitempty"`

	Failure *wire.Failure `json:"failure,omitempty"`
}

// answerInstance does what somebody on this machine asks. Errors are for them.
func (a *Agent) answerInstance(ctx context.Context, what string, body []byte) (LocalAnswer, error) {
	var call LocalCall
	if err := json.Unmarshal(body, &call); err != nil {
		return LocalAnswer{}, fmt.Errorf("malformed request: %w", err)
	}
	switch what {
	case InstanceStart:
		return LocalAnswer{}, a.fleet.decide(call.Instance, true)
	case InstanceStop:
		return LocalAnswer{}, a.fleet.decide(call.Instance, false)
	case InstanceRestart:
		return LocalAnswer{}, a.fleet.restart(call.Instance)
	}
	i, err := a.fleet.named(call.Instance)
	if err != nil {
		return LocalAnswer{}, err
	}
	switch what {
	case InstanceKill:
		if err := a.fleet.decide(call.Instance, false); err != nil { // or it would be started again
			return LocalAnswer{}, err
		}
		return LocalAnswer{}, i.Kill(ctx)
	case InstanceWhy:
		return localFailure(i)
	case InstanceConsole:
		var answer LocalAnswer
		answer.Lines, answer.Next, err = i.ReadConsole(ctx, call.Offset, min(time.Duration(call.WaitMS)*time.Millisecond, maxDoorWait), 0)
		return answer, err
	}
	text, err := i.SendConsole(ctx, call.Line)
	return LocalAnswer{Text: text}, err
}

func localFailure(i *instance.Instance) (LocalAnswer, error) {
	f, err := i.Failure()
	if errors.Is(err, fs.ErrNotExist) {
		return LocalAnswer{}, errors.New("this instance has not failed since it was made")
	}
	return LocalAnswer{Failure: f}, err
}

// AskInstance asks the agent that runs on dataDir for one of the things above.
func AskInstance(ctx context.Context, dataDir, what string, call LocalCall) (LocalAnswer, error) {
	var answer LocalAnswer
	body, err := json.Marshal(call)
	if err != nil {
		return answer, err
	}
	err = askWith(ctx, dataDir, "instance "+what, body, &answer)
	return answer, err
}
