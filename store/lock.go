package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"
)

// Lock keeps a second server off the same file for as long as it is held.
type Lock struct {
	file *flock.Flock
	path string
}

// Holder is the process that serves a file.
type Holder struct {
	PID  int    // 0 if not known
	Addr string // "http://127.0.0.1:8000"; empty until it listens
}

// TakeLock takes the lock beside the database at path. Errors: Locked, naming
// the process that has it; Denied.
func TakeLock(ctx context.Context, path string) (*Lock, error) {
	if st, err := os.Lstat(path); err == nil {
		if _, err := readHeader(path, st); err != nil {
			return nil, err // nothing of ours is to be left beside what is not ours
		}
	}
	return LockToReplace(ctx, path)
}

// LockToReplace is TakeLock for a file that is about to be replaced, whatever it is.
func LockToReplace(ctx context.Context, path string) (*Lock, error) {
	if err := writable(path); err != nil {
		return nil, err
	}
	l := &Lock{path: path + ".lock"}
	if st, err := os.Lstat(l.path); err == nil && !st.Mode().IsRegular() {
		return nil, Errorf(Denied, "%s is no plain file, so it cannot be the lock of the database", l.path)
	}
	l.file = flock.New(l.path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	// A moment of patience: the one before may be about to end.
	ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	switch ok, err := l.file.TryLockContext(ctx, 50*time.Millisecond); {
	case ok:
		l.Note("")
		return l, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Error{Kind: NoFile, Msg: "there is no folder for " + path, Err: err}
	case err != nil && !errors.Is(err, context.DeadlineExceeded):
		return nil, onDisk(err, "cannot lock "+path)
	}
	e := Errorf(Locked, "%s is served already by another citd", path)
	if h := ServedBy(path); h.PID != 0 {
		e.Msg = fmt.Sprintf("%s is served already by citd (pid %d)", path, h.PID)
		if h.Addr != "" {
			e.Hint = "Open " + h.Addr + ", or stop it first."
		}
	}
	return nil, e
}

// Note writes this process and its address into the lock, for those who come
// after. Windows lets nobody write or read there: then they learn less.
func (l *Lock) Note(addr string) {
	_ = os.WriteFile(l.path, fmt.Appendf(nil, "%d %s\n", os.Getpid(), addr), 0o600)
}

// Free gives the lock back. The file stays: to remove it could free somebody else's.
func (l *Lock) Free() error {
	_ = os.Truncate(l.path, 0)
	return l.file.Unlock()
}

// ServedBy reads who serves the database at path; the zero Holder if nobody
// does. After a kill -9 it may name a process that is gone.
func ServedBy(path string) (h Holder) {
	b, err := os.ReadFile(path + ".lock")
	if err == nil && len(b) < 1024 {
		_, _ = fmt.Sscan(string(b), &h.PID, &h.Addr)
	}
	return h
}
