package store

import (
	"fmt"
	"strings"
	"testing"
)

// heat is the heat map as of now.
func (d *desk) heat() *Heatmap {
	d.Helper()
	m, err := d.db.Heatmap(d.Context(), d.asOf())
	if err != nil {
		d.Fatal(err)
	}
	return m
}

// daysOf lists the days with a result as "days ago: level".
func daysOf(r HeatRow) string {
	var s strings.Builder
	for i, v := range r.Levels {
		if v != NotMeasured {
			fmt.Fprintf(&s, "%d:%d ", Days-1-i, v)
		}
	}
	return s.String()
}

func TestHeatmap(t *testing.T) {
	d := newDesk(t)
	ab, cd, ef := d.person("AB1", "Engineer", ""), d.person("CD2", "Clerk", ""), d.person("EF3", "", "")
	d.result(ab, 0, "usb 1", 0.5, "")
	d.result(ab, 0, "mail 1", 0.72, "") // the day's highest counts
	d.result(ab, 0, "usb 1", 0.1, "")
	d.result(ab, 59, "usb 1", 0.304, "")
	d.result(ab, 60, "usb 1", 0.99, "") // before the first day
	d.result(ab, -3, "usb 1", 0.98, "") // and after the last
	d.result(cd, 7, "bits 2", 80, "")
	d.result(cd, 8, "usb 1", -1, "")
	d.result(cd, 9, "usb 1", 0, "")
	if _, err := Write(t.Context(), d.db, func(tx *Tx) (any, error) { return tx.Exec(`UPDATE model SET scale = 100 WHERE name = 'bits 2'`) }); err != nil {
		t.Fatal(err)
	}
	m := d.heat()
	want := map[int64]string{ab: "59:30 0:72 ", cd: "9:0 8:0 7:80 ", ef: ""}
	if m.People != 3 || len(m.Rows) != 3 || m.From != int64(dayNumber(d.asOf())-59) {
		t.Errorf("%d rows of %d people from %d", len(m.Rows), m.People, m.From)
	}
	for _, r := range m.Rows {
		if got := daysOf(r); got != want[r.ID] {
			t.Errorf("%s: %q, want %q", r.EmployeeID, got, want[r.ID])
		}
	}
	if d.heat() != m {
		t.Error("made twice from the same commit")
	}
	d.result(ef, 1, "usb 1", 0.4, "")
	if m = d.heat(); daysOf(m.Rows[2]) != "1:40 " || m.Rows[2].Role != "" || m.Rows[0].Department != "IT" {
		t.Errorf("after a post: %+v", m.Rows[2])
	}
	d.now = d.now.AddDate(0, 0, 1)
	if m = d.heat(); daysOf(m.Rows[0]) != "1:72 " {
		t.Errorf("a day later: %s", daysOf(m.Rows[0]))
	}
}

// Of more than 200 people, those with the highest peaks are shown.
func TestHeatmapOfMany(t *testing.T) {
	d := newDesk(t)
	for i := range 203 {
		id := d.person(fmt.Sprintf("P%03d", i), "", "")
		if i > 0 {
			d.result(id, i%60, "usb 1", float64(i)/1000, "")
		}
	}
	m := d.heat()
	if m.People != 203 || len(m.Rows) != maxHeatRows || m.Rows[0].EmployeeID != "P003" {
		t.Errorf("%d rows of %d people, the first %s", len(m.Rows), m.People, m.Rows[0].EmployeeID)
	}
}
