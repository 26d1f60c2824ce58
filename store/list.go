package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxTotals = 1000
	idChunk   = 64 << 10 // ids that are looked up at once
	rowChunk  = 200      // rows that are in memory at once
)

// queryTimeout is for one statement that a request's filters made; only tests change it.
var queryTimeout = 5 * time.Second

// Page is one page of a list.
type Page struct {
	IDs            []int64
	Limit, Offset  int
	Total          int64  // rows that the filters select, in all pages
	Next, Previous string // path and query; "" for none
}

// List returns the page that q asks for.
func (db *DB) List(ctx context.Context, q *Query) (Page, error) {
	p := Page{Limit: q.Limit, Offset: q.Offset}
	if err := q.checkDimensions(ctx, db); err != nil {
		return p, err
	}
	c, err := db.total(ctx, q)
	if err != nil {
		return p, err
	}
	p.Total = c.n
	if int64(q.Offset) < p.Total {
		if p.IDs, err = db.page(ctx, q, c); err != nil {
			return p, err
		}
		if int64(q.Limit) < p.Total-int64(q.Offset) {
			p.Next = q.page(q.Offset + q.Limit)
		}
	}
	if q.Offset > 0 {
		p.Previous = q.page(max(q.Offset-q.Limit, 0))
	}
	return p, nil
}

// Each calls fn with every row that q selects, in all pages, in q's order. No
// transaction and no connection is held while fn runs, so a slow client holds
// up nobody; rows that are stored meanwhile may or may not be among them.
func (db *DB) Each(ctx context.Context, q *Query, fn func(row any) error) error {
	return q.eachIDs(ctx, db, func(ids []int64) error {
		for chunk := range slices.Chunk(ids, rowChunk) {
			rows, err := loadIDs(ctx, db, q.res, chunk)
			if err != nil {
				return err
			}
			for _, row := range rows {
				if err := fn(row); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// IDs returns the ids of all rows that q selects.
func (q *Query) IDs(ctx context.Context, rd reader) (all []int64, err error) {
	err = q.eachIDs(ctx, rd, func(ids []int64) error {
		all = append(all, ids...)
		return nil
	})
	return all, err
}

// eachIDs calls fn with the ids that q selects, many at a time. Without an order
// of its own it goes by id and keeps idChunk ids in memory, else all, 8 bytes each.
func (q *Query) eachIDs(ctx context.Context, rd reader, fn func([]int64) error) error {
	if err := q.checkDimensions(ctx, rd); err != nil {
		return err
	}
	if q.ordered {
		ids, err := q.pick(ctx, rd, asPlanned, span{limit: -1})
		if err != nil {
			return err
		}
		return fn(ids)
	}
	after := int64(0)
	for {
		ids, err := q.pick(ctx, rd, asPlanned, span{limit: idChunk, after: after})
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := fn(ids); err != nil {
			return err
		}
		if len(ids) < idChunk {
			return nil
		}
		after = ids[len(ids)-1]
	}
}

// Set returns the rows with the ids of set/1;3/ in that order, and those ids
// that no row has.
func (db *DB) Set(ctx context.Context, r *Resource, ids []string) (rows []any, missing []string, err error) {
	numbers := make([]int64, len(ids)) // 0: no id
	for i, s := range ids {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 0 {
			numbers[i] = n
		}
	}
	found, err := loadIDs(ctx, db, r, numbers)
	if err != nil {
		return nil, nil, err
	}
	for i, n := range numbers {
		if len(found) > 0 && r.ID(found[0]) == n {
			rows, found = append(rows, found[0]), found[1:]
		} else {
			missing = append(missing, ids[i])
		}
	}
	return rows, missing, nil
}

// checkDimensions refuses dimensions that no result ever had: a misspelt one
// must not look like one without rows.
func (q *Query) checkDimensions(ctx context.Context, rd reader) error {
	if len(q.dims) == 0 {
		return nil
	}
	known, err := dimensions(ctx, rd)
	if err != nil {
		return err
	}
	var bad fieldErrors
	for _, d := range q.dims {
		if !slices.Contains(known, d) {
			bad.add(d, "no result has this dimension; further dimensions known are: %s", strings.Join(known, ", "))
		}
	}
	return bad.err()
}

// page finds the ids of q's page, from the nearer end or from where a page ended
// before: an offset is walked, row by row.
func (db *DB) page(ctx context.Context, q *Query, c tally) ([]int64, error) {
	s := span{limit: int64(q.Limit), offset: int64(q.Offset)}
	if c.few != nil {
		return q.pick(ctx, db, asPlanned, s, c.few...)
	}
	if !q.ordered {
		m := c.nearest(s.offset)
		if q.where == "" && s.offset-m.pos > maxLimit {
			var first int64
			if err := row(ctx, db, `SELECT min(id) FROM `+q.res.Name, nil, &first); err != nil {
				return nil, err
			}
			if first+c.n-1 == c.top { // no id is missing
				m = mark{s.offset, first + s.offset - 1}
			}
		}
		s.offset, s.after = s.offset-m.pos, m.id
	}
	rows := min(s.limit, c.n-int64(q.Offset))
	if end := c.n - int64(q.Offset) - rows; end < s.offset {
		s = span{limit: rows, offset: end, upto: c.top, back: true}
	}
	h, err := db.hintFor(ctx, q, c, s.offset)
	if err != nil {
		return nil, err
	}
	ids, err := q.pick(ctx, db, h, s)
	if s.back {
		slices.Reverse(ids)
	}
	if !q.ordered && len(ids) > 0 {
		db.totals.mark(q.total, c, mark{int64(q.Offset + len(ids)), ids[len(ids)-1]})
	}
	return ids, err
}

// span is the part of a query's rows that is wanted.
type span struct {
	limit, offset int64 // limit negative: all
	after, upto   int64 // ids; 0: any
	back          bool  // counted from the end, the last first
}

// pick returns the ids of a span of the rows that q selects: those known, if any.
// They come as one row, so that the time-out covers all the work.
func (q *Query) pick(ctx context.Context, rd reader, h hint, s span, known ...int64) ([]int64, error) {
	table, where, order := q.hinted(h, s.back)
	args := slices.Clone(q.args)
	if len(known) > 0 {
		where, args = "id IN (SELECT value FROM json_each(?))", []any{jsonIDs(known)}
	}
	if s.after > 0 {
		where, args = both(where, "id > ?"), append(args, s.after)
	}
	if s.upto > 0 {
		where, args = both(where, "+id <= ?"), append(args, s.upto)
	}
	args = append(args, q.orderArgs...)
	text := "SELECT id FROM " + from(table, where) + " ORDER BY " + order
	if s.limit >= 0 {
		text, args = text+" LIMIT ? OFFSET ?", append(args, s.limit, s.offset)
	}
	var ids idList
	err := row(ctx, rd, "SELECT json_group_array(id) FROM ("+text+")", args, &ids)
	return ids, err
}

func from(table, where string) string {
	if where == "" {
		return table
	}
	return table + " WHERE " + where
}

func both(a, b string) string {
	if a == "" {
		return b
	}
	return a + " AND " + b
}

// totals keeps what was counted.
type totals struct {
	mu   sync.Mutex
	kept map[string]tally
}

// tally says how many rows a query selects, as of a commit. As long as rows are
// only added, with ids above those there are, a count goes on from there.
type tally struct {
	gen, edits int64
	n          int64
	top        int64   // highest id of the table
	few        []int64 // the ids, where finding them reads a whole table and they are no more than maxFew; else nil
	marks      []mark  // of pages that were asked for, in the order of ids
}

// mark says that so many rows have ids up to that one.
type mark struct{ pos, id int64 }

const (
	maxMarked = 64 // of a query
	maxFew    = 200
)

// nearest is the last mark that is not behind offset.
func (c tally) nearest(offset int64) (near mark) {
	for _, m := range c.marks {
		if m.pos <= offset && m.pos > near.pos {
			near = m
		}
	}
	return near
}

// total counts the rows that q selects.
func (db *DB) total(ctx context.Context, q *Query) (c tally, err error) {
	if q.total == "" {
		var key strings.Builder
		key.WriteString(q.res.Name + " " + q.where)
		for _, a := range q.args {
			fmt.Fprintf(&key, "\x00%T %v", a, a)
		}
		q.total = key.String()
	}
	edits, gen := db.edits.Load(), db.Gen() // before the count: what is counted is at least as new
	was, ok := db.totals.get(q.total)
	if ok = ok && was.edits == edits; ok && was.gen == gen {
		return was, nil
	}
	c = tally{gen: gen, edits: edits}
	text, args, keep := "", q.args, false
	if ok {
		c.marks, keep = was.marks, was.few != nil
		where := "id > ?"
		if q.where != "" {
			where += " AND " + q.root.where(&binder{loose: true})
		}
		text, args = from(q.res.Name, where), append([]any{was.top}, args...)
	} else if text, keep, err = db.countSQL(ctx, q); err != nil {
		return c, err
	}
	list := "'[]'"
	if keep {
		list = "json_group_array(id)"
	}
	var ids idList
	text = "SELECT count(*), " + list + ", (SELECT coalesce(max(id), 0) FROM " + q.res.Name + ") FROM " + text
	if err := row(ctx, db, text, args, &c.n, &ids, &c.top); err != nil {
		return c, err
	}
	if ok {
		c.n, ids = c.n+was.n, append(slices.Clip(was.few), ids...)
	}
	if keep && len(ids) <= maxFew {
		slices.Sort(ids)
		c.few = slices.Grow([]int64(ids), 1) // not nil, if empty
	}
	db.totals.put(q.total, c)
	return c, nil
}

// countSQL is what follows FROM where q's rows are counted, and whether that reads a whole table.
func (db *DB) countSQL(ctx context.Context, q *Query) (text string, whole bool, err error) {
	indexes, err := db.indexesOf(ctx, q.res)
	if err != nil || q.where == "" {
		return q.res.Name, false, err
	}
	sought, _ := q.sought(indexes)
	text = q.res.Name
	if !sought && q.asksBeside() {
		text += " NOT INDEXED"
	}
	return from(text, q.where), q.readsBeside() || !sought && !q.flagged(), nil
}

func (t *totals) get(key string) (tally, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, ok := t.kept[key]
	return c, ok
}

func (t *totals) put(key string, c tally) {
	if len(key) > maxKept {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kept == nil || len(t.kept) >= maxTotals {
		t.kept = map[string]tally{}
	}
	t.kept[key] = c
}

// mark notes where a page ended, for whoever asks for the next one.
func (t *totals) mark(key string, c tally, m mark) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, ok := t.kept[key]
	if !ok || now.edits != c.edits || slices.Contains(now.marks, m) {
		return
	}
	if now.marks = append(slices.Clone(now.marks), m); len(now.marks) > maxMarked { // others share the old list
		now.marks = now.marks[1:]
	}
	t.kept[key] = now
}
