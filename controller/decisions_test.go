package controller

import (
	"reflect"
	"strings"
	"testing"

	"mainbus/controller/api"
)

func refused(t *testing.T, what string, err error, words string) {
	t.Helper()
	shown := api.AsError(err)
	if err == nil || shown.Code == api.Internal || shown.Next == "" || !strings.Contains(shown.Message, words) {
		t.Errorf("%s: %v, next %q; want %q", what, err, shown.Next, words)
	}
}

var ironPlate = api.GoodsRef{Name: "iron-plate"}

// A world that went back owes what others have used, until somebody lets it off.
func TestDebtsAreForgiven(t *testing.T) {
	c := newCluster(t, "attic")
	attic := c.agents[0]
	c.pair(attic)
	nauvis, vulcanus := c.create("nauvis", attic), c.create("vulcanus", attic)
	run, assigned := attic.join(nauvis, "", "proposal", "")
	other, _ := attic.join(vulcanus, "", "other", "iron-plate/normal=0/0/100")
	run.tell("iron-plate/normal=100/0/0")
	if got := other.granted(); got != "iron-plate/normal=100" {
		t.Fatal(got)
	}
	_, err := c.ForgiveDebt(t.Context(), me, api.GoodsOf{Instance: "nauvis", GoodsRef: ironPlate})
	refused(t, "no debt", err, "nauvis owes no iron-plate")
	attic.join(nauvis, assigned.Ledger, assigned.World, "iron-plate/normal=20/0/0")
	eventually(t, "the debt", 80, func() int64 { return c.bus("iron-plate").Owed })
	part, err := c.ForgiveDebt(t.Context(), me, api.GoodsOf{Instance: "nauvis", GoodsRef: ironPlate, Amount: 30})
	if err != nil || part.Amount != 30 || c.bus("iron-plate").Owed != 50 {
		t.Errorf("a part: %+v, %v; %+v", part, err, c.bus("iron-plate"))
	}
	rest, err := c.ForgiveDebt(t.Context(), me, api.GoodsOf{Instance: assigned.World, GoodsRef: ironPlate})
	if err != nil || rest.Amount != 50 || c.bus("iron-plate").Owed != 0 {
		t.Errorf("the rest: %+v, %v; %+v", rest, err, c.bus("iron-plate"))
	}
	if check, err := c.VerifyBus(t.Context(), me); err != nil || len(check.Wrong) > 0 {
		t.Errorf("the books: %+v, %v", check, err)
	}
	_, err = c.ForgiveDebt(t.Context(), me, api.GoodsOf{Instance: "nowhere", GoodsRef: ironPlate})
	refused(t, "an unknown instance", err, "there is no instance")
	_, err = c.ForgiveDebt(t.Context(), me, api.GoodsOf{Instance: "nauvis", GoodsRef: ironPlate, Amount: -1})
	refused(t, "a negative amount", err, "no amount")
	audit, err := c.Audit(t.Context(), me, api.ReadAudit{Limit: 10})
	if err != nil || audit[2].What != "ForgiveDebt" || audit[2].Target != assigned.World+" iron-plate" || audit[2].Result != "done" {
		t.Errorf("audit %+v, %v", audit, err)
	}
}

// What no terminal can have sent is held, shown, and booked when somebody says so.
func TestWhatWasHeldIsReleased(t *testing.T) {
	c := newCluster(t, "attic")
	attic := c.agents[0]
	c.pair(attic)
	run, _ := attic.join(c.create("nauvis", attic), "", "proposal", "")
	if _, err := c.ChangeBusPolicy(t.Context(), me, api.ChangeBusPolicy{Burst: ptr(int64(10)), Rate: ptr(int64(1))}); err != nil {
		t.Fatal(err)
	}
	run.tell("iron-plate/normal=100/0/0")
	eventually(t, "what is held", 90, func() int64 { return c.bus("iron-plate").Held })
	booked, err := c.ReleaseHeld(t.Context(), me, api.GoodsOf{Instance: "nauvis", GoodsRef: ironPlate})
	if i := c.bus("iron-plate"); err != nil || booked.Amount != 90 || i.Level != 100 || i.Held != 0 {
		t.Errorf("%+v, %v; %+v", booked, err, i)
	}
	_, err = c.ReleaseHeld(t.Context(), me, api.GoodsOf{Instance: "nauvis", GoodsRef: ironPlate})
	refused(t, "nothing is held", err, "no iron-plate of nauvis are held")
}

func ptr[T any](v T) *T { return &v }

func TestPolicyIsChangedPartByPart(t *testing.T) {
	c := newCluster(t, "attic")
	attic := c.agents[0]
	c.pair(attic)
	id := c.create("nauvis", attic)
	change := func(r api.ChangeBusPolicy) api.BusPolicy {
		t.Helper()
		p, err := c.ChangeBusPolicy(t.Context(), me, r)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	change(api.ChangeBusPolicy{Fair: ptr(true)})
	change(api.ChangeBusPolicy{GoodsRef: ironPlate, Limit: ptr(int64(500))})
	change(api.ChangeBusPolicy{GoodsRef: ironPlate, Strict: ptr(true)})
	change(api.ChangeBusPolicy{Instance: "nauvis", Priority: ptr(3)})
	got := change(api.ChangeBusPolicy{Instance: "nauvis", Weight: ptr(int64(2)), GoodsRef: api.GoodsRef{Name: "energy"}, Reserve: ptr(int64(7))})
	want := api.BusPolicy{
		Default:   api.BusRule{Fair: true},
		Items:     []api.BusItemRule{{GoodsRef: api.GoodsRef{Name: "iron-plate", Quality: "normal"}, BusRule: api.BusRule{Fair: true, Strict: true, Limit: 500}}},
		Instances: []api.BusInstanceRule{{Instance: id, InstanceName: "nauvis", Priority: 3, Weight: 2}},
		Reserves:  []api.BusReserve{{Instance: id, InstanceName: "nauvis", GoodsRef: api.GoodsRef{Name: "energy"}, Amount: 7}},
		Burst:     got.Burst, Rate: got.Rate,
	}
	if !reflect.DeepEqual(got, want) || got.Burst == 0 {
		t.Errorf("%+v, want %+v", got, want)
	}
	c.stop()
	c.start()
	if kept, err := c.BusPolicy(t.Context(), me); err != nil || !reflect.DeepEqual(kept, want) {
		t.Errorf("kept %+v, %v", kept, err)
	}
	change(api.ChangeBusPolicy{GoodsRef: ironPlate, NoOwnRule: true})
	change(api.ChangeBusPolicy{Instance: "nauvis", Priority: ptr(0), Weight: ptr(int64(1))})
	got = change(api.ChangeBusPolicy{Instance: "nauvis", GoodsRef: api.GoodsRef{Name: "energy"}, Reserve: ptr(int64(0))})
	if len(got.Items)+len(got.Instances)+len(got.Reserves) > 0 {
		t.Errorf("left %+v", got)
	}
	for words, r := range map[string]api.ChangeBusPolicy{
		"is an instance's":          {Weight: ptr(int64(2))},
		"for some goods":            {Instance: "nauvis", Reserve: ptr(int64(2))},
		"there is no instance":      {Instance: "nowhere", Weight: ptr(int64(2))},
		"policy can't be like that": {Instance: "nauvis", Weight: ptr(int64(1000))},
	} {
		_, err := c.ChangeBusPolicy(t.Context(), me, r)
		refused(t, words, err, words)
	}
}

// A save that was copied to another instance raises a question; the world that has moved gives up its place.
func TestQuestionsAboutACopiedWorld(t *testing.T) {
	c := newCluster(t, "attic")
	attic := c.agents[0]
	c.pair(attic)
	first, second := c.create("nauvis", attic), c.create("nauvis 2", attic)
	run, assigned := attic.join(first, "", "proposal", "iron-plate/normal=10/0/0")
	run.tell("iron-plate/normal=50/0/0")
	copied, fresh := attic.join(second, assigned.Ledger, assigned.World, "iron-plate/normal=50/0/0")
	copied.tell("iron-plate/normal=-1/0/0")
	var problems api.BusProblems
	eventually(t, "questions and notices", 2, func() int {
		var err error
		if problems, err = c.BusProblems(t.Context(), me); err != nil {
			t.Fatal(err)
		}
		return len(problems.Questions) + len(problems.Notices)
	})
	q := problems.Questions[0]
	if q.World != fresh.World || q.Kind != api.CopiedWorld || q.InstanceName != "nauvis 2" || q.FromInstanceName != "nauvis" ||
		!strings.HasPrefix(q.Text, "nauvis 2 was started with a save of nauvis.") {
		t.Errorf("%+v", q)
	}
	if n := problems.Notices[0]; n.InstanceName != "nauvis 2" || n.Refused != 1 || !strings.Contains(n.Text, "made no sense") {
		t.Errorf("%+v", n)
	}
	_, err := c.AnswerQuestion(t.Context(), me, api.AnswerQuestion{World: fresh.World, Moved: true})
	refused(t, "the first one runs", err, "nauvis still runs")
	run.stream.Close()
	eventually(t, "an answer", true, func() bool {
		problems, err = c.AnswerQuestion(t.Context(), me, api.AnswerQuestion{World: "nauvis 2", Moved: true})
		return err == nil
	})
	if len(problems.Questions) > 0 {
		t.Errorf("%+v", problems)
	}
	accounts, err := c.BusAccounts(t.Context(), me, api.ReadAccounts{Name: "iron-plate"})
	if err != nil || len(accounts) == 0 || accounts[0].Instance != "" || accounts[0].World != assigned.World {
		t.Errorf("the first one gave up its place: %+v, %v", accounts, err)
	}
	_, err = c.AnswerQuestion(t.Context(), me, api.AnswerQuestion{World: fresh.World})
	refused(t, "no question", err, "no question")
}
