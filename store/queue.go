package store

import (
	"cmp"
	"context"
	"database/sql"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// QueueFloor is the setting of the least score over scale that an undecided
// result needs to hold its alert in the queue; not set: none.
const QueueFloor = "floor"

// views are the ways to look at the queue: which of the open alerts they hold.
// Only "all" holds others, too.
var views = map[string]func(l *boardLine, floor float64, midnight int64) bool{
	"open":    func(l *boardLine, floor float64, _ int64) bool { return l.waits(floor) },
	"flagged": func(l *boardLine, floor float64, _ int64) bool { return l.waits(floor) && l.flagged },
	"today":   func(l *boardLine, floor float64, midnight int64) bool { return l.waits(floor) && l.opened >= midnight },
	"review":  func(l *boardLine, _ float64, _ int64) bool { return l.state == StateInReview },
	"snoozed": func(l *boardLine, _ float64, _ int64) bool { return l.state == StateSnoozed },
	"all":     nil,
}

// A page of a filtered queue looks at so many alerts, then ends and says so: a
// page costs the same however many alerts there are.
var (
	maxLooked = 5000
	maxDeep   = 1000 // where each one's results or evidence have to be searched
)

// firstLook is how long the first answer of a filter searches, which a reader waits for; the page then goes on by itself.
var firstLook = 10 * time.Millisecond

// QueueViews are the views of the queue, in the order to show.
var QueueViews = []string{"open", "flagged", "today", "review", "snoozed", "all"}

// QueueAsk says which alerts are wanted. The zero value asks for those that need a decision.
type QueueAsk struct {
	View   string // one of QueueViews; "" is "open"
	Filter string // as typed: dept:IT score>=0.6 usb
	Names  bool   // free words may match names
}

// Place is where an alert stands in the queue's order.
type Place struct {
	Priority float64
	ID       int64
}

// String is the place as it stands in URLs.
func (p Place) String() string {
	return strconv.FormatFloat(p.Priority, 'g', -1, 64) + "_" + strconv.FormatInt(p.ID, 10)
}

// compare orders by rank, the highest first.
func (p Place) compare(q Place) int {
	return cmp.Or(cmp.Compare(q.Priority, p.Priority), cmp.Compare(q.ID, p.ID))
}

// ParsePlace reads what String wrote.
func ParsePlace(s string) (p Place, ok bool) {
	prio, id, cut := strings.Cut(s, "_")
	var err1, err2 error
	p.Priority, err1 = strconv.ParseFloat(prio, 64)
	p.ID, err2 = strconv.ParseInt(id, 10, 64)
	return p, cut && err1 == nil && err2 == nil
}

// queue is a QueueAsk made ready to be answered.
type queue struct {
	name  string
	plain bool                  // without a filter
	in    func(*boardLine) bool // whether an open alert belongs to it, as far as the board tells; nil: all alerts do
	conds string                // what else the filter asks of alert a and person p; "": nothing
	args  []any
	deep  bool // conds search results or evidence
}

func (db *DB) queue(ctx context.Context, ask QueueAsk) (*queue, error) {
	name := cmp.Or(ask.View, "open")
	view, ok := views[name]
	if !ok {
		return nil, Errorf(NotFound, "there is no view %q; there are %s", ask.View, strings.Join(QueueViews, ", "))
	}
	dims, err := db.Drawn(ctx)
	if err != nil {
		return nil, err
	}
	s, err := parseSearch(ask.Filter, dims, ask.Names)
	if err != nil {
		return nil, err
	}
	q := &queue{name: name, plain: len(s.conds)+len(s.people)+len(s.scores) == 0, deep: s.deep}
	var whom map[int64]bool // nil: everybody
	if view == nil {
		for _, c := range s.scores {
			s.where(`a.peak `+c.op+` ?`, c.value)
		}
		s.conds, s.args = slices.Concat(s.people, s.conds), slices.Concat(s.whom, s.args)
	} else if len(s.people) > 0 {
		ids, err := db.ids(ctx, `SELECT id FROM person p WHERE `+strings.Join(s.people, ` AND `), s.whom...)
		if err != nil {
			return nil, err
		}
		whom = set(ids)
	}
	q.conds, q.args = strings.Join(s.conds, ` AND `), s.args
	floor, err := db.floor(ctx)
	if midnight := db.midnight(); view != nil {
		q.in = func(l *boardLine) bool {
			return view(l, floor, midnight) && (whom == nil || whom[l.employee]) &&
				!slices.ContainsFunc(s.scores, func(c comparison) bool { return !c.holds(l.peak) })
		}
	}
	return q, err
}

// midnight is when today began in the machine's zone.
func (db *DB) midnight() int64 {
	y, m, d := db.clock().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, db.clock().Location()).UnixMicro()
}

// floor is the least score over scale of what needs a decision; minus infinity if none is set.
func (db *DB) floor(ctx context.Context) (float64, error) {
	text, err := db.Setting(ctx, QueueFloor)
	if v, ok := parseFloat(text); err == nil && text != "" && ok {
		return v, nil
	}
	return math.Inf(-1), err
}

// next returns at most n places behind from (nil: from the first) in the queue's
// order, or before it, nearest first. What conds ask is still to be looked at.
func (q *queue) next(ctx context.Context, db *DB, from *Place, before bool, n int) (out []Place, err error) {
	order := Place.compare
	if before {
		order = func(a, b Place) int { return b.compare(a) }
	}
	b, err := db.locked(ctx)
	if err != nil {
		return nil, err
	}
	in := q.in
	if in == nil {
		in = func(*boardLine) bool { return true }
	}
	out = b.next(in, from, order, n)
	b.done()
	if q.in != nil {
		return out, nil
	}
	sign, way := "<", "DESC"
	if before {
		sign, way = ">", "ASC"
	}
	text, args := `SELECT priority, id FROM alert WHERE `+closedStates, []any{}
	if from != nil {
		text += ` AND priority ` + sign + `= ? AND (priority, id) ` + sign + ` (?, ?)` // the first is for the index: both ways
		args = append(args, from.Priority, from.Priority, from.ID)
	}
	text += ` ORDER BY priority ` + way + `, id ` + way + ` LIMIT ?`
	closed, err := all(ctx, db, func(r *sql.Rows, p *Place) error { return r.Scan(&p.Priority, &p.ID) }, text, append(args, n)...)
	if err != nil {
		return nil, err
	}
	out = append(out, closed...)
	slices.SortFunc(out, order)
	return out[:min(n, len(out))], nil
}

// holding returns those of places for which conds hold.
func (q *queue) holding(ctx context.Context, db *DB, places []Place) ([]Place, error) {
	if q.conds == "" || len(places) == 0 {
		return places, nil
	}
	ids, err := db.ids(ctx, `SELECT a.id FROM alert a LEFT JOIN person p ON p.id = a.employee WHERE `+q.conds+` AND a.id IN (SELECT value FROM json_each(?))`,
		append(slices.Clip(q.args), jsonIDs(idsIn(places)))...)
	held := set(ids)
	return slices.DeleteFunc(places, func(p Place) bool { return !held[p.ID] }), err
}

// among returns those of ids that the queue holds.
func (q *queue) among(ctx context.Context, db *DB, ids []int64) ([]int64, error) {
	var places []Place
	b, err := db.locked(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if i, open := b.at[id]; q.in == nil || open && q.in(&b.lines[i]) {
			places = append(places, Place{ID: id})
		}
	}
	b.done()
	places, err = q.holding(ctx, db, places)
	return idsIn(places), err
}

func idsIn(places []Place) []int64 {
	ids := make([]int64, len(places))
	for i, p := range places {
		ids[i] = p.ID
	}
	return ids
}

// reach is how many alerts are looked at.
func (q *queue) reach() int {
	switch {
	case q.conds == "":
		return math.MaxInt
	case q.deep:
		return maxDeep
	}
	return maxLooked
}

// list returns at most limit places behind from, or before it, and where it
// stopped if it has not looked at all of them; nil if there are no more.
func (q *queue) list(ctx context.Context, db *DB, from *Place, before bool, limit int, first bool) (out []Place, rest *Place, err error) {
	began := db.Now()
	for n, left := limit, q.reach(); left > 0; n = min(2*n, 1000) {
		n = min(n, left)
		some, err := q.next(ctx, db, from, before, n)
		if err != nil {
			return nil, nil, err
		}
		if len(some) > 0 {
			from = &Place{some[len(some)-1].Priority, some[len(some)-1].ID}
		}
		end := len(some) < n
		left -= len(some)
		if some, err = q.holding(ctx, db, some); err != nil {
			return nil, nil, err
		}
		if out = append(out, some...); len(out) >= limit {
			return out[:limit], &out[limit-1], nil
		}
		if end {
			return out, nil, nil
		}
		if first && q.deep && db.Now()-began > firstLook.Microseconds() {
			break
		}
	}
	return out, from, nil
}

// count counts the queue's alerts, or those before a place; whole is false if
// there may be more among those that it has not looked at.
func (q *queue) count(ctx context.Context, db *DB, before *Place) (n int, whole bool, err error) {
	if q.in != nil && q.conds == "" {
		b, err := db.locked(ctx)
		if err != nil {
			return 0, false, err
		}
		defer b.done()
		return b.count(q.in, before), true, nil
	}
	const step = 1000
	var from *Place
	for left := min(q.reach(), maxLooked); left > 0; left -= step {
		some, err := q.next(ctx, db, from, false, step)
		if err != nil {
			return 0, false, err
		}
		end := len(some) < step
		if !end {
			from = &Place{some[step-1].Priority, some[step-1].ID}
		}
		if before != nil {
			i, _ := slices.BinarySearchFunc(some, *before, Place.compare)
			some, end = some[:i], end || i < step
		}
		some, err = q.holding(ctx, db, some)
		if n += len(some); err != nil || end {
			return n, true, err
		}
	}
	return n, false, nil
}
