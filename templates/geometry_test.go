package templates

import (
	"bytes"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"
)

var nan = math.NaN()

// coordinates finds one that is no number.
var coordinates = regexp.MustCompile(` (?:x|y|cx|cy|d|width|height)="[^"]*(?:NaN|Inf)`)

// TestCharts draws each chart and compares it with the SVG that was looked at.
func TestCharts(t *testing.T) {
	full := dims(.34, .42, .96, .81, .93)
	for i := range full {
		full[i].Median, full[i].Peer50, full[i].Peer95 = new(.2), new(.19), new(.3)
	}
	scaled := []Dim{{Name: "Email", Value: new(78.5), Scale: 100}, {Name: "Web", Value: new(float64(-3))}, {Name: "Device", Value: new(1e9)}, {Name: "Login", Value: new(nan)}, {Name: "Insert", Value: new(.2)}, {Name: "Hourly anomaly", Value: new(.8)}}
	month := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	a := sampleAlert()
	for _, c := range []struct {
		file, partial string
		data          any
	}{
		{"comb.svg", "comb", full},
		{"comb-absent.svg", "comb", dims(0, -1, .4, .7)},
		{"comb-scaled.svg", "comb", scaled},
		{"comb-none.svg", "comb", []Dim(nil)},
		{"comb-large.svg", "comb_large", full},
		{"comb-large-scaled.svg", "comb_large", scaled},
		{"dimbar.svg", "dimbar", full[2]},
		{"spark.svg", "spark", sparkLine(84, []float64{.2, .3, nan, .4, nan, nan, .9}, .38)},
		{"spark-none.svg", "spark", sparkLine(84, []float64{nan}, 0)},
		{"bars.svg", "bars", Bars{Title: "Arrivals", Figure: "3 today", Label: "Per day", Counts: []int{0, 5, 2, 3}, Hot: 3, Axis: []string{"20 Nov", "23 Nov"}}},
		{"bars-none.svg", "bars", Bars{}},
		{"strip.svg", "strip", PersonStrip{First: month, Own: []float64{.1, .5, nan, .8, nan, .2, .9, 1.5}, Peer50: []float64{.1, .1, .1, .1, nan, .1, .1, .1}, Peer95: []float64{.3, .3, .3, .3, nan, .3, .95, .3}, Marks: []PersonMark{{Day: 2}}}},
		{"strip-none.svg", "strip", PersonStrip{}},
		{"gantt.svg", "gantt", ganttBar(a.Axis(), a.Evidence[0])},
		{"gantt-dateless.svg", "gantt", ganttBar(a.Axis(), a.Evidence[4])},
	} {
		var b bytes.Buffer
		if err := parsed()().ExecuteTemplate(&b, c.partial, c.data); err != nil {
			t.Fatal(c.file, err)
		}
		if coordinates.MatchString(b.String()) {
			t.Errorf("%s: a coordinate is no number: %s", c.file, &b)
		}
		golden(t, c.file, append(b.Bytes(), '\n'))
	}
}

func TestLevel(t *testing.T) {
	for _, c := range []struct{ v, scale, want float64 }{
		{.5, 0, .5},
		{50, 100, .5},
		{2, 1, 1},
		{-1, 1, 0},
		{.5, -1, .5},
		{nan, 1, 0},
		{math.Inf(1), 1, 1},
	} {
		if got := level(c.v, c.scale); got != c.want {
			t.Errorf("level(%v, %v) = %v; want %v", c.v, c.scale, got, c.want)
		}
	}
}

func TestAxis(t *testing.T) {
	d := func(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, time.UTC) }
	if newAxis(nil, nil, nil) != nil {
		t.Error("without any date there is no axis")
	}
	a := newAxis([]span{{d(16, 0), d(20, 0)}, {}}, []time.Time{d(23, 6)}, []time.Time{d(20, 0), d(2, 0)})
	if !a.From.Equal(d(9, 0)) || a.x(d(9, 0)) != 0 || a.x(a.To) != 100 || a.x(d(23, 6)) >= 100 {
		t.Errorf("axis from %v to %v: want a week before the first date to a little after the result", a.From, a.To)
	}
	if strings.Count(a.Weekends, "M") != 4 {
		t.Errorf("weekends %q; want two, of two days each", a.Weekends)
	}
	wide := newAxis([]span{{time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Add(1), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}}, nil, nil)
	if wide.Weekends != "" || wide.x(wide.To) != 100 {
		t.Error("an axis of ten thousand years is too coarse for weekends")
	}
	for name, e := range map[string]Evidence{
		"no end":    {From: d(18, 12)},
		"no start":  {To: d(18, 12)},
		"backwards": {From: d(18, 12), To: d(16, 0)},
		"late":      {From: d(18, 12), To: d(30, 0)},
	} {
		if v := ganttBar(a, e); v.W == "" || strings.HasPrefix(v.W, "-") || strings.HasPrefix(v.X, "-") {
			t.Errorf("%s: bar at %q, %q wide", name, v.X, v.W)
		}
	}
}

// A dimension's own bounds and full height: where it is raised, where it is hot, and where the dotted line lies.
func TestBounds(t *testing.T) {
	own := Bounds{Middle: .1, High: .2}
	for _, c := range []struct {
		dim  Dim
		want string
	}{
		{Dim{Value: new(.15)}, "l"},
		{Dim{Value: new(.15), Bounds: own}, "m"},
		{Dim{Value: new(.2), Bounds: own}, "h"},
		{Dim{Value: new(.2), Bounds: own, Scale: 10}, "l"},
		{Dim{Value: new(.4)}, "m"},
		{Dim{Value: new(.7)}, "h"},
		{Dim{Bounds: own}, "l"},
	} {
		if got := c.dim.Heat(); got != c.want {
			t.Errorf("%+v is %s; want %s", c.dim, got, c.want)
		}
	}
	some := dims(.1, .2)
	if g := combGrid(some); g.Line != "M0 52.2H144" || g.Text != "0.7" {
		t.Errorf("one line for all: %+v", g)
	}
	some[1].Bounds = own
	if g := combGrid(some); g.Line != "M1 52.2h30M37 109.2h30" || g.Text != "" {
		t.Errorf("a line at each tooth: %+v", g)
	}
	s := stripPaths(PersonStrip{Own: []float64{1.5, 2}, Peer95: []float64{.5, .5}, Scale: 10, Bounds: own})
	if s.Rule != "M0 44.8H2" || s.Hot != "M0.5 47.6h0M1.5 44.8h0" || s.Line != "M0.5 47.6L1.5 44.8" {
		t.Errorf("a strip: %+v", s)
	}
}
