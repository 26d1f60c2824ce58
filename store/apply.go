package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Batch is the one way in for changes of data: the changes of one request, all
// or none of which are stored. Rows first, then alerts, then digests and the
// record of what was changed.
type Batch struct {
	tx      *Tx
	actor   Actor
	alerts  *settler         // those that new results joined; nil: none is known
	moves   []move           // results changed or deleted
	created map[int64]bool   // new rows with a business key: the same twice in a list is a mistake
	resign  map[int64]bool   // results whose list of evidence changed
	there   map[string]int64 // employees that nested objects gave as they are, by the object's text; those only named: seen.there
	log     changeLog
	notes   Notes
}

// move is a result before and after a request.
type move struct {
	old, now *Result // now nil: deleted
	alert    int64   // that held old; 0: none
}

// Notes tell a client what it could not see in the answer.
type Notes struct {
	Ignored    []string // keys that were not stored
	Updated    []string // fields of an existing row that a POST changed
	Dimensions []string // dimensions never seen before
	Known      int64    // a row that the answer tells and that was there before; 0: none
}

const maxNoted = 50 // names of a kind: an answer has room for no more

func noted(list []string, names ...string) []string {
	for _, n := range names {
		if len(list) < maxNoted && !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	return list
}

// Saved is a row as it is stored now.
type Saved struct {
	Row     any
	ID      int64
	Created bool
}

// Apply runs fn as one request in actor's name. fn may run twice (see Write).
func Apply[T any](ctx context.Context, db *DB, actor Actor, fn func(*Batch) (T, error)) (T, Notes, error) {
	type done struct {
		out   T
		notes Notes
	}
	d, err := Write(ctx, db, func(tx *Tx) (done, error) {
		if err := tx.still(actor); err != nil {
			return done{}, err
		}
		b := &Batch{tx: tx, actor: actor, created: map[int64]bool{}, resign: map[int64]bool{}}
		out, err := fn(b)
		if err == nil {
			err = b.settle()
		}
		return done{out, b.notes}, err
	})
	return d.out, d.notes, err
}

const flushMoves = 512 // results whose alerts are brought up to date at once

// settle brings alerts, digests and the record up to what the rows now are.
func (b *Batch) settle() error {
	resealed, err := b.sealAgain()
	if err != nil {
		return err
	}
	if err := b.flush(resealed); err != nil {
		return err
	}
	return b.log.write(b.tx, b.actor)
}

// flush brings the alerts up to the results so far. A long list does it as it
// goes, so that memory does not grow with it.
func (b *Batch) flush(resealed []int64) error {
	moves := b.moves
	b.moves = nil
	if b.alerts != nil {
		if err := b.alerts.save(); err != nil {
			return err
		}
	}
	if len(moves)+len(resealed) == 0 {
		return nil
	}
	b.alerts = nil // it does not see what follows
	return settleAlerts(b.tx, moves, resealed)
}

func (b *Batch) flushSome() error {
	if len(b.moves) < flushMoves && (b.alerts == nil || b.alerts.admitted < flushMoves) {
		return nil
	}
	return b.flush(nil)
}

// admit gives a new result its alert. chosen: the id is the client's choice.
func (b *Batch) admit(r *Result, id int64, chosen bool) (err error) {
	r.ID = id
	if b.alerts == nil {
		b.alerts = newSettler(b.tx)
	}
	r.Alert, err = b.alerts.admit(r, chosen)
	return err
}

// Post stores a new row, or updates the one that in names by its id and
// resource_uri, or by its business key. A resource_uri alone is left over from
// the row that a script copied.
func (b *Batch) Post(in *Input) (Saved, error) {
	if in.id == 0 {
		in.self = 0
	}
	return b.upsert(in)
}

// upsert is Post of an object of a list, where a resource_uri alone names the row.
func (b *Batch) upsert(in *Input) (Saved, error) {
	b.notes.Ignored = noted(b.notes.Ignored, in.ignored...)
	id, err := b.find(in, true)
	if err != nil {
		return Saved{}, err
	}
	if id == 0 {
		return b.insert(in)
	}
	s, changed, err := b.update(in, id)
	b.notes.Updated, b.notes.Known = noted(b.notes.Updated, changed...), id
	return s, err
}

// Put updates the row of that id, or makes it. What is absent stays as it is.
func (b *Batch) Put(in *Input, id int64) (Saved, error) {
	if in.id != 0 && in.id != id {
		return Saved{}, fieldErrors{"id": {"cannot be changed"}}.err()
	}
	exists, err := b.exists(in.res, id)
	if err != nil {
		return Saved{}, err
	}
	b.notes.Ignored = noted(b.notes.Ignored, in.ignored...)
	if exists {
		b.notes.Known = id
		s, _, err := b.update(in, id)
		return s, err
	}
	fresh := *in // the input may be used again
	fresh.id, fresh.self = id, 0
	return b.insert(&fresh)
}

// Patch updates the row of that id; NotFound if there is none.
func (b *Batch) Patch(in *Input, id int64) (Saved, error) {
	exists, err := b.exists(in.res, id)
	if err != nil {
		return Saved{}, err
	}
	if !exists {
		return Saved{}, noRow(in.res, id)
	}
	return b.Put(in, id)
}

func noRow(r *Resource, id int64) error { return Errorf(NotFound, "there is no %s %d", r.Name, id) }

func (b *Batch) exists(r *Resource, id int64) (ok bool, err error) {
	err = b.tx.Row("SELECT EXISTS (SELECT 1 FROM "+r.Name+" WHERE id = ?)", []any{id}, &ok)
	return ok, err
}

// find returns the id of the row that in names, or 0 if it is to be a new one.
// At the top an id alone must not be another row's (B11); nested, it names the row.
func (b *Batch) find(in *Input, top bool) (int64, error) {
	if in.self != 0 {
		ok, err := b.exists(in.res, in.self)
		switch {
		case err != nil:
			return 0, err
		case ok && in.id != 0 && in.id != in.self:
			return 0, fieldErrors{in.path + "id": {"cannot be changed"}}.err()
		case ok:
			return in.self, nil
		case !top:
			return 0, fieldErrors{in.path + "resource_uri": {fmt.Sprintf("there is no %s %d", in.res.Name, in.self)}}.err()
		}
	}
	if in.id != 0 {
		ok, err := b.exists(in.res, in.id)
		switch {
		case err != nil:
			return 0, err
		case ok && top:
			return 0, &Error{Kind: Conflict, Msg: fmt.Sprintf("id: %s %d exists already; send its resource_uri to update it", in.res.Name, in.id)}
		case ok:
			return in.id, nil
		}
	}
	id, err := b.findKey(in)
	if err == nil && id != 0 && in.id != 0 && in.id != id {
		return 0, fieldErrors{in.path + "id": {"cannot be changed"}}.err()
	}
	return id, err
}

// findKey returns the id of the row with in's business key, or 0.
func (b *Batch) findKey(in *Input) (id int64, err error) {
	i := slices.IndexFunc(in.res.Fields, func(f Field) bool { return f.Key })
	if i < 0 || !in.given[i] {
		return 0, nil
	}
	key := *in.res.Fields[i].at(in.row).(*string)
	err = b.tx.Row("SELECT id FROM "+in.res.Name+" WHERE "+in.res.Fields[i].Name+" = ?", []any{key}, &id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

// insert stores in as a new row.
func (b *Batch) insert(in *Input) (Saved, error) {
	r := in.res
	d := decoder{}
	d.complete(in)
	if err := d.bad.err(); err != nil {
		return Saved{}, err
	}
	if err := b.checkFreeID(in); err != nil {
		return Saved{}, err
	}
	row := r.clone(in.row)
	if err := b.resolve(in, row); err != nil {
		return Saved{}, err
	}
	if r.extra != nil {
		*r.extra(row) = sorted(in.extra)
		if err := b.knowDimensions(in.extra); err != nil {
			return Saved{}, err
		}
	}
	if r.fresh != nil {
		if err := r.fresh(b.tx, row); err != nil {
			return Saved{}, err
		}
	}
	id, err := b.insertRow(r, row, in.id)
	if err != nil {
		return Saved{}, err
	}
	return Saved{Row: row, ID: id, Created: true}, b.insertLinks(r, row)
}

// sorted orders further dimensions by name, as they are read back.
func sorted(extra []Anomaly) []Anomaly {
	out := slices.Clone(extra)
	slices.SortFunc(out, func(a, b Anomaly) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// checkFreeID keeps a chosen id from using up the ids there are.
func (b *Batch) checkFreeID(in *Input) error {
	if in.id == 0 {
		return nil
	}
	var highest int64
	err := b.tx.Row(`SELECT max(coalesce((SELECT max(id) FROM `+in.res.Name+`), 0), coalesce((SELECT id FROM gone WHERE name = ?1), 0),
		coalesce((SELECT seq FROM sqlite_sequence WHERE name = ?1), 0))`, []any{in.res.Name}, &highest)
	if err == nil && in.id > highest+1_000_000_000 {
		return fieldErrors{in.path + "id": {fmt.Sprintf("must be at most %d now", highest+1_000_000_000)}}.err()
	}
	return err
}

func (b *Batch) insertRow(r *Resource, row any, id int64) (int64, error) {
	res, ok := row.(*Result)
	chosen := id != 0
	if chosen { // by the client: it may be below others
		b.tx.edited = true
		if ok {
			b.tx.people = append(b.tx.people, res.Employee)
		}
	}
	if r.Receipt {
		rec := r.seal(row)
		rec.PostedBy, rec.CreatedAt = b.actor.ID, b.tx.Now
		rec.Digest = r.digest(row, rec.PostedBy, rec.CreatedAt)
		var err error
		if id, err = b.tx.newID(r.Name, id); err != nil {
			return 0, err
		}
	}
	if ok {
		if err := b.admit(res, id, chosen); err != nil {
			return 0, err
		}
	}
	args := make([]any, 0, len(r.Fields)+len(r.own)+4)
	args = append(args, nil)
	if id != 0 {
		args[0] = id
	}
	args = bind(bind(args, r.Fields, row), r.own, row)
	if r.Receipt {
		rec := r.seal(row)
		args = append(args, rec.PostedBy, rec.CreatedAt, rec.Digest)
	}
	done, err := b.tx.Exec(r.insert, args...)
	if err != nil {
		return 0, err
	}
	*r.id(row), err = done.LastInsertId()
	return *r.id(row), err
}

// bind appends the columns' values of row.
func bind(args []any, fields []Field, row any) []any {
	for i := range fields {
		switch p := fields[i].at(row).(type) {
		case *string:
			args = append(args, *p)
		case *bool:
			args = append(args, *p)
		case *float64:
			args = append(args, *p)
		case *int64:
			args = append(args, *p)
		case *sql.Null[float64]:
			args = append(args, orNil(p))
		case *sql.Null[string]:
			args = append(args, orNil(p))
		case *sql.Null[int64]:
			args = append(args, orNil(p))
		}
	}
	return args
}

func orNil[T any](n *sql.Null[T]) any {
	if n.Valid {
		return n.V
	}
	return nil
}

// digest is the SHA-256 of the row as posted, of who posted it and when:
// everything but its id.
func (r *Resource) digest(row any, by, at int64) []byte {
	id := r.id(row)
	was := *id
	*id = 0
	text := r.AppendJSON(make([]byte, 0, 1024), row, View{Identity: true})
	*id = was
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(text, uint64(by)), uint64(at))) //nolint:gosec // the bits are what is hashed
	return sum[:]
}

// reseal is the digest of a row that was changed.
func (b *Batch) reseal(r *Resource, row any) ([]byte, error) {
	var by, at int64
	err := b.tx.Row("SELECT posted_by, created_at FROM "+r.Name+" WHERE id = ?", []any{r.ID(row)}, &by, &at)
	return r.digest(row, by, at), err
}
