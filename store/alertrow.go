package store

import (
	"cmp"
	"database/sql"
	"errors"
	"io"
	"slices"
	"strings"
)

// alertRow is an alert as the file caches it.
type alertRow struct {
	summary
	id       int64
	employee int64    // 0: deleted
	was      *summary // what the file says; nil: what summary says
	place    float64  // the priority that the file says
}

// alertCols are the columns of an alert, in the order of scan.
const alertCols = `id, employee, state, reviewer, snooze_until, snooze_over, changed, decision, opened_at, received_at,
	first_date, last_date, n, undecided, flagged, priority, peak, peak_result, models, email, web, device, login, other`

// openStates is the condition of the index alert_open, word for word.
const openStates = `state IN ('new', 'in_review', 'snoozed')`

// closedStates is that of the index alert_closed.
const closedStates = `state IN ('confirmed', 'dismissed', 'withdrawn')`

// scan reads what is kept in alertCols.
func (a *alertRow) scan(row interface{ Scan(...any) error }) error {
	var employee, reviewer, decision, peak sql.Null[int64]
	var models string
	err := row.Scan(&a.id, &employee, &a.state, &reviewer, &a.until, &a.over, &a.changed, &decision, &a.opened, &a.received,
		&a.first, &a.last, &a.n, &a.undecided, &a.flagged, &a.place, &a.peak, &peak, &models,
		&a.dims[dimEmail], &a.dims[dimWeb], &a.dims[dimDevice], &a.dims[dimLogin], &a.dims[dimOther])
	a.employee, a.reviewer, a.decision, a.peakResult = employee.V, reviewer.V, decision.V, peak.V
	if models != "" {
		a.models = strings.Split(models, ",")
	}
	return err
}

const alertWidth = 24 // columns in alertCols

func loadAlerts(tx *Tx, where string, args ...any) (out []*alertRow, err error) {
	rows, err := tx.rows(`SELECT `+alertCols+` FROM alert WHERE `+where, args)
	if err != nil {
		return nil, err
	}
	row := make(values, alertWidth)
	for err = rows.Next(row); err == nil; err = rows.Next(row) {
		a := &alertRow{}
		if err := a.scan(row); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		out = append(out, a)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return out, errors.Join(err, rows.Close())
}

// loadAlert returns the alert of that id; NotFound if there is none.
func loadAlert(tx *Tx, id int64) (*alertRow, error) {
	list, err := loadAlerts(tx, `id = ?`, id)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, Errorf(NotFound, "there is no alert %d", id)
	}
	return list[0], nil
}

// save writes what differs from the file, and makes the row of a new alert.
//
// SQLite rewrites an index when a column of it is named, even if its value
// stays; so columns are named in groups, each only when it has changed.
func (a *alertRow) save(tx *Tx) error {
	f, w, fresh := &a.summary, cmp.Or(a.was, &a.summary), a.id == 0
	s := setter{cols: make([]string, 0, alertWidth), args: make([]any, 0, alertWidth)}
	if fresh || f.received != w.received {
		s.set("received_at", f.received)
	}
	if fresh || f.n != w.n || f.undecided != w.undecided || f.flagged != w.flagged {
		s.set("n", f.n)
		s.set("undecided", f.undecided)
		s.set("flagged", f.flagged)
	}
	if fresh || f.dims != w.dims {
		for i, col := range [dimCount]string{"email", "web", "device", "login", "other"} {
			s.set(col, orNull(f.dims[i]))
		}
	}
	if fresh || f.first != w.first || f.last != w.last {
		s.set("first_date", f.first)
		s.set("last_date", f.last)
	}
	if fresh || f.peak != w.peak || f.peakResult != w.peakResult || f.priority() != w.priority() || !slices.Equal(f.models, w.models) {
		s.set("priority", f.priority())
		s.set("peak", f.peak)
		s.set("peak_result", positive(f.peakResult))
		s.set("models", strings.Join(f.models, ","))
	}
	if fresh || f.stand != w.stand || f.opened != w.opened {
		s.set("state", string(f.state))
		s.set("reviewer", positive(f.reviewer))
		s.set("snooze_until", orNull(f.until))
		s.set("snooze_over", orNull(f.over))
		s.set("changed", f.changed)
		s.set("decision", positive(f.decision))
		s.set("opened_at", f.opened)
	}
	switch {
	case fresh:
		s.set("employee", a.employee)
		res, err := tx.Exec(`INSERT INTO alert (`+strings.Join(s.cols, `, `)+`) VALUES (?`+strings.Repeat(`, ?`, len(s.cols)-1)+`)`, s.args...)
		if err != nil {
			return err
		}
		if a.id, err = res.LastInsertId(); err != nil {
			return err
		}
	case len(s.cols) > 0:
		if _, err := tx.Exec(`UPDATE alert SET `+strings.Join(s.cols, ` = ?, `)+` = ? WHERE id = ?`, append(s.args, a.id)...); err != nil {
			return err
		}
	}
	if fresh || len(s.cols) > 0 {
		tx.lines = append(tx.lines, a.line())
	}
	a.was = nil
	tx.open.saved(a)
	return nil
}

// change is the summary, for whoever is about to change it.
func (a *alertRow) change() *summary {
	if a.was == nil {
		was := a.summary
		a.was = &was
	}
	return &a.summary
}

// setter gathers columns and their values.
type setter struct {
	cols []string
	args []any
}

func (s *setter) set(col string, v any) { s.cols, s.args = append(s.cols, col), append(s.args, v) }

// positive binds an id, of which 0 means none.
func positive(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

func orNull[T any](n sql.Null[T]) any {
	if n.Valid {
		return n.V
	}
	return nil
}
