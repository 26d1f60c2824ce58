package store

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Whatever happens, in whatever order: what is kept up step by step is what
// fold computes from the whole history.
func TestUpkeepEqualsFold(t *testing.T) {
	steps := 400
	if testing.Short() {
		steps = 100
	}
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			l := newLab(t)
			r := rand.New(rand.NewPCG(seed, 1))
			w := stroll{lab: l, r: r}
			for i := range steps {
				w.step()
				if i%20 == 19 {
					l.sound()
				}
			}
			l.sound()
			if len(w.live) == 0 || w.done < steps/8 {
				t.Errorf("%d results left, %d decisions made: this walk proves little", len(w.live), w.done)
			}
		})
	}
}

// stroll does random things to a lab.
type stroll struct {
	*lab
	r    *rand.Rand
	live []*Result
	done int // decisions that were accepted
}

func (w *stroll) step() {
	*w.clock = w.clock.Add(time.Duration(w.r.IntN(5)) * time.Hour)
	switch n := w.r.IntN(20); {
	case n < 7:
		var rs []*Result
		for range 1 + w.r.IntN(3) {
			rs = append(rs, w.result())
		}
		w.post(rs...)
		w.live = append(w.live, rs...)
	case n < 10 && len(w.live) > 0:
		w.change(w.edit, w.some()...)
	case n < 12 && len(w.live) > 0:
		rs := w.some()
		w.remove(rs...)
		w.live = slices.DeleteFunc(w.live, func(r *Result) bool { return slices.Contains(rs, r) })
	case n == 12:
		if err := Wake(context.Background(), w.db); err != nil {
			w.tb.Fatal(err)
		}
	case n == 13:
		w.bulk()
	default:
		w.decideAny()
	}
}

func (w *stroll) result() *Result {
	r := res(float64(w.r.IntN(60)), float64(w.r.IntN(20))/20)
	r.Employee = int64(1 + w.r.IntN(3))
	r.Reporter = []string{"usb-watch 1.0", "usb-watch 1.1", "web-risk 1.4", "Detection Model"}[w.r.IntN(4)]
	r.Flag = w.r.IntN(4) == 0
	if w.r.IntN(2) == 0 {
		r.Email = sql.Null[float64]{V: w.r.Float64(), Valid: true}
	}
	if w.r.IntN(3) == 0 {
		r.Extra = []Anomaly{{"file_anomaly", w.r.Float64()}, {"role_anomaly", w.r.Float64()}}
	}
	return r
}

func (w *stroll) some() []*Result {
	n := min(1+w.r.IntN(3), len(w.live))
	rs := make([]*Result, 0, n)
	for _, i := range w.r.Perm(len(w.live))[:n] {
		rs = append(rs, w.live[i])
	}
	return rs
}

func (w *stroll) edit(r *Result) {
	switch w.r.IntN(5) {
	case 0:
		r.Score = w.r.Float64()
	case 1:
		r.Date += int64(w.r.IntN(30)-15) * microDay
	case 2:
		r.Employee = int64(1 + w.r.IntN(3))
	case 3:
		r.Flag = !r.Flag
	case 4:
		r.Reporter = "role-profile 2.1"
	}
}

func (w *stroll) decideAny() {
	n := count(w.tb, w.db, `SELECT count(*) FROM alert`)
	if n == 0 {
		return
	}
	a := w.alert(int64(1 + w.r.IntN(n)))
	c := Choice{Action: []Action{Review, Confirm, Dismiss, Dismiss, Snooze, Reopen, Undo, Undo, Remark}[w.r.IntN(9)], Note: "because", Reason: new(w.r.IntN(10)), Undoes: a.decision}
	if c.Action == Snooze {
		c.Until = w.db.Now() + int64(w.r.IntN(48))*microDay/24
		if over := a.peak + 0.1; w.r.IntN(2) == 0 {
			c.Over = &over
		}
	}
	if w.r.IntN(3) == 0 && len(w.live) > 0 { // a part only
		for _, r := range w.live {
			if w.r.IntN(2) == 0 {
				c.Results = append(c.Results, r.ID)
			}
		}
	}
	w.count(Decide(context.Background(), w.db, w.ana, a.id, c))
}

func (w *stroll) bulk() {
	var ids []int64
	for id := range count(w.tb, w.db, `SELECT count(*) FROM alert`) {
		if w.r.IntN(3) == 0 {
			ids = append(ids, int64(id+1))
		}
	}
	b, err := DecideMany(context.Background(), w.db, w.bob, ids, dismissed)
	w.count(Outcome{}, err)
	if b.Batch != 0 && w.r.IntN(2) == 0 {
		_, err := UndoBatch(context.Background(), w.db, w.ana, b.Batch)
		w.count(Outcome{}, err)
	}
}

// count wants a refusal to be one that people can read.
func (w *stroll) count(_ Outcome, err error) {
	w.tb.Helper()
	switch k := AsError(err).Kind; {
	case err == nil:
		w.done++
	case k != Conflict && k != Invalid && k != NotFound:
		w.tb.Fatal(err)
	}
}
