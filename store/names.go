package store

import (
	"context"
	"database/sql"
)

// Names returns the names of employees, for pages that show them in the mode
// names. Nothing else of triage reads who a person is.
func (db *DB) Names(ctx context.Context, employees []int64) (map[int64]string, error) {
	type named struct {
		id   int64
		name string
	}
	list, err := all(ctx, db, func(r *sql.Rows, n *named) error { return r.Scan(&n.id, &n.name) },
		`SELECT id, name FROM employee WHERE id IN (SELECT value FROM json_each(?))`, jsonIDs(employees))
	out := make(map[int64]string, len(list))
	for _, n := range list {
		out[n.id] = n.name
	}
	return out, err
}

// namedSQL is whether the person of alert a has a name that holds a folded word.
const namedSQL = `EXISTS (SELECT 1 FROM employee WHERE id = a.employee AND instr(citd_fold(name), ?))`
