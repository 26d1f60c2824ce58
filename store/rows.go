package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
)

// reader is what queries run on: the pool of readers, or the writer's
// transaction when they have to see its changes.
type reader interface {
	query(ctx context.Context, q string, args ...any) (*sql.Rows, error)
}

// do is Write for what returns nothing but an error.
func (db *DB) do(ctx context.Context, fn func(*Tx) error) error {
	_, err := Write(ctx, db, func(tx *Tx) (struct{}, error) { return struct{}{}, fn(tx) })
	return err
}

// each lets scan read each row of a query.
func each(ctx context.Context, rd reader, scan func(*sql.Rows) error, text string, args ...any) error {
	rows, err := rd.query(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return classify(err)
		}
	}
	return classify(rows.Err())
}

// all returns what scan makes of each row of a query.
func all[T any](ctx context.Context, rd reader, scan func(*sql.Rows, *T) error, text string, args ...any) (out []T, err error) {
	err = each(ctx, rd, func(rows *sql.Rows) error {
		out = append(out, *new(T))
		return scan(rows, &out[len(out)-1])
	}, text, args...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// absent puts an error of ours in the place of sql.ErrNoRows.
func absent(err error, kind Kind, format string, args ...any) error {
	if errors.Is(err, sql.ErrNoRows) {
		return Errorf(kind, format, args...)
	}
	return classify(err)
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
	return out, each(ctx, rd, func(r *sql.Rows) error {
		var k K
		var v V
		err := r.Scan(&k, &v)
		out[k] = v
		return err
	}, text, args...)
}

// first returns the first of list that fits, nil if none does.
func first[T any](list []T, fits func(T) bool) *T {
	if i := slices.IndexFunc(list, fits); i >= 0 {
		return &list[i]
	}
	return nil
}

// inOrder returns the rows with those ids, in their order. What is not there is left out.
func inOrder[T any](rows []T, ids []int64, id func(T) int64) []T {
	at := make(map[int64]int, len(rows))
	for i, r := range rows {
		at[id(r)] = i
	}
	out := make([]T, 0, len(rows))
	for _, id := range ids {
		if i, there := at[id]; there {
			out = append(out, rows[i])
		}
	}
	return out
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
