package store

import (
	"context"
	"fmt"
	"sync"
)

// Counts are the numbers that open pages keep up to date.
type Counts struct {
	Open    int // alerts that need a decision
	Flagged int // of those
	Today   int // of those, opened today
}

// QueueHead is what stands above the queue.
type QueueHead struct {
	Counts
	People  int   // whom the open alerts are about
	Oldest  int64 // receipt of the open alert that waits longest, microseconds since 1970; 0: none waits
	Review  int
	Snoozed int
	Wakes   int64 // when the next snooze ends; 0: none does by time
	All     int
	Decided int // confirmations and dismissals made today

	Scores [openBins]int // open alerts by score over scale, the last also above 1
}

// doneSQL counts the verdicts since a time; more than 5,000 of them are not told apart.
const doneSQL = `SELECT count(*) FROM decision WHERE id > (SELECT max(id) FROM decision) - 5000 AND at >= ? AND action IN ('confirm', 'dismiss')`

// Counts counts what needs a decision.
func (db *DB) Counts(ctx context.Context) (Counts, error) {
	s, err := db.sums(ctx)
	return s.head.Counts, err
}

// sums are the counts over all open alerts as of now.
func (db *DB) sums(ctx context.Context) (boardSums, error) {
	floor, err := db.floor(ctx)
	if err != nil {
		return boardSums{}, err
	}
	b, err := db.locked(ctx)
	if err != nil {
		return boardSums{}, err
	}
	defer b.done()
	return *b.summed(db.midnight(), floor), nil
}

// QueueHead returns what stands above the queue.
func (db *DB) QueueHead(ctx context.Context) (QueueHead, error) {
	s, err := db.sums(ctx)
	if err != nil {
		return QueueHead{}, err
	}
	h, since := s.head, db.midnight()
	h.Scores = s.bins
	decided, err := db.once(fmt.Sprint(doneSQL, since), func() (n int64, err error) {
		err = row(ctx, db, doneSQL, []any{since}, &n)
		return n, err
	})
	h.Decided = int(decided)
	return h, err
}

// arrivals remembers the results received on each of 60 days, until the next commit.
type arrivals struct {
	mu       sync.Mutex
	gen      int64
	midnight int64
	days     [Days]int
}

// Arrivals counts the results received on each of the 60 days that end today, in
// the machine's zone. A result with a date before them is not among them.
func (db *DB) Arrivals(ctx context.Context) ([Days]int, error) {
	a, gen, midnight := &db.arrivals, db.Gen(), db.midnight()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.midnight == midnight && a.gen == gen {
		return a.days, nil
	}
	r, err := db.lately(ctx, db.Now())
	if err != nil {
		return a.days, err
	}
	defer r.done()
	a.gen, a.midnight, a.days = gen, midnight, [Days]int{}
	for _, list := range r.cells {
		for i := range list {
			day := Days - 1
			if before := midnight - list[i].received; before > 0 {
				day -= int((before + microDay - 1) / microDay)
			}
			if day >= 0 {
				a.days[day]++
			}
		}
	}
	return a.days, nil
}

// Warm reads what pages hold in memory, so that the first reader need not wait.
func (db *DB) Warm(ctx context.Context) error {
	_, err := db.sums(ctx)
	if err == nil {
		_, err = db.Arrivals(ctx)
	}
	return err
}

// total counts the queue's alerts once a commit.
func (q *queue) total(ctx context.Context, db *DB) (int, error) {
	if q.plain {
		s, err := db.sums(ctx)
		return s.head.of(q.name), err
	}
	n, err := db.once(fmt.Sprint("queue ", q.states, q.conds, q.args), func() (int64, error) {
		n, err := q.count(ctx, db, nil)
		return int64(n), err
	})
	return int(n), err
}

// of is the count of a view.
func (h *QueueHead) of(view string) int {
	return map[string]int{"open": h.Open, "flagged": h.Flagged, "today": h.Today, "review": h.Review, "snoozed": h.Snoozed, "all": h.All}[view]
}

const manyAlerts = 20_000 // places among more of them are not counted in SQL

// rank counts the queue's alerts before a place; ok is false where that takes too long to tell.
func (q *queue) rank(ctx context.Context, db *DB, at Place) (before int, ok bool, err error) {
	if !q.plain {
		n, err := q.count(ctx, db, &at)
		return n, err == nil, err
	}
	b, err := db.locked(ctx)
	if err != nil {
		return 0, false, err
	}
	before, ok = b.rank(q.name, at, db.midnight(), q.floor)
	few := b.all <= manyAlerts
	b.done()
	if !ok && few {
		before, err = q.count(ctx, db, &at)
	}
	return before, ok || few, err
}

// once counts under a key, and remembers it until the next commit.
func (db *DB) once(key string, count func() (int64, error)) (int64, error) {
	gen := db.Gen() // before the count: what is counted is at least as new
	if n, ok := db.totals.get(gen, key); ok {
		return n, nil
	}
	n, err := count()
	if err == nil {
		db.totals.put(gen, key, n)
	}
	return n, err
}

// AnyResult reports whether a result was ever stored.
func (db *DB) AnyResult(ctx context.Context) (bool, error) {
	n, err := db.once("any result", func() (n int64, err error) {
		err = row(ctx, db, `SELECT EXISTS (SELECT 1 FROM alert)`, nil, &n)
		return n, err
	})
	return n != 0, err
}

// AnyVerdict reports whether an account has confirmed or dismissed anything. It
// looks at the last 5,000 decisions.
func (db *DB) AnyVerdict(ctx context.Context, account int64) (bool, error) {
	n, err := db.once(fmt.Sprint("any verdict ", account), func() (n int64, err error) {
		err = row(ctx, db, `SELECT EXISTS (SELECT 1 FROM decision WHERE id > (SELECT max(id) FROM decision) - 5000 AND account = ? AND action IN ('confirm', 'dismiss'))`, []any{account}, &n)
		return n, err
	})
	return n != 0, err
}
