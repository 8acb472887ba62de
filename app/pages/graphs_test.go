package pages_test

import (
	"testing"

	"mainbus/app/internal/headless"
	"mainbus/controller/api"
)

func TestGraphsShowWhatWasMeasured(t *testing.T) {
	c := fiveInstances()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Open("i1")
		s.Settle()
		s.Press("Graphs…")
		s.Soon()
		s.Expect("Nauvis, as measured", "on average, between 38 and 61", "last hour")
		s.Press("Close")
		c.Fail(api.Errorf(api.Unavailable, "Try again in a moment.", "the figures can't be read"))
		s.Press("Graphs…")
		s.Soon()
		s.Expect("the figures can't be read", "Try again in a moment.")
	})
}
