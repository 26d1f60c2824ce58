package store

import (
	"testing"
	"time"
)

// What happened while the clock was a month ahead neither lasts nor hides anything once it is put back.
func TestClockWasAhead(t *testing.T) {
	l := newLab(t)
	ctx, month := t.Context(), 30*24*time.Hour
	l.post(res(0, 0.5))
	l.decide(l.ana, 1, Choice{Action: Snooze, Until: l.db.Now() + microDay})
	used, err := l.db.AddLink(ctx, "ana", 2*month)
	if err != nil {
		t.Fatal(err)
	}
	follow := func(code string) error {
		_, err := l.db.FollowLink(ctx, code, time.Minute, Terms{Idle: time.Hour})
		return err
	}
	*l.clock = l.clock.Add(month)
	fresh, err := l.db.AddLink(ctx, "ana", LinkLife)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{follow(used), Wake(ctx, l.db), l.db.RecordView(ctx, l.ana, "alert", 1), l.db.Reveal(ctx, l.ana, 1, 1, "")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	*l.clock = l.clock.Add(-month)
	wantKind(t, "a link that was used", follow(used), Unauthorized)
	wantKind(t, "a link of then", follow(fresh), Unauthorized)
	if i, err := l.db.Revealed(ctx, l.ana, 1, l.db.Now()); err != nil || i != nil {
		t.Errorf("an identity is shown for %v more", time.Duration(i.Until-l.db.Now())*time.Microsecond)
	}
	if names, err := l.db.NamesShown(ctx, l.ana, []int64{1}, l.db.Now()); err != nil || len(names) != 0 {
		t.Errorf("names %v, %v", names, err)
	}
	if may, err := l.db.MayKnow(ctx, l.ana, Employees, 1, l.db.Now()); err != nil || may {
		t.Errorf("it may be known: %v", err)
	}
	for range 2 { // the second is within 15 minutes of the first
		if err := l.db.RecordView(ctx, l.ana, "alert", 1); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, l.db, `SELECT count(*) FROM audit WHERE verb = 'view'`); n != 2 {
		t.Errorf("%d looks on record; want 2", n)
	}
	l.sound()
}
