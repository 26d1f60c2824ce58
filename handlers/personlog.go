package handlers

import (
	"strconv"
	"strings"
	"time"

	"citd/store"
	"citd/templates"
)

func (p *pages) fillPersonAlerts(r *request, d *templates.PersonData, who store.Subject) error {
	alerts, err := p.db.PersonAlerts(r.Context(), who.ID)
	if err != nil {
		return err
	}
	for _, a := range alerts {
		status := a.State.Text()
		if a.Reviewer != "" { // only while it is in review
			status += " by " + a.Reviewer
		}
		d.Alerts = append(d.Alerts, templates.PersonAlert{
			URL: alertPath(a.ID), Score: a.Score, Scale: a.Scale, Flagged: a.Flagged, Results: a.Undecided,
			Models: strings.Join(a.Models, ", "), State: string(a.State), Status: status, At: local(a.Received),
		})
	}
	return nil
}

// fillPersonResults lists the newest results, or all with ?results=all.
func (p *pages) fillPersonResults(r *request, d *templates.PersonData, who store.Subject) error {
	since, limit := d.First.UnixMicro(), shownResults+1
	d.Listed = "60 days"
	if r.URL.Query().Get("results") == "all" {
		since, limit, d.Listed = -1<<62, mostResults, "all"
		d.Path += "?results=all"
	}
	drawn, err := p.db.Drawn(r.Context())
	if err != nil {
		return err
	}
	results, err := p.db.PersonResults(r.Context(), who.ID, since, limit)
	if err != nil {
		return err
	}
	if d.Listed == "60 days" {
		d.All = personPath(who.ID) + "?results=all"
		if len(results) > shownResults {
			results = results[:shownResults]
			d.Listed = "the newest " + strconv.Itoa(shownResults)
		}
	} else if len(results) == mostResults {
		d.Listed = "the newest " + strconv.Itoa(mostResults)
	}
	for _, x := range results {
		row := templates.PersonResult{
			URL: "/results/" + strconv.FormatInt(x.ID, 10), Score: x.Score, Scale: x.Scale, Flagged: x.Flag, Text: x.Text, More: max(x.Pieces-1, 0),
			Model: x.Reporter, At: utc(x.Date), State: string(x.State), Status: x.State.Text(), Dims: teeth(drawn, x.Values(), x.Scale),
		}
		d.Results = append(d.Results, row)
	}
	return nil
}

// stateOf picks the sign of an action.
var stateOf = map[store.Action]string{
	store.Review: "in_review", store.Confirm: "confirmed", store.Dismiss: "dismissed", store.Snooze: "snoozed",
	store.Reopen: "in_review", store.Undo: "new", store.Remark: "note",
}

func (p *pages) fillDecisions(r *request, d *templates.PersonData, who store.Subject) error {
	made, err := p.db.PersonDecisions(r.Context(), who.ID, 100)
	if err != nil {
		return err
	}
	for _, m := range made {
		if m.Action == store.Remark {
			d.Notes = append(d.Notes, templates.Note{Text: m.Note, By: m.By, At: local(m.At)})
			continue
		}
		if len(d.Decisions) < shownPast {
			d.Decisions = append(d.Decisions, templates.PersonDecision{
				URL: alertPath(m.Alert), State: stateOf[m.Action], Text: decisionWords(m), By: m.By, At: local(m.At), Note: m.Note, Undone: m.Undone,
			})
		}
	}
	if deciders.has(r.actor.Role) {
		newest, err := p.db.NewestAlert(r.Context(), who.ID)
		if err != nil {
			return err
		}
		if newest != 0 {
			d.NoteTo = alertPath(newest) + "/decide"
		}
	}
	return nil
}

// decisionWords tells a decision with the score of its alert: "Dismissed 0.61, expected for the role".
func decisionWords(m store.PersonDecision) string {
	return strings.Replace(capital(m.Did()), " it", " "+store.Figure(m.Score), 1)
}

// fillLooks lists who has looked at the person, and why at the identity.
func (p *pages) fillLooks(r *request, d *templates.PersonData, who store.Subject) error {
	entries, next, err := p.db.Activity(r.Context(), store.ActivityQuery{Kind: store.OnlyAccess, Person: who.ID, Limit: shownPast})
	if err != nil {
		return err
	}
	for _, e := range entries {
		look := templates.PersonLook{Text: e.By + " opened this page", At: local(e.At)}
		switch {
		case e.Verb == "reveal":
			look.Text, look.Why = e.By+" looked at the identity", revealWords(e.Detail)
		case e.Verb != "view":
			look.Text = e.By + ": " + e.Verb
		case e.Object == "alert":
			look.Text = e.By + " opened alert #" + strconv.FormatInt(e.ID, 10)
		}
		d.Looks = append(d.Looks, look)
	}
	if next != 0 || len(entries) > 0 {
		d.Activity = "/activity?person=" + strconv.FormatInt(who.ID, 10)
	}
	return nil
}

// revealWords tells the reason that a record of a reveal names: "reason 2".
func revealWords(detail string) string {
	for _, x := range store.RevealReasons {
		if detail == "reason "+strconv.Itoa(x.Digit) {
			return store.LowerFirst(x.Text)
		}
	}
	return ""
}

// sameDay reports whether two times are of one day of the zone of the first.
func sameDay(a, b time.Time) bool {
	y, m, d := a.Date()
	y2, m2, d2 := b.In(a.Location()).Date()
	return y == y2 && m == m2 && d == d2
}
