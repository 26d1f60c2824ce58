package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"citd/store"
	"citd/templates"
)

const rowsAtOnce = 50 // of explore's table

// explored is a request's view of the results: the filter, and what it lets through.
type explored struct {
	*store.Explored
	form    url.Values
	filter  store.ExploreFilter
	problem string   // the filter cannot be read: nothing matches
	rows    []int32  // that match, by score
	order   []string // keys of the axes to draw
}

// explore reads r's filter and applies it.
func (p *pages) explore(r *request) (*explored, error) {
	x, err := p.db.Explored(r.Context())
	if err != nil {
		return nil, err
	}
	e := &explored{Explored: x, form: r.values()}
	if e.filter, err = x.Parse(e.form.Get("q")); err != nil {
		e.problem = sentence(store.AsError(err).Msg)
	} else if e.rows, err = p.matching(r, e); err != nil {
		return nil, err
	}
	x.ByScore(e.rows)
	for key := range strings.SplitSeq(e.form.Get("axes"), ",") {
		if x.Axis(key) != nil && !slices.Contains(e.order, key) {
			e.order = append(e.order, key)
		}
	}
	if len(e.order) < 2 {
		e.order = nil
		for _, a := range x.Axes {
			if !a.Off {
				e.order = append(e.order, a.Key)
			}
		}
	}
	return e, nil
}

// matching returns the rows that the filter lets through. To look for words in
// names is put on record.
func (p *pages) matching(r *request, e *explored) ([]int32, error) {
	var names map[int64]string
	if p.mode(r) == modeNames && len(e.filter.Words) > 0 {
		if err := p.db.Record(r.Context(), r.actor, "search", "detectionmodelresult", 0, ""); err != nil {
			return nil, noRecord(err)
		}
		who, err := p.who(r, e.People...)
		if err != nil {
			return nil, err
		}
		names = who.names
	}
	return p.db.Match(r.Context(), e.Explored, e.filter, names)
}

func (p *pages) explorePage(w http.ResponseWriter, r *request) error {
	since := p.live.position()
	e, err := p.explore(r)
	if err != nil {
		return err
	}
	if q, sent := e.composed(); sent {
		redirect(w, address("/explore", "q", q, "axes", e.form.Get("axes")))
		return nil
	}
	d, err := p.exploreData(r, e)
	if err != nil {
		return err
	}
	d.Events = address("/events", "view", "all", "since", since)
	return page(w, http.StatusOK, templates.Explore, d)
}

// exploreData is the page of a request.
func (p *pages) exploreData(r *request, e *explored) (templates.ExploreData, error) {
	d := templates.ExploreData{
		Frame: p.frame(r, "Explore", "explore"), Query: e.form.Get("q"), Problem: e.problem, Total: len(e.ID), InFile: e.Total,
		Match: len(e.rows), Any: !e.filter.Empty() || e.problem != "", Axes: e.form.Get("axes"),
		Sum: strconv.FormatUint(uint64(e.sum()), 10), Decide: deciders.has(r.actor.Role),
		Other: e.filter.Rest(),
	}
	state, seen := e.Axis("state"), map[int32]bool{}
	for _, i := range e.rows {
		seen[e.Person[i]] = true
		if e.Hot(i) {
			d.Hot++
		}
		if s := store.State(state.Values[state.Col[i]]); s == store.StateNew || s == store.StateInReview {
			d.Open++
		}
	}
	d.People = len(seen)
	d.Fields, d.Plot = e.fields(), e.plot()
	drawn, err := p.db.Drawn(r.Context())
	if err != nil {
		return d, err
	}
	d.Dims = teeth(drawn, nil, 1)
	d.Reasons, d.Snoozes = reasons(), snoozes(d.Now)
	if len(e.rows) == 0 && e.problem == "" {
		d.Best = p.bestCleared(r, e)
	}
	at := e.After(e.rows, e.form.Get("after"))
	d.Rows, err = p.exploreTable(r, e, e.rows[at:min(at+rowsAtOnce, len(e.rows))])
	if at > 0 {
		d.First = e.url("")
	}
	if n := len(d.Rows); n > 0 && at+n < len(e.rows) {
		d.Next = e.url(d.Rows[n-1].After)
	}
	return d, err
}

// url is this page's address from a row on.
func (e *explored) url(after string) string {
	return address("/explore", "q", e.form.Get("q"), "axes", e.form.Get("axes"), "after", after)
}

// sum names the set of the rows that match, whatever their order. A script does the same sum.
func (e *explored) sum() (sum uint32) {
	for _, i := range e.rows {
		sum += uint32(e.ID[i]) * 2654435761 //nolint:gosec // the low bits will do; a stray row shifts all bits
	}
	return sum
}

// exploreRows answers further rows of the table: those after one, or of the ids asked for.
func (p *pages) exploreRows(w http.ResponseWriter, r *request) error {
	e, err := p.explore(r)
	if err != nil {
		return err
	}
	if e.problem != "" {
		return store.Errorf(store.Invalid, "%s", e.problem)
	}
	at := e.After(e.rows, e.form.Get("after"))
	some := e.rows[at:min(at+rowsAtOnce, len(e.rows))]
	if id, err := strconv.ParseInt(e.form.Get("id"), 10, 64); err == nil {
		some = slices.DeleteFunc(slices.Clone(e.rows), func(i int32) bool { return e.ID[i] != id })
	}
	rows, err := p.exploreTable(r, e, some)
	if err != nil {
		return err
	}
	return page(w, http.StatusOK, templates.ExploreRows, rows)
}

// exploreTable reads rows as the table shows them.
func (p *pages) exploreTable(r *request, e *explored, some []int32) ([]templates.ExploreRow, error) {
	ids, people, at := make([]int64, len(some)), make([]store.Subject, len(some)), map[int64]int{}
	for k, i := range some {
		ids[k], people[k], at[e.ID[i]] = e.ID[i], e.People[e.Person[i]], k
	}
	drawn, err := p.db.Drawn(r.Context())
	if err != nil {
		return nil, err
	}
	results, err := p.db.ResultRows(r.Context(), ids)
	if err != nil {
		return nil, err
	}
	show, err := p.who(r, people...)
	if err != nil {
		return nil, err
	}
	now, pick := local(p.db.Now()), deciders.has(r.actor.Role)
	rows := make([]templates.ExploreRow, len(results))
	for k, v := range results {
		p := people[at[v.ID]]
		label, _ := show.label(p)
		rows[k] = templates.ExploreRow{After: e.Place(some[at[v.ID]]).String(), Row: templates.Row{
			ID: v.ID, URL: "/results/" + strconv.FormatInt(v.ID, 10), Now: now.UTC(), Score: v.Score, Flagged: v.Flag,
			Dims: teeth(drawn, v.Values(), v.Scale), Label: label, Sub: joined(", ", p.Role, p.Department),
			Evidence: v.Text, More: max(v.Pieces-1, 0), Types: v.Types, Model: v.Reporter,
			At: utc(v.Date), State: string(v.State), Status: v.State.Text(), Detail: detail(v, r.actor.Name), Pick: pick,
		}}
	}
	return rows, nil
}

// detail says more about a result's state: why, by whom, until when.
func detail(v store.ResultRow, me string) string {
	switch {
	case v.State == store.StateNew:
		return "undecided"
	case v.State == store.StateDismissed:
		return v.Reason
	case v.State == store.StateSnoozed && v.Until > 0:
		return "until " + local(v.Until).Format("2 Jan 15:04")
	case v.State == store.StateSnoozed:
		return "until a score is higher"
	case v.By == me:
		return "by you"
	}
	return "by " + v.By
}
