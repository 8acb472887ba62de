package api

import (
	"context"
	"encoding/json"
	"strings"
	"time"
)

// Bus is what is asked of what all worlds share.
type Bus interface {
	Bus(ctx context.Context, c Caller) ([]BusItem, error)
	BusAccounts(ctx context.Context, c Caller, r ReadAccounts) ([]BusAccount, error)
	BusHistory(ctx context.Context, c Caller, r ReadHistory) ([]BusPosting, error) // newest first
	// BusProblems is what somebody should look at.
	BusProblems(ctx context.Context, c Caller) (BusProblems, error)
	// VerifyBus looks whether the books of all goods add up. Of those that don't nothing is granted until they do.
	VerifyBus(ctx context.Context, c Caller) (BusCheck, error)
	// AcceptBooks takes the books of goods as they are although they do not add up.
	AcceptBooks(ctx context.Context, c Caller, r GoodsRef) (BusItem, error)
	// ForgiveDebt lets a world off what it owes. ReleaseHeld books what was held of what it says that it has sent.
	ForgiveDebt(ctx context.Context, c Caller, r GoodsOf) (Booked, error)
	ReleaseHeld(ctx context.Context, c Caller, r GoodsOf) (Booked, error)
	AnswerQuestion(ctx context.Context, c Caller, r AnswerQuestion) (BusProblems, error)
	BusPolicy(ctx context.Context, c Caller) (BusPolicy, error)
	ChangeBusPolicy(ctx context.Context, c Caller, r ChangeBusPolicy) (BusPolicy, error)
}

var busMethods = map[string]method{
	"Bus":             reads(ClusterRead, plain(Service.Bus)),
	"BusAccounts":     reads(ClusterRead, with(Service.BusAccounts)),
	"BusHistory":      reads(ClusterRead, with(Service.BusHistory)),
	"BusProblems":     reads(ClusterRead, plain(Service.BusProblems)),
	"VerifyBus":       reads(ClusterRead, plain(Service.VerifyBus)),
	"AcceptBooks":     changes(BusManage, with(Service.AcceptBooks)),
	"ForgiveDebt":     changes(BusManage, with(Service.ForgiveDebt)),
	"ReleaseHeld":     changes(BusManage, with(Service.ReleaseHeld)),
	"AnswerQuestion":  changes(BusManage, with(Service.AnswerQuestion)),
	"BusPolicy":       reads(ClusterRead, plain(Service.BusPolicy)),
	"ChangeBusPolicy": changes(BusManage, with(Service.ChangeBusPolicy)),
}

func (s stub) Bus(ctx context.Context, c Caller) ([]BusItem, error) {
	return ask[[]BusItem](ctx, s, c, "Bus", nil)
}

func (s stub) BusAccounts(ctx context.Context, c Caller, r ReadAccounts) ([]BusAccount, error) {
	return ask[[]BusAccount](ctx, s, c, "BusAccounts", &r)
}

func (s stub) BusHistory(ctx context.Context, c Caller, r ReadHistory) ([]BusPosting, error) {
	return ask[[]BusPosting](ctx, s, c, "BusHistory", &r)
}

func (s stub) BusProblems(ctx context.Context, c Caller) (BusProblems, error) {
	return ask[BusProblems](ctx, s, c, "BusProblems", nil)
}

func (s stub) VerifyBus(ctx context.Context, c Caller) (BusCheck, error) {
	return ask[BusCheck](ctx, s, c, "VerifyBus", nil)
}

func (s stub) AcceptBooks(ctx context.Context, c Caller, r GoodsRef) (BusItem, error) {
	return ask[BusItem](ctx, s, c, "AcceptBooks", &r)
}

func (s stub) ForgiveDebt(ctx context.Context, c Caller, r GoodsOf) (Booked, error) {
	return ask[Booked](ctx, s, c, "ForgiveDebt", &r)
}

func (s stub) ReleaseHeld(ctx context.Context, c Caller, r GoodsOf) (Booked, error) {
	return ask[Booked](ctx, s, c, "ReleaseHeld", &r)
}

func (s stub) AnswerQuestion(ctx context.Context, c Caller, r AnswerQuestion) (BusProblems, error) {
	return ask[BusProblems](ctx, s, c, "AnswerQuestion", &r)
}

func (s stub) BusPolicy(ctx context.Context, c Caller) (BusPolicy, error) {
	return ask[BusPolicy](ctx, s, c, "BusPolicy", nil)
}

func (s stub) ChangeBusPolicy(ctx context.Context, c Caller, r ChangeBusPolicy) (BusPolicy, error) {
	return ask[BusPolicy](ctx, s, c, "ChangeBusPolicy", &r)
}

// A BusItem is the account of one item, added up over all worlds.
type BusItem struct {
	Name     string `json:"name"`
	Title    string `json:"title"`     // what the games call it, in English; empty: not known
	Quality  string `json:"quality"`   // empty for fluids and energy, which is called so
	Level    int64  `json:"level"`     // on the bus; energy in MJ
	Sent     int64  `json:"sent"`      // Σ E: by worlds to the bus, as booked
	Received int64  `json:"received"`  // Σ I: by worlds from the bus, as last told
	Granted  int64  `json:"granted"`   // Σ G
	InFlight int64  `json:"in_flight"` // G − I
	Owed     int64  `json:"owed"`      // by worlds that took back what others had used
	Held     int64  `json:"held"`      // that worlds say they have sent, and that can't be so
	Limit    int64  `json:"limit"`     // at which worlds are told to send no more; 0: none
	Strict   bool   `json:"strict"`    // only what finished saves cover is granted
	Fair     bool   `json:"fair"`      // divided by what is wanted, not in the order of wants
	Frozen   bool   `json:"frozen"`    // the books do not add up, so nothing is granted
	Surplus  int64  `json:"surplus"`   // by how much there is more than there should be, as the last VerifyBus found
}

// A BusCheck is what came of adding up the books.
type BusCheck struct {
	At     time.Time     `json:"at"`
	Items  int           `json:"items"` // kinds of goods that were looked at
	Worlds int           `json:"worlds"`
	Wrong  []BusMismatch `json:"wrong"`
}

// A BusMismatch is a kind of goods whose books do not add up: Level − Owed + Players − Given − Posted is Surplus, not 0.
type BusMismatch struct {
	Name    string `json:"name"`
	Quality string `json:"quality"`
	Level   int64  `json:"level"`
	Owed    int64  `json:"owed"`
	Players int64  `json:"players"` // in inventories that the ledger keeps
	Given   int64  `json:"given"`   // net, by all worlds
	Posted  int64  `json:"posted"`  // by what somebody decided: debts forgiven, goods renamed
	Surplus int64  `json:"surplus"`
	Text    string `json:"text"` // what is wrong, for people
}

// GoodsRef names goods. Without a quality it is a normal item, or a fluid; "energy" is that.
type GoodsRef struct {
	Name    string `json:"name"`
	Quality string `json:"quality"`
}

func (r GoodsRef) target() string { return r.Words() }

// Words is "iron-plate (rare)".
func (r GoodsRef) Words() string {
	if r.Quality == "" || r.Quality == "normal" {
		return r.Name
	}
	return r.Name + " (" + r.Quality + ")"
}

// GoodsOf names some goods of one world.
type GoodsOf struct {
	Instance string `json:"instance"` // name or id of the instance, or the world's id
	GoodsRef
	Amount int64 `json:"amount"` // at most; 0: all
}

func (r GoodsOf) target() string { return r.Instance + " " + r.Words() }

// Booked says how much was booked.
type Booked struct {
	Amount int64 `json:"amount"`
}

// BusProblems is what wants somebody's attention.
type BusProblems struct {
	Questions []BusQuestion `json:"questions"`
	Wrong     []BusMismatch `json:"wrong"`   // as the last VerifyBus found
	Notices   []BusNotice   `json:"notices"` // since the controller's start
}

// Kinds of questions.
const (
	CopiedWorld  = "copied"  // a save of a world that belongs elsewhere was started: copied or moved?
	ForeignWorld = "foreign" // a save that belonged to another ledger was started: from zero?
)

// A BusQuestion is about a world that came with an identity which it could not keep. It trades meanwhile as a world of
// its own.
type BusQuestion struct {
	World            string    `json:"world"`
	At               time.Time `json:"at"`
	Kind             string    `json:"kind"`
	Instance         string    `json:"instance"`
	InstanceName     string    `json:"instance_name"`
	FromWorld        string    `json:"from_world"`
	FromInstance     string    `json:"from_instance"` // empty if the world that it came from runs nowhere
	FromInstanceName string    `json:"from_instance_name"`
	Text             string    `json:"text"` // what happened, and what the answers mean
}

// AnswerQuestion answers: it is a copy, which stays a world of its own; or the world has moved, so that the one that it
// came from gives up its place and hands over its debts.
type AnswerQuestion struct {
	World string `json:"world"` // its id, or the instance's name or id
	Moved bool   `json:"moved"`
}

func (r AnswerQuestion) target() string {
	if r.Moved {
		return r.World + " moved"
	}
	return r.World + " copied"
}

// A BusNotice says what an instance told and was not booked.
type BusNotice struct {
	Instance     string `json:"instance"`
	InstanceName string `json:"instance_name"`
	Strays       int64  `json:"strays"`  // messages of runs that are over
	Refused      int64  `json:"refused"` // messages and records that made no sense
	Why          string `json:"why"`     // the last of them was refused
	Text         string `json:"text"`
}

// A BusPolicy says how goods are divided. docs/ledger.md has the formulas.
type BusPolicy struct {
	Default   BusRule           `json:"default"` // of goods that have no rule of their own
	Items     []BusItemRule     `json:"items"`
	Instances []BusInstanceRule `json:"instances"`
	Reserves  []BusReserve      `json:"reserves"`
	Aging     bool              `json:"aging"` // what spoils grows older on the bus
	Burst     int64             `json:"burst"` // by which a total may grow at once, and Rate for each tick
	Rate      int64             `json:"rate"`
}

// BusRule is the policy for one kind of goods.
type BusRule struct {
	Strict bool  `json:"strict"`
	Fair   bool  `json:"fair"`
	Limit  int64 `json:"limit"` // 0: none
}

// BusItemRule is the rule of some goods.
type BusItemRule struct {
	GoodsRef
	BusRule
}

// BusInstanceRule says how an instance stands beside others.
type BusInstanceRule struct {
	Instance     string `json:"instance"`
	InstanceName string `json:"instance_name"`
	Priority     int    `json:"priority"` // the higher is served first; 0 without a rule
	Weight       int64  `json:"weight"`   // of its wants in a fair division; 1 without a rule
}

// BusReserve keeps goods on the bus for an instance.
type BusReserve struct {
	Instance     string `json:"instance"`
	InstanceName string `json:"instance_name"`
	GoodsRef
	Amount int64 `json:"amount"`
}

// ChangeBusPolicy changes what is not nil, and leaves the rest as it is.
type ChangeBusPolicy struct {
	GoodsRef // whose rule or reserve it is; without a name the rule of all that have none

	Strict    *bool  `json:"strict,omitempty"`
	Fair      *bool  `json:"fair,omitempty"`
	Limit     *int64 `json:"limit,omitempty"`
	NoOwnRule bool   `json:"no_own_rule,omitempty"` // the goods follow the rule for all

	Instance string `json:"instance,omitempty"` // name or id
	Priority *int   `json:"priority,omitempty"`
	Weight   *int64 `json:"weight,omitempty"`
	Reserve  *int64 `json:"reserve,omitempty"` // of the goods, for the instance; 0: none

	Aging *bool  `json:"aging,omitempty"`
	Burst *int64 `json:"burst,omitempty"` // 0 and 0: as it is made
	Rate  *int64 `json:"rate,omitempty"`
}

func (r ChangeBusPolicy) target() string {
	text, _ := json.Marshal(r) // numbers and strings can always be encoded
	return strings.Trim(string(text), "{}")
}

// ReadAccounts asks for the accounts of some goods, or of all if Name is empty.
type ReadAccounts struct {
	Name    string `json:"name"`
	Quality string `json:"quality"`
}

// A BusAccount is what is booked for one item of one world.
type BusAccount struct {
	World        string `json:"world"`
	Instance     string `json:"instance"`      // id; empty if the world runs nowhere
	InstanceName string `json:"instance_name"` // empty too if the instance is gone
	Name         string `json:"name"`
	Quality      string `json:"quality"`
	Sent         int64  `json:"sent"`
	Received     int64  `json:"received"` // as last told
	Granted      int64  `json:"granted"`
	InFlight     int64  `json:"in_flight"`
	Owed         int64  `json:"owed"`
	Held         int64  `json:"held"`
}

// ReadHistory asks for postings; what is empty does not restrict.
type ReadHistory struct {
	Name     string `json:"name"` // of the item
	Quality  string `json:"quality"`
	Instance string `json:"instance"` // name or id
	// Causes leaves out what worlds send and are given every day.
	Causes bool  `json:"causes"`
	Before int64 `json:"before"` // ID of the last one of the page before
	Limit  int   `json:"limit"`  // at most 1,000; 0: 100
}

// A BusPosting is one line of the bus's history.
type BusPosting struct {
	ID           int64     `json:"id"`
	At           time.Time `json:"at"`
	World        string    `json:"world"`
	Instance     string    `json:"instance"`
	InstanceName string    `json:"instance_name"`
	Kind         string    `json:"kind"`
	Name         string    `json:"name"`
	Quality      string    `json:"quality"`
	Count        int64     `json:"count"` // negative where goods were taken back
	Text         string    `json:"text"`  // what happened, for people
}
