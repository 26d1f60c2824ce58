package handlers

import (
	"slices"
	"strings"

	"citd/store"
	"citd/templates"
)

// composed makes a filter of the fields of the form, if it was sent.
func (e *explored) composed() (q string, sent bool) {
	var terms []string
	for _, a := range e.Axes {
		for _, end := range []struct{ field, op string }{{"min", ">="}, {"max", "<="}} {
			values, there := e.form[a.Key+"."+end.field]
			sent = sent || there
			if there && strings.TrimSpace(values[0]) != "" {
				terms = append(terms, a.Key+end.op+strings.TrimSpace(values[0]))
			}
		}
		switch list := e.form[a.Key]; {
		case e.form.Get(a.Key+".none") != "":
			sent, terms = true, append(terms, a.Key+":none")
		case a.Kind == store.CategoryAxis && len(list) > 0:
			values := make([]string, len(list))
			for i, v := range list {
				values[i] = store.Quoted(v)
			}
			sent, terms = true, append(terms, a.Key+":"+strings.Join(values, ","))
		}
	}
	return strings.TrimSpace(strings.Join(append(terms, e.form.Get("words")), " ")), sent
}

// fields are the filter as fields of a form.
func (e *explored) fields() []templates.ExploreField {
	var out []templates.ExploreField
	for _, a := range e.Axes {
		b := e.filter.Brushes[a.Key]
		f := templates.ExploreField{Key: a.Key, Title: a.Title, None: b.None, Lo: e.end(a, b.Lo), Hi: e.end(a, b.Hi)}
		switch a.Kind {
		case store.DateAxis:
			f.Kind = "date"
		case store.LevelAxis:
			f.Kind, f.Always = "level", !slices.Contains(a.Col, store.NotMeasured)
		default:
			f.Kind = "category"
			for i := range a.Boxes {
				c := templates.ExploreBox{Value: a.Values[i], Label: a.Labels[i], On: slices.Contains(b.Values, int32(i))}
				if a.Shared(i) {
					c.Value, c.Label = "other", "Other"
				}
				f.Choices = append(f.Choices, c)
			}
		}
		out = append(out, f)
	}
	return out
}

// end writes one end of a brush as a field takes it.
func (e *explored) end(a store.Axis, v *int) string {
	if v == nil {
		return ""
	}
	return e.End(a, *v)
}

// bestCleared is the axis whose clearing brings back the most.
func (p *pages) bestCleared(r *request, e *explored) (best templates.Clearing) {
	for _, a := range e.Axes {
		b, ok := e.filter.Brushes[a.Key]
		if !ok {
			continue
		}
		delete(e.filter.Brushes, a.Key)
		rows, err := p.matching(r, e)
		if err == nil && len(rows) > best.Count {
			best = templates.Clearing{Axis: strings.ToLower(a.Title), Count: len(rows), URL: address("/explore", "q", e.filter.Without(a.Key))}
		}
		e.filter.Brushes[a.Key] = b
	}
	return best
}

// Lines of the drawing that needs no script.
const (
	linesMatched = 150
	linesHot     = 220
	linesAll     = 300
)

// plot draws a sample: those that match, then those with a high score, then an even part of the rest.
func (e *explored) plot() templates.Plot {
	var p templates.Plot
	var axes []*store.Axis
	for _, key := range e.order {
		a := e.Axis(key)
		axes = append(axes, a)
		p.Axes = append(p.Axes, e.plotAxis(a))
	}
	drawn := make([]bool, len(e.ID))
	line := func(i int32, class int) {
		drawn[i] = true
		l := templates.PlotLine{Class: class}
		for _, a := range axes {
			l.At = append(l.At, e.place(a, i))
		}
		p.Lines = append(p.Lines, l)
	}
	any := !e.filter.Empty() || e.problem != ""
	for _, i := range e.rows[:min(len(e.rows), linesMatched)] {
		switch {
		case e.Hot(i):
			line(i, 2)
		case any:
			line(i, 1)
		}
	}
	var rest []int32
	for i := range e.ID {
		switch {
		case drawn[i]:
		case e.Hot(int32(i)) && len(p.Lines) < linesHot:
			line(int32(i), 0)
		default:
			rest = append(rest, int32(i))
		}
	}
	room := min(linesAll-len(p.Lines), len(rest))
	for k := range room {
		line(rest[k*len(rest)/room], 0)
	}
	return p
}

func (e *explored) plotAxis(a *store.Axis) templates.PlotAxis {
	p := templates.PlotAxis{Title: a.Title, Top: "1", Bottom: "0"}
	switch a.Kind {
	case store.DateAxis:
		p.Top, p.Bottom = e.Day(e.Days-1).Format("2 Jan"), e.Day(0).Format("2 Jan")
	case store.CategoryAxis:
		for i := range a.Boxes {
			label := a.Labels[i]
			if a.Shared(i) {
				label = "Other"
			}
			p.Boxes = append(p.Boxes, label)
		}
	default:
		p.Gap = slices.Contains(a.Col, store.NotMeasured)
	}
	return p
}

// place is where a result crosses an axis: 0 at the top, 1 at the bottom, -1
// below it. In a box a line keeps a place of its own by its date.
func (e *explored) place(a *store.Axis, i int32) float64 {
	date := &e.Axes[0]
	switch v := float64(a.Col[i]); {
	case a.Kind == store.DateAxis:
		return min(1, max(0, 1-v/float64(e.Days*24)))
	case a.Kind == store.CategoryAxis:
		return (min(v, float64(a.Boxes-1)) + .1 + .8*e.place(date, i)) / float64(a.Boxes)
	case v == store.NotMeasured:
		return -1
	default:
		return 1 - v/100
	}
}
