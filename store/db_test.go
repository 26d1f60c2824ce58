package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func testSchema(tb testing.TB) string {
	tb.Helper()
	schema, err := os.ReadFile("../schema.sql")
	if err != nil {
		tb.Fatal(err)
	}
	return string(schema)
}

// openTest opens a new database in a folder of its own.
func openTest(tb testing.TB) *DB {
	tb.Helper()
	db, err := Open(tb.Context(), filepath.Join(tb.TempDir(), "citd.db"), Options{Schema: testSchema(tb), Create: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// count returns the number that q gives.
func count(tb testing.TB, db *DB, q string, args ...any) (n int) {
	tb.Helper()
	if err := db.r.QueryRow(q, args...).Scan(&n); err != nil {
		tb.Fatal(err)
	}
	return n
}

// A write that fails or panics must not take back the writes it shares a commit with.
func TestWriteIsolatesFailures(t *testing.T) {
	db := openTest(t)
	errBoom := errors.New("boom")
	insert := func(i int) func(*Tx) (int, error) {
		return func(tx *Tx) (int, error) {
			_, err := tx.Exec(`INSERT INTO setting (key, value) VALUES (?, 'x')`, fmt.Sprint(i))
			switch {
			case err == nil && i%10 == 3:
				return 0, errBoom
			case err == nil && i%10 == 7:
				panic("seven")
			}
			return i, err
		}
	}
	before := count(t, db, `SELECT count(*) FROM setting`)
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			got, err := Write(context.Background(), db, insert(i))
			if bad := i%10 == 3 || i%10 == 7; (err != nil) != bad || (err == nil && got != i) {
				t.Errorf("write %d = %d, %v", i, got, err)
			}
		})
	}
	wg.Wait()
	if n := count(t, db, `SELECT count(*) FROM setting`) - before; n != 160 {
		t.Errorf("rows = %d; want 160", n)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(t.Context(), db, insert(1)); AsError(err).Kind != Closed {
		t.Errorf("write after Close = %v", err)
	}
}

// What arrives while a write runs shares its commit.
func TestWritesJoin(t *testing.T) {
	defer func(d time.Duration) { maxRound = d }(maxRound)
	maxRound = time.Hour
	db := openTest(t)
	gen := db.Gen()
	var wg sync.WaitGroup
	write := func(i int, wait func()) {
		_, err := Write(context.Background(), db, func(tx *Tx) (int, error) {
			wait()
			_, err := tx.Exec(`INSERT INTO setting (key, value) VALUES (?, 'x')`, fmt.Sprint(i))
			return i, err
		})
		if err != nil {
			t.Error(err)
		}
	}
	write(0, func() {
		for i := range 3 {
			wg.Go(func() { write(1+i, func() {}) })
		}
		for len(db.ops) < 3 {
			time.Sleep(time.Millisecond)
		}
	})
	wg.Wait()
	if n := db.Gen() - gen; n != 1 {
		t.Errorf("%d commits; want one for all four", n)
	}
}

// The declared fields and schema.sql must name the same columns.
func TestFieldsMatchSchema(t *testing.T) {
	db := openTest(t)
	ours := map[string][]string{ // columns that are not on the wire
		"employee":             {"pseudonym"},
		"detectionevidence":    {"posted_by", "created_at", "digest"},
		"detectionmodelresult": {"posted_by", "created_at", "digest", "alert", "decision"},
	}
	for _, r := range Resources {
		want := map[string]bool{"id": true}
		for _, c := range ours[r.Name] {
			want[c] = true
		}
		for _, f := range r.Fields {
			if f.Type != ToMany {
				want[f.Name] = true
			}
		}
		rows, err := db.r.Query(`SELECT name FROM pragma_table_info(?)`, r.Name)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var c string
			if err := rows.Scan(&c); err != nil {
				t.Fatal(err)
			}
			if !want[c] {
				t.Errorf("%s: column %s has no field", r.Name, c)
			}
			delete(want, c)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		for c := range want {
			t.Errorf("%s: field %s has no column", r.Name, c)
		}
	}
}

// Where another program holds the file, those who wait for one commit all hear so after one wait.
func TestHeldByAnother(t *testing.T) {
	db := openTest(t)
	ran := 0
	run := func(*Tx) error { ran++; return nil }
	batch := []*op{{fn: run}, {fn: run}}
	db.replay(batch, Errorf(Locked, "held"))
	for _, o := range batch {
		wantKind(t, "write", o.err, Locked)
	}
	if ran != 0 {
		t.Errorf("%d writes were tried again", ran)
	}
}
