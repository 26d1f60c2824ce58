package store

import (
	"cmp"
	"database/sql"
	"maps"
	"slices"
)

const (
	microDay  = 24 * 60 * 60 * 1_000_000
	groupDays = 7 // a result joins an alert whose dates are within so many calendar days, UTC
)

// utcDay counts the days from 1970 to a time in microseconds, UTC.
func utcDay(micro int64) int64 {
	d := micro / microDay
	if micro%microDay < 0 {
		d--
	}
	return d
}

// settleAlerts brings the alerts up to what a request did to results, once,
// when their rows are as they will be. resealed are results whose digest was
// renewed although nothing else in them changed.
//
// What leaves an alert leaves first, and each alert that lost or kept a changed
// result is summary anew. What needs an alert then joins an open one or opens one,
// in order. That reads no other results: a post costs the same however large its
// alert is.
func settleAlerts(tx *Tx, moves []move, resealed []int64) error {
	s := newSettler(tx)
	for _, m := range lastOfEach(moves) {
		if err := s.leave(m); err != nil {
			return err
		}
	}
	if err := s.refold(resealed); err != nil {
		return err
	}
	for _, j := range s.joins {
		if err := s.place(j); err != nil {
			return err
		}
	}
	return s.save()
}

func newSettler(tx *Tx) *settler {
	return &settler{tx: tx, touched: map[int64]bool{}, grown: map[int64]*alertRow{}}
}

// admit finds a new result its alert before the result's row is written, so
// that it is written once. save writes the alert's own row.
func (s *settler) admit(r *Result, chosen bool) (alert int64, err error) {
	s.admitted++
	a, err := s.placed(join{now: r, old: chosen})
	if err != nil {
		return 0, err
	}
	s.grown[a.id] = a
	return a.id, nil
}

// lastOfEach makes one move of several of the same result.
func lastOfEach(moves []move) []move {
	if !slices.ContainsFunc(moves, func(m move) bool { return m.old != nil }) {
		return moves // all are new, so each is there once
	}
	out := make([]move, 0, len(moves))
	at := make(map[int64]int, len(moves))
	for _, m := range moves {
		id := cmp.Or(m.old, m.now).ID
		i, seen := at[id]
		if seen {
			out[i].now = m.now
			continue
		}
		at[id] = len(out)
		out = append(out, m)
	}
	return slices.DeleteFunc(out, func(m move) bool { return m.old == nil && m.now == nil })
}

// settler is the work of one settleAlerts.
type settler struct {
	tx      *Tx
	joins   []join
	touched map[int64]bool      // alerts to fold anew
	grown   map[int64]*alertRow // alerts that were joined or opened

	admitted int // results since the last save
}

// window is a stretch of dates.
type window struct{ first, last int64 }

// join is a result that needs an alert.
type join struct {
	now  *Result
	old  bool  // a decision may have covered its id: it was in an alert before, or a client took the id of one that is gone
	back int64 // that alert, if it may go back there; else 0
}

// leave takes a changed result out of its alert, where it has to be placed anew.
// It stays when only its score changed and nobody has decided on it yet.
func (s *settler) leave(m move) error {
	if m.alert != 0 {
		s.touched[m.alert] = true
	}
	switch {
	case m.old == nil:
		s.joins = append(s.joins, join{now: m.now})
		return nil
	case m.now == nil:
		return nil
	case m.old.Reporter != m.now.Reporter:
		if _, err := s.tx.model(m.now.Reporter); err != nil { // what is summary reads its scale
			return err
		}
	}
	if m.old.Employee == m.now.Employee && m.old.Date == m.now.Date && m.old.Score == m.now.Score {
		return nil
	}
	j := join{now: m.now, old: true}
	if m.alert != 0 && m.old.Employee == m.now.Employee {
		a, err := loadAlert(s.tx, m.alert)
		if err != nil {
			return err
		}
		covered, err := everCovered(s.tx, a.id, m.now.ID)
		if err != nil {
			return err
		}
		if a.state.Open() && !covered {
			if m.old.Date == m.now.Date {
				return nil
			}
			j.back = a.id
		}
	}
	s.joins = append(s.joins, j)
	_, err := s.tx.Exec(`UPDATE detectionmodelresult SET alert = NULL, decision = NULL WHERE id = ?`, m.now.ID)
	return err
}

// everCovered reports whether a decision in the alert covers the result, even
// one that was undone. Such a result, once changed, never comes back: what was
// decided there, or may be decided again by undoing, was about something else.
func everCovered(tx *Tx, alert, result int64) (yes bool, err error) {
	err = tx.Row(`SELECT EXISTS (SELECT 1 FROM decision d JOIN decision_result c ON c.decision = d.id AND c.result = ? WHERE d.alert = ?)`,
		[]any{result, alert}, &yes)
	return yes, err
}

// refold folds the alerts that lost or kept a changed result.
func (s *settler) refold(resealed []int64) error {
	for _, id := range resealed {
		var alert int64
		err := s.tx.Row(`SELECT coalesce(max(alert), 0) FROM detectionmodelresult WHERE id = ?`, []any{id}, &alert)
		if err != nil {
			return err
		}
		if alert != 0 {
			s.touched[alert] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.touched)) {
		a, err := loadAlert(s.tx, id)
		if err != nil {
			return err
		}
		if err := a.refold(s.tx, window{a.first, a.last}); err != nil {
			return err
		}
		s.tx.changed(AlertChanged, id)
	}
	return nil
}

// place finds the result an alert and notes it in the result's row.
func (s *settler) place(j join) error {
	if j.back != 0 {
		if a, err := s.find(j); err != nil {
			return err
		} else if a == nil {
			if done, err := s.goBack(j); done || err != nil {
				return err
			}
		}
	}
	a, err := s.placed(j)
	if err != nil {
		return err
	}
	return s.assign(j, a)
}

// placed joins the result to the oldest open alert of its employee that is near
// enough, or opens a new one.
func (s *settler) placed(j join) (*alertRow, error) {
	a, err := s.find(j)
	if err != nil {
		return nil, err
	}
	if a == nil {
		a = &alertRow{employee: j.now.Employee, summary: summary{stand: stand{state: StateNew}}}
	}
	m, err := s.tx.model(j.now.Reporter)
	if err != nil {
		return nil, err
	}
	a.change().join(pointOf(j.now, m), s.tx.Now)
	if a.id == 0 {
		s.tx.open.add(a)
		err = a.save(s.tx)
	}
	return a, err
}

// find returns the alert that j joins, or nil.
func (s *settler) find(j join) (*alertRow, error) {
	list, err := s.tx.openAlerts(j.now.Employee, j.now.Date)
	if err != nil {
		return nil, err
	}
	day := utcDay(j.now.Date)
	for _, a := range list {
		if day < utcDay(a.first)-groupDays || day > utcDay(a.last)+groupDays {
			continue
		}
		covered := false
		if j.old {
			covered, err = everCovered(s.tx, a.id, j.now.ID)
		}
		if !covered || err != nil {
			return a, err
		}
	}
	return nil, nil
}

// goBack returns j to the alert that it came from, if that is empty without it.
func (s *settler) goBack(j join) (bool, error) {
	a, err := loadAlert(s.tx, j.back)
	if err != nil || a.n > 0 {
		return false, err
	}
	if err := s.assign(j, a); err != nil {
		return false, err
	}
	s.tx.open.add(a)
	return true, a.refold(s.tx, window{j.now.Date, j.now.Date})
}

func (s *settler) assign(j join, a *alertRow) error {
	s.grown[a.id] = a
	_, err := s.tx.Exec(`UPDATE detectionmodelresult SET alert = ? WHERE id = ?`, a.id, j.now.ID)
	return err
}

// save writes the alerts that were joined.
func (s *settler) save() error {
	for _, id := range slices.Sorted(maps.Keys(s.grown)) {
		if err := s.grown[id].save(s.tx); err != nil {
			return err
		}
		s.tx.changed(AlertGrown, id)
	}
	clear(s.grown)
	s.admitted = 0
	s.tx.open.trim()
	return nil
}

// pointOf is what fold takes from a result.
func pointOf(r *Result, m Model) point {
	p := point{
		id: r.ID, date: r.Date, received: r.Receipt.CreatedAt, score: scaled(r.Score, m.Scale), flag: r.Flag, model: m.Name, family: m.Family,
		digest: r.Receipt.Digest, dims: [dimCount]sql.Null[float64]{dimEmail: r.Email, dimWeb: r.Web, dimDevice: r.Device, dimLogin: r.Login},
	}
	for _, x := range r.Extra {
		if o := &p.dims[dimOther]; !o.Valid || x.Value > o.V {
			*o = sql.Null[float64]{V: x.Value, Valid: true}
		}
	}
	p.scale(m.Scale)
	return p
}
