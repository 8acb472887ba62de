package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// A method is one call of Service: who may make it, and how it is made.
//
// A row of a concern's map says which permission it needs:
//
//	"Games":    lists[HostGames](ClusterRead, with(Service.Games)),   // each caller gets the elements that they may see
//	"BackUp":   changes(BackupMake, plain(Service.BackUp)),           // for the whole cluster: the rule unless something else is said
//	"SetModes": changes(ListManage, with(Service.SetModes)),          // for what *SetModes names in scope(), else for the whole cluster
//
// A request that is about instances or hosts says so by scope() (scope.go), and its permission may then be limited to those. One
// that names a file or folder says so by files() (files.go). The fields
// Instance, Host and Path of a request without these methods make a test fail.
type method struct {
	need    Permission // empty: everybody who has come in may
	changes bool       // it does something, so it is recorded
	call    call
	// trim leaves of an answer what somebody may see whose permission is limited; nil: they need it for what the request is about.
	trim func(response any, s sight)
}

// methods has a row for every method of Service.
var methods = join(
	clusterMethods, hostMethods, instanceMethods, placeMethods, settingMethods, adoptMethods, supervisingMethods, saveMethods,
	taskMethods, busMethods, figureMethods, installationMethods,
	listMethods,
	packMethods,
	installedModMethods,
	modMethods, nameMethods,
	packPlanMethods,
	roleMethods,
	keyMethods,
	userMethods,
)

func join(parts ...map[string]method) map[string]method {
	all := map[string]method{}
	for _, part := range parts {
		maps.Copy(all, part)
	}
	return all
}

func reads(need Permission, c call) method   { return method{need: need, call: c} }
func changes(need Permission, c call) method { return method{need: need, changes: true, call: c} }

// everybody is a method that needs no permission: it is about the caller.
func everybody(c call) method { return method{call: c} }

func (m method) recorded() method {
	m.changes = true
	return m
}

// lists is a method that reads a list, of which callers with a limited permission get a part.
func lists[E any, P interface {
	*E
	scoped
}](need Permission, c call) method {
	return trimmed(need, c, func(list *[]E, s sight) {
		*list = slices.DeleteFunc(*list, func(e E) bool { return !s.covers(P(&e).scope()) })
	})
}

// trimmed is a method that reads, whose answer is cut for callers with a limited permission.
func trimmed[Resp any](need Permission, c call, trim func(*Resp, sight)) method {
	return method{need: need, call: c, trim: func(response any, s sight) { trim(response.(*Resp), s) }}
}

// A call makes one method's call. Request and response are pointers to what the method takes and gives; the request of a method that
// takes none is nil.
type call struct {
	request  func() any
	response func() any
	make     func(ctx context.Context, s Service, c Caller, request, response any) error
}

// plain is a method without a request.
func plain[Resp any](f func(Service, context.Context, Caller) (Resp, error)) call {
	return call{
		func() any { return nil },
		func() any { return new(Resp) },
		func(ctx context.Context, s Service, c Caller, _, response any) (err error) {
			*response.(*Resp), err = f(s, ctx, c)
			return err
		},
	}
}

// with is a method with a request.
func with[Req, Resp any](f func(Service, context.Context, Caller, Req) (Resp, error)) call {
	return call{
		func() any { return new(Req) },
		func() any { return new(Resp) },
		func(ctx context.Context, s Service, c Caller, request, response any) (err error) {
			*response.(*Resp), err = f(s, ctx, c, *request.(*Req))
			return err
		},
	}
}

// answer makes a call from and to JSON.
func (c call) answer(ctx context.Context, s Service, caller Caller, body []byte) ([]byte, error) {
	request, response := c.request(), c.response()
	if request != nil {
		if err := json.Unmarshal(body, request); err != nil {
			return nil, Errorf(Invalid, "", "malformed request: %v", err)
		}
	}
	if err := c.make(ctx, s, caller, request, response); err != nil {
		return nil, err
	}
	text, err := json.Marshal(response)
	if err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	return text, nil
}

// A stub is a Service that makes every call by the same function. Request and response are as in call.
type stub struct {
	invoke func(ctx context.Context, c Caller, method string, request, response any) error
}

func ask[Resp any](ctx context.Context, s stub, c Caller, method string, request any) (response Resp, err error) {
	err = s.invoke(ctx, c, method, request, &response)
	return response, err
}
