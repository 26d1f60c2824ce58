package templates

import (
	"strings"
	"time"
)

// span is a stretch of time; either end may be zero, when it is not known.
type span struct{ from, to time.Time }

// Axis is the one time axis on which an alert's evidence lies, in a box of 100 by 30.
type Axis struct {
	From, To time.Time
	Weekends string      // path
	Marks    string      // path: a line at each result
	Events   string      // path: a line at each event that lies on it
	Days     []time.Time // labels, at the start and at each third
	Last     time.Time   // the newest result
	Results  int
}

// newAxis spans a week before the earliest date to a little after the newest; nil without any date.
func newAxis(spans []span, results, events []time.Time) *Axis {
	a := &Axis{Results: len(results)}
	for _, s := range spans {
		a.reach(s.from)
		a.reach(s.to)
	}
	for _, t := range results {
		a.reach(t)
		if t.After(a.Last) {
			a.Last = t
		}
	}
	if a.From.IsZero() {
		return nil
	}
	y, m, d := a.From.AddDate(0, 0, -7).Date()
	a.From = time.Date(y, m, d, 0, 0, 0, 0, a.From.Location())
	long := a.To.Unix() - a.From.Unix()
	a.To = time.Unix(a.To.Unix()+max(long/24, 3600), 0).In(a.From.Location())
	for i := range int64(3) {
		a.Days = append(a.Days, time.Unix(a.From.Unix()+long*i/3, 0).In(a.From.Location()))
	}
	for _, t := range results {
		a.Marks += "M" + px(a.x(t)) + " 0V30"
	}
	for _, t := range events {
		if !t.Before(a.From) && !t.After(a.To) {
			a.Events += "M" + px(a.x(t)) + " 0V30"
		}
	}
	a.Weekends = a.weekends()
	return a
}

func (a *Axis) reach(t time.Time) {
	if t.IsZero() {
		return
	}
	if a.From.IsZero() || t.Before(a.From) {
		a.From = t
	}
	if t.After(a.To) {
		a.To = t
	}
}

// x places a time on the axis, 0 to 100. It counts seconds: a Duration ends after 292 years.
func (a *Axis) x(t time.Time) float64 {
	return 100 * float64(t.Unix()-a.From.Unix()) / float64(a.To.Unix()-a.From.Unix())
}

// weekends shades Saturdays and Sundays, which a longer axis is too coarse to show.
func (a *Axis) weekends() string {
	const most = 120 * 24 * 3600
	if a.To.Unix()-a.From.Unix() > most {
		return ""
	}
	var b strings.Builder
	for d := a.From; d.Before(a.To); d = d.AddDate(0, 0, 1) {
		if weekend(d) {
			x := a.x(d)
			wide := px(min(a.x(d.AddDate(0, 0, 1)), 100) - x)
			b.WriteString("M" + px(x) + " 0h" + wide + "v30h-" + wide + "z")
		}
	}
	return b.String()
}

func weekend(t time.Time) bool { return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday }

// ganttView is one piece of evidence on the axis.
type ganttView struct {
	*Axis
	X, W string // empty when it has no date
	Hot  bool
}

func ganttBar(a *Axis, e Evidence) ganttView {
	v := ganttView{Axis: a, Hot: e.Hot}
	from, to := e.From, e.To
	if from.IsZero() {
		from = to
	}
	if to.Before(from) { // posted the wrong way round, or without an end
		from, to = to, from
		if from.IsZero() {
			from = to
		}
	}
	if h, m, sec := to.Clock(); h+m+sec == 0 { // a date alone means the whole day
		to = to.AddDate(0, 0, 1)
	}
	if to.After(a.To) {
		to = a.To
	}
	if !from.IsZero() {
		x := a.x(from)
		v.X, v.W = px(x), px(max(a.x(to)-x, .8))
	}
	return v
}

// pieceView is a piece of evidence as the page of an alert lists it.
type pieceView struct {
	Evidence
	On  *Axis
	Now time.Time
}

func onAxis(a AlertData, x *Axis, e Evidence) pieceView { return pieceView{e, x, a.Now} }
