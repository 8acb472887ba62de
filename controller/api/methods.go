package api

import (
	"context"
	"encoding/json"
)

// A handler answers one method of a Service from and to JSON.
type handler func(ctx context.Context, s Service, c Caller, body []byte) (any, error)

// handlers has a row for every method of Service, under the name that Client uses.
var handlers = map[string]handler{
	"Status":          plain(Service.Status),
	"Changes":         with(Service.Changes),
	"Hosts":           plain(Service.Hosts),
	"PairHost":        with(Service.PairHost),
	"Instances":       plain(Service.Instances),
	"CreateInstance":  with(Service.CreateInstance),
	"StartInstance":   with(Service.StartInstance),
	"StopInstance":    with(Service.StopInstance),
	"KillInstance":    with(Service.KillInstance),
	"SendConsole":     with(Service.SendConsole),
	"ReadConsole":     with(Service.ReadConsole),
	"Bus":             plain(Service.Bus),
	"BusAccounts":     with(Service.BusAccounts),
	"BusHistory":      with(Service.BusHistory),
	"VerifyBus":       plain(Service.VerifyBus),
	"BusProblems":     plain(Service.BusProblems),
	"AcceptBooks":     with(Service.AcceptBooks),
	"ForgiveDebt":     with(Service.ForgiveDebt),
	"ReleaseHeld":     with(Service.ReleaseHeld),
	"AnswerQuestion":  with(Service.AnswerQuestion),
	"BusPolicy":       plain(Service.BusPolicy),
	"ChangeBusPolicy": with(Service.ChangeBusPolicy),
	"Audit":           with(Service.Audit),
	"Backups":         plain(Service.Backups),
	"BackUp":          plain(Service.BackUp),
}

// plain is a method without a request.
func plain[Resp any](call func(Service, context.Context, Caller) (Resp, error)) handler {
	return func(ctx context.Context, s Service, c Caller, _ []byte) (any, error) { return call(s, ctx, c) }
}

// with is a method with a request.
func with[Req, Resp any](call func(Service, context.Context, Caller, Req) (Resp, error)) handler {
	return func(ctx context.Context, s Service, c Caller, body []byte) (any, error) {
		var request Req
		if err := json.Unmarshal(body, &request); err != nil {
			return nil, Errorf(Invalid, "", "malformed request: %v", err)
		}
		return call(s, ctx, c, request)
	}
}
