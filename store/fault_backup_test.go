package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Backups that are made while about a thousand rows a second arrive hold every
// row that was acknowledged before they began, and are whole.
func TestFaultBackupUnderLoad(t *testing.T) {
	t.Parallel()
	db := mustOwn(t, putDemo(t))
	who := tester(t, db, Script)
	var acked atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ctx.Err() == nil; i++ {
			body := fmt.Appendf(nil, `{"objects": [%s]}`, strings.TrimSuffix(strings.Repeat(`{"employee": {"employee_id": "SW001"}, "date": "2026-03-01", "score": 0.5, "run_id": "load", "reporter": "m 1", "evidence": [{"description": "x", "date_from": "2026-03-01", "date_to": "2026-03-01"}]},`, 20), ","))
			if _, _, err := Apply(context.Background(), db, who, func(b *Batch) ([]int64, error) { return b.PatchList(Results, bytes.NewReader(body)) }); err != nil {
				t.Error(err)
				return
			}
			acked.Add(20)
			time.Sleep(10 * time.Millisecond)
		}
	}()
	dir := t.TempDir()
	for i := range often(4, 20) {
		before := acked.Load()
		c, err := db.Backup(t.Context(), filepath.Join(dir, fmt.Sprint(i, ".db")))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(c.Path)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(b); c.SHA256 != fmt.Sprintf("%x", sum) || c.Size != int64(len(b)) {
			t.Errorf("%s is said to have %s, %d bytes", c.Path, c.SHA256, c.Size)
		}
		if st, err := os.Stat(c.Path); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", c.Path, st.Mode(), err)
		}
		copied, err := Open(t.Context(), c.Path, Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		if n := count(t, copied, `SELECT count(*) FROM detectionmodelresult WHERE run_id = 'load'`); int64(n) < before {
			t.Errorf("backup %d holds %d rows; %d were acknowledged before it began", i, n, before)
		}
		must(copied.Close())
	}
	stop()
	<-ended
	t.Logf("%d rows were stored meanwhile", acked.Load())
	at, path, err := db.LastBackup(t.Context())
	if err != nil || !strings.HasPrefix(path, dir) || db.Now()-at > time.Minute.Microseconds() {
		t.Errorf("the last backup is said to be %s at %d, %v", path, at, err)
	}
	if all, _ := os.ReadDir(dir); len(all) != often(4, 20) {
		t.Errorf("left over: %v", all)
	}
}

// A backup goes over an older backup, and over nothing else.
func TestFaultBackupDestination(t *testing.T) {
	t.Parallel()
	db := mustOwn(t, putDemo(t))
	dir := t.TempDir()
	for _, tt := range []struct {
		name string
		make func(path string) error
		kind Kind
	}{
		{"new", func(string) error { return nil }, Internal},
		{"a backup", func(path string) error { _, err := db.Backup(t.Context(), path); return err }, Internal},
		{"some text", func(path string) error { return os.WriteFile(path, []byte("my notes"), 0o600) }, Conflict},
		{"a file that is served", func(path string) error { return os.WriteFile(path, demoFile(), 0o600) }, Conflict},
		{"a folder", func(path string) error { return os.Mkdir(path, 0o700) }, Conflict},
		{"a link", func(path string) error { return os.Symlink(db.Path(), path) }, Conflict},
		{"the file itself", func(path string) error { return os.Link(db.Path(), path) }, Conflict},
	} {
		path := filepath.Join(dir, tt.name)
		if err := tt.make(path); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Backup(t.Context(), path); tt.kind != Internal {
			wantKind(t, tt.name, err, tt.kind)
		} else if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	_, err := db.Backup(t.Context(), filepath.Join(dir, "none", "b.db"))
	wantKind(t, "no folder", err, NoFile)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := db.Backup(ctx, filepath.Join(dir, "stopped")); err == nil {
		t.Error("a backup that was stopped says that it is done")
	}
	if all := matching(dir, "*.part-*"); len(all) > 0 {
		t.Errorf("left over: %v", all)
	}
}

// A copy that is not whole is no backup: what was there stays.
func TestFaultBackupOfDamage(t *testing.T) {
	path := putDemo(t)
	editFile(t, path, `UPDATE detectionevidence SET description = 'nothing' WHERE id = 7`)
	db := mustOwn(t, path)
	dest := filepath.Join(t.TempDir(), "b.db")
	_, err := db.Backup(t.Context(), dest)
	wantKind(t, "backup", err, Damaged)
	if !strings.Contains(err.Error(), "detectionevidence 7") {
		t.Error(err)
	}
	if _, err := os.Lstat(dest); err == nil {
		t.Error("there is a file all the same")
	}
}

// One backup a night, seven kept, whatever the clock does.
func TestFaultNightly(t *testing.T) {
	t.Parallel()
	c := &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.Local)}
	path := putDemo(t)
	db, err := Open(t.Context(), path, Options{Own: true, Schema: testSchema(t), Clock: c.now})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	night := func(want string) {
		t.Helper()
		made, err := db.nightly(t.Context())
		if got := ""; err != nil || (made != nil) != (want != "") || made != nil && filepath.Base(made.Path) != want {
			t.Errorf("at %v: %v%v, %v; want %q", c.at, got, made, err, want)
		}
	}
	night("citd-2026-03-01.db")
	night("")
	c.at = time.Date(2026, 3, 2, 1, 59, 0, 0, time.Local)
	night("")
	for d := 2; d <= 9; d++ {
		c.at = time.Date(2026, 3, d, 2, 0, 0, 0, time.Local)
		night(fmt.Sprintf("citd-2026-03-0%d.db", d))
	}
	if at, last, err := db.LastBackup(t.Context()); err != nil || at != c.at.UnixMicro() || filepath.Base(last) != "citd-2026-03-09.db" {
		t.Errorf("last backup %d %s, %v", at, last, err)
	}
	put(t, filepath.Join(backupFolder(path), "mine.db"), []byte("not ours to remove"))
	c.at = c.at.AddDate(10, 0, 0)
	night("citd-2036-03-09.db")
	c.at = c.at.AddDate(-20, 0, 0)
	night("citd-2016-03-09.db")
	want := []string{"citd-2016-03-09.db", "citd-2026-03-04.db", "citd-2026-03-05.db", "citd-2026-03-06.db", "citd-2026-03-07.db", "citd-2026-03-08.db", "citd-2026-03-09.db", "citd-2036-03-09.db", "mine.db"}
	var got []string
	for _, b := range matching(backupFolder(path), "*") {
		got = append(got, filepath.Base(b))
	}
	if !slices.Equal(got, want) {
		t.Errorf("kept %q; want %q", got, want)
	}
}

// What a restore finds at the place of the database, and what it leaves there.
func TestFaultRestore(t *testing.T) {
	t.Parallel()
	backup := filepath.Join(t.TempDir(), "b.db")
	src := mustOwn(t, putDemo(t))
	ana := addPerson(t, src, "ana", Admin, "")
	if _, err := src.SignIn(t.Context(), ana.Actor, Terms{Idle: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if _, err := src.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	sum := fileSum(t, backup)
	for _, tt := range []struct {
		name string
		make func(path string)
		kept func(kept string)
	}{
		{"nothing", func(string) {}, nil},
		{"a good file", func(path string) {
			put(t, path, demoFile())
			editFile(t, path, `INSERT INTO setting VALUES ('old', 'y')`)
		}, nil},
		{"a file that was killed", func(path string) {
			put(t, path, demoFile())
			crashed(t, path, `INSERT INTO setting VALUES ('old', 'y')`)
		}, nil},
		{"a damaged file with its WAL", func(path string) {
			put(t, path, demoFile())
			crashed(t, path, `INSERT INTO setting VALUES ('old', 'y')`)
			b := demoFile()
			put(t, path, append(bytes.Clone(b[:100]), bytes.Repeat([]byte{7}, 9000)...))
		}, func(kept string) {
			if sizeOf(kept+"-wal") == 0 {
				t.Error("the WAL of the damaged file was not kept")
			}
		}},
		{"an empty file", func(path string) { put(t, path, nil) }, nil},
		{"garbage, a WAL and a journal of others", func(path string) {
			put(t, path, []byte("garbage"))
			put(t, path+"-wal", bytes.Repeat([]byte("w"), 5000))
			put(t, path+"-journal", bytes.Repeat([]byte("j"), 5000))
			put(t, path+"-shm", bytes.Repeat([]byte("s"), 5000))
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "citd.db")
			tt.make(path)
			_, was := os.Lstat(path)
			r, err := Restore(t.Context(), backup, path, Options{Schema: testSchema(t)})
			if err != nil {
				t.Fatal(err)
			}
			if (r.Kept == "") != (was != nil) || r.Report.Rows["detectionmodelresult"] == 0 {
				t.Errorf("%+v", r)
			}
			if r.Kept != "" {
				if _, err := os.Lstat(r.Kept); err != nil {
					t.Error(err)
				}
				if tt.kept != nil {
					tt.kept(r.Kept)
				} else if strings.HasPrefix(tt.name, "a ") {
					kept, err := Open(t.Context(), r.Kept, Options{ReadOnly: true})
					if err != nil {
						t.Fatal(err)
					}
					if v, _ := kept.Setting(t.Context(), "old"); v != "y" {
						t.Error("the file that is kept lacks what its WAL held")
					}
					must(kept.Close())
				}
			}
			if all, _ := filepath.Glob(path + "-*"); len(all) > 0 {
				t.Errorf("beside it: %v", all)
			}
			if all, _ := filepath.Glob(path + ".restore*"); len(all) > 0 {
				t.Errorf("left over: %v", all)
			}
			db, err := own(t, path)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if rep, err := db.Verify(t.Context()); err != nil || !rep.Whole() {
				t.Error(rep, err)
			}
			if n := count(t, db, `SELECT count(*) FROM session`); n != 0 {
				t.Errorf("%d sessions came back to life", n)
			}
			if v, _ := db.Setting(t.Context(), "old"); v != "" {
				t.Error("the old file's rows are there")
			}
			if fileSum(t, backup) != sum {
				t.Error("the backup was changed")
			}
		})
	}
}

func fileSum(tb testing.TB, path string) string {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(b))
}

// What cannot be restored is refused, and the file that is there stays as it is.
func TestFaultRestoreRefuses(t *testing.T) {
	t.Parallel()
	good := demoFile()
	for _, tt := range []struct {
		name string
		make func(path string)
		kind Kind
	}{
		{"missing", func(string) {}, NoFile},
		{"empty", func(path string) { put(t, path, nil) }, NotOurs},
		{"garbage", func(path string) { put(t, path, []byte(strings.Repeat("no", 999))) }, NotOurs},
		{"another program's", func(path string) { editFile(t, path, `CREATE TABLE t (a)`) }, NotOurs},
		{"newer", func(path string) { b := bytes.Clone(good); b[63] = 99; put(t, path, b) }, Newer},
		{"half", func(path string) { put(t, path, good[:len(good)/8192*4096]) }, Damaged},
		{"a page of zeros", func(path string) { b := bytes.Clone(good); clear(b[4096*9 : 4096*10]); put(t, path, b) }, Damaged},
		{"a row that was changed", func(path string) {
			put(t, path, good)
			editFile(t, path, `UPDATE detectionmodelresult SET score = 0.01 WHERE id = 5`)
		}, Damaged},
		{"a record that was cut", func(path string) {
			put(t, path, good)
			editFile(t, path, `DELETE FROM audit WHERE seq = 2`)
		}, Damaged},
		{"an alert that was hidden", func(path string) {
			put(t, path, good)
			editFile(t, path, `UPDATE alert SET state = 'withdrawn' WHERE id = 3`)
		}, Damaged},
		{"a hostile trigger", func(path string) {
			put(t, path, good)
			editFile(t, path, `CREATE TRIGGER t AFTER INSERT ON audit BEGIN DELETE FROM audit; END`)
		}, NotOurs},
		{"a folder", func(path string) { must(os.Mkdir(path, 0o700)) }, NoFile},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from := filepath.Join(t.TempDir(), "b.db")
			tt.make(from)
			path := putDemo(t)
			before := folderSum(t, path)
			_, err := Restore(t.Context(), from, path, Options{Schema: testSchema(t)})
			wantKind(t, "restore", err, tt.kind)
			if after := folderSum(t, path); after != before {
				t.Errorf("the folder changed:\n%s\n%s", before, after)
			}
		})
	}
}

// A bare copy of a file in use is good to restore if its WAL was copied, too.
func TestFaultRestoreBareCopy(t *testing.T) {
	from := putDemo(t)
	crashed(t, from, `INSERT INTO setting VALUES ('in', 'wal')`)
	path := filepath.Join(t.TempDir(), "citd.db")
	if _, err := Restore(t.Context(), from, path, Options{Schema: testSchema(t)}); err != nil {
		t.Fatal(err)
	}
	db := mustOwn(t, path)
	if v, err := db.Setting(t.Context(), "in"); v != "wal" {
		t.Errorf("%q, %v", v, err)
	}
}

// A restore that was cut off after it kept the old file can be given again at once.
func TestFaultRestoreTwice(t *testing.T) {
	t.Parallel()
	c := &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	from, path := putDemo(t), putDemo(t)
	kept := map[string]bool{}
	for range 3 {
		r, err := Restore(t.Context(), from, path, Options{Schema: testSchema(t), Clock: c.now})
		if err != nil {
			t.Fatal(err)
		}
		kept[r.Kept] = true
	}
	if len(kept) != 3 {
		t.Errorf("kept: %v", kept)
	}
}
