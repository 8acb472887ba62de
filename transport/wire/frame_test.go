package wire

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"google.golang.org/protobuf/proto"
)

func TestFramesRoundTrip(t *testing.T) {
	sent := []*Envelope{
		{},
		{Channel: "bus", Class: Class_CLASS_BUS, Body: []byte("iron-plate/normal=1/2/3"), Tick: 1 << 40},
		{Channel: "bus", Body: bytes.Repeat([]byte{0xff}, 256<<10)},
	}
	var stream bytes.Buffer
	for _, m := range sent {
		if err := Write(&stream, m); err != nil {
			t.Fatal(err)
		}
	}
	r := bufio.NewReader(&stream)
	for i, want := range sent {
		var got Envelope
		if err := Read(r, &got); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		if !proto.Equal(&got, want) {
			t.Errorf("frame %d differs", i)
		}
	}
	if err := Read(r, &Envelope{}); err != io.EOF {
		t.Errorf("after the last frame: %v, want io.EOF", err)
	}
}

func TestReadRefuses(t *testing.T) {
	huge := binary.AppendUvarint(nil, MaxFrame+1)
	tests := []struct {
		name  string
		bytes []byte
		want  error
	}{
		{"a length beyond the bound", huge, ErrFrame},
		{"a length without end", bytes.Repeat([]byte{0xff}, 5), ErrFrame},
		{"bytes that are no message", []byte{2, 0xff, 0xff}, ErrFrame},
		{"a frame cut short", []byte{10, 1, 2}, io.ErrUnexpectedEOF},
		{"a length cut short", []byte{0x80}, io.ErrUnexpectedEOF},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := Read(bufio.NewReader(bytes.NewReader(test.bytes)), &Envelope{})
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestWriteRefusesWhatNobodyWouldRead(t *testing.T) {
	err := Write(io.Discard, &Envelope{Body: make([]byte, MaxFrame+1)})
	if !errors.Is(err, ErrFrame) {
		t.Errorf("got %v, want %v", err, ErrFrame)
	}
}

type writes struct {
	io.Writer
	count int
}

func (w *writes) Write(b []byte) (int, error) {
	w.count++
	return w.Writer.Write(b)
}

func TestWriteIsOneWrite(t *testing.T) {
	w := writes{Writer: io.Discard}
	if err := Write(&w, &Envelope{Channel: "bus", Body: make([]byte, 1000)}); err != nil || w.count != 1 {
		t.Errorf("%d writes, %v", w.count, err)
	}
}

func FuzzRead(f *testing.F) {
	var seed bytes.Buffer
	if err := Write(&seed, &RunUp{Msg: &RunUp_Bound{Bound: &Bound{World: "a", Reports: []*Report{{Channel: "bus"}}}}}); err != nil {
		f.Fatal(err)
	}
	f.Add(seed.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bufio.NewReader(bytes.NewReader(data))
		for {
			if err := Read(r, &RunUp{}); err != nil {
				return
			}
		}
	})
}
