package handlers

import (
	"fmt"
	"strconv"
	"time"

	"citd/store"
	"citd/templates"
)

// charts draw what arrived on each of 60 days, and the open alerts by score.
func (p *pages) charts(r *request, now time.Time, h store.QueueHead) ([]templates.Bars, error) {
	days, err := p.db.Arrivals(r.Context())
	today := days[store.Days-1]
	charts := []templates.Bars{{
		Title: "Arrivals a day", Figure: strconv.Itoa(today) + " today", Label: fmt.Sprintf("Results received on each of 60 days; %d today", today),
		Counts: days[:], Hot: store.Days - 1, Quiet: true, Axis: []string{now.AddDate(0, 0, 1-store.Days).Format("2 Jan"), now.Format("2 Jan")},
	}}
	if h.Open > 0 {
		charts = append(charts, scoreBars(h.Scores[:]))
	}
	return charts, err
}

// scoreBars is the histogram of open scores, from the first tenth that holds one, but from 0.5 at the latest.
func scoreBars(bins []int) templates.Bars {
	first, hot, high := 0, len(bins)*7/10, 0
	for first+2 <= len(bins)/2 && bins[first] == 0 && bins[first+1] == 0 {
		first += 2
	}
	for _, n := range bins[hot:] {
		high += n
	}
	figure, low := strconv.Itoa(high)+" from 0.7 up", float64(first)/float64(len(bins))
	return templates.Bars{
		Title: "Open, by score", Figure: figure, Label: "Open alerts by score; " + figure, Counts: bins[first:], Hot: hot - first,
		Axis: []string{strconv.FormatFloat(low, 'f', 1, 64), strconv.FormatFloat((low+1)/2, 'g', 2, 64), "1.0"},
	}
}

// fillSteps tells who is new in the demo what to do first.
func (p *pages) fillSteps(r *request, d *templates.QueueData) error {
	if !p.opt.Demo || !d.Decide || d.Need == 0 {
		return nil
	}
	made, err := p.db.AnyVerdict(r.Context(), r.actor.ID)
	if err == nil && !made {
		d.Steps = &templates.Steps{Top: "#main", Feedback: store.Base + "feedback/"}
	}
	return err
}
