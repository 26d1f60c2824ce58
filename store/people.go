package store

import (
	"cmp"
	"context"
	"database/sql"
	"math"
	"slices"
	"strconv"
	"strings"
)

// PeopleOrder is an order of the list of people.
type PeopleOrder string

// Orders of the list of people. All but ByLabel and ByRole begin with the highest.
const (
	ByPeak   PeopleOrder = "peak" // of 7 days
	ByChange PeopleOrder = "change"
	ByDays   PeopleOrder = "days" // with a result of 28, above the median of the role
	ByOpen   PeopleOrder = "open"
	ByLabel  PeopleOrder = "person"
	ByRole   PeopleOrder = "role"
)

// PeopleOrders are all orders; the first is the one unasked.
var PeopleOrders = []PeopleOrder{ByPeak, ByChange, ByDays, ByOpen, ByLabel, ByRole}

const (
	peakDays   = 7
	beforeDays = 30
	oftenDays  = 28
)

// PeopleQuery says which people to list.
type PeopleQuery struct {
	By     Actor  // who asks: a name is searched and ordered by only where by may see it
	Search string // part of an id, pseudonym, role, department or site; empty: everybody
	Order  PeopleOrder
	After  string // Cursor of the row before; empty: from the top
	Limit  int    // rows; 0: all
}

// PersonRow is a person in the list. Levels are over the model's scale.
type PersonRow struct {
	Subject
	Name   string // "" unless the asker may see it
	Peak   *Peak  // of the last 7 days; nil: no result
	Change float64
	Dims   map[string]Peak // highest of each dimension in those 7 days
	Days   []float64       // highest level of each of 60 days, NaN: none; only with a Limit, as is
	Band   float64         // the 95th percentile of those of the same role, NaN: too few
	Often  int             // days with a result, of the last 28
	Usual  float64         // the median of those days in the role
	Open   int             // alerts to be decided
	Cursor string
}

// Peak is a value as posted, and the scale of its model.
type Peak struct{ Value, Scale float64 }

// Level is what is drawn and compared.
func (p Peak) Level() float64 { return p.Value / p.Scale }

func (p *Peak) raise(v, scale float64) {
	if p.Scale == 0 || v/scale > p.Level() {
		*p = Peak{v, scale}
	}
}

// People lists people, and tells how many the search found in all.
func (db *DB) People(ctx context.Context, q PeopleQuery, asOf int64) (rows []PersonRow, found int, err error) {
	ids, err := db.found(ctx, q, asOf)
	if err != nil {
		return nil, 0, err
	}
	found = len(ids)
	r, err := db.lately(ctx, asOf)
	if err != nil {
		return nil, 0, err
	}
	defer r.done()
	keys, err := db.keys(ctx, r, q.Order)
	if err != nil {
		return nil, 0, err
	}
	if keys != nil {
		slices.SortFunc(ids, func(a, b int64) int { return cmp.Or(-cmp.Compare(keys(a), keys(b)), cmp.Compare(a, b)) })
	}
	ids = after(ids, keys, q.After)
	if q.Limit > 0 {
		ids = ids[:min(len(ids), q.Limit)]
	}
	rows, err = db.personRows(ctx, q.By, ids, asOf)
	if err != nil {
		return nil, 0, err
	}
	for i := range rows {
		peak, change := r.peak(rows[i].ID)
		if rows[i].Change = change; peak.Scale != 0 {
			rows[i].Peak = &peak
		}
		at := Place{ID: rows[i].ID}
		if keys != nil {
			at.Priority = keys(at.ID)
		}
		rows[i].Cursor = at.String()
	}
	if q.Limit == 0 { // an export draws nothing
		return rows, found, nil
	}
	for i := range rows {
		r.describe(&rows[i])
	}
	return rows, found, db.roleBands(ctx, r, rows)
}

// found lists the ids that a search finds, in the order of their labels or roles if asked for.
func (db *DB) found(ctx context.Context, q PeopleQuery, asOf int64) ([]int64, error) {
	mode, err := db.Setting(ctx, DisplayMode)
	if err != nil {
		return nil, err
	}
	if q.Order == ByLabel && mode == "names" && q.Search == "" {
		return db.inNameOrder(ctx)
	}
	order := "id"
	switch {
	case q.Order == ByRole:
		order = "role, department, id"
	case q.Order == ByLabel && mode == "pseudonyms":
		order = "pseudonym"
	case q.Order == ByLabel:
		order = "employee_id"
	}
	word := foldCase(strings.TrimSpace(q.Search))
	if word == "" {
		return db.ids(ctx, `SELECT id FROM person ORDER BY `+order)
	}
	alias := "''"
	if mode == "pseudonyms" {
		alias = "pseudonym"
	}
	ids, err := db.ids(ctx, `SELECT id FROM person WHERE instr(citd_fold(employee_id || char(10) || `+alias+` || char(10) || role || char(10) || department || char(10) || site), ?) > 0
		ORDER BY `+order, word)
	if err != nil {
		return nil, err
	}
	named, err := db.byName(ctx, q.By, mode, word, asOf)
	if err != nil || len(named) == 0 {
		return ids, err
	}
	if q.Order != ByLabel || mode != "names" {
		known := set(ids)
		return append(ids, slices.DeleteFunc(named, func(id int64) bool { return known[id] })...), nil
	}
	all, err := db.inNameOrder(ctx)
	hit := set(append(ids, named...))
	return slices.DeleteFunc(all, func(id int64) bool { return !hit[id] }), err
}

// keys returns what an order compares, the highest first; nil where ids come in their order.
func (db *DB) keys(ctx context.Context, r *recent, order PeopleOrder) (func(int64) float64, error) {
	switch order {
	case ByLabel, ByRole:
		return nil, nil
	case ByOpen:
		open, err := pairs[int64, int](ctx, db, `SELECT employee, count(*) FROM alert INDEXED BY alert_open WHERE `+openStates+` GROUP BY employee`)
		return func(id int64) float64 { return float64(open[id]) }, err
	}
	peaks := make(map[int64]float64, len(r.cells))
	if order == ByDays {
		roles, err := pairs[int64, string](ctx, db, `SELECT id, role FROM person`)
		if err != nil {
			return nil, err
		}
		days := map[string][]float64{}
		for id, role := range roles {
			peaks[id] = float64(r.often(id))
			days[role] = append(days[role], peaks[id])
		}
		usual := map[string]float64{}
		for role, list := range days {
			usual[role] = medianOf(list)
		}
		for id, role := range roles {
			peaks[id] -= usual[role]
		}
		return func(id int64) float64 { return peaks[id] }, nil
	}
	for id := range r.cells {
		peak, change := r.peak(id)
		switch {
		case order == ByPeak && peak.Scale != 0:
			peaks[id] = peak.Level()
		case order == ByChange && !math.IsNaN(change):
			peaks[id] = change
		}
	}
	return func(id int64) float64 {
		if v, ok := peaks[id]; ok {
			return v
		}
		return -math.MaxFloat64 // last
	}, nil
}

// often counts a person's days with a result, of the last 28.
func (r *recent) often(id int64) (n int) {
	var days [Days]bool
	for day := range r.of(id) {
		if day >= Days-oftenDays && !days[day] {
			days[day] = true
			n++
		}
	}
	return n
}

// peak is the highest result of the last 7 days, with no scale if there is none,
// and how it differs from that of the 30 days before, NaN if one of them is missing.
func (r *recent) peak(person int64) (now Peak, change float64) {
	var before Peak
	for day, c := range r.of(person) {
		switch {
		case day >= Days-peakDays:
			now.raise(c.score, r.models[c.model].Scale)
		case day >= Days-peakDays-beforeDays:
			before.raise(c.score, r.models[c.model].Scale)
		}
	}
	if now.Scale == 0 || before.Scale == 0 {
		return now, math.NaN()
	}
	return now, now.Level() - before.Level()
}

// after skips all up to the row that the cursor names. A person whose key has
// changed since is where the new key puts it.
func after(ids []int64, keys func(int64) float64, cursor string) []int64 {
	last, ok := ParsePlace(cursor)
	if !ok {
		return ids
	}
	if keys == nil {
		return ids[slices.Index(ids, last.ID)+1:]
	}
	i := slices.IndexFunc(ids, func(id int64) bool { k := keys(id); return k < last.Priority || k == last.Priority && id > last.ID })
	if i < 0 {
		return nil
	}
	return ids[i:]
}

// personRows reads what the file knows of people, in the order of ids.
func (db *DB) personRows(ctx context.Context, by Actor, ids []int64, asOf int64) ([]PersonRow, error) {
	names, err := db.NamesShown(ctx, by, ids, asOf)
	if err != nil {
		return nil, err
	}
	open, err := pairs[int64, int](ctx, db, `SELECT employee, count(*) FROM alert INDEXED BY alert_open
		WHERE employee IN (SELECT value FROM json_each(?)) AND `+openStates+` GROUP BY employee`, jsonIDs(ids))
	if err != nil {
		return nil, err
	}
	people, err := db.Subjects(ctx, ids)
	if err != nil {
		return nil, err
	}
	var out []PersonRow
	for _, id := range ids {
		if p, ok := people[id]; ok {
			out = append(out, PersonRow{Subject: p, Name: names[id], Open: open[id], Band: math.NaN()})
		}
	}
	return out, nil
}

// Subjects returns what may be shown unasked of people, by id.
func (db *DB) Subjects(ctx context.Context, ids []int64) (map[int64]Subject, error) {
	list, err := all(ctx, db, func(r *sql.Rows, p *Subject) error { return r.Scan(p.dest()...) },
		`SELECT `+subjectColumns+` FROM person WHERE id IN (SELECT value FROM json_each(?))`, jsonIDs(ids))
	out := make(map[int64]Subject, len(ids))
	for _, p := range list {
		out[p.ID] = p
	}
	return out, err
}

// describe fills in what is drawn: the 60 days, and the dimensions of the last 7.
func (r *recent) describe(p *PersonRow) {
	p.Dims = map[string]Peak{}
	raise := func(name string, v float32, model int32) {
		x := p.Dims[name]
		x.raise(float64(v), r.models[model].Scale)
		p.Dims[name] = x
	}
	var own dailyValues
	r.daily(p.ID, &own)
	p.Days, p.Often = own.days(scoreSeries), r.often(p.ID)
	for day, c := range r.of(p.ID) {
		if day >= Days-peakDays {
			for k, v := range c.dims {
				if v == v { // measured
					raise(fourDims[k], v, c.model)
				}
			}
		}
	}
	for _, x := range r.extras[p.ID] {
		if day := int(x.day) - r.from; day >= Days-peakDays && day < Days {
			raise(r.further[x.dimension], x.value, x.model)
		}
	}
}

// roleBands fills in the 95th percentile of all daily scores of each row's role, and its usual days.
func (db *DB) roleBands(ctx context.Context, r *recent, rows []PersonRow) error {
	of, days := map[string]float64{}, map[string]float64{}
	for i := range rows {
		role := rows[i].Role
		if _, ok := of[role]; !ok {
			ids, err := db.peerIDs(ctx, 0, role)
			if err != nil {
				return err
			}
			list := make([]float64, len(ids))
			for k, id := range ids {
				list[k] = float64(r.often(id))
			}
			of[role], days[role] = r.usual(ids), medianOf(list)
		}
		rows[i].Band, rows[i].Usual = of[role], days[role]
	}
	return nil
}

// usual is the 95th percentile of the daily scores of people; NaN for too few people.
func (r *recent) usual(people []int64) float64 {
	if len(people) <= fewPeers {
		return math.NaN()
	}
	var all []float64
	days, none := nans(Days), nans(Days)
	for _, id := range people {
		copy(days, none)
		for day, c := range r.of(id) {
			if !(days[day] >= r.level(c)) {
				days[day] = r.level(c)
			}
		}
		all = append(all, slices.DeleteFunc(days, math.IsNaN)...)
	}
	return quantileOf(all, 0.95)
}

// AppendCSVLine appends a line of CSV. Text that a spreadsheet would run as a
// formula gets an apostrophe in front; a number that begins with a sign does not.
func AppendCSVLine(b []byte, cells ...string) []byte {
	for i, c := range cells {
		if i > 0 {
			b = append(b, ',')
		}
		if _, err := strconv.ParseFloat(c, 64); err != nil {
			c = unformula(c, true)
		}
		b = appendQuoted(b, Visible(c))
	}
	return append(b, '\n')
}
