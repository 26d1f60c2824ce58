package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	lastBackup   = "last_backup" // key of the setting: time in microseconds, space, path
	nightlyKept  = 7
	nightlyHour  = 2           // local time from which on the night's backup is made
	nightlyFirst = time.Minute // after the start
	nightlyEvery = 10 * time.Minute
	leftover     = time.Hour // age of an unfinished copy that nobody works on any more
)

// Copy is a backup that was made and read back.
type Copy struct {
	Path   string
	Size   int64 // bytes
	SHA256 string
	Report *Report
}

// Backup writes a copy of the file, as it is now, to dest and reads it back
// whole before dest gets its name; then it survives a power cut. Writes go on
// meanwhile. A dest that exists is replaced if it is a citd database that is not
// in use. Errors: Conflict (dest is something else), NoFile (no such folder),
// Full, Damaged (the copy, and so the file, is not whole).
func (db *DB) Backup(ctx context.Context, dest string) (*Copy, error) {
	dest, err := filepath.Abs(dest)
	if err != nil {
		return nil, err
	}
	if err := replaceable(dest, db.path); err != nil {
		return nil, err
	}
	c, err := backupFile(ctx, db.path, dest, func(tmp string) (*Report, error) {
		copied, err := Open(ctx, tmp, Options{Schema: db.schema, ReadOnly: true, Clock: db.clock})
		if err != nil {
			return nil, err
		}
		defer copied.Close()
		return copied.Verify(ctx)
	})
	if err == nil && !db.readOnly {
		err = db.noteBackup(ctx, dest)
	}
	return c, err
}

// backupFile copies the database at path to dest; verify reads the copy.
func backupFile(ctx context.Context, path, dest string, verify func(tmp string) (*Report, error)) (c *Copy, err error) {
	sweep(filepath.Dir(dest), filepath.Base(dest)+".part-*")
	f, err := os.CreateTemp(filepath.Dir(dest), filepath.Base(dest)+".part-*") // mode 0600, which SQLite keeps
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{Kind: NoFile, Msg: "there is no folder for " + dest, Err: err}
	} else if err != nil {
		return nil, onDisk(err, "cannot write "+dest)
	}
	tmp := f.Name()
	defer discard(tmp) // gone after the rename
	if err := f.Close(); err != nil {
		return nil, onDisk(err, "cannot write "+dest)
	}
	if err := copyInto(ctx, path, tmp); err != nil {
		return nil, classify(err)
	}
	c = &Copy{Path: dest}
	if c.Report, err = verify(tmp); err == nil {
		err = c.Report.Err()
	}
	if err != nil {
		return nil, err
	}
	if c.Size, c.SHA256, err = flush(tmp); err != nil {
		return nil, onDisk(err, "cannot write "+dest)
	}
	if err := os.Rename(tmp, dest); err != nil {
		return nil, onDisk(err, "cannot write "+dest)
	}
	// Without this a power cut may leave the journal that SQLite has deleted, and
	// the next to open the copy would undo it to nothing.
	return c, syncDir(filepath.Dir(dest))
}

func copyInto(ctx context.Context, path, tmp string) error {
	ro, err := sql.Open("sqlite", dsn(path, "busy_timeout(5000)", "trusted_schema(0)", "cell_size_check(1)")+"&mode=ro")
	if err != nil {
		return err
	}
	var need int64
	err = ro.QueryRowContext(ctx, `SELECT (c.page_count - f.freelist_count) * p.page_size FROM pragma_page_count c, pragma_freelist_count f, pragma_page_size p`).Scan(&need)
	if free := freeSpace(filepath.Dir(tmp)); err == nil && free >= 0 && free < need+need/8 { // else it would take the room that posts need
		err = Errorf(Full, "a copy takes %d MB, and %d MB are free in %s", need/1e6, free/1e6, filepath.Dir(tmp))
	}
	if err == nil {
		_, err = ro.ExecContext(ctx, `VACUUM INTO ?`, tmp)
	}
	return errors.Join(err, ro.Close())
}

// flush makes the bytes of a file survive a power cut and returns their digest.
func flush(path string) (size int64, sum string, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, "", err
	}
	h := sha256.New()
	size, err = io.Copy(h, f)
	return size, hex.EncodeToString(h.Sum(nil)), errors.Join(err, f.Sync(), f.Close())
}

// discard removes an unfinished file and what SQLite put beside it.
func discard(tmp string) {
	for _, end := range []string{"", "-journal", "-wal", "-shm"} {
		_ = os.Remove(tmp + end)
	}
}

// sweep removes unfinished files that a kill left.
func sweep(folder, pattern string) {
	for _, path := range matching(folder, pattern) {
		if st, err := os.Lstat(path); err == nil && time.Since(st.ModTime()) > leftover {
			discard(path)
		}
	}
}

// matching lists the files of folder whose names match pattern, sorted.
func matching(folder, pattern string) []string {
	all, _ := fs.Glob(os.DirFS(folder), pattern)
	for i, name := range all {
		all[i] = filepath.Join(folder, name)
	}
	return all
}

// onDisk says what went wrong in the file system.
func onDisk(err error, msg string) error {
	if err == nil {
		return nil
	}
	if isFull(err) {
		return &Error{Kind: Full, Msg: "the disk is full: " + msg, Err: err}
	}
	return &Error{Kind: Denied, Msg: msg, Err: err}
}

// replaceable refuses to put a backup over something else than a backup.
func replaceable(dest, live string) error {
	st, err := os.Lstat(dest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return onDisk(err, "cannot write "+dest)
	}
	if l, err := os.Stat(live); err == nil && os.SameFile(st, l) {
		return Errorf(Conflict, "%s is the database itself; name another file for its backup", dest)
	}
	if h, err := readHeader(dest, st); err != nil || h.wal {
		return Errorf(Conflict, "%s exists already and is no backup; name another file", dest)
	}
	return nil
}

func (db *DB) noteBackup(ctx context.Context, dest string) error {
	return db.do(ctx, func(tx *Tx) error { return tx.keep(lastBackup, fmt.Sprintf("%d %s", tx.Now, dest)) })
}

// LastBackup returns when the last verified backup was made (microseconds since
// 1970, 0 if never) and where.
func (db *DB) LastBackup(ctx context.Context) (at int64, path string, err error) {
	v, err := db.Setting(ctx, lastBackup)
	if first, rest, ok := strings.Cut(v, " "); ok {
		at, _ = strconv.ParseInt(first, 10, 64)
		path = rest
	}
	return at, path, err
}

// backupFolder is where the nightly backups of the database at path lie.
func backupFolder(path string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + "-backups"
}

// BackupFolder is where Nightly puts its copies.
func (db *DB) BackupFolder() string { return backupFolder(db.path) }

// Nightly makes a backup each night, or as soon after as the program runs, and
// keeps the last seven. It returns when ctx ends. told hears of each attempt.
func (db *DB) Nightly(ctx context.Context, told func(*Copy, error)) {
	for wait := nightlyFirst; ; wait = nightlyEvery {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		if c, err := db.nightly(ctx); (c != nil || err != nil) && ctx.Err() == nil {
			told(c, err)
		}
	}
}

// nightly makes the backup of the current night unless it is there.
func (db *DB) nightly(ctx context.Context) (*Copy, error) {
	night := db.clock().Local().Add(-nightlyHour * time.Hour).Format(time.DateOnly)
	folder := backupFolder(db.path)
	dest := filepath.Join(folder, "citd-"+night+".db")
	if _, err := os.Lstat(dest); err == nil {
		return nil, nil
	}
	if err := onDisk(os.MkdirAll(folder, 0o700), "cannot make "+folder); err != nil {
		return nil, err
	}
	c, err := db.Backup(ctx, dest)
	if err == nil {
		err = rotate(folder, dest)
	}
	return c, err
}

// rotate removes the oldest of more than seven nightly backups, never keep.
func rotate(folder, keep string) (err error) {
	all := matching(folder, "citd-????-??-??.db")
	for _, oldest := range all[:max(0, len(all)-nightlyKept)] {
		if oldest != keep {
			err = errors.Join(err, os.Remove(oldest))
		}
	}
	return err
}

// newestGood returns the newest backup in the folder of the database at path
// that can be read through, or "".
func newestGood(path string) string {
	all := matching(backupFolder(path), "*.db")
	slices.SortFunc(all, func(a, b string) int { return cmp.Compare(modified(b), modified(a)) })
	for _, b := range all {
		st, err := os.Lstat(b)
		if err == nil {
			_, err = readHeader(b, st)
		}
		if err == nil {
			_, err = inspect(context.Background(), b, "", quickly)
		}
		if err == nil {
			return b
		}
	}
	return ""
}

// modified is when a file was last written, in microseconds since 1970.
func modified(path string) int64 {
	st, err := os.Lstat(path)
	if err != nil {
		return 0
	}
	return st.ModTime().UnixMicro()
}
