package store

import (
	"encoding/json"
	"strings"
	"testing"
)

// tester is an account that tests act as.
func tester(tb testing.TB, db *DB, role Role) Actor {
	tb.Helper()
	id, err := Write(tb.Context(), db, func(tx *Tx) (int64, error) {
		res, err := tx.Exec(`INSERT INTO account (kind, name, role, created_at) VALUES ('person', ?, ?, ?)`, "test-"+string(role), role, tx.Now)
		if err != nil {
			return 0, err
		}
		return res.LastInsertId()
	})
	if err != nil {
		tb.Fatal(err)
	}
	return Actor{ID: id, Name: "test-" + string(role), Role: role}
}

// post stores body as one request.
func post(tb testing.TB, db *DB, who Actor, r *Resource, body string) (Saved, Notes, error) {
	tb.Helper()
	in, err := r.Decode([]byte(body))
	if err != nil {
		return Saved{}, Notes{}, err
	}
	return Apply(tb.Context(), db, who, func(b *Batch) (Saved, error) { return b.Post(in) })
}

// mustPost is post for what has to work; it returns the row as JSON.
func mustPost(tb testing.TB, db *DB, who Actor, r *Resource, body string) map[string]any {
	tb.Helper()
	s, _, err := post(tb, db, who, r, body)
	if err != nil {
		tb.Fatalf("post %s %s: %v", r.Name, body, err)
	}
	return asMap(tb, r, s.Row)
}

func asMap(tb testing.TB, r *Resource, row any) map[string]any {
	tb.Helper()
	var m map[string]any
	if err := json.Unmarshal(r.AppendJSON(nil, row, View{Identity: true}), &m); err != nil {
		tb.Fatal(err)
	}
	return m
}

// rowsOf counts the rows of the tables that scripts fill.
func rowsOf(tb testing.TB, db *DB) map[string]int {
	m := map[string]int{}
	for _, t := range []string{"address", "employee", "detectionevidence", "detectionmodelresult", "result_evidence", "anomaly"} {
		m[t] = count(tb, db, "SELECT count(*) FROM "+t)
	}
	return m
}

const seedResult = `{"employee": {"employee_id": "SW001", "name": "Simon Walton", "homeAddress": {"city": "Oxford"}},
	"date": "2014-09-17 10:11:12.5", "reporter": "Detection Model", "flag": "True", "score": "0.54", "email_anomaly": 0.78, "file_anomaly": 1,
	"evidence": [{"description": "Email Activity", "evidence_type": "email", "date_from": "2014-09-12", "date_to": "2014-09-17"}, null]}`

func TestPostNested(t *testing.T) {
	db := openTest(t)
	who := tester(t, db, Admin)
	s, notes, err := post(t, db, who, Results, seedResult)
	if err != nil || !s.Created {
		t.Fatalf("post = %+v, %v", s, err)
	}
	if strings.Join(notes.Dimensions, " ") != "file_anomaly" {
		t.Errorf("new dimensions = %v", notes.Dimensions)
	}
	got := asMap(t, Results, s.Row)
	for k, want := range map[string]any{
		"id": 1.0, "employee": "/data-sub/api/employee/1/", "date": "2014-09-17T10:11:12.500000",
		"flag": true, "score": 0.54, "web_anomaly": nil, "file_anomaly": 1.0, "reporter": "Detection Model", "contributions": nil,
	} {
		if got[k] != want {
			t.Errorf("%s = %v; want %v", k, got[k], want)
		}
	}
	stored, err := db.Rows(t.Context(), Results, []int64{1})
	if err != nil || len(stored) != 1 {
		t.Fatal(stored, err)
	}
	if a, b := Results.AppendJSON(nil, stored[0], View{}), Results.AppendJSON(nil, s.Row, View{}); string(a) != string(b) {
		t.Errorf("answer %s\nstored %s", b, a)
	}
	before := rowsOf(t, db)
	post2 := mustPost(t, db, who, Results, seedResult) // no deduplication of results and evidence, but of the person
	after := rowsOf(t, db)
	if post2["id"] != 2.0 || after["employee"] != before["employee"] || after["detectionevidence"] != before["detectionevidence"]+1 {
		t.Errorf("again: %v, rows %v then %v", post2["id"], before, after)
	}
}

// A refused request stores nothing at all, wherever in it the mistake is.
func TestRefusedStoresNothing(t *testing.T) {
	db := openTest(t)
	who := tester(t, db, Admin)
	mustPost(t, db, who, Employees, `{"employee_id": "SW001"}`)
	const rest = `"date": "2014-09-17", "score": 1, "reporter": "m"`
	for _, tt := range []struct{ name, body, field string }{
		{"no score", `{"employee": "/data-sub/api/employee/1/", "date": "2014-09-17"}`, "score"},
		{"null date", `{"employee": "/data-sub/api/employee/1/", "date": null, "score": 1}`, "date"},
		{"score is text", `{"employee": "/data-sub/api/employee/1/", "date": "2014-09-17", "score": "high"}`, "score"},
		{"score too large", `{"employee": "/data-sub/api/employee/1/", "date": "2014-09-17", "score": 1e400}`, "score"},
		{"missing employee", `{"employee": "/data-sub/api/employee/99/", ` + rest + `}`, "employee"},
		{"employee of another resource", `{"employee": "/data-sub/api/address/1/", ` + rest + `}`, "employee"},
		{"employee by key as text", `{"employee": "SW001", ` + rest + `}`, "employee"},
		{"new employee, missing evidence", `{"employee": {"employee_id": "X"}, "evidence": ["/data-sub/api/detectionevidence/9/"], ` + rest + `}`, "evidence.0"},
		{"new employee, wrong evidence", `{"employee": {"employee_id": "X"}, "evidence": [{"date_from": "bad", "date_to": "2014-09-17"}], ` + rest + `}`, "evidence.0.date_from"},
		{"evidence lacks a date", `{"employee": {"employee_id": "X"}, "evidence": [{"date_from": "2014-09-17"}], ` + rest + `}`, "evidence.0.date_to"},
		{"evidence is no list", `{"employee": "/data-sub/api/employee/1/", "evidence": "/data-sub/api/detectionevidence/1/", ` + rest + `}`, "evidence"},
		{"employee without key", `{"employee": {"name": "X"}, ` + rest + `}`, "employee.employee_id"},
		{"id far ahead", `{"id": 4000000000, "employee": "/data-sub/api/employee/1/", ` + rest + `}`, "id"},
		{"flag", `{"flag": "yes", "employee": "/data-sub/api/employee/1/", ` + rest + `}`, "flag"},
		{"NUL", `{"run_id": "a\u0000", "employee": "/data-sub/api/employee/1/", ` + rest + `}`, "run_id"},
		{"contributions", `{"contributions": [1], "employee": "/data-sub/api/employee/1/", ` + rest + `}`, "contributions"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := rowsOf(t, db)
			_, _, err := post(t, db, who, Results, tt.body)
			e := AsError(err)
			if err == nil || e.Kind != Invalid || len(e.Fields[tt.field]) == 0 {
				t.Errorf("err = %v, fields %v; want field %s", err, e.Fields, tt.field)
			}
			for table, n := range rowsOf(t, db) {
				if n != before[table] {
					t.Errorf("%s has %d rows, had %d", table, n, before[table])
				}
			}
		})
	}
}

func TestAllWrongFieldsAtOnce(t *testing.T) {
	_, err := Results.Decode([]byte(`{"date": "bad", "flag": 2, "score": [], "email_anomaly": "x", "evidence": [7], "employee": 3}`))
	e := AsError(err)
	for _, f := range []string{"date", "flag", "score", "email_anomaly", "evidence.0", "employee"} {
		if len(e.Fields[f]) == 0 {
			t.Errorf("field %s is not named in %v", f, e.Fields)
		}
	}
}

func TestUpdate(t *testing.T) {
	db := openTest(t)
	who := tester(t, db, Admin)
	mustPost(t, db, who, Employees, `{"employee_id": "SW001", "name": "Simon", "homeAddress": {"city": "Oxford"}, "dateOfBirth": "1982-2-1"}`)
	mustPost(t, db, who, Employees, `{"employee_id": "JN002"}`)
	s, notes, err := post(t, db, who, Employees, `{"employee_id": "SW001", "name": "Simon W", "shoe_size": 9}`)
	if err != nil || s.Created || s.ID != 1 || strings.Join(notes.Updated, " ") != "name" || strings.Join(notes.Ignored, " ") != "shoe_size" {
		t.Errorf("post of a taken key = %+v, %+v, %v", s, notes, err)
	}
	if m := asMap(t, Employees, s.Row); m["dateOfBirth"] != "1982-02-01" || m["homeAddress"] != "/data-sub/api/address/1/" {
		t.Errorf("absent keys did not stay: %v", m)
	}
	for _, tt := range []struct {
		name, body string
		id         int64
		kind       Kind
	}{
		{"another's key", `{"employee_id": "JN002"}`, 1, Conflict},
		{"id changes", `{"id": 7}`, 1, Invalid},
		{"missing row", `{}`, 99, NotFound},
		{"null key", `{"employee_id": null}`, 1, Invalid},
	} {
		in, err := Employees.Decode([]byte(tt.body))
		if err == nil {
			_, _, err = Apply(t.Context(), db, who, func(b *Batch) (Saved, error) { return b.Patch(in, tt.id) })
		}
		if err == nil || AsError(err).Kind != tt.kind {
			t.Errorf("%s: err = %v; want kind %d", tt.name, err, tt.kind)
		}
	}
	if _, _, err := post(t, db, who, Employees, `{"id": 2, "employee_id": "NEW"}`); AsError(err).Kind != Conflict {
		t.Errorf("post with another row's id = %v; want Conflict", err)
	}
}

func TestDeleteCascades(t *testing.T) {
	db := openTest(t)
	who := tester(t, db, Admin)
	mustPost(t, db, who, Results, seedResult)
	mustPost(t, db, who, Results, seedResult)
	del := func(r *Resource, id int64) {
		t.Helper()
		if _, _, err := Apply(t.Context(), db, who, func(b *Batch) (int, error) { return 0, b.Delete(r, id) }); err != nil {
			t.Fatalf("delete %s %d: %v", r.Name, id, err)
		}
	}
	del(Addresses, 1)
	del(Evidences, 1)
	want := map[string]int{"address": 1, "employee": 1, "detectionevidence": 1, "detectionmodelresult": 2, "result_evidence": 1, "anomaly": 2}
	if got := rowsOf(t, db); !equalCounts(got, want) {
		t.Errorf("rows = %v; want %v", got, want)
	}
	del(Employees, 1)
	want = map[string]int{"address": 1, "employee": 0, "detectionevidence": 1, "detectionmodelresult": 0, "result_evidence": 0, "anomaly": 0}
	if got := rowsOf(t, db); !equalCounts(got, want) {
		t.Errorf("rows = %v; want %v", got, want)
	}
	if m := mustPost(t, db, who, Employees, `{"employee_id": "SW001"}`); m["id"] != 2.0 {
		t.Errorf("the id of a deleted row was used again: %v", m["id"])
	}
}

func equalCounts(a, b map[string]int) bool {
	for k := range b {
		if a[k] != b[k] {
			return false
		}
	}
	return true
}

func TestPatchList(t *testing.T) {
	db := openTest(t)
	who := tester(t, db, Admin)
	patch := func(body string) ([]int64, error) {
		ids, _, err := Apply(t.Context(), db, who, func(b *Batch) ([]int64, error) { return b.PatchList(Employees, strings.NewReader(body)) })
		return ids, err
	}
	if ids, err := patch(`{"objects": [{"employee_id": "A"}, {"employee_id": "B"}, {"employee_id": "C"}]}`); err != nil || len(ids) != 3 {
		t.Fatal(ids, err)
	}
	if ids, err := patch(`{"deleted_objects": ["/data-sub/api/employee/3/"], "objects": [{"resource_uri": "/data-sub/api/employee/1/", "name": "x"}, {"employee_id": "B"}]}`); err != nil || len(ids) != 2 || ids[1] != 2 {
		t.Fatal(ids, err)
	}
	for _, tt := range []struct{ name, body, wrong string }{
		{"names the object and its field", `{"objects": [{"employee_id": "D"}, {"employee_id": "E", "dateOfBirth": "bad"}]}`, "object 1 of 2: dateOfBirth"},
		{"counts them", `{"objects": [{"employee_id": "D"}, {}, {"employee_id": null}]}`, "2 of 3 objects are wrong"},
		{"the same new key twice", `{"objects": [{"employee_id": "D"}, {"employee_id": "D"}]}`, "employee_id"},
		{"no list", `{"objects": {"a": 1}}`, "must be a list"},
		{"no objects", `{"x": 1}`, "objects"},
		{"no object", `{"objects": ["x"]}`, "object 0"},
		{"not JSON at its end", `{"objects": [{"employee_id": "D"}], }`, "wants a key"},
		{"goes on", `{"objects": [{"employee_id": "D"}]} x`, "goes on"},
		{"deletes nothing that is not there", `{"objects": [], "deleted_objects": ["/data-sub/api/employee/99/"]}`, "deleted_objects.0"},
		{"another resource", `{"objects": [{"resource_uri": "/data-sub/api/address/1/", "name": "x"}]}`, "resource_uri"},
	} {
		_, err := patch(tt.body)
		if err == nil || !strings.Contains(err.Error(), tt.wrong) {
			t.Errorf("%s: err = %v; want %q", tt.name, err, tt.wrong)
		}
		if n := count(t, db, `SELECT count(*) FROM employee`); n != 2 {
			t.Fatalf("%s: %d employees; want 2", tt.name, n)
		}
	}
}

// An ingest token's nested row is a reference: nothing of it is applied or shown.
func TestIngestChangesNothing(t *testing.T) {
	db := openTest(t)
	mustPost(t, db, tester(t, db, Admin), Employees, `{"employee_id": "SW001", "name": "Simon", "gender": "M"}`)
	s, notes, err := post(t, db, tester(t, db, Ingest), Employees, `{"employee_id": "SW001", "name": "Other"}`)
	if err != nil || s.ID != 1 || strings.Join(notes.Ignored, " ") != "name" {
		t.Errorf("post = %+v, %+v, %v", s, notes, err)
	}
	if m := asMap(t, Employees, s.Row); m["gender"] != "" || m["name"] != "Other" {
		t.Errorf("the answer shows what it was not sent: %v", m)
	}
	if n := count(t, db, `SELECT count(*) FROM employee WHERE name = 'Simon'`); n != 1 {
		t.Error("an ingest token changed a row")
	}
}

// Whatever comes, it is decoded or refused as wrong, and what is decoded can be encoded.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(seedResult))
	f.Add([]byte(`{"employee_id":"SW001","homeAddress":{"city":"Oxford"},"dateOfBirth":"1982-2-1","id":3,"resource_uri":"/data-sub/api/employee/3/"}`))
	f.Add([]byte(`{"kind":"left","at":"2014-09-17","until":null,"x_anomaly":1e308,"contributions":[{}],"flag":"TRUE","exculpatory":0}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, r := range Resources {
			in, err := r.Decode(body)
			if err != nil {
				if AsError(err).Kind != Invalid {
					t.Errorf("%s: Decode(%q) = %v, not Invalid", r.Name, body, err)
				}
				continue
			}
			if _, err := parseJSON(r.AppendJSON(nil, in.row, View{Identity: true})); err != nil {
				t.Errorf("%s: %q became JSON that is none: %v", r.Name, body, err)
			}
		}
	})
}

// An address that a list changes to and fro, nested in one employee, ends as the list does.
func TestNestedToAndFro(t *testing.T) {
	db := openTest(t)
	who := tester(t, db, Admin)
	mustPost(t, db, who, Employees, `{"employee_id": "E1", "homeAddress": {"city": "Oxford"}}`)
	var list []string
	for _, city := range []string{"Bath", "York", "Bath"} {
		list = append(list, `{"employee": {"employee_id": "E1", "homeAddress": {"id": 1, "city": "`+city+`"}}, "date": "2026-03-01", "score": 1, "reporter": "m"}`)
	}
	body := strings.NewReader(`{"objects": [` + strings.Join(list, ",") + `]}`)
	if _, _, err := Apply(t.Context(), db, who, func(b *Batch) ([]int64, error) { return b.PatchList(Results, body) }); err != nil {
		t.Fatal(err)
	}
	if n := count(t, db, `SELECT count(*) FROM address WHERE city = 'Bath'`); n != 1 {
		t.Error("the last object of the list did not count")
	}
}

// A score below 0 that rounds to nothing is stored as SQLite keeps it, so that the file stays whole.
func TestMinusZero(t *testing.T) {
	db := openTest(t)
	mustPost(t, db, tester(t, db, Admin), Results, `{"employee": {"employee_id": "E1"}, "date": "2026-03-01", "reporter": "m", "score": -0.0, "email_anomaly": "-0", "file_anomaly": -1e-999}`)
	if r, err := db.Verify(t.Context()); err != nil || !r.Whole() {
		t.Errorf("%v %v", err, r.Faults)
	}
}
