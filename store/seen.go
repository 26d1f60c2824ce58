package store

import "cmp"

// seen is what writes need to look up only once, as long as no other process
// writes. A write that is taken back takes it along.
type seen struct {
	version    int64 // SQLite's data_version
	models     map[string]Model
	dimensions *[]string        // nil: not known
	next       map[string]int64 // the next id, by table
	there      map[string]int64 // employees that are there, by id, or { and employee_id
	open       openAlerts
}

// drop forgets all, after something was taken back.
func (s *seen) drop() { *s = seen{version: s.version} }

// fresh forgets what was seen if another process has written since.
func (tx *Tx) fresh() error {
	var v int64
	err := tx.Row(`PRAGMA data_version`, nil, &v)
	if v != tx.version {
		tx.db.logins.forget()
		*tx.seen = seen{version: v}
	}
	return err
}

// newID returns the id of a new row of a table that is not AUTOINCREMENT: the
// client's choice, or the next that was never used.
func (tx *Tx) newID(table string, chosen int64) (int64, error) {
	next := tx.next[table]
	if next == 0 {
		err := tx.Row(`SELECT max(coalesce(max(id), 0), coalesce((SELECT id FROM gone WHERE name = ?), 0)) + 1 FROM `+table, []any{table}, &next)
		if err != nil {
			return 0, err
		}
		if tx.next == nil {
			tx.next = map[string]int64{}
		}
	}
	id := cmp.Or(chosen, next)
	tx.next[table] = max(next, id+1)
	return id, nil
}
