package store

import (
	"math"
	"testing"
)

// daily makes 60 days without a value, then sets some.
func daily(set func(d []float64)) []float64 {
	d := make([]float64, Days)
	for i := range d {
		d[i] = math.NaN()
	}
	set(d)
	return d
}

func TestDrift(t *testing.T) {
	// Of 0.1 and 0.3 in turn the median is 0.2, the MAD 0.1, and so the limit 0.2 + 3 * 0.14826 = 0.64478.
	turns := func(d []float64) {
		for i := range d[:30] {
			d[i] = 0.1 + 0.2*float64(i%2)
		}
	}
	for _, tt := range []struct {
		name string
		days []float64
		want Drift
	}{
		{"nothing", daily(func([]float64) {}), Drift{}},
		{
			"14 values are too few", daily(func(d []float64) { copy(d, []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}) }),
			Drift{Values: 14, Last: 13, Now: 1},
		},
		{"4 values of the first 30 days are too few", daily(func(d []float64) {
			for i := 26; i < 60; i++ {
				d[i] = 0.5
			}
		}), Drift{Values: 34, Last: 59, Now: 0.5}},
		{"usual", daily(func(d []float64) { turns(d); d[59] = 1 }), // one high value moves the mean to about 0.44 only
			Drift{Known: true, Values: 31, Median: 0.2, Limit: 0.64478, Last: 59, Now: 1}},
		// from 0.2: 0.44, 0.608, 0.7256: the third high day rises through the limit
		{"drifts", daily(func(d []float64) {
			turns(d)
			d[55], d[57], d[58], d[59] = 1, 1, 1, 0.9
		}), Drift{Known: true, Values: 34, Median: 0.2, Limit: 0.64478, On: true, From: 58, Last: 59, Now: 0.9}},
		{"came back", daily(func(d []float64) {
			turns(d)
			for i := 40; i < 50; i++ {
				d[i] = 1
			}
			d[51], d[52], d[53] = 0, 0, 0
		}), Drift{Known: true, Values: 43, Median: 0.2, Limit: 0.64478, Last: 53, Now: 0}},
		{"equal values: a little more is no drift", daily(func(d []float64) {
			for i := range d {
				d[i] = 0.3
			}
			d[58], d[59] = 0.32, 0.32
		}), Drift{Known: true, Values: 60, Median: 0.3, Limit: 0.344478, Last: 59, Now: 0.32}},
	} {
		got := driftOf(tt.days)
		if !near(got.Median, tt.want.Median, 1e-9) || !near(got.Limit, tt.want.Limit, 1e-9) {
			t.Errorf("%s: median %v, limit %v; want %v, %v", tt.name, got.Median, got.Limit, tt.want.Median, tt.want.Limit)
		}
		got.Median, got.Limit = tt.want.Median, tt.want.Limit
		if got != tt.want {
			t.Errorf("%s: %+v; want %+v", tt.name, got, tt.want)
		}
	}
	if (Drift{On: true, Last: 52}).Current() || !(Drift{On: true, Last: 53}).Current() {
		t.Error("a drift goes on while a value of the last 7 days stands above the limit")
	}
}
