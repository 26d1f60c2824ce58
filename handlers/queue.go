package handlers

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"citd/store"
	"citd/templates"
)

const (
	pageRows = 50  // alerts a page
	maxIDs   = 200 // rows asked for at once
)

// pageRoutes are the routes of the dashboard.
func (s *server) pageRoutes() []route {
	p := &pages{server: s, live: newLive(s)}
	return []route{
		{"GET", "/", people, 0, p.queuePage, false},
		{"GET", "/alerts/:id", people, 0, withID("alert", p.alertPage), false},
		{"GET", "/results/:id", people, 0, withID("result", p.resultPage), false},
		{"POST", "/alerts/:id/decide", deciders, oneForm, withID("alert", p.decide), false},
		{"POST", "/alerts/:id/look", people, oneForm, withID("alert", p.look), false},
		{"POST", "/alerts/decide", deciders, oneForm, p.decideMany, false},
		{"POST", "/views", people, oneForm, p.saveView, false},
		{"POST", "/views/:id/delete", people, oneForm, withID("view", p.deleteView), false},
		{"GET", "/events", people, 0, p.live.stream, true},
		{"GET", "/explore", people, 0, p.explorePage, false},
		{"GET", "/explore.json", people, 0, p.exploreColumns, false},
		{"GET", "/explore/rows", people, 0, p.exploreRows, false},
		{"POST", "/explore/decide", deciders, oneForm, p.exploreDecide, false},
		{"GET", "/heatmap", people, 0, p.heatmapPage, false},
		{"GET", "/people", people, 0, p.peoplePage, false},
		{"GET", "/people.csv", people, 0, p.peopleExport, false},
		{"GET", "/people/:id", people, 0, withID("person", p.personPage), false},
		{"POST", "/people/:id/reveal", deciders, oneForm, withID("person", p.reveal), false},
		{"GET", "/models", people, 0, p.modelsPage, false},
		{"GET", "/activity", people, 0, p.activityPage, false},
	}
}

// withID hands over the number in the path; a path without one is not found.
func withID(what string, do func(w http.ResponseWriter, r *request, id int64) error) handle {
	return func(w http.ResponseWriter, r *request) error {
		id, err := strconv.ParseInt(r.params.ByName("id"), 10, 64)
		if err != nil || id <= 0 {
			return store.Errorf(store.NotFound, "there is no %s %q", what, r.params.ByName("id"))
		}
		return do(w, r, id)
	}
}

// pages serves the queue and its alerts.
type pages struct {
	*server
	live *live
}

// viewNames tell the views in words.
var viewNames = map[string]string{
	"open": "Needs a decision", "flagged": "Flagged", "today": "New today",
	"review": "In review", "snoozed": "Snoozed", "all": "Everything",
}

func (p *pages) queuePage(w http.ResponseWriter, r *request) error {
	at, listen := placeOf(r.URL.Query()), p.live.position()
	p.wake(r)
	if r.URL.Query().Has("rows") {
		return p.queueRows(w, r, at)
	}
	some, err := p.db.AnyResult(r.Context())
	if err != nil {
		return err
	}
	if !some {
		return p.firstRun(w, r, listen)
	}
	d, err := p.queueData(r, at)
	if err != nil {
		return err
	}
	if d.Problem == "" {
		d.Events = at.url("/events", "since", listen)
	}
	if d.Mode == modeNames && at.filter != "" && d.First == "" { // its words are looked for in names
		if err := p.db.Record(r.Context(), r.actor, "search", "alert", 0, ""); err != nil {
			return noRecord(err)
		}
	}
	return page(w, http.StatusOK, templates.Queue, d)
}

// wake ends the snoozes whose time has come. That it cannot be written is no reason not to show a page.
func (p *pages) wake(r *request) {
	if err := store.Wake(r.Context(), p.db); err != nil {
		p.opt.Log.Warn("snoozes not ended", "err", err)
	}
}

func (p *pages) queueData(r *request, at place) (d templates.QueueData, err error) {
	d.Frame = p.frame(r, "Queue", "queue")
	d.View, d.Query, d.Clear = at.view, at.filter, place{view: at.view}.url("/")
	d.Decide, d.Reasons, d.Snoozes = deciders.has(r.actor.Role), reasons(), snoozes(d.Now)
	d.Only = store.ModelsOf(at.filter)
	if d.Decide && d.Mode != modeNames {
		d.Reveal, d.Reveals = "/people", store.RevealReasons // whose it is, the row tells
	}
	h, err := p.db.QueueHead(r.Context())
	if err != nil {
		return d, err
	}
	d.Need, d.People, d.Flagged, d.Today, d.Decided, d.Asleep = h.Open, h.People, h.Flagged, h.Today, h.Decided, h.Snoozed
	d.Oldest, d.Wakes = orZero(h.Oldest), orZero(h.Wakes)
	for _, name := range store.QueueViews {
		d.Views = append(d.Views, templates.View{Name: name, Label: viewNames[name], URL: place{view: name}.url("/"), Count: h.In(name), Current: name == at.view})
	}
	if err := p.fillSaved(r, &d, at); err != nil {
		return d, err
	}
	if d.Charts, err = p.charts(r, d.Now, h); err != nil {
		return d, err
	}
	if err := p.fillSteps(r, &d); err != nil {
		return d, err
	}
	drawn, err := p.db.Drawn(r.Context())
	if err != nil {
		return d, err
	}
	d.Dims, d.Help = teeth(drawn, nil, 1), filterHelp(at, drawn)
	after, rest := store.ParsePlace(r.URL.Query().Get("after"))
	from := &after
	if !rest {
		from = nil
	} else {
		d.First = at.url("/")
	}
	list, err := p.db.Queue(r.Context(), at.ask(d.Mode), from, pageRows)
	if e := store.AsError(err); err != nil && e.Kind == store.Invalid {
		d.Problem = sentence(e.Msg)
		return d, nil
	} else if err != nil {
		return d, err
	}
	d.Total, d.More = list.Total, list.More
	if list.Next != nil {
		d.Next, d.Further = at.url("/", "after", list.Next.String()), len(list.Rows) < pageRows
	}
	d.Rows, err = p.rows(r, at, list.Rows)
	if d.Steps != nil && len(d.Rows) > 0 {
		d.Steps.Top = d.Rows[0].URL
	}
	return d, err
}

// queueRows answers with rows only: those of ?ids= that the view holds.
func (p *pages) queueRows(w http.ResponseWriter, r *request, at place) error {
	ids, err := numbers(r.URL.Query(), "ids")
	if err != nil || len(ids) == 0 || len(ids) > maxIDs {
		return store.Errorf(store.Invalid, "ids: wanted at most %d numbers with commas between", maxIDs)
	}
	rows, err := p.db.QueueRows(r.Context(), at.ask(p.mode(r)), ids)
	if err != nil {
		return err
	}
	return p.sendRows(w, r, at, rows)
}

func (p *pages) sendRows(w http.ResponseWriter, r *request, at place, rows []store.QueueRow) error {
	list, err := p.rows(r, at, rows)
	if err != nil {
		return err
	}
	return page(w, http.StatusOK, templates.Rows, list)
}

// rows are alerts as the queue shows them.
func (p *pages) rows(r *request, at place, rows []store.QueueRow) ([]templates.Row, error) {
	people := make([]store.Subject, len(rows))
	for i, x := range rows {
		people[i] = x.Who
	}
	who, err := p.who(r, people...)
	if err != nil {
		return nil, err
	}
	drawn, err := p.db.Drawn(r.Context())
	if err != nil {
		return nil, err
	}
	out, now := make([]templates.Row, len(rows)), local(p.db.Now())
	for i, x := range rows {
		label, sub := who.label(x.Who)
		out[i] = templates.Row{
			ID: x.ID, URL: at.url(alertPath(x.ID)), Now: now, Priority: x.Priority, Score: x.Score, Flagged: x.Flagged,
			Label: label, Sub: sub, Evidence: x.Evidence, More: max(x.Pieces-1, 0), Over: x.Pieces == store.MaxPieces, Types: x.Types, Results: x.Results,
			Model: x.Reporter, Models: len(x.Models), Spark: x.Spark, State: string(x.State),
			At: local(x.Received), Seen: x.Seen, Pick: deciders.has(r.actor.Role), Band: x.Usual, Dims: teeth(drawn, x.Values, 1),
		}
		out[i].Status, out[i].Detail = standingIn(x.AlertHead, now)
		out[i].Detail = strings.TrimLeft(out[i].Detail, ", ")
		out[i].Person, out[i].Reveal = who.links(r, x.Who)
		if x.Earlier != nil {
			out[i].Earlier = string(x.Earlier.State) + " " + local(x.Earlier.At).Format("2 Jan")
		}
	}
	return out, nil
}

// firstRun stands in for the queue until something was posted.
func (p *pages) firstRun(w http.ResponseWriter, r *request, listen string) error {
	d := templates.FirstRunData{Frame: p.frame(r, "First result", "queue"), Login: "detector", Password: "TOKEN"}
	d.Events = "/events?since=" + listen
	d.API = p.origin(r) + store.Base
	d.From, d.To = d.Now.AddDate(0, 0, -5).Format(time.DateOnly), d.Now.Format(time.DateOnly)
	d.Steps = []templates.Task{
		{Text: "Server running", Detail: "on " + r.Host, Done: true},
		{Text: "Signed in", Detail: "as " + r.actor.Name, Done: true},
		{Text: "Token for the script", Detail: "from Settings, or from citd token add detector; put it where TOKEN stands"},
		{Text: "First result", Detail: "it appears here by itself", Tick: "alerts"},
	}
	return page(w, http.StatusOK, templates.FirstRun, d)
}
