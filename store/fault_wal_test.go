package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
	"time"
)

// While readers are never gone, and one of them is slow, the WAL stays bounded;
// once writes end it is emptied, so that the one file is all there is to copy.
func TestFaultWALBounded(t *testing.T) {
	t.Parallel()
	db := mustOwn(t, putDemo(t))
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			time.Sleep(time.Duration(i) * 70 * time.Millisecond)
			for ctx.Err() == nil { // overlapping snapshots: at no moment none is open
				hold(ctx, t, db, 200*time.Millisecond)
			}
		})
	}
	size, wrote, worst := often(130, 1000)<<20, 0, int64(0)
	if testing.Short() {
		size /= 10 // the race detector takes ten times as long
	}
	for wrote < size {
		_, err := Write(ctx, db, func(tx *Tx) (struct{}, error) {
			_, err := tx.Exec(`INSERT OR REPLACE INTO setting (key, value) VALUES ('x', hex(randomblob(500000)))`)
			return struct{}{}, err
		})
		if err != nil {
			t.Fatal(err)
		}
		wrote += 1 << 20
		worst = max(worst, sizeOf(db.path+"-wal"))
	}
	stop()
	wg.Wait()
	t.Logf("%d MiB written, the WAL was at most %d MiB", wrote>>20, worst>>20)
	if worst > 64<<20 {
		t.Errorf("the WAL grew to %d MiB", worst>>20)
	}
	idle(t, db)
}

// hold keeps a read transaction open for a while.
func hold(ctx context.Context, tb testing.TB, db *DB, d time.Duration) {
	tx, err := db.r.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			tb.Error(err)
		}
		return
	}
	defer tx.Rollback()
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM setting`).Scan(&n); err != nil && !errors.Is(err, context.Canceled) {
		tb.Error(err)
	}
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
