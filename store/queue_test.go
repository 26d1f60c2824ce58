package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// queueLab holds seven alerts of people 1 to 7, in different states.
//
//	alert  person  peak  flag  state      day  more
//	1      1       0.9   yes   new        0    two models agree
//	2      2       0.9   no    in_review  0
//	3      3       0.5   no    new        1    email 0.8, evidence on a USB stick
//	4      4       0.4   no    snoozed    1
//	5      5       0.7   no    dismissed  1
//	6      6       0.3   yes   confirmed  2
//	7      7       0.2   no    new        2    Sales
func queueLab(t *testing.T) *lab {
	t.Helper()
	l := newLab(t)
	l.people(4, 7)
	l.write(func(tx *Tx) error {
		_, err := tx.Exec(`UPDATE employee SET department = 'Sales', role = 'Käufer' WHERE id = 7`)
		return err
	})
	one := func(person int64, score float64, edit func(*Result)) *Result {
		r := res(0, score)
		r.Employee = person
		if edit != nil {
			edit(r)
		}
		return r
	}
	l.post(one(1, 0.9, func(r *Result) { r.Flag = true }), one(1, 0.5, func(r *Result) { r.Reporter = "web-risk 1.4" }), one(2, 0.9, nil))
	*l.clock = l.clock.Add(24 * time.Hour)
	stick := one(3, 0.5, func(r *Result) { r.Email = sql.Null[float64]{V: 0.8, Valid: true} })
	l.post(stick, one(4, 0.4, nil), one(5, 0.7, nil))
	l.write(func(tx *Tx) error {
		_, err := tx.Exec(`INSERT INTO detectionevidence (id, description, evidence_type, date_from, date_to, subject, source_ref, link, technique, exculpatory, posted_by, created_at, digest)
			VALUES (1, 'Mounted a USB stick', 'device', 0, 0, 'KX-64', '', '', '', 0, 1, 0, x'00')`)
		if err == nil {
			_, err = tx.Exec(`INSERT INTO result_evidence (result, evidence) VALUES (?, 1)`, stick.ID)
		}
		return err
	})
	*l.clock = l.clock.Add(24 * time.Hour)
	l.post(one(6, 0.3, func(r *Result) { r.Flag = true }), one(7, 0.2, nil))
	l.decide(l.ana, 2, Choice{Action: Review})
	l.decide(l.ana, 4, Choice{Action: Snooze, Until: l.db.Now() + microDay})
	l.decide(l.ana, 5, dismissed)
	l.decide(l.bob, 6, Choice{Action: Confirm})
	return l
}

func (l *lab) queue(ask QueueAsk) []int64 {
	l.tb.Helper()
	p, err := l.db.Queue(context.Background(), ask, nil, 100)
	if err != nil {
		l.tb.Fatalf("%+v: %v", ask, err)
	}
	return alertIDs(p.Rows)
}

func alertIDs(rows []QueueRow) []int64 {
	ids := []int64{}
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return ids
}

// Which alerts each view and filter shows, by rank.
func TestQueue(t *testing.T) {
	l := queueLab(t)
	for _, tt := range []struct {
		ask  QueueAsk
		want []int64
	}{
		{QueueAsk{}, []int64{1, 2, 3, 7}},
		{QueueAsk{View: "open"}, []int64{1, 2, 3, 7}},
		{QueueAsk{View: "flagged"}, []int64{1}},
		{QueueAsk{View: "today"}, []int64{7}},
		{QueueAsk{View: "review"}, []int64{2}},
		{QueueAsk{View: "snoozed"}, []int64{4}},
		{QueueAsk{View: "all"}, []int64{1, 2, 5, 3, 4, 6, 7}},
		{QueueAsk{View: "all", Filter: "is:flagged"}, []int64{1, 6}},
		{QueueAsk{View: "all", Filter: "state:dismissed"}, []int64{5}},
		{QueueAsk{Filter: "score>=0.5"}, []int64{1, 2, 3}},
		{QueueAsk{Filter: "email>0.7"}, []int64{3}},
		{QueueAsk{Filter: "results>1"}, []int64{1}},
		{QueueAsk{Filter: "dept:sales"}, []int64{7}},
		{QueueAsk{Filter: "role:KÄUF*"}, []int64{7}},
		{QueueAsk{Filter: "model:web-risk"}, []int64{1}},
		{QueueAsk{Filter: `model:"usb-watch 1.0" dept:IT`}, []int64{1, 2, 3}},
		{QueueAsk{Filter: "id:em003"}, []int64{3}},
		{QueueAsk{Filter: "usb"}, []int64{3}},
		{QueueAsk{Filter: "kx-64"}, []int64{3}},
		{QueueAsk{Filter: "käufer"}, []int64{7}},
		{QueueAsk{Filter: `"Name of 3"`}, []int64{}},
		{QueueAsk{Filter: `"Name of 3"`, Names: true}, []int64{3}},
		{QueueAsk{Filter: "secret"}, []int64{}},
		{QueueAsk{Filter: "secret", Names: true}, []int64{}},
	} {
		t.Run(tt.ask.View+" "+tt.ask.Filter, func(t *testing.T) {
			if got := l.queue(tt.ask); !slices.Equal(got, tt.want) {
				t.Errorf("alerts %v; want %v", got, tt.want)
			}
			for page, after := []int64{}, (*Place)(nil); ; { // one by one, the same
				p, err := l.db.Queue(t.Context(), tt.ask, after, 1)
				if err != nil {
					t.Fatal(err)
				}
				page, after = append(page, alertIDs(p.Rows)...), p.Next
				if p.Total != len(tt.want) && !p.More {
					t.Errorf("total %d; want %d", p.Total, len(tt.want))
				}
				if after == nil {
					if !slices.Equal(page, tt.want) {
						t.Errorf("page by page %v; want %v", page, tt.want)
					}
					break
				}
			}
		})
	}
}

// A filter looks at so many alerts at a time: a page may be short, and says that there may be more.
func TestQueueLooksAtSoMany(t *testing.T) {
	l := queueLab(t)
	looked, deep, first := maxLooked, maxDeep, firstLook
	defer func() { maxLooked, maxDeep, firstLook = looked, deep, first }()
	firstLook = -time.Second // a first answer ends after its first search
	for filter, want := range map[string][]int64{"usb": {3}, "score<0.6": {3, 7}, "results=1": {2, 3, 7}, "dept:sales": {7}} {
		for _, maxLooked = range []int{1, 2, 3, 100} {
			maxDeep = maxLooked
			var got []int64
			var after *Place
			pages := 0
			for ; pages == 0 || after != nil; pages++ {
				p, err := l.db.Queue(t.Context(), QueueAsk{Filter: filter}, after, 2)
				if err != nil {
					t.Fatal(err)
				}
				got, after = append(got, alertIDs(p.Rows)...), p.Next
				if p.Total > len(want) || !p.More && p.Total != len(want) || p.More && filter == "dept:sales" {
					t.Errorf("%s, %d at a time: total %d, more %v; there are %d", filter, maxLooked, p.Total, p.More, len(want))
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s, %d at a time: %v; want %v", filter, maxLooked, got, want)
			}
			if least := map[int]int{1: 4, 100: 2}[maxLooked]; filter == "usb" && pages < least {
				t.Errorf("%d pages of %d alerts; want %d at least", pages, maxLooked, least)
			}
		}
	}
}

func TestQueueWrong(t *testing.T) {
	l := newLab(t)
	for ask, want := range map[QueueAsk]string{
		{View: "mine"}:      `there is no view "mine"; there are open, flagged`,
		{Filter: "dpet:IT"}: `there is no "dpet" to filter by`,
	} {
		if _, err := l.db.Queue(t.Context(), ask, nil, 10); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want %s", ask, err, want)
		}
	}
}

// The floor takes out what no undecided result holds in the queue; nothing else.
func TestQueueFloor(t *testing.T) {
	l := queueLab(t)
	if err := l.db.SetSetting(t.Context(), l.ana, QueueFloor, "0.5"); err != nil {
		t.Fatal(err)
	}
	if got := l.queue(QueueAsk{}); !slices.Equal(got, []int64{1, 2, 3}) {
		t.Errorf("above the floor: %v; want 1 2 3", got)
	}
	if got := l.queue(QueueAsk{View: "snoozed"}); !slices.Equal(got, []int64{4}) {
		t.Errorf("snoozed: %v; want 4 all the same", got)
	}
}

func TestQueueHead(t *testing.T) {
	l := queueLab(t)
	h, err := l.db.QueueHead(t.Context())
	want := QueueHead{
		Counts: Counts{Open: 4, Flagged: 1, Today: 1}, People: 4, Oldest: l.db.Now() - 2*microDay,
		Review: 1, Snoozed: 1, Wakes: l.db.Now() + microDay, All: 7, Decided: 2,
	}
	want.Scores[4], want.Scores[10], want.Scores[18] = 1, 1, 2
	if err != nil || h != want {
		t.Errorf("%+v, %v; want %+v", h, err, want)
	}
	*l.clock = l.clock.Add(25 * time.Hour)
	if err := Wake(t.Context(), l.db); err != nil {
		t.Fatal(err)
	}
	if got := l.queue(QueueAsk{}); !slices.Equal(got, []int64{1, 2, 3, 4, 7}) {
		t.Errorf("after the snooze: %v; want alert 4 back", got)
	}
	if h, err := l.db.QueueHead(t.Context()); err != nil || h.Snoozed != 0 || h.Today != 0 || h.People != 5 {
		t.Errorf("the day after: %+v, %v; want 5 people, none snoozed, none from today", h, err)
	}
	l.sound()
}

// A row tells what the queue shows of an alert.
func TestQueueRow(t *testing.T) {
	l := queueLab(t)
	row, err := l.db.Row(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(row.Who.EmployeeID, " ", row.Who.Role, " ", row.Score, " ", row.Reporter, " ", row.Evidence, " ", row.Pieces, " ", row.Types, " ", row.State, " ", row.Values)
	if want := "EM003 Engineer 0.5 usb-watch 1.0 Mounted a USB stick 1 [] new map[email_anomaly:0.8]"; got != want {
		t.Errorf("row = %s; want %s", got, want)
	}
	again := res(30, 0.4)
	again.Employee = 5
	posted := l.post(again)[0]
	*l.clock = time.UnixMicro(day0 + 31*microDay)
	row, err = l.db.Row(t.Context(), posted)
	if err != nil || row.Earlier == nil || row.Earlier.Alert != 5 || row.Earlier.State != StateDismissed {
		t.Errorf("earlier = %+v, %v; want the dismissed alert 5", row.Earlier, err)
	}
	if len(row.Spark) != 30 || row.Spark[28] != 0.4 || len(known(row.Spark)) != 1 {
		t.Errorf("30 days = %v; want 0.4 yesterday, and the result of the first day left out", row.Spark)
	}
	if _, err := l.db.Row(t.Context(), 99); AsError(err).Kind != NotFound {
		t.Errorf("no alert: %v", err)
	}
}

// Nothing of triage reads who a person is. (The search of names, in search.go, is for the mode names.)
func TestTriageReadsNoIdentity(t *testing.T) {
	identity := regexp.MustCompile(`(?i)\b(from|join|into|update)\s+employee\b|dateOfBirth|nationality|maritalStatus|ethnicity|homeAddress|\bp\.(name|title|gender)\b`)
	for _, name := range []string{"alert", "alertrow", "alertcheck", "alerthead", "alertpage", "board", "compare", "counts", "dashboard", "decide", "explain", "fold", "holdback", "model", "queue", "refold", "savedview", "similar", "since", "triage"} {
		b, err := os.ReadFile(filepath.Join(".", name+".go"))
		if err != nil {
			t.Fatal(err)
		}
		if m := identity.Find(b); m != nil {
			t.Errorf("%s.go reads %q; the view person has what triage may see", name, m)
		}
	}
}
