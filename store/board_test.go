package store

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"
)

// boardSound wants what is held in memory to be what the table says.
func (l *lab) boardSound() {
	l.tb.Helper()
	ctx := context.Background()
	s, err := l.db.sums(ctx)
	if err != nil {
		l.tb.Fatal(err)
	}
	waits := fmt.Sprintf(`state IN ('new', 'in_review') AND peak >= %g`, s.floor)
	if math.IsInf(s.floor, -1) {
		waits = `state IN ('new', 'in_review')`
	}
	for view, cond := range map[string]string{
		"open": waits, "flagged": waits + ` AND flagged > 0`, "today": waits + fmt.Sprintf(` AND opened_at >= %d`, l.db.midnight()),
		"review": `state = 'in_review'`, "snoozed": `state = 'snoozed'`, "all": `true`,
	} {
		q, err := l.db.queue(ctx, QueueAsk{View: view})
		if err != nil {
			l.tb.Fatal(err)
		}
		at := Place{0.5, 7}
		var n, before int64
		l.one(`SELECT count(*) FROM alert WHERE `+cond, &n)
		l.one(`SELECT count(*) FROM alert WHERE (priority, id) > (0.5, 7) AND `+cond, &before)
		if got := s.head.In(view); int64(got) != n {
			l.tb.Fatalf("view %s counts %d in memory, %d in the table", view, got, n)
		}
		if got, whole, err := q.count(ctx, l.db, &at); err != nil || !whole || int64(got) != before {
			l.tb.Fatalf("view %s has %d before %v, %d in the table (%v, %v)", view, got, at, before, whole, err)
		}
		for _, back := range []bool{false, true} {
			l.walkSound(q, at, back, cond)
		}
	}
	var people, oldest, wakes int64
	l.one(`SELECT count(DISTINCT coalesce(employee, 0)) FROM alert WHERE state IN ('new', 'in_review')`, &people)
	l.one(`SELECT coalesce((SELECT opened_at FROM alert WHERE state IN ('new', 'in_review') ORDER BY id LIMIT 1), 0)`, &oldest)
	l.one(`SELECT coalesce(min(snooze_until), 0) FROM alert WHERE state = 'snoozed'`, &wakes)
	if h := s.head; int64(h.People) != people || h.Oldest != oldest || h.Wakes != wakes {
		l.tb.Fatalf("people, oldest, wakes: %d %d %d in memory, %d %d %d in the table", h.People, h.Oldest, h.Wakes, people, oldest, wakes)
	}
	sum := 0
	for _, n := range s.head.Scores {
		sum += n
	}
	if sum != s.head.Open {
		l.tb.Fatalf("the histogram holds %d alerts; want %d", sum, s.head.Open)
	}
}

// walkSound wants the queue's order from a place on to be the table's.
func (l *lab) walkSound(q *queue, at Place, back bool, cond string) {
	l.tb.Helper()
	sign, way := "<", "DESC"
	if back {
		sign, way = ">", "ASC"
	}
	want, err := l.db.ids(context.Background(), `SELECT id FROM alert WHERE (priority, id) `+sign+` (?, ?) AND `+cond+` ORDER BY priority `+way+`, id `+way+` LIMIT 3`, at.Priority, at.ID)
	if err != nil {
		l.tb.Fatal(err)
	}
	got, _, err := q.list(context.Background(), l.db, &at, back, 3, false)
	if len(got) != len(want) || err != nil {
		l.tb.Fatalf("view %s, from %v: %v, %v; want %v", q.name, at, got, err, want)
	}
	for i := range got {
		if got[i].ID != want[i] {
			l.tb.Fatalf("view %s, from %v: %v; want %v", q.name, at, got, want)
		}
	}
}

func (l *lab) one(text string, dest *int64) {
	l.tb.Helper()
	if err := l.db.r.QueryRow(text).Scan(dest); err != nil {
		l.tb.Fatal(err)
	}
}

// What another process wrote, and what came while nobody asked, is read anew.
func TestBoardCatchesUp(t *testing.T) {
	l := queueLab(t)
	l.boardSound()
	if _, err := l.db.conn.ExecContext(t.Context(), `UPDATE alert SET state = 'snoozed', snooze_until = 1 WHERE id = 1`); err != nil {
		t.Fatal(err)
	}
	l.db.board.forget()
	l.boardSound()
	l.db.board.take(make([]boardLine, manyPending+1)) // more than anybody waits for
	l.post(res(40, 0.6))
	l.boardSound()
}

func TestArrivals(t *testing.T) {
	l := newLab(t)
	l.post(res(0, 0.3), res(0, 0.4))
	*l.clock = l.clock.Add(26 * time.Hour) // two midnights on: 11:00 the day after
	r := res(0, 0.9)
	r.Date = l.db.Now()
	l.post(r)
	days, err := l.db.Arrivals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if days[Days-1] != 1 || days[Days-2] != 0 {
		t.Errorf("today %d, yesterday %d; want 1, and none with a date of long ago", days[Days-1], days[Days-2])
	}
	r = res(0, 0.2)
	r.Date = l.db.Now() - microDay
	l.post(r)
	*l.clock = l.clock.Add(20 * time.Hour)
	if days, err = l.db.Arrivals(t.Context()); err != nil || days[Days-2] != 2 || days[Days-1] != 0 {
		t.Errorf("the day after: yesterday %d, today %d, %v; want 2 and 0", days[Days-2], days[Days-1], err)
	}
}
