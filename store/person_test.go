package store

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"
)

func (d *desk) profile(person int64) Profile {
	d.Helper()
	p, err := d.db.Person(d.Context(), person)
	if err != nil {
		d.Fatal(err)
	}
	out, err := d.db.Profile(d.Context(), p, d.asOf())
	if err != nil {
		d.Fatal(err)
	}
	return out
}

// at is the value of a series so many days ago.
func (s Series) at(ago int) float64 { return s.Days[Days-1-ago] }

func TestProfile(t *testing.T) {
	d := newDesk(t)
	p := d.person("P1", "Engineer", "")
	d.result(p, 0, "usb 1", 0.2, `, "device_anomaly": 0.4`)
	d.result(p, 0, "mail 1", 0.6, `, "email_anomaly": 0.3, "file_anomaly": 0.9`) // the day's highest
	d.result(p, 59, "usb 1", 0.5, "")
	d.result(p, 60, "usb 1", 0.9, "")                              // a day too old
	d.result(p, -1, "usb 1", 0.95, "")                             // tomorrow
	d.result(d.person("P2", "Engineer", ""), 0, "usb 1", 0.99, "") // somebody else
	if _, err := d.db.conn.ExecContext(t.Context(), `UPDATE model SET scale = 2 WHERE name = 'mail 1'`); err != nil {
		t.Fatal(err)
	}
	got := d.profile(p)
	if want := time.Date(2026, 4, 12, 0, 0, 0, 0, time.UTC).UnixMicro(); got.From != want {
		t.Errorf("from %s", time.UnixMicro(got.From).UTC())
	}
	var names []string
	for _, s := range got.Series {
		names = append(names, s.Name)
	}
	if want := []string{"score", "email_anomaly", "web_anomaly", "device_anomaly", "login_anomaly", "file_anomaly"}; !slices.Equal(names, want) {
		t.Fatalf("series %v; want %v", names, want)
	}
	for _, tt := range []struct {
		series, ago int
		want        float64
	}{
		{0, 0, 0.3}, {0, 1, math.NaN()}, {0, 59, 0.5}, // 0.6 of a scale of 2 is 0.3, above 0.2
		{1, 0, 0.15}, {2, 0, math.NaN()}, {3, 0, 0.4}, {4, 0, math.NaN()}, {5, 0, 0.45},
	} {
		if v := got.Series[tt.series].at(tt.ago); !near(v, tt.want, 1e-6) {
			t.Errorf("%s %d days ago: %v; want %v", names[tt.series], tt.ago, v, tt.want)
		}
	}
	if from := got.Series[5].From; !slices.Equal(from, []string{"mail"}) {
		t.Errorf("file is from %v", from)
	}
	if !near(got.Hours[2][12], 0.3, 1e-6) || !near(got.Hours[6][12], 0.5, 1e-6) || !math.IsNaN(got.Hours[2][11]) { // Wednesday, Sunday
		t.Errorf("hours %v", got.Hours)
	}
	for zone, at := range map[string][2]int{"Asia/Kolkata": {2, 17}, "Pacific/Kiritimati": {3, 2}, "Nowhere/Land": {2, 12}} { // 12:00 UTC on a Wednesday
		if err := d.db.SetSetting(t.Context(), Actor{}, HourZone, zone); err != nil {
			t.Fatal(err)
		}
		if there := d.profile(p); !near(there.Hours[at[0]][at[1]], 0.3, 1e-6) {
			t.Errorf("%s: hours %v", zone, there.Hours)
		}
	}
	if got.Count != 3 || !got.Scaled || got.Drift.Values != 2 || got.Drift.Known {
		t.Errorf("count %d, scaled %t, drift %+v", got.Count, got.Scaled, got.Drift)
	}
	if v, day := got.Series[0].Newest(); !near(v, 0.3, 1e-6) || day != 59 {
		t.Errorf("newest %v on %d", v, day)
	}
	if m := got.Series[0].Median(); !math.IsNaN(m) {
		t.Errorf("median of 2 values: %v; want none", m)
	}
}

func TestPeers(t *testing.T) {
	// Peers score 0.1, 0.2, ... today: of 0.1 to 0.5 the median is 0.3 and the 95th percentile 0.48.
	for _, tt := range []struct {
		name           string
		peers, values  int    // people of the role, and how many of them have a result today
		role           string // of the person and of the peers
		count          int
		enough         bool
		median, p95    float64
		pooled, around int // days pooled; days from today that have a band as well
	}{
		{"4 peers are too few", 4, 4, "Engineer", 4, false, math.NaN(), math.NaN(), 0, 0},
		{"5 peers", 5, 5, "Engineer", 5, true, 0.3, 0.48, 7, 3},
		{"5 peers, of whom 4 have a value", 5, 4, "Engineer", 5, false, math.NaN(), math.NaN(), 7, 0},
		{"role not known: everyone", 5, 5, "", 6, true, 0.35, 0.725, 7, 3}, // with 0.8 of the lawyer
		{"20 values are enough for a day alone", 20, 20, "Engineer", 20, true, 1.05, 1.905, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t)
			p := d.person("P0", tt.role, "")
			d.result(p, 0, "usb 1", 5, "") // not among the own peers
			d.result(d.person("L1", "Lawyer", ""), 0, "usb 1", 0.8, "")
			for i := range tt.peers {
				id := d.person(fmt.Sprintf("E%d", i), tt.role, "")
				if i < tt.values {
					d.result(id, 0, "usb 1", float64(i+1)/10, "")
					d.result(id, 0, "usb 1", 0.01, "") // not the day's highest
				}
			}
			got := d.profile(p)
			if got.Peers.Count != tt.count || got.Peers.Enough != tt.enough || got.Peers.Role != tt.role {
				t.Errorf("peers %+v; want %d, enough %t", got.Peers, tt.count, tt.enough)
			}
			band := got.Series[0].Peer
			if !tt.enough {
				if len(band.P95) > 0 {
					t.Errorf("band %v; want none", band)
				}
				return
			}
			if m, q := band.Median[Days-1], band.P95[Days-1]; !near(m, tt.median, 1e-9) || !near(q, tt.p95, 1e-9) || !near(band.Newest(), tt.p95, 1e-9) {
				t.Errorf("median %v, p95 %v; want %v, %v", m, q, tt.median, tt.p95)
			}
			if got.Peers.Pooled != tt.pooled {
				t.Errorf("%d days pooled; want %d", got.Peers.Pooled, tt.pooled)
			}
			n := 0
			for _, v := range band.P95 {
				if !math.IsNaN(v) {
					n++
				}
			}
			if n != tt.around+1 {
				t.Errorf("%d days have a band; want %d", n, tt.around+1)
			}
			if len(got.Series[3].Peer.P95) != 0 {
				t.Error("a dimension that nobody reports has a band")
			}
		})
	}
}

func TestPersonLog(t *testing.T) {
	d := newDesk(t)
	p := d.person("P1", "Engineer", "")
	first := d.result(p, 20, "usb 1", 0.4, `, "flag": true, "evidence": [{"description": "speaks for", "exculpatory": true, "date_from": "2026-05-01", "date_to": "2026-05-02"}, {"description": "mounted", "date_from": "2026-05-01", "date_to": "2026-05-02"}]`)
	second := d.result(p, 1, "mail 1", 0.7, `, "email_anomaly": 0.3, "file_anomaly": 0.9`)
	ctx := t.Context()
	alerts, err := d.db.PersonAlerts(ctx, p)
	if err != nil || len(alerts) != 2 || alerts[0].Score != 0.7 || alerts[1].Score != 0.4 || !alerts[1].Flagged || alerts[0].Results != 1 {
		t.Fatalf("alerts %+v, %v", alerts, err)
	}
	decide := func(c Choice) Outcome {
		t.Helper()
		out, err := Decide(ctx, d.db, d.ana, alerts[1].ID, c)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	decide(Choice{Action: Remark, Note: "asked the manager"})
	o := decide(Choice{Action: Dismiss, Reason: new(1)})
	decide(Choice{Action: Undo, Undoes: o.Decision})
	decide(Choice{Action: Confirm, Note: "so it was"})

	results, err := d.db.PersonResults(ctx, p, 0, 10)
	if err != nil || len(results) != 2 {
		t.Fatal(results, err)
	}
	r := results[1]
	if r.ID != first || !r.Flag || r.Text != "mounted" || r.Pieces != 2 || r.State != StateConfirmed || r.Reporter != "usb 1" {
		t.Errorf("first result %+v", r)
	}
	r = results[0]
	if r.ID != second || r.State != StateNew || !maps.Equal(r.Values(), map[string]float64{"email_anomaly": 0.3, "file_anomaly": 0.9}) || r.Text != "" {
		t.Errorf("second result %+v", r)
	}
	if some, err := d.db.PersonResults(ctx, p, d.asOf()-5*microDay, 10); err != nil || len(some) != 1 {
		t.Errorf("since 5 days: %v, %v", some, err)
	}
	if open, err := d.db.PersonAlerts(ctx, p); err != nil || len(open) != 1 || open[0].ID != alerts[0].ID {
		t.Errorf("open %v, %v", open, err)
	}
	made, err := d.db.PersonDecisions(ctx, p, 10)
	if err != nil {
		t.Fatal(err)
	}
	var did []string
	for _, m := range made {
		s := string(m.Action) + " " + m.By
		if m.Undone {
			s += ", undone"
		}
		did = append(did, s)
	}
	if want := []string{"confirm test-analyst", "undo test-analyst", "dismiss test-analyst, undone", "note test-analyst"}; !slices.Equal(did, want) {
		t.Errorf("decisions %q; want %q", did, want)
	}
	if id, err := d.db.NewestAlert(ctx, p); id != alerts[0].ID || err != nil {
		t.Errorf("newest alert %d, %v", id, err)
	}
	if _, _, err := post(t, d.db, d.ana, EmployeeEvents, fmt.Sprintf(`{"employee": "/data-sub/api/employee/%d/", "kind": "left", "at": "2026-06-01", "text": "gone"}`, p)); err != nil {
		t.Fatal(err)
	}
	if e, err := d.db.PersonEvents(ctx, p, 5); err != nil || len(e) != 1 || e[0].Text != "gone" {
		t.Errorf("events %v, %v", e, err)
	}
	if _, err := d.db.Person(ctx, 99); AsError(err).Kind != NotFound {
		t.Errorf("nobody: %v", err)
	}
}
