package store

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// drawn tells how dimensions are drawn, one after the other.
func (l *lab) drawn() string {
	l.tb.Helper()
	list, err := l.db.Drawn(l.tb.Context())
	if err != nil {
		l.tb.Fatal(err)
	}
	var out []string
	for _, d := range list {
		out = append(out, fmt.Sprintf("%s %s %g %g %g", d.Title(), d.Letter, d.Full, d.Middle, d.High))
	}
	return strings.Join(out, ", ")
}

// What admins may set of dimensions, what it leaves, and that it is on record.
func TestSetDrawn(t *testing.T) {
	l := newLab(t)
	usual := "Email E 1 0.4 0.7, Web W 1 0.4 0.7, Device D 1 0.4 0.7, Login L 1 0.4 0.7"
	if got := l.drawn(); got != usual {
		t.Errorf("of an empty file: %s", got)
	}
	r := res(20, 0.5)
	r.Extra = []Anomaly{{"file_access_anomaly", 3}}
	l.post(r)
	if got := l.drawn(); got != usual+", File access F 1 0.4 0.7" {
		t.Errorf("with a further dimension: %s", got)
	}
	d := func(name string) Dimension { return Dimension{name + dimSuffix, "X", 10, 0.2, 0.5} }
	with := func(change func(*Dimension)) []Dimension {
		x := d("web")
		change(&x)
		return []Dimension{x}
	}
	for name, tt := range map[string]struct {
		list []Dimension
		want string
	}{
		"middle is high":         {with(func(d *Dimension) { d.Middle = 0.5 }), "Web: middle begins below high, but 0.5 is not below 0.5"},
		"high is above the full": {with(func(d *Dimension) { d.High = 1.1 }), "Web: the two levels are above 0 and at most 1, as parts of the full value"},
		"nothing is low":         {with(func(d *Dimension) { d.Middle = 0 }), "Web: the two levels are above 0"},
		"no number":              {with(func(d *Dimension) { d.High = math.NaN() }), "Web: the two levels are above 0"},
		"full 0":                 {with(func(d *Dimension) { d.Full = 0 }), "Web: the full value is a number above 0"},
		"full NaN":               {with(func(d *Dimension) { d.Full = math.NaN() }), "Web: the full value is a number above 0"},
		"no letter":              {with(func(d *Dimension) { d.Letter = "" }), "Web: one or two letters or digits"},
		"three letters":          {with(func(d *Dimension) { d.Letter = "ABC" }), "Web: one or two letters or digits"},
		"a blank letter":         {with(func(d *Dimension) { d.Letter = "\u2003" }), "Web: one or two letters or digits"},
		"unknown":                {[]Dimension{d("depth")}, `there is no dimension "depth_anomaly"`},
		"twice":                  {[]Dimension{d("web"), d("web")}, "stands there twice"},
	} {
		before := l.drawn()
		if err := l.db.SetDrawn(t.Context(), l.ana, tt.list); err == nil || !strings.Contains(err.Error(), tt.want) || l.drawn() != before {
			t.Errorf("%s: %v; want %q, and nothing changed", name, err, tt.want)
		}
	}
	records := func() (n int64, last string) {
		l.one(`SELECT count(*) FROM audit WHERE verb = 'setting'`, &n)
		_ = l.db.r.QueryRowContext(t.Context(), `SELECT detail FROM audit WHERE verb = 'setting' ORDER BY seq DESC LIMIT 1`).Scan(&last)
		return n, last
	}
	before, _ := records()
	list := []Dimension{d("file_access"), d("web")}
	for range 2 { // the second changes nothing
		if err := l.db.SetDrawn(t.Context(), l.ana, list); err != nil {
			t.Fatal(err)
		}
	}
	if n, last := records(); n != before+1 || !strings.Contains(last, "1. file_access_anomaly X 10 0.2 0.5; 2. web_anomaly X 10 0.2 0.5; 3. email_anomaly E 1 0.4 0.7") {
		t.Errorf("%d records, the last: %s", n-before, last)
	}
	if got := l.drawn(); got != "File access X 10 0.2 0.5, Web X 10 0.2 0.5, Email E 1 0.4 0.7, Device D 1 0.4 0.7, Login L 1 0.4 0.7" {
		t.Errorf("set: %s", got)
	}
	high, err := l.db.HighestValues(t.Context(), day0+30*microDay)
	if err != nil || high["file_access_anomaly"] != 3 || len(high) != 1 {
		t.Errorf("highest %v, %v", high, err)
	}
}

// With several further dimensions, an alert's highest of each are those of its undecided results.
func TestFurtherOfAlert(t *testing.T) {
	l := newLab(t)
	a, b, c := res(0, 0.9), res(1, 0.5), res(2, 0.4)
	a.Extra = []Anomaly{{"print_anomaly", 0.9}}
	b.Extra = []Anomaly{{"file_anomaly", 0.2}, {"print_anomaly", 0.1}}
	c.Extra = []Anomaly{{"file_anomaly", 0.3}}
	alert := l.post(a, b, c)[0]
	values := func() map[string]float64 {
		row, err := l.db.Row(t.Context(), alert)
		if err != nil {
			t.Fatal(err)
		}
		return row.Values
	}
	if got := fmt.Sprint(values()); got != "map[file_anomaly:0.3 print_anomaly:0.9]" {
		t.Error(got)
	}
	l.decide(l.ana, alert, Choice{Action: Dismiss, Reason: new(1), Results: []int64{a.ID}})
	if got := fmt.Sprint(values()); got != "map[file_anomaly:0.3 print_anomaly:0.1]" {
		t.Error("after the highest was decided:", got)
	}
}
