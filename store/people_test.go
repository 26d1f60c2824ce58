package store

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// list asks for people and returns their ids in one line.
func (d *desk) list(q PeopleQuery) (string, []PersonRow) {
	d.Helper()
	rows, found, err := d.db.People(d.Context(), q, d.asOf())
	if err != nil {
		d.Fatal(err)
	}
	var ids []string
	for _, r := range rows {
		ids = append(ids, r.EmployeeID)
	}
	return fmt.Sprintf("%d: %s", found, strings.Join(ids, " ")), rows
}

func fourPeople(t *testing.T) *desk {
	d := newDesk(t)
	b := d.person("B2", "Lawyer", `, "name": "Zoe Oxfordley"`)
	a := d.person("A1", "Engineer", `, "name": "Yann Breit"`)
	d.person("C3", "Engineer", `, "name": "Xenia Cole", "site": "Oxford"`) // no result
	e := d.person("D4", "Clerk", `, "name": "Wim Dorn"`)
	d.result(b, 0, "usb 1", 0.3, `, "device_anomaly": 0.3, "file_anomaly": 0.8, "disk_anomaly": 0.2`)
	d.result(b, 6, "usb 1", 0.7, `, "device_anomaly": 0.1`)
	d.result(b, 7, "usb 1", 0.9, "") // 8 days ago: not of the 7
	d.result(a, 3, "usb 1", 0.6, `, "email_anomaly": 0`)
	d.result(a, 36, "usb 1", 0.1, "") // the last of the 30 before
	d.result(a, 37, "usb 1", 0.9, "") // before those
	d.result(a, 3, "mail 1", 9, "")   // of a scale of 10: not the peak of C3, but this one's
	d.result(e, 50, "usb 1", 0.5, "")
	if _, err := d.db.conn.ExecContext(t.Context(), `UPDATE model SET scale = 10 WHERE name = 'mail 1'`); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestPeople(t *testing.T) {
	d := fourPeople(t)
	for _, tt := range []struct {
		name string
		q    PeopleQuery
		want string
	}{
		{"by peak; who has none comes last", PeopleQuery{Order: ByPeak}, "4: A1 B2 C3 D4"}, // 0.9 of scale, 0.7
		{"by change: +0.8, -0.2", PeopleQuery{Order: ByChange}, "4: A1 B2 C3 D4"},
		{"by days above the role: 1 over 0.5, 3 over 3, 0 over 0, 0 over 0.5", PeopleQuery{Order: ByDays}, "4: A1 B2 D4 C3"},
		{"by open alerts", PeopleQuery{Order: ByOpen}, "4: A1 B2 D4 C3"}, // 2, 1, 1, 0
		{"by id", PeopleQuery{Order: ByLabel}, "4: A1 B2 C3 D4"},
		{"by role", PeopleQuery{Order: ByRole}, "4: D4 A1 C3 B2"},
		{"part of a role", PeopleQuery{Order: ByPeak, Search: " ENGIN "}, "2: A1 C3"},
		{"a site", PeopleQuery{Order: ByPeak, Search: "oxf"}, "1: C3"},
		{"nobody", PeopleQuery{Order: ByPeak, Search: "%"}, "0: "},
		{"a hidden name", PeopleQuery{Order: ByPeak, Search: "Zoe", By: d.ana}, "0: "},
	} {
		if got, _ := d.list(tt.q); got != tt.want {
			t.Errorf("%s: %s; want %s", tt.name, got, tt.want)
		}
	}
	_, rows := d.list(PeopleQuery{Order: ByPeak, Limit: 10})
	a, b, c := rows[0], rows[1], rows[2]
	if *a.Peak != (Peak{9, 10}) || !near(a.Change, 0.8, 1e-9) || a.Dims["email_anomaly"] != (Peak{0, 1}) || a.Dims["web_anomaly"].Scale != 0 {
		t.Errorf("A1: %+v", a)
	}
	if *b.Peak != (Peak{0.7, 1}) || !near(b.Change, -0.2, 1e-9) || !near(b.Dims["device_anomaly"].Value, 0.3, 1e-6) || !near(b.Dims["file_anomaly"].Value, 0.8, 1e-6) || b.Open != 1 {
		t.Errorf("B2: %+v", b)
	}
	if !near(b.Days[59], 0.3, 1e-9) || !near(b.Days[53], 0.7, 1e-9) || !math.IsNaN(b.Days[58]) {
		t.Errorf("B2's days %v", b.Days)
	}
	if c.Peak != nil || !math.IsNaN(c.Change) || c.Open != 0 || !math.IsNaN(c.Band) {
		t.Errorf("C3: %+v", c)
	}
}

// Names are found, ordered by and shown only where they may be seen, and a search that finds one is on record.
func TestPeopleByName(t *testing.T) {
	d := fourPeople(t)
	searches := func() int { return count(t, d.db, `SELECT count(*) FROM audit WHERE verb = 'search'`) }
	if _, rows := d.list(PeopleQuery{Order: ByPeak, By: d.ana}); rows[0].Name != "" || searches() != 0 {
		t.Error("a hidden name is shown")
	}
	if err := d.db.Reveal(t.Context(), d.ana, 2, 1, ""); err != nil {
		t.Fatal(err)
	}
	if got, rows := d.list(PeopleQuery{Order: ByPeak, By: d.ana, Search: "yann"}); got != "1: A1" || rows[0].Name != "Yann Breit" || searches() != 1 {
		t.Errorf("a revealed name: %s, %d on record", got, searches())
	}
	if err := d.db.SetSetting(t.Context(), d.ana, DisplayMode, "names"); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ search, want string }{
		{"", "4: D4 C3 A1 B2"},
		{"xenia", "1: C3"},
		{"OXFORD", "2: C3 B2"}, // the site of one, the name of the other
	} {
		if got, _ := d.list(PeopleQuery{Order: ByLabel, Search: tt.search, By: d.ana}); got != tt.want {
			t.Errorf("by name, %q: %s; want %s", tt.search, got, tt.want)
		}
	}
	if n := searches(); n != 3 {
		t.Errorf("%d searches on record; want 3", n)
	}
}

// Page by page everybody comes once, in every order, also when keys are equal.
func TestPeoplePages(t *testing.T) {
	d := newDesk(t)
	for i := range 25 {
		p := d.person(fmt.Sprintf("P%02d", i), fmt.Sprintf("Role %d", i%3), "")
		if i%4 != 0 {
			d.result(p, i%9, "usb 1", float64(i%5)/10, "")
		}
	}
	for _, order := range PeopleOrders {
		whole, _ := d.list(PeopleQuery{Order: order})
		var parts []string
		q := PeopleQuery{Order: order, Limit: 4}
		for {
			_, rows := d.list(q)
			if len(rows) == 0 {
				break
			}
			for _, r := range rows {
				parts = append(parts, r.EmployeeID)
			}
			q.After = rows[len(rows)-1].Cursor
		}
		if got := "25: " + strings.Join(parts, " "); got != whole {
			t.Errorf("by %s, in pages\n%s\nwhole\n%s", order, got, whole)
		}
	}
	for _, nonsense := range []string{"x", "_", "1_x", "NaN_3", "99999999999999999999", "-"} {
		for _, order := range PeopleOrders {
			d.list(PeopleQuery{Order: order, After: nonsense, Limit: 3}) // no panic, no error
		}
	}
}
