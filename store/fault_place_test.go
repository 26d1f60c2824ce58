package store

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// note writes a row, as any change does.
func note(db *DB, key string) error {
	_, err := Write(context.Background(), db, func(tx *Tx) (struct{}, error) {
		_, err := tx.Exec(`INSERT INTO setting (key, value) VALUES (?, 'x')`, key)
		return struct{}{}, err
	})
	return err
}

// A file that is moved, replaced or deleted while it is served: no write is
// answered as stored from then on, and the files are left as they are.
func TestFaultFileMoved(t *testing.T) {
	copyOver := func(path string, from []byte) error { // as cp does: the same file, other bytes
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = f.Write(from)
		return err
	}
	for _, tt := range []struct {
		name string
		do   func(db *DB, path string, atStart []byte) error
	}{
		{"deleted", func(_ *DB, path string, _ []byte) error { return os.Remove(path) }},
		{"moved away", func(_ *DB, path string, _ []byte) error { return os.Rename(path, path+".old") }},
		{"folder moved away", func(_ *DB, path string, _ []byte) error {
			return os.Rename(filepath.Dir(path), filepath.Dir(path)+"-old")
		}},
		{"replaced, as Dropbox does", func(_ *DB, path string, b []byte) error {
			if err := os.WriteFile(path+".tmp", b, 0o600); err != nil {
				return err
			}
			return os.Rename(path+".tmp", path)
		}},
		{"an older copy of it copied over", func(db *DB, path string, b []byte) error { return copyOver(path, b) }},
		{"another citd file copied over", func(_ *DB, path string, _ []byte) error { return copyOver(path, demoFile()) }},
		{"a new backup of it copied over", func(db *DB, path string, _ []byte) error {
			idle(t, db)
			to := filepath.Join(t.TempDir(), "b.db")
			if _, err := backupFile(t.Context(), path, to, func(string) (*Report, error) { return &Report{}, nil }); err != nil {
				return err
			}
			b, err := os.ReadFile(to)
			if err != nil {
				return err
			}
			return copyOver(path, b)
		}},
		{"garbage copied over", func(_ *DB, path string, _ []byte) error { return copyOver(path, bytes.Repeat([]byte("x"), 9999)) }},
		{"cut to nothing", func(_ *DB, path string, _ []byte) error { return os.Truncate(path, 0) }},
		{"WAL deleted", func(_ *DB, path string, _ []byte) error { return os.Remove(path + "-wal") }},
		{"shared memory deleted", func(_ *DB, path string, _ []byte) error { return os.Remove(path + "-shm") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "in", "citd.db")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			db, err := Open(t.Context(), path, Options{Schema: testSchema(t), Own: true, Create: true})
			if err != nil {
				t.Fatal(err)
			}
			atStart, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 10 {
				if err := note(db, fmt.Sprint("before", i)); err != nil {
					t.Fatal(err)
				}
			}
			idle(t, db) // the file is now another than at the start
			if err := note(db, "before"); err != nil {
				t.Fatal(err)
			}
			if err := tt.do(db, path, atStart); err != nil {
				t.Fatal(err)
			}
			wantKind(t, "the first write after", note(db, "after"), Damaged)
			select {
			case <-db.Broken():
			default:
				t.Error("Broken is not closed")
			}
			wantKind(t, "the next write", note(db, "later"), Damaged)
			wantKind(t, "Close", db.Close(), Damaged)
		})
	}
}

// idle waits until the writer has emptied the WAL.
func idle(tb testing.TB, db *DB) {
	tb.Helper()
	for range 500 {
		if sizeOf(db.path+"-wal") == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	tb.Fatal("the WAL was not emptied")
}

// What other programs may do to a file that is served, and checkpoints, are no
// reason to stop.
func TestFaultFileInPlace(t *testing.T) {
	t.Parallel()
	db := mustOwn(t, putDemo(t))
	for i := range 9 {
		switch i % 3 {
		case 0:
			editFile(t, db.path, fmt.Sprintf(`INSERT INTO setting VALUES ('other%d', 'x')`, i), `PRAGMA wal_checkpoint(TRUNCATE)`)
		case 1:
			idle(t, db) // else the next checkpoint comes between reading and writing
			b, err := os.ReadFile(db.path)
			if err != nil {
				t.Fatal(err)
			}
			put(t, db.path, b) // the very same bytes
		case 2:
			idle(t, db)
		}
		if err := note(db, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	fill := func(tx *Tx) (struct{}, error) { // more than one checkpoint within the commits
		_, err := tx.Exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
			INSERT INTO address (line1, line2, city, postcode, country) SELECT hex(randomblob(2000)), '', '', '', '' FROM n`)
		return struct{}{}, err
	}
	for range 4 {
		if _, err := Write(t.Context(), db, fill); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Err(); err != nil {
		t.Error(err)
	}
}

// What SQLite is: releases before 3.51.3 can corrupt a file with a WAL that two
// connections reset.
func TestFaultSQLiteVersion(t *testing.T) {
	var v string
	if err := openTest(t).r.QueryRow(`SELECT sqlite_version()`).Scan(&v); err != nil {
		t.Fatal(err)
	}
	var major, minor, patch int
	if _, err := fmt.Sscanf(v, "%d.%d.%d", &major, &minor, &patch); err != nil || major*1_000_000+minor*1000+patch < 3_051_003 {
		t.Errorf("SQLite %s, %v; want 3.51.3 or newer", v, err)
	}
}

// Two that make the same file at once: one file comes of it, and both see it.
func TestFaultCreateTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "citd.db")
	ids := make(chan string, 4)
	for range cap(ids) {
		go func() {
			db, err := Open(context.Background(), path, Options{Schema: testSchema(t), Create: true})
			if err != nil {
				ids <- err.Error()
				return
			}
			defer db.Close()
			id, err := db.Setting(context.Background(), FileID)
			ids <- fmt.Sprint(id, err)
		}()
	}
	first := <-ids
	for range cap(ids) - 1 {
		if id := <-ids; id != first {
			t.Errorf("%s and %s", first, id)
		}
	}
	if all := matching(filepath.Dir(path), "*.new-*"); len(all) > 0 {
		t.Errorf("left over: %v", all)
	}
}

// A large file is read through while it is served; damage ends that.
func TestFaultDamageFoundWhileServing(t *testing.T) {
	usual := checkedFirst
	checkedFirst = 0
	defer func() { checkedFirst = usual }()
	b := bytes.Clone(demoFile())
	copy(b[4096*9:], bytes.Repeat([]byte{0xff, 0x13}, 2048))
	path := filepath.Join(t.TempDir(), "citd.db")
	put(t, path, b)
	db := mustOwn(t, path)
	select {
	case <-db.Broken():
		wantKind(t, "the reason", db.Err(), Damaged)
		wantKind(t, "a write", note(db, "x"), Damaged)
	case <-time.After(20 * time.Second):
		t.Error("the damage was not found")
	}
}

func TestFaultHealth(t *testing.T) {
	db := mustOwn(t, putDemo(t))
	if err := note(db, "x"); err != nil {
		t.Fatal(err)
	}
	h, err := db.Health(t.Context())
	if err != nil || h.WAL == 0 || h.BackupAt != 0 || h.Free == 0 {
		t.Errorf("%+v, %v", h, err)
	}
}

// A WAL goes with the file as it was at that time: beside an older or a newer
// one it is refused, since SQLite would mix the two.
func TestFaultWALOfAnotherTime(t *testing.T) {
	t.Parallel()
	db := mustOwn(t, putDemo(t))
	var mains, wals [][]byte
	for i := range 3 {
		if err := note(db, fmt.Sprint("time", i)); err != nil {
			t.Fatal(err)
		}
		for end, to := range map[string]*[][]byte{"": &mains, "-wal": &wals} {
			b, err := os.ReadFile(db.path + end)
			if err != nil {
				t.Fatal(err)
			}
			*to = append(*to, b)
		}
		idle(t, db)
	}
	// A kill in the middle of a mark: it is the first that the WAL holds.
	start := putDemo(t)
	crashed(t, start, strings.ReplaceAll(setMark, "?1", "'ABCDEFGHIJKLMNOPQRSTUVWXYZ'"))
	if again, err := own(t, start); err != nil {
		t.Error(err)
	} else {
		must(again.Close())
	}
	for m := range mains {
		for w := range wals {
			path := filepath.Join(t.TempDir(), "citd.db")
			put(t, path, mains[m])
			put(t, path+"-wal", wals[w])
			before := folderSum(t, path)
			copied, err := own(t, path)
			if m != w {
				wantKind(t, fmt.Sprintf("the file of time %d, the WAL of time %d", m, w), err, Damaged)
				if after := folderSum(t, path); after != before {
					t.Error("the refusal changed something")
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if v, _ := copied.Setting(t.Context(), fmt.Sprint("time", m)); v != "x" {
				t.Errorf("time %d: what the WAL holds is not there", m)
			}
			must(copied.Close())
		}
	}
}
