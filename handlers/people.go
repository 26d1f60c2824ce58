package handlers

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"citd/store"
	"citd/templates"
)

const shownPeople = 50 // a page

// orderWords tell the orders of the list.
var orderWords = map[store.PeopleOrder]string{
	store.ByPeak: "highest score in the last 7 days", store.ByChange: "how much the last 7 days rose above the 30 before",
	store.ByDays: "how many of the last 28 days have a result, above the median of the role",
	store.ByOpen: "alerts that need a decision", store.ByLabel: "how they are shown", store.ByRole: "role",
}

// peopleQuery reads what the address asks for.
func peopleQuery(r *request) store.PeopleQuery {
	v := r.URL.Query()
	q := store.PeopleQuery{By: r.actor, Search: strings.TrimSpace(v.Get("q")), Order: store.PeopleOrder(v.Get("order")), After: v.Get("after")}
	if !slices.Contains(store.PeopleOrders, q.Order) {
		q.Order = store.PeopleOrders[0]
	}
	if len(q.Search) > 200 {
		q.Search = strings.ToValidUTF8(q.Search[:200], "")
	}
	return q
}

// orderText is the order that was asked for; empty for the one unasked.
func orderText(q store.PeopleQuery) string {
	return unless(string(q.Order), string(store.PeopleOrders[0]))
}

// peopleURL is the address of a query, with further pairs.
func peopleURL(path string, q store.PeopleQuery, more ...string) string {
	return address(path, append([]string{"q", q.Search, "order", orderText(q)}, more...)...)
}

func (p *pages) peoplePage(w http.ResponseWriter, r *request) error {
	q := peopleQuery(r)
	q.Limit = shownPeople
	rows, found, err := p.db.People(r.Context(), q, p.db.Now())
	if err != nil {
		return noRecord(err)
	}
	d := templates.PeopleData{Frame: p.frame(r, "People", "people"), Query: q.Search, Found: found, Whole: found, Order: orderText(q), Says: orderWords[q.Order]}
	if q.Search != "" {
		if d.Whole, err = p.db.CountPeople(r.Context()); err != nil {
			return err
		}
		d.Clear = peopleURL("/people", store.PeopleQuery{Order: q.Order})
	}
	d.Export = peopleURL("/people.csv", q)
	shown := who{mode: d.Mode, names: map[int64]string{}}
	drawn, err := p.db.Drawn(r.Context())
	if err != nil {
		return err
	}
	for _, x := range rows {
		shown.names[x.ID] = x.Name
		d.Rows = append(d.Rows, personRow(x, shown, drawn))
		d.HasRole = d.HasRole || d.Rows[len(d.Rows)-1].Role != ""
	}
	d.Heads = peopleHeads(q, d.HasRole)
	if q.After != "" {
		d.First = peopleURL("/people", q)
	}
	if len(rows) == shownPeople {
		d.Next = peopleURL("/people", q, "after", rows[len(rows)-1].Cursor)
	}
	return page(w, http.StatusOK, templates.People, d)
}

func peopleHeads(q store.PeopleQuery, role bool) []templates.PeopleHead {
	head := func(label string, order store.PeopleOrder, up, num, narrow bool) templates.PeopleHead {
		to := q
		to.Order = order
		return templates.PeopleHead{Label: label, URL: peopleURL("/people", to), Current: q.Order == order, Up: up, Num: num, Narrow: narrow}
	}
	heads := []templates.PeopleHead{head("Person", store.ByLabel, true, false, false)}
	if role {
		heads = append(heads, head("Role", store.ByRole, true, false, true))
	}
	return append(heads, templates.PeopleHead{Label: "7 days"}, head("Peak, 7 d", store.ByPeak, false, true, false),
		head("Change", store.ByChange, false, true, true), head("Days of 28", store.ByDays, false, true, false), templates.PeopleHead{Label: "60 days", Narrow: true}, head("Open", store.ByOpen, false, true, false))
}

func personRow(x store.PersonRow, shown who, drawn []store.Dimension) templates.PeopleRow {
	label, sub := shown.label(x.Subject)
	row := templates.PeopleRow{
		URL: personPath(x.ID), Label: label, Role: joined(", ", x.Role, differs(x.Department, x.Role)),
		Days: x.Days, Often: x.Often, Usual: strconv.FormatFloat(x.Usual, 'f', -1, 64), Open: x.Open, Change: known(x.Change),
	}
	if id, _, ok := strings.Cut(sub, " · "); ok || id != x.Role {
		row.Sub = id // the role has a column of its own
	}
	if x.Peak != nil {
		row.Peak, row.Scale = &x.Peak.Value, x.Peak.Scale
	}
	if band := known(x.Band); band != nil {
		row.Band = *band
	}
	for _, d := range drawn {
		v, ok := x.Dims[d.Name]
		dim := tooth(d, cmp.Or(v.Scale, 1))
		if ok {
			dim.Value = &v.Value
		}
		row.Dims = append(row.Dims, dim)
	}
	return row
}

// peopleExport answers with the whole list as CSV, on record. It holds no more
// than the page shows, and no revealed name: a file does not fade after 8 hours.
func (p *pages) peopleExport(w http.ResponseWriter, r *request) error {
	q := peopleQuery(r)
	rows, found, err := p.db.People(r.Context(), q, p.db.Now())
	if err != nil {
		return noRecord(err)
	}
	if err := p.db.Record(r.Context(), r.actor, "export", "employee", 0, "people, "+strconv.Itoa(found)+" rows"); err != nil {
		return noRecord(err)
	}
	shown := who{mode: p.mode(r), names: map[int64]string{}}
	b := []byte("person,id,role,department,site,peak_7_days,change,open_alerts\n")
	for _, x := range rows {
		if shown.mode == modeNames {
			shown.names[x.ID] = x.Name
		}
		label, _ := shown.label(x.Subject)
		id := x.EmployeeID
		if shown.mode == modePseudonyms {
			id = ""
		}
		peak, change := "", ""
		if x.Peak != nil {
			peak = strconv.FormatFloat(x.Peak.Value, 'f', -1, 64)
		}
		if v := known(x.Change); v != nil {
			change = strconv.FormatFloat(*v, 'f', 4, 64)
		}
		b = store.AppendCSVLine(b, label, id, x.Role, x.Department, x.Site, peak, change, strconv.Itoa(x.Open))
	}
	w.Header().Set("Content-Disposition", `attachment; filename="people.csv"`)
	send(w, http.StatusOK, "text/csv; charset=utf-8", b)
	return nil
}
