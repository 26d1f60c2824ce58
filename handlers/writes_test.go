package handlers_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"citd/handlers"
	"citd/store"
)

// What an ingest token is answered holds nothing that it did not send, in lists as in single posts.
func TestIngestReadsNothing(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	as := func(role store.Role, method, path, body string) response {
		t.Helper()
		a := s.do(call{method, api + path, body, map[string]string{"Authorization": s.headerOf(role), "Content-Type": "application/json", "Idempotency-Key": string(role) + method + path}})
		if a.StatusCode >= 300 {
			t.Fatalf("%s %s as %s = %d %s", method, path, role, a.StatusCode, a.body)
		}
		return a
	}
	long := strings.Repeat("secret ", 9000)
	as(store.Admin, "POST", "detectionmodelresult/", `{"employee": {"employee_id": "E1", "role": "secret"}, "date": "2026-03-01", "reporter": "secret", "score": 0.123, "run_id": "secret",
		"evidence": [{"description": "`+long+`", "evidence_type": "email", "date_from": "2026-03-01", "date_to": "2026-03-01"}]}`)
	for _, res := range []string{"employee", "detectionevidence", "detectionmodelresult"} {
		one := `{"id": 1, "resource_uri": "` + api + res + `/1/"}`
		for _, a := range []response{
			as(store.Ingest, "POST", res+"/", one), as(store.Ingest, "PATCH", res+"/", `{"objects": [`+one+`]}`), as(store.Ingest, "PATCH", res+"/", `{"objects": [`+one+`]}`),
		} {
			if strings.Contains(a.body, "secret") || strings.Contains(a.body, "0.123") || !strings.Contains(a.body, api+res+"/1/") {
				t.Errorf("%s tells: %.200s", res, a.body)
			}
		}
	}
	if a := as(store.Ingest, "PATCH", "employee/?2", `{"objects": []}`); a.body != `{"objects":[]}` {
		t.Errorf("nothing is answered %s", a.body)
	}
	if a := as(store.Admin, "PATCH", "employee/", `{"objects": [{"employee_id": "E2"}, {"employee_id": "E1"}]}`); strings.Count(a.body, `"role":"`) != 2 || !strings.Contains(a.body, `},{"id":1,`) {
		t.Errorf("an admin is answered %s", a.body)
	}
}

// Who people are is told by writes, too: to send an id alone is a look, and on record. So is what leaves as a file.
func TestLooksByWriting(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	head := func() int64 {
		h, err := s.db.VerifyAudit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return h.Seq
	}
	before := head()
	for i, tt := range []struct {
		role               store.Role
		method, path, body string
		more               int64
	}{
		{store.Admin, "POST", "employee/", `{"employee_id": "E1", "name": "Ada"}`, 0},
		{store.Admin, "PATCH", "employee/", `{"objects": [{"employee_id": "E2"}, {"employee_id": "E3"}]}`, 0},
		{store.Admin, "POST", "employee/", `{"employee_id": "E1"}`, 1},
		{store.Admin, "PATCH", "employee/1/", `{}`, 0}, // within 15 minutes
		{store.Admin, "PUT", "employee/2/", `{}`, 1},
		{store.Admin, "PATCH", "employee/", `{"objects": [{"employee_id": "E1"}, {"employee_id": "E2"}]}`, 1},
		{store.Script, "POST", "employee/", `{"employee_id": "E1"}`, 1},
		{store.Script, "POST", "employee/", `{"employee_id": "E2"}`, 0}, // scripts: as a list
		{store.Analyst, "GET", "feedback/?format=ndjson", "", 1},        // all of it leaves as a file
		{store.Script, "GET", "feedback/?format=ndjson", "", 0},
	} {
		a := s.do(call{tt.method, api + tt.path, tt.body, map[string]string{"Authorization": s.headerOf(tt.role), "Content-Type": "application/json"}})
		if now := head(); a.StatusCode >= 300 || now-before != tt.more {
			t.Errorf("%d. %s %s as %s = %d, %d more on record; want %d", i+1, tt.method, tt.path, tt.role, a.StatusCode, now-before, tt.more)
		}
		before = head()
	}
}

// What is typed, in a form or an address, is text: every reader of JSON takes it, and each page is UTF-8.
func TestOnlyText(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	for _, note := range []string{"%ff", "a%00b", "%ed%a0%80"} {
		a := s.do(call{"POST", "/alerts/1/decide", "action=note&note=" + note, map[string]string{"Cookie": s.cookieOf(store.Analyst), "Content-Type": "application/x-www-form-urlencoded"}})
		if a.StatusCode != 400 || !utf8.ValidString(a.body) {
			t.Errorf("%s = %d", note, a.StatusCode)
		}
		a = s.do(call{path: "/?q=" + note, header: map[string]string{"Cookie": s.cookieOf(store.Analyst)}})
		if a.StatusCode != 400 || !utf8.ValidString(a.body) {
			t.Errorf("/?q=%s = %d", note, a.StatusCode)
		}
	}
}

// Answers that are sent in pieces are whole.
func TestLongLists(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	header := map[string]string{"Authorization": s.headerOf(store.Script), "Content-Type": "application/json"}
	for _, n := range []int{0, 1, 100, 101, 300} {
		body := `{"objects": [` + strings.TrimSuffix(strings.Repeat(`{"city": "Oxford"},`, n), ",") + `]}`
		for _, c := range []call{{"PUT", api + "address/", body, header}, {"GET", api + "address/?limit=0", "", header}} {
			a := s.do(c)
			var got struct {
				Objects []struct{ ID int }
				Meta    map[string]any
			}
			if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.StatusCode != 200 || len(got.Objects) != n {
				t.Fatalf("%s of %d = %d with %d, %v", c.method, n, a.StatusCode, len(got.Objects), err)
			}
			if !slices.IsSortedFunc(got.Objects, func(a, b struct{ ID int }) int { return a.ID - b.ID }) {
				t.Errorf("%s of %d is not in order", c.method, n)
			}
		}
	}
}
