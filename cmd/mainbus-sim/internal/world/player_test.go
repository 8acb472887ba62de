package world

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// heard collects events as text: name and the fields in the order of their names.
func heard(w *World) *[]string {
	var list []string
	w.Listen(func(e Event) {
		list = append(list, strings.TrimSuffix(fmt.Sprint(e.Name, " ", map[string]any(e.Fields)), " map[]"))
	})
	return &list
}

func TestPlayersComeAndGo(t *testing.T) {
	w, err := New("w", 1, catalog(t, "base"), Plan{})
	if err != nil {
		t.Fatal(err)
	}
	events := heard(w)
	ann, err := w.Join("Ann")
	if err != nil {
		t.Fatal(err)
	}
	w.Tick = 100
	w.Chat(ann, "hello")
	w.Tick = 160
	if online, afk := w.OnlineTime(ann), w.AFKTime(ann); online != 160 || afk != 60 {
		t.Errorf("online %d, away %d ticks", online, afk)
	}
	w.Promote("Bob")
	bob, err := w.Join("bob")
	if err != nil || !w.IsAdmin("bob") {
		t.Fatal(err, "bob is no admin")
	}
	w.Kick(ann, bob, "spam")
	w.Ban("ANN", nil, "")
	w.Ban("Eve", bob, "known")
	if _, err := w.Join("ann"); !errors.Is(err, ErrBanned) {
		t.Errorf("a banned player joined: %v", err)
	}
	w.Unban("ann", nil)
	w.Mute(bob, true)
	w.Mute(bob, true)
	w.Demote("Bob")
	w.Tick = 200
	if _, err := w.Join("Ann"); err != nil {
		t.Fatal(err)
	}
	w.Tick = 210
	w.Leave(ann, Quit)
	if online := w.OnlineTime(ann); online != 170 {
		t.Errorf("online for %d ticks, want 160 + 10", online)
	}
	want := `on_player_created map[player_index:1]
on_player_joined_game map[player_index:1]
on_console_chat map[message:hello player_index:1]
on_player_created map[player_index:2]
on_player_joined_game map[player_index:2]
on_player_kicked map[by_player:2 player_index:1 reason:spam]
on_pre_player_left_game map[player_index:1 reason:kicked]
on_player_left_game map[player_index:1 reason:kicked]
on_player_banned map[player_index:1 player_name:ANN]
on_player_banned map[by_player:2 player_name:Eve reason:known]
on_player_unbanned map[player_index:1 player_name:ann]
on_player_muted map[player_index:2]
on_player_demoted map[player_index:2]
on_player_joined_game map[player_index:1]
on_pre_player_left_game map[player_index:1 reason:quit]
on_player_left_game map[player_index:1 reason:quit]`
	if got := strings.Join(*events, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWhatPlayersCarryIsSavedAndCounted(t *testing.T) {
	w, err := New("w", 1, catalog(t, "base"), plan(t, `{"chests": [{"id": "a", "slots": 1}]}`))
	if err != nil {
		t.Fatal(err)
	}
	ann, err := w.Join("Ann")
	if err != nil {
		t.Fatal(err)
	}
	coal := Key{"coal", "normal"}
	if n := w.Carry(ann, CharacterMain, Amount{Key{Name: "coal"}, 120}); n != 120 {
		t.Fatalf("carries %d", n)
	}
	if n := w.Move(w.InventoryOf(ann, CharacterMain), w.MainInventory(w.Named("a")), Amount{coal, 70}); n != 50 {
		t.Fatalf("moved %d into a chest of one slot", n)
	}
	w.Leave(ann, Quit)
	data, err := w.Save()
	if err != nil {
		t.Fatal(err)
	}
	if w, err = Load(data, w.Catalog, nil); err != nil {
		t.Fatal(err)
	}
	ann = w.Player("ann")
	if ann == nil || w.InventoryOf(ann, CharacterMain).Count(coal) != 70 {
		t.Fatal("what an offline player carries was lost")
	}
	if s := sum(w, "coal"); s.Made != 120 || s.Contents != 120 {
		t.Errorf("%+v", s)
	}
	w.RemovePlayer(ann)
	if s := sum(w, "coal"); s.Contents != 50 || s.Consumed != 70 || w.Player("Ann") != nil {
		t.Errorf("after removing the player: %+v", s)
	}
}
