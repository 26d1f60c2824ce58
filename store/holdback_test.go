package store

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"
)

// Whom a dismissal of many leaves out: people whom two or more other families
// flagged within 14 days of one of the dismissed results.
func TestHoldBack(t *testing.T) {
	type r struct {
		person int64
		day    float64
		model  string
		flag   bool
	}
	noise := []r{{1, 20, "web-risk 1.4", true}, {2, 20, "web-risk 1.4", false}}
	for _, tt := range []struct {
		name string
		more []r
		only []string
		held []int64
	}{
		{"nobody else", nil, nil, nil},
		{"one other family", []r{{1, 20, "usb-watch 1.0", true}}, nil, nil},
		{"two others", []r{{1, 21, "usb-watch 1.0", true}, {1, 22, "mail-graph 0.9", true}}, nil, []int64{1}},
		{"two others, not flagged", []r{{1, 21, "usb-watch 1.0", false}, {1, 22, "mail-graph 0.9", true}}, []string{"web-risk"}, nil},
		{"two others, of whom one is dismissed as well", []r{{1, 21, "usb-watch 1.0", false}, {1, 22, "mail-graph 0.9", true}}, nil, []int64{1}},
		{"two versions of one family", []r{{1, 21, "usb-watch 1.0", true}, {1, 22, "usb-watch 1.1", true}}, nil, nil},
		{"other versions of its own", []r{{1, 21, "web-risk 1.3", true}, {1, 22, "mail-graph 0.9", true}}, []string{"web-risk"}, nil},
		{"14 days before and after", []r{{1, 6, "usb-watch 1.0", true}, {1, 34, "mail-graph 0.9", true}}, []string{"web-risk"}, []int64{1}},
		{"too long before", []r{{1, 5.9, "usb-watch 1.0", true}, {1, 34, "mail-graph 0.9", true}}, []string{"web-risk"}, nil},
		{"about somebody else", []r{{3, 20, "usb-watch 1.0", true}, {3, 20, "mail-graph 0.9", true}}, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t)
			for _, x := range append(slices.Clone(tt.more), noise...) {
				one := res(x.day, 0.7)
				one.Employee, one.Reporter, one.Flag = x.person, x.model, x.flag
				l.post(one)
			}
			ids := []int64{l.newestOf(1), l.newestOf(2)}
			b, err := DecideMany(t.Context(), l.db, l.ana, ids, Choice{Action: Dismiss, Reason: new(4), Models: tt.only})
			if err != nil {
				t.Fatal(err)
			}
			var held []int64
			for _, h := range b.Held {
				held = append(held, l.alert(h.Alert).employee)
			}
			if !slices.Equal(held, tt.held) || len(b.Done)+len(b.Held) != 2 {
				t.Errorf("held back %v of %+v; want %v", held, b, tt.held)
			}
			l.sound()
		})
	}
}

func (l *lab) newestOf(person int64) (id int64) {
	l.one(fmt.Sprintf(`SELECT max(alert) FROM detectionmodelresult WHERE reporter = 'web-risk 1.4' AND employee = %d`, person), &id)
	return id
}

// Those who were left out are dismissed by a second step, which belongs to the
// same decision: one undo takes back both.
func TestHeldBackAnyway(t *testing.T) {
	l := newLab(t)
	for person := range int64(2) {
		for _, model := range []string{"web-risk 1.4", "usb-watch 1.0", "mail-graph 0.9"}[:3-2*person] {
			one := res(20, 0.7)
			one.Employee, one.Reporter, one.Flag = person+1, model, true
			l.post(one)
		}
	}
	c := Choice{Action: Dismiss, Reason: new(4), Note: "drift", Models: []string{"WEB-risk 1.4"}}
	b, err := DecideMany(t.Context(), l.db, l.ana, []int64{1, 2}, c)
	if err != nil || len(b.Done) != 1 || len(b.Held) != 1 || b.Held[0].Alert != 1 || !slices.Equal(b.Held[0].Families, []string{"mail-graph", "usb-watch"}) {
		t.Fatalf("%+v, %v; want alert 1 held back for mail-graph and usb-watch", b, err)
	}
	c.Anyway, c.Batch = true, b.Batch
	for who, want := range map[*Actor]Kind{&l.bob: Conflict, &l.ana: 0} {
		_, err := DecideMany(t.Context(), l.db, *who, []int64{1}, c)
		if want != 0 && AsError(err).Kind != want || want == 0 && err != nil {
			t.Fatalf("%s ticks it in: %v", who.Name, err)
		}
	}
	if a := l.alert(1); a.state != StateNew || a.undecided != 2 {
		t.Errorf("alert 1 is %s with %d undecided; want new with the two results of other models", a.state, a.undecided)
	}
	if b, err = UndoBatch(t.Context(), l.db, l.ana, b.Batch); err != nil || len(b.Done) != 2 {
		t.Errorf("undo took back %+v, %v; want both", b, err)
	}
	l.sound()
}

// In the fixture, a dismissal of what web-risk 1.4 says about Sales leaves out
// exactly HA001, who is hidden inside the drift of that model.
func TestHoldBackFixture(t *testing.T) {
	fixture, err := os.ReadFile("../testdata/demo.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	l := newLab(t)
	*l.clock = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	if _, err := LoadDemo(t.Context(), l.db, Actor{ID: 1, Role: Script}, fixture); err != nil {
		t.Fatal(err)
	}
	ask := QueueAsk{Filter: `reporter:"web-risk 1.4" department:Sales`}
	page, err := l.db.Queue(t.Context(), ask, nil, 200)
	if err != nil || page.Next != nil {
		t.Fatal(page.Total, err)
	}
	b, err := DecideMany(t.Context(), l.db, l.ana, alertIDs(page.Rows), Choice{Action: Dismiss, Reason: new(4), Note: "drift", Models: ModelsOf(ask.Filter)})
	if err != nil {
		t.Fatal(err)
	}
	held := map[string]bool{}
	for _, h := range b.Held {
		row, err := l.db.Row(t.Context(), h.Alert)
		if err != nil {
			t.Fatal(err)
		}
		held[row.Who.EmployeeID] = true
	}
	if len(held) != 1 || !held["HA001"] || len(b.Skipped) > 0 {
		t.Errorf("held back %v, skipped %v; want HA001 alone", held, b.Skipped)
	}
	page, err = l.db.Queue(t.Context(), ask, nil, 200)
	if err != nil || len(page.Rows) != len(b.Held) {
		t.Errorf("%d alerts are left by that filter, %v; want those that were held back", len(page.Rows), err)
	}
	l.sound()
}
