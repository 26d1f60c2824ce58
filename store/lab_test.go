package store

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
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
	l.people(1, 3)
	return l
}

func (l *lab) write(fn func(*Tx) error) {
	l.tb.Helper()
	if _, err := Write(context.Background(), l.db, func(tx *Tx) (int, error) { return 0, fn(tx) }); err != nil {
		l.tb.Fatal(err)
	}
}

// people adds those with the ids from to to.
func (l *lab) people(from, to int) {
	l.tb.Helper()
	l.write(func(tx *Tx) error {
		for i := from; i <= to; i++ {
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
	out, err := tx.Exec(`INSERT INTO detectionmodelresult (id, alert, employee, date, reporter, flag, score, email_anomaly, web_anomaly, device_anomaly, login_anomaly,
		contributions, run_id, posted_by, created_at, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', 1, ?, ?)`,
		positive(r.ID), positive(r.Alert), r.Employee, r.Date, r.Reporter, r.Flag, r.Score, orNull(r.Email), orNull(r.Web), orNull(r.Device), orNull(r.Login), r.Receipt.CreatedAt, r.Receipt.Digest)
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
	l.write(func(tx *Tx) error { return insertAndSettle(tx, rs...) })
	out := make([]int64, len(rs))
	for i, r := range rs {
		out[i] = l.alertOf(r)
	}
	return out
}

func insertAndSettle(tx *Tx, rs ...*Result) error {
	moves := make([]move, 0, len(rs))
	for _, r := range rs {
		if err := insertResult(tx, r); err != nil {
			return err
		}
		moves = append(moves, move{now: r})
	}
	return settleAlerts(tx, moves, nil)
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
	list, err := all(context.Background(), l.db, func(r *sql.Rows, a *alertRow) error { return a.scan(r) }, `SELECT `+alertCols+` FROM alert WHERE id = ?`, id)
	if err != nil || len(list) != 1 {
		l.tb.Fatalf("alert %d: %v", id, err)
	}
	return &list[0]
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
	l.boardSound()
}

var dismissed = Choice{Action: Dismiss, Reason: new(1)}
