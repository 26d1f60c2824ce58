package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
)

// load returns the rows of r that where selects, with their references and
// further dimensions. where is what follows WHERE: a literal, never a request's
// text, with values bound. The rows are *Employee and so on.
func load(ctx context.Context, rd reader, r *Resource, where string, args ...any) ([]any, error) {
	rows, err := rd.query(ctx, r.selects+" WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	out, err := scanRows(r, rows)
	if err != nil || r.extra == nil || len(out) == 0 {
		return out, err
	}
	return out, loadExtra(ctx, rd, r, out)
}

// loadIDs returns the rows with those ids, in the order of ids. A row that is
// not there is left out. The ids are few, so that ctx is not watched meanwhile:
// that would start a goroutine for each statement.
func loadIDs(ctx context.Context, rd reader, r *Resource, ids []int64) ([]any, error) {
	ctx = context.WithoutCancel(ctx)
	switch len(ids) {
	case 0:
		return nil, nil
	case 1:
		return load(ctx, rd, r, "id = ?", ids[0])
	}
	rows, err := load(ctx, rd, r, "id IN (SELECT value FROM json_each(?))", jsonIDs(ids))
	if err != nil {
		return nil, err
	}
	return inOrder(rows, ids, r.ID), nil
}

// scanRows reads all rows of a SELECT that begins with r.selects, and closes them.
func scanRows(r *Resource, rows *sql.Rows) ([]any, error) {
	defer rows.Close()
	dest := make([]any, 0, len(r.Fields)+1)
	var out []any
	for rows.Next() {
		row := r.make()
		dest = append(dest[:0], r.id(row))
		var many *[]int64
		for i := range r.Fields {
			switch p := r.Fields[i].at(row).(type) {
			case *[]int64:
				many = p // comes last, see declare
			default:
				dest = append(dest, p)
			}
		}
		if many != nil {
			dest = append(dest, (*idList)(many))
		}
		if err := rows.Scan(dest...); err != nil {
			return nil, classify(err)
		}
		out = append(out, row)
	}
	return out, classify(rows.Err())
}

// loadExtra fills in the dimensions beyond the four of 2014, if the file has any.
func loadExtra(ctx context.Context, rd reader, r *Resource, rows []any) error {
	if names, err := dimensions(ctx, rd); err != nil || len(names) == 0 {
		return err
	}
	at := make(map[int64]any, len(rows))
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = *r.id(row)
		at[ids[i]] = row
	}
	return each(ctx, rd, func(rows *sql.Rows) error {
		var id int64
		var a Anomaly
		if err := rows.Scan(&id, &a.Name, &a.Value); err != nil {
			return err
		}
		extra := r.extra(at[id])
		*extra = append(*extra, a)
		return nil
	}, furtherSQL, jsonIDs(ids))
}

const furtherSQL = `SELECT a.result, d.name, a.value FROM anomaly a JOIN dimension d ON d.id = a.dimension
	WHERE a.result IN (SELECT value FROM json_each(?)) ORDER BY a.result, d.name`

// dimensions returns the names of the dimensions beyond the four of 2014 that
// the file knows, sorted.
func dimensions(ctx context.Context, rd reader) ([]string, error) {
	db, _ := rd.(*DB)
	tx, _ := rd.(*Tx)
	gen := int64(-1)
	if db != nil {
		gen = db.Gen() // before the query: what it finds is at least as new
		if k := db.known.Load(); k != nil && k.gen == gen {
			return k.names, nil
		}
	} else if tx.dimensions != nil {
		return *tx.dimensions, nil
	}
	names, err := all(ctx, rd, func(r *sql.Rows, name *string) error { return r.Scan(name) }, `SELECT name FROM dimension ORDER BY name`)
	switch {
	case err != nil:
	case db != nil:
		db.known.Store(&knownDimensions{gen: gen, names: names})
	default:
		tx.dimensions = &names
	}
	return names, err
}

// knownDimensions are the file's further dimensions as of a commit.
type knownDimensions struct {
	gen   int64
	names []string
}

// Dimensions returns the names of the dimensions beyond the four of 2014 that
// the file knows, sorted. Treat them as read-only.
func (db *DB) Dimensions(ctx context.Context) ([]string, error) {
	return dimensions(ctx, db)
}

// idList is a list of ids that SQL hands over as JSON text.
type idList []int64

// Scan reads [1,2,3].
func (l *idList) Scan(src any) error {
	s, ok := src.(string)
	if !ok {
		return fmt.Errorf("ids: wanted JSON text, got %T", src)
	}
	*l = (*l)[:0]
	n, digits := int64(0), false
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9':
			n, digits = n*10+int64(c-'0'), true
		case digits:
			*l = append(*l, n)
			n, digits = 0, false
		}
	}
	return nil
}

// jsonIDs writes ids as the JSON text that json_each reads.
func jsonIDs(ids []int64) string {
	b := append(make([]byte, 0, 8*len(ids)+2), '[')
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, id, 10)
	}
	return string(append(b, ']'))
}
