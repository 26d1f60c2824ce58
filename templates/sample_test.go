package templates

import (
	"fmt"
	"math"
	"time"

	"citd/store"
)

// hostile is text of strangers that must come out as text wherever it stands.
const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(1)> javascript:alert(1) {{.}} ` + "\u202egnp.exe"

var now = time.Date(2026, 11, 23, 9, 40, 0, 0, time.UTC)

func before(d time.Duration) time.Time { return now.Add(-d) }

// dims makes the four dimensions and a further one; a negative number is one not reported.
func dims(values ...float64) []Dim {
	names := []string{"Email", "Web", "Device", "Login", "File"}
	ds := make([]Dim, len(values))
	for i, v := range values {
		ds[i].Name, ds[i].Letter = names[i], names[i][:1]
		if v >= 0 {
			ds[i].Value = new(v)
		}
	}
	return ds
}

func sampleFrame(title, here string) Frame {
	return Frame{
		Title: title, Here: here, Host: "127.0.0.1:8000", Path: "/", Now: now, User: "A. Keane", Role: "admin",
		Nav:     Nav{Queue: "/", Heatmap: "/heatmap", Explore: "/explore", People: "/people", Models: "/models", Activity: "/activity", Settings: "/settings"},
		Waiting: 83, Mode: "ids", ModeAt: "/settings", Events: "/events?view=open",
	}
}

var sampleReasons = []store.Reason{
	{Digit: 1, Text: "Expected for the role"},
	{Digit: 2, Text: "Known personal pattern"},
	{Digit: 3, Text: "Business event"},
	{Digit: 4, Text: "Detector is wrong"},
	{Digit: 5, Text: "Bad data"},
	{Digit: 6, Text: "Duplicate"},
	{Digit: 7, Text: "Too weak alone"},
	{Digit: 8, Text: "Test"},
	{Digit: 9, Text: "Other", Note: true},
	{Digit: 0, Text: "Investigated and cleared"},
}

var sampleReveals = []store.Reason{{Digit: 1, Text: "To speak with the manager"}, {Digit: 5, Text: "Other", Note: true}}

var sampleSnoozes = []Snooze{
	{"4 hours", "2026-11-23T13:40"},
	{"Tomorrow 08:00", "2026-11-24T08:00"},
	{"Next Monday 08:00", "2026-11-30T08:00"},
}

func sampleSpark(end float64) []float64 {
	s := make([]float64, 30)
	for i := range s {
		s[i] = 0.2 + 0.06*math.Sin(float64(i)*1.7)
		if i > 21 {
			s[i] += (end - 0.2) * float64(i-21) / 8
		}
		if i%7 == 2 || i%7 == 3 && i > 20 {
			s[i] = math.NaN()
		}
	}
	return s
}

func sampleRows() []Row {
	h := time.Hour
	rows := []Row{
		{ID: 42, Score: 0.94, Flagged: true, Dims: dims(.34, .42, .96, .81, .93), Label: "MH022", Sub: "Engineer, Engineering", Evidence: "USB storage KX-64 mounted 14 times, 6.2 GB written; usual none", More: 3, Types: []string{"file", "login", "web"}, Results: 14, Model: "Role profile", Models: 3, Spark: sampleSpark(.94), Band: .38, State: "new", Status: "New", At: before(4 * h), Priority: 1.061},
		{ID: 41, Score: 0.86, Flagged: true, Dims: dims(.16, .22, .64, .93, .72), Label: "TW016", Sub: "Administrator, IT", Evidence: "23 failed logons on VAULT-1, then success at 02:14", More: 1, Types: []string{"file"}, Results: 11, Model: "Role profile", Models: 3, Spark: sampleSpark(.86), Band: .38, State: "new", Status: "New", At: before(39 * time.Minute), Priority: .98, Earlier: "dismissed 12 Nov"},
		{ID: 40, Score: 0.88, Flagged: true, Dims: dims(.95, .71, .18, .12, .31), Label: "IR001", Sub: "Account manager, Sales", Evidence: "Attachments to r.sole@broadleaf.example: 130 MB, 3 are marked internal", More: 1, Types: []string{"web"}, Results: 11, Model: "Role profile", Models: 2, Spark: sampleSpark(.88), Band: .42, State: "in_review", Status: "In review", Detail: "by ana", At: before(4 * h), Priority: .971, Seen: 9},
		{ID: 39, Score: 78.5, Dims: dims(.29, .97, .19, -1), Label: "ES008", Sub: "Account manager, Sales", Evidence: "Job-search sites, 33 pages; none in the 30 days before", Results: 1, Model: "isolation-forest 2.1", Models: 2, Spark: sampleSpark(.5), Band: .4, State: "new", Status: "New", At: before(5 * 24 * h), Priority: .86},
		{ID: 38, Score: 0.003, Dims: dims(0, -1, -1, -1), Label: "Teal Heron 41", Results: 2, Model: "usb-watch", Models: 1, Spark: []float64{math.NaN()}, State: "snoozed", Status: "Snoozed", At: before(400 * 24 * h), Priority: .1},
	}
	more := []string{"Email to personal webmail, 39 messages in 5 days; usual 2", "USB storage SANDRA-2 mounted 44 times, 1.7 GB written", "First visit to vpn-free.example, 39 requests", "Printed 350 pages on PRN-LAB; usual 12", "15 failed logons on VAULT-1, then success", "Logon at 02:14 on FIN-12; usual 08:00–18:30", "Bulk copy from /design/rotor, 4.1 GB", "New device phone storage on a shared host", "120 files opened in /hr/reviews; usual 30 a day"}
	for i, text := range more {
		s := .75 - float64(i)/40
		rows = append(rows, Row{ID: int64(30 - i), Score: s, Dims: dims(s*.4, s*.8, s, s*.6, -1), Label: "AB0" + string(rune('1'+i)) + "6", Sub: "Scientist, Research", Evidence: text, Results: 1 + i%3, Model: "USB watch", Models: 1 + i%3, Spark: sampleSpark(s), Band: .4, State: "new", Status: "New", At: before(time.Duration(i+1) * 9 * h), Priority: s})
	}
	for i := range rows {
		rows[i].URL, rows[i].Now, rows[i].Pick = fmt.Sprint("/alerts/", rows[i].ID), now, true
		rows[i].Person, rows[i].Reveal = fmt.Sprint("/people/", i+1), fmt.Sprint("/people/", i+1, "/reveal")
	}
	return rows
}

func sampleQueue() QueueData {
	return QueueData{
		Frame: sampleFrame("Queue", "queue"), Need: 83, People: 40, Flagged: 7, Today: 21, Oldest: before(7 * 24 * time.Hour),
		Charts: []Bars{
			{Title: "Arrivals a day", Figure: "25 today", Label: "Results per day over 60 days; 25 today", Counts: []int{7, 0, 0, 23, 16, 18, 16, 15, 3, 0, 26, 11, 4, 7, 8, 1, 0, 16, 16, 9, 14, 11, 1, 2, 18, 13, 9, 22, 22, 0, 0, 14, 13, 10, 17, 14, 0, 0, 18, 13, 6, 10, 14, 1, 0, 19, 23, 16, 11, 19, 2, 0, 25, 23, 20, 24, 26, 3, 4, 25}, Hot: 59, Axis: []string{"25 Sep", "23 Nov"}, Quiet: true},
			{Title: "Open, by score", Figure: "16 from 0.7 up", Label: "Open alerts by score", Counts: []int{0, 0, 6, 9, 14, 14, 17, 7, 5, 2, 4, 4, 1, 0}, Hot: 8, Axis: []string{"0.3", "0.5", "0.7", "1.0"}},
		},
		Views: []View{
			{"open", "Needs a decision", "/", 83, true},
			{"flagged", "Flagged", "/?view=flagged", 7, false},
			{"today", "New today", "/?view=today", 21, false},
			{"review", "In review", "/?view=review", 16, false},
			{"snoozed", "Snoozed", "/?view=snoozed", 3, false},
			{"all", "Everything", "/?view=all", 678, false},
		},
		Saved: []SavedView{
			{ID: 3, Name: "web drift", URL: "/?q=model%3Aweb-risk", Mine: true}, {ID: 4, Name: "IT", URL: "/?view=flagged&q=dept%3AIT", By: "ben", Shared: true},
		},
		MayShare: true, Help: []FilterHelp{{"score>=0.6", "score over its model’s scale", "/?q=score%3E%3D0.6"}, {"dept:Sales", "also role: and site:", ""}},
		Reveals: sampleReveals,
		View:    "open", Clear: "/?view=open", Dims: dims(-1, -1, -1, -1, -1),
		Rows: sampleRows(), Total: 40, Next: "/?view=open&after=abc", Decide: true, Reasons: sampleReasons, Snoozes: sampleSnoozes,
	}
}

func sampleAlert() AlertData {
	d := func(day int) time.Time { return time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC) }
	ds := dims(.34, .42, .96, .81, .93)
	for i := range ds {
		ds[i].Median, ds[i].Values = new(.19+float64(i)/50), 60
	}
	return AlertData{
		Frame: sampleFrame("MH022, 0.94", "queue"), Model: Link{"Role profile", "/models"}, Rank: 1, Of: 83, Glance: Glance{
			ID: 42, Label: "MH022", Sub: "Engineer, Engineering", At: before(4 * time.Hour), Score: .94, Flagged: true, State: "new", Status: "New", Dims: ds,
			Why: []Span{{Text: "Device, file and login", Bold: true}, {Text: " are far above the own baseline. Device is 0.96; the own median is 0.23. "}, {Text: "Two other models", URL: "/explore"}, {Text: " reported the same person this week."}},
			Evidence: []Evidence{
				{Type: "device", Text: "USB storage KX-64 mounted 14 times, 6.2 GB written; usual none", Subject: "KX-64", From: d(18), To: d(23), Hot: true},
				{Type: "file", Text: "412 files opened in /design/rotor; usual 30 a day", Subject: "/design/rotor", From: d(19), To: d(22), Hot: true, Technique: "T1039", Link: "https://dlp.example/case/7"},
				{Type: "login", Text: "5 logons on BUILD-07 between 01:50 and 04:10; usual 08:00–18:30", Subject: "BUILD-07", From: d(16), To: d(23), Hot: true},
				{Type: "web", Text: "First visit to file-drop.example, 9 requests, no upload seen", Subject: "file-drop.example", From: d(22), To: d(22)},
				{Type: "hr", Text: "Handover of the rotor project on 10 Nov", Clears: true},
			},
			Pieces: 5, Decide: true, Snoozes: sampleSnoozes,
		},
		Baseline: "Own median of 60 days.",
		Results: []Result{
			{ID: 9255, URL: "/results/9255", At: before(4 * time.Hour), Model: "Role profile", Score: .94, Flagged: true, Dims: dims(.34, .42, .96, .81, .93), Pieces: 4, Marked: true},
			{ID: 9201, URL: "/results/9201", At: before(30 * time.Hour), Model: "USB watch", Score: .78, Dims: dims(-1, -1, .78, -1), Pieces: 1},
			{ID: 9107, URL: "/results/9107", At: before(60 * time.Hour), Model: "File access", Score: .62, Dims: dims(-1, -1, -1, -1, .62), Pieces: 1, Covered: "dismissed 21 Nov"},
		},
		Prior: []Prior{{PersonDecision{URL: "/alerts/7", State: "dismissed", Text: "Dismissed, expected for the role", At: before(11 * 24 * time.Hour), By: "ana", Note: "On call that week."}, .61}},
		Notes: []Note{{Text: "Manager confirms no project needs /design/rotor since the handover on 10 Nov.", By: "A. Keane", At: before(3 * 24 * time.Hour)}},
		Trail: []Step{{State: "view", Text: "Opened by A. Keane", At: before(2 * time.Minute)}, {State: "flag", Text: "Flagged by the model", At: before(4 * time.Hour)}, {State: "post", Text: "Posted by role-profile", At: before(4 * time.Hour)}},
		Facts: []Fact{{"Reporter", Link{"Role profile", "/models"}}, {"Confirmed, all scores", Link{"11 of 127", ""}}, {"Other models, 7 days", Link{"USB watch, File access", ""}}},
		Prev:  "", Next: "/alerts/41", Place: 1, Places: 83, Back: "/alerts/42", Reasons: sampleReasons,
	}
}

func samplePeek() PeekData {
	a, own := sampleAlert(), make([]float64, 60)
	for i := range own {
		own[i] = 0.2 + 0.1*math.Sin(float64(i))
		if i%7 == 3 || i%7 == 4 || i > 50 && i%2 == 0 {
			own[i] = math.NaN()
		}
	}
	for i := range a.Dims {
		a.Dims[i].Peer50, a.Dims[i].Peer95 = new(.19), new(.3)
	}
	g := a.Glance
	g.Person, g.Why, g.Evidence, g.Pieces = "/people/22", a.Why[:2], a.Evidence[:4], 7
	return PeekData{
		Glance: g, Now: now, URL: "/alerts/42", Model: "Role profile", Models: 3, Rank: "score 0.94, flagged +0.06, 3 models agree +0.06",
		More: 3, Strip: PersonStrip{First: now.AddDate(0, 0, -59), Own: own}, Open: true,
	}
}
