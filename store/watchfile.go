package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	idleAfter = time.Second // without a write, until the WAL is emptied into the file
	walLimit  = 24 << 20    // bytes of WAL above which writes wait for readers to let go of it
	maxTries  = 7           // of a second: no reader stays longer than queryTimeout and a page of 5 s
	maxMarks  = 8           // marks that may stand in the file while readers hold up a checkpoint
)

// watched is what the writer knows of the files that it writes. SQLite goes on
// writing to a file that was moved, deleted or copied over, and calls it stored.
type watched struct {
	main, wal, shm fs.FileInfo // nil: not watched

	raw   *os.File // the file, to look at it past SQLite, and to hold it
	pages []int64  // where the mark was
	marks []string // that the file without its WAL may hold, see mark

	fresh   bool  // what the WAL held is all in the file, see follow
	stale   bool  // the file has changed since its mark was written
	unsaved bool  // the WAL is not empty
	tryAt   int64 // size of the WAL at which writes wait for readers
	idle    *time.Timer
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

// fail breaks the store unless it is broken already, and returns Err.
func (db *DB) fail(err error, msg, hint string) error {
	if db.cause.CompareAndSwap(nil, &Error{Kind: Damaged, Err: err, Msg: msg, Hint: hint}) {
		close(db.broken)
	}
	return db.Err()
}

const lookAfter = "Look after the disk, then start citd again: it goes on from what the disk has."

// readable fails the store when the disk gives errors: reads from memory would
// hide it until the next write.
func (db *DB) readable() {
	if f := &db.files; f.raw != nil {
		if _, err := f.raw.ReadAt(make([]byte, 100), 0); errors.Is(err, syscall.EIO) {
			_ = db.fail(err, "the disk under "+db.path+" does not work; nothing more is stored", lookAfter)
		}
	}
}

// failedFlush fails the store when a flush failed: what the disk has kept is not
// known until it is read anew, and another flush would seem to succeed.
func (db *DB) failedFlush(err error) {
	if se, ok := errors.AsType[*sqlite.Error](err); ok && (se.Code() == sqlite3.SQLITE_IOERR_FSYNC || se.Code() == sqlite3.SQLITE_IOERR_DIR_FSYNC) {
		_ = db.fail(err, "the disk could not store a change; nothing more is stored", lookAfter)
	}
}

// inPlace fails the store unless the files that SQLite writes are those that
// the next start would open.
func (db *DB) inPlace() error {
	f := &db.files
	if f.main == nil || db.Err() != nil {
		return db.Err()
	}
	main, wal, shm, err := db.look3()
	if err != nil || !os.SameFile(main, f.main) || !os.SameFile(wal, f.wal) || !os.SameFile(shm, f.shm) {
		return db.fail(err, db.path+" was moved, replaced or deleted while it was in use; nothing more is stored",
			"Put it back, with its -wal file if there is one, then start citd again.")
	}
	db.walSize.Store(wal.Size())
	if main.Size() == f.main.Size() && main.ModTime().Equal(f.main.ModTime()) {
		return nil
	}
	// A checkpoint wrote to it, ours or another program's; or a copy was put over it.
	if err := db.marked(); err != nil {
		return db.fail(err, "another file was copied over "+db.path+" while it was in use; nothing more is stored",
			"Keep it and its -wal file for a look, then go back to a backup with:  citd restore FILE --db "+db.path)
	}
	f.main, f.stale = main, true
	return nil
}

// look3 looks at the file, its WAL, and what its users share: were that last one
// gone, the next program to open the file would write over our part of the WAL.
func (db *DB) look3() (main, wal, shm fs.FileInfo, err error) {
	main, err = os.Stat(db.path)
	wal, err2 := os.Stat(db.path + "-wal")
	shm, err3 := os.Stat(db.path + "-shm")
	return main, wal, shm, errors.Join(err, err2, err3)
}

// setMark writes a mark and the one before: it may be the first that a WAL
// holds, and then tells what the WAL follows. Each value is as long as the other,
// so that it is written in place.
const setMark = `INSERT INTO setting (key, value) VALUES ('mark', ?1 || '.' || printf('%026d', 0))
	ON CONFLICT (key) DO UPDATE SET value = ?1 || '.' || substr(value, 1, 26)`

// mark writes a new random mark and brings the WAL into the file, as far as
// readers allow. So each state of the file has its own mark, and an old copy of
// it that is put in its place can be told.
func (db *DB) mark(how string) error {
	ctx, f, m := context.Background(), &db.files, rand.Text()
	var err error
	if len(f.marks) < maxMarks {
		_, err = db.conn.ExecContext(ctx, setMark, m)
		if err == nil {
			f.marks = append(f.marks, m)
		}
	}
	var busy, log, done int
	err = errors.Join(err, db.conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(`+how+`)`).Scan(&busy, &log, &done))
	if f.stale = false; err == nil && busy == 0 && log == done { // all of it is in the file
		f.marks, f.pages = f.marks[len(f.marks)-1:], db.markPages()
		f.unsaved, f.fresh = how != "TRUNCATE", true
	}
	main, wal, shm, err2 := db.look3()
	if err2 == nil {
		f.main, f.wal, f.shm = main, wal, shm
	}
	return errors.Join(err, err2)
}

// follow notes in a WAL that begins anew the mark of the file that it follows,
// so that the WAL of one time is not taken for that of another, see ownWAL.
func (db *DB) follow(tx *Tx, batch []*op) error {
	f := &db.files
	if !f.fresh || !slices.ContainsFunc(batch, func(o *op) bool { return o.err == nil }) {
		return nil
	}
	_, err := tx.Exec(`UPDATE setting SET value = ? || '+' || printf('%026d', 0) WHERE key = 'mark'`, f.marks[0])
	return err
}

// marked looks for the mark in the file without its WAL. It reads by a handle
// that stays open: to close one would end SQLite's locks on the file.
func (db *DB) marked() (err error) {
	f := &db.files
	pages := append(db.markPages(), f.pages...)
	for range 10 {
		head := make([]byte, 100)
		if _, err = f.raw.ReadAt(head, 0); err == nil {
			page := int64(head[16])<<8 | int64(head[17])
			// A backup that was just made has the mark, but is not in WAL mode.
			if head[18] == 2 && f.markIn(pages, page) {
				return nil
			}
			err = errors.New("the file is another one, or an older copy")
		}
		time.Sleep(20 * time.Millisecond) // another program may be at its checkpoint
	}
	return err
}

// markIn reports whether one of the pages holds a mark, or none was ever written.
func (f *watched) markIn(pages []int64, size int64) bool {
	if len(f.marks) == 0 {
		return true
	}
	text := make([]byte, size)
	for _, p := range pages {
		_, err := f.raw.ReadAt(text, (p-1)*size)
		if err == nil && slices.ContainsFunc(f.marks, func(m string) bool { return bytes.Contains(text, []byte(m)) }) {
			return true
		}
	}
	return false
}

// markPages are the pages of the table that holds the mark; none where that cannot be read.
func (db *DB) markPages() []int64 {
	pages, _ := (&Tx{db: db}).ids(`SELECT pageno FROM dbstat WHERE name = 'setting'`)
	return pages
}

// settleWAL keeps the WAL small once a round of writes is answered.
func (db *DB) settleWAL(wrote bool) {
	f := &db.files
	if !wrote || f.main == nil || db.Err() != nil {
		return
	}
	crash("settle")
	f.unsaved, f.fresh = true, false
	f.idle.Reset(idleAfter)
	if db.walSize.Load() > f.tryAt {
		tries := 1
		if f.tryAt > walLimit {
			tries = maxTries // by then each reader of that time is gone
		}
		db.emptyWAL(tries)
	} else if f.stale {
		_ = db.mark("PASSIVE")
	}
}

// emptyWAL brings the WAL into the file and cuts it to nothing. Each try waits up
// to a second for readers to let go of it; with none, it is tried without waiting. Those that come meanwhile may keep one
// try from its end, though each stays shortly; hardly the next one as well.
func (db *DB) emptyWAL(tries int) {
	f := &db.files
	if !f.unsaved || db.Err() != nil {
		return
	}
	ctx := context.Background()
	_, _ = db.conn.ExecContext(ctx, fmt.Sprintf(`PRAGMA busy_timeout = %d`, 1000*min(tries, 1)))
	defer func() { _, _ = db.conn.ExecContext(ctx, `PRAGMA busy_timeout = 5000`) }()
	for range max(tries, 1) {
		if _ = db.mark("TRUNCATE"); !f.unsaved { // where a full disk or a reader forbids it, the next time will do
			break
		}
	}
	db.walSize.Store(f.wal.Size())
	f.tryAt = max(walLimit, 2*f.wal.Size()) // a slow reader costs a short pause, and a long one only if it goes on
	if f.unsaved {
		f.idle.Reset(idleAfter)
	}
}

// Health is how the file and its disk are.
type Health struct {
	Free     int64 // bytes left on the disk, -1 if not known
	WAL      int64 // bytes
	BackupAt int64 // of the last verified one, microseconds since 1970; 0: never
}

// Low is the room in bytes below which a warning is due.
const Low = 256 << 20

// Health looks at the file and its disk.
func (db *DB) Health(ctx context.Context) (h Health, err error) {
	h.Free, h.WAL = freeSpace(filepath.Dir(db.path)), db.walSize.Load()
	h.BackupAt, _, err = db.LastBackup(ctx)
	return h, err
}
