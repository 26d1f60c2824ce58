package store

import (
	"errors"
	"fmt"
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

// A file of any release, brought up step by step, is as schema.sql makes one,
// and its rows are whole. CITD_RELEASE=1 writes the file of the current schema,
// which from then on is never changed.
func TestFaultOldestPlusSteps(t *testing.T) {
	if len(steps)+1 != schemaVersion {
		t.Fatalf("%d steps lead to schema %d; schemaVersion is %d", len(steps), len(steps)+1, schemaVersion)
	}
	if os.Getenv("CITD_RELEASE") != "" {
		put(t, fmt.Sprintf("../testdata/schema-v%d.sql", schemaVersion), released(t))
	}
	for v := 1; v <= schemaVersion; v++ {
		old, err := os.ReadFile(fmt.Sprintf("../testdata/schema-v%d.sql", v))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "citd.db")
		editFile(t, path, string(old))
		db, err := own(t, path)
		if err != nil {
			t.Errorf("schema %d: %v (a change of schema.sql needs its step in store/migrate.go; before the first release, write testdata anew with CITD_RELEASE=1)", v, err)
			continue
		}
		r, err := db.Verify(t.Context())
		if n := count(t, db, `PRAGMA user_version`); err != nil || !r.Whole() || n != schemaVersion || r.Rows["detectionmodelresult"] != 3 || r.Rows["decision"] != 1 {
			t.Errorf("schema %d became %d: %+v, %v", v, n, r, err)
		}
		must(db.Close())
	}
}

// released is SQL that makes a file of the current schema with something in each
// part of it.
func released(tb testing.TB) []byte {
	l := newLab(tb)
	ctx, admin := tb.Context(), tester(tb, l.db, Admin)
	for i := range 3 {
		mustPost(tb, l.db, admin, Results, fmt.Sprintf(`{"employee": {"employee_id": "EM001", "homeAddress": {"line1": "1 Road", "city": "Leeds"}}, "date": "2026-03-0%d", "score": 0.7,
			"email_anomaly": 0.5, "file_anomaly": 0.%d, "reporter": "m 1", "run_id": "r", "evidence": [{"description": "seen", "date_from": "2026-03-01", "date_to": "2026-03-01"}]}`, i+1, i))
	}
	mustPost(tb, l.db, admin, EmployeeEvents, `{"employee": {"employee_id": "EM001"}, "kind": "notice_given", "at": "2026-03-01"}`)
	reason := 1
	_, err := Decide(ctx, l.db, l.ana, 1, Choice{Action: Dismiss, Reason: &reason})
	_, err2 := SaveView(ctx, l.db, l.ana, SavedView{Name: "mine", View: QueueViews[0]})
	_, _, err3 := l.db.AddAccount(ctx, Actor{}, NewAccount{Kind: Token, Name: "t", Role: Script})
	if err := errors.Join(err, err2, err3, l.db.Reveal(ctx, l.ana, 1, RevealReasons[0].Digit, "asked")); err != nil {
		tb.Fatal(err)
	}
	text := []byte(testSchema(tb))
	for _, table := range column(tb, l.db, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`) {
		row := column(tb, l.db, `SELECT group_concat('quote("' || name || '")', ' || '', '' || ') FROM pragma_table_info('`+table+`')`)[0]
		for _, values := range column(tb, l.db, `SELECT `+row+` FROM `+table) {
			text = fmt.Appendf(text, "INSERT INTO %s VALUES (%s);\n", table, values)
		}
	}
	return text
}

// column returns the one column of q.
func column(tb testing.TB, db *DB, q string) (out []string) {
	tb.Helper()
	rows, err := db.r.Query(q)
	if err != nil {
		tb.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			tb.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		tb.Fatal(err)
	}
	return out
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
