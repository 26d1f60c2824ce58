package handlers

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"citd/store"
	"citd/templates"
)

const (
	peekEvidence = 6 // pieces that a peek lists
	farFrom      = 1 // rank among peers from which only "top 1%" is said, in hundredths
)

// peek answers with the panel beside the queue. It is on record only once it was
// shown for two seconds: then the page says so, see look.
func (p *pages) peek(w http.ResponseWriter, r *request, id int64) error {
	a, err := p.db.Peek(r.Context(), id)
	if err != nil {
		return err
	}
	mode, now := p.mode(r.Context()), local(p.db.Now())
	who, err := p.who(r, mode, a.Who)
	if err != nil {
		return err
	}
	d := templates.PeekData{
		ID: id, Now: now, URL: placeOf(r.URL.Query()).url(alertPath(id)), Score: a.Score, Scale: a.Scale, Model: a.Reporter, At: utc(a.Last),
		Flagged: a.Flagged, Models: len(a.Models), State: string(a.State), Status: standing(a.AlertHead, now), Rank: terms(a.AlertHead),
		Pieces: a.Pieces, Decide: deciders.has(r.actor.Role), Open: a.State.Open(), Snoozes: snoozes(now),
	}
	d.Label, d.Sub = whole(who, a.Who)
	d.Person, _ = who.links(r, a.Who)
	d.Why, d.Dims = a.Brief, dimsOf(a)
	for _, h := range a.Held {
		if h.ID == a.Result {
			d.At = utc(h.Date)
		}
	}
	var listed int
	d.Evidence, listed = strongest(a)
	d.More = d.Pieces - listed
	d.Strip = templates.PersonStrip{First: utc(a.Past.From), Own: a.Past.Own, Peer50: a.Past.Band.Median, Peer95: a.Past.Band.P95}
	if !a.Peers.Enough {
		d.Peers = peersLine(a.Peers)
	}
	return page(w, http.StatusOK, templates.Peek, d)
}

// strongest are the first pieces of evidence, those of the highest result before
// the others; what two models posted in the same words stands there once. listed
// counts the pieces that stand there.
func strongest(a *store.AlertPage) (out []templates.Evidence, listed int) {
	var top []int64
	for _, h := range a.Held {
		if h.ID == a.Result {
			top = h.Evidence
		}
	}
	list := slices.Clone(a.Evidence)
	slices.SortStableFunc(list, func(x, y *store.Evidence) int {
		return cmp.Compare(rankOf(slices.Contains(top, y.ID)), rankOf(slices.Contains(top, x.ID)))
	})
	for _, e := range list {
		x := templates.Evidence{Type: e.Type, Text: e.Description, From: utc(e.From), To: utc(e.To)}
		switch i := slices.IndexFunc(out, func(y templates.Evidence) bool { y.Times = 0; return x == y }); {
		case i >= 0:
			out[i].Times = max(out[i].Times, 1) + 1
			listed++
		case len(out) < peekEvidence:
			out, listed = append(out, x), listed+1
		}
	}
	return out, listed
}

func rankOf(first bool) int {
	if first {
		return 1
	}
	return 0
}

// look records that an alert was looked at in a panel.
func (p *pages) look(w http.ResponseWriter, r *request) error {
	id, err := r.idOf("alert")
	if err != nil {
		return err
	}
	if _, err := p.db.Row(r.Context(), id); err != nil {
		return err
	}
	if err := p.looked(r, "alert", id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// whole is a person's label, and role and department beside it.
func whole(w who, s store.Subject) (label, sub string) {
	label, sub = w.label(s)
	if dept := differs(s.Department, s.Role); dept != "" {
		sub = strings.TrimPrefix(sub+", "+dept, ", ")
	}
	return label, sub
}

// dimsOf are the dimensions of an alert beside the person's own and the peers'.
func dimsOf(a *store.AlertPage) []templates.Dim {
	out := make([]templates.Dim, len(a.Dims))
	for i, x := range a.Dims {
		d := tooth(x.Dimension, cmp.Or(x.Scale, 1))
		d.Value, d.Median, d.Values, d.Peer50, d.Peer95, d.Share, d.Rank = x.Value, x.Median, x.Values, x.Peer50, x.Peer95, x.Share, rankIn(x)
		out[i] = d
	}
	return out
}

// rankIn tells where a value stands among the peers' values: "top 1%", "p98".
// Where there are less than 100 of them, nobody is said to be at the top.
func rankIn(d store.AlertDim) string {
	switch {
	case d.Peer95 == nil:
		return ""
	case d.Below == 0:
		return "lowest"
	case d.Below == 1 && d.PeerValues < 100:
		return fmt.Sprintf("above all %d", d.PeerValues)
	case d.Below >= 1-farFrom/100.:
		return "top 1%"
	}
	return fmt.Sprintf("p%d", int(d.Below*100))
}
