package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What people do to the files beside a database after a kill: nothing that was
// acknowledged is lost unless the WAL is, and then the file is whole all the same.
func TestFaultFilesAfterKill(t *testing.T) {
	t.Parallel()
	l := newLab(t, builds.plain, t.TempDir())
	s := l.serve()
	var g ledger
	stop := s.load(&g, 8)
	time.Sleep(200 * time.Millisecond)
	stop()
	s.kill()
	killed := filepath.Dir(l.db)
	for name, do := range map[string]func(db string) error{
		"copied elsewhere":       func(string) error { return nil },
		"shared memory deleted":  func(db string) error { return os.Remove(db + "-shm") },
		"shared memory of noise": func(db string) error { return os.WriteFile(db+"-shm", []byte(strings.Repeat("noise", 9999)), 0o600) },
		"lock deleted":           func(db string) error { return os.Remove(db + ".lock") },
		"WAL deleted":            func(db string) error { return os.Remove(db + "-wal") },
		"WAL cut in half": func(db string) error {
			st, err := os.Stat(db + "-wal")
			if err != nil {
				return err
			}
			return os.Truncate(db+"-wal", st.Size()/2)
		},
	} {
		there := *l
		there.db = filepath.Join(t.TempDir(), "citd.db")
		copyFiles(t, killed, filepath.Dir(there.db), "citd.db", "citd.db-wal", "citd.db-shm", "citd.db.lock")
		if err := do(there.db); err != nil {
			t.Fatal(err)
		}
		there.serve().kill()
		there.whole()
		if n := there.lost(&g); n > 0 && !strings.HasPrefix(name, "WAL") {
			t.Errorf("%s: %d of %d are lost", name, n, g.acked.Load())
		}
	}
}

// A bare copy of the files of a server at work is whole or refused: it is never
// served with pages of two times in it. (Of one over 64 MiB that is told while it is served.)
func TestFaultCopiedWhileServing(t *testing.T) {
	t.Parallel()
	l := newLab(t, builds.plain, t.TempDir())
	started := 0
	for range often(1, 5) {
		l.fresh()
		s := l.serve()
		stop := s.load(&ledger{}, 8)
		for range often(4, 40) {
			time.Sleep(50 * time.Millisecond)
			there := *l
			there.db = filepath.Join(t.TempDir(), "citd.db")
			copyFiles(t, filepath.Dir(l.db), filepath.Dir(there.db), "citd.db", "citd.db-wal")
			code, out := there.call("purge", "--older-than", "999d") // takes the file over as a server does
			switch code {
			case 0:
				started++
				there.whole()
			case 74, 65:
			default:
				t.Errorf("ended with %d %s", code, out)
			}
		}
		s.kill()
		stop()
	}
	t.Logf("%d copies could be used", started)
}

func copyFiles(tb testing.TB, from, to string, names ...string) {
	tb.Helper()
	for _, name := range names {
		src, err := os.Open(filepath.Join(from, name))
		if err != nil {
			tb.Fatal(err)
		}
		dst, err := os.OpenFile(filepath.Join(to, name), os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := io.Copy(dst, src); err != nil {
			tb.Fatal(err)
		}
		_, _ = src.Close(), dst.Close()
	}
}
