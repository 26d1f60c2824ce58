package store

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// resolve stores the nested objects of in and puts the ids that its references
// name into row.
func (b *Batch) resolve(in *Input, row any) error {
	var bad fieldErrors
	for i, ls := range in.links {
		if len(ls) == 0 {
			continue
		}
		f := &in.res.Fields[i]
		ids := make([]int64, 0, len(ls))
		for k, l := range ls {
			id, err := b.linked(f, l)
			if err != nil {
				return err
			}
			if id == 0 {
				name := in.path + f.Name
				if f.Type == ToMany {
					name = fmt.Sprintf("%s.%d", name, k)
				}
				bad.add(name, "there is no %s %d", f.Target, l.id)
				continue
			}
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		if len(ids) > 0 {
			setRef(f.at(row), ids)
		}
	}
	return bad.err()
}

func setRef(p any, ids []int64) {
	switch p := p.(type) {
	case *int64:
		*p = ids[0]
	case *sql.Null[int64]:
		p.V, p.Valid = ids[0], true
	case *[]int64:
		slices.Sort(ids)
		*p = ids
	}
}

// linked returns the id of the row that l names or describes; 0: there is none.
func (b *Batch) linked(f *Field, l link) (int64, error) {
	if l.in == nil {
		return b.named(f, l.id)
	}
	name := ""
	if l.in.namesOnly() {
		name = "{" + *l.in.res.KeyField().at(l.in.row).(*string)
	}
	if id := max(b.there[string(l.in.text)], b.tx.there[name]); id != 0 && l.in.res == Employees {
		return id, nil
	}
	b.notes.Ignored = noted(b.notes.Ignored, l.in.ignored...)
	id, err := b.find(l.in, false)
	if err != nil {
		return 0, err
	}
	if id == 0 {
		s, err := b.insert(l.in)
		return s.ID, err
	}
	if name != "" {
		b.tx.there = remember(b.tx.there, name, id)
		return id, nil
	}
	told := len(b.notes.Ignored)
	_, changed, err := b.update(l.in, id)
	if err == nil && l.in.res == Employees && len(changed)+len(l.in.ignored) == 0 && len(b.notes.Ignored) == told {
		b.there = remember(b.there, string(l.in.text), id)
	}
	return id, err
}

// namesOnly reports whether in is {"employee_id": "E1"}: it names a row, and
// nothing in it can differ.
func (in *Input) namesOnly() bool {
	for i, given := range in.given {
		if given != in.res.Fields[i].Key {
			return false
		}
	}
	return in.res == Employees && in.self+in.id == 0 && len(in.ignored) == 0
}

// named returns id if there is such a row.
func (b *Batch) named(f *Field, id int64) (int64, error) {
	key := ""
	if f.Target == Employees.Name {
		if key = strconv.FormatInt(id, 10); b.tx.there[key] != 0 {
			return id, nil
		}
	}
	ok, err := b.exists(ResourceNamed(f.Target), id)
	if err != nil || !ok {
		return 0, err
	}
	if key != "" {
		b.tx.there = remember(b.tx.there, key, id)
	}
	return id, nil
}

const maxThere = 20_000 // employees remembered, so that memory does not grow with a list

// remember notes that an employee is as it was given: lists name the same ones
// hundreds of times. What changes or removes an employee forgets them all.
func remember(there map[string]int64, text string, id int64) map[string]int64 {
	if there == nil || len(there) >= maxThere {
		there = map[string]int64{}
	}
	there[text] = id
	return there
}

// forgetPeople is for whoever changes or removes an employee.
func (b *Batch) forgetPeople() { b.there, b.tx.there = nil, nil }

// insertLinks stores the list of references and the further dimensions of a new row.
func (b *Batch) insertLinks(r *Resource, row any) error {
	for i := range r.Fields {
		if ids, ok := r.Fields[i].at(row).(*[]int64); ok {
			for _, far := range *ids {
				if _, err := b.tx.Exec("INSERT INTO "+r.Link.Table+" ("+r.Link.Near+", "+r.Link.Far+") VALUES (?, ?)", r.ID(row), far); err != nil {
					return err
				}
			}
		}
	}
	if r.extra == nil {
		return nil
	}
	for _, a := range *r.extra(row) {
		if err := b.setDimension(r.ID(row), a); err != nil {
			return err
		}
	}
	return nil
}

// knowDimensions makes rows for dimensions that are new. It comes before the
// result's own row, since it may refuse.
func (b *Batch) knowDimensions(extra []Anomaly) error {
	for _, a := range extra {
		if _, err := b.dimension(a.Name); err != nil {
			return err
		}
	}
	return nil
}

func (b *Batch) dimension(name string) (id int64, err error) {
	err = b.tx.Row(`SELECT id FROM dimension WHERE name = ?`, []any{name}, &id)
	if errors.Is(err, sql.ErrNoRows) {
		return b.newDimension(name)
	}
	return id, err
}

// setDimension stores the value of a further dimension, which may be a new one.
func (b *Batch) setDimension(result int64, a Anomaly) error {
	dim, err := b.dimension(a.Name)
	if err != nil {
		return err
	}
	_, err = b.tx.Exec(`INSERT INTO anomaly (result, dimension, value) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET value = excluded.value`, result, dim, a.Value)
	return err
}

func (b *Batch) newDimension(name string) (int64, error) {
	var n int
	if err := b.tx.Row(`SELECT count(*) FROM dimension`, nil, &n); err != nil {
		return 0, err
	}
	if n >= maxDimensions {
		return 0, fieldErrors{name: {fmt.Sprintf("is a new dimension, and there are %d already, which is the most", n)}}.err()
	}
	res, err := b.tx.Exec(`INSERT INTO dimension (name, created_at) VALUES (?, ?)`, name, b.tx.Now)
	if err != nil {
		return 0, err
	}
	b.tx.dimensions = nil
	b.notes.Dimensions = append(b.notes.Dimensions, name)
	return res.LastInsertId()
}

// replaceLinks makes the stored list of references that of row.
func (b *Batch) replaceLinks(r *Resource, row any) error {
	if _, err := b.tx.Exec("DELETE FROM "+r.Link.Table+" WHERE "+r.Link.Near+" = ?", r.ID(row)); err != nil {
		return err
	}
	return b.insertLinks(r, row)
}
