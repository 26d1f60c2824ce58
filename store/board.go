package store

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"sync"
)

// board holds the open alerts in memory, a line each: what the queue counts and
// ranks by. Asked in SQL, the counts of a hundred thousand open alerts take a
// second, at each commit anew. It is filled when a page first asks; from then on
// each commit hands over the lines that it wrote.
type board struct {
	note    sync.Mutex
	on      bool // somebody asked: lines are of use
	pending []boardLine

	mu    sync.Mutex // guards what follows
	full  bool
	lines []boardLine
	at    map[int64]int // places in lines, by alert
	all   int           // alerts, open or not
	last  int64         // highest id of an alert
	since int           // changes whenever a line does
	sums  boardSums
}

// boardLine is what is kept of an open alert.
type boardLine struct {
	Place
	employee int64
	peak     float64
	opened   int64
	until    int64 // snoozed until; 0: no time
	state    State
	flagged  bool
}

// boardSums is what one walk over the lines tells.
type boardSums struct {
	since    int
	midnight int64
	floor    float64
	head     QueueHead
}

const (
	openBins    = 20 // of the histogram of open scores, from 0 to 1
	manyPending = 50_000
)

// line is a's as it is now.
func (a *alertRow) line() boardLine {
	return boardLine{Place{a.priority(), a.id}, a.employee, a.peak, a.opened, a.until.V, a.state, a.flagged > 0}
}

// take notes what a commit wrote. It runs in the writer: it must not wait.
func (b *board) take(lines []boardLine) {
	b.note.Lock()
	defer b.note.Unlock()
	if !b.on {
		return
	}
	if b.pending = append(b.pending, lines...); len(b.pending) > manyPending { // nobody asks any more
		b.on, b.pending = false, nil
	}
}

// forget has everything read anew: another process has written.
func (b *board) forget() {
	b.note.Lock()
	defer b.note.Unlock()
	b.on, b.pending = false, nil
}

// taken hands out what was noted. whole is false if something is missing.
func (b *board) taken() (lines []boardLine, whole bool) {
	b.note.Lock()
	defer b.note.Unlock()
	lines, whole = b.pending, b.on
	b.on, b.pending = true, nil
	return lines, whole
}

// locked brings the board up to the newest commit and locks it: done has to be called.
func (db *DB) locked(ctx context.Context) (*board, error) {
	b := &db.board
	b.mu.Lock()
	lines, whole := b.taken()
	if !whole || !b.full {
		if err := b.fill(ctx, db); err != nil {
			b.full = false
			b.mu.Unlock()
			return nil, err
		}
	}
	for _, l := range lines {
		b.put(l)
	}
	return b, nil
}

func (b *board) done() { b.mu.Unlock() }

// fill reads all open alerts. A commit meanwhile may be among them and among
// what is noted: a line that is put twice is put once.
func (b *board) fill(ctx context.Context, db *DB) error {
	b.full, b.lines, b.at = true, nil, map[int64]int{}
	err := db.r.QueryRowContext(ctx, `SELECT coalesce(max(id), 0), count(*) FROM alert`).Scan(&b.last, &b.all)
	if err != nil {
		return classify(err)
	}
	list, err := all(ctx, db, func(r *sql.Rows, l *boardLine) error {
		return r.Scan(&l.ID, &l.employee, &l.Priority, &l.peak, &l.opened, &l.until, &l.state, &l.flagged)
	}, `SELECT id, coalesce(employee, 0), priority, peak, opened_at, coalesce(snooze_until, 0), state, flagged > 0
		FROM alert WHERE `+openStates+` AND id <= ?`, b.last)
	for _, l := range list {
		b.put(l)
	}
	return err
}

// put takes in what an alert is now.
func (b *board) put(l boardLine) {
	b.since++
	if l.ID > b.last {
		b.last = l.ID
		b.all++
	}
	i, here := b.at[l.ID]
	switch {
	case l.state.Open() && here:
		b.lines[i] = l
	case l.state.Open():
		b.at[l.ID] = len(b.lines)
		b.lines = append(b.lines, l)
	case here:
		end := len(b.lines) - 1
		b.lines[i] = b.lines[end]
		b.at[b.lines[i].ID] = i
		b.lines = b.lines[:end]
		delete(b.at, l.ID)
	}
}

// waits reports whether an analyst has to decide on the alert now.
func (l *boardLine) waits(floor float64) bool { return l.state != StateSnoozed && l.peak >= floor }

// summed counts the lines, once for as long as they stay as they are.
func (b *board) summed(midnight int64, floor float64) *boardSums {
	s := &b.sums
	if s.since == b.since && s.midnight == midnight && s.floor == floor && b.since > 0 {
		return s
	}
	*s = boardSums{since: b.since, midnight: midnight, floor: floor}
	people, oldest := make(map[int64]struct{}, len(b.lines)), int64(math.MaxInt64)
	for i := range b.lines {
		l := &b.lines[i]
		switch l.state {
		case StateSnoozed:
			if s.head.Snoozed++; l.until != 0 && (s.head.Wakes == 0 || l.until < s.head.Wakes) {
				s.head.Wakes = l.until
			}
		case StateInReview:
			s.head.Review++
		}
		if !l.waits(floor) {
			continue
		}
		s.head.Open++
		people[l.employee] = struct{}{}
		s.head.Scores[int(min(max(l.peak*openBins, 0), openBins-1))]++
		if l.flagged {
			s.head.Flagged++
		}
		if l.opened >= midnight {
			s.head.Today++
		}
		if l.ID < oldest { // a lower id was opened earlier
			oldest, s.head.Oldest = l.ID, l.opened
		}
	}
	s.head.People, s.head.All = len(people), b.all
	return s
}

// next returns the n first places in order, behind from, of the alerts that are in.
func (b *board) next(in func(*boardLine) bool, from *Place, order func(a, b Place) int, n int) (out []Place) {
	for i := range b.lines {
		l := &b.lines[i]
		if from != nil && order(l.Place, *from) <= 0 || len(out) == n && order(l.Place, out[n-1]) >= 0 || !in(l) {
			continue
		}
		at, _ := slices.BinarySearchFunc(out, l.Place, order)
		out = slices.Insert(out, at, l.Place)
		out = out[:min(len(out), n)]
	}
	return out
}

// count counts the alerts that are in, before a place if there is one.
func (b *board) count(in func(*boardLine) bool, before *Place) (n int) {
	for i := range b.lines {
		if l := &b.lines[i]; (before == nil || l.compare(*before) < 0) && in(l) {
			n++
		}
	}
	return n
}
