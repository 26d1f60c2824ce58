package store

import (
	"context"
	"maps"
	"math"
	"slices"
	"sync"
)

// explorer keeps what explore was last made of the results in memory, until they change.
type explorer struct {
	mu      sync.Mutex
	made    *Explored
	version int   // of the results
	edits   int64 // of people, among others
	drawn   []Dimension
	people  map[int64]Subject
}

// exploredRow is one result as explore draws it.
type exploredRow struct {
	*cell
	employee int64
	level    float64
	reporter string
	dims     []int8 // in the order in which they are drawn
}

// Explored returns the newest results, as of the last commit.
func (db *DB) Explored(ctx context.Context) (*Explored, error) {
	e := &db.explorer
	e.mu.Lock()
	defer e.mu.Unlock()
	ctx = context.WithoutCancel(ctx) // whoever gives up leaves the work to the next reader
	edits := db.edits.Load()         // before the queries: what they find is at least as new
	drawn, err := db.Drawn(ctx)
	if err != nil {
		return nil, err
	}
	total, err := db.total(ctx, &Query{res: Results})
	if err != nil {
		return nil, err
	}
	r, err := db.lately(ctx, db.Now())
	if err != nil {
		return nil, err
	}
	defer r.done()
	if e.made != nil && e.version == r.version && e.edits == edits && slices.Equal(drawn, e.drawn) {
		return e.made, nil
	}
	e.made = nil
	rows := r.explored(drawn)
	if e.people == nil || e.edits != edits {
		e.people = map[int64]Subject{}
	}
	if err := e.meet(ctx, db, rows); err != nil {
		return nil, err
	}
	waits, err := pairs[int64, State](ctx, db, `SELECT id, state FROM alert INDEXED BY alert_open WHERE `+openStates+` AND state != 'new'`)
	if err != nil {
		return nil, err
	}
	x := columns(rows, drawn, e.people, waits, int64(r.from+Days-1))
	x.Gen, x.Total = r.gen, int(total.n)
	e.made, e.version, e.edits, e.drawn = x, r.version, edits, drawn
	return x, nil
}

// explored are the newest results, with their dimensions as levels.
func (r *recent) explored(drawn []Dimension) []exploredRow {
	place := map[int]int{} // of a series of dailyValues among drawn
	for i, d := range drawn {
		if s := r.seriesOf(d.Name); s < math.MaxInt {
			place[s] = i
		}
	}
	rows := r.newest(maxExplored)
	set := func(row *exploredRow, series int, v float32) {
		if i, ok := place[series]; ok && v == v { // measured
			row.dims[i] = percentOf(drawn[i].over(float64(v)/r.models[row.model].Scale) + singleError)
		}
	}
	at := make(map[int64]int, len(rows))
	all := slices.Repeat([]int8{NotMeasured}, len(rows)*len(drawn))
	for i := range rows {
		row := &rows[i]
		row.level, row.reporter, at[row.id] = r.level(row.cell), r.models[row.model].Name, i
		row.dims = all[i*len(drawn) : (i+1)*len(drawn)]
		for k, v := range row.cell.dims {
			set(row, k, v)
		}
	}
	for _, list := range r.extras {
		for _, x := range list {
			if i, there := at[x.result]; there {
				set(&rows[i], scoreSeries+int(x.dimension), x.value)
			}
		}
	}
	return rows
}

// meet reads the people of rows that are not known yet.
func (e *explorer) meet(ctx context.Context, db *DB, rows []exploredRow) error {
	var ids []int64
	for i := range rows {
		id := rows[i].employee
		if _, ok := e.people[id]; !ok {
			e.people[id] = Subject{ID: id}
			ids = append(ids, id)
		}
	}
	found, err := db.Subjects(ctx, ids)
	maps.Copy(e.people, found)
	if err != nil {
		e.people = nil
	}
	return err
}
