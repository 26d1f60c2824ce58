package store

import (
	"context"
	"fmt"
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
}

// Counts counts what needs a decision.
func (db *DB) Counts(ctx context.Context) (c Counts, err error) {
	err = db.countAll(ctx, map[string]*int{"open": &c.Open, "flagged": &c.Flagged, "today": &c.Today})
	return c, err
}

func (db *DB) countAll(ctx context.Context, into map[string]*int) error {
	for view, n := range into {
		q, err := db.queue(ctx, QueueAsk{View: view})
		if err != nil {
			return err
		}
		if *n, err = q.total(ctx, db); err != nil {
			return err
		}
	}
	return nil
}

// total counts the queue's alerts once a commit.
func (q *queue) total(ctx context.Context, db *DB) (int, error) {
	n, err := db.once(fmt.Sprint("queue ", q.states, q.conds, q.args), func() (int64, error) {
		n, err := q.count(ctx, db, nil)
		return int64(n), err
	})
	return int(n), err
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

// An alert with a lower id was opened earlier, so the lowest that is open waits longest.
const (
	peopleSQL = `SELECT count(DISTINCT employee) FROM alert INDEXED BY alert_open WHERE ` + openStates + ` AND state != 'snoozed'`
	oldestSQL = `SELECT coalesce((SELECT opened_at FROM alert WHERE id = (SELECT min(id) FROM alert WHERE state IN ('new', 'in_review'))), 0)`
	wakesSQL  = `SELECT coalesce(min(snooze_until), 0) FROM alert WHERE state = 'snoozed'`
	doneSQL   = `SELECT count(*) FROM decision WHERE id > (SELECT max(id) FROM decision) - 5000 AND at >= ? AND action IN ('confirm', 'dismiss')`
)

// QueueHead returns what stands above the queue.
func (db *DB) QueueHead(ctx context.Context) (h QueueHead, err error) {
	err = db.countAll(ctx, map[string]*int{
		"open": &h.Open, "flagged": &h.Flagged, "today": &h.Today,
		"review": &h.Review, "snoozed": &h.Snoozed, "all": &h.All,
	})
	if err != nil {
		return h, err
	}
	one := func(text string, args ...any) (n int64) {
		if err == nil {
			n, err = db.once(fmt.Sprint(text, args), func() (n int64, err error) {
				err = row(ctx, db, text, args, &n)
				return n, err
			})
		}
		return n
	}
	h.People, h.Oldest, h.Wakes, h.Decided = int(one(peopleSQL)), one(oldestSQL), one(wakesSQL), int(one(doneSQL, db.midnight()))
	return h, err
}

// AnyResult reports whether a result was ever stored.
func (db *DB) AnyResult(ctx context.Context) (bool, error) {
	n, err := db.once("any result", func() (n int64, err error) {
		err = row(ctx, db, `SELECT EXISTS (SELECT 1 FROM alert)`, nil, &n)
		return n, err
	})
	return n != 0, err
}
