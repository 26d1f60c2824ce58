package store

import (
	"context"
)

// Batch is the one way in for changes of data: the changes of one request, all
// or none of which are stored. Rows first, then alerts, then the records.
type Batch struct {
	tx    *Tx
	actor Actor
	moves []move // results added, changed or deleted
}

// move is a result before and after a request.
type move struct {
	old, now *Result // old nil: added; now nil: deleted
}

// Apply runs fn as one request in actor's name. fn may run twice (see Write).
func Apply[T any](ctx context.Context, db *DB, actor Actor, fn func(*Batch) (T, error)) (T, error) {
	return Write(ctx, db, func(tx *Tx) (T, error) {
		b := &Batch{tx: tx, actor: actor}
		out, err := fn(b)
		if err != nil {
			return out, err
		}
		return out, b.settle()
	})
}

// settle brings the alerts up to what the results now are.
func (b *Batch) settle() error {
	return nil
}
