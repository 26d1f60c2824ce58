package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// The file is checked as its readers see it: decoded from the committed text, not from the generator's structs.
type read struct {
	text, Resource, Key string
	Body                struct {
		EmployeeID string `json:"employee_id"`
		Name       string
		Employee   struct {
			EmployeeID string `json:"employee_id"`
		}
		Date, At, Reporter string
		Action, Batch      string
		Score              float64
		Flag               string
		Evidence           []struct{ Description, Subject string }
	}
}

func (l read) who() string { return l.Body.Employee.EmployeeID }

func (l read) at(t *testing.T) time.Time {
	t.Helper()
	v, err := time.Parse("2006-01-02 15:04:05", l.Body.Date+l.Body.At) // a line has one of the two
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func readFile(t *testing.T) []read {
	t.Helper()
	text, err := os.ReadFile("../demo.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	var lines []read
	for s := range strings.Lines(string(text)) {
		l := read{text: s}
		if err := json.Unmarshal([]byte(s), &l); err != nil {
			t.Fatalf("line %d: %v", len(lines)+1, err)
		}
		lines = append(lines, l)
	}
	return lines
}

func TestFileIsFresh(t *testing.T) {
	want, err := os.ReadFile("../demo.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := write(&got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Error("testdata/demo.ndjson is not what its generator writes; run: go run ./testdata/demo | tee testdata/demo.ndjson | gzip -9n > testdata/demo.ndjson.gz")
	}
	f, err := os.Open("../demo.ndjson.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if packed, err := io.ReadAll(r); err != nil || !bytes.Equal(packed, want) {
		t.Errorf("testdata/demo.ndjson.gz is not demo.ndjson packed, %v", err)
	}
	if got.Len() > 1_600_000 {
		t.Errorf("the file has %d bytes; it is part of every binary, keep it small", got.Len())
	}
}

// The numbers that the demo's script, the pages' tests and the README rely on.
func TestStoryCounts(t *testing.T) {
	got, posts, seen := map[string]int{}, map[string]int{}, map[string]string{}
	for _, l := range readFile(t) {
		if l.Resource != "detectionmodelresult" {
			got[l.Resource]++
			continue
		}
		if l.at(t).Sub(day0) >= storyDays*24*time.Hour {
			got["later results"]++
			continue
		}
		if first, again := seen[l.Key]; again {
			got["retries"]++
			if first != l.text {
				t.Errorf("the retry of %s differs from the first post", l.Key)
			}
			continue
		}
		seen[l.Key] = l.text
		got["results"]++
		got["evidence"] += len(l.Body.Evidence)
		if l.Body.Flag == "True" {
			got["flagged"]++
		}
		got[l.Body.Reporter]++
		posts[l.who()]++
	}
	want := map[string]int{
		"employee": 200, "employeeevent": 15, "decision": 12,
		"results": 1510, "retries": 33, "evidence": 1636, "flagged": 81, "later results": 423,
		"role-profile 2.1": 845, "usb-watch 1.0": 40, "mail-graph 0.9": 99, "login-hours 3.0": 152, "web-risk 1.3": 56, "web-risk 1.4": 318,
	}
	if !maps.Equal(got, want) {
		t.Errorf("counts are %v; want %v", got, want)
	}
	cast := map[string]int{"LK001": 21, "HA001": 35, "KA001": 7, "CH002": 29, "ON001": 35, "UZ001": 46, "JS002": 14, "AJ001": 7}
	for who, n := range cast {
		if posts[who] != n {
			t.Errorf("%s has %d results; want %d", who, posts[who], n)
		}
	}
}

// Each line stands by itself: it can be posted in any database, after the people.
func TestLinesStandAlone(t *testing.T) {
	names, last := map[string]string{}, time.Time{}
	dates := regexp.MustCompile(`"(date|date_from|date_to|at|until|left_on)":"2026-\d\d-\d\d`)
	for i, l := range readFile(t) {
		if n, m := strings.Count(l.text, "2026-"), len(dates.FindAllString(l.text, -1)); n != m {
			t.Errorf("line %d: %d of %d dates can be shifted: %s", i+1, m, n, l.text)
		}
		if strings.Contains(l.text, `"id"`) || strings.Contains(l.text, "/data-sub/") {
			t.Errorf("line %d relies on an id: %s", i+1, l.text)
		}
		if l.Resource == "employee" {
			if names[l.Body.EmployeeID] != "" || l.Body.EmployeeID == "SW001" {
				t.Errorf("line %d: employee_id %s is taken (SW001: by the seed page)", i+1, l.Body.EmployeeID)
			}
			names[l.Body.EmployeeID] = l.Body.Name
			continue
		}
		if names[l.who()] == "" {
			t.Errorf("line %d names %q, whom no earlier line brings", i+1, l.who())
		}
		if l.at(t).Before(last) {
			t.Errorf("line %d is older than the line before it", i+1)
		}
		last = l.at(t)
		for _, e := range l.Body.Evidence {
			for n := range strings.FieldsSeq(names[l.who()]) {
				if strings.Contains(strings.ToLower(e.Description+e.Subject), strings.ToLower(n)) {
					t.Errorf("line %d tells the name of %s: %s, %s", i+1, l.who(), e.Description, e.Subject)
				}
			}
		}
	}
}

// Whenever the demo starts, something came in less than two hours ago and no model has been silent for a day.
func TestAlwaysFresh(t *testing.T) {
	first := moment(storyDays, 2, 0) // of the week into which the reader shifts the present; it ends seven days later
	newest := map[string]time.Time{}
	gap := func(l read, name string, limit time.Duration) {
		if was, ok := newest[name]; ok && l.at(t).After(first) && l.at(t).Sub(was) >= limit {
			t.Errorf("%s: nothing between %v and %v", name, was, l.at(t))
		}
		newest[name] = l.at(t)
	}
	for _, l := range readFile(t) {
		if l.Resource == "detectionmodelresult" {
			gap(l, "all models", 2*time.Hour)
			if l.at(t).After(first.AddDate(0, 0, -2)) {
				gap(l, l.Body.Reporter, 24*time.Hour)
			}
		}
	}
	if newest["all models"].Before(first.AddDate(0, 0, 13)) {
		t.Errorf("the last result is of %v; little is left to arrive live", newest["all models"])
	}
}

// The days after the story bring nobody new to the top, and the snooper stays below the alarm level.
func TestOrdinaryDays(t *testing.T) {
	for _, l := range readFile(t) {
		if l.Resource != "detectionmodelresult" {
			continue
		}
		known := slices.Contains([]string{"HA001", "ON001"}, l.who())
		if l.at(t).After(moment(storyDays, 0, 0)) && l.Body.Score >= 0.6 && !known {
			t.Errorf("%s stands out after the story: %s", l.who(), l.text)
		}
		if l.who() == "CH002" && l.Body.Score > 0.392 {
			t.Errorf("the snooper stands out: %s", l.text)
		}
	}
}

// Each decision made beforehand meets its alert undecided. Alerts as citd forms them: results of one person, each within
// seven days of the others.
func TestDecisionsMeetAlerts(t *testing.T) {
	type alert struct {
		first, last time.Time
		decided     bool
	}
	alerts, batch := map[string][]*alert{}, 0
	for i, l := range readFile(t) {
		all := alerts[l.who()]
		switch l.Resource {
		case "detectionmodelresult":
			day := l.at(t).Truncate(24 * time.Hour) // the file is in the order of time: never before an alert's first
			k := slices.IndexFunc(all, func(a *alert) bool { return !a.decided && !day.After(a.last.AddDate(0, 0, 7)) })
			if k < 0 {
				alerts[l.who()] = append(all, &alert{first: day, last: day})
			} else {
				all[k].last = day
			}
		case "decision":
			newest := slices.MaxFunc(all, func(a, b *alert) int { return a.last.Compare(b.last) })
			if newest.decided {
				t.Errorf("line %d decides nothing new: %s", i+1, l.text)
			}
			newest.decided = true
			if l.Body.Batch != "" {
				batch++
			}
			t.Logf("%s %s %s: results from %s to %s", l.Body.At, l.Body.Action, l.who(), newest.first.Format("Jan 2"), newest.last.Format("Jan 2"))
		}
	}
	if batch != 8 {
		t.Errorf("the bulk decision has %d alerts; want 8", batch)
	}
}
