package store

import (
	"context"
	"database/sql"
)

// PersonResults returns a person's results since a date, newest first, limit at most.
func (db *DB) PersonResults(ctx context.Context, person, since int64, limit int) ([]ResultRow, error) {
	ids, err := db.ids(ctx, `SELECT id FROM detectionmodelresult WHERE employee = ? AND date >= ? ORDER BY date DESC, id DESC LIMIT ?`, person, since, limit)
	if err != nil {
		return nil, err
	}
	return db.ResultRows(ctx, ids)
}

// PersonAlerts returns the alerts of a person that are still to be decided, most pressing first.
func (db *DB) PersonAlerts(ctx context.Context, person int64) ([]*AlertHead, error) {
	ids, err := db.ids(ctx, `SELECT id FROM alert WHERE employee = ? AND `+openStates+` ORDER BY priority DESC, id DESC LIMIT 100`, person)
	if err != nil {
		return nil, err
	}
	return heads(ctx, db, ids)
}

// PersonDecision is what an analyst decided about a person, or noted. Score is
// the alert's highest, as posted.
type PersonDecision struct {
	Made
	Score  float64
	Undone bool
}

// PersonDecisions returns the decisions and notes on a person's alerts, newest first, limit at most.
func (db *DB) PersonDecisions(ctx context.Context, person int64, limit int) ([]PersonDecision, error) {
	void := map[int64]bool{}
	return all(ctx, db, func(r *sql.Rows, d *PersonDecision) error {
		err := r.Scan(d.dest(&d.By, &d.Score)...)
		d.Undone = void[d.ID]
		if d.Action == Undo && !d.Undone {
			void[d.Undoes.V] = true
		}
		return err
	}, `SELECT `+decisionColumns+`, w.name, coalesce(r.score, a.peak)
		FROM alert a CROSS JOIN decision d ON d.alert = a.id JOIN account w ON w.id = d.account LEFT JOIN detectionmodelresult r ON r.id = a.peak_result
		WHERE a.employee = ? ORDER BY d.at DESC, d.id DESC LIMIT ?`, person, limit)
}

// PersonEvents returns what happened in a person's employment, newest first, limit at most.
func (db *DB) PersonEvents(ctx context.Context, person int64, limit int) ([]EmployeeEvent, error) {
	return all(ctx, db, func(r *sql.Rows, e *EmployeeEvent) error {
		return r.Scan(&e.ID, &e.Employee, &e.Kind, &e.At, &e.Until, &e.Text, &e.Source)
	}, `SELECT id, employee, kind, at, until, text, source FROM employeeevent WHERE employee = ? ORDER BY at DESC, id DESC LIMIT ?`, person, limit)
}

// NewestAlert returns the alert to which a note on a person goes: the newest. 0 if there is none.
func (db *DB) NewestAlert(ctx context.Context, person int64) (id int64, err error) {
	err = db.r.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM alert WHERE employee = ?`, person).Scan(&id)
	return id, classify(err)
}
