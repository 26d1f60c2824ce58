package store

import (
	"context"
	"fmt"
	"slices"
)

const maxNamed = 20 // wrong objects of a list that an error names

// PatchList stores the objects of {"objects": [...], "deleted_objects": [...]}
// and returns their ids in order. The body is decoded object by object, so that
// memory does not grow with it.
func (b *Batch) PatchList(r *Resource, body []byte) ([]int64, error) {
	ids, deleted, err := b.list(r, body, b.Post)
	if err != nil {
		return nil, err
	}
	if len(deleted) > 0 && b.actor.Role == Ingest {
		return nil, Errorf(Forbidden, "deleting needs the role admin or script; this login has ingest")
	}
	for i, v := range deleted {
		id, err := r.parseURI(v.text)
		if err != nil || v.kind != jsonString {
			return nil, fieldErrors{fmt.Sprintf("deleted_objects.%d", i): {"must be a URI such as " + r.URI(3)}}.err()
		}
		if ok, err := b.exists(r, id); err != nil {
			return nil, err
		} else if !ok {
			return nil, fieldErrors{fmt.Sprintf("deleted_objects.%d", i): {fmt.Sprintf("there is no %s %d", r.Name, id)}}.err()
		}
		if err := b.Delete(r, id); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// PutList makes the collection hold exactly the objects of {"objects": [...]}.
func (b *Batch) PutList(r *Resource, body []byte) ([]int64, error) {
	kept, _, err := b.list(r, body, b.replace)
	if err != nil {
		return nil, err
	}
	all, err := ids(b.tx, "SELECT id FROM "+r.Name+" ORDER BY id")
	if err != nil {
		return nil, err
	}
	stay := make(map[int64]bool, len(kept))
	for _, id := range kept {
		stay[id] = true
	}
	for _, id := range all {
		if !stay[id] {
			if err := b.Delete(r, id); err != nil {
				return nil, err
			}
		}
	}
	return kept, nil
}

// replace stores an object of a PUT list: its id, where given, names its row.
func (b *Batch) replace(in *Input) (Saved, error) {
	id := in.self
	if id == 0 {
		id = in.id
	}
	if id != 0 && id <= maxID {
		return b.Put(in, id)
	}
	return b.Post(in)
}

// list decodes and saves the objects of body one by one.
func (b *Batch) list(r *Resource, body []byte, save func(*Input) (Saved, error)) (ids []int64, deleted []jsonValue, err error) {
	w := listWrong{}
	n := 0
	deleted, err = eachObject(body, func(v *jsonValue) error {
		defer func() { n++ }()
		in, err := r.input(v, false)
		if err == nil && w.count == 0 {
			var s Saved
			if s, err = b.saveItem(in, save); err == nil {
				ids = append(ids, s.ID)
				return b.flushSome()
			}
		}
		return w.note(n, err)
	})
	if err == nil {
		err = w.err(n)
	}
	return ids, deleted, err
}

func (b *Batch) saveItem(in *Input, save func(*Input) (Saved, error)) (Saved, error) {
	s, err := save(in)
	k := in.res.KeyField()
	if err != nil || k == nil {
		return s, err
	}
	key := in.res.Name + "\x00" + *k.at(s.Row).(*string)
	if _, twice := b.created[key]; twice && in.self == 0 {
		return s, fieldErrors{k.Name: {"is given twice in this list"}}.err()
	}
	if s.Created {
		b.created[key] = s.ID
	}
	return s, nil
}

// listWrong collects what is wrong with the objects of a list.
type listWrong struct {
	count int
	items []ItemError
	kind  Kind
}

// note takes err of object i; it hands back what is no fault of the object.
func (w *listWrong) note(i int, err error) error {
	if err == nil {
		return nil
	}
	e := AsError(err)
	if e.Kind != Invalid && e.Kind != Conflict && e.Kind != NotFound {
		return err
	}
	if w.count++; w.count == 1 {
		w.kind = e.Kind
	}
	if len(w.items) < maxNamed {
		w.items = append(w.items, ItemError{Index: i, Fields: e.Fields, Msg: e.Msg})
	}
	return nil
}

func (w *listWrong) err(n int) error {
	switch {
	case w.count == 0:
		return nil
	case w.count == 1:
		return &Error{Kind: w.kind, Items: w.items, Fields: w.items[0].Fields,
			Msg: fmt.Sprintf("object %d of %d: %s; nothing was stored", w.items[0].Index, n, w.items[0].Msg)}
	}
	return &Error{Kind: Invalid, Items: w.items,
		Msg: fmt.Sprintf("%d of %d objects are wrong (the first is object %d: %s); nothing was stored", w.count, n, w.items[0].Index, w.items[0].Msg)}
}

// eachObject calls fn for each item of "objects" as soon as it is read, and
// returns the items of "deleted_objects".
func eachObject(body []byte, fn func(*jsonValue) error) (deleted []jsonValue, err error) {
	p := jsonParser{in: body}
	if p.peek() != '{' {
		if _, err := parseJSON(body); err != nil {
			return nil, err
		}
		return nil, Errorf(Invalid, `wanted {"objects": [...]}`)
	}
	p.at++
	var seen []string
	for first := true; ; first = false {
		switch c := p.peek(); {
		case c == '}':
			p.at++
			if p.peek(); p.at < len(p.in) {
				return nil, p.fail("goes on after its end")
			}
			if !slices.Contains(seen, "objects") {
				return nil, fieldErrors{"objects": {"is required, a list"}}.err()
			}
			return deleted, nil
		case c == ',' && !first:
			p.at++
		case !first:
			return nil, p.fail("lacks a comma or } in an object")
		}
		key, err := p.key(&seen)
		if err != nil {
			return nil, err
		}
		if key == "objects" {
			err = p.items(fn)
		} else {
			var v jsonValue
			if v, err = p.value(1); err == nil && key == "deleted_objects" {
				deleted, err = v.list, v.wantList(key)
			}
		}
		if err != nil {
			return nil, err
		}
	}
}

func (v *jsonValue) wantList(key string) error {
	if v.kind != jsonArray && v.kind != jsonNull {
		return fieldErrors{key: {"must be a list, not " + v.what()}}.err()
	}
	return nil
}

// key reads a key of the outermost object and its colon.
func (p *jsonParser) key(seen *[]string) (string, error) {
	if p.peek() != '"' {
		return "", p.fail("wants a key in double quotes here")
	}
	key, err := p.string()
	if err != nil {
		return "", err
	}
	if slices.Contains(*seen, key) {
		return "", p.fail("has the key %q twice in one object", key)
	}
	if *seen = append(*seen, key); len(*seen) > maxKeys {
		return "", p.fail("has an object of more than %d keys", maxKeys)
	}
	if p.peek() != ':' {
		return "", p.fail("lacks a colon after %q", key)
	}
	p.at++
	return key, nil
}

// items reads a list and calls fn for each item.
func (p *jsonParser) items(fn func(*jsonValue) error) error {
	if p.peek() != '[' {
		v, err := p.value(1)
		if err != nil {
			return err
		}
		return fieldErrors{"objects": {"must be a list, not " + v.what()}}.err()
	}
	p.at++
	if p.peek() == ']' {
		p.at++
		return nil
	}
	for {
		v, err := p.value(2)
		if err != nil {
			return err
		}
		if err := fn(&v); err != nil {
			return err
		}
		switch p.peek() {
		case ',':
			p.at++
		case ']':
			p.at++
			return nil
		default:
			return p.fail("lacks a comma or ] in a list")
		}
	}
}

// Rows returns the rows with these ids in this order; those that are gone are left out.
func (db *DB) Rows(ctx context.Context, r *Resource, ids []int64) ([]any, error) {
	return loadIDs(ctx, db, r, ids)
}
