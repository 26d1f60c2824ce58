package templates

import (
	"strings"
	"testing"
	"time"

	"citd/store"
)

// exploreCases renders explore with full, with empty and with hostile data.
func exploreCases(add func(name string, html []byte, err error)) {
	nothing := sampleExplore()
	nothing.Rows, nothing.Match, nothing.People, nothing.Hot, nothing.Open, nothing.Next = nil, 0, 0, 0, 0, ""
	nothing.Best = Clearing{Axis: "email", URL: "/explore?q=dept%3ALegal", Count: 38}
	viewer := sampleExplore()
	viewer.Decide, viewer.Role, viewer.Any, viewer.Query, viewer.Axes = false, "viewer", false, "", "date,score"
	viewer.InFile, viewer.First = 1_000_000, "/explore"
	evil := sampleExplore()
	evil.Query, evil.Problem, evil.Other, evil.Axes, evil.Sum, evil.Next, evil.First = hostile, hostile, hostile, hostile, hostile, "javascript:alert(1)", "javascript:alert(1)"
	evil.Best = Clearing{Axis: hostile, URL: "javascript:alert(1)", Count: 1}
	evil.Fields = []ExploreField{{Key: hostile, Title: hostile, Kind: "category", Choices: []ExploreBox{{hostile, hostile, true}}}, {Key: hostile, Title: hostile, Kind: "level", Lo: hostile, Hi: hostile}}
	evil.Plot = Plot{Axes: []PlotAxis{{Title: hostile, Boxes: []string{hostile}}, {Title: hostile, Top: hostile, Bottom: hostile}}, Lines: []PlotLine{{At: []float64{0, 1}}}}
	evil.Rows = []ExploreRow{{After: hostile, Row: Row{ID: 1, URL: "javascript:alert(1)", Now: now, Dims: []Dim{{Name: hostile, Value: new(1e308)}}, Label: hostile, Sub: hostile, Evidence: strings.Repeat(hostile, 20), More: 1, Types: []string{hostile}, Model: hostile, At: now, State: hostile, Status: hostile, Detail: hostile, Pick: true}}}
	for _, c := range []struct {
		name string
		data ExploreData
	}{{"explore", sampleExplore()}, {"explore-nothing", nothing}, {"explore-viewer", viewer}, {"explore-hostile", evil}, {"explore-empty", ExploreData{}}} {
		html, err := Explore.Render(c.data)
		add(c.name, html, err)
	}
	html, err := ExploreRows.Render(sampleExplore().Rows)
	add("explore-rows", html, err)
}

func sampleExplore() ExploreData {
	at := func(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 36, 0, 0, time.UTC) }
	row := func(id int64, score float64, x Row) ExploreRow {
		r := ExploreRow{Row: x}
		r.ID, r.Score, r.URL, r.Now, r.After, r.Pick = id, score, "/results/9", now, store.Figure(score)+"~9", true
		return r
	}
	return ExploreData{
		Frame: sampleFrame("Explore", "explore"), Query: "dept:Engineering,IT login>=0.4", Total: 678, InFile: 678, Match: 39, People: 13, Hot: 12, Open: 23, Any: true,
		Sum: "12345", Dims: dims(-1, -1, -1, -1, -1), Next: "/explore?after=0.8~9&q=dept%3AIT", Decide: true, Reasons: sampleReasons, Snoozes: sampleSnoozes,
		Fields: []ExploreField{
			{Key: "date", Title: "Date", Kind: "date", Lo: "2026-10-31"},
			{Key: "dept", Title: "Department", Kind: "category", Choices: []ExploreBox{{"Sales", "Sales", false}, {"IT", "IT", true}, {"", "Not given", false}, {"other", "Other", false}}},
			{Key: "login", Title: "Login", Kind: "level", Lo: "0.4"},
			{Key: "file", Title: "File", Kind: "level", None: true},
			{Key: "score", Title: "Score", Kind: "level", Always: true},
		},
		Plot: Plot{
			Axes:  []PlotAxis{{Title: "Date", Top: "23 Nov", Bottom: "25 Sep"}, {Title: "Department", Boxes: []string{"Sales", "Information technology"}}, {Title: "Login", Top: "1", Bottom: "0", Gap: true}, {Title: "Score", Top: "1", Bottom: "0"}},
			Lines: []PlotLine{{At: []float64{0, .25, .5, .06}, Class: 2}, {At: []float64{.5, .75, -1, .4}, Class: 1}, {At: []float64{1, .1, .9, 1}}},
		},
		Rows: []ExploreRow{
			row(9255, .94, Row{Flagged: true, Dims: dims(.34, .42, .96, .81, .93), Label: "MH022", Sub: "Engineer, Engineering", Evidence: "USB storage KX-64 mounted 14 times, 6.2 GB written; usual none", More: 3, Types: []string{"file", "login", "web"}, Model: "Role profile", At: at(23, 5), State: "new", Status: "New", Detail: "undecided"}),
			row(9107, 78.5, Row{Dims: dims(-1, -1, .78, -1), Label: "Teal Heron 41", Evidence: "One", Model: "usb-watch 1.0", At: at(10, 13), State: "confirmed", Status: "Confirmed", Detail: "by ana"}),
			row(7, .003, Row{Dims: dims(0, -1, -1, -1), Label: "ES008", Model: "mail", At: at(2, 1), State: "in_review", Status: "In review", Detail: "by you"}),
		},
	}
}

// Lines run between the axes, from the right edge of one to the left edge of the next.
func TestPlotView(t *testing.T) {
	v := Plot{
		Axes:  []PlotAxis{{Title: "a"}, {Title: "b", Boxes: []string{"one", "two"}}, {Title: "c", Gap: true}},
		Lines: []PlotLine{{At: []float64{0, .5, 1}}, {At: []float64{1, 0, -1}, Class: 2}},
	}.View()
	if v.Lines != [3]string{"M88 34L647 177M751 177L1310 320", "", "M88 320L647 34M751 34L1310 340"} {
		t.Errorf("lines %q", v.Lines)
	}
	if v.Axes[0].Line != "M64.5 34v286" || v.Axes[1].Line != "" || v.Axes[2].Line != "M1310.5 34v286M1310 340h24" || v.GapX != "1302" {
		t.Errorf("axes %q %q %q, gap at %q", v.Axes[0].Line, v.Axes[1].Line, v.Axes[2].Line, v.GapX)
	}
	if b := v.Axes[1].Boxes[1]; b != (plotBox{"647", "178", "141", "655", "252.5", "two"}) {
		t.Errorf("second box %+v", b)
	}
	if empty := (Plot{}).View(); len(empty.Axes) > 0 || empty.Lines != [3]string{} {
		t.Errorf("nothing to draw: %+v", empty)
	}
}

func TestTenth(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1: "1", 1.04: "1", 1.05: "1.1", 99.96: "100", -3.25: "-3.3", 0.04: "0"} {
		if got := tenth(v); got != want {
			t.Errorf("tenth(%v) = %s, want %s", v, got, want)
		}
	}
}
