package handlers

import (
	"net/http"
	"net/url"
	"strconv"

	"citd/store"
	"citd/templates"
)

// resultsDecided tells a page's script what became of a decision about many.
type resultsDecided struct {
	Batch   int64     `json:"batch"` // to take it back
	Who     string    `json:"who"`   // "36 results of 12 people"
	Decided []decided `json:"decided"`
	Skipped []skipped `json:"skipped"`
}

// exploreDecide decides on the ticked results, or on all that match the filter:
// then n and sum name the set that was seen, and if it is another one now,
// nothing is decided.
func (p *pages) exploreDecide(w http.ResponseWriter, r *request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	form := r.PostForm
	choice, err := choiceOf(form)
	if err != nil {
		return err
	}
	ids, err := p.chosen(r, form)
	if err != nil {
		return err
	}
	choice.Seen, choice.Results = nil, nil
	done, err := store.DecideResults(r.Context(), p.db, r.actor, ids, choice)
	if err != nil {
		return err
	}
	if len(done.Done) == 0 {
		return store.Errorf(store.Conflict, "nothing was changed: %s", done.Skipped[0].Why)
	}
	if !wantsJSON(r.Request) {
		redirect(w, "/explore?"+url.Values{"q": {form.Get("q")}}.Encode())
		return nil
	}
	a := resultsDecided{
		Batch: done.Batch, Decided: []decided{}, Skipped: []skipped{},
		Who: templates.Plural(done.Results, "result", "results") + " of " + templates.Plural(done.People, "person", "people"),
	}
	for _, o := range done.Done {
		a.Decided = append(a.Decided, decided{Alert: o.Alert, State: string(o.State), Decision: o.Decision, By: r.actor.Name})
	}
	for _, o := range done.Skipped {
		a.Skipped = append(a.Skipped, skipped{o.Alert, o.Why})
	}
	return sendJSON(w, a)
}

// chosen returns the results that a form is about.
func (p *pages) chosen(r *request, form url.Values) (ids []int64, err error) {
	if ids, err = numbers(form, "id"); err != nil || len(ids) > 0 {
		return ids, err
	}
	e, err := p.explore(r, form)
	switch {
	case err != nil:
		return nil, err
	case e.problem != "":
		return nil, store.Errorf(store.Invalid, "%s", e.problem)
	case form.Get("n") != strconv.Itoa(len(e.rows)) || form.Get("sum") != strconv.FormatUint(uint64(e.sum()), 10):
		return nil, store.Errorf(store.Conflict, "the results have changed meanwhile: %s now; nothing was decided, look again",
			templates.Plural(len(e.rows), "result matches", "results match"))
	}
	for _, i := range e.rows {
		ids = append(ids, e.ID[i])
	}
	return ids, nil
}
