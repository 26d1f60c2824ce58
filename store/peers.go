package store

import (
	"context"
	"math"
	"slices"
)

const (
	fewPeers    = 5  // fewer people, or fewer values on a day: nothing to compare with
	manyValues  = 20 // of a day, on average; with fewer the 95th percentile is the highest value
	pooledDays  = 7  // together, around each day, where a day alone has fewer values
	scoreSeries = 4  // place of the score in a person's series; before it the dimensions of 2014, after it the further ones
)

// Peers are the people that a person is compared with.
type Peers struct {
	Role   string // shared by all of them; empty: not known, so everyone is a peer
	Count  int    // people, without the person
	Pooled int    // days of which each day of the bands is made: 1, or 7 where there are few values
	Enough bool   // to compare with
}

// Band is what is usual among peers, day by day, over the scale of the model;
// NaN: too few values. Both are empty where nothing can be compared.
type Band struct{ Median, P95 []float64 }

// Newest returns the 95th percentile of the newest day that has one, else NaN.
func (b Band) Newest() float64 {
	v, _ := newestOf(b.P95)
	return v
}

// peerIDs lists the people of the same role but for the person.
func (db *DB) peerIDs(ctx context.Context, person int64, role string) ([]int64, error) {
	q, args := `SELECT id FROM person WHERE role = ?`, []any{role}
	if role == "" {
		q, args = `SELECT id FROM person`, nil
	}
	ids, err := db.ids(ctx, q, args...)
	return slices.DeleteFunc(ids, func(id int64) bool { return id == person }), err
}

// bands are what is usual among people, by series, and of how many days each day is made.
func (r *recent) bands(people []int64) (bands []Band, pooled int) {
	lists := r.lists(people)
	pooled = pool(&lists[scoreSeries])
	for i := range lists {
		bands = append(bands, bandOf(&lists[i], pooled/2))
	}
	return bands, pooled
}

// lists are the people's daily values, by series, of which the score's is always there, and day.
func (r *recent) lists(people []int64) [][Days][]float64 {
	lists := make([][Days][]float64, scoreSeries+1)
	var own dailyValues
	for _, id := range people {
		r.daily(id, &own)
		for len(lists) < len(own.series) {
			lists = append(lists, [Days][]float64{})
		}
		for _, at := range own.set {
			lists[at.series][at.day] = append(lists[at.series][at.day], own.series[at.series][at.day])
		}
	}
	return lists
}

// pool says of how many days each day of a band has to be made.
func pool(scores *[Days][]float64) int {
	days, values := 0, 0 // those that have a value, and these
	for _, l := range scores {
		if len(l) > 0 {
			days, values = days+1, values+len(l)
		}
	}
	if values < manyValues*days {
		return pooledDays
	}
	return 1
}

// bandOf takes the quantiles of each day's values and those of so many days on both sides.
func bandOf(days *[Days][]float64, around int) Band {
	b := Band{Median: nans(Days), P95: nans(Days)}
	var all []float64
	for i := range days {
		all = all[:0]
		for j := max(i-around, 0); j <= min(i+around, Days-1); j++ {
			all = append(all, days[j]...)
		}
		if len(all) >= fewPeers {
			b.P95[i], b.Median[i] = quantileOf(all, 0.95), quantileOf(all, 0.5)
		}
	}
	if len(known(b.P95)) == 0 {
		return Band{}
	}
	return b
}

// dailyValues are one person's highest levels by day, for each series.
type dailyValues struct {
	series []*[Days]float64 // NaN: no value; nil: none at all
	set    []place          // those that are not NaN
}

type place struct{ series, day int }

// days is one series, all NaN where there is no value.
func (d *dailyValues) days(series int) []float64 {
	out := nans(Days)
	if series < len(d.series) && d.series[series] != nil {
		copy(out, d.series[series][:])
	}
	return out
}

// raise takes v as the day's value if it is the highest so far.
func (d *dailyValues) raise(at place, v float64) {
	for len(d.series) <= at.series {
		d.series = append(d.series, nil)
	}
	days := d.series[at.series]
	if days == nil {
		days = (*[Days]float64)(nans(Days))
		d.series[at.series] = days
	}
	switch was := days[at.day]; {
	case math.IsNaN(was):
		d.set = append(d.set, at)
		days[at.day] = v
	case v > was:
		days[at.day] = v
	}
}

// daily gathers a person's series anew in d.
func (r *recent) daily(person int64, d *dailyValues) {
	for _, at := range d.set {
		d.series[at.series][at.day] = math.NaN()
	}
	d.set = d.set[:0]
	for day, c := range r.of(person) {
		scale := r.models[c.model].Scale
		d.raise(place{scoreSeries, day}, c.score/scale)
		for k, v := range c.dims {
			if v == v { // measured
				d.raise(place{k, day}, float64(v)/scale)
			}
		}
	}
	for _, x := range r.extras[person] {
		if day := int(x.day) - r.from; day >= 0 && day < Days {
			d.raise(place{scoreSeries + int(x.dimension), day}, float64(x.value)/r.models[x.model].Scale)
		}
	}
}
