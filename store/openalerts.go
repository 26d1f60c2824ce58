package store

import (
	"cmp"
	"math"
	"slices"
)

// openAlerts are open alerts as the file has them, and as a write under way has
// changed them: what a new result may join. Models come back to the same people,
// and to read an alert's row took a seventh of a post, a quarter of a list.
type openAlerts struct {
	people map[int64]*openOf
	n      int // alerts and people held
}

// openOf are the open alerts of one person.
type openOf struct {
	window             // all that a result of these dates may fit into are here
	list   []*alertRow // by id
}

// maxOpen is how many alerts and people are held at most, about 10 MB.
var maxOpen = 30_000

const openReach = 60 // days before a result that are read along for who comes back

// openAlerts returns the open alerts of a person that a result of that date may fit into, by id.
func (tx *Tx) openAlerts(person, date int64) ([]*alertRow, error) {
	o := &tx.open
	p := o.people[person]
	if p != nil && p.first <= date && date <= p.last {
		return p.list, nil
	}
	w := window{date, date}
	if p != nil {
		w = window{date - openReach*microDay, math.MaxInt64 / 2}
	}
	found, err := loadAlerts(tx, `employee = ? AND `+openStates+` AND last_date >= ? AND first_date < ?`,
		person, (utcDay(w.first)-groupDays)*microDay, (utcDay(w.last)+groupDays+1)*microDay)
	if err != nil {
		return nil, err
	}
	if o.people == nil {
		o.people = map[int64]*openOf{}
	}
	if p == nil {
		p = &openOf{}
		o.people[person] = p
		o.n++
	}
	p.window = w
	for _, a := range found {
		if !slices.ContainsFunc(p.list, func(held *alertRow) bool { return held.id == a.id }) { // which may have changed
			p.list = append(p.list, a)
			o.n++
		}
	}
	slices.SortFunc(p.list, func(x, y *alertRow) int { return cmp.Compare(x.id, y.id) })
	return p.list, nil
}

// add holds an alert of a person whose open alerts are held.
func (o *openAlerts) add(a *alertRow) {
	p := o.people[a.employee]
	i := len(p.list)
	if a.id != 0 { // else it is about to be the newest
		i, _ = slices.BinarySearchFunc(p.list, a.id, func(held *alertRow, id int64) int { return cmp.Compare(held.id, id) })
	}
	p.list = slices.Insert(p.list, i, a)
	o.n++
}

// saved is told of each row that is written: one that is not held may have opened, closed or changed beside what is.
func (o *openAlerts) saved(a *alertRow) {
	if p := o.people[a.employee]; p != nil && !slices.Contains(p.list, a) {
		o.forget(a.employee)
	}
}

func (o *openAlerts) forget(person int64) {
	if p := o.people[person]; p != nil {
		o.n -= len(p.list) + 1
		delete(o.people, person)
	}
}

// trim lets go of some when there are too many. All have to be saved.
func (o *openAlerts) trim() {
	for person := range o.people {
		if o.n <= maxOpen {
			return
		}
		o.forget(person)
	}
}
