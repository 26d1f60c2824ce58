package store

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// desk is a file whose clock the tests set, filled by the API's own way in.
type desk struct {
	testing.TB
	db  *DB
	now time.Time
	ana Actor
}

// newDesk stands on Wednesday 10 June 2026, 09:40 UTC.
func newDesk(tb testing.TB) *desk {
	tb.Helper()
	d := &desk{TB: tb, now: time.Date(2026, 6, 10, 9, 40, 0, 0, time.UTC)}
	db, err := Open(tb.Context(), filepath.Join(tb.TempDir(), "citd.db"), Options{Schema: testSchema(tb), Create: true, Clock: func() time.Time { return d.now }})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	d.db, d.ana = db, tester(tb, db, Analyst)
	return d
}

func (d *desk) asOf() int64 { return d.now.UnixMicro() }

// person adds somebody and returns the id.
func (d *desk) person(id, role, more string) int64 {
	d.Helper()
	s, _, err := post(d, d.db, d.ana, Employees, fmt.Sprintf(`{"employee_id": %q, "role": %q, "department": "IT"%s}`, id, role, more))
	if err != nil {
		d.Fatal(err)
	}
	return s.ID
}

// result adds a result of so many days ago, at noon; more are further fields.
func (d *desk) result(person int64, ago int, model string, score float64, more string) int64 {
	d.Helper()
	day := d.now.AddDate(0, 0, -ago).Format(time.DateOnly)
	s, _, err := post(d, d.db, d.ana, Results, fmt.Sprintf(`{"employee": "/data-sub/api/employee/%d/", "date": "%s 12:00:00", "reporter": %q, "score": %v%s}`, person, day, model, score, more))
	if err != nil {
		d.Fatal(err)
	}
	return s.ID
}

func (d *desk) apply(fn func(*Batch) error) error {
	_, _, err := Apply(d.Context(), d.db, d.ana, func(b *Batch) (int, error) { return 0, fn(b) })
	return err
}

// held writes down what is held in memory, in an order of its own.
func held(tb testing.TB, db *DB, asOf int64) string {
	tb.Helper()
	r, err := db.lately(tb.Context(), asOf)
	if err != nil {
		tb.Fatal(err)
	}
	defer r.done()
	var all []string
	for p, cells := range r.cells {
		for _, c := range cells {
			all = append(all, fmt.Sprint("person ", p, " day ", int(c.day)-r.from, " ", c.second, "s of alert ", c.alert, " result ", c.id, " ", r.models[c.model].Name, " ", c.score, " ", c.dims, " ", c.flag, " verdict ", c.verdict))
		}
		for _, x := range r.extras[p] {
			all = append(all, fmt.Sprint("person ", p, " day ", int(x.day)-r.from, " dimension ", x.dimension, " ", x.value, " ", r.models[x.model].Name))
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// Whatever is posted, changed, deleted and decided: what is held is what the file holds.
func TestRecentFollows(t *testing.T) {
	d := newDesk(t)
	r := rand.New(rand.NewPCG(4, 2))
	var people []int64
	for i := range 6 {
		people = append(people, d.person(fmt.Sprintf("P%d", i), "Engineer", ""))
	}
	anybody := func() int64 { return people[r.IntN(len(people))] }
	results := map[int64]bool{}
	anyResult := func() int64 {
		ids := slices.Sorted(maps.Keys(results))
		return ids[r.IntN(len(ids))]
	}
	patch := func(id int64, body string) error {
		in, err := Results.DecodeUpdate([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return d.apply(func(b *Batch) error { _, err := b.Patch(in, id); return err })
	}
	verdicts := map[byte]int{}
	for step := range 400 {
		var err error
		what := r.IntN(12)
		switch {
		case what < 5 || len(results) < 5:
			results[d.result(anybody(), r.IntN(70), "usb-watch 1.0", r.Float64(), `, "email_anomaly": 0.5, "file_anomaly": 0.25`)] = true
		case what == 5: // an id of the client's choice, lower than the newest
			id := anyResult()
			if err = d.apply(func(b *Batch) error { return b.Delete(Results, id) }); err == nil {
				in, _ := Results.Decode(fmt.Appendf(nil, `{"employee": "/data-sub/api/employee/%d/", "date": "2026-06-09", "reporter": "mail 2", "score": 0.7}`, anybody()))
				err = d.apply(func(b *Batch) error { _, err := b.Put(in, id); return err })
			}
		case what == 6:
			err = patch(anyResult(), fmt.Sprintf(`{"score": %v, "web_anomaly": 0.1}`, r.Float64()))
		case what == 7: // to somebody else
			err = patch(anyResult(), fmt.Sprintf(`{"employee": "/data-sub/api/employee/%d/"}`, anybody()))
		case what == 8: // far back and forth
			err = patch(anyResult(), fmt.Sprintf(`{"date": "2026-0%d-09"}`, 1+r.IntN(6)))
		case what == 9:
			id := anyResult()
			delete(results, id)
			err = d.apply(func(b *Batch) error { return b.Delete(Results, id) })
		default:
			alerts, e := d.db.ids(t.Context(), `SELECT id FROM alert WHERE `+openStates)
			if err = e; err == nil && len(alerts) > 0 {
				c := Choice{Action: Confirm}
				if r.IntN(2) == 0 {
					c = dismissed
				}
				_, err = Decide(t.Context(), d.db, d.ana, alerts[r.IntN(len(alerts))], c)
			}
		}
		if err != nil {
			t.Fatalf("step %d, %d: %v", step, what, err)
		}
		if step%40 == 17 {
			d.now = d.now.AddDate(0, 0, 1)
		}
		if step%3 != 0 {
			continue // some steps together
		}
		got := held(t, d.db, d.asOf())
		d.db.recent.fail()
		d.db.gen.Add(1)
		if want := held(t, d.db, d.asOf()); got != want {
			t.Fatalf("step %d:\nheld\n%s\nin the file\n%s", step, got, want)
		}
		for i := range len(got) - 9 {
			if got[i:i+8] == "verdict " {
				verdicts[got[i+8]]++
			}
		}
	}
	if verdicts['0'] == 0 || verdicts['1'] == 0 || verdicts['2'] == 0 {
		t.Errorf("verdicts that were held: %v; want all three", verdicts)
	}
}

// An employee who is deleted is forgotten; many changes at once are read anew.
func TestRecentForgets(t *testing.T) {
	d := newDesk(t)
	p, q := d.person("P1", "Engineer", ""), d.person("P2", "Engineer", "")
	d.result(p, 1, "m", 0.5, "")
	for i := range 5 {
		d.result(q, i, "m", 0.5, "")
	}
	if n := strings.Count(held(t, d.db, d.asOf()), "person"); n != 6 {
		t.Fatalf("%d held; want 6", n)
	}
	if err := d.apply(func(b *Batch) error { return b.Delete(Employees, p) }); err != nil {
		t.Fatal(err)
	}
	if got := held(t, d.db, d.asOf()); strings.Contains(got, fmt.Sprint("person ", p, " ")) || strings.Count(got, "person") != 5 {
		t.Errorf("held\n%s", got)
	}
	d.now = d.now.AddDate(0, 0, 57)
	maxExplored = 3
	defer func() { maxExplored = 20_000 }()
	if n := strings.Count(held(t, d.db, d.asOf()), "person"); n != 3 {
		t.Errorf("%d held after 57 days; want 3", n)
	}
	changes := make([]Change, manyNotes+1)
	for i := range changes {
		changes[i] = Change{AlertChanged, int64(i)}
	}
	if d.db.recent.touch(changes, nil); !d.db.recent.all {
		t.Error("too many notes: everything is to be read anew")
	}
}

// What lies before the 60 days is held as far as explore draws it, and counts nowhere else.
func TestRecentHoldsOlder(t *testing.T) {
	maxExplored = 4
	defer func() { maxExplored = 20_000 }()
	d := newDesk(t)
	p := d.person("P1", "Engineer", "")
	for _, ago := range []int{400, 300, 200, 100, 1} {
		d.result(p, ago, "usb 1", 0.5, "")
	}
	explored := func(want string) {
		t.Helper()
		x, err := d.db.Explored(t.Context())
		if err != nil || fmt.Sprint(x.ID) != want || x.Total != count(t, d.db, `SELECT count(*) FROM detectionmodelresult`) {
			t.Errorf("%v of %d, %v; want %s", x.ID, x.Total, err, want)
		}
	}
	explored("[5 4 3 2]")
	stats, err := d.db.ModelStats(t.Context(), d.asOf())
	if err != nil || stats[0].Count != 1 {
		t.Errorf("%+v, %v; want 1 result of 60 days", stats, err)
	}
	d.result(p, 150, "usb 1", 0.5, "")
	explored("[5 4 6 3]")
	if err := d.apply(func(b *Batch) error { return b.Delete(Results, 4) }); err != nil {
		t.Fatal(err)
	}
	explored("[5 6 3 2]")
}

// Readers see whole people while posts and decisions come in.
func TestRecentBesideWrites(t *testing.T) {
	d := newDesk(t)
	p := d.person("P1", "Engineer", "")
	d.result(p, 0, "usb 1", 0.5, "")
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for range 40 {
				list, _, err := d.db.People(t.Context(), PeopleQuery{Order: ByPeak}, d.asOf())
				if err != nil || len(list) != 1 || list[0].Peak == nil {
					t.Errorf("%v, %v", list, err)
				}
				if _, err := d.db.ModelStats(t.Context(), d.asOf()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range 60 {
		d.result(p, i%3, fmt.Sprint("usb ", i%5), 0.5, "")
		if i%9 == 0 {
			if _, err := Decide(t.Context(), d.db, d.ana, int64(count(t, d.db, `SELECT max(id) FROM alert`)), Choice{Action: Remark, Note: "x"}); err != nil {
				t.Error(err)
			}
		}
	}
	wg.Wait()
	if r, err := d.db.lately(t.Context(), d.asOf()); err != nil || len(r.cells[p]) != 61 {
		t.Errorf("%d held, %v; want 61", len(r.cells[p]), err)
	} else {
		r.done()
	}
}
