package handlers

import (
	"net/http"
	"strconv"

	"citd/store"
	"citd/templates"
)

// exploreDecide decides on the ticked results, or on all that match the filter:
// then n and sum name the set that was seen, and if it is another one now,
// nothing is decided.
func (p *pages) exploreDecide(w http.ResponseWriter, r *request) error {
	choice, err := choiceOfMany(r.PostForm)
	if err != nil {
		return err
	}
	ids, err := p.chosen(r)
	if err != nil {
		return err
	}
	done, err := store.DecideResults(r.Context(), p.db, r.actor, ids, choice)
	switch {
	case err != nil:
		return err
	case len(done.Done)+len(done.Held) == 0:
		return store.Errorf(store.Conflict, "nothing was changed: %s", done.Skipped[0].Why)
	case wantsJSON(r.Request):
		return sendJSON(w, struct {
			manyDecided
			Who string `json:"who"`
		}{p.manyDecided(r, done.Bulk), store.Plural(done.Results, "result", "results") + " of " + store.Plural(done.People, "person", "people")})
	case len(done.Skipped)+len(done.Held) == 0:
		redirect(w, address("/explore", "q", r.PostForm.Get("q")))
		return nil
	}
	e, err := p.explore(r)
	if err != nil {
		return err
	}
	d, err := p.exploreData(r, e)
	if err != nil {
		return err
	}
	d.Path, d.Bulk = e.url(""), p.bulkDone(r, done.Bulk, "id", placeOf(nil))
	return page(w, http.StatusOK, templates.Explore, d)
}

// chosen returns the results that a form is about.
func (p *pages) chosen(r *request) (ids []int64, err error) {
	if ids, err = numbers(r.PostForm, "id"); err != nil || len(ids) > 0 {
		return ids, err
	}
	e, err := p.explore(r)
	switch {
	case err != nil:
		return nil, err
	case e.problem != "":
		return nil, store.Errorf(store.Invalid, "%s", e.problem)
	case e.form.Get("n") != strconv.Itoa(len(e.rows)) || e.form.Get("sum") != strconv.FormatUint(uint64(e.sum()), 10):
		return nil, store.Errorf(store.Conflict, "the results have changed meanwhile: %s now; nothing was decided, look again",
			store.Plural(len(e.rows), "result matches", "results match"))
	}
	for _, i := range e.rows {
		ids = append(ids, e.ID[i])
	}
	return ids, nil
}
