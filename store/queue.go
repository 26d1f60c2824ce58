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

// view is a way to look at the queue.
type view struct {
	states []State
	cond   string // "" for none
	queue  bool   // what needs a decision: the floor counts
	index  string // finds what cond wants, to be sorted then; "": the states are walked in order by their index
}

var (
	waiting = []State{StateNew, StateInReview}
	views   = map[string]view{
		"open":    {states: waiting, queue: true},
		"flagged": {states: waiting, queue: true, cond: "a.flagged > 0"},
		"today":   {states: waiting, queue: true, cond: "a.opened_at >= ?", index: "alert_opened"},
		"review":  {states: []State{StateInReview}},
		"snoozed": {states: []State{StateSnoozed}},
		"all":     {states: []State{StateNew, StateInReview, StateSnoozed, StateConfirmed, StateDismissed, StateWithdrawn}},
	}
)

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

// queue is a QueueAsk made SQL.
type queue struct {
	view
	name  string
	plain bool    // without a filter
	floor float64 // the least peak of what needs a decision
	conds string  // each with AND after it
	args  []any
	words bool
}

func (db *DB) queue(ctx context.Context, ask QueueAsk) (*queue, error) {
	name := cmp.Or(ask.View, "open")
	v, ok := views[name]
	if !ok {
		return nil, Errorf(NotFound, "there is no view %q; there are %s", ask.View, strings.Join(QueueViews, ", "))
	}
	dims, err := dimensions(ctx, db)
	if err != nil {
		return nil, err
	}
	s, err := parseSearch(ask.Filter, dims, ask.Names)
	if err != nil {
		return nil, err
	}
	plain := len(s.conds) == 0
	if v.cond != "" {
		s.conds = append(s.conds, v.cond)
		if strings.Contains(v.cond, "?") {
			s.args = append(s.args, db.midnight())
		}
	}
	floor, err := db.floor(ctx)
	if err != nil {
		return nil, err
	}
	if v.queue && !math.IsInf(floor, -1) {
		s.where("a.peak >= ?", floor)
	}
	q := &queue{view: v, name: name, plain: plain, floor: floor, args: s.args, words: s.words}
	for _, c := range s.conds {
		q.conds += c + ` AND `
	}
	return q, nil
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

// in is what follows SELECT for the queue's alerts in one state.
func (q *queue) in(state State) string {
	by := ""
	if q.index != "" {
		by = ` INDEXED BY ` + q.index
	}
	return ` FROM alert a` + by + ` LEFT JOIN person p ON p.id = a.employee WHERE ` + q.conds + `a.state = '` + string(state) + `'`
}

// list returns at most limit places behind from (nil: from the first) in the
// queue's order, or before it, nearest first. It reads each state by its index.
func (q *queue) list(ctx context.Context, db *DB, from *Place, before bool, limit int) (out []Place, err error) {
	sign, order := "<", "DESC"
	if before {
		sign, order = ">", "ASC"
	}
	for _, state := range q.states {
		text, args := `SELECT a.priority, a.id`+q.in(state), slices.Clip(q.args)
		if from != nil {
			text += ` AND a.priority ` + sign + `= ? AND (a.priority, a.id) ` + sign + ` (?, ?)` // the first is for the index: both ways
			args = append(args, from.Priority, from.Priority, from.ID)
		}
		text += ` ORDER BY a.priority ` + order + `, a.id ` + order + ` LIMIT ?`
		some, err := all(ctx, db, func(r *sql.Rows, p *Place) error { return r.Scan(&p.Priority, &p.ID) }, text, append(args, limit)...)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	slices.SortFunc(out, Place.compare)
	if before {
		slices.Reverse(out)
	}
	return out[:min(limit, len(out))], nil
}

// count counts the queue's alerts, or those before a place.
func (q *queue) count(ctx context.Context, db *DB, before *Place) (n int, err error) {
	for _, state := range q.states {
		text, args := `SELECT count(*)`+q.in(state), slices.Clip(q.args)
		if before != nil {
			text += ` AND (a.priority, a.id) > (?, ?)`
			args = append(args, before.Priority, before.ID)
		}
		var some int
		if err := row(ctx, db, text, args, &some); err != nil {
			return 0, err
		}
		n += some
	}
	return n, nil
}

// among returns those of ids that the queue holds.
func (q *queue) among(ctx context.Context, db *DB, ids []int64) ([]int64, error) {
	states := make([]string, len(q.states))
	for i, s := range q.states {
		states[i] = `'` + string(s) + `'`
	}
	text := `SELECT a.id FROM alert a LEFT JOIN person p ON p.id = a.employee WHERE ` + q.conds + `a.id IN (SELECT value FROM json_each(?)) AND +a.state IN (` + strings.Join(states, `, `) + `)`
	return all(ctx, db, scanID, text, append(slices.Clip(q.args), jsonIDs(ids))...)
}

// all returns what scan makes of each row of a query.
func all[T any](ctx context.Context, rd reader, scan func(*sql.Rows, *T) error, text string, args ...any) (out []T, _ error) {
	rows, err := rd.query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var v T
		if err := scan(rows, &v); err != nil {
			return nil, classify(err)
		}
		out = append(out, v)
	}
	return out, classify(rows.Err())
}

func scanID(r *sql.Rows, id *int64) error { return r.Scan(id) }
