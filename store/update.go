package store

import (
	"context"
	"database/sql"
	"slices"
)

// row returns the row of that id as it is now.
func (b *Batch) row(r *Resource, id int64) (any, error) {
	rows, err := load(context.Background(), b.tx, r, "id = ?", id)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, noRow(r, id)
	}
	return rows[0], nil
}

// update applies what in gives to the row of that id, and returns the fields
// that differed. Nothing is written when nothing differs: scripts send the same
// employee with hundreds of results.
func (b *Batch) update(in *Input, id int64) (Saved, []string, error) {
	r := in.res
	old, err := b.row(r, id)
	if err != nil {
		return Saved{}, nil, err
	}
	if b.actor.Role == Ingest {
		return b.compare(in, old)
	}
	if other, err := b.findKey(in); err != nil || other != 0 && other != id {
		if err == nil {
			err = &Error{Kind: Conflict, Msg: in.path + r.KeyField().Name + ": another " + r.Name + " has it already"}
		}
		return Saved{}, nil, err
	}
	given := r.clone(in.row)
	if err := b.resolve(in, given); err != nil {
		return Saved{}, nil, err
	}
	now := r.clone(old)
	changed := merge(in, now, given)
	if len(changed) == 0 {
		return Saved{Row: old, ID: id}, nil, nil
	}
	return Saved{Row: now, ID: id}, changed, b.writeRow(r, old, now, changed)
}

// compare is what an ingest token gets: the row is a reference, what differs is
// named, and the answer holds nothing that it did not send.
func (b *Batch) compare(in *Input, old any) (Saved, []string, error) {
	r := in.res
	for _, name := range merge(in, r.clone(old), in.row) {
		b.notes.Ignored = noted(b.notes.Ignored, in.path+name)
	}
	echo := r.clone(in.row)
	*r.id(echo) = r.ID(old)
	return Saved{Row: echo, ID: r.ID(old)}, nil, nil
}

// merge puts the fields that in gives from given into row and names those that differ.
func merge(in *Input, row, given any) (changed []string) {
	r := in.res
	for i := range r.Fields {
		if in.given[i] && assign(r.Fields[i].at(row), r.Fields[i].at(given)) {
			changed = append(changed, r.Fields[i].Name)
		}
	}
	if r.extra == nil {
		return changed
	}
	named := func(name string) func(Anomaly) bool { return func(a Anomaly) bool { return a.Name == name } }
	all := slices.DeleteFunc(slices.Clone(*r.extra(row)), func(a Anomaly) bool {
		gone := slices.Contains(in.cleared, a.Name) || in.whole && !slices.ContainsFunc(in.extra, named(a.Name))
		if gone {
			changed = append(changed, a.Name)
		}
		return gone
	})
	for _, a := range in.extra {
		k := slices.IndexFunc(all, named(a.Name))
		switch {
		case k < 0:
			all, changed = append(all, a), append(changed, a.Name)
		case all[k].Value != a.Value:
			all[k], changed = a, append(changed, a.Name)
		}
	}
	*r.extra(row) = sorted(all)
	return changed
}

// assign copies *src to *dst, two pointers of one field, and reports whether they differed.
func assign(dst, src any) bool {
	switch d := dst.(type) {
	case *string:
		return copyTo(d, src.(*string))
	case *bool:
		return copyTo(d, src.(*bool))
	case *float64:
		return copyTo(d, src.(*float64))
	case *int64:
		return copyTo(d, src.(*int64))
	case *sql.Null[float64]:
		return copyTo(d, src.(*sql.Null[float64]))
	case *sql.Null[string]:
		return copyTo(d, src.(*sql.Null[string]))
	case *sql.Null[int64]:
		return copyTo(d, src.(*sql.Null[int64]))
	}
	d, s := dst.(*[]int64), src.(*[]int64)
	if slices.Equal(*d, *s) {
		return false
	}
	*d = *s
	return true
}

func copyTo[T comparable](d, s *T) bool {
	differ := *d != *s
	*d = *s
	return differ
}

// writeRow stores now in place of old.
func (b *Batch) writeRow(r *Resource, old, now any, changed []string) error {
	args := bind(make([]any, 0, len(r.Fields)+2), r.Fields, now)
	if r.Receipt {
		digest, err := b.reseal(r, now)
		if err != nil {
			return err
		}
		args = append(args, digest)
	}
	if _, err := b.tx.Exec(r.update, append(args, r.ID(now))...); err != nil {
		return err
	}
	if r.Link.Table != "" {
		if r.extra != nil {
			if _, err := b.tx.Exec(`DELETE FROM anomaly WHERE result = ?`, r.ID(now)); err != nil {
				return err
			}
		}
		if err := b.replaceLinks(r, now); err != nil {
			return err
		}
	}
	if r == Employees || r == Addresses { // which nests in it
		b.forgetPeople()
	}
	b.log.add("change", r, r.ID(now), changed...)
	if res, ok := now.(*Result); ok {
		return b.moved(old.(*Result), res)
	}
	return nil
}

// moved notes a result that was changed or (now nil) is about to be deleted,
// with the alert that holds it.
func (b *Batch) moved(old, now *Result) error {
	var alert sql.Null[int64]
	if err := b.tx.Row(`SELECT alert, created_at FROM detectionmodelresult WHERE id = ?`, []any{old.ID}, &alert, &old.Receipt.CreatedAt); err != nil {
		return err
	}
	if now != nil {
		now.Receipt.CreatedAt = old.Receipt.CreatedAt // an alert that it joins tells when it came
	}
	b.moves = append(b.moves, move{old: old, now: now, alert: alert.V})
	b.tx.people = append(b.tx.people, old.Employee)
	if now != nil {
		b.tx.people = append(b.tx.people, now.Employee)
	}
	return nil
}

// sealAgain renews the digests of results that lost evidence.
func (b *Batch) sealAgain() (resealed []int64, err error) {
	for id := range b.resign {
		rows, err := load(context.Background(), b.tx, Results, "id = ?", id)
		if err != nil {
			return nil, err
		}
		for _, row := range rows { // none if the result went too
			digest, err := b.reseal(Results, row)
			if err == nil {
				_, err = b.tx.Exec(`UPDATE detectionmodelresult SET digest = ? WHERE id = ?`, digest, id)
			}
			if err != nil {
				return nil, err
			}
			resealed = append(resealed, id)
		}
	}
	return resealed, nil
}
