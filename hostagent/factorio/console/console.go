// Package console reads the lines of a server's standard output.
package console

import "mainbus/hostagent/factorio"

// Shape is the outer form of a line.
type Shape uint8

const (
	Bare   Shape = iota // anything else: replies to console commands, Lua print, stack traces, later lines of an error
	Engine              // "   0.567 Info UDPSocket.cpp:38: text"
	Script              // "   0.567 Script @__mod__/control.lua:7: text", from Lua log()
	Plain               // "   0.567 text"
	Dated               // "2026-08-02 02:16:35 [CHAT] name: text"
)

// Line is one line of output, taken apart.
type Line struct {
	Shape                          Shape
	Seconds                        float64
	Level, Source, Tag, Time, Text string
}

// Kind says what an Event is.
type Kind uint8

const (
	None Kind = iota
	Version
	StateChanged
	LoadingMap
	Hosting
	RCONReady
	SaveStarted
	SaveFinished
	SavingProgress
	ShuttingDown
	Goodbye
	Failure
	LuaError
)

// Event is what the agent needs to know from a line.
type Event struct {
	Kind     Kind
	Version  factorio.Version // Version
	Build    uint32           // Version
	From, To string           // StateChanged
	Tick     uint64           // StateChanged, LuaError
	Name     string           // LoadingMap, SaveStarted: path or name as printed
	Size     int64            // LoadingMap: bytes
	Blocking bool             // SaveStarted
	Percent  float64          // SavingProgress
	Addr     string           // Hosting, RCONReady: "0.0.0.0:34197"
	Text     string           // Failure, LuaError, ShuttingDown
	More     bool             // Failure, LuaError: the bare lines that follow belong to the message
}

func Parse(s string) Line { return Line{Text: s} }

func (l Line) Event() Event { return Event{} }
