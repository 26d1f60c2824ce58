package handlers

import (
	"fmt"
	"math"
	"net/http"
	"time"

	"citd/store"
	"citd/templates"
)

func (p *pages) modelsPage(w http.ResponseWriter, r *request) error {
	asOf := p.db.Now()
	list, err := p.db.ModelStats(r.Context(), asOf)
	if err != nil {
		return err
	}
	d := templates.ModelsData{Frame: p.frame(r, "Models", "models"), Few: store.FewDecisions}
	d.First = utc(asOf).Truncate(24*time.Hour).AddDate(0, 0, 1-store.Days)
	for _, x := range list {
		card := templates.ModelCard{ModelStats: x, Last: orZero(x.Last), Median: known(x.Median)}
		if x.Gap > 0 {
			card.Gap = gapWords(x.Gap)
		}
		if x.Moved != nil {
			card.Moved = movedWords(x)
		}
		if x.Count > 0 {
			card.Results = address(nav.Explore, "q", "model:"+store.Quoted(x.Name))
		}
		d.Models = append(d.Models, card)
	}
	return page(w, http.StatusOK, templates.Models, d)
}

// movedWords tell how the scores shifted, and what it takes to judge that.
func movedWords(x store.ModelStats) string {
	m := x.Moved
	than := "Scores moved in the second half of these days"
	if m.Than != "" {
		than = "Scores moved against " + m.Than
	}
	s := fmt.Sprintf("%s (stability index %.2f): the median went from %s to %s, with %s results a day instead of %s.",
		than, m.Index, store.Figure(m.Before), store.Figure(m.Now), perDay(m.Is), perDay(m.Was))
	if n := x.Decided(); n < store.FewDecisions {
		s += fmt.Sprintf(" %d verdicts of %s are needed to tell if that is right; %d so far.", store.FewDecisions, store.Count(x.Count), n)
	}
	return s
}

// perDay writes a rate: 1.5, 14.
func perDay(v float64) string {
	if v < 10 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", math.Round(v))
}

// gapWords writes a usual gap: "9 h", "40 min", "3 d", with blanks that do not break.
func gapWords(d time.Duration) string {
	switch {
	case d < 90*time.Minute:
		return fmt.Sprintf("%d\u00a0min", int(d.Round(time.Minute).Minutes()))
	case d < 72*time.Hour:
		return fmt.Sprintf("%d\u00a0h", int(d.Round(time.Hour).Hours()))
	}
	return fmt.Sprintf("%d\u00a0d", int(d.Round(24*time.Hour).Hours()/24))
}
