package store

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
)

const spoolOver = 1 << 20 // bytes of a body that are kept in memory

// Spooled is a body that can be read again and again.
type Spooled struct {
	io.ReaderAt
	file *os.File // nil: in memory
}

// Spool reads r to its end, so that the writer never waits for a client. What is
// longer than 1 MiB goes to a file without a name in the database's folder: it
// holds what the database will hold. Errors: those of r; Full, Denied.
func (db *DB) Spool(r io.Reader) (*Spooled, error) {
	head, err := io.ReadAll(io.LimitReader(r, spoolOver))
	if err != nil || len(head) < spoolOver {
		return &Spooled{ReaderAt: bytes.NewReader(head)}, err
	}
	f, err := os.CreateTemp(filepath.Dir(db.path), filepath.Base(db.path)+".new-body-*")
	if err != nil {
		return nil, onDisk(err, "cannot keep a long body beside the database")
	}
	_ = os.Remove(f.Name()) // Windows: by Close
	s := &Spooled{ReaderAt: f, file: f}
	if _, err := io.Copy(diskWriter{f}, io.MultiReader(bytes.NewReader(head), r)); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close lets go of the file. It can be called twice.
func (s *Spooled) Close() {
	if s.file != nil {
		_ = s.file.Close()
		_ = os.Remove(s.file.Name())
	}
}

// diskWriter tells the disk's errors from the client's.
type diskWriter struct{ f *os.File }

func (w diskWriter) Write(b []byte) (int, error) {
	n, err := w.f.Write(b)
	return n, onDisk(err, "cannot keep a long body beside the database")
}
