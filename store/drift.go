package store

import "math"

// Days and numbers of days that need a value before anything is said of a person's own range.
const (
	Days         = 60   // drawn and compared
	baseDays     = 30   // at their beginning, the usual range is taken from these ...
	baseValues   = 5    // ... if so many of them have a value, ...
	driftValues  = 15   // ... and so many of all days
	driftWeight  = 0.3  // of the newest value in the running mean
	driftSpread  = 3    // scaled median deviations above the median begin the unusual
	driftFloor   = 0.01 // smallest median deviation, so that equal values do not make any other one a drift
	driftCurrent = 7    // days without a value after which a drift is no longer going on
)

// Drift says whether a person's daily score has left the person's own usual range.
type Drift struct {
	Known  bool // there are values enough to say
	Values int  // days with a value
	Median float64
	Limit  float64 // the running mean above it is a drift
	On     bool    // the running mean stands above the limit
	From   int     // day on which it last rose through the limit; only with On
	Last   int     // newest day with a value
	Now    float64 // its value
}

// Current reports whether the drift goes on: it stands above the limit, and the newest value is not old.
func (d Drift) Current() bool { return d.On && d.Last >= Days-driftCurrent }

// driftOf judges the daily values of a person, oldest first, NaN for a day without one.
func driftOf(days []float64) Drift {
	var d Drift
	var at []int
	var values, base []float64
	for i, v := range days {
		if math.IsNaN(v) {
			continue
		}
		at, values = append(at, i), append(values, v)
		if i < baseDays {
			base = append(base, v)
		}
		d.Last, d.Now = i, v
	}
	d.Values = len(values)
	if d.Known = len(values) >= driftValues && len(base) >= baseValues; !d.Known {
		return d
	}
	d.Median = medianOf(base)
	d.Limit = d.Median + driftSpread*madScale*max(mad(base, d.Median), driftFloor)
	for i, mean := range ewma(values, driftWeight, d.Median) {
		switch {
		case mean <= d.Limit:
			d.On, d.From = false, 0
		case !d.On:
			d.On, d.From = true, at[i]
		}
	}
	return d
}
