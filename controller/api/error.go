package api

import (
	"errors"
	"fmt"
)

// Code says what kind of error a call ended with, for programs.
type Code string

const (
	Internal    Code = "internal"
	Invalid     Code = "invalid"   // makes no sense, whatever the state
	NotFound    Code = "not_found" // no such host, instance, …
	Refused     Code = "refused"   // not in this state, or not by this caller
	Unavailable Code = "unavailable"
)

// An Error is a failure as people see it: what happened, and what to do.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
	Next    string `json:"next,omitempty"` // what to do; empty where nothing helps
}

func (e *Error) Error() string { return e.Message }

// Errorf makes an Error; next may be empty.
func Errorf(code Code, next, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Next: next}
}

// AsError returns err as it may be shown. Whatever is no *Error is internal.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: Internal, Message: err.Error()}
}
