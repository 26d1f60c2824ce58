package store

import (
	"context"
	"database/sql"
)

// refold computes the alert anew from all its decisions and results, and writes
// what differs. Its results have dates within w.
func (a *alertRow) refold(tx *Tx, w window) error {
	decisions, err := loadDecisions(tx, a.id)
	if err != nil {
		return err
	}
	points, cached, err := a.points(tx, w)
	if err != nil {
		return err
	}
	inForce := a.take(decisions, points, tx.Now)
	for _, p := range points {
		if d := inForce[p.id]; d != cached[p.id] {
			if _, err := tx.Exec(`UPDATE detectionmodelresult SET decision = ? WHERE id = ?`, positive(d), p.id); err != nil {
				return err
			}
		}
	}
	return a.save(tx)
}

// take folds decisions and points into the row. An alert without results keeps
// its dates, for people to read.
func (a *alertRow) take(decisions []Decision, points []point, asOf int64) (inForce map[int64]int64) {
	was, f := a.summary, a.change()
	*f, inForce = fold(decisions, points, asOf)
	if a.n == 0 {
		a.first, a.last, a.opened, a.received = was.first, was.last, was.opened, was.received
	}
	return inForce
}

// points are the alert's results with dates within w, and the decision that
// each is cached to be under.
func (a *alertRow) points(r reader, w window) (out []point, cached map[int64]int64, err error) {
	cached = map[int64]int64{}
	out, err = all(context.Background(), r, func(rows *sql.Rows, p *point) error {
		var score, scale float64
		var decision sql.Null[int64]
		err := rows.Scan(&p.id, &p.date, &p.received, &score, &p.flag, &p.dims[dimEmail], &p.dims[dimWeb], &p.dims[dimDevice], &p.dims[dimLogin],
			&p.dims[dimOther], &p.digest, &decision, &p.model, &p.family, &scale)
		p.score = scaled(score, scale)
		p.scale(scale)
		if decision.Valid {
			cached[p.id] = decision.V
		}
		return err
	}, `SELECT r.id, r.date, r.created_at, r.score, r.flag, r.email_anomaly, r.web_anomaly, r.device_anomaly, r.login_anomaly,
			(SELECT max(value) FROM anomaly WHERE result = r.id), r.digest, r.decision, m.name, m.family, m.scale
			FROM detectionmodelresult r JOIN model m ON m.name = r.reporter
			WHERE r.employee = ? AND r.date BETWEEN ? AND ? AND r.alert = ?`, a.employee, w.first, w.last, a.id)
	return out, cached, err
}

// loadDecisions returns an alert's decisions, by id, with what each covers.
func loadDecisions(r reader, alert int64) ([]Decision, error) {
	out, err := all(context.Background(), r, func(rows *sql.Rows, d *Decision) error {
		return rows.Scan(d.dest()...)
	}, `SELECT `+decisionColumns+` FROM decision d WHERE d.alert = ? ORDER BY d.id`, alert)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	i := 0
	return out, each(context.Background(), r, func(rows *sql.Rows) error {
		var id int64
		var c cover
		err := rows.Scan(&id, &c.result, &c.digest)
		for out[i].ID < id {
			i++
		}
		out[i].covers = append(out[i].covers, c)
		return err
	}, `SELECT c.decision, c.result, c.digest FROM decision d JOIN decision_result c ON c.decision = d.id
			WHERE d.alert = ? ORDER BY c.decision`, alert)
}
