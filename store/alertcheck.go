package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// VerifyAlerts folds every alert anew and tells where the file says otherwise,
// one line for each difference; none if all is well. Writes may go on meanwhile.
func VerifyAlerts(ctx context.Context, db *DB) (out []string, err error) {
	for after := int64(0); ; {
		list, err := all(ctx, db, func(r *sql.Rows, a *alertRow) error { return a.scan(r) },
			`SELECT `+alertCols+` FROM alert WHERE id > ? ORDER BY id LIMIT 500`, after)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			break
		}
		for _, a := range list {
			diff, err := a.differences(db, db.Now())
			if err == nil && len(diff) > 0 { // a write may have come between: look again where none can
				diff, err = Write(ctx, db, func(tx *Tx) ([]string, error) {
					now, err := loadAlert(tx, a.id)
					if err != nil {
						return nil, err
					}
					return now.differences(tx, tx.Now)
				})
			}
			if err != nil {
				return nil, err
			}
			out = append(out, diff...)
		}
		after = list[len(list)-1].id
	}
	loose, err := Write(ctx, db, looseResults)
	return append(out, loose...), err
}

// differences tells what the row says other than its decisions and results.
func (a *alertRow) differences(r reader, asOf int64) (out []string, err error) {
	decisions, err := loadDecisions(r, a.id)
	if err != nil {
		return nil, err
	}
	points, cached, err := a.points(r, window{a.first, a.last})
	if err != nil {
		return nil, err
	}
	if a.until.Valid && a.until.V <= asOf {
		a.wake(asOf) // Wake would, at the next look
	}
	was := a.summary
	inForce := a.take(decisions, points, asOf)
	if was.state == StateNew && a.state == StateSnoozed && a.until.Valid {
		a.turn(StateNew) // the clock was ahead when it woke
	}
	differ := func(field string, cached, summary any) {
		out = append(out, fmt.Sprintf("alert %d: %s is %v in the table, %v by its decisions and results", a.id, field, cached, summary))
	}
	if was.stand != a.stand {
		differ("state", was.stand, a.stand)
	}
	if was.n != a.n || was.undecided != a.undecided || was.flagged != a.flagged {
		differ("count of results, undecided, flagged", []int{was.n, was.undecided, was.flagged}, []int{a.n, a.undecided, a.flagged})
	}
	if was.first != a.first || was.last != a.last || was.opened != a.opened || was.received != a.received {
		differ("times", []int64{was.first, was.last, was.opened, was.received}, []int64{a.first, a.last, a.opened, a.received})
	}
	if p := a.priority(); a.place != p {
		differ("priority", a.place, p)
	}
	if was.peak != a.peak || was.peakResult != a.peakResult || was.dims != a.dims || !slices.Equal(was.models, a.models) {
		differ("rank", []any{was.peak, was.peakResult, was.dims, was.models}, []any{a.peak, a.peakResult, a.dims, a.models})
	}
	for _, p := range points {
		if cached[p.id] != inForce[p.id] {
			differ(fmt.Sprintf("decision on result %d", p.id), cached[p.id], inForce[p.id])
		}
	}
	return out, nil
}

// looseResults tells of results without an alert, or whose alert does not count them.
func looseResults(tx *Tx) ([]string, error) {
	var results, counted, none int64
	err := tx.Row(`SELECT (SELECT count(*) FROM detectionmodelresult), (SELECT coalesce(sum(n), 0) FROM alert),
		(SELECT count(*) FROM detectionmodelresult WHERE alert IS NULL)`, nil, &results, &counted, &none)
	if err != nil || results == counted && none == 0 {
		return nil, err
	}
	return []string{fmt.Sprintf("%d results, of which %d have no alert, but the alerts count %d", results, none, counted)}, nil
}
