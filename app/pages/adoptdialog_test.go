package pages_test

import (
	"testing"
	"time"

	"mainbus/app/internal/headless"
	"mainbus/controller/api"
)

func TestAServerFolderIsAdoptedAfterALook(t *testing.T) {
	const where = `like /opt/factorio or C:\Factorio`
	c := fiveInstances()
	c.SetFolder(api.Folder{Dir: "/opt/factorio", Kind: "headless", SaveCount: 1, Saves: []api.FolderSave{{Name: "main.zip", Modified: time.Now(), Version: "2.0.77"}},
		ModCount: 12, Admins: 2, Settings: []byte("null"), Files: 40, Bytes: 5 << 20, Problems: []string{"A game runs from it."}, Obstacles: []string{"Its saves can't be read."}})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		s.Press("Adopt…")
		if on := s.On("Look", "Adopt"); len(on) > 0 {
			t.Errorf("without a folder %q are on", on)
		}
		s.Type(where, "/opt/factorio\n")
		s.Expect("a copy of the game with its server", "main.zip", "Mods: 12", "2 admins", "A game runs from it.", "Its saves can't be read.", "then look again")
		if on := s.On("Adopt"); len(on) > 0 {
			t.Error("what is in the way does not count")
		}
		c.SetFolder(api.Folder{Dir: "/opt/factorio", Kind: "headless", Settings: []byte("{}")})
		s.Press("Look")
		s.ExpectNot("Its saves can't be read.")
		s.Type(where, "/opt/other")
		if on := s.On("Adopt"); len(on) > 0 {
			t.Error("a folder can be adopted that nobody has looked at")
		}
		c.Fail(api.Errorf(api.NotFound, "Look at the path.", "there is no folder /opt/other"))
		s.Press("Look")
		s.Expect("there is no folder /opt/other", "Look at the path.")
		c.Fail(nil)
		s.Press("Look")
		s.Type("other", "my world")
		s.Press("Adopt")
		s.ExpectNot("Adopt a server folder")
		expectCalls(t, c, "LookAtFolder h1 /opt/factorio", "LookAtFolder h1 /opt/factorio", "LookAtFolder h1 /opt/other", "LookAtFolder h1 /opt/other", "AdoptFolder h1 /opt/other my world")
	})
}
