package store

import (
	"context"
	"fmt"
	"runtime/debug"
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
	decided, err := db.number(ctx, doneSQL, since)
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
	for person := range r.cells {
		for _, c := range r.of(person) {
			day := Days - 1
			if before := midnight - c.received; before > 0 {
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
	if err == nil {
		_, err = db.Explored(ctx)
	}
	debug.FreeOSMemory() // what reading left behind: some 28 MB at a million results
	return err
}

// total counts the queue's alerts, once a commit; whole is false if there may be more.
func (q *queue) total(ctx context.Context, db *DB) (n int, whole bool, err error) {
	switch {
	case q.plain:
		s, err := db.sums(ctx)
		return s.head.In(q.name), true, err
	case q.conds == "":
		return q.count(ctx, db, nil)
	}
	twice, err := db.once(fmt.Sprint("queue ", q.name, q.conds, q.args), func() (int64, error) {
		n, whole, err := q.count(ctx, db, nil)
		if n *= 2; !whole {
			n++
		}
		return int64(n), err
	})
	return int(twice / 2), twice%2 == 0, err
}

// In is the count of a view.
func (h *QueueHead) In(view string) int {
	return map[string]int{"open": h.Open, "flagged": h.Flagged, "today": h.Today, "review": h.Review, "snoozed": h.Snoozed, "all": h.All}[view]
}

// once counts under a key, and remembers it until the next commit.
func (db *DB) once(key string, count func() (int64, error)) (int64, error) {
	gen := db.Gen() // before the count: what is counted is at least as new
	if c, ok := db.totals.get(key); ok && c.gen == gen {
		return c.n, nil
	}
	n, err := count()
	if err == nil {
		db.totals.put(key, tally{gen: gen, n: n})
	}
	return n, err
}

// number is the one number that a query gives, once a commit.
func (db *DB) number(ctx context.Context, text string, args ...any) (int64, error) {
	return db.once(fmt.Sprint(text, args), func() (n int64, err error) {
		err = row(ctx, db, text, args, &n)
		return n, err
	})
}

// AnyResult reports whether a result was ever stored.
func (db *DB) AnyResult(ctx context.Context) (bool, error) {
	n, err := db.number(ctx, `SELECT EXISTS (SELECT 1 FROM alert)`)
	return n != 0, err
}

// CountPeople counts everybody.
func (db *DB) CountPeople(ctx context.Context) (int, error) {
	n, err := db.number(ctx, `SELECT count(*) FROM person`)
	return int(n), err
}

// AnyVerdict reports whether an account has confirmed or dismissed anything. It
// looks at the last 5,000 decisions.
func (db *DB) AnyVerdict(ctx context.Context, account int64) (bool, error) {
	n, err := db.number(ctx, `SELECT EXISTS (SELECT 1 FROM decision WHERE id > (SELECT max(id) FROM decision) - 5000 AND account = ? AND action IN ('confirm', 'dismiss'))`, account)
	return n != 0, err
}
