package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

const maxNamed = 20 // wrong objects of a list that an error names

// PatchList stores the objects of {"objects": [...], "deleted_objects": [...]}
// and returns their ids in order. The body is read and decoded object by object,
// so that memory does not grow with it.
func (b *Batch) PatchList(r *Resource, body io.ReaderAt) ([]int64, error) {
	ids, deleted, err := b.list(r, body, b.upsert)
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
func (b *Batch) PutList(r *Resource, body io.ReaderAt) ([]int64, error) {
	kept, _, err := b.list(r, body, b.replace)
	if err != nil {
		return nil, err
	}
	all, err := b.tx.ids("SELECT id FROM " + r.Name + " ORDER BY id")
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

// replace stores an object of a PUT list: its id, where given, names its row,
// which is the object from then on: what that leaves out is empty.
func (b *Batch) replace(in *Input) (Saved, error) {
	d := decoder{}
	if d.complete(in); len(d.bad) > 0 {
		return Saved{}, d.bad.err()
	}
	for i := range in.given {
		in.given[i] = true
	}
	in.whole = true
	if id := cmp.Or(in.self, in.id); id != 0 && id <= maxID {
		return b.Put(in, id)
	}
	return b.upsert(in)
}

// list decodes and saves the objects of body one by one.
func (b *Batch) list(r *Resource, body io.ReaderAt, save func(*Input) (Saved, error)) (ids []int64, deleted []jsonValue, err error) {
	w := listWrong{}
	n := 0
	deleted, err = r.ahead(body, func(d decoded) error {
		defer func() { n++ }()
		err := d.err
		if err == nil && w.count == 0 {
			var s Saved
			if s, err = b.saveItem(d.in, save); err == nil {
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

// decoded is an object of a list, or what is wrong with it.
type decoded struct {
	in  *Input
	err error
}

const (
	chunkItems = 64 // objects that are handed over at once
	chunkBytes = 64 << 10
	chunks     = 4 // that wait at most
)

// ahead calls save with the objects of body, while a goroutine decodes those
// that follow. It reads body from the start each time.
func (r *Resource) ahead(body io.ReaderAt, save func(decoded) error) (deleted []jsonValue, err error) {
	type end struct {
		deleted []jsonValue
		err     error
	}
	out, ended, stop := make(chan []decoded, chunks), make(chan end, 1), make(chan struct{})
	defer close(stop)
	Go("list", func() {
		defer close(out)
		var chunk []decoded
		size := 0
		hand := func() error {
			select {
			case out <- chunk:
				chunk, size = nil, 0
				return nil
			case <-stop:
				return context.Canceled
			}
		}
		deleted, err := eachObject(io.NewSectionReader(body, 0, math.MaxInt64), func(v *jsonValue) error {
			in, wrong := r.input(v, false)
			chunk, size = append(chunk, decoded{in, wrong}), size+len(v.raw)
			if len(chunk) < chunkItems && size < chunkBytes {
				return nil
			}
			return hand()
		})
		if hand() == nil {
			ended <- end{deleted, err}
		}
	})
	for chunk := range out {
		for _, d := range chunk {
			if err := save(d); err != nil {
				return nil, err
			}
		}
	}
	select {
	case e := <-ended:
		return e.deleted, e.err
	default: // it panicked, and the log says why
		return nil, errors.New("the list could not be decoded")
	}
}

func (b *Batch) saveItem(in *Input, save func(*Input) (Saved, error)) (Saved, error) {
	s, err := save(in)
	k := in.res.KeyField()
	if err != nil || k == nil {
		return s, err
	}
	if b.created[s.ID] && in.self == 0 {
		return s, fieldErrors{k.Name: {"is given twice in this list"}}.err()
	}
	if s.Created {
		b.created[s.ID] = true
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
	switch w.count {
	case 0:
		return nil
	case 1:
		return &Error{
			Kind: w.kind, Items: w.items, Fields: w.items[0].Fields,
			Msg: fmt.Sprintf("object %d of %d: %s; nothing was stored", w.items[0].Index, n, w.items[0].Msg),
		}
	}
	return &Error{
		Kind: Invalid, Items: w.items,
		Msg: fmt.Sprintf("%d of %d objects are wrong (the first is object %d: %s); nothing was stored", w.count, n, w.items[0].Index, w.items[0].Msg),
	}
}

// eachObject calls fn for each item of "objects" as soon as it is read, and
// returns the items of "deleted_objects".
func eachObject(body io.Reader, fn func(*jsonValue) error) (deleted []jsonValue, err error) {
	p := jsonParser{src: body}
	if c, err := p.next(); err != nil {
		return nil, err
	} else if c != '{' {
		return nil, p.noObject()
	}
	p.at++
	var seen []string
	for first := true; ; first = false {
		c, err := p.next()
		switch {
		case err != nil:
			return nil, err
		case c == '}':
			p.at++
			if _, err := p.next(); err != nil || p.at < len(p.in) {
				return nil, cmp.Or(err, p.fail("goes on after its end"))
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
		var key string
		if err := p.sure(func() (err error) { key, err = p.key(seen); return err }); err != nil {
			return nil, err
		}
		seen = append(seen, key)
		if key == "objects" {
			err = p.items(fn)
		} else {
			var v jsonValue
			if v, err = p.whole(1, maxOfList); err == nil && key == "deleted_objects" {
				deleted, err = v.list, v.wantList(key)
			}
		}
		if err != nil {
			return nil, err
		}
	}
}

// noObject says what is wrong with a body that does not begin as an object.
func (p *jsonParser) noObject() error {
	if bytes.HasPrefix(p.in, []byte("\xef\xbb\xbf")) {
		return p.fail("starts with a byte order mark; send UTF-8 without one")
	}
	if _, err := p.whole(0, maxOfList); err != nil {
		return err
	}
	if _, err := p.next(); err != nil || p.at < len(p.in) {
		return cmp.Or(err, p.fail("goes on after its end"))
	}
	return Errorf(Invalid, `wanted {"objects": [...]}`)
}

func (v *jsonValue) wantList(key string) error {
	if v.kind != jsonArray && v.kind != jsonNull {
		return fieldErrors{key: {"must be a list, not " + v.what()}}.err()
	}
	return nil
}

// key reads a key of the outermost object and its colon.
func (p *jsonParser) key(seen []string) (string, error) {
	if p.peek() != '"' {
		return "", p.fail("wants a key in double quotes here")
	}
	key, err := p.string()
	if err != nil {
		return "", err
	}
	if slices.Contains(seen, key) {
		return "", p.fail("has the key %q twice in one object", key)
	}
	if len(seen) >= maxKeys {
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
	c, err := p.next()
	if err != nil {
		return err
	}
	if c != '[' {
		v, err := p.whole(1, maxOfObject)
		if err != nil {
			return err
		}
		return fieldErrors{"objects": {"must be a list, not " + v.what()}}.err()
	}
	p.at++
	if c, err := p.next(); c == ']' || err != nil {
		p.at++
		return err
	}
	for {
		v, err := p.whole(2, maxOfObject)
		if err != nil {
			return err
		}
		if err := fn(&v); err != nil {
			return err
		}
		switch c, err := p.next(); {
		case err != nil:
			return err
		case c == ',':
			p.at++
		case c == ']':
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
