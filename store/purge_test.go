package store

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// linesOf is what the file holds of a person, in every place where it may stand.
func linesOf(tag string, day int) string {
	return fmt.Sprintf(`{"resource":"employee","body":{"employee_id":"ID%[1]s","title":"T%[1]s","name":"Name %[1]s","gender":"G%[1]s","nationality":"N%[1]s","maritalStatus":"M%[1]s","ethnicity":"E%[1]s","role":"Role %[1]s","department":"D%[1]s","site":"S%[1]s","homeAddress":{"line1":"Home %[1]s","city":"Town %[1]s"}}}
{"resource":"employeeevent","body":{"employee":{"employee_id":"ID%[1]s"},"kind":"leave","at":"2026-01-%02[2]d","text":"Event %[1]s","source":"HR %[1]s"}}
{"resource":"detectionmodelresult","body":{"employee":{"employee_id":"ID%[1]s"},"date":"2026-01-%02[2]d","reporter":"usb-watch 1.0","score":0.5,"file_anomaly":0.5,"run_id":"Run %[1]s","evidence":[{"evidence_type":"email","subject":"Subject %[1]s","description":"%[3]s %[1]s","date_from":"2026-01-%02[2]d","date_to":"2026-01-%02[2]d"}]}}
`, tag, day, strings.Repeat("Long text of "+tag+", ", 500))
}

// rawly returns which of the files beside path hold text.
func rawly(t *testing.T, path, text string) (in []string) {
	t.Helper()
	all, err := filepath.Glob(path + "*")
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	for _, f := range all {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(text)) {
			in = append(in, filepath.Base(f))
		}
	}
	return in
}

// After a purge no byte of the person is in the file; everybody else is, the
// alerts follow from their decisions, and the chain of the record is whole.
func TestPurge(t *testing.T) {
	for _, tt := range []struct {
		name  string
		purge Purge
	}{
		{"person", Purge{Person: "IDzqx", Reason: "retention is over"}},
		{"old", Purge{Before: 1767916800000000}}, // 2026-01-09
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "citd.db")
			db, err := Open(t.Context(), path, Options{Schema: testSchema(t), Create: true})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			who := tester(t, db, Admin)
			var lines strings.Builder
			for i := range 60 { // enough for pages to be split and joined
				lines.WriteString(linesOf(fmt.Sprintf("other%02d", i), 20))
			}
			lines.WriteString(linesOf("zqx", 5))
			lines.WriteString(`{"resource":"employee","body":{"employee_id":"IDother01","manager":"IDzqx"}}
{"resource":"employee","body":{"employee_id":"IDzqx","homeAddress":{"line1":"New home of zqx"}}}` + "\n") // the address before is nobody's now
			if _, err := Import(t.Context(), db, who, strings.NewReader(lines.String()), ImportOptions{Name: "f"}); err != nil {
				t.Fatal(err)
			}
			alert := int64(count(t, db, `SELECT max(id) FROM alert`))
			if _, err := Decide(t.Context(), db, who, alert, Choice{Action: Confirm, Note: "Note of zqx"}); err != nil {
				t.Fatal(err)
			}
			person := int64(count(t, db, `SELECT id FROM employee WHERE employee_id = 'IDzqx'`))
			if err := db.Reveal(t.Context(), who, person, 5, "Typed about zqx"); err != nil {
				t.Fatal(err)
			}
			remarks := map[string]string{"Like IDzqx, as ever": "Like (removed), as ever", "IDzqx Name zqx;name ZQX": "(removed) (removed);(removed)", "IDzq": "IDzq"}
			if tt.purge.Person == "" {
				remarks = nil
			}
			for note := range remarks {
				if _, err := Decide(t.Context(), db, who, 1, Choice{Action: Remark, Note: note}); err != nil {
					t.Fatal(err)
				}
				_, err := SaveView(t.Context(), db, who, SavedView{Name: note, View: QueueViews[0], Filter: `"` + note + `"`})
				if err != nil {
					t.Fatal(err)
				}
			}
			if _, _, err := Apply(t.Context(), db, who, func(b *Batch) (int, error) { return 0, b.Remember("run of IDzqx", []byte{1}, Answer{}) }); err != nil {
				t.Fatal(err)
			}
			if len(rawly(t, path, "Note of zqx")) == 0 || len(rawly(t, path, "Long text of zqx")) == 0 {
				t.Fatal("nothing was planted")
			}
			before, err := db.VerifyAudit(t.Context())
			if err != nil {
				t.Fatal(err)
			}

			dry := tt.purge
			dry.DryRun = true
			would, err := db.Purge(t.Context(), Actor{}, dry)
			if err != nil || count(t, db, `SELECT count(*) FROM detectionmodelresult`) != 61 {
				t.Fatalf("dry run: %v, %v", would, err)
			}
			done, err := db.Purge(t.Context(), Actor{}, tt.purge)
			if err != nil || done != would || done.Results != 1 || done.Evidence != 1 || done.Events != 1 || done.Notes != 1 {
				t.Fatalf("removed %v, %v; the dry run said %v", done, err, would)
			}
			after, err := db.VerifyAudit(t.Context())
			if err != nil || after.Seq != before.Seq+1 {
				t.Errorf("record: %v, %v; it was at %v", after, err, before)
			}
			if r, err := db.Verify(t.Context()); err != nil || !r.Whole() {
				t.Errorf("%v %v", err, r.Faults)
			}
			if n := count(t, db, `SELECT count(*) FROM detectionmodelresult`); n != 60 {
				t.Errorf("%d results are left; want 60", n)
			}
			for was, want := range remarks {
				if n := count(t, db, `SELECT count(*) FROM decision WHERE note = '`+want+`'`); n != 1 {
					t.Errorf("the note %q did not become %q", was, want)
				}
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if err := Scrub(t.Context(), path); err != nil {
				t.Fatal(err)
			}
			gone := []string{"zqx"}
			if tt.purge.Person == "" { // people and what is typed lately stay
				gone = []string{"Long text of zqx", "Subject zqx", "Run zqx", "Event zqx", "HR zqx", "Note of zqx"}
			}
			for _, g := range gone {
				if in := rawly(t, path, g); len(in) > 0 {
					t.Errorf("%q is still in %v", g, in)
				}
			}
			if len(rawly(t, path, "Long text of other59")) == 0 {
				t.Error("somebody else is gone, too")
			}
		})
	}
}

func TestPurgeRefuses(t *testing.T) {
	db := openTest(t)
	who := tester(t, db, Admin)
	if _, err := Import(t.Context(), db, who, strings.NewReader(linesOf("zqx", 5)), ImportOptions{Name: "f"}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		purge Purge
		kind  Kind
	}{
		{"nobody", Purge{Person: "IDnobody", Reason: "x"}, NotFound},
		{"no reason", Purge{Person: "IDzqx"}, Invalid},
		{"blank reason", Purge{Person: "IDzqx", Reason: "  "}, Invalid},
		{"a reason with the id", Purge{Person: "IDzqx", Reason: "idZQX has left"}, Invalid},
		{"a reason with the name", Purge{Person: "IDzqx", Reason: "name zqx has left"}, Invalid},
	} {
		_, err := db.Purge(t.Context(), Actor{}, tt.purge)
		wantKind(t, tt.name, err, tt.kind)
	}
	if n := count(t, db, `SELECT count(*) FROM employee`); n != 1 {
		t.Errorf("%d employees; want 1", n)
	}
}

// Somebody may be called what stands in the place of names.
func TestPurgeOfRemoved(t *testing.T) {
	l := newLab(t)
	mustPost(t, l.db, l.ana, Employees, `{"employee_id": "removed"}`)
	mustPost(t, l.db, l.ana, Results, `{"employee": {"employee_id": "EM001"}, "date": "2026-03-01", "reporter": "m 1", "score": 1}`)
	l.decide(l.ana, 1, Choice{Action: Remark, Note: "as removed"})
	if _, err := l.db.Purge(t.Context(), Actor{}, Purge{Person: "removed", Reason: "over"}); err != nil {
		t.Fatal(err)
	}
}
