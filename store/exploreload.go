package store

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// What is new is read alone up to these; beyond them, all is read anew.
const (
	maxNewRows = 4000
	maxRecords = 500
)

// explorer keeps the rows of explore between requests. Reading 20,000 of them
// takes a fifth of a second, so that after a commit only what is new is read:
// results by their id, and what else was done by the record of activity.
type explorer struct {
	stale atomic.Bool // results were changed or deleted, or came with an id that others have passed
	moved atomic.Bool // alerts were

	mu      sync.Mutex
	made    *Explored
	gen     int64         // commits that were looked at; those since made changed nothing of it
	rows    []exploredRow // newest first
	people  map[int64]Subject
	models  map[string]Model
	drawn   []Dimension // in their order
	lastID  int64       // of results
	lastSeq int64       // of the record
	total   int
}

// quiet are the records of what changes no result, nor what is shown of it.
var quiet = []string{"view", "search", "reveal", "export", "login", "logout", "login-link", "login-failed"}

// touch notes what a commit changed: alerts, or results of people in a way that
// their ids do not tell. It runs in the writer: it must not wait.
func (e *explorer) touch(alerts []Change, people []int64) {
	if len(people) > 0 {
		e.stale.Store(true)
	}
	if len(alerts) > 0 {
		e.moved.Store(true)
	}
}

func (e *explorer) get(ctx context.Context, db *DB) (*Explored, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	ctx = context.WithoutCancel(ctx) // whoever gives up leaves the rows to the next reader
	gen := db.Gen()                  // before the queries: what they find is at least as new
	if e.made != nil && e.gen == gen {
		return e.made, nil
	}
	moved := e.moved.Swap(false)
	done, news, err := e.catchUp(ctx, db)
	switch {
	case err != nil:
	case !done:
		err = e.readAll(ctx, db)
	case !news && !moved: // somebody looked
		e.gen = gen
		return e.made, nil
	}
	var waits map[int64]int8
	if err == nil {
		waits, err = waitStates(ctx, db)
	}
	if err != nil {
		e.made = nil // a half is no ground to go on from
		return nil, err
	}
	x := columns(e.rows, e.drawn, e.people, waits, utcDay(db.Now()))
	x.Gen, x.Total = gen, e.total
	e.made, e.gen = x, gen
	return x, nil
}

// readAll reads the newest results.
func (e *explorer) readAll(ctx context.Context, db *DB) (err error) {
	e.rows, e.people = nil, map[int64]Subject{}
	_, err = all(ctx, db, func(rows *sql.Rows, _ *struct{}) error { return rows.Scan(&e.lastSeq, &e.lastID, &e.total) },
		`SELECT coalesce((SELECT max(seq) FROM audit), 0), coalesce((SELECT max(id) FROM detectionmodelresult), 0), (SELECT count(*) FROM detectionmodelresult)`)
	if err != nil {
		return err
	}
	if e.models, err = modelsByName(ctx, db); err != nil {
		return err
	}
	if e.drawn, err = db.Drawn(ctx); err != nil {
		return err
	}
	e.rows, err = e.read(ctx, db, `(SELECT * FROM detectionmodelresult WHERE +id <= ? ORDER BY date DESC, id DESC LIMIT ?)`, e.lastID, maxExplored)
	return err
}

// catchUp reads what has changed since, if anything has; it is not done if that is
// not known or too much.
func (e *explorer) catchUp(ctx context.Context, db *DB) (done, news bool, err error) {
	if e.stale.Swap(false) || e.made == nil {
		return false, false, nil
	}
	drawn, err := db.Drawn(ctx)
	if err != nil || !slices.Equal(drawn, e.drawn) {
		return false, false, err
	}
	decided, ok, err := e.records(ctx, db)
	if err != nil || !ok {
		return false, false, err
	}
	if e.models, err = modelsByName(ctx, db); err != nil {
		return false, false, err
	}
	fresh, err := e.read(ctx, db, `(SELECT * FROM detectionmodelresult WHERE id > ? ORDER BY id LIMIT ?)`, e.lastID, maxNewRows)
	if err != nil || len(fresh) == maxNewRows {
		return false, false, err
	}
	for _, r := range fresh {
		e.lastID = max(e.lastID, r.id)
	}
	e.total += len(fresh)
	if len(fresh)+len(decided) == 0 {
		return true, false, nil
	}
	if err := e.redecide(ctx, db, decided); err != nil {
		return false, false, err
	}
	e.rows = append(fresh, e.rows...)
	slices.SortFunc(e.rows, func(a, b exploredRow) int { return cmp.Or(cmp.Compare(b.date, a.date), cmp.Compare(b.id, a.id)) })
	e.rows = e.rows[:min(len(e.rows), maxExplored)]
	return true, true, nil
}

// records reads the record of activity since: the alerts that were decided on.
// It is not ok if anything else was done.
func (e *explorer) records(ctx context.Context, db *DB) (decided []int64, ok bool, err error) {
	type record struct {
		verb, object string
		id           int64
	}
	list, err := all(ctx, db, func(rows *sql.Rows, r *record) error { return rows.Scan(&e.lastSeq, &r.verb, &r.object, &r.id) },
		`SELECT seq, verb, object, coalesce(object_id, 0) FROM audit WHERE seq > ? ORDER BY seq LIMIT ?`, e.lastSeq, maxRecords)
	for _, r := range list {
		switch {
		case r.verb == "decide" && r.object == "alert":
			decided = append(decided, r.id)
		case !slices.Contains(quiet, r.verb) && !strings.HasPrefix(r.verb, "account"):
			return nil, false, err
		}
	}
	return decided, len(list) < maxRecords, err
}

// redecide reads anew which results of those alerts are decided, and how.
func (e *explorer) redecide(ctx context.Context, db *DB, alerts []int64) error {
	verdicts := map[int64]int8{}
	_, err := all(ctx, db, func(rows *sql.Rows, _ *struct{}) error {
		var id int64
		var action sql.Null[string]
		err := rows.Scan(&id, &action)
		verdicts[id] = verdictOf(action.V)
		return err
	}, `SELECT r.id, d.action FROM alert a CROSS JOIN detectionmodelresult r ON `+ofAlert+`
		LEFT JOIN decision d ON d.id = r.decision WHERE a.id IN (SELECT value FROM json_each(?))`, jsonIDs(alerts))
	for i := range e.rows {
		if v, ok := verdicts[e.rows[i].id]; ok {
			e.rows[i].verdict = v
		}
	}
	return err
}

func verdictOf(action string) int8 {
	switch Action(action) {
	case Confirm:
		return rowConfirmed
	case Dismiss:
		return rowDismissed
	}
	return rowNew
}

// read returns the results that from selects, with the people they are about.
func (e *explorer) read(ctx context.Context, db *DB, from string, args ...any) ([]exploredRow, error) {
	names := map[string]string{} // a text is kept once
	var reporter, action sql.RawBytes
	var dims [4]sql.Null[float64]
	four := make([]int, len(e.drawn)) // of a dimension among dims; -1: elsewhere
	for i, d := range e.drawn {
		four[i] = slices.Index(fourDims[:], d.Name)
	}
	out, err := all(ctx, db, func(rows *sql.Rows, r *exploredRow) error {
		err := rows.Scan(&r.id, &r.employee, &r.alert, &r.date, &r.level, &reporter, &r.flag, &dims[0], &dims[1], &dims[2], &dims[3], &action)
		if err != nil {
			return err
		}
		name, ok := names[string(reporter)]
		if !ok {
			name = string(reporter)
			names[name] = name
		}
		scale := e.scale(name)
		r.reporter, r.level, r.verdict = name, scaled(r.level, scale), verdictOf(string(action))
		r.dims = make([]int8, len(e.drawn))
		for i, d := range e.drawn {
			r.dims[i] = NotMeasured
			if k := four[i]; k >= 0 && dims[k].Valid {
				r.dims[i] = percentOf(d.over(scaled(dims[k].V, scale)))
			}
		}
		return nil
	}, `SELECT r.id, r.employee, coalesce(r.alert, 0), r.date, r.score, r.reporter, r.flag,
		r.email_anomaly, r.web_anomaly, r.device_anomaly, r.login_anomaly, d.action
		FROM `+from+` r LEFT JOIN decision d ON d.id = r.decision`, args...)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	if err := e.readFurther(ctx, db, out); err != nil {
		return nil, err
	}
	return out, e.readPeople(ctx, db, out)
}

func (e *explorer) scale(reporter string) float64 {
	if m, ok := e.models[reporter]; ok {
		return m.Scale
	}
	return 1
}

// readFurther adds the dimensions beyond the four of 2014.
func (e *explorer) readFurther(ctx context.Context, db *DB, out []exploredRow) error {
	if len(e.drawn) == len(fourDims) {
		return nil
	}
	place := map[int64]int{} // of a dimension among a row's
	_, err := all(ctx, db, func(rows *sql.Rows, _ *struct{}) error {
		var id int64
		var name string
		err := rows.Scan(&id, &name)
		if i := slices.IndexFunc(e.drawn, func(d Dimension) bool { return d.Name == name }); i >= 0 {
			place[id] = i
		}
		return err
	}, `SELECT id, name FROM dimension`)
	if err != nil {
		return err
	}
	at, ids := make(map[int64]int, len(out)), make([]int64, len(out))
	for i, r := range out {
		at[r.id], ids[i] = i, r.id
	}
	_, err = all(ctx, db, func(rows *sql.Rows, _ *struct{}) error {
		var id, dimension int64
		var v float64
		err := rows.Scan(&id, &dimension, &v)
		if i, known := place[dimension]; known && err == nil {
			r := &out[at[id]]
			r.dims[i] = percentOf(e.drawn[i].over(scaled(v, e.scale(r.reporter))))
		}
		return err
	}, `SELECT result, dimension, value FROM anomaly WHERE result IN (SELECT value FROM json_each(?))`, jsonIDs(ids))
	return err
}

// readPeople adds the people of out that are not known yet.
func (e *explorer) readPeople(ctx context.Context, db *DB, out []exploredRow) error {
	var ids []int64
	for _, r := range out {
		if _, ok := e.people[r.employee]; !ok {
			e.people[r.employee] = Subject{ID: r.employee}
			ids = append(ids, r.employee)
		}
	}
	found, err := db.Subjects(ctx, ids)
	maps.Copy(e.people, found)
	return err
}

// waitStates returns the alerts that wait in another state than new.
func waitStates(ctx context.Context, rd reader) (map[int64]int8, error) {
	out := map[int64]int8{}
	_, err := all(ctx, rd, func(rows *sql.Rows, _ *struct{}) error {
		var id int64
		var state State
		err := rows.Scan(&id, &state)
		out[id] = rowSnoozed
		if state == StateInReview {
			out[id] = rowInReview
		}
		return err
	}, `SELECT id, state FROM alert INDEXED BY alert_open WHERE `+openStates+` AND state != 'new'`)
	return out, err
}
