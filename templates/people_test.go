package templates

import (
	"math"
	"strings"
	"testing"
	"time"

	"citd/store"
)

// renderPeople renders the pages of people, models and activity.
func renderPeople(t *testing.T) []rendered {
	t.Helper()
	var all []rendered
	add := func(name string, html []byte, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, rendered{name, versions.ReplaceAllString(string(html), "?v=0")})
	}
	for name, d := range personCases() {
		html, err := Person.Render(d)
		add("person"+name, html, err)
	}
	for name, d := range peopleCases() {
		html, err := People.Render(d)
		add("people"+name, html, err)
	}
	for name, d := range modelCases() {
		html, err := Models.Render(d)
		add("models"+name, html, err)
	}
	for name, d := range activityCases() {
		html, err := Activity.Render(d)
		add("activity"+name, html, err)
	}
	return all
}

var firstDay = time.Date(2026, 9, 25, 0, 0, 0, 0, time.UTC)

// series makes 60 days of which every third is a gap, around mid.
func series(mid float64) []float64 {
	s := make([]float64, 60)
	for i := range s {
		s[i] = math.Round(100*(mid+.1*math.Sin(float64(i)))) / 100
		if i%3 == 2 {
			s[i] = math.NaN()
		}
	}
	return s
}

func full(v float64) []float64 {
	s := make([]float64, 60)
	for i := range s {
		s[i] = v
	}
	return s
}

func samplePerson() PersonData {
	d := PersonData{
		Zone:  "UTC",
		Frame: sampleFrame("MH022", "people"), Label: "MH022", Sub: "Engineer, Engineering · Oxford", Standing: "Notice given 9 Nov",
		Say:  []Span{{Text: "Drifting for "}, {Text: "7 days", Bold: true}, {Text: "."}},
		Dims: dims(.34, .42, .96, .81, .93), Span: "last 7 days", First: firstDay, Marks: []PersonMark{{45, firstDay.AddDate(0, 0, 45), "notice given"}},
		Peers: "Peers are the 45 others with the role Engineer.", Pooled: 7, Scaled: true, Total: 20, Listed: "the newest 2", All: "/people/7?results=all",
		Facts: []Fact{{"Employee ID", Link{"MH022", ""}}, {"Role", Link{"Engineer", ""}}}, Hidden: "Name, birth date and so on", Reveals: []store.Reason{{Digit: 1, Text: "To speak with the manager"}, {Digit: 5, Text: "Other", Note: true}},
		Alerts: []PersonAlert{{URL: "/alerts/42", Score: .94, Flagged: true, Results: 14, Models: "role-profile, usb-watch", State: "new", Status: "New", At: before(4 * time.Hour)}},
		Results: []PersonResult{
			{URL: "/results/9", Score: .94, Flagged: true, Dims: dims(.34, .42, .96, .81, .93), Text: "USB storage KX-64 mounted 14 times", More: 3, Model: "role-profile 2.1", At: before(4 * time.Hour), State: "new", Status: "New"},
			{URL: "/results/8", Score: 61, Scale: 100, Dims: dims(-1, -1, .78, -1), Model: "usb-watch", At: before(50 * time.Hour), State: "dismissed", Status: "Dismissed"},
		},
		Notes: []Note{{Text: "Asked the manager", By: "ana", At: before(70 * time.Hour)}}, NoteTo: "/alerts/42/decide",
		Decisions: []PersonDecision{{URL: "/alerts/7", State: "dismissed", Text: "Dismissed 0.61, expected for the role", By: "ana", At: before(300 * time.Hour), Note: "On call", Undone: true}},
		Work:      []Step{{State: "note", Text: "Notice given", Note: "last day in a week · HR", At: before(330 * time.Hour)}},
		Looks:     []PersonLook{{Text: "ana looked at the identity", At: before(time.Hour), Why: "to hand over to HR or Legal"}}, Activity: "/activity?person=7",
	}
	d.Reveal = "/people/7/reveal"
	for i, name := range []string{"Score", "Email", "File"} {
		s := PersonStrip{Name: name, Own: series(.3 + .2*float64(i)), First: firstDay, Marks: d.Marks, Value: new(.9), Median: new(.3), Tall: i == 0}
		if i < 2 {
			s.Peer50, s.Peer95, s.P95 = full(.2), full(.35), new(.35)
		} else {
			s.Detail, s.Median, s.Value = "from file-access", nil, nil
		}
		d.Strips = append(d.Strips, s)
	}
	for w := range d.Weeks {
		d.Weeks[w] = []float64{math.NaN(), .2, .3, .5, .95}
	}
	for i := range d.Hours {
		for h := range d.Hours[i] {
			d.Hours[i][h] = math.NaN()
		}
	}
	d.Hours[2][9], d.Hours[6][23] = .61, .76
	return d
}

func personCases() map[string]PersonData {
	shown := samplePerson()
	shown.Identity, shown.Until = []Fact{{"Name", Link{"Marcus Hale", ""}}, {"Born", Link{"not known", ""}}}, now.Add(8*time.Hour)
	viewer := samplePerson()
	viewer.Role, viewer.Reveal, viewer.Reveals, viewer.NoteTo, viewer.Mode = "viewer", "", nil, "", "names"
	refused := samplePerson()
	refused.Problem, refused.Draft = "The reason “Other” needs a few words", Draft{Reason: "5", Note: "a"}
	nothing := PersonData{Frame: sampleFrame("AB001", "people"), Label: "AB001", Say: []Span{{Text: "No result in 60 days."}}, First: firstDay, Span: "last 7 days", Listed: "60 days", All: "/people/1?results=all", Hidden: "Name"}
	evil := samplePerson()
	evil.Label, evil.Sub, evil.Standing, evil.Span, evil.Peers, evil.Problem, evil.Draft.Note = hostile, hostile, hostile, hostile, hostile, hostile, hostile
	evil.Say = []Span{{Text: hostile, Bold: true}, {Text: hostile, URL: "javascript:alert(1)"}}
	evil.Strips[0].Name, evil.Strips[0].Detail, evil.Marks[0].Text = hostile, hostile, hostile
	evil.Facts, evil.Identity = []Fact{{hostile, Link{hostile, "javascript:alert(1)"}}}, nil
	evil.Alerts[0].URL, evil.Alerts[0].Models, evil.Alerts[0].Status = "javascript:alert(1)", hostile, hostile
	evil.Results[0].Text, evil.Results[0].Model, evil.Results[0].URL = strings.Repeat(hostile, 9), hostile, "javascript:alert(1)"
	evil.Notes[0].Text, evil.Notes[0].By = hostile, hostile
	evil.Decisions[0].Text, evil.Decisions[0].Note, evil.Decisions[0].By = hostile, hostile, hostile
	evil.Work[0].Text, evil.Work[0].Note, evil.Looks[0].Text, evil.Looks[0].Why = hostile, hostile, hostile, hostile
	return map[string]PersonData{"": samplePerson(), "-shown": shown, "-viewer": viewer, "-refused": refused, "-nothing": nothing, "-hostile": evil, "-empty": {}}
}

func samplePeople() PeopleData {
	return PeopleData{
		Frame: sampleFrame("People", "people"), Found: 200, Whole: 200, Says: "highest score in the last 7 days", HasRole: true, Export: "/people.csv", Next: "/people?after=1", First: "/people",
		Heads: []PeopleHead{{"Person", "/people?order=person", false, true, false, false}, {"Role", "/people?order=role", false, true, false, true}, {"7 days", "", false, false, false, false}, {"Peak, 7 d", "/people", true, false, true, false}, {"Change", "/people?order=change", false, false, true, true}, {"60 days", "", false, false, false, true}, {"Open", "/people?order=open", false, false, true, false}},
		Rows: []PeopleRow{
			{URL: "/people/7", Label: "Marcus Hale", Sub: "MH022", Role: "Engineer, Engineering", Dims: dims(.34, .42, .96, .81, .93), Peak: new(.94), Change: new(.38), Days: series(.5), Band: .38, Often: 12, Usual: "0.5", Open: 14},
			{URL: "/people/8", Label: "TW016", Role: "Administrator, IT", Dims: dims(.1, -1, .2, -1), Peak: new(float64(61)), Scale: 100, Change: new(-.06), Days: full(.4)},
			{URL: "/people/9", Label: "ES008", Dims: dims(-1, -1, -1, -1), Days: full(math.NaN())},
		},
	}
}

func peopleCases() map[string]PeopleData {
	none := PeopleData{Frame: sampleFrame("People", "people"), Query: "sales", Whole: 200, Says: "role", Order: "role", Clear: "/people?order=role"}
	evil := samplePeople()
	evil.Query, evil.Says, evil.Order = hostile, hostile, hostile
	evil.Rows[0].Label, evil.Rows[0].Sub, evil.Rows[0].Role, evil.Rows[0].URL = hostile, hostile, hostile, "javascript:alert(1)"
	evil.Heads[0].Label = hostile
	return map[string]PeopleData{"": samplePeople(), "-nomatch": none, "-hostile": evil, "-empty": {}}
}

func sampleModels() ModelsData {
	stats := store.ModelStats{Model: store.Model{Name: "role-profile 2.1", Scale: 1}, Count: 21, High: 1, Right: 2, Wrong: 20, Open: 29, RateLow: .025, RateHigh: .28}
	stats.Bins[9], stats.Bins[10], stats.Bins[18], stats.Confirmed[18] = 12, 7, 2, 1
	stats.Volume[3], stats.Volume[59] = 5, 16
	card := ModelCard{ModelStats: stats, Last: before(4 * time.Minute), Gap: "72 min", Median: new(.6), Results: "/explore?q=model%3Arole-profile%2B2.1"}
	silent, moved, replaced, never := card, card, card, ModelCard{ModelStats: store.ModelStats{Model: store.Model{Name: "new"}, High: 1}}
	silent.Silent, silent.Last, silent.Right, silent.Wrong = true, before(72*time.Hour), 1, 2
	moved.Moved, moved.Right, moved.Wrong, moved.Last, moved.Gap = "Scores moved against web-risk 1.3.", 0, 0, before(10*time.Second), ""
	replaced.Replaced = "web-risk 1.4"
	return ModelsData{Frame: sampleFrame("Models", "models"), First: firstDay, Few: 20, Models: []ModelCard{card, silent, moved, replaced, never}}
}

func modelCases() map[string]ModelsData {
	evil := sampleModels()
	evil.Models = evil.Models[:1]
	evil.Models[0].Name, evil.Models[0].Moved, evil.Models[0].Replaced, evil.Models[0].Results = hostile, hostile, hostile, "javascript:alert(1)"
	return map[string]ModelsData{"": sampleModels(), "-hostile": evil, "-empty": {}}
}

func sampleActivity() ActivityData {
	return ActivityData{
		Frame: sampleFrame("Activity", "activity"), Kinds: []View{{Label: "All", URL: "/activity", Current: true}, {Label: "Decisions", URL: "/activity?kind=decisions"}}, Check: "/activity?check=1",
		Who: []Choice{{Text: "Everybody"}, {Text: "ana", Value: "2", Picked: true}}, About: &Link{"MH022", "/activity"}, Kind: "all", Next: "/activity?before=7", First: "/activity", Head: "12 entries, head 9f86",
		Days: []ActivityDay{
			{Label: "Today", Posts: []Span{{Text: "3 results posted: "}, {Text: "usb-watch 1.0", Bold: true}, {Text: " (3)"}}, Entries: []ActivityEntry{
				{"view", []Span{{Text: "ana", Bold: true}, {Text: " opened the page of "}, {Text: "MH022", URL: "/people/7"}}, "", "", before(time.Hour), 12},
				{"dismissed", []Span{{Text: "ana", Bold: true}, {Text: " dismissed "}, {Text: "alert #42", URL: "/alerts/42"}}, "On call", "as of 2 Nov", before(2 * time.Hour), 11},
			}},
			{Label: "Yesterday", Entries: []ActivityEntry{{"key", []Span{{Text: "citd", Bold: true}, {Text: " made a sign-in link for"}}, "", "", before(26 * time.Hour), 10}}},
		},
	}
}

func activityCases() map[string]ActivityData {
	broken := ActivityData{Frame: sampleFrame("Activity", "activity"), Broken: "The record was changed: entry 5 does not follow from entry 4.", Back: true, Next: "/activity?before=4"}
	evil := sampleActivity()
	evil.Kind, evil.Head, evil.About.Text, evil.About.URL, evil.Who[1].Text, evil.Who[1].Value = hostile, hostile, hostile, "javascript:alert(1)", hostile, hostile
	evil.Days[0].Label, evil.Days[0].Posts = hostile, []Span{{Text: hostile, Bold: true}}
	evil.Days[0].Entries[0] = ActivityEntry{hostile, []Span{{Text: hostile, Bold: true}, {Text: hostile, URL: "javascript:alert(1)"}, {Text: hostile}}, hostile, hostile, now, 3}
	return map[string]ActivityData{"": sampleActivity(), "-broken": broken, "-hostile": evil, "-empty": {}}
}

// A value without a neighbour is a dot; over a gap the line is faint.
func TestSparse(t *testing.T) {
	n := math.NaN()
	id := func(v float64) float64 { return v }
	for _, tt := range []struct {
		vals        []float64
		dots, faint string
	}{
		{[]float64{1, 2, 3}, "", ""},
		{[]float64{1}, "M0 1h0", ""},
		{[]float64{n, 2, n, 4, 5, n}, "M1 2h0M3 4h0M4 5h0", "M1 2L3 4"},
		{[]float64{1, n, n, 4}, "M0 1h0M3 4h0", "M0 1L3 4"},
		{[]float64{n, n}, "", ""},
		{nil, "", ""},
	} {
		if dots, faint := sparse(tt.vals, id, id); dots != tt.dots || faint != tt.faint {
			t.Errorf("%v: %q, %q; want %q, %q", tt.vals, dots, faint, tt.dots, tt.faint)
		}
	}
	got := linked([]float64{n, 1, n, n, 4, n})
	for i, want := range []float64{n, 1, 2, 3, 4, n} {
		if got[i] != want && !(math.IsNaN(got[i]) && math.IsNaN(want)) {
			t.Errorf("linked: %v", got)
		}
	}
}

func TestPersonStrip(t *testing.T) {
	n := math.NaN()
	got := stripPaths(PersonStrip{First: firstDay, Own: []float64{.5, n, .75, 1}, Peer50: []float64{.25, n, .25, .25}, Peer95: []float64{.5, n, .5, .5}, Marks: []PersonMark{{Day: 2}}})
	want := stripView{
		Box: "0 0 4 56", Rule: "M0 16.8H4", Weekends: "M1 0h1v56h-1zM2 0h1v56h-1z", Band: "M0.5 28L2.5 28L3.5 28L3.5 56L2.5 56L0.5 56Z",
		Median: "M0.5 42L1.5 42L2.5 42L3.5 42", Line: "M0.5 28h0M2.5 14L3.5 0", Hot: "M2.5 14h0M3.5 0h0", Marks: "M2.5 0V56",
		Dots: "M0.5 28h0M2.5 14h0", Faint: "M0.5 28L2.5 14",
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestGrid(t *testing.T) {
	g := gridPaths([][]float64{{.29, .3, math.NaN()}, {.45, .6, .75}, {.9, 7}})
	want := gridView{"0 0 3 3", [5]string{"M1 0h.9v.88h-.9z", "M0 1h.9v.88h-.9z", "M1 1h.9v.88h-.9z", "M2 1h.9v.88h-.9z", "M0 2h.9v.88h-.9zM1 2h.9v.88h-.9z"}}
	if g != want {
		t.Errorf("got  %q\nwant %q", g, want)
	}
	if got := gridName("Days", g); got != "Days: 6 cells from 0.3 up, 4 of them from 0.6" {
		t.Error(got)
	}
	if got := gridPaths(nil); got.Box != "0 0 1 0" {
		t.Errorf("no rows: %q", got.Box)
	}
}

func TestSmallCharts(t *testing.T) {
	if got, want := stackPaths([]int{0, 4, 1, 0}, []int{0, 2, 0, 0}), (stackView{"M54.5 46v-46h41V46zM104.5 46v-11.5h41V46z", "M54.5 46v-23h41V46z"}); got != want {
		t.Errorf("stack %q; want %q", got, want)
	}
	if got := stackPaths(make([]int, 20), make([]int, 20)); got != (stackView{}) {
		t.Errorf("no results: %q", got)
	}
	s := sparkLine(150, []float64{0, math.NaN(), 1}, .5)
	if s.Line != "M2 21h0M146 3h0" || s.Dots != "M2 21h0M146 3h0" || s.Faint != "M2 21L146 3" || s.X != "146" || s.Y != "3" || s.Heat != "h" || s.BandY != "12" || s.BandH != "9" {
		t.Errorf("spark %+v", s)
	}
	for d, want := range map[time.Duration]string{0: "just now", 59 * time.Second: "just now", time.Minute: "1 minute ago", 72 * time.Hour: "3 days ago"} {
		if got := since(now, before(d)).Text; got != want {
			t.Errorf("%s: %s; want %s", d, got, want)
		}
	}
	c := ModelCard{ModelStats: store.ModelStats{Right: 2, Wrong: 20, RateLow: .025, RateHigh: .28, High: 100}}
	if c.Range() != "3–28%" || percent(c.Rate()) != "9%" || strings.Join(c.Ticks(), " ") != "0.00 25 50 75 100" {
		t.Errorf("%s %s %v", c.Range(), percent(c.Rate()), c.Ticks())
	}
}
