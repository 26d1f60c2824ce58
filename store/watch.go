package store

import (
	"context"
	"errors"
	"time"
)

const watchEvery = 500 * time.Millisecond

var errLook = errors.New("only looked") // ends what looks or tries, counts as no change

// Watch looks until ctx ends whether another process, such as citd user lock,
// has written to the file, and announces it as a change of any account.
func (db *DB) Watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	seen, _ := db.dataVersion(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		crash("watch")
		db.readable()
		if v, ok := db.dataVersion(ctx); ok && v != seen {
			seen = v
			db.board.forget()
			db.edits.Add(1)
			db.hub.publish(db.gen.Add(1), []Change{{Kind: AccountChanged}})
		}
	}
}

// dataVersion changes when another connection than the writer's has committed;
// within this process there is none.
func (db *DB) dataVersion(ctx context.Context) (v int64, ok bool) {
	err := look(ctx, db, func(tx *Tx) error { return tx.Row(`PRAGMA data_version`, nil, &v) })
	return v, err == nil
}

// Ready reports whether the file can be written now.
func (db *DB) Ready(ctx context.Context) error {
	return look(ctx, db, func(*Tx) error { return nil })
}
