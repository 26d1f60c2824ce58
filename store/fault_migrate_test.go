package store

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// addSteps lets the test's citd know so many more steps.
func addSteps(tb testing.TB, more ...string) {
	released := steps
	steps = append(slices.Clone(released), more...)
	tb.Cleanup(func() { steps = released })
}

// A file of any release, brought up step by step, is as schema.sql makes one.
func TestFaultOldestPlusSteps(t *testing.T) {
	if len(steps)+1 != schemaVersion {
		t.Fatalf("%d steps lead to schema %d; schemaVersion is %d", len(steps), len(steps)+1, schemaVersion)
	}
	released, err := filepath.Glob("../testdata/schema-v*.sql")
	if err != nil || len(released) == 0 {
		t.Skip("nothing was released yet: the first release puts a copy of schema.sql to testdata/schema-v1.sql", err)
	}
	for _, name := range released {
		old, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "citd.db")
		editFile(t, path, string(old), `INSERT INTO setting VALUES ('file_id', 'x')`)
		db, err := own(t, path)
		if err != nil {
			t.Errorf("%s, which was released: %v (a change of schema.sql needs its step in store/migrate.go)", name, err)
			continue
		}
		if n := count(t, db, `PRAGMA user_version`); n != schemaVersion {
			t.Errorf("%s: user_version is %d", name, n)
		}
		must(db.Close())
	}
}

func TestFaultMigrate(t *testing.T) {
	for _, tt := range []struct {
		name string
		step string
		says string // why it fails; "": it works
	}{
		{"a table and a changed one", `CREATE TABLE extra (a TEXT NOT NULL) STRICT; INSERT INTO extra SELECT reporter FROM detectionmodelresult`, ""},
		{"a step that fails half way", `CREATE TABLE extra (a TEXT NOT NULL) STRICT; DELETE FROM alert; INSERT INTO extra VALUES (NULL)`, "NOT NULL"},
		{"a step that makes another shape", `CREATE TABLE extra (a TEXT NOT NULL) STRICT; ALTER TABLE extra RENAME TO more`, "not in its schema"},
		{"a step that leaves rows alone", `CREATE TABLE extra (a TEXT NOT NULL) STRICT; DELETE FROM detectionevidence WHERE id = 1`, "refer to rows that are not there"},
		{"an interrupted step", `CREATE TABLE extra (a TEXT NOT NULL) STRICT; INSERT INTO nothing VALUES (1)`, "nothing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := putDemo(t)
			crashed(t, path, `INSERT INTO setting VALUES ('in', 'wal')`) // the last server was killed
			addSteps(t, tt.step)
			if _, err := Open(t.Context(), path, Options{}); AsError(err).Kind != Newer || !strings.Contains(err.Error(), "older citd") {
				t.Errorf("beside a server: %v", err)
			}
			db, err := own(t, path)
			if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("%v; want %q", err, tt.says)
			}
			want := newestSchema()
			if err != nil {
				steps = steps[:len(steps)-1]
				want--
				if db, err = own(t, path); err != nil {
					t.Fatalf("the old citd cannot read it any more: %v", err)
				}
			}
			defer db.Close()
			if n := count(t, db, `PRAGMA user_version`); n != want {
				t.Errorf("user_version is %d; want %d", n, want)
			}
			if r, err := db.Verify(t.Context()); err != nil || !r.Whole() {
				t.Error(r, err)
			}
			if v, _ := db.Setting(t.Context(), "in"); v != "wal" {
				t.Error("what the WAL held is lost")
			}
			steps = steps[:schemaVersion-1] // the citd before
			before := matching(backupFolder(path), "before-schema-*.db")
			if len(before) != 1 {
				t.Fatalf("backups: %v", before)
			}
			if r := verified(t, before[0]); !r.Whole() || r.Rows["detectionmodelresult"] == 0 {
				t.Error(r)
			}
		})
	}
}

// A backup of an older schema is brought up while it is restored.
func TestFaultRestoreOlder(t *testing.T) {
	from, path := putDemo(t), filepath.Join(t.TempDir(), "citd.db")
	addSteps(t, `CREATE TABLE extra (a TEXT NOT NULL) STRICT`)
	if _, err := Restore(t.Context(), from, path, Options{Schema: testSchema(t)}); err != nil {
		t.Fatal(err)
	}
	if n := count(t, mustOwn(t, path), `PRAGMA user_version`); n != newestSchema() {
		t.Error(n)
	}
}
