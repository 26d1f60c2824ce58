package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"
)

// hint says how the ids of a page are best found. SQLite's planner knows
// neither how many rows a filter selects, which the total has told by then, nor
// that a page is short.
type hint uint8

const (
	asPlanned  hint = iota
	alongOrder      // go along the order's index and test each row
	byFilter        // find the rows by an index on what is asked, then sort
	byTable         // no index helps: go through the table in its own order
)

// index is one that SQLite keeps on a table.
type index struct {
	columns []string
	partial bool // of the rows with a certain flag
}

// hintFor chooses for a page at offset, counted from the nearer end.
func (db *DB) hintFor(ctx context.Context, q *Query, c tally, offset int64) (hint, error) {
	indexes, err := db.indexesOf(ctx, q.res)
	if err != nil || q.where == "" {
		return asPlanned, err
	}
	rows := c.top
	if c.n <= maxLimit { // they are soon sorted, however many rows there are
		rows = 0
	}
	return q.hint(c.n, rows, offset, indexes), nil
}

// hint chooses for n matching rows of about that many; 0 stands for any number.
func (q *Query) hint(n, rows, offset int64, indexes []index) hint {
	sought, sorted := q.sought(indexes)
	full, partial := leads(indexes, q.key)
	switch {
	case q.readsBeside() && (full || q.key == "id") && n > 16*(offset+int64(q.Limit)):
		return alongOrder // what it seeks is likely to be near, and finding all of it reads a whole table
	case !sorted && !sought && (q.asksBeside() || q.sortsBeside):
		return byTable
	case sorted || !sought:
		return asPlanned
	}
	// A walk along the ids is cheap but may have to go far, since what is asked
	// by date lies together; one along another index jumps about in the table,
	// but what it seeks is likely to be near, unless the page is far back.
	share := int64(64)
	switch {
	case q.key == "id":
		share = 8
	case partial && q.flagged():
		share = 1024
	case !full:
		return asPlanned
	}
	switch {
	case rows == 0 || n <= rows/share || share == 8 && offset > n/16:
		return byFilter
	case share == 64 && offset > n/16:
		return byTable
	}
	return alongOrder
}

// sought reports whether an index finds rows by what q asks, and whether the
// same index gives them in q's order.
func (q *Query) sought(indexes []index) (sought, sorted bool) {
	for _, c := range q.root.conds {
		if !c.op.seeks || c.f.Type == Boolean || c.f.dimension() {
			continue
		}
		if c.f.Name == q.key {
			return true, true
		}
		full, _ := leads(indexes, c.f.Name)
		sought = sought || full || c.f.Type == ident
		for _, ix := range indexes {
			if c.op.name == "exact" && !ix.partial && ix.columns[0] == c.f.Name && len(ix.columns) > 1 && ix.columns[1] == q.key {
				return true, true
			}
		}
	}
	for _, s := range q.root.subs {
		full, _ := leads(indexes, s.via.Name)
		sought = sought || s.via.Type != ToOne || full
	}
	return sought, false
}

// flagged reports whether q asks for the rows with a certain flag.
func (q *Query) flagged() bool {
	return slices.ContainsFunc(q.root.conds, func(c cond) bool { return c.f.Type == Boolean && c.op.name == "exact" && c.vals[0] == true })
}

// asksBeside reports whether each row tested needs a look at what lies beside
// it in another table, in the order of this one's ids.
func (q *Query) asksBeside() bool {
	return slices.ContainsFunc(q.root.conds, func(c cond) bool { return c.f.Type == ToMany || c.f.dimension() })
}

// readsBeside reports whether the rows of another table have to be read, all of
// them, to find those that q asks for.
func (q *Query) readsBeside() bool {
	return slices.ContainsFunc(q.root.subs, func(s *node) bool { return s.via.Type == ToMany && !s.byID() })
}

// leads reports whether an index of all rows, or of some, begins with column.
func leads(indexes []index, column string) (full, partial bool) {
	for _, ix := range indexes {
		if ix.columns[0] == column {
			full, partial = full || !ix.partial, partial || ix.partial
		}
	}
	return full, partial
}

// hinted returns table, conditions and order of a SELECT of ids, the last ones
// first if back. SQLite uses no index on a column behind a plus.
func (q *Query) hinted(h hint, back bool) (table, where, order string) {
	if order = q.order; back {
		order = q.back
	}
	switch h {
	case alongOrder:
		return q.res.Name, q.root.where(&binder{loose: true}), order
	case byFilter:
		return q.res.Name, q.where, "+" + order
	case byTable:
		return q.res.Name + " NOT INDEXED", q.where, order
	}
	return q.res.Name, q.where, order
}

// indexesOf returns the indexes on r's table.
func (db *DB) indexesOf(ctx context.Context, r *Resource) ([]index, error) {
	if ix, ok := db.indexes.Load(r.Name); ok {
		return ix.([]index), nil
	}
	indexes, err := all(ctx, db, func(rows *sql.Rows, ix *index) error {
		var columns string
		err := rows.Scan(&ix.partial, &columns)
		ix.columns = strings.Split(columns, ",")
		return err
	}, `SELECT l.partial, (SELECT group_concat(coalesce(name, ''), ',' ORDER BY seqno) FROM pragma_index_info(l.name)) FROM pragma_index_list(?) l`, r.Name)
	if err == nil {
		db.indexes.Store(r.Name, indexes)
	}
	return indexes, err
}
