package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallDisk mounts a file system of so many KiB until the test ends.
func smallDisk(tb testing.TB, kib int) string {
	tb.Helper()
	dir := tb.TempDir()
	if err := syscall.Mount("citd", dir, "tmpfs", 0, fmt.Sprintf("size=%dk", kib)); err != nil {
		tb.Skip("a small disk needs root and mount: ", err)
	}
	tb.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// fillUp takes all room of a disk but the given KiB; free gives it back.
func fillUp(tb testing.TB, dir string, leave int) (free func()) {
	tb.Helper()
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(dir, "ballast")
	n := int64(fs.Bavail)*fs.Bsize - int64(leave)<<10
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	for buf := make([]byte, 4096); n > 0; n -= 4096 {
		if _, err := f.Write(buf[:min(n, 4096)]); err != nil && !errors.Is(err, syscall.ENOSPC) {
			tb.Fatal(err)
		}
	}
	return func() {
		if err := os.Remove(path); err != nil {
			tb.Error(err)
		}
	}
}

// left lists what lies in a folder besides what a good file may have.
func left(tb testing.TB, dir string) (names []string) {
	tb.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		tb.Fatal(err)
	}
	for _, e := range all {
		switch e.Name() {
		case "ballast", "citd.db", "citd.db-wal", "citd.db-shm", "citd-backups":
		default:
			names = append(names, e.Name())
		}
	}
	return names
}

func TestFaultFullAtFirstStart(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, 4096)
	path := filepath.Join(dir, "citd.db")
	for leave := 0; leave < 320; leave += often(16, 4) {
		free := fillUp(t, dir, leave)
		db, err := Open(t.Context(), path, Options{Schema: testSchema(t), Create: true, Own: true})
		if err != nil {
			wantKind(t, fmt.Sprint(leave, " KiB left"), err, Full)
		} else if err := db.Close(); err != nil {
			t.Error(err)
		}
		if st, err := os.Lstat(path); err == nil && st.Size() < 4096 {
			t.Fatalf("%d KiB left: a file of %d bytes is there", leave, st.Size())
		}
		if more := left(t, dir); len(more) > 0 {
			t.Fatalf("%d KiB left: left over: %v", leave, more)
		}
		free()
		if db, err := Open(t.Context(), path, Options{Schema: testSchema(t), Create: true, Own: true}); err != nil {
			t.Fatalf("with room again: %v", err)
		} else if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if r := verified(t, path); !r.Whole() {
			t.Fatal(r.Faults)
		}
		discard(path)
	}
}

func TestFaultFullAtStart(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, 8192)
	path := filepath.Join(dir, "citd.db")
	for leave := 0; leave < 80; leave += often(12, 4) {
		discard(path)
		put(t, path, demoFile())
		crashed(t, path, `INSERT INTO setting VALUES ('x', 'y')`)
		free := fillUp(t, dir, leave)
		db, err := own(t, path)
		if err != nil {
			wantKind(t, fmt.Sprint(leave, " KiB left"), err, Full)
		} else {
			if n := count(t, db, `SELECT count(*) FROM detectionmodelresult`); n == 0 {
				t.Error("nothing can be read")
			}
			if err := note(db, "z"); err != nil {
				wantKind(t, fmt.Sprint(leave, " KiB left: write"), err, Full)
			}
			if err := db.Close(); err != nil {
				t.Errorf("%d KiB left: close: %v", leave, err)
			}
		}
		free()
		if r := verified(t, path); !r.Whole() {
			t.Fatal(r.Faults)
		}
		if db, err = own(t, path); err != nil {
			t.Fatal(err)
		}
		if v, err := db.Setting(t.Context(), "x"); v != "y" {
			t.Errorf("%d KiB left: what the WAL held is lost: %q, %v", leave, v, err)
		}
		must(db.Close())
	}
}

// While it serves: refused writes are 507 and store nothing, reads go on, and
// the first write after there is room again is stored.
func TestFaultFullServing(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, 20480)
	path := filepath.Join(dir, "citd.db")
	put(t, path, demoFile())
	db := mustOwn(t, path)
	who := tester(t, db, Script)
	body := func(i int) string {
		return fmt.Sprintf(`{"employee": {"employee_id": "N%d"}, "date": "2026-03-01", "score": 0.5, "reporter": "m 1", "evidence": [{"description": "%s", "date_from": "2026-03-01", "date_to": "2026-03-01"}]}`, i, strings.Repeat("x", 3000))
	}
	results := func() int { return count(t, db, `SELECT count(*) FROM detectionmodelresult`) }
	before, stored, refused := results(), 0, 0
	for round := range often(3, 30) { // each leaves some 150 KiB
		free := fillUp(t, dir, 300)
		for fails := 0; fails < 100; {
			switch _, _, err := post(t, db, who, Results, body(stored+refused)); err {
			case nil:
				stored++
			default:
				wantKind(t, "full", err, Full)
				refused++
				fails++
			}
			if n := results(); n != before+stored {
				t.Fatalf("%d results; want %d", n, before+stored)
			}
		}
		free()
		if _, _, err := post(t, db, who, Results, body(-1-round)); err != nil {
			t.Fatalf("the first write with room again: %v", err)
		}
		stored++
	}
	must(db.Close())
	if r := verified(t, path); !r.Whole() || r.Rows["detectionmodelresult"] != before+stored {
		t.Error(r)
	}
	t.Logf("%d stored, %d refused", stored, refused)
}

// A medium that cannot be written: the file can be verified and restored from
// there; to serve it is refused, and the way to do it told.
func TestFaultReadOnlyMedium(t *testing.T) {
	dir := smallDisk(t, 8192)
	path := filepath.Join(dir, "citd.db")
	put(t, path, demoFile())
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skip(err)
	}
	_, err := TakeLock(t.Context(), path)
	wantKind(t, "serve", err, Denied)
	if e := AsError(err); !strings.Contains(e.Hint, "citd restore "+path) {
		t.Errorf("no way out: %q", e.Hint)
	}
	_, err = Open(t.Context(), path, Options{})
	wantKind(t, "a command", err, Denied)
	if r := verified(t, path); !r.Whole() {
		t.Error(r.Faults)
	}
	if _, err := Restore(t.Context(), path, filepath.Join(t.TempDir(), "citd.db"), Options{Schema: testSchema(t)}); err != nil {
		t.Error(err)
	}
}

// Looking at the file past SQLite must not end SQLite's lock on it, as closing
// any handle of it would: then another process may remove the WAL in use.
func TestFaultLocksStay(t *testing.T) {
	db := mustOwn(t, putDemo(t))
	st, err := os.Stat(db.path)
	if err != nil {
		t.Fatal(err)
	}
	inode := fmt.Sprintf(":%d 1073741826", st.Sys().(*syscall.Stat_t).Ino) // the bytes that SQLite locks
	locked := func(when string) {
		t.Helper()
		if b, err := os.ReadFile("/proc/locks"); err != nil {
			t.Skip(err)
		} else if !strings.Contains(string(b), inode) {
			t.Errorf("%s the file is not locked:\n%s", when, b)
		}
	}
	locked("at first")
	for i := range 3 {
		if err := note(db, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
		idle(t, db) // a checkpoint, after which the mark is looked for
		if err := note(db, fmt.Sprint("again", i)); err != nil {
			t.Fatal(err)
		}
		asChanged := func(*Tx) (int, error) { db.files.main = st; return 0, nil } // by the writer, whose field it is
		if _, err := Write(t.Context(), db, asChanged); err != nil {
			t.Fatal(err)
		}
		if err := note(db, fmt.Sprint("changed", i)); err != nil {
			t.Fatal(err)
		}
		db.readable()
		locked("after a look")
	}
	if _, err := db.Backup(t.Context(), filepath.Join(t.TempDir(), "b.db")); err != nil {
		t.Fatal(err)
	}
	locked("after a backup")
}

// One file by two names, a hard link or a mount of the file alone: the second
// server is refused, and so is a command that would write by the second name.
func TestFaultTwoNames(t *testing.T) {
	t.Parallel()
	for name, link := range map[string]func(t *testing.T, from, to string) error{
		"hard link": func(_ *testing.T, from, to string) error { return os.Link(from, to) },
		"mounted file": func(t *testing.T, from, to string) error {
			put(t, to, nil)
			err := syscall.Mount(from, to, "", syscall.MS_BIND, "")
			t.Cleanup(func() { _ = syscall.Unmount(to, syscall.MNT_DETACH) })
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			db := mustOwn(t, putDemo(t))
			other := filepath.Join(t.TempDir(), "other.db")
			if err := link(t, db.path, other); err != nil {
				t.Skip(err)
			}
			if err := note(db, "x"); err != nil {
				t.Fatal(err)
			}
			_, err := own(t, other)
			wantKind(t, "a second server", err, Locked)
			_, err = Open(t.Context(), other, Options{})
			wantKind(t, "a command", err, Locked)
			must(db.Close())
			db, err = own(t, other)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if v, _ := db.Setting(t.Context(), "x"); v != "x" {
				t.Error("once the first has ended, the second lacks a row")
			}
		})
	}
}

// What statfs says of file systems on other computers leads to a refusal.
func TestFaultRemoteDisk(t *testing.T) {
	dir := t.TempDir()
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	remote[uint32(st.Type)] = "NFS"
	defer delete(remote, uint32(st.Type))
	path := filepath.Join(dir, "citd.db")
	_, err := TakeLock(t.Context(), path)
	wantKind(t, "lock", err, Denied)
	_, err = Open(t.Context(), path, Options{Schema: testSchema(t), Create: true})
	wantKind(t, "create", err, Denied)
	if all, _ := os.ReadDir(dir); len(all) > 0 {
		t.Errorf("left over: %v", all)
	}
	t.Setenv("CITD_REMOTE_DISK", "1")
	if l, err := TakeLock(t.Context(), path); err != nil || l.Free() != nil {
		t.Error(err)
	}
}

// A backup that does not fit does not begin: it would take the room that posts need, each time that it is tried.
func TestFaultBackupThatDoesNotFit(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, 8192)
	db, err := Open(t.Context(), filepath.Join(dir, "citd.db"), Options{Schema: testSchema(t), Create: true, Own: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	who := tester(t, db, Admin)
	for i := range 40 {
		mustPost(t, db, who, Evidences, fmt.Sprintf(`{"description": "%d%s", "date_from": "2026-03-01", "date_to": "2026-03-01"}`, i, strings.Repeat("x", 60_000)))
	}
	free := fillUp(t, dir, 1024)
	_, err = db.Backup(t.Context(), filepath.Join(dir, "backup.db"))
	wantKind(t, "backup", err, Full)
	if err == nil || !strings.Contains(err.Error(), "MB are free in "+dir) {
		t.Errorf("it was begun: %v", err)
	}
	free()
	if _, err := db.Backup(t.Context(), filepath.Join(dir, "backup.db")); err != nil {
		t.Errorf("with room for it: %v", err)
	}
}
