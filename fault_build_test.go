package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"citd/store"
)

// kill -9 at any moment of an upgrade leaves the old schema or the new one, and
// the next start goes on from there.
func TestFaultKillMigration(t *testing.T) {
	t.Parallel()
	l := newLab(t, builds.plain, t.TempDir())
	s := l.serve()
	var g ledger
	stop := s.load(&g, 8)
	time.Sleep(300 * time.Millisecond)
	stop()
	s.kill() // what the WAL holds has to come along
	files := map[string][]byte{}
	for _, end := range []string{"", "-wal"} {
		b, err := os.ReadFile(l.db + end)
		if err != nil {
			t.Fatal(err)
		}
		files[end] = b
	}
	plain := l.bin
	fault, err := builds.fault()
	if err != nil {
		t.Fatal(err)
	}
	l.env = append(l.env, "CITD_FAULT_STEP=1")
	upgrade := func(wait time.Duration) time.Duration {
		for end, b := range files {
			if err := os.WriteFile(l.db+end, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_ = os.Remove(l.db + "-shm")
		l.bin = fault
		began := time.Now()
		if wait == 0 {
			l.serve().kill()
			return time.Since(began)
		}
		s := l.launch()
		time.Sleep(wait)
		s.kill()
		return 0
	}
	takes := upgrade(0)
	was := map[int]int{}
	for kill := range often(15, 1000) {
		upgrade(rand.N(takes + takes/4))
		var version, table int
		l.query(&version, `PRAGMA user_version`)
		l.query(&table, `SELECT count(*) FROM sqlite_schema WHERE name LIKE 'fault%'`)
		if was[version]++; version == 1 && table != 0 || version == 2 && table != 2 {
			t.Fatalf("kill %d: schema %d with %d of its parts", kill, version, table)
		}
		if version == 1 {
			l.bin = plain // the old citd goes on with it
		}
		if kill%5 == 0 {
			l.whole()
		}
		if n := l.lost(&g); n > 0 {
			t.Fatalf("kill %d: %d rows are lost", kill, n)
		}
	}
	t.Logf("of %d kills %d left the old schema, %d the new", was[1]+was[2], was[1], was[2])
	if was[1] == 0 || was[2] == 0 {
		t.Error("the kills were not spread over the upgrade")
	}
	l.bin = fault
	l.serve().kill()
	l.whole()
	if was := backups(t, l, "before-schema-2.db"); len(was) != 1 {
		t.Errorf("backups: %v", was)
	}
}

// backups lists the backups beside the database whose names match.
func backups(tb testing.TB, l *lab, pattern string) []string {
	tb.Helper()
	list, err := filepath.Glob(filepath.Join(strings.TrimSuffix(l.db, ".db")+"-backups", pattern))
	if err != nil {
		tb.Fatal(err)
	}
	return list
}

// A panic in the writer or in what runs beside the server fails what it was
// about, and nothing else.
func TestFaultPanic(t *testing.T) {
	t.Parallel()
	l := newLab(t, builds.fault, t.TempDir())
	dir := t.TempDir()
	l.env = append(l.env, "CITD_FAULT="+dir)
	s := l.serve()
	var g ledger
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range often(6, 100) {
		where := []string{"commit", "settle"}[i%2]
		arm(t, dir, where)
		if status := s.post(&g, rnd); status != 500 && status != 201 { // what watches the file may have met it
			t.Fatalf("status %d", status)
		}
		for began := time.Now(); armed(dir, where); time.Sleep(time.Millisecond) {
			if time.Since(began) > 5*time.Second {
				t.Fatal("nothing met the panic")
			}
		}
		if status := s.post(&g, rnd); status != 201 {
			t.Fatalf("the next request = %d", status)
		}
	}
	arm(t, dir, "watch")
	for began := time.Now(); armed(dir, "watch") && time.Since(began) < 5*time.Second; time.Sleep(10 * time.Millisecond) {
	}
	if status := s.post(&g, rnd); status != 201 {
		t.Fatalf("after a panic beside the server = %d", status)
	}
	s.kill()
	for _, in := range []string{"commit", "settle", "watch"} {
		if !strings.Contains(s.errs.String(), "injected: "+in) {
			t.Errorf("the log does not tell of the panic in %s", in)
		}
	}
	if n := l.lost(&g); n > 0 {
		t.Errorf("%d rows are lost", n)
	}
	l.whole()
}

func arm(tb testing.TB, dir, where string) {
	tb.Helper()
	if err := os.WriteFile(filepath.Join(dir, where), nil, 0o600); err != nil {
		tb.Fatal(err)
	}
}

func armed(dir, where string) bool {
	_, err := os.Lstat(filepath.Join(dir, where))
	return err == nil
}

// Backups that are made while clients post hold what was acknowledged before,
// and do not hold the clients up.
func TestFaultBackupServing(t *testing.T) {
	t.Parallel()
	l := newLab(t, builds.plain, t.TempDir())
	s := l.serve()
	var g ledger
	stop, began := s.load(&g, often(2, 8)), time.Now()
	ended := make(chan []time.Duration, 1)
	halt := make(chan bool)
	defer func() { stop() }()
	go func() { // one more client, with a watch
		var took []time.Duration
		rnd := rand.New(rand.NewPCG(3, 4))
		defer func() { ended <- took }()
		for {
			select {
			case <-halt:
				return
			default:
			}
			began := time.Now()
			if s.post(&ledger{}, rnd) != 201 {
				return
			}
			took = append(took, time.Since(began))
		}
	}()
	n := often(4, 20)
	dir := t.TempDir()
	for i := range n {
		before := s.good.Load()
		at := filepath.Join(dir, fmt.Sprint(i, ".db"))
		if code, out := l.call("backup", at); code != 0 || !strings.Contains(out, "head") {
			t.Fatalf("backup = %d %s", code, out)
		}
		copied := &lab{TB: t, bin: l.bin, env: l.env, db: at}
		copied.whole()
		var rows, changes int64
		copied.query(&rows, `SELECT max(coalesce((SELECT max(id) FROM detectionmodelresult), 0), coalesce((SELECT max(id) FROM gone WHERE name = 'detectionmodelresult'), 0))`)
		copied.query(&changes, `SELECT (SELECT count(*) FROM audit WHERE verb IN ('change', 'delete')) + (SELECT count(*) FROM decision)`)
		if rows+changes < before {
			t.Errorf("backup %d holds %d rows and %d changes; %d were acknowledged before", i, rows, changes, before)
		}
	}
	posts := s.good.Load()
	rate := float64(posts) / time.Since(began).Seconds()
	close(halt)
	took := <-ended
	stop()
	slices.Sort(took)
	t.Logf("%d backups during %d posts, %.0f a second; p99 of a post %v, longest %v", n, posts, rate, took[len(took)*99/100], took[len(took)-1])
	if at, path := lastBackup(t, l); time.Since(at) > time.Minute || filepath.Dir(path) != dir {
		t.Errorf("the last backup is said to be %s at %v", path, at)
	}
}

func lastBackup(tb testing.TB, l *lab) (time.Time, string) {
	tb.Helper()
	db, err := store.Open(tb.Context(), l.db, store.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	at, path, err := db.LastBackup(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return time.UnixMicro(at), path
}
