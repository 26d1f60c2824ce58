package store

import (
	"fmt"
	"math"
	"os"
	"testing"
	"time"
)

func (d *desk) models() map[string]ModelStats {
	d.Helper()
	list, err := d.db.ModelStats(d.Context(), d.asOf())
	if err != nil {
		d.Fatal(err)
	}
	out := map[string]ModelStats{}
	for _, m := range list {
		out[m.Name] = m
	}
	return out
}

func TestModelStats(t *testing.T) {
	d := newDesk(t)
	var alerts [3]int64
	for i, scores := range [][]float64{{0.1, 0.3}, {0.33, 0.34, 0.95}, {1}} { // dismissed, confirmed, open
		p := d.person(fmt.Sprint("P", i), "Engineer", "")
		for _, s := range scores {
			d.result(p, i, "usb 1", s, "")
		}
		if err := d.db.r.QueryRow(`SELECT max(id) FROM alert`).Scan(&alerts[i]); err != nil {
			t.Fatal(err)
		}
	}
	d.result(1, 70, "old 1", 0.5, "")
	for i, c := range []Choice{dismissed, {Action: Confirm}} {
		if _, err := Decide(t.Context(), d.db, d.ana, alerts[i], c); err != nil {
			t.Fatal(err)
		}
	}
	m := d.models()["usb 1"]
	if m.Count != 6 || m.Wrong != 2 || m.Right != 3 || m.Open != 1 || m.Decided() != 5 || m.Rate() != 0.6 {
		t.Errorf("%+v", m)
	}
	if m.Volume[Days-1] != 2 || m.Volume[Days-2] != 3 || m.Volume[Days-3] != 1 {
		t.Errorf("volume %v", m.Volume)
	}
	if !near(m.Median, 0.335, 1e-9) || m.Low != 0 || m.High != 1 {
		t.Errorf("median %v, ends %v to %v", m.Median, m.Low, m.High)
	}
	if b, c := m.Bins, m.Confirmed; b[2] != 1 || b[6] != 3 || b[19] != 2 || c[6] != 2 || c[19] != 1 || c[2] != 0 {
		t.Errorf("bins %v, confirmed %v", b, c)
	}
	if low, high := wilson(3, 5); m.RateLow != low || m.RateHigh != high {
		t.Errorf("interval %v to %v", m.RateLow, m.RateHigh)
	}
	if m.Gap != 0 || m.Silent || m.Moved != nil {
		t.Errorf("too little is known to say: %+v", m)
	}
	old := d.models()["old 1"]
	if old.Count != 0 || old.Last == 0 || !math.IsNaN(old.Median) || !math.IsNaN(old.Rate()) {
		t.Errorf("a model of 70 days ago: %+v", old)
	}
}

func TestEnds(t *testing.T) {
	for _, tt := range []struct {
		scores    []float64
		scale     float64
		low, high float64
	}{
		{nil, 1, 0, 1},
		{[]float64{0.2, 1}, 1, 0, 1},
		{[]float64{78.5}, 1, 0, 100},
		{[]float64{78.5}, 100, 0, 100},
		{[]float64{-2.2, 3.1}, 1, -5, 5},
	} {
		if low, high := ends(tt.scores, tt.scale); low != tt.low || high != tt.high {
			t.Errorf("%v of scale %v: %v to %v; want %v to %v", tt.scores, tt.scale, low, high, tt.low, tt.high)
		}
	}
}

// A model is silent when it is late by five usual gaps, and by more than its nights and weekends.
func TestSilence(t *testing.T) {
	now := time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)
	hourly := func(last time.Duration, skip func(time.Time) bool) (at []int64) {
		for when := now.AddDate(0, 0, -30); !when.After(now.Add(-last)); when = when.Add(time.Hour) {
			if skip == nil || !skip(when) {
				at = append(at, when.UnixMicro(), when.Add(time.Minute).UnixMicro()) // two at a time
			}
		}
		return at
	}
	weekend := func(t time.Time) bool { return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday }
	for _, tt := range []struct {
		name     string
		received []int64
		silent   bool
		gap      time.Duration
	}{
		{"nothing", nil, false, 0},
		{"four gaps say nothing", hourly(0, nil)[:10], false, 0},
		{"hourly", hourly(0, nil), false, 59 * time.Minute},
		{"hourly, late by 4 hours", hourly(4*time.Hour, nil), false, 59 * time.Minute},
		{"hourly, late by 6 hours", hourly(6*time.Hour, nil), true, 59 * time.Minute},
		{"working days, late by a day", hourly(24*time.Hour, weekend), false, 59 * time.Minute},
		{"working days, late by 3 days", hourly(72*time.Hour, weekend), true, 59 * time.Minute},
	} {
		var m ModelStats
		if m.silence(tt.received, now.UnixMicro()); m.Silent != tt.silent || m.Gap != tt.gap {
			t.Errorf("%s: silent %t, gap %s; want %t, %s", tt.name, m.Silent, m.Gap, tt.silent, tt.gap)
		}
	}
}

func TestShift(t *testing.T) {
	even := func(n int, from, to float64) (out []float64) {
		for i := range n {
			out = append(out, from+(to-from)*float64(i)/float64(n))
		}
		return out
	}
	for _, tt := range []struct {
		name    string
		was, is []float64
		moved   bool
	}{
		{"the same", even(100, 0, 1), even(300, 0, 1), false},
		{"a little", even(400, 0, 1), even(400, 0.05, 1), false},
		{"up by half", even(400, 0, 1), even(400, 0.5, 1.5), true},
		{"narrower", even(400, 0, 1), even(400, 0.4, 0.6), true},
		{"too few to say", even(400, 0, 1), even(29, 0.5, 1.5), false},
		{"few: may be chance", even(30, 0, 1), even(30, 0.2, 1), false},
		{"all equal", even(100, 0.5, 0.5), even(100, 0.5, 0.5), false},
	} {
		if got := shift(tt.was, tt.is); (got > 0) != tt.moved {
			t.Errorf("%s: index %v; want moved %t", tt.name, got, tt.moved)
		}
	}
}

// A new version is compared with the one before, which is then not called silent.
func TestVersions(t *testing.T) {
	d := newDesk(t)
	p, today := d.person("P1", "Engineer", ""), d.now
	for i := range 60 {
		d.now = today.AddDate(0, 0, i-59) // received that day
		version := "web 1.3"
		if i >= 30 {
			version = "web 1.4"
		}
		for k := range 2 {
			s := float64(i%10)/20 + float64(k)/40
			d.result(p, 0, "mail", s, "")
			if i >= 30 {
				s += 0.4
			}
			d.result(p, 0, version, s, "")
		}
	}
	got := d.models()
	was, is := got["web 1.3"], got["web 1.4"]
	if was.Silent || was.Replaced != "web 1.4" {
		t.Errorf("1.3: silent %t, replaced by %q", was.Silent, was.Replaced)
	}
	if is.Moved == nil || is.Moved.Than != "web 1.3" || is.Replaced != "" || is.Moved.Now < is.Moved.Before || is.Moved.Was != 2 {
		t.Errorf("1.4: %+v", is.Moved)
	}
	if m := got["mail"]; m.Moved != nil || m.Replaced != "" {
		t.Errorf("mail: %+v, replaced by %q", m.Moved, m.Replaced)
	}
}

// What the demo's story says of its models (testdata/demo): mail-graph was out on
// days 44 to 46, and web-risk 1.4 posts ten times as much as 1.3 did.
func TestDemoModels(t *testing.T) {
	fixture, err := os.ReadFile("../testdata/demo.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t)
	d.now = time.Date(2026, 5, 1, 10, 40, 0, 0, time.UTC)
	if _, err := LoadDemo(t.Context(), d.db, d.ana, fixture); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		asOf   time.Time
		silent string
	}{
		{time.Date(2026, 5, 1, 10, 40, 0, 0, time.UTC), ""},
		{time.Date(2026, 4, 14, 23, 50, 0, 0, time.UTC), ""},
		{time.Date(2026, 4, 17, 23, 50, 0, 0, time.UTC), "mail-graph 0.9"},
		{time.Date(2026, 4, 24, 23, 50, 0, 0, time.UTC), ""},
	} {
		list, err := d.db.ModelStats(t.Context(), tt.asOf.UnixMicro())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			if m.Count > 0 && m.Silent != (m.Name == tt.silent) {
				t.Errorf("%s: %s silent %t, last %s", tt.asOf, m.Name, m.Silent, time.UnixMicro(m.Last).UTC())
			}
		}
	}
	m := d.models()["web-risk 1.4"]
	if m.Moved == nil || m.Moved.Than != "web-risk 1.3" || m.Moved.Is < 8*m.Moved.Was || m.Decided() >= FewDecisions {
		t.Errorf("web-risk 1.4: %+v, moved %+v", m, m.Moved)
	}
}

// Scores at the ends of what a float64 holds are counted as others are.
func TestScoresAtTheEnds(t *testing.T) {
	for _, scores := range [][]float64{{-1.7e308, 1.7e308}, {-5e-324, 5e-324}, {-math.MaxFloat64, 0}} {
		d := newDesk(t)
		p := d.person("P", "Engineer", "")
		for _, s := range scores {
			d.result(p, 1, "m 1", s, "")
		}
		if m := d.models()["m 1"]; m.Count != 2 || m.Low > scores[0] || m.High < scores[1] || m.Bins[0]+m.Bins[scoreBins-1] != 2 {
			t.Errorf("%v: %d results from %v to %v, %v", scores, m.Count, m.Low, m.High, m.Bins)
		}
	}
}
