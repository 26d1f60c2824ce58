package templates

import (
	"testing"
	"time"

	"citd/store"
)

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0.00", .54: "0.54", .999: "1.00", 9.5: "9.50", 78.5: "78.5", 100: "100", -2.345: "-2.35",
		1240.26: "1240.3", .0031: "0.0031", 2.5e6: "2.5e+06", 1e300: "1e+300",
	} {
		if got := store.Figure(v); got != want {
			t.Errorf("store.Figure(%v) = %q; want %q", v, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1240: "1,240", -1240: "-1,240", 1510000: "1,510,000"} {
		if got := store.Count(n); got != want {
			t.Errorf("store.Count(%d) = %q; want %q", n, got, want)
		}
	}
	if got := clip(3, "äöüß"); got != "äöü…" {
		t.Errorf("clip cuts letters, not bytes: %q", got)
	}
	for name, want := range map[string]string{"A. Keane": "AK", "a-keane": "AK", "-": "-", "ana": "AN", "": "", "ö": "Ö", "Ana Maria Ruiz": "AR"} {
		if got := initials(name); got != want {
			t.Errorf("initials(%q) = %q; want %q", name, got, want)
		}
	}
}

func TestTimes(t *testing.T) {
	for _, c := range []struct {
		at                  time.Time
		age, waited, clocks string
	}{
		{now.Add(time.Minute), "now", "0 minutes", "today 09:41"},
		{before(30 * time.Second), "now", "0 minutes", "today 09:39"},
		{before(39 * time.Minute), "39 min", "39 minutes", "today 09:01"},
		{before(time.Hour), "1 h", "1 hour", "today 08:40"},
		{before(30 * time.Hour), "1 d", "30 hours", "22 Nov 03:40"},
		{before(7 * 24 * time.Hour), "7 d", "7 days", "16 Nov 09:40"},
		{before(400 * 24 * time.Hour), "19 Oct 2025", "400 days", "19 Oct 2025 09:40"},
	} {
		if a, w, k := age(now, c.at).Text, waited(now, c.at).Text, clock(now, c.at).Text; a != c.age || w != c.waited || k != c.clocks {
			t.Errorf("%v: %q, %q, %q; want %q, %q, %q", c.at, a, w, k, c.age, c.waited, c.clocks)
		}
	}
	east := time.FixedZone("", 9*3600)
	if got := clock(now.In(east), time.Date(2026, 11, 23, 0, 5, 0, 0, east)).Text; got != "today 00:05" {
		t.Errorf("today is by the zone of the reader: %q", got)
	}
}
