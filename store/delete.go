package store

import "context"

// Delete removes the row of that id, and what cannot be without it (CONTRACT
// section 8): an employee's results and events go with it; evidence and
// addresses are only let go of.
func (b *Batch) Delete(r *Resource, id int64) error {
	row, err := b.row(r, id)
	if err != nil {
		return err
	}
	b.log.add("delete", r, id)
	return b.remove(r, id, row)
}

// DeleteAll removes all rows that q selects.
func (b *Batch) DeleteAll(q *Query) error {
	ids, err := q.IDs(context.Background(), b.tx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := b.Delete(q.res, id); err != nil {
			return err
		}
	}
	return nil
}

func (b *Batch) remove(r *Resource, id int64, row any) error {
	for _, other := range Resources {
		for i := range other.Fields {
			if other.Fields[i].Target == r.Name {
				if err := b.letGo(other, &other.Fields[i], id); err != nil {
					return err
				}
			}
		}
	}
	if res, ok := row.(*Result); ok {
		if err := b.moved(res, nil); err != nil {
			return err
		}
		if _, err := b.tx.Exec(`DELETE FROM anomaly WHERE result = ?`, id); err != nil {
			return err
		}
	}
	if r.Link.Table != "" {
		if _, err := b.tx.Exec("DELETE FROM "+r.Link.Table+" WHERE "+r.Link.Near+" = ?", id); err != nil {
			return err
		}
	}
	b.forgetPeople()
	if r == Employees { // alerts stay for the sake of the decisions in them
		b.tx.open.forget(id)
		if _, err := b.tx.Exec(`UPDATE alert SET employee = NULL WHERE employee = ?`, id); err != nil {
			return err
		}
	}
	_, err := b.tx.Exec("DELETE FROM "+r.Name+" WHERE id = ?", id)
	return err
}

// letGo ends the references that rows of other hold in f to the row of that id.
func (b *Batch) letGo(other *Resource, f *Field, id int64) error {
	if f.Type == ToOne && f.Null {
		_, err := b.tx.Exec("UPDATE "+other.Name+" SET "+f.Name+" = NULL WHERE "+f.Name+" = ?", id)
		return err
	}
	if f.Type == ToOne {
		rows, err := load(context.Background(), b.tx, other, f.Name+" = ?", id)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := b.remove(other, other.ID(row), row); err != nil {
				return err
			}
		}
		return nil
	}
	l := other.Link
	near, err := b.tx.ids("SELECT "+l.Near+" FROM "+l.Table+" WHERE "+l.Far+" = ?", id)
	if err != nil {
		return err
	}
	for _, n := range near {
		b.resign[n] = true
	}
	_, err = b.tx.Exec("DELETE FROM "+l.Table+" WHERE "+l.Far+" = ?", id)
	return err
}
