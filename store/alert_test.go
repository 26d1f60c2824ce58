package store

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// A result joins an open alert of its employee within seven calendar days.
func TestGrouping(t *testing.T) {
	at := func(days ...float64) (rs []*Result) {
		for _, d := range days {
			rs = append(rs, res(d, 0.5))
		}
		return rs
	}
	for _, tt := range []struct {
		name string
		in   []*Result
		want []int64 // alert of each
	}{
		{"the same day", at(0, 0), []int64{1, 1}},
		{"seven days later, at its end", at(0, 7.99), []int64{1, 1}},
		{"eight days later", at(0, 8), []int64{1, 2}},
		{"seven days before, at its beginning", at(0.9, -7), []int64{1, 1}},
		{"eight days before", at(0, -7.01), []int64{1, 2}},
		{"a chain", at(0, 7, 14, 21), []int64{1, 1, 1, 1}},
		{"between two: the older; they never merge", at(0, 14, 7, 14), []int64{1, 2, 1, 1}},
		{"the older by opening, not by date", at(14, 0, 7), []int64{1, 2, 1}},
		{"before 1970", at(-25_000, -25_007, -25_015), []int64{1, 1, 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			one, each := newLab(t), newLab(t)
			copies := make([]*Result, len(tt.in))
			for i, r := range tt.in {
				c := *r
				copies[i] = &c
			}
			if got := one.post(tt.in...); !slices.Equal(got, tt.want) {
				t.Errorf("in one request: alerts %v; want %v", got, tt.want)
			}
			for i, r := range copies {
				if got := each.post(r)[0]; got != tt.want[i] {
					t.Errorf("in %d requests: result %d is in alert %d; want %d", len(copies), i, got, tt.want[i])
				}
			}
			one.sound()
			each.sound()
		})
	}
}

func TestGroupingIsPerEmployee(t *testing.T) {
	l := newLab(t)
	other := res(0, 0.5)
	other.Employee = 2
	if got := l.post(res(0, 0.5), other, res(1, 0.4)); !slices.Equal(got, []int64{1, 2, 1}) {
		t.Errorf("alerts %v; want 1 2 1", got)
	}
}

// A decided alert takes no more results: the next opens a new one.
func TestDecidedAlertTakesNoResult(t *testing.T) {
	l := newLab(t)
	l.post(res(0, 0.5))
	d := l.decide(l.ana, 1, dismissed)
	if got := l.post(res(1, 0.6))[0]; got != 2 {
		t.Errorf("a result after the dismissal is in alert %d; want a new one", got)
	}
	l.decide(l.ana, 1, Choice{Action: Undo, Undoes: d.Decision})
	if got := l.post(res(2, 0.6))[0]; got != 1 {
		t.Errorf("after undoing, a result that fits both is in alert %d; want the older", got)
	}
	l.sound()
}

// What a change or deletion of a result does to alerts (PRODUCT decision 4).
func TestChangedResults(t *testing.T) {
	type scene struct {
		*lab
		a, b *Result // of alert 1, on days 0 and 3
	}
	for _, tt := range []struct {
		name    string
		do      func(s scene)
		alertOf [2]int64 // a, b
		states  string   // of all alerts, in order
		changed bool     // alert 1
	}{
		{"score, undecided: stays and is ranked anew", func(s scene) {
			s.change(func(r *Result) { r.Score = 0.9 }, s.a)
			if got := s.alert(1); got.peak != 0.9 || got.peakResult != s.a.ID {
				s.tb.Errorf("peak %v of result %d; want 0.9 of %d", got.peak, got.peakResult, s.a.ID)
			}
		}, [2]int64{1, 1}, "new", false},
		{"score, decided: leaves into a new alert", func(s scene) {
			s.decide(s.ana, 1, dismissed)
			s.change(func(r *Result) { r.Score = 0.9 }, s.a)
		}, [2]int64{2, 1}, "dismissed new", true},
		{"score, decision undone: leaves all the same, for redoing would decide it unseen", func(s scene) {
			d := s.decide(s.ana, 1, dismissed)
			u := s.decide(s.ana, 1, Choice{Action: Undo, Undoes: d.Decision})
			s.change(func(r *Result) { r.Score = 0.9 }, s.a)
			s.decide(s.ana, 1, Choice{Action: Undo, Undoes: u.Decision})
		}, [2]int64{2, 1}, "dismissed new", true},
		{"flag, decided: stays decided, and is marked", func(s scene) {
			s.decide(s.ana, 1, dismissed)
			s.change(func(r *Result) { r.Flag = true }, s.a)
		}, [2]int64{1, 1}, "dismissed", true},
		{"flag, decided and changed back: as it was", func(s scene) {
			s.decide(s.ana, 1, dismissed)
			s.change(func(r *Result) { r.Flag = true }, s.a)
			s.change(func(r *Result) { r.Flag = false }, s.a)
		}, [2]int64{1, 1}, "dismissed", false},
		{"date, still near: stays", func(s scene) {
			s.change(func(r *Result) { r.Date += 5 * microDay }, s.a)
		}, [2]int64{1, 1}, "new", false},
		{"date, far: opens a new alert", func(s scene) {
			s.change(func(r *Result) { r.Date += 50 * microDay }, s.a)
		}, [2]int64{2, 1}, "new new", false},
		{"dates of all, far: the alert moves with them", func(s scene) {
			s.decide(s.ana, 1, Choice{Action: Review})
			s.change(func(r *Result) { r.Date += 50 * microDay }, s.a, s.b)
		}, [2]int64{1, 1}, "in_review", false},
		{"employee: goes to that person", func(s scene) {
			s.change(func(r *Result) { r.Employee = 2 }, s.a)
		}, [2]int64{2, 1}, "new new", false},
		{"employee of all: the alert is left empty", func(s scene) {
			s.change(func(r *Result) { r.Employee = 2 }, s.a, s.b)
		}, [2]int64{2, 2}, "withdrawn new", false},
		{"one deleted, undecided", func(s scene) { s.remove(s.a) }, [2]int64{0, 1}, "new", false},
		{"one deleted, decided", func(s scene) {
			s.decide(s.ana, 1, dismissed)
			s.remove(s.a)
		}, [2]int64{0, 1}, "dismissed", true},
		{"all deleted, decided: withdrawn, the decision is kept", func(s scene) {
			s.decide(s.ana, 1, Choice{Action: Confirm})
			s.remove(s.a, s.b)
			if n := count(s.tb, s.db, `SELECT count(*) FROM decision_result`); n != 2 {
				s.tb.Errorf("%d results on record; want 2", n)
			}
		}, [2]int64{0, 0}, "withdrawn", true},
		{"the undecided one of two deleted: what is left is decided", func(s scene) {
			s.decide(s.ana, 1, Choice{Action: Dismiss, Reason: new(4), Results: []int64{s.b.ID}})
			s.remove(s.a)
		}, [2]int64{0, 1}, "dismissed", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := scene{lab: newLab(t), a: res(0, 0.5), b: res(3, 0.6)}
			s.post(s.a, s.b)
			tt.do(s)
			if got := [2]int64{s.alertOf(s.a), s.alertOf(s.b)}; got != tt.alertOf {
				t.Errorf("the results are in alerts %v; want %v", got, tt.alertOf)
			}
			var states []string
			for id := range count(t, s.db, `SELECT count(*) FROM alert`) {
				states = append(states, string(s.alert(int64(id+1)).state))
			}
			if got := strings.Join(states, " "); got != tt.states {
				t.Errorf("alerts are %s; want %s", got, tt.states)
			}
			if got := s.alert(1).changed; got != tt.changed {
				t.Errorf("changed since the decision: %v; want %v", got, tt.changed)
			}
			s.sound()
		})
	}
}

// Deleting an employee takes the results; the alert stays without a person.
func TestDeletedEmployee(t *testing.T) {
	l := newLab(t)
	a, b := res(0, 0.5), res(3, 0.6)
	l.post(a, b)
	l.decide(l.ana, 1, Choice{Action: Confirm})
	l.write(func(tx *Tx) error {
		moves, err := deleteResults(tx, []*Result{a, b})
		if err != nil {
			return err
		}
		for _, q := range []string{`UPDATE alert SET employee = NULL WHERE employee = 1`, `DELETE FROM employee WHERE id = 1`} {
			if _, err := tx.Exec(q); err != nil {
				return err
			}
		}
		return settleAlerts(tx, moves, nil)
	})
	if a := l.alert(1); a.state != StateWithdrawn || a.employee != 0 || !a.changed {
		t.Errorf("alert = %+v; want withdrawn, without employee, changed", a)
	}
	l.sound()
}

// Evidence that goes changes what a decided result was.
func TestLostEvidenceMarksTheAlert(t *testing.T) {
	l := newLab(t)
	const body = `{"employee": {"employee_id": "EM001"}, "date": "2026-03-01", "reporter": "usb-watch 1.0", "score": 0.5,
		"evidence": [{"description": "x", "evidence_type": "web", "subject": "y", "date_from": "2026-03-01", "date_to": "2026-03-01"}]}`
	apply := func(fn func(*Batch) error) {
		t.Helper()
		if _, _, err := Apply(t.Context(), l.db, l.ana, func(b *Batch) (int, error) { return 0, fn(b) }); err != nil {
			t.Fatal(err)
		}
	}
	apply(func(b *Batch) error {
		in, err := Results.Decode([]byte(body))
		if err == nil {
			_, err = b.Post(in)
		}
		return err
	})
	l.decide(l.ana, 1, dismissed)
	l.sound()
	apply(func(b *Batch) error { return b.Delete(Evidences, 1) })
	if a := l.alert(1); !a.changed || a.state != StateDismissed {
		t.Errorf("alert is %s, changed %v; want dismissed, changed", a.state, a.changed)
	}
	l.sound()
}

// A snoozed alert wakes by its time, or by a result above its score; a lower one joins it asleep.
func TestSnooze(t *testing.T) {
	over := 0.6
	for _, tt := range []struct {
		name   string
		choice Choice
		do     func(l *lab)
		want   State
	}{
		{"a lower result", Choice{Over: &over}, func(l *lab) { l.post(res(1, 0.6)) }, StateSnoozed},
		{"a higher result", Choice{Over: &over}, func(l *lab) { l.post(res(1, 0.61)) }, StateNew},
		{"a higher result, a time only", Choice{Until: 1}, func(l *lab) { l.post(res(1, 0.9)) }, StateSnoozed},
		{"a score that rises", Choice{Over: &over}, func(l *lab) {
			l.change(func(r *Result) { r.Score = 0.7 }, &Result{ID: 1, Employee: 1, Date: day0, Reporter: "usb-watch 1.0", Score: 0.5})
		}, StateNew},
		{"the time", Choice{Until: 1}, func(l *lab) { *l.clock = l.clock.AddDate(0, 0, 2) }, StateNew},
		{"not yet the time", Choice{Until: 1}, func(l *lab) { *l.clock = l.clock.Add(time.Hour) }, StateSnoozed},
		{"the time, with a score", Choice{Until: 1, Over: &over}, func(l *lab) { *l.clock = l.clock.AddDate(0, 0, 2) }, StateNew},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t)
			l.post(res(0, 0.5))
			tt.choice.Action = Snooze
			if tt.choice.Until != 0 {
				tt.choice.Until = l.db.Now() + microDay
			}
			l.decide(l.ana, 1, tt.choice)
			tt.do(l)
			if err := Wake(t.Context(), l.db); err != nil {
				t.Fatal(err)
			}
			if got := l.alert(1).state; got != tt.want {
				t.Errorf("alert is %s; want %s", got, tt.want)
			}
			l.sound()
		})
	}
}

// A result that takes the id of one that is gone is a new one: what was decided about that does not cover it.
func TestIDOfADeletedResult(t *testing.T) {
	l := newLab(t)
	post := func(body string) {
		t.Helper()
		mustPost(t, l.db, l.ana, Results, `{"employee": {"employee_id": "EM001"}, "date": "2026-03-01", "reporter": "m 1", `+body+`}`)
	}
	post(`"score": 0.1`)
	post(`"score": 0.2`)
	l.decide(l.ana, 1, Choice{Action: Dismiss, Reason: new(1), Results: []int64{1}})
	if _, _, err := Apply(t.Context(), l.db, l.ana, func(b *Batch) (int, error) { return 0, b.Delete(Results, 1) }); err != nil {
		t.Fatal(err)
	}
	post(`"id": 1, "score": 0.9`)
	l.sound()
	l.decide(l.ana, 1, Choice{Action: Remark, Note: "folded anew"})
	l.sound()
	if n := count(t, l.db, `SELECT count(*) FROM detectionmodelresult WHERE id = 1 AND decision IS NULL`); n != 1 {
		t.Error("the new result counts as decided")
	}
}
