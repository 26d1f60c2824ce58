package store

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
)

// The nearest decided alerts of other people, one each.
func TestSimilar(t *testing.T) {
	l := newLab(t)
	l.people(4, 9)
	post := func(person int64, day, email, web float64) int64 {
		r := res(day, 0.5)
		r.Employee, r.Email = person, sql.Null[float64]{V: email, Valid: true}
		if web >= 0 {
			r.Web = sql.Null[float64]{V: web, Valid: true}
		}
		return l.post(r)[0]
	}
	own := post(1, 0, 0.5, 0.5)
	near := post(2, 0, 0.5, 0.4)  // 0.1 over two dimensions: 0.25 over five
	far := post(2, 40, 0.1, 0.1)  // the same person, farther
	other := post(3, 0, 0.9, 0.9) // 2
	thin := post(4, 0, 0.5, -1)   // one dimension in common is too little
	open := post(5, 0, 0.5, 0.5)  // undecided
	for _, id := range []int64{near, far, other, thin} {
		l.decide(l.ana, id, dismissed)
	}
	l.decide(l.bob, own, Choice{Action: Confirm})
	again := post(1, 60, 0.5, 0.5)
	p, err := l.db.Alert(t.Context(), again, QueueAsk{})
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, s := range p.Similar {
		fmt.Fprintf(&got, "%d %.2f %s by %s; ", s.ID, s.Distance, s.State, s.By)
	}
	if want := fmt.Sprintf("%d 0.25 dismissed by ana; %d 2.00 dismissed by ana; ", near, other); got.String() != want {
		t.Errorf("similar: %s; want %s (open %d)", got.String(), want, open)
	}
}
