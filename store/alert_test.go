package store

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// lab is a file with a clock that the test sets, people 1 to 3 and an analyst.
type lab struct {
	tb    testing.TB
	db    *DB
	clock *time.Time
	ana   Actor
	bob   Actor
}

func newLab(tb testing.TB) *lab {
	tb.Helper()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	l := &lab{tb: tb, clock: &now, ana: Actor{ID: 1, Name: "ana", Role: Analyst}, bob: Actor{ID: 2, Name: "bob", Role: Analyst}}
	db, err := Open(tb.Context(), filepath.Join(tb.TempDir(), "citd.db"), Options{Schema: testSchema(tb), Create: true, Clock: func() time.Time { return *l.clock }})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	l.db = db
	l.write(func(tx *Tx) error {
		for _, name := range []string{"ana", "bob"} {
			if _, err := tx.Exec(`INSERT INTO account (kind, name, role, created_at) VALUES ('person', ?, 'analyst', 0)`, name); err != nil {
				return err
			}
		}
		return nil
	})
	l.people(3)
	return l
}

func (l *lab) write(fn func(*Tx) error) {
	l.tb.Helper()
	if _, err := Write(context.Background(), l.db, func(tx *Tx) (int, error) { return 0, fn(tx) }); err != nil {
		l.tb.Fatal(err)
	}
}

func (l *lab) people(n int) {
	l.tb.Helper()
	l.write(func(tx *Tx) error {
		for i := 1; i <= n; i++ {
			_, err := tx.Exec(`INSERT INTO employee (id, employee_id, pseudonym, title, name, gender, nationality, maritalStatus, ethnicity,
				currentEmploymentStatus, role, department, site, manager) VALUES (?, ?, ?, 'Dr', ?, 'F', 'British', 'S', 'secret', 'P', 'Engineer', 'IT', '', '')`,
				i, fmt.Sprintf("EM%03d", i), fmt.Sprintf("Teal Heron %d", i), fmt.Sprintf("Name of %d", i))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

const day0 = 20_000 * microDay // a day in 2024

// res is a result of person 1 on a day counted from day0.
func res(day float64, score float64) *Result {
	return &Result{Employee: 1, Date: day0 + int64(day*microDay), Reporter: "usb-watch 1.0", Score: score}
}

// insertResult stores r's row as the API does.
func insertResult(tx *Tx, r *Result) error {
	r.Receipt = Receipt{PostedBy: 1, CreatedAt: tx.Now, Digest: digestOf(r)}
	out, err := tx.Exec(`INSERT INTO detectionmodelresult (employee, date, reporter, flag, score, email_anomaly, web_anomaly, device_anomaly, login_anomaly,
		contributions, run_id, posted_by, created_at, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', 1, ?, ?)`,
		r.Employee, r.Date, r.Reporter, r.Flag, r.Score, orNull(r.Email), orNull(r.Web), orNull(r.Device), orNull(r.Login), r.Receipt.CreatedAt, r.Receipt.Digest)
	if err != nil {
		return err
	}
	r.ID, err = out.LastInsertId()
	for _, x := range r.Extra {
		if err == nil {
			_, err = tx.Exec(`INSERT INTO dimension (name, created_at) VALUES (?, 0) ON CONFLICT DO NOTHING`, x.Name)
		}
		if err == nil {
			_, err = tx.Exec(`INSERT INTO anomaly (result, dimension, value) VALUES (?, (SELECT id FROM dimension WHERE name = ?), ?)`, r.ID, x.Name, x.Value)
		}
	}
	return err
}

func digestOf(r *Result) []byte {
	return fmt.Appendf(nil, "%d %d %s %v %v %v %v", r.Employee, r.Date, r.Reporter, r.Flag, r.Score, r.Email, r.Extra)
}

// post stores results in one request, and returns the alert of each.
func (l *lab) post(rs ...*Result) []int64 {
	l.tb.Helper()
	l.write(func(tx *Tx) error {
		moves := make([]move, 0, len(rs))
		for _, r := range rs {
			if err := insertResult(tx, r); err != nil {
				return err
			}
			moves = append(moves, move{now: r})
		}
		return settleAlerts(tx, moves, nil)
	})
	out := make([]int64, len(rs))
	for i, r := range rs {
		out[i] = l.alertOf(r)
	}
	return out
}

// alertOf returns the alert that holds r; 0: none.
func (l *lab) alertOf(r *Result) int64 {
	l.tb.Helper()
	return int64(count(l.tb, l.db, `SELECT coalesce(max(alert), 0) FROM detectionmodelresult WHERE id = ?`, r.ID))
}

// change edits stored results in one request, each with edit.
func (l *lab) change(edit func(*Result), rs ...*Result) {
	l.tb.Helper()
	l.write(func(tx *Tx) error {
		var moves []move
		for _, r := range rs {
			old := *r
			m := move{old: &old, now: r}
			if err := tx.Row(`SELECT coalesce(alert, 0) FROM detectionmodelresult WHERE id = ?`, []any{r.ID}, &m.alert); err != nil {
				return err
			}
			edit(r)
			r.Receipt.Digest = digestOf(r)
			if _, err := tx.Exec(`UPDATE detectionmodelresult SET employee = ?, date = ?, reporter = ?, flag = ?, score = ?, email_anomaly = ?, digest = ? WHERE id = ?`,
				r.Employee, r.Date, r.Reporter, r.Flag, r.Score, orNull(r.Email), r.Receipt.Digest, r.ID); err != nil {
				return err
			}
			moves = append(moves, m)
		}
		return settleAlerts(tx, moves, nil)
	})
}

// remove deletes stored results in one request.
func (l *lab) remove(rs ...*Result) {
	l.tb.Helper()
	l.write(func(tx *Tx) error {
		moves, err := deleteResults(tx, rs)
		if err != nil {
			return err
		}
		return settleAlerts(tx, moves, nil)
	})
}

func deleteResults(tx *Tx, rs []*Result) (moves []move, err error) {
	for _, r := range rs {
		m := move{old: r}
		err := tx.Row(`SELECT coalesce(alert, 0) FROM detectionmodelresult WHERE id = ?`, []any{r.ID}, &m.alert)
		if err == nil {
			_, err = tx.Exec(`DELETE FROM anomaly WHERE result = ?`, r.ID)
		}
		if err == nil {
			_, err = tx.Exec(`DELETE FROM detectionmodelresult WHERE id = ?`, r.ID)
		}
		if err != nil {
			return nil, err
		}
		moves = append(moves, m)
	}
	return moves, nil
}

// alert returns the row of that id.
func (l *lab) alert(id int64) *alertRow {
	l.tb.Helper()
	list, err := scanAlerts(l.db.query(context.Background(), `SELECT `+alertCols+` FROM alert WHERE id = ?`, id))
	if err != nil || len(list) != 1 {
		l.tb.Fatalf("alert %d: %v", id, err)
	}
	return list[0]
}

// decide wants c to be done.
func (l *lab) decide(who Actor, alert int64, c Choice) Outcome {
	l.tb.Helper()
	out, err := Decide(context.Background(), l.db, who, alert, c)
	if err != nil {
		l.tb.Fatalf("%s alert %d: %v", c.Action, alert, err)
	}
	return out
}

// sound wants every alert to be what its decisions and results make of it.
func (l *lab) sound() {
	l.tb.Helper()
	diff, err := VerifyAlerts(context.Background(), l.db)
	if err != nil || len(diff) > 0 {
		l.tb.Fatalf("the alerts are not what fold makes of them: %v\n%s", err, strings.Join(diff, "\n"))
	}
}

func digit(n int) *int { return &n }

var dismissed = Choice{Action: Dismiss, Reason: digit(1)}

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
			s.decide(s.ana, 1, Choice{Action: Dismiss, Reason: digit(4), Results: []int64{s.b.ID}})
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

// Whatever happens, in whatever order: what is kept up step by step is what
// fold computes from the whole history.
func TestUpkeepEqualsFold(t *testing.T) {
	steps := 400
	if testing.Short() {
		steps = 100
	}
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			l := newLab(t)
			r := rand.New(rand.NewPCG(seed, 1))
			w := walk{lab: l, r: r}
			for i := range steps {
				w.step()
				if i%20 == 19 {
					l.sound()
				}
			}
			l.sound()
			if len(w.live) == 0 || w.done < steps/8 {
				t.Errorf("%d results left, %d decisions made: this walk proves little", len(w.live), w.done)
			}
		})
	}
}

// walk does random things to a lab.
type walk struct {
	*lab
	r    *rand.Rand
	live []*Result
	done int // decisions that were accepted
}

func (w *walk) step() {
	*w.clock = w.clock.Add(time.Duration(w.r.IntN(5)) * time.Hour)
	switch n := w.r.IntN(20); {
	case n < 7:
		var rs []*Result
		for range 1 + w.r.IntN(3) {
			rs = append(rs, w.result())
		}
		w.post(rs...)
		w.live = append(w.live, rs...)
	case n < 10 && len(w.live) > 0:
		w.change(w.edit, w.some()...)
	case n < 12 && len(w.live) > 0:
		rs := w.some()
		w.remove(rs...)
		w.live = slices.DeleteFunc(w.live, func(r *Result) bool { return slices.Contains(rs, r) })
	case n == 12:
		if err := Wake(context.Background(), w.db); err != nil {
			w.tb.Fatal(err)
		}
	case n == 13:
		w.bulk()
	default:
		w.decideAny()
	}
}

func (w *walk) result() *Result {
	r := res(float64(w.r.IntN(60)), float64(w.r.IntN(20))/20)
	r.Employee = int64(1 + w.r.IntN(3))
	r.Reporter = []string{"usb-watch 1.0", "usb-watch 1.1", "web-risk 1.4", "Detection Model"}[w.r.IntN(4)]
	r.Flag = w.r.IntN(4) == 0
	if w.r.IntN(2) == 0 {
		r.Email = sql.Null[float64]{V: w.r.Float64(), Valid: true}
	}
	if w.r.IntN(3) == 0 {
		r.Extra = []Anomaly{{"file_anomaly", w.r.Float64()}, {"role_anomaly", w.r.Float64()}}
	}
	return r
}

func (w *walk) some() []*Result {
	n := min(1+w.r.IntN(3), len(w.live))
	rs := make([]*Result, 0, n)
	for _, i := range w.r.Perm(len(w.live))[:n] {
		rs = append(rs, w.live[i])
	}
	return rs
}

func (w *walk) edit(r *Result) {
	switch w.r.IntN(5) {
	case 0:
		r.Score = w.r.Float64()
	case 1:
		r.Date += int64(w.r.IntN(30)-15) * microDay
	case 2:
		r.Employee = int64(1 + w.r.IntN(3))
	case 3:
		r.Flag = !r.Flag
	case 4:
		r.Reporter = "role-profile 2.1"
	}
}

func (w *walk) decideAny() {
	n := count(w.tb, w.db, `SELECT count(*) FROM alert`)
	if n == 0 {
		return
	}
	a := w.alert(int64(1 + w.r.IntN(n)))
	c := Choice{Action: []Action{Review, Confirm, Dismiss, Dismiss, Snooze, Reopen, Undo, Undo, Remark}[w.r.IntN(9)], Note: "because", Reason: digit(w.r.IntN(10)), Undoes: a.decision}
	if c.Action == Snooze {
		c.Until = w.db.Now() + int64(w.r.IntN(48))*microDay/24
		if over := a.peak + 0.1; w.r.IntN(2) == 0 {
			c.Over = &over
		}
	}
	if w.r.IntN(3) == 0 && len(w.live) > 0 { // a part only
		for _, r := range w.live {
			if w.r.IntN(2) == 0 {
				c.Results = append(c.Results, r.ID)
			}
		}
	}
	w.count(Decide(context.Background(), w.db, w.ana, a.id, c))
}

func (w *walk) bulk() {
	var ids []int64
	for id := range count(w.tb, w.db, `SELECT count(*) FROM alert`) {
		if w.r.IntN(3) == 0 {
			ids = append(ids, int64(id+1))
		}
	}
	b, err := DecideMany(context.Background(), w.db, w.bob, ids, dismissed)
	w.count(Outcome{}, err)
	if b.Batch != 0 && w.r.IntN(2) == 0 {
		_, err := UndoBatch(context.Background(), w.db, w.ana, b.Batch)
		w.count(Outcome{}, err)
	}
}

// count wants a refusal to be one that people can read.
func (w *walk) count(_ Outcome, err error) {
	w.tb.Helper()
	switch k := AsError(err).Kind; {
	case err == nil:
		w.done++
	case k != Conflict && k != Invalid && k != NotFound:
		w.tb.Fatal(err)
	}
}
