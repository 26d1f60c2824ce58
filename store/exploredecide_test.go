package store

import (
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// A decision from explore covers exactly the results that were chosen.
func TestDecideResults(t *testing.T) {
	l := exploreLab(t)
	covered := func() string {
		return strings.Trim(fmt.Sprint(slices.Sorted(maps.Keys(l.inForce()))), "[]")
	}
	if got := covered(); got != "1 5" {
		t.Fatal(got)
	}
	b, err := DecideResults(t.Context(), l.db, l.ana, []int64{2, 4, 5, 8}, Choice{Action: Dismiss, Reason: new(4), Note: "all of them"})
	if err != nil || b.Results != 3 || b.People != 3 || len(b.Done) != 3 || len(b.Skipped) != 0 || covered() != "1 2 4 5 8" {
		t.Fatalf("%+v, %v; covered: %s", b, err, covered())
	}
	if n := count(t, l.db, `SELECT count(*) FROM decision WHERE batch = ? AND note = 'all of them'`, b.Batch); n != 3 {
		t.Errorf("%d decisions in the batch", n)
	}
	if a := l.alert(5); a.state != StateNew || a.undecided != 1 {
		t.Errorf("the rest of a snoozed alert: %s, %d undecided", a.state, a.undecided)
	}
	again, err := DecideResults(t.Context(), l.db, l.bob, []int64{2, 7}, Choice{Action: Confirm})
	if err != nil || again.Results != 1 || len(again.Skipped) != 1 || again.Skipped[0].Why != "decided already" || covered() != "1 2 4 5 7 8" {
		t.Errorf("%+v, %v; covered: %s", again, err, covered())
	}
	if undone, err := UndoBatch(t.Context(), l.db, l.ana, b.Batch); err != nil || len(undone.Done) != 2 || len(undone.Skipped) != 1 || covered() != "1 5 7 8" {
		t.Errorf("%+v, %v; covered: %s", undone, err, covered())
	}
	l.sound()
	for name, tt := range map[string]struct {
		ids    []int64
		choice Choice
		kind   Kind
	}{
		"a result that is gone":   {[]int64{2, 999}, Choice{Action: Confirm}, Conflict},
		"no result":               {nil, Choice{Action: Confirm}, Invalid},
		"a reason is needed":      {[]int64{2}, Choice{Action: Dismiss}, Invalid},
		"undo is for a batch":     {[]int64{2}, Choice{Action: Undo, Undoes: 1}, Invalid},
		"a score is for an alert": {[]int64{2}, Choice{Action: Snooze, Over: new(float64)}, Invalid},
	} {
		before := covered()
		if _, err := DecideResults(t.Context(), l.db, l.ana, tt.ids, tt.choice); AsError(err).Kind != tt.kind || err == nil || covered() != before {
			t.Errorf("%s: %v; covered: %s, before: %s", name, err, covered(), before)
		}
	}
}

// inForce is the decision in force of each decided result.
func (l *lab) inForce() map[int64]int64 {
	l.tb.Helper()
	type pair struct{ result, decision int64 }
	list, err := all(l.tb.Context(), l.db, func(rows *sql.Rows, p *pair) error { return rows.Scan(&p.result, &p.decision) },
		`SELECT id, decision FROM detectionmodelresult WHERE decision IS NOT NULL`)
	if err != nil {
		l.tb.Fatal(err)
	}
	out := map[int64]int64{}
	for _, p := range list {
		out[p.result] = p.decision
	}
	return out
}

// A dismissal of many leaves out people whom two other families flagged within 14 days.
func TestDecideResultsHoldsBack(t *testing.T) {
	l := newLab(t)
	one := func(person int64, day float64, model string, flag bool) *Result {
		r := res(day, 0.5)
		r.Employee, r.Reporter, r.Flag = person, model, flag
		return r
	}
	l.post(one(1, 20, "web 1", false), one(1, 7, "usb 1", true), one(1, 30, "mail 1", true), // 1: two others, near: held back
		one(2, 20, "web 1", true), one(2, 20, "web 2", true), one(2, 7, "usb 1", true), // 2: its own family and one other
		one(3, 20, "web 1", false), one(3, 5, "usb 1", true), one(3, 30, "mail 1", true)) // 3: one of the two is too far
	dismiss := Choice{Action: Dismiss, Reason: new(4)}
	b, err := DecideResults(t.Context(), l.db, l.ana, []int64{1, 4, 7}, dismiss)
	if err != nil || b.Results != 2 || b.People != 2 || len(b.Held) != 1 || fmt.Sprint(b.Held[0].Results, b.Held[0].Families) != "[1] [mail usb]" {
		t.Fatalf("%+v, %v", b, err)
	}
	again := dismiss
	again.Anyway, again.Batch = true, b.Batch
	if more, err := DecideResults(t.Context(), l.db, l.ana, b.Held[0].Results, again); err != nil || more.Results != 1 || more.Batch != b.Batch || len(more.Held) != 0 {
		t.Errorf("a second act: %+v, %v", more, err)
	}
	if undone, err := UndoBatch(t.Context(), l.db, l.ana, b.Batch); err != nil || len(undone.Done) != 3 {
		t.Errorf("one undo takes both back: %+v, %v", undone, err)
	}
	if b, err := DecideResults(t.Context(), l.db, l.ana, []int64{1}, dismiss); err != nil || b.Results != 1 {
		t.Errorf("one alone is no bulk: %+v, %v", b, err)
	}
	if b, err := DecideResults(t.Context(), l.db, l.ana, []int64{4, 7}, Choice{Action: Confirm}); err != nil || b.Results != 2 {
		t.Errorf("a confirmation: %+v, %v", b, err)
	}
	l.sound()
}
