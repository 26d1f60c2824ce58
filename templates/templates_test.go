package templates

import (
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"citd/store"
)

var update = flag.Bool("update", false, "write the golden files anew")

// versions finds the part of a page that changes with every static file.
var versions = regexp.MustCompile(`\?v=[0-9a-f]+`)

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from what is rendered now; if that is meant: go test ./templates -update", file)
	}
}

// page is one rendered page of the tests.
type rendered struct {
	name string
	html string
}

func renderAll(t *testing.T) []rendered {
	t.Helper()
	var all []rendered
	add := func(name string, html []byte, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, rendered{name, versions.ReplaceAllString(string(html), "?v=0")})
	}
	for _, c := range queueCases() {
		html, err := Queue.Render(c.data)
		add(c.name, html, err)
	}
	for _, c := range alertCases() {
		html, err := Alert.Render(c.data)
		add(c.name, html, err)
	}
	html, err := Rows.Render(sampleRows()[:2])
	add("rows", html, err)
	for _, c := range peekCases() {
		html, err := Peek.Render(c.data)
		add(c.name, html, err)
	}
	for name, d := range map[string]LoginData{
		"login": {Frame: Frame{Title: "Sign in", Host: "127.0.0.1:8000"}}, "login-code": {Frame: Frame{Title: "Sign in", Host: "127.0.0.1:8000"}, Code: hostile, Press: true},
		"login-problem": {Frame: Frame{Title: "Sign in", Theme: "dark"}, Name: hostile, Problem: hostile, Back: hostile},
	} {
		html, err := Login.Render(d)
		add(name, html, err)
	}
	html, err = Welcome.Render(WelcomeData{Frame: Frame{Title: "Welcome"}, AskMode: true, AskPassword: true, Min: 8})
	add("welcome", html, err)
	html, err = Welcome.Render(WelcomeData{})
	add("welcome-empty", html, err)
	html, err = FirstRun.Render(FirstRunData{Frame: sampleFrame("First run", "queue"), API: "http://127.0.0.1:8000/data-sub/api/", Login: "detector", Password: "TOKEN", From: "2026-11-18", To: "2026-11-23", Steps: []Task{
		{"Server is up", "127.0.0.1:8000, reachable from this machine only", true, ""},
		{"Database is ready", "citd.db, schema 1", true, ""},
		{"Token for your model", "citd token add detector prints one", false, ""},
		{"First result", "this page changes when it arrives", false, "alerts"},
	}})
	add("firstrun", html, err)
	html, err = FirstRun.Render(FirstRunData{})
	add("firstrun-empty", html, err)
	for _, c := range settingsCases() {
		html, err := Settings.Render(c.data)
		add(c.name, html, err)
	}
	html, err = Error.Render(ErrorData{Frame: sampleFrame("Not found", ""), Status: 404, Heading: "There is no alert 99120", Detail: "It may have been removed, or the link has a typing error.", Links: []Link{{"Open the queue", "/"}, {"Look in the activity log", "/activity"}}, Request: "7c1f09ae", At: now})
	add("error", html, err)
	html, err = Error.Render(ErrorData{Heading: hostile, Detail: hostile, Request: hostile, Links: []Link{{hostile, "javascript:alert(1)"}}})
	add("error-hostile", html, err)
	exploreCases(add)
	heatmapCases(add)
	return append(all, renderPeople(t)...)
}

func queueCases() []struct {
	name string
	data QueueData
} {
	empty := QueueData{Frame: sampleFrame("Queue", "queue"), View: "open", Decided: 27, Asleep: 3, Wakes: now.Add(22 * time.Hour), Decide: true, Reasons: sampleReasons, Views: []View{{"open", "Needs a decision", "/", 0, true}}}
	nomatch := sampleQueue()
	nomatch.Rows, nomatch.Query, nomatch.Total = nil, "email>0.7 dept:IT", 0
	deeper := nomatch
	nomatch.Next = ""
	bad := nomatch
	bad.Problem = "There is no field depth. Fields: email, web, device, login, dept, model, status, score."
	viewer := sampleQueue()
	viewer.Decide, viewer.Role, viewer.Theme, viewer.Dense = false, "viewer", "dark", true
	for i := range viewer.Rows {
		viewer.Rows[i].Pick, viewer.Rows[i].Spark = false, nil
	}
	saved := sampleQueue()
	saved.Views[0].Current, saved.Saved[0].Current = false, true
	saved.Query, saved.Only, saved.SaveAs, saved.SaveWhy = "model:web-risk", []string{"web-risk"}, "web drift, and much more than that", "The name is longer than 40 letters."
	saved.More = true
	saved.Steps = &Steps{"/alerts/42", "/data-sub/api/feedback/"}
	held := saved
	held.Steps, held.SaveWhy = nil, ""
	held.Bulk = BulkDone{
		URL: "/alerts/decide", Field: "alert", Only: []string{"web-risk"},
		Text: "34 alerts were dismissed", Batch: 77, Reason: "4", Note: "drift", Skipped: []string{"TW016: ben was first"},
		Held: []HeldRow{{Value: "42", URL: "/alerts/42", Label: "HA001", Why: "mail-graph and usb-watch flagged this person"}},
	}
	evil := sampleQueue()
	evil.Saved = []SavedView{{ID: 1, Name: hostile, URL: "javascript:alert(1)", By: hostile, Shared: true, Mine: true}}
	evil.Help, evil.SaveAs, evil.SaveWhy, evil.Only = []FilterHelp{{hostile, hostile, "javascript:alert(1)"}}, hostile, hostile, []string{hostile}
	evil.Bulk = BulkDone{URL: "/alerts/decide", Field: "alert", Only: []string{hostile}, Text: hostile, Batch: 1, Reason: hostile, Note: hostile, Skipped: []string{hostile}, Held: []HeldRow{{hostile, "javascript:alert(1)", hostile, hostile}}}
	evil.Query, evil.Problem, evil.User, evil.Host, evil.Title, evil.Path = hostile, hostile, hostile, hostile, hostile, "javascript:alert(1)"
	evil.Rows = []Row{{ID: 1, URL: "javascript:alert(1)", Now: now, At: now, Label: hostile, Sub: hostile, Evidence: strings.Repeat(hostile, 20), More: 2, Types: []string{hostile}, Model: hostile, State: hostile, Status: hostile, Earlier: hostile, Dims: []Dim{{Name: hostile, Value: new(1e308)}}, Pick: true}}
	return []struct {
		name string
		data QueueData
	}{{"queue", sampleQueue()}, {"queue-clear", empty}, {"queue-nomatch", nomatch}, {"queue-deeper", deeper}, {"queue-bad", bad}, {"queue-viewer", viewer}, {"queue-hostile", evil}, {"queue-saved", saved}, {"queue-held", held}, {"queue-empty", QueueData{}}}
}

func alertCases() []struct {
	name string
	data AlertData
} {
	closed := sampleAlert()
	closed.State, closed.Status, closed.Seen, closed.Changed = "dismissed", "Dismissed, expected for the role", 12, true
	closed.Undo = &Undo{12, "Dismissed by ana, today 09:38"}
	peers := sampleAlert()
	for i := range peers.Dims {
		d := &peers.Dims[i]
		d.Peer50, d.Peer95, d.Rank, d.Share = new(.19), new(.3), "top 1%", new(.2)
	}
	peers.Parts = []store.Part{{Name: "files", Text: "412 files, usual 30", Value: new(412.0), Weight: .5}, {Name: "night", Text: "", Value: nil, Weight: .3}, {Name: "badge", Text: "was on site", Value: new(1.0), Weight: -.1}}
	peers.Unseen = true
	shown := sampleAlert()
	shown.Until, shown.Evidence = now.Add(7*time.Hour), nil
	for i := range 17 {
		shown.Evidence = append(shown.Evidence, Evidence{Type: "web", Text: "33 job-search pages", From: now.AddDate(0, 0, -i), To: now, Times: 2})
	}
	shown.Pieces = 40
	refused := sampleAlert()
	refused.Problem = "ana dismissed this alert a minute ago; look again before you decide."
	refused.Draft = Draft{Reason: "9", Note: hostile, Until: "2026-11-24T08:00", Over: "0.9"}
	hidden := sampleAlert()
	hidden.Reveal, hidden.Reveals, hidden.Similar, hidden.Unlike = "/people/22/reveal", sampleReveals, nil, "Nothing that reports the same dimensions was decided about anybody else yet."
	evil := AlertData{
		Frame: sampleFrame(hostile, hostile), Model: Link{hostile, "javascript:alert(1)"}, Baseline: hostile,
		Glance: Glance{
			Label: hostile, Sub: hostile, Person: "javascript:alert(1)", At: now, Decide: true, Peers: hostile,
			State: "in_review", Status: hostile, Why: []Span{{Text: hostile, Bold: true}, {Text: hostile, URL: "javascript:alert(1)"}}, Dims: []Dim{{Name: hostile, Value: new(math64())}, {Name: "Web"}},
			Evidence: []Evidence{{Type: hostile, Text: hostile, Subject: hostile, From: time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), To: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), Link: "javascript:alert(1)", Source: hostile, Technique: hostile}},
		},
		Results: []Result{{Model: hostile, At: now, Covered: hostile, URL: "javascript:alert(1)"}}, Prior: []Prior{{PersonDecision: PersonDecision{Text: hostile, By: hostile, Note: hostile, At: now}}},
		Notes: []Note{{hostile, hostile, now}}, Trail: []Step{{State: hostile, Text: hostile, Note: hostile, At: now}}, Facts: []Fact{{hostile, Link{hostile, ""}}}, Mine: true,
		Unlike: hostile, Parts: []store.Part{{Name: hostile, Text: hostile, Value: new(1e308), Weight: 1e308}, {Name: hostile, Text: hostile, Value: nil, Weight: -1e308}}, Reveals: []store.Reason{{Digit: 1, Text: hostile, Note: true}},
		Similar: []Row{{URL: "javascript:alert(1)", Label: hostile, Model: hostile, State: hostile, Status: hostile, At: now, Dims: dims(.1)}},
	}
	evil.Reveal = "javascript:alert(1)"
	return []struct {
		name string
		data AlertData
	}{{"alert", sampleAlert()}, {"alert-closed", closed}, {"alert-peers", peers}, {"alert-shown", shown}, {"alert-refused", refused}, {"alert-hidden", hidden}, {"alert-hostile", evil}, {"alert-empty", AlertData{}}}
}

func peekCases() []struct {
	name string
	data PeekData
} {
	few := samplePeek()
	few.Peers, few.Person, few.Strip, few.Decide, few.Evidence, few.Pieces, few.More = "Too few peers to compare: 2 others with the role Counsel.", "", PersonStrip{}, false, nil, 0, 0
	evil := PeekData{
		URL: "javascript:alert(1)", Model: hostile, Rank: hostile, Now: now,
		Glance: Glance{
			Label: hostile, Sub: hostile, Person: "javascript:alert(1)", Status: hostile, Peers: hostile, At: now,
			Why: []Span{{Text: hostile, Bold: true}}, Evidence: []Evidence{{Type: hostile, Text: hostile}}, Dims: []Dim{{Name: hostile, Value: new(math.Inf(1))}},
		},
	}
	return []struct {
		name string
		data PeekData
	}{{"peek", samplePeek()}, {"peek-few", few}, {"peek-hostile", evil}, {"peek-empty", PeekData{}}}
}

func math64() float64 { return -1e300 }

// TestPages renders every page with full, with empty and with hostile data.
func TestPages(t *testing.T) {
	for _, p := range renderAll(t) {
		golden(t, p.name+".html", []byte(p.html))
	}
}
