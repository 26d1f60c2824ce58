package store

import (
	"context"
	"database/sql"
)

// PersonResult is a result in a person's table. Numbers are as posted.
type PersonResult struct {
	ID, Alert, Date int64 // Alert: 0 for none
	Reporter        string
	Score, Scale    float64
	Flag            bool
	Values          map[string]float64 // by dimension
	Text            string             // the first piece of evidence
	Pieces          int                // of evidence
	State           State              // of the alert, or as the result was decided
}

// PersonResults returns a person's results since a date, newest first, limit at most.
func (db *DB) PersonResults(ctx context.Context, person, since int64, limit int) ([]PersonResult, error) {
	out, err := all(ctx, db, func(rows *sql.Rows, r *PersonResult) error {
		var action Action
		var dims [len(fourDims)]sql.Null[float64]
		err := rows.Scan(&r.ID, &r.Alert, &r.Date, &r.Reporter, &r.Score, &r.Scale, &r.Flag,
			&dims[0], &dims[1], &dims[2], &dims[3], &r.State, &action, &r.Text, &r.Pieces)
		r.Values = fourValues(dims)
		switch action {
		case Confirm:
			r.State = StateConfirmed
		case Dismiss:
			r.State = StateDismissed
		}
		return err
	}, `SELECT r.id, coalesce(r.alert, 0), r.date, r.reporter, r.score, coalesce(m.scale, 1), r.flag,
			r.email_anomaly, r.web_anomaly, r.device_anomaly, r.login_anomaly, coalesce(a.state, ''), coalesce(d.action, ''),
			coalesce((SELECT e.description FROM result_evidence l JOIN detectionevidence e ON e.id = l.evidence WHERE l.result = r.id ORDER BY e.exculpatory, e.id LIMIT 1), ''),
			(SELECT count(*) FROM result_evidence l WHERE l.result = r.id)
		FROM detectionmodelresult r LEFT JOIN model m ON m.name = r.reporter LEFT JOIN alert a ON a.id = r.alert LEFT JOIN decision d ON d.id = r.decision
		WHERE r.employee = ? AND r.date >= ? ORDER BY r.date DESC, r.id DESC LIMIT ?`, person, since, limit)
	if err != nil {
		return nil, err
	}
	ids, at := make([]int64, len(out)), make(map[int64]map[string]float64, len(out))
	for i, x := range out {
		ids[i], at[x.ID] = x.ID, x.Values
	}
	return out, db.addFurther(ctx, at, ids)
}

// addFurther adds the dimensions beyond the four of 2014 to the values of results.
func (db *DB) addFurther(ctx context.Context, at map[int64]map[string]float64, ids []int64) error {
	names, err := db.Dimensions(ctx)
	if err != nil || len(names) == 0 {
		return err
	}
	err = each(ctx, db, func(r *sql.Rows) error {
		var id int64
		var name string
		var v float64
		err := r.Scan(&id, &name, &v)
		at[id][name] = v
		return err
	}, `SELECT a.result, d.name, a.value FROM anomaly a JOIN dimension d ON d.id = a.dimension
		WHERE a.result IN (SELECT value FROM json_each(?))`, jsonIDs(ids))
	return err
}

// PersonAlert is an open alert of a person. Score is the highest as posted.
type PersonAlert struct {
	ID, Received int64
	State        State
	Reviewer     string
	Score, Scale float64
	Flagged      bool
	Results      int
	Families     string // of models that agree, comma separated
}

// PersonAlerts returns the alerts of a person that are still to be decided, most pressing first.
func (db *DB) PersonAlerts(ctx context.Context, person int64) ([]PersonAlert, error) {
	return all(ctx, db, func(r *sql.Rows, a *PersonAlert) error {
		return r.Scan(&a.ID, &a.Received, &a.State, &a.Reviewer, &a.Score, &a.Scale, &a.Flagged, &a.Results, &a.Families)
	}, `SELECT a.id, a.received_at, a.state, coalesce(w.name, ''), coalesce(r.score, a.peak), coalesce(m.scale, 1), a.flagged > 0, a.undecided, a.models
		FROM alert a LEFT JOIN account w ON w.id = a.reviewer LEFT JOIN detectionmodelresult r ON r.id = a.peak_result LEFT JOIN model m ON m.name = r.reporter
		WHERE a.employee = ? AND a.`+openStates+` ORDER BY a.priority DESC, a.id DESC LIMIT 100`, person)
}

// PersonDecision is what an analyst decided about a person, or noted. Score is
// the alert's highest, as posted.
type PersonDecision struct {
	Decision
	By     string
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
