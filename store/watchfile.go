package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

const (
	idleAfter = time.Second // without a write, until the WAL is emptied into the file
	walLimit  = 24 << 20    // bytes of WAL above which writes wait for readers to let go of it
	maxMarks  = 8           // marks that may stand in the file while readers hold up a checkpoint
)

// watched is what the writer knows of the files that it writes. SQLite goes on
// writing to a file that was moved, deleted or copied over, and calls it stored.
type watched struct {
	main, wal fs.FileInfo // nil: not watched
	marks     []string    // that the file without its WAL may hold, see mark
	stale     bool        // the file has changed since its mark was written
	unsaved   bool        // the WAL is not empty
	tryAt     int64       // size of the WAL at which writes wait for readers
	idle      *time.Timer
}

// Broken is closed when the file can be trusted no longer. Err says why; each
// Write returns that from then on. What can be done is to stop.
func (db *DB) Broken() <-chan struct{} { return db.broken }

// Err returns why the file can be trusted no longer, or nil.
func (db *DB) Err() error {
	if e := db.cause.Load(); e != nil {
		return e
	}
	return nil
}

func (db *DB) fail(e *Error) {
	if db.cause.CompareAndSwap(nil, e) {
		close(db.broken)
	}
}

// inPlace fails the store unless the files that SQLite writes are those that
// the next start would open.
func (db *DB) inPlace() error {
	f := &db.files
	if f.main == nil || db.Err() != nil {
		return db.Err()
	}
	main, err := os.Stat(db.path)
	wal, err2 := os.Stat(db.path + "-wal")
	if err = errors.Join(err, err2); err != nil || !os.SameFile(main, f.main) || !os.SameFile(wal, f.wal) {
		db.fail(&Error{Kind: Damaged, Err: err, Msg: db.path + " was moved, replaced or deleted while it was in use; nothing more is stored",
			Hint: "Put it back, with its -wal file if there is one, then start citd again."})
		return db.Err()
	}
	db.walSize.Store(wal.Size())
	if main.Size() == f.main.Size() && main.ModTime().Equal(f.main.ModTime()) {
		return nil
	}
	// A checkpoint wrote to it, ours or another program's; or a copy was put over
	// it. A backup that was just made has the mark, but is not in WAL mode.
	h, err := readHeader(db.path, main)
	if err == nil && !h.wal {
		err = errors.New("not in WAL mode")
	}
	if err == nil {
		err = db.marked()
	}
	if err != nil {
		db.fail(&Error{Kind: Damaged, Err: err, Msg: "another file was copied over " + db.path + " while it was in use; nothing more is stored",
			Hint: "Keep it and its -wal file for a look, then go back to a backup with:  citd restore FILE --db " + db.path})
		return db.Err()
	}
	f.main, f.stale = main, true
	return nil
}

// mark writes a new random mark and brings the WAL into the file, as far as
// readers allow. So each state of the file has its own mark, and an old copy of
// it that is put in its place can be told.
func (db *DB) mark(how string) error {
	ctx, f, m := context.Background(), &db.files, rand.Text()
	var err error
	if len(f.marks) < maxMarks {
		_, err = db.conn.ExecContext(ctx, `INSERT INTO setting (key, value) VALUES ('mark', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, m)
		if err == nil {
			f.marks = append(f.marks, m)
		}
	}
	var busy, log, done int
	err = errors.Join(err, db.conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(`+how+`)`).Scan(&busy, &log, &done))
	if f.stale = false; err == nil && busy == 0 && log == done { // all of it is in the file
		f.marks = f.marks[len(f.marks)-1:]
		f.unsaved = how != "TRUNCATE"
	}
	main, err2 := os.Stat(db.path)
	wal, err3 := os.Stat(db.path + "-wal")
	if err2 == nil && err3 == nil {
		f.main, f.wal = main, wal
	}
	return errors.Join(err, err2, err3)
}

// marked reads the mark of the file without its WAL.
func (db *DB) marked() (err error) {
	ro, err := sql.Open("sqlite", dsn(db.path, "query_only(1)", "trusted_schema(0)")+"&mode=ro&immutable=1")
	if err != nil {
		return err
	}
	defer ro.Close()
	for range 10 {
		var m string
		if err = ro.QueryRow(`SELECT value FROM setting WHERE key = 'mark'`).Scan(&m); err == nil {
			if len(db.files.marks) == 0 || slices.Contains(db.files.marks, m) {
				return nil
			}
			return fmt.Errorf("mark %s", m)
		}
		time.Sleep(20 * time.Millisecond) // another program may be at its checkpoint
	}
	return err
}

// settleWAL keeps the WAL small once a round of writes is answered.
func (db *DB) settleWAL(wrote bool) {
	f := &db.files
	if !wrote || f.main == nil || db.Err() != nil {
		return
	}
	f.unsaved = true
	f.idle.Reset(idleAfter)
	if db.walSize.Load() > f.tryAt {
		db.emptyWAL(time.Second * time.Duration(f.tryAt/walLimit))
	} else if f.stale {
		_ = db.mark("PASSIVE")
	}
}

// emptyWAL brings the WAL into the file and cuts it to nothing, waiting so long
// for readers to let go of it.
func (db *DB) emptyWAL(wait time.Duration) {
	f := &db.files
	if !f.unsaved || db.Err() != nil {
		return
	}
	ctx := context.Background()
	_, _ = db.conn.ExecContext(ctx, fmt.Sprintf(`PRAGMA busy_timeout = %d`, wait.Milliseconds()))
	defer db.conn.ExecContext(ctx, `PRAGMA busy_timeout = 5000`)
	_ = db.mark("TRUNCATE") // where a full disk or a reader forbids it, the next time will do
	db.walSize.Store(f.wal.Size())
	f.tryAt = max(walLimit, 2*f.wal.Size()) // a slow reader costs a pause seldom, and a longer one the next time
	if f.unsaved {
		f.idle.Reset(idleAfter)
	}
}
