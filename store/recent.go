package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"iter"
	"maps"
	"math"
	"slices"
	"sync"
)

// recent holds the results of the last 60 days in memory, by person: what people,
// peers and models are compared by. Where they are few it holds older ones, too:
// explore draws the newest 20,000. A million results a year make about 12 MB.
// The same questions asked in SQL read 160,000 rows by their date, which takes
// ten times what a page may; a roll-up in the file would slow every post.
//
// It is filled when a page first asks, and brought up to date whenever one asks
// again: new results are those with a higher id, and whose results were changed,
// deleted or decided is noted after each commit.
type recent struct {
	note   sync.Mutex // guards the four that follow
	filled bool       // somebody asked: notes are of use
	all    bool       // too much was noted, or something failed: fill anew
	alerts map[int64]bool
	people map[int64]bool

	mu      sync.RWMutex // guards what follows
	gen     int64        // as of this commit
	version int          // changes whenever a result does
	from    int          // first of the 60 days
	first   int          // first day held, not after from
	last    int64        // highest id of a result held
	cells   map[int64][]cell
	extras  map[int64][]extraCell // dimensions beyond the four of 2014
	further map[int32]string      // their names, by extraCell.dimension
	models  []Model               // by cell.model
	index   map[string]int32      // into models
}

// cell is what is kept of a result.
type cell struct {
	id, alert int64
	received  int64
	score     float64    // as posted
	dims      [4]float32 // as posted; NaN: not measured
	day       int32      // since 1970, of the result's date, UTC
	second    int32      // of that day
	model     int32
	verdict   cellVerdict
	flag      bool
}

type cellVerdict uint8

const (
	cellOpen cellVerdict = iota
	cellConfirmed
	cellDismissed
)

type extraCell struct {
	result    int64
	value     float32
	day       int32
	dimension int32
	model     int32
}

const (
	manyNotes   = 2000       // people or alerts noted beyond which everything is read anew
	peopleStep  = 200        // people read anew by one query
	everyDay    = -1_000_000 // a day before all
	singleError = 1e-7       // more than what a level loses as a float32
)

// dayNumber counts a day from 1970, UTC.
func dayNumber(micro int64) int { return int(utcDay(micro)) }

// touch notes what a commit changed. It runs in the writer: it must not wait.
func (r *recent) touch(changes []Change, people []int64) {
	r.note.Lock()
	defer r.note.Unlock()
	if !r.filled || r.all {
		return
	}
	for _, c := range changes {
		if c.Kind == AlertDecided || c.Kind == AlertChanged {
			r.alerts[c.ID] = true
		}
	}
	for _, p := range people {
		r.people[p] = true
	}
	r.all = len(r.alerts)+len(r.people) > manyNotes
}

// noted hands out what was noted, and begins anew. all: everything has to be read.
func (r *recent) noted() (alerts, people map[int64]bool, all bool) {
	r.note.Lock()
	defer r.note.Unlock()
	alerts, people, all = r.alerts, r.people, r.all || !r.filled
	r.alerts, r.people, r.filled, r.all = map[int64]bool{}, map[int64]bool{}, true, false
	return alerts, people, all
}

// fail has everything read anew by whoever asks next.
func (r *recent) fail() {
	r.note.Lock()
	defer r.note.Unlock()
	r.all = true
}

// lately returns the results of the 60 days that end with asOf, brought up to
// date and locked: done has to be called.
func (db *DB) lately(ctx context.Context, asOf int64) (*recent, error) {
	r, from := &db.recent, dayNumber(asOf)-Days+1
	for range 2 {
		r.mu.RLock()
		if r.gen == db.Gen() && r.from == from && r.cells != nil {
			return r, nil
		}
		r.mu.RUnlock()
		if err := db.refresh(ctx, from); err != nil {
			return nil, err
		}
	}
	r.mu.RLock() // posts come without a pause: as of a moment ago is good
	return r, nil
}

func (r *recent) done() { r.mu.RUnlock() }

// refresh brings what is held up to the newest commit.
func (db *DB) refresh(ctx context.Context, from int) (err error) {
	r := &db.recent
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() {
		if err != nil {
			r.fail()
		}
	}()
	gen := db.Gen() // before the queries: what they find is at least as new
	alerts, people, all := r.noted()
	if err := db.readModels(ctx, r); err != nil {
		return err
	}
	all = all || from < r.from || r.cells == nil
	first := from
	if all || from > r.from || r.first < r.from {
		if first, err = db.reach(ctx, from); err != nil {
			return err
		}
	}
	if all || first < r.first {
		err = db.fill(ctx, r, from, first)
	} else {
		err = db.catchUp(ctx, r, from, first, alerts, people)
	}
	if err == nil { // after the results: those that they have are there
		r.further, err = pairs[int32, string](ctx, db, `SELECT id, name FROM dimension`)
	}
	if err == nil {
		r.gen, r.from, r.first = gen, from, first
	}
	return err
}

// reach is the first day to hold: so far back that explore has its results.
func (db *DB) reach(ctx context.Context, from int) (int, error) {
	const all = everyDay * microDay
	var oldest int64
	err := row(ctx, db, `SELECT coalesce((SELECT date FROM detectionmodelresult WHERE date >= ? ORDER BY date DESC LIMIT 1 OFFSET ?), ?)`,
		[]any{int64(all), maxExplored - 1, int64(all)}, &oldest)
	return min(from, dayNumber(oldest)), err
}

// readModels keeps the models' places: cells refer to them.
func (db *DB) readModels(ctx context.Context, r *recent) error {
	known, err := modelsByName(ctx, db)
	if r.index == nil {
		r.index = map[string]int32{}
	}
	for name, m := range known {
		r.models[r.modelAt(name)] = m
	}
	return err
}

// modelAt returns the place of a model, and makes one for a model not seen before.
func (r *recent) modelAt(name string) int32 {
	i, ok := r.index[name]
	if !ok {
		i = int32(len(r.models)) //nolint:gosec // few
		r.index[name] = i
		m := Model{Name: name, Scale: 1}
		m.Family, m.Version = splitModel(name)
		r.models = append(r.models, m)
	}
	return i
}

// fill reads all days, those before the 60 at once and the 60 one by one, so that no query keeps a reader for long.
func (db *DB) fill(ctx context.Context, r *recent, from, first int) error {
	r.version++
	r.cells, r.extras = map[int64][]cell{}, map[int64][]extraCell{}
	err := db.r.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM detectionmodelresult`).Scan(&r.last)
	begin := int64(first) * microDay
	for day := from; day <= from+Days && err == nil; day++ {
		end := int64(day) * microDay
		if day == from+Days {
			end = math.MaxInt64
		}
		err = db.readCells(ctx, r, `r.date >= ? AND r.date < ? AND +r.id <= ?`, begin, end, r.last)
		begin = end
	}
	return err
}

// catchUp reads what is new, and anew those whose results changed.
func (db *DB) catchUp(ctx context.Context, r *recent, from, first int, alerts, people map[int64]bool) error {
	if first > r.first {
		drop(r.cells, func(c cell) bool { return int(c.day) < first })
		drop(r.extras, func(c extraCell) bool { return int(c.day) < first })
	}
	before := r.last
	err := db.r.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM detectionmodelresult`).Scan(&r.last)
	if err != nil {
		return err
	}
	if r.last = max(r.last, before); r.last > before {
		if err := db.readCells(ctx, r, `r.id > ? AND r.id <= ? AND +r.date >= ?`, before, r.last, int64(first)*microDay); err != nil {
			return err
		}
	}
	if len(alerts) > 0 {
		whose, err := db.ids(ctx, `SELECT employee FROM alert WHERE id IN (SELECT value FROM json_each(?)) AND employee IS NOT NULL`,
			jsonIDs(slices.Collect(maps.Keys(alerts))))
		if err != nil {
			return err
		}
		maps.Copy(people, set(whose))
	}
	again := slices.Sorted(maps.Keys(people))
	if from > r.from || r.last > before || len(again) > 0 {
		r.version++
	}
	for _, p := range again {
		delete(r.cells, p)
		delete(r.extras, p)
	}
	for some := range slices.Chunk(again, peopleStep) {
		err := db.readCells(ctx, r, `r.employee IN (SELECT value FROM json_each(?)) AND r.date >= ? AND +r.id <= ?`, jsonIDs(some), int64(first)*microDay, r.last)
		if err != nil {
			return err
		}
	}
	return nil
}

func drop[T any](lists map[int64][]T, old func(T) bool) {
	for p, list := range lists {
		if lists[p] = slices.DeleteFunc(list, old); len(lists[p]) == 0 {
			delete(lists, p)
		}
	}
}

// readCells adds the results that where selects.
func (db *DB) readCells(ctx context.Context, r *recent, where string, args ...any) error {
	var employee, date int64
	var reporter sql.RawBytes
	var action sql.Null[string]
	var dims [4]sql.Null[float64]
	err := each(ctx, db, func(rows *sql.Rows) error {
		var c cell
		err := rows.Scan(&employee, &c.id, &c.alert, &date, &c.received, &reporter, &c.flag, &c.score, &dims[0], &dims[1], &dims[2], &dims[3], &action)
		if err != nil {
			return err
		}
		for i, d := range dims {
			c.dims[i] = float32(math.NaN())
			if d.Valid {
				c.dims[i] = single(d.V)
			}
		}
		switch Action(action.V) {
		case Confirm:
			c.verdict = cellConfirmed
		case Dismiss:
			c.verdict = cellDismissed
		}
		c.day, c.model = int32(dayNumber(date)), r.modelAt(string(reporter)) //nolint:gosec // years 1 to 9999
		c.second = int32((date - int64(c.day)*microDay) / 1_000_000)         //nolint:gosec // of a day
		r.cells[employee] = append(r.cells[employee], c)
		return nil
	}, `SELECT r.employee, r.id, coalesce(r.alert, 0), r.date, r.created_at, r.reporter, r.flag, r.score,
		r.email_anomaly, r.web_anomaly, r.device_anomaly, r.login_anomaly, d.action
		FROM detectionmodelresult r LEFT JOIN decision d ON d.id = r.decision WHERE `+where, args...)
	return errors.Join(err, db.readExtras(ctx, r, where, args...))
}

// readExtras adds the further dimensions of those results.
func (db *DB) readExtras(ctx context.Context, r *recent, where string, args ...any) error {
	names, err := db.Dimensions(ctx)
	if err != nil || len(names) == 0 {
		return err
	}
	return each(ctx, db, func(rows *sql.Rows) error {
		var employee, date int64
		var reporter sql.RawBytes
		var value float64
		var x extraCell
		err := rows.Scan(&employee, &x.result, &date, &reporter, &x.dimension, &value)
		if err == nil {
			x.day, x.model, x.value = int32(dayNumber(date)), r.modelAt(string(reporter)), single(value) //nolint:gosec // years 1 to 9999
			r.extras[employee] = append(r.extras[employee], x)
		}
		return err
	}, `SELECT r.employee, r.id, r.date, r.reporter, a.dimension, a.value
		FROM detectionmodelresult r CROSS JOIN anomaly a ON a.result = r.id WHERE `+where, args...)
}

// single keeps a value that is too large for a float32 at its end.
func single(v float64) float32 {
	return float32(min(max(v, -math.MaxFloat32), math.MaxFloat32))
}

// of are a person's results of the 60 days, each with its day, counted from 0.
func (r *recent) of(person int64) iter.Seq2[int, *cell] {
	return func(yield func(int, *cell) bool) {
		cells := r.cells[person]
		for i := range cells {
			if day := int(cells[i].day) - r.from; day >= 0 && day < Days && !yield(day, &cells[i]) {
				return
			}
		}
	}
}

// newest are the newest results that are held, n at most, the newest first.
func (r *recent) newest(n int) (list []exploredRow) {
	days := map[int32]int{}
	for _, cells := range r.cells {
		for i := range cells {
			days[cells[i].day]++
		}
	}
	first, held := int32(everyDay), 0
	for _, day := range slices.Backward(slices.Sorted(maps.Keys(days))) {
		if held >= n {
			break
		}
		first, held = day, held+days[day]
	}
	list = make([]exploredRow, 0, held)
	for employee, cells := range r.cells {
		for i := range cells {
			if cells[i].day >= first {
				list = append(list, exploredRow{cell: &cells[i], employee: employee})
			}
		}
	}
	slices.SortFunc(list, func(a, b exploredRow) int {
		return cmp.Or(cmp.Compare(b.day, a.day), cmp.Compare(b.second, a.second), cmp.Compare(b.id, a.id))
	})
	return list[:min(n, len(list))]
}

// level is the score over the scale of its model.
func (r *recent) level(c *cell) float64 { return c.score / r.models[c.model].Scale }
