package store

import (
	"context"
	"database/sql"
)

// Standing is where an alert stands, and who made its newest decision.
type Standing struct {
	Alert int64
	State State
	By    string
}

const standingSQL = `SELECT a.id, a.state, coalesce(w.name, '') FROM alert a LEFT JOIN decision d ON d.id = a.decision LEFT JOIN account w ON w.id = d.account
	WHERE a.id IN `

func scanStanding(r *sql.Rows, s *Standing) error { return r.Scan(&s.Alert, &s.State, &s.By) }

// Standings returns where those alerts stand.
func (db *DB) Standings(ctx context.Context, ids []int64) ([]Standing, error) {
	return all(ctx, db, scanStanding, standingSQL+`(SELECT value FROM json_each(?))`, jsonIDs(ids))
}

const maxSince = 1000 // alerts told to a page that was away

// Since returns the alerts that took results, and those that were decided, from
// a time on (microseconds since 1970), for pages that were away for long.
func (db *DB) Since(ctx context.Context, at int64) (grown []int64, decided []Standing, err error) {
	grown, err = db.ids(ctx, `SELECT id FROM alert WHERE received_at >= ? ORDER BY received_at DESC LIMIT ?`, at, maxSince)
	if err == nil {
		decided, err = all(ctx, db, scanStanding, standingSQL+`(SELECT alert FROM decision WHERE id > (SELECT max(id) FROM decision) - ? AND at >= ?)`, maxSince, at)
	}
	return grown, decided, err
}
