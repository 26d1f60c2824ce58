package handlers

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"citd/store"
	"citd/templates"
)

// Levels of the heat map in hundredths.
const (
	heatExcess = 45 // what is above it counts
	heatRaised = 60 // days from here on are counted
	heatWindow = 14 // days that are brushed unasked
	heatTop    = 8  // people beside the map
)

// heatOrders are the orders of the heat map: value of order=, and in words. How
// people are called depends on the display mode.
var heatOrders = [][2]string{{"out", "Stands out"}, {"peak", "Peak"}, {"dept", "Department"}, {"label", ""}}

// heatViews are the ways to look at it: value of view=, and in words.
var heatViews = [][2]string{{"", "Rows"}, {"fit", "All on one screen"}, {"table", "Table"}}

func (p *pages) heatmapPage(w http.ResponseWriter, r *request) error {
	since := p.live.position()
	m, err := p.db.Heatmap(r.Context(), p.db.Now())
	if err != nil {
		return err
	}
	d := templates.HeatmapData{Frame: p.frame(r, "Heat map", "heatmap"), People: m.People, From: time.Unix(m.From*24*60*60, 0).UTC(), Days: store.Days}
	q := r.URL.Query()
	d.First, d.Last = heatWindowOf(q, d)
	order, view := among(heatOrders, q.Get("order")), among(heatViews, q.Get("view"))
	d.Order, d.Fit, d.Table = order, view == "fit", view == "table"
	d.Orders = views(heatOrders, order, func(order string) string { return heatURL(q, order, view) })
	d.Heights = views(heatViews, view, func(view string) string { return heatURL(q, order, view) })
	d.Orders[len(d.Orders)-1].Label = map[string]string{modeNames: "Name", modePseudonyms: "Pseudonym", "ids": "ID"}[d.Mode]
	d.Events = address("/events", "view", "all", "since", since)
	if d.Rows, err = p.heatRows(r, m, d); err != nil {
		return err
	}
	slices.SortFunc(d.Rows, heatOrder("out"))
	for _, row := range d.Rows[:min(len(d.Rows), heatTop)] {
		if row.Sum > 0 {
			d.Top = append(d.Top, row)
		}
	}
	slices.SortStableFunc(d.Rows, heatOrder(d.Order))
	return page(w, http.StatusOK, templates.Heatmap, d)
}

// heatRows are the people with what the window makes of them.
func (p *pages) heatRows(r *request, m *store.Heatmap, d templates.HeatmapData) ([]templates.HeatRow, error) {
	people := make([]store.Subject, len(m.Rows))
	for i := range m.Rows {
		people[i] = m.Rows[i].Subject
	}
	who, err := p.who(r, people...)
	if err != nil {
		return nil, err
	}
	rows := make([]templates.HeatRow, len(m.Rows))
	for i := range m.Rows {
		h, row := &m.Rows[i], &rows[i]
		row.URL, row.Dept, row.Levels, row.Peak = personPath(h.ID), h.Department, h.Levels[:], store.NotMeasured
		row.Label, row.Sub = who.label(h.Subject)
		for day := d.First; day <= d.Last; day++ {
			v := int(h.Levels[day])
			row.Sum += max(0, v-heatExcess)
			if v >= heatRaised {
				row.Over++
			}
			if v > row.Peak {
				row.Peak, row.At = v, day
			}
		}
	}
	return rows, nil
}

// heatOrder compares two people by an order.
func heatOrder(order string) func(a, b templates.HeatRow) int {
	label := func(a, b templates.HeatRow) int { return strings.Compare(a.Label, b.Label) }
	out := func(a, b templates.HeatRow) int {
		return cmp.Or(cmp.Compare(b.Sum, a.Sum), cmp.Compare(b.Peak, a.Peak), label(a, b))
	}
	switch order {
	case "peak":
		return func(a, b templates.HeatRow) int { return cmp.Or(cmp.Compare(b.Peak, a.Peak), out(a, b)) }
	case "dept":
		return func(a, b templates.HeatRow) int {
			if (a.Dept == "") != (b.Dept == "") { // not known: last
				return strings.Compare(b.Dept, a.Dept)
			}
			return cmp.Or(strings.Compare(a.Dept, b.Dept), out(a, b))
		}
	case "label":
		return label
	}
	return out
}

// heatWindowOf reads the window, the last two weeks unless asked otherwise.
func heatWindowOf(q url.Values, d templates.HeatmapData) (first, last int) {
	at := func(name string, none int) int {
		t, err := time.Parse(time.DateOnly, q.Get(name))
		if err != nil {
			return none
		}
		return max(0, min(int(t.Sub(d.From)/(24*time.Hour)), d.Days-1))
	}
	first, last = at("from", d.Days-heatWindow), at("to", d.Days-1)
	return min(first, last), max(first, last)
}

// heatURL is this page, in another order or view.
func heatURL(q url.Values, order, view string) string {
	return address("/heatmap", "order", order, "view", view, "from", q.Get("from"), "to", q.Get("to"))
}
