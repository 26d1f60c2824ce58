package handlers

import (
	"net/http"
	"strings"

	"citd/store"
	"citd/templates"
)

// fillSaved lists the views that have a name.
func (p *pages) fillSaved(r *request, d *templates.QueueData, at place) error {
	list, err := store.SavedViews(r.Context(), p.db, r.actor)
	if err != nil {
		return err
	}
	d.MayShare = deciders.has(r.actor.Role)
	for _, v := range list {
		x := templates.SavedView{
			ID: v.ID, Name: v.Name, URL: place{v.View, v.Filter}.url("/"), Shared: v.Shared, Current: v.View == at.view && v.Filter == at.filter && at.filter != "",
			Mine: v.Owner == r.actor.ID || r.actor.Role == store.Admin,
		}
		if v.Owner != r.actor.ID {
			x.By = v.By
		}
		if x.Current { // then the built-in view that it narrows is not
			for i := range d.Views {
				d.Views[i].Current = false
			}
		}
		d.Saved = append(d.Saved, x)
	}
	return nil
}

// saveView keeps the view and the filter of the queue under a name.
func (p *pages) saveView(w http.ResponseWriter, r *request) error {
	f := r.PostForm
	at := place{f.Get("view"), strings.TrimSpace(f.Get("q"))}
	v := store.SavedView{Name: f.Get("name"), View: at.view, Filter: at.filter, Shared: f.Get("shared") != ""}
	if v.Shared && !deciders.has(r.actor.Role) {
		return store.Errorf(store.Forbidden, "sharing a view needs the role analyst or admin; you have %s", r.actor.Role)
	}
	_, err := store.SaveView(r.Context(), p.db, r.actor, v)
	if e := store.AsError(err); err != nil && e.Kind == store.Invalid {
		d, err := p.queueData(r, at)
		if err != nil {
			return err
		}
		d.Path, d.SaveAs, d.SaveWhy = at.url("/"), v.Name, sentence(problemOf(e))
		return page(w, http.StatusBadRequest, templates.Queue, d)
	} else if err != nil {
		return err
	}
	redirect(w, at.url("/"))
	return nil
}

func (p *pages) deleteView(w http.ResponseWriter, r *request, id int64) error {
	if err := store.DeleteView(r.Context(), p.db, r.actor, id); err != nil {
		return err
	}
	redirect(w, ownPath(r.PostForm.Get("back")))
	return nil
}

// filterHelp tells what may stand in the filter of the queue.
func filterHelp(at place, drawn []store.Dimension) []templates.FilterHelp {
	keys := make([]string, len(drawn)) // the four of 2014 are always there
	for i, d := range drawn {
		keys[i] = strings.TrimSuffix(d.Name, "_anomaly")
	}
	try := func(term, does string) templates.FilterHelp {
		return templates.FilterHelp{Term: term, Does: does, URL: place{at.view, strings.TrimSpace(at.filter + " " + term)}.url("/")}
	}
	return []templates.FilterHelp{
		try("score>=0.6", "score over its model’s scale; also < <= > ="),
		try(keys[0]+">0.7", "a dimension: "+strings.Join(keys, ", ")),
		try("results>5", "results in the alert"),
		try("is:flagged", "the model says that it is important; is:changed after the decision"),
		try("state:in_review", "new, in_review, snoozed, confirmed, dismissed, withdrawn"),
		{Term: "dept:Sales", Does: "also role: and site:; role:eng* begins so"},
		{Term: "model:usb-watch", Does: "all versions; model:\"usb-watch 1.0\" is one. Decisions on ticked alerts then cover its results alone"},
		{Term: "id:MH022", Does: "one person"},
		{Term: "dropbox", Does: "a word in an id, a role, a department, or the evidence"},
	}
}
