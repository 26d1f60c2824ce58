package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Restored is what Restore did.
type Restored struct {
	Report *Report
	Kept   string // where the file that was there before lies now; "" if there was none
}

// Restore puts a backup in the place of the database at path, whose lock the
// caller holds. The backup is copied and read through first; it stays as it is,
// and the file that is replaced is kept under another name. Nobody is signed in
// afterwards. Errors: NoFile, NotOurs, Newer, Damaged (the backup; nothing was
// changed), Full.
func Restore(ctx context.Context, from, path string, o Options) (*Restored, error) {
	from, err := filepath.Abs(from)
	if err != nil {
		return nil, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	if from == path {
		return nil, Errorf(Invalid, "%s is the database itself; name a backup of it", from)
	}
	if err := restorable(from, path); err != nil {
		return nil, err
	}
	sweep(filepath.Dir(path), filepath.Base(path)+".restore-*")
	tmp, err := copyAside(from, path)
	if tmp != "" {
		defer discard(tmp) // gone after the swap
	}
	if err != nil {
		return nil, onDisk(err, "cannot copy "+from+" to "+filepath.Dir(path))
	}
	r := &Restored{}
	if r.Report, err = prepare(ctx, tmp, from, o); err != nil {
		return nil, err
	}
	r.Kept, err = swap(ctx, tmp, path, o)
	return r, err
}

// restorable looks at both ends before anything is copied.
func restorable(from, path string) error {
	st, err := os.Lstat(from)
	if errors.Is(err, fs.ErrNotExist) {
		return Errorf(NoFile, "there is no backup at %s", from)
	} else if err != nil {
		return &Error{Kind: Denied, Msg: "cannot look at " + from, Err: err}
	}
	h, err := readHeader(from, st)
	if err == nil {
		err = checkBeside(from, st, h)
	}
	if err != nil {
		return err
	}
	if st, err := os.Lstat(path); err == nil && !st.Mode().IsRegular() {
		return Errorf(NoFile, "%s is no plain file, so it cannot be replaced", path)
	}
	return nil
}

// copyAside copies a backup, with its WAL if it is a bare copy of a file in use,
// into the folder of path.
func copyAside(from, path string) (tmp string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".restore-*") // mode 0600
	if err != nil {
		return "", err
	}
	tmp = f.Name()
	err = errors.Join(fill(f, from), f.Close())
	if sizeOf(from+"-wal") == 0 || err != nil {
		return tmp, err
	}
	return tmp, copyFile(tmp+"-wal", from+"-wal")
}

// copyFile copies a file to a name that there is not yet; then it survives a power cut.
func copyFile(to, from string) error {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(fill(f, from), f.Sync(), f.Close())
}

func fill(dst *os.File, from string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	_, err = io.Copy(dst, src)
	return err
}

// prepare reads the copy through, brings it to the newest schema and ends all
// sessions in it: some may have been ended since the backup was made.
func prepare(ctx context.Context, tmp, from string, o Options) (r *Report, err error) {
	version, err := inspect(ctx, tmp, o.Schema, quickly)
	if err == nil && version < newestSchema() {
		err = upgradeFile(ctx, tmp, o.Schema, version)
	}
	var db *DB
	if err == nil {
		db, err = Open(ctx, tmp, Options{Schema: o.Schema, Clock: o.Clock})
	}
	if err != nil {
		return nil, instead(err, from)
	}
	r, err = db.Verify(ctx)
	if err == nil {
		err = r.Err()
	}
	if err == nil {
		err = db.do(ctx, func(tx *Tx) error {
			if _, err := tx.Exec(`DELETE FROM session`); err != nil {
				return err
			}
			return audit(tx, Actor{}, "restore", "", 0, "")
		})
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return nil, instead(err, from)
	}
	if err := setWAL(tmp, 1); err != nil {
		return nil, onDisk(err, "cannot write "+tmp)
	}
	_, _, err = flush(tmp)
	return r, err
}

// instead names the backup where an error names our copy of it.
func instead(err error, from string) error {
	e := *AsError(err)
	if e.Kind == Damaged {
		e.Msg, e.Hint = fmt.Sprintf("%s is not whole, so it was not restored; nothing was changed", from), ""
		e.Err = err
	}
	return &e
}

// swap puts tmp in the place of path. At each moment a crash leaves the old file
// or the new one, and never the WAL of one beside the other.
func swap(ctx context.Context, tmp, path string, o Options) (kept string, err error) {
	switch _, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return "", &Error{Kind: Denied, Msg: "cannot look at " + path, Err: err}
	default:
		if kept, err = keep(ctx, path, o); err != nil {
			return "", onDisk(err, "cannot keep a copy of "+path+", so nothing was changed")
		}
	}
	for _, end := range []string{"-wal", "-shm", "-journal"} { // of a file that is gone, or empty
		if err := os.Remove(path + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return kept, onDisk(err, "cannot remove "+path+end)
		}
	}
	folder := filepath.Dir(path)
	if err := syncDir(folder); err != nil {
		return kept, err
	}
	if err := os.Rename(tmp, path); err != nil {
		return kept, onDisk(err, "cannot put the copy in the place of "+path)
	}
	return kept, syncDir(folder)
}

// keep gives the file at path a second name, with what its WAL holds.
func keep(ctx context.Context, path string, o Options) (string, error) {
	if _, err := inspect(ctx, path, o.Schema, quickly); err == nil { // a good file: opened once, its WAL is in it
		if db, err := Open(ctx, path, Options{Clock: o.Clock}); err == nil {
			if err := db.Close(); err != nil {
				return "", err
			}
		}
	}
	now := time.Now //nolint:forbidigo // the default, as in Open
	if o.Clock != nil {
		now = o.Clock
	}
	name := fmt.Sprintf("%s.before-restore-%s", path, now().UTC().Format("20060102-150405"))
	kept := name
	for n := 2; ; n++ { // a restore that was cut off may have left that of this second
		if _, err := os.Lstat(kept); err != nil {
			break
		}
		kept = fmt.Sprintf("%s-%d", name, n)
	}
	for _, end := range []string{"", "-wal"} {
		if end != "" && sizeOf(path+end) == 0 {
			continue
		}
		if err := os.Link(path+end, kept+end); err == nil {
			continue
		}
		if err := copyFile(kept+end, path+end); err != nil { // no links here
			discard(kept)
			return "", err
		}
	}
	return kept, nil
}
