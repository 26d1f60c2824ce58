package store

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// What a writer remembers of open alerts changes nothing: two files go the same way, and one remembers few, the other none.
func TestOpenAlertsRemembered(t *testing.T) {
	defer func(n int) { maxOpen = n }(maxOpen)
	maxOpen = 20
	const people = 3 // newLab makes them
	for seed := range uint64(4) {
		var tables [2][]string
		for i := range tables {
			l, r := newLab(t), rand.New(rand.NewPCG(seed, 1))
			var posted []*Result
			held := 0
			for step := range 150 {
				if i == 1 {
					l.write(func(tx *Tx) error { tx.drop(); return nil })
				}
				switch r.IntN(12) {
				case 0:
					l.settle(r, posted)
				case 1:
					if len(posted) > 0 {
						k := r.IntN(len(posted))
						l.change(func(x *Result) { x.Date, x.Employee = day0+int64(r.IntN(90))*microDay, int64(1+r.IntN(people)) }, posted[k])
					}
				case 2:
					if len(posted) > 0 {
						k := r.IntN(len(posted))
						l.remove(posted[k])
						posted = append(posted[:k], posted[k+1:]...)
					}
				default:
					var rs []*Result
					for range 1 + r.IntN(3) {
						x := res(float64(r.IntN(90)), r.Float64())
						if x.Employee = int64(1 + r.IntN(people)); step%2 == 0 {
							x.Date += 200 * microDay
						}
						rs = append(rs, x)
					}
					l.post(rs...)
					posted = append(posted, rs...)
				}
				if held += len(l.db.seen.open.people); l.db.seen.open.n > maxOpen {
					t.Fatalf("%d alerts are held; want at most %d", l.db.seen.open.n, maxOpen)
				}
			}
			l.sound()
			tables[i] = l.placed()
			if i == 0 && held == 0 {
				t.Error("nothing was remembered")
			}
		}
		if got, want := fmt.Sprint(tables[0]), fmt.Sprint(tables[1]); got != want {
			t.Errorf("seed %d: results and alerts\n%s\nwithout memory\n%s", seed, got, want)
		}
	}
}

// settle decides on the alert of one of the results, if it is open.
func (l *lab) settle(r *rand.Rand, posted []*Result) {
	if len(posted) == 0 {
		return
	}
	id := l.alertOf(posted[r.IntN(len(posted))])
	if l.alert(id).state.Open() {
		l.decide(l.ana, id, dismissed)
	}
}

// placed tells which alert each result is in, and where each alert stands.
func (l *lab) placed() (out []string) {
	l.tb.Helper()
	rows, err := l.db.r.QueryContext(l.tb.Context(), `SELECT r.id || ' ' || r.alert || ' ' || a.state || ' ' || a.n || ' ' || a.priority
		FROM detectionmodelresult r JOIN alert a ON a.id = r.alert ORDER BY r.id`)
	if err != nil {
		l.tb.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			l.tb.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// An employee's id that a client takes again is another person's: the alerts of the first are nobody's.
func TestIDOfADeletedEmployee(t *testing.T) {
	l := newLab(t)
	put := func() {
		t.Helper()
		in, err := Employees.DecodeUpdate([]byte(`{"employee_id": "EM900"}`))
		if err == nil {
			_, _, err = Apply(t.Context(), l.db, l.ana, func(b *Batch) (Saved, error) { return b.Put(in, 900) })
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	post := func() {
		t.Helper()
		mustPost(t, l.db, l.ana, Results, `{"employee": {"employee_id": "EM900"}, "date": "2026-03-01", "reporter": "m 1", "score": 0.1}`)
	}
	put()
	post()
	if _, _, err := Apply(t.Context(), l.db, l.ana, func(b *Batch) (int, error) { return 0, b.Delete(Employees, 900) }); err != nil {
		t.Fatal(err)
	}
	put()
	post()
	l.sound()
	if n := count(t, l.db, `SELECT count(*) FROM alert WHERE employee = 900 AND id = 2`); n != 1 {
		t.Error("the result of the new person did not open an alert")
	}
}
