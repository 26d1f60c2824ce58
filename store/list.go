package store

import (
	"context"
	"errors"
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
	rowChunk  = 500      // rows that are in memory at once
)

// queryTimeout is for one statement that a request's filters made; only tests change it.
var queryTimeout = 5 * time.Second

// Page is one page of a list.
type Page struct {
	Rows           []any // *Employee and so on
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
	var err error
	if p.Total, err = db.total(ctx, q); err != nil {
		return p, err
	}
	if int64(q.Offset) < p.Total {
		h, err := db.hintFor(ctx, q, p.Total)
		if err != nil {
			return p, err
		}
		ids, err := q.pick(ctx, db, h, q.Limit, q.Offset)
		if err != nil {
			return p, err
		}
		if p.Rows, err = loadIDs(ctx, db, q.res, ids); err != nil {
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
		ids, err := q.pick(ctx, rd, asPlanned, -1, 0)
		if err != nil {
			return err
		}
		return fn(ids)
	}
	after := int64(0)
	for {
		ids, err := q.pick(ctx, rd, asPlanned, idChunk, 0, after)
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

// pick returns one page of the ids that q selects, or of those greater than
// after; all if limit is negative. They come as one row, so that the time-out covers all the work.
func (q *Query) pick(ctx context.Context, rd reader, h hint, limit, offset int, after ...any) ([]int64, error) {
	table, where, order := q.hinted(h)
	if len(after) > 0 {
		where = both(where, "id > ?")
	}
	args := slices.Concat(q.args, after, q.orderArgs)
	text := "SELECT id FROM " + from(table, where) + " ORDER BY " + order
	if limit >= 0 {
		text, args = text+" LIMIT ? OFFSET ?", append(args, limit, offset)
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

// row scans the one row of a query into dest, within queryTimeout.
func row(ctx context.Context, rd reader, text string, args []any, dest any) error {
	limited, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	rows, err := rd.query(limited, text, args...)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			return &Error{Kind: Invalid, Msg: "this takes too long; narrow it with a filter, such as employee, date__gte or reporter", Err: err}
		}
		return err
	}
	defer rows.Close()
	rows.Next()
	if err := rows.Scan(dest); err != nil {
		return errors.Join(rows.Err(), err)
	}
	return classify(rows.Err())
}

// totals keeps the counts of the filters asked since the last commit.
type totals struct {
	mu   sync.Mutex
	gen  int64
	kept map[string]int64
}

func (db *DB) total(ctx context.Context, q *Query) (n int64, err error) {
	text, err := db.countSQL(ctx, q)
	if err != nil {
		return 0, err
	}
	var key strings.Builder
	key.WriteString(text)
	for _, a := range q.args {
		fmt.Fprintf(&key, "\x00%T %v", a, a)
	}
	gen := db.Gen() // before the count: what is counted is at least as new
	if n, ok := db.totals.get(gen, key.String()); ok {
		return n, nil
	}
	if err := row(ctx, db, text, q.args, &n); err != nil {
		return 0, err
	}
	if len(key.String()) <= maxKept {
		db.totals.put(gen, key.String(), n)
	}
	return n, nil
}

func (db *DB) countSQL(ctx context.Context, q *Query) (string, error) {
	table := q.res.Name
	if q.asksBeside() {
		indexes, err := db.indexesOf(ctx, q.res)
		if err != nil {
			return "", err
		}
		if sought, _ := q.sought(indexes); !sought {
			table += " NOT INDEXED"
		}
	}
	return "SELECT count(*) FROM " + from(table, q.where), nil
}

func (t *totals) get(gen int64, key string) (int64, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, ok := t.kept[key]
	return n, ok && t.gen == gen
}

func (t *totals) put(gen int64, key string, n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kept == nil || t.gen != gen || len(t.kept) >= maxTotals {
		t.gen, t.kept = gen, map[string]int64{}
	}
	t.kept[key] = n
}
