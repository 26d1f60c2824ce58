package store

import (
	"database/sql"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// compareLab has a clock at the end of 60 days in which people with the role
// Engineer, but for person 1, each had one e-mail value, 0.1 for person 2 and so on.
func compareLab(t *testing.T, people int) *lab {
	t.Helper()
	l := newLab(t)
	l.people(4, people)
	*l.clock = time.UnixMicro(day0 + 59*microDay + microDay/2).UTC()
	for i := 2; i <= people; i++ {
		r := res(float64(i), 0.5)
		r.Employee, r.Reporter, r.Email = int64(i), "mail-graph 0.9", sql.Null[float64]{V: float64(i-1) / 10, Valid: true}
		r.Score = r.Email.V
		l.post(r)
	}
	return l
}

func TestPeersOfAlert(t *testing.T) {
	for _, tt := range []struct {
		people int
		value  float64
		want   string
	}{
		{5, 0.9, "4 peers: email nil"},                             // fewer than 5
		{6, 0.25, "5 peers: email 0.30 to 0.48, 2 of 5 are below"}, // 0.1 to 0.5
		{6, 0.9, "5 peers: email 0.30 to 0.48, 5 of 5 are below"},
		{9, 0.1, "8 peers: email 0.45 to 0.77, 0 of 8 are below"},
	} {
		l := compareLab(t, tt.people)
		r := res(50, 0.9)
		r.Email = sql.Null[float64]{V: tt.value, Valid: true}
		p, err := l.db.Alert(t.Context(), l.post(r)[0], QueueAsk{})
		if err != nil {
			t.Fatal(err)
		}
		d, got := p.Dims[dimEmail], fmt.Sprintf("%d peers: email nil", p.Peers.Count)
		if d.Peer95 != nil {
			got = fmt.Sprintf("%d peers: email %.2f to %.2f, %.0f of %d are below", p.Peers.Count, *d.Peer50, *d.Peer95, d.Below*float64(d.PeerValues), d.PeerValues)
		}
		if got != tt.want || p.Peers.Enough != (d.Peer95 != nil) || p.Dims[dimWeb].Peer95 != nil {
			t.Errorf("%s; want %s", got, tt.want)
		}
		if own := p.Past.Own; len(own) != Days || own[50] != 0.9 || !math.IsNaN(own[49]) || p.Past.From != day0 {
			t.Errorf("own past %v from %d; want 0.9 on day 50 alone", own, p.Past.From)
		}
		if peek, err := l.db.Peek(t.Context(), p.ID); err != nil || fmt.Sprint(peek.Brief) != fmt.Sprint(p.Brief) || len(peek.Past.Own) != Days {
			t.Errorf("the peek says %v, %v; want %v", peek.Brief, err, p.Brief)
		}
	}
}

// A dimension on another scale is compared over the scale of each model.
func TestPeersOfAnotherScale(t *testing.T) {
	l := compareLab(t, 9)
	l.write(func(tx *Tx) error {
		_, err := tx.Exec(`INSERT INTO model (name, family, version, scale, created_at) VALUES ('forest 1', 'forest', '1', 100, 0)`)
		return err
	})
	r := res(50, 90)
	r.Reporter, r.Email, r.Extra = "forest 1", sql.Null[float64]{V: 42, Valid: true}, []Anomaly{{"file_anomaly", 10}}
	p, err := l.db.Alert(t.Context(), l.post(r)[0], QueueAsk{})
	if err != nil {
		t.Fatal(err)
	}
	if d := p.Dims[dimEmail]; d.Peer95 == nil || math.Abs(*d.Peer50-45) > 1e-4 || d.Below != 0.5 {
		t.Errorf("email %+v; want a median of 45 and half of the values below", d)
	}
	if d := p.Dims[dimOther]; d.Name != "file_anomaly" || d.Peer95 != nil {
		t.Errorf("%+v; want no peers for a dimension that nobody else has", d)
	}
}

// The shares of the excess over the own medians add up; what has no median has none.
func TestShares(t *testing.T) {
	v := func(x float64) *float64 { return &x }
	p := AlertPage{Dims: []AlertDim{
		{Dimension: Dimension{Name: "email_anomaly"}, Value: v(0.9), Scale: 1, Median: v(0.3)},
		{Dimension: Dimension{Name: "web_anomaly"}, Value: v(40), Scale: 100, Median: v(20)},
		{Dimension: Dimension{Name: "device_anomaly"}, Value: v(0.1), Scale: 1, Median: v(0.4)},
		{Dimension: Dimension{Name: "login_anomaly"}, Value: v(0.8), Scale: 1},
	}}
	p.shares()
	var got strings.Builder
	for _, d := range p.Dims {
		if d.Share == nil {
			got.WriteString(" nil")
		} else {
			fmt.Fprintf(&got, " %.2f", *d.Share)
		}
	}
	if got.String() != " 0.75 0.25 0.00 nil" {
		t.Errorf("shares%s; want 0.75 0.25 0.00 nil", got.String())
	}
	p = AlertPage{Dims: []AlertDim{{Dimension: Dimension{Name: "email_anomaly"}, Value: v(0.2), Scale: 1, Median: v(0.3)}}}
	if p.shares(); p.Dims[0].Share != nil {
		t.Errorf("nothing is above the own past, but the share is %v", *p.Dims[0].Share)
	}
}

// The model's own account is taken as far as it has the documented shape.
func TestParts(t *testing.T) {
	for _, tt := range []struct{ posted, want string }{
		{``, ``},
		{`[]`, ``},
		{`[1, "x", null, {"name": "a"}, {"weight": 1}]`, ``},
		{`[{"name": "files", "weight": 0.4, "value": 72, "text": "72 files"}, {"name": "night", "weight": -0.1, "other": {}}]`, `files 0.4 72 72 files|night -0.1 - |`},
	} {
		p := AlertPage{AlertHead: &AlertHead{Result: 7}, Held: []HeldResult{{Result: &Result{ID: 6, Contributions: "[7]"}}, {Result: &Result{ID: 7, Contributions: tt.posted}}}}
		p.parts()
		var got strings.Builder
		for _, x := range p.Parts {
			value := "-"
			if x.Value != nil {
				value = fmt.Sprint(*x.Value)
			}
			fmt.Fprint(&got, x.Name, " ", x.Weight, " ", value, " ", x.Text, "|")
		}
		if got.String() != tt.want {
			t.Errorf("%s: %q; want %q", tt.posted, got.String(), tt.want)
		}
	}
}

// How often a model was right, of what was decided, overall and from 0.7.
func TestModelRecord(t *testing.T) {
	l := compareLab(t, 8) // 0.1 to 0.7, all by mail-graph 0.9
	for i := range 6 {
		c := dismissed
		if i%2 == 0 {
			c = Choice{Action: Confirm}
		}
		l.decide(l.ana, int64(2+i), c)
	}
	high := res(50, 0.9)
	high.Reporter = "mail-graph 0.9"
	p, err := l.db.Alert(t.Context(), l.post(high)[0], QueueAsk{})
	if want := (ModelRecord{Confirmed: 3, Decided: 6, HighConfirmed: 0, HighCount: 1}); err != nil || p.Record != want {
		t.Errorf("%+v, %v; want %+v", p.Record, err, want)
	}
}

func TestUsual(t *testing.T) {
	l := compareLab(t, 9)
	u, err := l.db.usual(t.Context(), []string{"Engineer", "Pilot"})
	if err != nil || len(u) != 1 || math.Abs(u["Engineer"]-0.765) > 1e-9 {
		t.Errorf("%v, %v; want 0.765 for engineers alone", u, err)
	}
	r := res(51, 1)
	r.Employee = 2
	l.post(r)
	if again, _ := l.db.usual(t.Context(), []string{"Engineer"}); again["Engineer"] != u["Engineer"] {
		t.Error("it is computed anew within the minute")
	}
	*l.clock = l.clock.Add(time.Minute)
	if again, _ := l.db.usual(t.Context(), []string{"Engineer"}); again["Engineer"] == u["Engineer"] {
		t.Error("it is never computed anew")
	}
}
