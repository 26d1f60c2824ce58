package store

import (
	"context"
	"database/sql"
	"errors"
)

// reader is what queries run on: the pool of readers, or the writer's
// transaction when they have to see its changes.
type reader interface {
	query(ctx context.Context, q string, args ...any) (*sql.Rows, error)
}

// all returns what scan makes of each row of a query.
func all[T any](ctx context.Context, rd reader, scan func(*sql.Rows, *T) error, text string, args ...any) (out []T, _ error) {
	rows, err := rd.query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var v T
		if err := scan(rows, &v); err != nil {
			return nil, classify(err)
		}
		out = append(out, v)
	}
	return out, classify(rows.Err())
}

// ids returns the one column of integers that a query selects.
func ids(ctx context.Context, rd reader, text string, args ...any) ([]int64, error) {
	return all(ctx, rd, func(r *sql.Rows, id *int64) error { return r.Scan(id) }, text, args...)
}

func (db *DB) ids(ctx context.Context, text string, args ...any) ([]int64, error) {
	return ids(ctx, db, text, args...)
}

func (tx *Tx) ids(text string, args ...any) ([]int64, error) {
	return ids(context.Background(), tx, text, args...)
}

// pairs returns the two columns that a query selects, the first being the key.
func pairs[K comparable, V any](ctx context.Context, rd reader, text string, args ...any) (map[K]V, error) {
	out := map[K]V{}
	_, err := all(ctx, rd, func(r *sql.Rows, _ *struct{}) error {
		var k K
		var v V
		err := r.Scan(&k, &v)
		out[k] = v
		return err
	}, text, args...)
	return out, err
}

func set(ids []int64) map[int64]bool {
	m := make(map[int64]bool, len(ids))
	for _, id := range ids {
		m[id] = true
	}
	return m
}

// row scans the one row of a query into dest, within queryTimeout.
func row(ctx context.Context, rd reader, text string, args []any, dest ...any) error {
	limited, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	rows, err := rd.query(limited, text, args...)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			return &Error{Kind: Invalid, Msg: "this takes too long; narrow it with a filter, such as employee, date__gte or reporter", Err: err}
		}
		return err
	}
	defer rows.Close()
	rows.Next()
	if err := rows.Scan(dest...); err != nil {
		return errors.Join(rows.Err(), err)
	}
	return classify(rows.Err())
}
