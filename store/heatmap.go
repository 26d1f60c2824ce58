package store

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
)

const maxHeatRows = 200 // people on the heat map

// Heatmap is how highly people were reported, day by day. It is shared between
// requests: treat it as read-only.
type Heatmap struct {
	From   int64 // the first of Days days, counted from 1970, UTC
	People int   // in the file
	Rows   []HeatRow

	gen int64
}

// HeatRow is one person on the heat map.
type HeatRow struct {
	Subject
	Levels [Days]int8 // highest score over scale of each day, 0 to 100; NotMeasured: no result
}

// Heatmap returns the days that end with asOf, for at most 200 people: everybody
// if there are no more, else those with the highest peaks.
func (db *DB) Heatmap(ctx context.Context, asOf int64) (*Heatmap, error) {
	r, err := db.lately(ctx, asOf)
	if err != nil {
		return nil, err
	}
	defer r.done()
	if m := db.heatmap.Load(); m != nil && m.gen == r.gen && m.From == int64(r.from) {
		return m, nil
	}
	m := &Heatmap{From: int64(r.from), gen: r.gen}
	if m.People, err = db.CountPeople(ctx); err != nil {
		return nil, err
	}
	ids := r.hottest(maxHeatRows)
	if m.People <= maxHeatRows {
		if ids, err = db.ids(ctx, `SELECT id FROM person`); err != nil {
			return nil, err
		}
	}
	list, err := db.Subjects(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(list)) {
		m.Rows = append(m.Rows, HeatRow{Subject: list[id], Levels: r.levels(id)})
	}
	db.heatmap.Store(m)
	return m, nil
}

// hottest returns the n people with the highest peaks, of those with a result.
func (r *recent) hottest(n int) []int64 {
	type person struct {
		id   int64
		peak float64
	}
	list := make([]person, 0, len(r.cells))
	for id := range r.cells {
		p := person{id, math.Inf(-1)}
		for _, c := range r.of(id) {
			p.peak = max(p.peak, r.level(c))
		}
		if !math.IsInf(p.peak, -1) {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b person) int { return cmp.Or(cmp.Compare(b.peak, a.peak), cmp.Compare(a.id, b.id)) })
	ids := make([]int64, min(n, len(list)))
	for i := range ids {
		ids[i] = list[i].id
	}
	return ids
}

// levels are a person's highest levels by day.
func (r *recent) levels(person int64) (days [Days]int8) {
	for i := range days {
		days[i] = NotMeasured
	}
	for day, c := range r.of(person) {
		days[day] = max(days[day], percentOf(r.level(c)))
	}
	return days
}
