package handlers

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"citd/store"
	"citd/templates"
)

func (p *pages) alertPage(w http.ResponseWriter, r *request, id int64) error {
	if r.URL.Query().Has("peek") {
		return p.peek(w, r, id)
	}
	if r.URL.Query().Has("row") {
		row, err := p.db.Row(r.Context(), id)
		if err != nil {
			return err
		}
		return p.sendRows(w, r, placeOf(r.URL.Query()), []store.QueueRow{row})
	}
	p.wake(r)
	return p.showAlert(w, r, id, 0)
}

// resultPage shows a result within its alert.
func (p *pages) resultPage(w http.ResponseWriter, r *request, result int64) error {
	alert, err := p.db.AlertOf(r.Context(), result)
	if err != nil {
		return err
	}
	return p.showAlert(w, r, alert, result)
}

// showAlert answers with the page of an alert; result is the one to mark, or 0.
func (p *pages) showAlert(w http.ResponseWriter, r *request, alert, result int64) error {
	d, err := p.alertData(r, alert, placeOf(r.URL.Query()))
	if err != nil {
		return err
	}
	for i := range d.Results {
		d.Results[i].Marked = d.Results[i].ID == result
	}
	d.Unseen = ahead(r.Request)
	if err := p.looked(r, "alert", alert); err != nil {
		return err
	}
	w.Header().Set("Speculation-Rules", `"`+templates.NextRules()+`"`) // once the page is shown, the next one is fetched
	return page(w, http.StatusOK, templates.Alert, d)
}

func (p *pages) alertData(r *request, id int64, at place) (d templates.AlertData, err error) {
	listen := p.live.position()
	a, err := p.db.Alert(r.Context(), id, at.ask(p.mode(r)))
	if err != nil {
		return d, err
	}
	shown := []store.Subject{a.Who}
	for _, x := range a.Similar {
		shown = append(shown, x.Who)
	}
	who, err := p.who(r, shown...)
	if err != nil {
		return d, err
	}
	d = templates.AlertData{
		Frame: p.frame(r, who.title(a.Who), "queue"), Glance: glance(r, a, who, local(p.db.Now())), Model: templates.Link{Text: a.Reporter, URL: nav.Models},
		Rank: a.Rank, Changed: a.Changed, Place: a.Queue.Place, Places: a.Queue.Of, Parts: a.Parts,
		Mine: a.State == store.StateInReview && a.Reviewer == r.actor.Name, Seen: a.Seen, Reasons: reasons(),
	}
	if err := p.fillWho(r, &d, who, a.Who); err != nil {
		return d, err
	}
	d.Of, d.Events, d.Back = d.Waiting, at.url("/events", "since", listen), at.url(alertPath(id))
	if a.Queue.Prev != 0 {
		d.Prev = at.url(alertPath(a.Queue.Prev))
	}
	if a.Queue.Next != 0 {
		d.Next = at.url(alertPath(a.Queue.Next))
	} else if a.Queue.Rest != nil {
		d.Next = at.url("/", "after", a.Queue.Rest.String()) // the queue looks further
	}
	drawn, err := p.db.Drawn(r.Context())
	if err != nil {
		return d, err
	}
	if slices.ContainsFunc(a.Dims, func(x store.AlertDim) bool { return x.Median != nil }) {
		d.Baseline = "Own median: of this person’s results in 60 days."
	}
	fillSimilar(&d, a, who, drawn)
	fillEvidence(&d, a)
	fillResults(&d, a, drawn)
	fillHistory(&d, a)
	d.Facts = p.facts(a)
	return d, nil
}

// fillWho fills in where more is to be had about the person, and until when the name is shown.
func (p *pages) fillWho(r *request, d *templates.AlertData, who who, s store.Subject) error {
	_, d.Reveal = who.links(r, s)
	if d.Reveal != "" {
		d.Reveals = store.RevealReasons
	}
	if d.Mode == modeNames || who.names[s.ID] == "" {
		return nil
	}
	i, err := p.db.Revealed(r.Context(), r.actor, s.ID, p.db.Now())
	if err == nil && i != nil {
		d.Until = local(i.Until)
	}
	return err
}

// fillSimilar lists the nearest of the decided alerts, and says how near they are.
func fillSimilar(d *templates.AlertData, a *store.AlertPage, who who, drawn []store.Dimension) {
	for _, x := range a.Similar {
		s := templates.Row{URL: alertPath(x.ID), Score: x.Score, Model: x.Reporter, State: string(x.State), Status: standing(x.AlertHead, d.Now), At: local(x.Received), Dims: teeth(drawn, x.Values, 1)}
		s.Label, _ = who.label(x.Who)
		if x.Closed != nil {
			s.At = local(x.Closed.At)
		}
		d.Similar = append(d.Similar, s)
	}
	switch {
	case len(a.Similar) == 0:
		d.Unlike = "Nothing that reports the same dimensions was decided about anybody else yet."
	case a.Similar[0].Distance > store.Close:
		d.Unlike = fmt.Sprintf("Nearest by dimension values, other people only. The closest differs by %.2f in total: nothing like this was decided before.", a.Similar[0].Distance)
	default:
		d.Unlike = fmt.Sprintf("Nearest by dimension values, other people only. The closest differs by %.2f in total.", a.Similar[0].Distance)
	}
}

func fillEvidence(d *templates.AlertData, p *store.AlertPage) {
	hot := map[string]bool{}
	for _, x := range p.Dims {
		hot[strings.TrimSuffix(x.Name, "_anomaly")] = x.Hot()
	}
	for _, e := range p.Evidence {
		x := templates.Evidence{
			Type: e.Type, Text: e.Description, Subject: e.Subject, From: utc(e.From), To: utc(e.To), Hot: hot[strings.ToLower(e.Type)],
			Source: e.SourceRef, Technique: e.Technique, Clears: e.Exculpatory,
		}
		if strings.HasPrefix(e.WebLink, "https://") || strings.HasPrefix(e.WebLink, "http://") {
			x.Link = e.WebLink
		}
		if i := slices.IndexFunc(d.Evidence, func(y templates.Evidence) bool { y.Times = 0; return x == y }); i >= 0 {
			d.Evidence[i].Times = max(d.Evidence[i].Times, 1) + 1 // two models say the same of the same
			continue
		}
		d.Evidence = append(d.Evidence, x)
	}
}

func fillResults(d *templates.AlertData, p *store.AlertPage, drawn []store.Dimension) {
	for _, h := range p.Held {
		x := templates.Result{
			ID: h.ID, URL: "/results/" + strconv.FormatInt(h.ID, 10), At: utc(h.Date), Model: h.Reporter, Score: h.Score,
			Flagged: h.Flag, Pieces: len(h.Evidence), Dims: teeth(drawn, h.Values(), h.Scale),
		}
		if h.Of != nil {
			did, _ := verdict(h.Of)
			x.Covered = did + " " + local(h.Of.At).Format("2 Jan") + " by " + h.By
		}
		d.Results = append(d.Results, x)
	}
}

// fillHistory fills what was decided, said and done, the newest first.
func fillHistory(d *templates.AlertData, p *store.AlertPage) {
	for _, m := range slices.Backward(p.Decisions) {
		if m.Action == store.Remark {
			d.Notes = append(d.Notes, templates.Note{Text: m.Note, By: m.By, At: local(m.At)})
			continue
		}
		if m.ID == p.Seen && p.State != store.StateWithdrawn {
			d.Undo = &templates.Undo{Decision: m.ID, Text: m.By + " " + m.Did() + ", " + local(m.At).Format("15:04 on 2 Jan")}
		}
		d.Trail = append(d.Trail, templates.Step{State: stateOf[m.Action], Text: m.By + " " + m.Did(), Note: m.Note, At: local(m.At)})
	}
	if len(p.Held) > 1 {
		d.Trail = append(d.Trail, templates.Step{State: "post", Text: "Newest result received", At: local(p.Received)})
	}
	d.Trail = append(d.Trail, templates.Step{State: "new", Text: "Opened by its first result", At: local(p.Opened)})
	for _, e := range p.Events {
		d.Trail = append(d.Trail, templates.Step{State: "note", Text: eventText(e), Note: e.Text, At: utc(e.At)})
		d.Marks = append(d.Marks, utc(e.At))
	}
	slices.SortStableFunc(d.Trail, func(a, b templates.Step) int { return b.At.Compare(a.At) })
	for _, h := range p.Prior {
		x := templates.PersonDecision{URL: alertPath(h.ID), State: string(h.State), Text: standing(h, d.Now), By: h.By, At: local(h.Received)}
		if h.Closed != nil {
			x.At, x.Note = local(h.Closed.At), h.Closed.Note
		}
		d.Prior = append(d.Prior, templates.Prior{PersonDecision: x, Score: h.Score})
	}
}

// eventText is what happened in somebody's employment: "Notice given (hr)".
func eventText(e *store.EmployeeEvent) string {
	text := cmp.Or(eventWords[e.Kind], e.Kind)
	if e.Until.Valid {
		text += " until " + utc(e.Until.V).Format("2 Jan 2006")
	}
	if e.Source != "" {
		text += " (" + e.Source + ")"
	}
	return text
}

func fact(name, value string) templates.Fact {
	return templates.Fact{Name: name, Value: templates.Link{Text: value}}
}

// facts are about the model of the highest result.
func (p *pages) facts(a *store.AlertPage) []templates.Fact {
	f := []templates.Fact{{Name: "Reporter", Value: templates.Link{Text: a.Reporter, URL: nav.Models}}}
	if a.Scale != 1 && a.Scale != 0 {
		f = append(f, fact("Its scale", "0 to "+strconv.FormatFloat(a.Scale, 'g', -1, 64)))
	}
	if m := a.Record; m.Decided > 0 {
		f = append(f, fact("Confirmed in 60 days", fmt.Sprintf("%s of %s decided", store.Count(m.Confirmed), store.Count(m.Decided))))
		if m.HighCount > 0 {
			f = append(f, fact("Confirmed from 0.7 up", fmt.Sprintf("%s of %s", store.Count(m.HighConfirmed), store.Count(m.HighCount))))
		}
	} else {
		f = append(f, fact("Confirmed in 60 days", "nothing decided yet"))
	}
	return append(f, fact("Other models, 7 days", cmp.Or(strings.Join(a.Others, ", "), "none")), fact("Ranked by", terms(a.AlertHead)))
}
