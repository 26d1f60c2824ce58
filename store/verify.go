package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
)

const maxFaults = 20 // that a report names

// Report is what a look through a whole file found.
type Report struct {
	Rows      map[string]int // counted: resources by name, "decision", "alert"
	Audit     AuditHead
	Faults    []string // the first of them, each a sentence
	AllFaults int
}

// Whole reports whether nothing was found wrong.
func (r *Report) Whole() bool { return r.AllFaults == 0 }

func (r *Report) fault(format string, args ...any) {
	if r.AllFaults++; len(r.Faults) < maxFaults {
		r.Faults = append(r.Faults, fmt.Sprintf(format, args...))
	}
}

// Err is nil, or says what is wrong (Damaged).
func (r *Report) Err() error {
	if r.Whole() {
		return nil
	}
	return Errorf(Damaged, "%d faults, the first: %s", r.AllFaults, r.Faults[0])
}

// Verify looks through the whole file: SQLite's own check, references, the
// digests of evidence and results, the chain of the record, and the alerts
// against the decisions that they follow from. Writes may go on meanwhile.
// What is wrong with the data is in the report; an error means that the look
// could not be finished.
func (db *DB) Verify(ctx context.Context) (*Report, error) {
	r := &Report{Rows: map[string]int{}}
	for _, look := range []func(context.Context, *Report) error{db.verifyPages, db.verifyCounts, db.verifyDigests, db.verifyAudit, db.verifyAlerts} {
		if err := look(ctx, r); err != nil {
			if k := AsError(classify(err)).Kind; ctx.Err() != nil || k != Damaged && k != Internal {
				return r, err
			}
			r.fault("%v", err) // a value that cannot even be read
		}
	}
	return r, nil
}

func (db *DB) verifyPages(ctx context.Context, r *Report) error {
	if db.schema != "" {
		if err := checkShape(ctx, db.r, db.path, db.schema); err != nil {
			r.fault("%v", err)
		}
	}
	err := each(ctx, db, func(rows *sql.Rows) error {
		var line string
		err := rows.Scan(&line)
		if err == nil && line != "ok" {
			r.fault("%s", line)
		}
		return err
	}, `PRAGMA integrity_check(20)`)
	if err != nil {
		return err
	}
	n, err := orphans(ctx, db.r)
	if n > 0 {
		r.fault("%d rows refer to rows that are not there", n)
	}
	return err
}

// orphans counts rows that refer to rows that are not there.
func orphans(ctx context.Context, q querier) (n int, err error) {
	err = q.QueryRowContext(ctx, `SELECT count(*) FROM pragma_foreign_key_check`).Scan(&n)
	return n, err
}

func (db *DB) verifyCounts(ctx context.Context, r *Report) error {
	names := []string{"alert", "decision"}
	for _, res := range Resources {
		names = append(names, res.Name)
	}
	for _, name := range names {
		var n int
		if err := db.r.QueryRowContext(ctx, "SELECT count(*) FROM "+name).Scan(&n); err != nil {
			return err
		}
		r.Rows[name] = n
	}
	return nil
}

const verifyStep = 1000 // rows

func (db *DB) verifyDigests(ctx context.Context, r *Report) error {
	for _, res := range Resources {
		for after := int64(0); res.Receipt; {
			last, bad, err := differing(ctx, db, res, after, verifyStep)
			if err != nil {
				return err
			}
			for _, id := range bad { // a write may have come between: look again where none can
				err := look(ctx, db, func(tx *Tx) error {
					_, still, err := differing(ctx, tx, res, id-1, 1)
					if err == nil && len(still) > 0 && still[0] == id {
						r.fault("%s %d is not what was received: its digest differs", res.Name, id)
					}
					return err
				})
				if err != nil {
					return err
				}
			}
			if last == 0 {
				break
			}
			after = last
		}
	}
	return nil
}

// differing returns those of the next n rows whose digest is not that of the
// row, and the last id seen, 0 if there was none.
func differing(ctx context.Context, rd reader, res *Resource, after int64, n int) (last int64, bad []int64, err error) {
	kept := map[int64]Receipt{}
	err = each(ctx, rd, func(rows *sql.Rows) error {
		var c Receipt
		err := rows.Scan(&last, &c.PostedBy, &c.CreatedAt, &c.Digest)
		kept[last] = c
		return err
	}, "SELECT id, posted_by, created_at, digest FROM "+res.Name+" WHERE id > ? ORDER BY id LIMIT ?", after, n)
	if err != nil || last == 0 {
		return 0, nil, err
	}
	found, err := load(ctx, rd, res, "id > ? AND id <= ? ORDER BY id", after, last)
	for _, row := range found {
		if c := kept[res.ID(row)]; !bytes.Equal(res.digest(row, c.PostedBy, c.CreatedAt), c.Digest) {
			bad = append(bad, res.ID(row))
		}
	}
	return last, bad, err
}

// look runs fn where no write can come between; it must not write.
func look(ctx context.Context, db *DB, fn func(*Tx) error) error {
	err := db.do(ctx, func(tx *Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return errLook
	})
	if errors.Is(err, errLook) {
		return nil
	}
	return err
}

func (db *DB) verifyAudit(ctx context.Context, r *Report) (err error) {
	r.Audit, err = db.VerifyAudit(ctx)
	return err
}

func (db *DB) verifyAlerts(ctx context.Context, r *Report) error {
	wrong, err := VerifyAlerts(ctx, db)
	for _, w := range wrong {
		r.fault("%s", w)
	}
	return err
}
