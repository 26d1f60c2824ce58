package store

import (
	"database/sql"
	"strings"
	"testing"
)

func (s sentence) String() string {
	var b strings.Builder
	for _, p := range s {
		if p.Bold {
			b.WriteString("*" + p.Text + "*")
		} else {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// What the sentence says, and when.
func TestWhy(t *testing.T) {
	v := func(x float64) *float64 { return &x }
	dim := func(name string, value *float64, scale float64, median *float64, values int) AlertDim {
		return AlertDim{Dimension: Dimension{Name: strings.ToLower(name) + dimSuffix}, Value: value, Scale: scale, Median: median, Values: values}
	}
	peers := dim("Web", v(0.8), 1, v(0.2), 8)
	peers.Peer95 = v(0.29)
	for _, tt := range []struct {
		name string
		page AlertPage
		want string
	}{
		{"two stand out, own past, others", AlertPage{
			Dims:   []AlertDim{dim("Email", v(0.34), 1, v(0.2), 30), dim("Device", v(0.96), 1, v(0.22), 23), dim("Login", v(0.81), 1, nil, 3)},
			Others: []string{"mail-graph", "usb-watch"},
			Prior:  []*AlertHead{{State: StateDismissed}, {State: StateConfirmed}, {State: StateDismissed}},
		}, "*Device 0.96 and Login 0.81* stand out. Device is 4.4 times the own median of 0.22 (23 results in 60 days). " +
			"*Two other models* reported this person within 7 days: mail-graph and usb-watch. Decided before about this person: *1 confirmed and 2 dismissed*."},
		{
			"peers",
			AlertPage{Dims: []AlertDim{peers}, Peers: Peers{Count: 45}},
			"*Web 0.80* stands out. Web is 4 times the own median of 0.20 (8 results in 60 days). 95% of the values of 45 peers stay under 0.29. " +
				"No other model reported this person within 7 days. Nothing was decided about this person before.",
		},
		{
			"sparse",
			AlertPage{Dims: []AlertDim{dim("Web", v(0.7), 1, nil, 2)}},
			"*Web 0.70* stands out. There is no baseline yet (2 results). No other model reported this person within 7 days. Nothing was decided about this person before.",
		},
		{
			"nothing stands out",
			AlertPage{Dims: []AlertDim{dim("Web", v(0.3), 1, v(0.31), 8), dim("Email", nil, 0, nil, 0)}, Others: []string{"x"}},
			"No dimension stands out; the highest is *Web 0.30*. Web is not above the own past; the own median of 8 results in 60 days is 0.31. " +
				"*Another model* reported this person within 7 days: x. Nothing was decided about this person before.",
		},
		{
			"own past is 0",
			AlertPage{Dims: []AlertDim{dim("Web", v(0.3), 1, v(0), 8)}},
			"No dimension stands out; the highest is *Web 0.30*. Web is above the own past; the own median of 8 results in 60 days is 0.00. " +
				"No other model reported this person within 7 days. Nothing was decided about this person before.",
		},
		{
			"a scale of 100",
			AlertPage{Dims: []AlertDim{dim("Web", v(78.5), 100, v(20), 8), dim("Email", v(0.6), 1, nil, 0)}},
			"*Web 78.5* stands out. Web is 3.9 times the own median of 20 (8 results in 60 days). " +
				"No other model reported this person within 7 days. Nothing was decided about this person before.",
		},
		{
			"no dimensions",
			AlertPage{},
			"The model sent no dimensions. No other model reported this person within 7 days. Nothing was decided about this person before.",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.page.Brief = brief(&tt.page)
			if got := sentence(why(&tt.page)).String(); got != tt.want {
				t.Errorf("says\n  %s\nwant\n  %s", got, tt.want)
			}
		})
	}
}

// The page of an alert, from what was posted.
func TestAlertPage(t *testing.T) {
	l := newLab(t)
	email := func(v float64) sql.Null[float64] { return sql.Null[float64]{V: v, Valid: true} }
	for i, v := range []float64{0.2, 0.3, 0.1, 0.4} { // long before, dismissed since
		r := res(float64(i-30), 0.3)
		r.Email = email(v)
		l.post(r)
	}
	l.decide(l.bob, 1, Choice{Action: Dismiss, Reason: new(4), Note: "noise"})
	high, low := res(0, 0.9), res(2, 0.5)
	high.Email, high.Extra = email(0.8), []Anomaly{{"file_anomaly", 0.4}}
	low.Reporter = "web-risk 1.4"
	l.post(high, low)
	l.decide(l.ana, 2, Choice{Action: Dismiss, Reason: new(1), Results: []int64{low.ID}})
	l.decide(l.ana, 2, Choice{Action: Remark, Note: "look at the file"})

	p, err := l.db.Alert(t.Context(), 2, QueueAsk{})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Held) != 2 || p.Held[0].ID != low.ID || p.Held[0].By != "ana" || p.Held[1].Of != nil {
		t.Errorf("results %+v; want the newer one first, decided by ana, the other undecided", p.Held)
	}
	if d := p.Dims[dimEmail]; *d.Value != 0.8 || d.Values != 5 || *d.Median != 0.3 {
		t.Errorf("email %v, median %v of %d; want 0.8, 0.3 of 5", *d.Value, *d.Median, d.Values)
	}
	if d := p.Dims[dimOther]; d.Name != "file_anomaly" || *d.Value != 0.4 || d.Median != nil {
		t.Errorf("further dimension %+v; want file 0.4 without median", d)
	}
	if len(p.Decisions) != 2 || p.Decisions[1].By != "ana" || p.Decisions[1].Note != "look at the file" {
		t.Errorf("decisions %+v; want a dismissal and a note by ana", p.Decisions)
	}
	if len(p.Prior) != 1 || p.Prior[0].ID != 1 || p.Prior[0].By != "bob" || p.Prior[0].Closed.Verdict() != FalseLogic {
		t.Errorf("before: %+v; want alert 1, dismissed by bob as the detector's error", p.Prior)
	}
	if got := sentence(p.Why).String(); !strings.Contains(got, "*Email 0.80* stands out. Email is 2.7 times the own median of 0.30 (5 results in 60 days). *Another model* reported this person within 7 days: web-risk.") {
		t.Errorf("says %s", got)
	}
	if p.Rank != 1 || p.Queue != (Neighbours{Place: 1, Of: 1}) {
		t.Errorf("rank %d, neighbours %+v; want alone in the queue", p.Rank, p.Queue)
	}
	if a, err := l.db.AlertOf(t.Context(), low.ID); err != nil || a != 2 {
		t.Errorf("alert of result %d = %d, %v; want 2", low.ID, a, err)
	}
	for _, err := range []error{second(l.db.Alert(t.Context(), 99, QueueAsk{})), second(l.db.AlertOf(t.Context(), 99))} {
		if AsError(err).Kind != NotFound {
			t.Errorf("missing: %v; want not found", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// j and k walk the queue that the reader left, also from an alert that left it.
func TestNeighbours(t *testing.T) {
	l := queueLab(t)
	for _, tt := range []struct {
		alert int64
		ask   QueueAsk
		want  Neighbours
	}{
		{1, QueueAsk{}, Neighbours{Prev: 0, Next: 2, Place: 1, Of: 4}},
		{3, QueueAsk{}, Neighbours{Prev: 2, Next: 7, Place: 3, Of: 4}},
		{7, QueueAsk{}, Neighbours{Prev: 3, Next: 0, Place: 4, Of: 4}},
		{5, QueueAsk{}, Neighbours{Prev: 2, Next: 3}}, // dismissed
		{5, QueueAsk{View: "all"}, Neighbours{Prev: 2, Next: 3, Place: 3, Of: 7}},
		{1, QueueAsk{Filter: "dept:Sales"}, Neighbours{Next: 7}},
		{3, QueueAsk{Filter: "usb"}, Neighbours{}},
	} {
		p, err := l.db.Alert(t.Context(), tt.alert, tt.ask)
		if err != nil || p.Queue != tt.want {
			t.Errorf("alert %d in %+v: %+v, %v; want %+v", tt.alert, tt.ask, p.Queue, err, tt.want)
		}
	}
}
