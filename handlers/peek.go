package handlers

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"

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
	now := local(p.db.Now())
	who, err := p.who(r, a.Who)
	if err != nil {
		return err
	}
	d := templates.PeekData{
		Glance: glance(r, a, who, now), Now: now, URL: placeOf(r.URL.Query()).url(alertPath(id)), Model: a.Reporter,
		Models: len(a.Models), Rank: terms(a.AlertHead), Open: a.State.Open(),
	}
	d.Why = a.Brief
	var listed int
	d.Evidence, listed = strongest(a)
	d.More = d.Pieces - listed
	d.Strip = templates.PersonStrip{First: utc(a.Past.From), Own: a.Past.Own, Peer50: a.Past.Band.Median, Peer95: a.Past.Band.P95}
	if a.Peers.Enough { // the strip shows them
		d.Peers = ""
	}
	return page(w, http.StatusOK, templates.Peek, d)
}

// glance is what the page of an alert and its peek both show.
func glance(r *request, a *store.AlertPage, who who, now time.Time) templates.Glance {
	g := templates.Glance{
		ID: a.ID, Score: a.Score, Scale: a.Scale, At: utc(a.Last), Flagged: a.Flagged, State: string(a.State), Status: standing(a.AlertHead, now),
		Why: a.Why, Dims: dimsOf(a), Pieces: a.Pieces, Decide: deciders.has(r.actor.Role), Snoozes: snoozes(now),
	}
	g.Label, g.Sub = whole(who, a.Who)
	g.Person, _ = who.links(r, a.Who)
	if h := a.Highest(); h != nil {
		g.At = utc(h.Date)
	}
	if a.Who.ID != 0 {
		g.Peers = peersLine(a.Peers)
	}
	return g
}

// strongest are the first pieces of evidence, those of the highest result before
// the others; what two models posted in the same words stands there once. listed
// counts the pieces that stand there.
func strongest(a *store.AlertPage) (out []templates.Evidence, listed int) {
	var first, rest []*store.Evidence
	for _, e := range a.Evidence {
		if h := a.Highest(); h != nil && slices.Contains(h.Evidence, e.ID) {
			first = append(first, e)
		} else {
			rest = append(rest, e)
		}
	}
	for _, e := range append(first, rest...) {
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

// look records that an alert was looked at in a panel.
func (p *pages) look(w http.ResponseWriter, r *request, id int64) error {
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
	return label, joined(", ", sub, differs(s.Department, s.Role))
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
