// Package store keeps citd's data in one SQLite file: what models posted, what
// analysts decided, and who may do either.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	maxBatch = 256  // most writes that share one commit
	maxQueue = 1024 // most writes that wait
	maxStmts = 256  // statements that the writer keeps prepared
)

// maxRound is in which time the writes of a commit have to arrive.
var maxRound = 50 * time.Millisecond

// DB is one SQLite file: a pool of readers and a single writer.
type DB struct {
	path   string
	schema string // text of schema.sql; may be empty
	clock  func() time.Time
	r      *sql.DB // query_only
	w      *sql.DB // one connection, the writer's
	conn   *sql.Conn
	stmts  map[string]*kept    // the writer's, prepared once
	bound  []driver.NamedValue // the writer's
	seen   seen                // the writer's
	gen    atomic.Int64        // commits that changed data, counted
	edits  atomic.Int64        // of those, the ones that did more than add rows
	hub    hub
	logins *logins

	shapes   shapes // the readers' statements
	totals   totals
	recent   recent // results of 60 days, in memory
	board    board  // open alerts, in memory
	usuals   usuals
	arrivals arrivals
	known    atomic.Pointer[knownDimensions] // as of a commit
	drawn    atomic.Pointer[drawnDimensions] // as of a commit
	indexes  sync.Map                        // table -> [][]string, see indexesOf

	files     watched               // the writer's
	walSize   atomic.Int64          // bytes
	broken    chan struct{}         // closed with cause
	cause     atomic.Pointer[Error] // why the file can be trusted no longer
	begin     string                // how a transaction begins
	readOnly  bool
	stopCheck context.CancelFunc // nil unless the file is read through

	explorer explorer // what the page explore is made of
	heatmap  atomic.Pointer[Heatmap]

	wg     sync.WaitGroup
	mu     sync.RWMutex // guards closed, and that ops is open while a Write sends
	closed bool
	ops    chan *op
}

type op struct {
	fn   func(*Tx) error
	err  error
	done chan struct{}
	effects
}

// effects are what a write tells those who hold something in memory, once it is stored.
type effects struct {
	changes []Change
	people  []int64     // whose results were changed or deleted, see recent
	lines   []boardLine // alerts that were written
	edited  bool        // rows of the API were changed or deleted, or added below others
}

// Now is the store's time in microseconds since 1970; tests inject the clock.
func (db *DB) Now() int64 { return db.clock().UnixMicro() }

// Gen counts the commits so far. What was computed from the data is good as
// long as Gen stays the same.
func (db *DB) Gen() int64 { return db.gen.Load() }

// Path is the file's absolute path.
func (db *DB) Path() string { return db.path }

// Close finishes the writes that have been accepted, then closes the file.
func (db *DB) Close() error {
	db.mu.Lock()
	first := !db.closed
	db.closed = true
	if first {
		close(db.ops)
	}
	db.mu.Unlock()
	if !first {
		return nil
	}
	if db.stopCheck != nil {
		db.stopCheck()
	}
	db.wg.Wait()
	db.hub.close()
	if db.Err() != nil {
		return db.Err() // SQLite's end would write to a file that is no longer ours
	}
	_ = db.forget() // an open statement would keep the WAL from being folded in
	err := errors.Join(db.r.Close(), db.conn.Close(), db.w.Close())
	_ = db.files.raw.Close() // last: it ends SQLite's locks; nil where the file is not watched
	return err
}

// Write runs fn in a transaction and returns what fn returned, once that is on
// disk. Writes that arrive together share one commit; one that fails takes back
// its own changes only.
//
// fn may run twice (when the shared transaction is lost to another's error), so
// it hands its outputs back as return values only, does no I/O but SQL, and
// gets no context: SQLite answers an interrupt by rolling back everything.
func Write[T any](ctx context.Context, db *DB, fn func(*Tx) (T, error)) (T, error) {
	var out T
	o := &op{done: make(chan struct{}), fn: func(tx *Tx) error {
		v, err := fn(tx)
		if err == nil {
			out = v
		}
		return err
	}}
	if err := db.enqueue(ctx, o); err != nil {
		return out, err
	}
	<-o.done
	return out, o.err
}

func (db *DB) enqueue(ctx context.Context, o *op) error {
	db.mu.RLock()
	defer db.mu.RUnlock()
	if db.closed {
		return Errorf(Closed, "the server is stopping; send it again in a moment")
	}
	select {
	case db.ops <- o:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (db *DB) writer() {
	for open := true; open; { // a panic past a round ends no more than that turn
		safely("writer", func() { open = db.writes() })
	}
}

// writes stores what arrives until the store is closed; then it returns false.
func (db *DB) writes() bool {
	for {
		select {
		case o, ok := <-db.ops:
			if !ok {
				return false
			}
			batch := []*op{o}
			for len(batch) < maxBatch && len(db.ops) > 0 {
				batch = append(batch, <-db.ops)
			}
			db.settleWAL(db.round(batch))
		case <-db.files.idle.C:
			db.emptyWAL(0)
		}
	}
}

// round stores a batch and what arrives meanwhile, and answers them. It reports whether anything was written.
func (db *DB) round(batch []*op) (wrote bool) {
	defer func() {
		p := recover()
		if p != nil {
			logPanic("writer", p)
			_, _ = (&Tx{db: db}).Exec(`ROLLBACK`)
			db.seen.drop()
		}
		for _, o := range batch {
			if p != nil {
				o.err = fmt.Errorf("panic in the writer: %v", p)
			}
			close(o.done)
		}
	}()
	err := db.commit(&batch, (*Tx).run, true)
	if errors.Is(err, errUndo) && len(batch) > 1 {
		err = db.commit(&batch, (*Tx).runApart, false)
	}
	if err != nil {
		db.replay(batch, err)
	}
	if err := db.inPlace(); err != nil {
		for _, o := range batch {
			o.err = err
		}
	}
	return db.publish(batch)
}

// replay runs the writes of a lost transaction one by one, so that an error of
// one does not fail its neighbours. Where another program holds the file, they
// all are told after the first has waited for it: each would wait as long.
func (db *DB) replay(batch []*op, err error) {
	for _, o := range batch {
		if len(batch) > 1 && AsError(classify(err)).Kind != Locked {
			err = db.commit(&[]*op{o}, (*Tx).run, false)
		}
		if err != nil && o.err == nil {
			o.err = classify(err)
		}
	}
}

// errUndo: a write failed after its first change, so the whole transaction went
// back. With savepoints, which cost a tenth of a post, it goes back alone.
var errUndo = errors.New("a write is to be taken back")

// commit runs a batch in one transaction. If it may grow, what arrives while others are run joins them, to share
// their flush. Its error means that nothing of the batch is stored.
func (db *DB) commit(batch *[]*op, run func(*Tx, *op) error, grow bool) error {
	tx := &Tx{db: db, Now: db.Now(), seen: &db.seen}
	if _, err := tx.Exec(db.begin); err != nil {
		return err
	}
	if err := tx.fresh(); err != nil {
		_, _ = tx.Exec(`ROLLBACK`)
		return err
	}
	for i, began := 0, tx.Now; i < len(*batch); i++ {
		if err := run(tx, (*batch)[i]); err != nil {
			tx.drop()
			_, _ = tx.Exec(`ROLLBACK`) // SQLite may have rolled back by itself
			return err
		}
		if now := db.Now(); grow && len(db.ops) > 0 && len(*batch) < maxBatch && now-began < maxRound.Microseconds() {
			*batch = append(*batch, <-db.ops)
			tx.Now = max(tx.Now, now) // not before it arrived
		}
	}
	crash("commit")
	err := db.follow(tx, *batch)
	if err == nil {
		_, err = tx.Exec(`COMMIT`)
	}
	if err != nil {
		db.failedFlush(err)
		tx.drop()
		_, _ = tx.Exec(`ROLLBACK`)
	}
	return err
}

func (db *DB) publish(batch []*op) (wrote bool) {
	var all []Change
	var people []int64
	var lines []boardLine
	for _, o := range batch {
		if o.err == nil {
			wrote = true
			all = append(all, o.changes...)
			people = append(people, o.people...)
			lines = append(lines, o.lines...)
			if o.edited {
				db.edits.Add(1) // before gen
			}
		}
	}
	if wrote {
		db.recent.touch(all, people)
		db.board.take(lines)
		if slices.ContainsFunc(all, func(c Change) bool { return c.Kind == AccountChanged }) {
			db.logins.forget()
		}
		gen := db.gen.Add(1)
		db.hub.publish(gen, all)
	}
	return wrote
}

// Tx is the writer's transaction, lent to one write.
type Tx struct {
	Now   int64 // the time of this write, microseconds since 1970; never before one that it shares its commit with
	db    *DB
	wrote bool // since a write began
	effects
	*seen
}

// run lets o write. Its error means that the whole transaction is lost.
func (tx *Tx) run(o *op) error {
	tx.effects, tx.wrote = effects{}, false
	if o.err = classify(guard(o.fn, tx)); o.err != nil {
		tx.drop()
		if tx.wrote {
			return errUndo
		}
	}
	o.effects = tx.effects
	return nil
}

// runApart is run in a savepoint of its own.
func (tx *Tx) runApart(o *op) error {
	if _, err := tx.Exec(`SAVEPOINT op`); err != nil {
		return err
	}
	if tx.run(o) != nil {
		if _, err := tx.Exec(`ROLLBACK TO op`); err != nil {
			return errors.Join(o.err, err)
		}
	}
	_, err := tx.Exec(`RELEASE op`)
	return err
}

// guard runs fn, turning a panic into an error so that the writer lives on.
func guard(fn func(*Tx) error, tx *Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in write: %v\n%s", p, debug.Stack())
		}
	}()
	return fn(tx)
}

func (tx *Tx) query(_ context.Context, q string, args ...any) (*sql.Rows, error) {
	return tx.Query(q, args...)
}

func (db *DB) query(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	if len(q) > maxKept {
		rows, err := db.r.QueryContext(ctx, q, args...)
		return rows, classify(err)
	}
	s, err := db.shapes.take(ctx, db.r, q)
	if err != nil {
		return nil, classify(err)
	}
	defer db.shapes.put(s)
	rows, err := s.stmt.QueryContext(ctx, args...)
	return rows, classify(err)
}

// changed notes a change, to be announced after COMMIT.
func (tx *Tx) changed(kind ChangeKind, id int64) {
	tx.changes = append(tx.changes, Change{Kind: kind, ID: id})
}

// classify turns SQLite's errors into ours.
func classify(err error) error {
	var ours *Error
	var se *sqlite.Error
	if errors.As(err, &ours) || !errors.As(err, &se) {
		return err
	}
	code := se.Code() & 0xff
	if se.Code() == sqlite3.SQLITE_IOERR_SHMSIZE {
		code = sqlite3.SQLITE_FULL // what readers and the writer share has no room to grow
	}
	switch code {
	case sqlite3.SQLITE_CANTOPEN:
		return &Error{Kind: Denied, Msg: "the database or a file beside it cannot be opened", Err: err}
	case sqlite3.SQLITE_IOERR:
		return &Error{Kind: Damaged, Msg: "the disk does not work", Err: err}
	case sqlite3.SQLITE_READONLY:
		return &Error{Kind: Denied, Msg: "the database may only be read here", Err: err}
	case sqlite3.SQLITE_FULL:
		return &Error{Kind: Full, Msg: "the disk is full, so nothing was stored; what is stored can be read, and storing goes on by itself once there is room", Err: err}
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return &Error{Kind: Damaged, Msg: "the database file is damaged", Err: err}
	case sqlite3.SQLITE_INTERRUPT: // the request took longer than it may
		return fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	case sqlite3.SQLITE_BUSY:
		return &Error{Kind: Locked, Msg: "another program holds the database; try again", Err: err}
	}
	if se.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || se.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY {
		return &Error{Kind: Conflict, Msg: "a row with that key exists already", Err: err}
	}
	return err
}
