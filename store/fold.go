package store

import (
	"bytes"
	"database/sql"
	"math"
	"slices"
	"strconv"
)

// State is where an alert stands.
type State string

// States of an alert. The first three are open: undecided results join them.
const (
	StateNew       State = "new"
	StateInReview  State = "in_review"
	StateSnoozed   State = "snoozed"
	StateConfirmed State = "confirmed"
	StateDismissed State = "dismissed"
	StateWithdrawn State = "withdrawn" // all its results are gone
)

// Open reports whether something in the alert is still to be decided.
func (s State) Open() bool { return s == StateNew || s == StateInReview || s == StateSnoozed }

// Action is what an analyst does to an alert.
type Action string

// Actions. Review takes the alert, Reopen makes all of it undecided again.
const (
	Review  Action = "review"
	Confirm Action = "confirm"
	Dismiss Action = "dismiss"
	Snooze  Action = "snooze"
	Reopen  Action = "reopen"
	Undo    Action = "undo"
	Remark  Action = "note"
)

// Decision is one row of an alert's history; rows are never changed.
type Decision struct {
	ID, Alert, At, Account int64
	Action                 Action
	Reason                 sql.Null[int64] // Dismiss: a digit of Reasons
	Note                   string
	Until                  sql.Null[int64]   // Snooze: microseconds since 1970
	Over                   sql.Null[float64] // Snooze: a score over scale
	Undoes, Batch          sql.Null[int64]
	covers                 []cover
}

// cover is a result as it was when a decision covered it.
type cover struct {
	result int64
	digest []byte
}

// Places of the dimensions in an alert. What lies beyond the four of 2014 shares the last.
const (
	dimEmail = iota
	dimWeb
	dimDevice
	dimLogin
	dimOther
	dimCount
)

// point is what the state of an alert takes from a result. Score and
// dimensions are over the model's scale.
type point struct {
	id, date, received int64
	score              float64
	flag               bool
	model, family      string
	dims               [dimCount]sql.Null[float64]
	digest             []byte
}

// The queue's order: peak + 0.06 if flagged + 0.03 for each further model that agrees.
const (
	flagTerm  = 0.06
	agreeTerm = 0.03
	agreeFrom = 0.45 // score over scale
	maxAgree  = 16   // families counted at most, so that a row stays small
)

// summary is the state of an alert as it follows from its decisions and results.
// Flagged, peak, models and dims are those of its undecided results; of all, when
// none is undecided.
type summary struct {
	stand
	opened     int64 // receipt of its first result
	received   int64 // and of the newest
	first      int64 // dates of its results
	last       int64
	n          int
	undecided  int
	flagged    int
	peak       float64
	peakResult int64
	models     []string // families that agree, sorted
	dims       [dimCount]sql.Null[float64]
}

// stand is where decisions have left an alert.
type stand struct {
	state    State
	reviewer int64             // account; 0: not in review
	until    sql.Null[int64]   // snoozed until then
	over     sql.Null[float64] // snoozed until the peak is above
	changed  bool              // what a decision covered is not as it was
	decision int64             // the newest, notes apart; 0: none
}

// fold computes an alert's state at the time asOf from all its decisions, by
// id, and the results that it holds now. inForce maps the decided among them to
// the decision that covers them.
func fold(decisions []Decision, results []point, asOf int64) (f summary, inForce map[int64]int64) {
	h := replay(decisions)
	f.stand = h.stand
	f.decision = newest(decisions)
	inForce = map[int64]int64{}
	confirmed := false
	for _, p := range results {
		f.span(p)
		if d, ok := h.force[p.id]; ok {
			inForce[p.id] = d.ID
			confirmed = confirmed || d.Action == Confirm
		}
	}
	f.undecided = f.n - len(inForce)
	for _, p := range results {
		if _, decided := inForce[p.id]; !decided || f.undecided == 0 {
			f.rank(p)
		}
	}
	f.changed = h.differs(results)
	switch {
	case f.n == 0:
		f.turn(StateWithdrawn)
	case f.undecided == 0 && confirmed:
		f.turn(StateConfirmed)
	case f.undecided == 0:
		f.turn(StateDismissed)
	}
	f.wake(asOf)
	return f, inForce
}

// newest returns the decision that may be undone: notes decide nothing.
func newest(decisions []Decision) int64 {
	for _, d := range slices.Backward(decisions) {
		if d.Action != Remark {
			return d.ID
		}
	}
	return 0
}

// history is where an alert's decisions have led.
type history struct {
	stand
	force  map[int64]*Decision // by result
	covers []cover             // of the decisions in force
}

// replay walks the decisions that have not been undone.
func replay(decisions []Decision) history {
	void := map[int64]bool{}
	for _, d := range slices.Backward(decisions) {
		if d.Action == Undo && !void[d.ID] {
			void[d.Undoes.V] = true
		}
	}
	h := history{stand: stand{state: StateNew}, force: map[int64]*Decision{}}
	for i := range decisions {
		if d := &decisions[i]; !void[d.ID] {
			h.step(d)
		}
	}
	return h
}

func (h *history) step(d *Decision) {
	switch d.Action {
	case Review:
		h.stand = stand{state: StateInReview, reviewer: d.Account}
	case Snooze:
		h.stand = stand{state: StateSnoozed, until: d.Until, over: d.Over}
	case Reopen:
		h.stand = stand{state: StateInReview, reviewer: d.Account}
		clear(h.force)
		h.covers = nil
	case Confirm, Dismiss:
		if h.state == StateSnoozed {
			h.stand = stand{state: StateNew} // a part was decided: the rest does not sleep on
		}
		for _, c := range d.covers {
			h.force[c.result] = d
		}
		h.covers = append(h.covers, d.covers...)
	}
}

// differs reports whether a result that is decided has gone or is not what it was.
func (h *history) differs(results []point) bool {
	now := make(map[int64][]byte, len(results))
	for _, p := range results {
		now[p.id] = p.digest
	}
	return slices.ContainsFunc(h.covers, func(c cover) bool {
		digest, here := now[c.result]
		return !here || !bytes.Equal(digest, c.digest)
	})
}

// join adds an undecided result that has just come to an open alert.
func (f *summary) join(p point, asOf int64) {
	f.span(p)
	f.undecided++
	f.rank(p)
	f.wake(asOf)
}

// span counts p and widens the times to hold it.
func (f *summary) span(p point) {
	if f.n == 0 {
		f.first, f.last, f.opened, f.received = p.date, p.date, p.received, p.received
	}
	f.n++
	f.first, f.last = min(f.first, p.date), max(f.last, p.date)
	f.opened, f.received = min(f.opened, p.received), max(f.received, p.received)
}

// rank lets p count for the place in the queue. Equal scores: the lower id is
// the peak, so that the order of arrival does not matter.
func (f *summary) rank(p point) {
	if f.peakResult == 0 || p.score > f.peak || p.score == f.peak && p.id < f.peakResult {
		f.peak, f.peakResult = p.score, p.id
	}
	if p.flag {
		f.flagged++
	}
	if p.score >= agreeFrom {
		f.agree(p.family)
	}
	for i, v := range p.dims {
		if v.Valid && (!f.dims[i].Valid || v.V > f.dims[i].V) {
			f.dims[i] = v
		}
	}
}

// agree keeps the first maxAgree families in the order of the alphabet.
func (f *summary) agree(family string) {
	i, found := slices.BinarySearch(f.models, family)
	if found || i == maxAgree || family == "" { // a model without a name agrees with nobody
		return
	}
	f.models = slices.Insert(slices.Clone(f.models), i, family) // a copy: the old list may be held
	f.models = f.models[:min(len(f.models), maxAgree)]
}

// turn puts the alert into a state without reviewer and snooze.
func (s *stand) turn(to State) {
	*s = stand{state: to, changed: s.changed, decision: s.decision}
}

// wake ends a snooze whose time has come or whose score was passed.
func (f *summary) wake(asOf int64) {
	if f.state == StateSnoozed && (f.until.Valid && f.until.V <= asOf || f.over.Valid && f.peak > f.over.V) {
		f.turn(StateNew)
	}
}

// RankTerm is one part of an alert's place in the queue.
type RankTerm struct {
	Name  string // "score", "flagged", "3 models agree"
	Value float64
}

// RankTerms returns what the order of the queue is made of, by the lens Score:
// the highest score over scale, and what is added for a flag and for models that
// agree. It orders work; it says nothing about a person.
func RankTerms(peak float64, flagged bool, models int) []RankTerm {
	t := []RankTerm{{"score", peak}}
	if flagged {
		t = append(t, RankTerm{"flagged", flagTerm})
	}
	if models > 1 {
		t = append(t, RankTerm{strconv.Itoa(models) + " models agree", agreeTerm * float64(models-1)})
	}
	return t
}

// priority is the sum of RankTerms.
func (f *summary) priority() float64 {
	p := f.peak
	if f.flagged > 0 {
		p += flagTerm
	}
	if n := len(f.models); n > 1 {
		p += agreeTerm * float64(n-1)
	}
	return p
}

// scaled divides a value by its model's scale, kept finite.
func scaled(v, scale float64) float64 {
	return max(-math.MaxFloat64, min(v/scale, math.MaxFloat64))
}

// scale divides the dimensions, as the score was.
func (p *point) scale(by float64) {
	for i := range p.dims {
		p.dims[i].V = scaled(p.dims[i].V, by)
	}
}
