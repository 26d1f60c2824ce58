package handlers

import (
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"citd/store"
	"citd/templates"
)

// A day that begins at 1 o'clock, since the clock is put forward at midnight, has its place among the others.
func TestDayWithoutMidnight(t *testing.T) {
	zone, err := time.LoadLocation("America/Santiago")
	if err != nil {
		t.Skip(err)
	}
	was := time.Local
	time.Local = zone
	t.Cleanup(func() { time.Local = was })
	s, _ := openDoor(t)
	p := &pages{server: s}
	for _, account := range []int64{0, 1} { // with and without what models posted
		d := templates.ActivityData{}
		d.Now = time.Date(2026, 9, 7, 18, 0, 0, 0, zone)
		var entries []store.Entry
		for day := 7; day >= 4; day-- {
			entries = append(entries, store.Entry{Seq: int64(day), Verb: "login", Object: "account", At: time.Date(2026, 9, day, 10, 0, 0, 0, zone).UnixMicro()})
		}
		r := &request{Request: httptest.NewRequest("GET", "/activity", nil)}
		if err := p.fillDays(r, &d, asked{ActivityQuery: store.ActivityQuery{Kind: store.AllActivity, Account: account}}, entries, 0, teller{}); err != nil {
			t.Fatal(err)
		}
		var labels []string
		for _, on := range d.Days {
			if len(on.Entries) == 1 {
				labels = append(labels, on.Label)
			}
		}
		if want := []string{"Today", "Yesterday", "Saturday 5 September", "Friday 4 September"}; !slices.Equal(labels, want) {
			t.Errorf("days %q; want %q", labels, want)
		}
	}
}
