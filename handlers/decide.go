package handlers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"citd/store"
	"citd/templates"
)

// decided answers a page's script about one alert.
type decided struct {
	Alert    int64  `json:"alert"`
	State    string `json:"state"`
	Status   string `json:"status"` // in words
	Decision int64  `json:"decision"`
	By       string `json:"by"`
}

// manyDecided answers it about many.
type manyDecided struct {
	Batch   int64     `json:"batch"`
	Decided []decided `json:"decided"`
	Skipped []skipped `json:"skipped,omitempty"`
	Held    []held    `json:"held,omitempty"` // left out of a dismissal, and may be ticked back in
}

type skipped struct {
	Alert int64  `json:"alert"`
	Why   string `json:"why"`
}

type held struct {
	Alert   int64   `json:"alert"`
	Results []int64 `json:"results"`
	Who     string  `json:"who"`
	Why     string  `json:"why"`
}

// decide records a decision on one alert.
func (p *pages) decide(w http.ResponseWriter, r *request, id int64) error {
	c, err := choiceOf(r.PostForm)
	var out store.Outcome
	if err == nil {
		out, err = store.Decide(r.Context(), p.db, r.actor, id, c)
	}
	if wantsJSON(r.Request) {
		if err != nil {
			return err
		}
		row, err := p.db.Row(r.Context(), id)
		if err != nil {
			return err
		}
		return sendJSON(w, decided{out.Alert, string(out.State), standing(row.AlertHead, local(p.db.Now())), out.Decision, r.actor.Name})
	}
	if err != nil {
		return p.refuse(w, r, id, err)
	}
	redirect(w, ownPath(r.PostForm.Get("back")))
	return nil
}

// refuse shows the alert again with what was wrong, and what was typed.
func (p *pages) refuse(w http.ResponseWriter, r *request, id int64, cause error) error {
	code, e := judge(cause)
	if e.Kind != store.Invalid && e.Kind != store.Conflict {
		return cause
	}
	d, err := p.alertData(r, id, r.cameFrom())
	if err != nil {
		return err
	}
	f := r.PostForm
	d.Path, d.Problem = d.Back, sentence(e.Msg)
	d.Draft = templates.Draft{Reason: f.Get("reason"), Note: f.Get("note"), Until: f.Get("until"), Over: f.Get("over")}
	for i := range d.Results {
		d.Results[i].Skip = f.Has("ticks") && !slices.Contains(f["result"], strconv.FormatInt(d.Results[i].ID, 10))
	}
	return page(w, code, templates.Alert, d)
}

// decideMany records one decision on many alerts, or takes one back.
func (p *pages) decideMany(w http.ResponseWriter, r *request) error {
	b, err := p.bulk(r)
	if err != nil {
		return err
	}
	switch {
	case len(b.Done)+len(b.Held) == 0:
		return store.Errorf(store.Conflict, "nothing was changed: %s", b.Skipped[0].Why)
	case wantsJSON(r.Request):
		return sendJSON(w, p.manyDecided(r, b))
	case len(b.Skipped)+len(b.Held) == 0:
		redirect(w, ownPath(r.PostForm.Get("back")))
		return nil
	}
	at := r.cameFrom() // to show the queue again, with what was left out
	d, err := p.queueData(r, at)
	if err != nil {
		return err
	}
	d.Path, d.Bulk = at.url("/"), p.bulkDone(r, b, "alert", at)
	return page(w, http.StatusOK, templates.Queue, d)
}

func (p *pages) manyDecided(r *request, b store.Bulk) manyDecided {
	answer := manyDecided{Batch: b.Batch, Decided: make([]decided, len(b.Done))}
	for i, o := range b.Done {
		answer.Decided[i] = decided{Alert: o.Alert, State: string(o.State), Decision: o.Decision, By: r.actor.Name}
	}
	for _, x := range b.Skipped {
		answer.Skipped = append(answer.Skipped, skipped{x.Alert, x.Why})
	}
	for _, x := range b.Held {
		answer.Held = append(answer.Held, held{x.Alert, x.Results, p.alertLabel(r, x.Alert), heldFor(x)})
	}
	return answer
}

// alertLabel is how the person of an alert is called.
func (p *pages) alertLabel(r *request, alert int64) string {
	row, err := p.db.Row(r.Context(), alert)
	if err != nil {
		return "#" + strconv.FormatInt(alert, 10)
	}
	return who{mode: p.mode(r)}.title(row.Who)
}

// heldFor tells why an alert was left out of a dismissal.
func heldFor(h store.Held) string {
	return store.And(h.Families) + " flagged this person"
}

// cameFrom is the part of the queue that a form returns to.
func (r *request) cameFrom() place {
	back, err := url.Parse(ownPath(r.PostForm.Get("back")))
	if err != nil {
		return placeOf(nil)
	}
	return placeOf(back.Query())
}

// bulkDone tells what a decision about many did, and what it left out: to be
// ticked back in by alert ("alert") or by result ("id").
func (p *pages) bulkDone(r *request, b store.Bulk, field string, at place) templates.BulkDone {
	f := r.PostForm
	done := templates.BulkDone{
		URL: r.URL.Path, Field: field, Text: bulkText(len(b.Done), f.Get("action")), Batch: b.Batch, Only: f["model"], Reason: f.Get("reason"), Note: f.Get("note"),
	}
	for _, x := range b.Skipped {
		done.Skipped = append(done.Skipped, p.alertLabel(r, x.Alert)+": "+x.Why)
	}
	for _, x := range b.Held {
		row := templates.HeldRow{Value: strconv.FormatInt(x.Alert, 10), URL: at.url(alertPath(x.Alert)), Label: p.alertLabel(r, x.Alert), Why: heldFor(x)}
		if field == "id" {
			row.Value = strings.Trim(strings.ReplaceAll(fmt.Sprint(x.Results), " ", ","), "[]")
		}
		done.Held = append(done.Held, row)
	}
	return done
}

// bulkText says how many alerts something was done to: "3 alerts were dismissed".
func bulkText(n int, action string) string {
	did := map[string]string{"confirm": "confirmed", "dismiss": "dismissed", "snooze": "snoozed", "review": "taken into review", "reopen": "reopened", "undo": "taken back"}[action]
	return store.Plural(n, "alert was ", "alerts were ") + did
}

func (p *pages) bulk(r *request) (b store.Bulk, err error) {
	f := r.PostForm
	if f.Get("action") == string(store.Undo) {
		batch, err := numberOf(f, "batch")
		if err != nil {
			return b, err
		}
		return store.UndoBatch(r.Context(), p.db, r.actor, batch)
	}
	c, err := choiceOfMany(f)
	if err != nil {
		return b, err
	}
	if c.Action == store.Confirm || c.Action == store.Dismiss {
		c.Models = f["model"]
	}
	alerts, err := numbers(f, "alert")
	if err != nil {
		return b, err
	}
	return store.DecideMany(r.Context(), p.db, r.actor, alerts, c)
}

// choiceOf reads a form. Fields of other actions may stand in it, since the
// plain form has one set of fields and a button for each action.
func choiceOf(f url.Values) (c store.Choice, err error) {
	c.Action, c.Note = store.Action(f.Get("action")), strings.ReplaceAll(f.Get("note"), "\r\n", "\n")
	if v := f.Get("reason"); v != "" && c.Action == store.Dismiss {
		n, err := strconv.Atoi(v)
		if err != nil {
			return c, store.Errorf(store.Invalid, "reason: wanted a digit, not %q", v)
		}
		c.Reason = &n
	}
	if c.Action == store.Snooze {
		if err := snoozeOf(f, &c); err != nil {
			return c, err
		}
	}
	if c.Undoes, err = numberOf(f, "undoes"); err != nil {
		return c, err
	}
	if f.Get("seen") != "" {
		seen, err := numberOf(f, "seen")
		if err != nil {
			return c, err
		}
		c.Seen = &seen
	}
	c.Results, err = numbers(f, "result")
	if err == nil && c.Results == nil && f.Has("ticks") && (c.Action == store.Confirm || c.Action == store.Dismiss) {
		return c, store.Errorf(store.Invalid, "tick at least one result for the decision to cover") // no tick is not all of them
	}
	return c, err
}

// choiceOfMany reads a form about many alerts.
func choiceOfMany(f url.Values) (c store.Choice, err error) {
	if c, err = choiceOf(f); err != nil {
		return c, err
	}
	c.Seen, c.Results, c.Anyway = nil, nil, f.Get("anyway") != ""
	c.Batch, err = numberOf(f, "batch")
	return c, err
}

func snoozeOf(f url.Values, c *store.Choice) error {
	for _, v := range f["until"] { // the dialog has two fields of that name, one of them empty
		if v == "" {
			continue
		}
		t, err := time.ParseInLocation(localInput, v, time.Local)
		if err != nil {
			return store.Errorf(store.Invalid, "until: wanted a date and a time, such as 2026-11-24T08:00, not %q", v)
		}
		c.Until = t.UnixMicro()
	}
	if v := f.Get("over"); v != "" {
		over, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return store.Errorf(store.Invalid, "over: wanted a number, not %q", v)
		}
		c.Over = &over
	}
	return nil
}

// numberOf reads a field; 0 if it is not there.
func numberOf(f url.Values, name string) (int64, error) {
	v := f.Get(name)
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return 0, store.Errorf(store.Invalid, "%s: wanted a whole number, not %q", name, v)
	}
	return n, nil
}

// numbers reads all values of a field, "7" or "7,8"; nil if there is none.
func numbers(f url.Values, name string) (out []int64, err error) {
	if !f.Has(name) {
		return nil, nil
	}
	for v := range strings.SplitSeq(strings.Join(f[name], ","), ",") {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return nil, store.Errorf(store.Invalid, "%s: wanted whole numbers, not %q", name, v)
		}
		out = append(out, n)
	}
	return out, nil
}

// wantsJSON reports whether a page's own script asks.
func wantsJSON(r *http.Request) bool { return r.Header.Get("Accept") == "application/json" }

func sendJSON(w http.ResponseWriter, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	send(w, http.StatusOK, "application/json", b)
	return nil
}
