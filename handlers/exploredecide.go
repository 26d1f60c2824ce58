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

// resultsDecided tells a page's script what became of a decision about many.
type resultsDecided struct {
	Batch   int64     `json:"batch"` // to take it back
	Who     string    `json:"who"`   // "36 results of 12 people"
	Decided []decided `json:"decided"`
	Skipped []skipped `json:"skipped"`
	Held    []held    `json:"held"` // left out of a dismissal
}

// held is a person whom other models flagged too, with the results that were left out.
type held struct {
	Who      string   `json:"who"`
	Families []string `json:"families"`
	Results  []int64  `json:"results"`
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
	choice.Seen, choice.Results, choice.Anyway = nil, nil, form.Get("anyway") != ""
	if choice.Batch, err = wholeOr(form, "batch", 0); err != nil {
		return err
	}
	done, err := store.DecideResults(r.Context(), p.db, r.actor, ids, choice)
	if err != nil {
		return err
	}
	if len(done.Done)+len(done.Back) == 0 {
		return store.Errorf(store.Conflict, "nothing was changed: %s", done.Skipped[0].Why)
	}
	back, err := p.heldBack(r, done.Back)
	if err != nil {
		return err
	}
	if !wantsJSON(r.Request) {
		if len(back) > 0 {
			return store.Errorf(store.Conflict, "%s dismissed. Held back: %s, whom other models flagged at the same time; tick one person's results to dismiss them too",
				templates.Plural(done.Results, "result", "results"), namesOf(back))
		}
		redirect(w, "/explore?"+url.Values{"q": {form.Get("q")}}.Encode())
		return nil
	}
	a := resultsDecided{
		Batch: done.Batch, Decided: []decided{}, Skipped: []skipped{}, Held: back,
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

// heldBack tells of whom a dismissal was held back.
func (p *pages) heldBack(r *request, back []store.HeldResults) ([]held, error) {
	out := []held{}
	if len(back) == 0 {
		return out, nil
	}
	x, err := p.db.Explored(r.Context())
	if err != nil {
		return nil, err
	}
	who, err := p.drawnAs(r, p.mode(r.Context()), x.People)
	if err != nil {
		return nil, err
	}
	for _, b := range back {
		h := held{Families: b.Families, Results: b.Results}
		if i := slices.IndexFunc(x.People, func(s store.Subject) bool { return s.ID == b.Employee }); i >= 0 {
			h.Who, _ = who.label(x.People[i])
		}
		out = append(out, h)
	}
	return out, nil
}

func namesOf(back []held) string {
	var names []string
	for _, h := range back {
		if !slices.Contains(names, h.Who) {
			names = append(names, h.Who)
		}
	}
	return strings.Join(names, ", ")
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
