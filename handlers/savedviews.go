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
	v := store.SavedView{Name: f.Get("name"), View: f.Get("view"), Filter: strings.TrimSpace(f.Get("q")), Shared: f.Get("shared") != ""}
	if v.Shared && !deciders.has(r.actor.Role) {
		return store.Errorf(store.Forbidden, "sharing a view needs the role analyst or admin; you have %s", r.actor.Role)
	}
	_, err := store.SaveView(r.Context(), p.db, r.actor, v)
	if e := store.AsError(err); err != nil && e.Kind == store.Invalid {
		d, err := p.queueData(r, place{v.View, v.Filter})
		if err != nil {
			return err
		}
		d.Path = place{v.View, v.Filter}.url("/")
		d.SaveAs, d.SaveWhy = v.Name, sentence(problemOf(e))
		return page(w, http.StatusBadRequest, templates.Queue, d)
	} else if err != nil {
		return err
	}
	redirect(w, place{v.View, v.Filter}.url("/"))
	return nil
}

func (p *pages) deleteView(w http.ResponseWriter, r *request) error {
	id, err := r.idOf("view")
	if err == nil {
		err = store.DeleteView(r.Context(), p.db, r.actor, id)
	}
	if err != nil {
		return err
	}
	redirect(w, ownPath(r.PostForm.Get("back")))
	return nil
}

// filterHelp tells what may stand in the filter of the queue.
func filterHelp(at place, drawn []store.Dimension) []templates.FilterHelp {
	add := func(term string) string {
		return place{at.view, strings.TrimSpace(at.filter + " " + term)}.url("/")
	}
	out := []templates.FilterHelp{
		{Term: "score>=0.6", Does: "score over its model’s scale; also < <= > ="},
	}
	var keys []string
	for _, d := range drawn {
		keys = append(keys, strings.TrimSuffix(d.Name, "_anomaly"))
	}
	if len(keys) > 0 {
		out = append(out, templates.FilterHelp{Term: keys[0] + ">0.7", Does: "a dimension: " + strings.Join(keys, ", ")})
	}
	out = append(out,
		templates.FilterHelp{Term: "results>5", Does: "results in the alert"},
		templates.FilterHelp{Term: "is:flagged", Does: "the model says that it is important; is:changed after the decision"},
		templates.FilterHelp{Term: "state:in_review", Does: "new, in_review, snoozed, confirmed, dismissed, withdrawn"})
	for i := range out {
		out[i].URL = add(out[i].Term)
	}
	return append(out,
		templates.FilterHelp{Term: "dept:Sales", Does: "also role: and site:; role:eng* begins so"},
		templates.FilterHelp{Term: "model:usb-watch", Does: "all versions; model:\"usb-watch 1.0\" is one. Decisions on ticked alerts then cover its results alone"},
		templates.FilterHelp{Term: "id:MH022", Does: "one person"},
		templates.FilterHelp{Term: "dropbox", Does: "a word in an id, a role, a department, or the evidence"})
}
