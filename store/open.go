package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the "sqlite" driver, without cgo
)

const (
	applicationID = 0x63697464 // "citd", as in schema.sql
	schemaVersion = 1          // user_version in schema.sql
	readers       = 4
)

// Options say how to open a file.
type Options struct {
	Schema   string           // text of schema.sql
	Create   bool             // make the file if there is none
	Own      bool             // the caller holds the file's lock: read it through, bring it to the newest schema, watch it
	ReadOnly bool             // leave the file's bytes as they are: each Write that changes something fails (Denied)
	Clock    func() time.Time // time.Now if nil
}

// Open opens the database at path. Errors: NoFile (missing and not to be
// created), NotOurs, Newer, Damaged, Denied, Full; the file's bytes are then as
// they were.
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	how := readingOf(path)
	h, err := prepareFile(ctx, path, o)
	var raw *os.File
	if err == nil && o.Own {
		raw, err = takeOver(ctx, path, o, how)
	}
	if err != nil {
		return nil, wayBack(path, classify(err))
	}
	db := &DB{
		path: path, schema: o.Schema, clock: o.Clock, stmts: map[string]*kept{}, ops: make(chan *op, maxQueue),
		broken: make(chan struct{}), readOnly: o.ReadOnly, begin: "BEGIN IMMEDIATE", logins: newLogins(),
	}
	if db.files.idle = time.NewTimer(idleAfter); o.ReadOnly {
		db.begin = "BEGIN"
	}
	if err := db.connect(ctx, h); err != nil {
		_ = closeAll(db.r, db.w)
		_ = raw.Close() // nil unless it is ours
		return nil, classify(err)
	}
	if o.Own {
		db.files.raw, db.files.tryAt = raw, walLimit
		_ = db.mark("TRUNCATE") // on a full disk there is none yet; reads go on
	}
	Beside(&db.wg, "writer", db.writer)
	if o.Own && sizeOf(path) > checkedFirst {
		ctx, db.stopCheck = context.WithCancel(ctx)
		Beside(&db.wg, "check", func() { db.check(ctx, how) })
	}
	return db, nil
}

func closeAll(dbs ...*sql.DB) (err error) {
	for _, d := range dbs {
		if d != nil {
			err = errors.Join(err, d.Close())
		}
	}
	return err
}

// prepareFile looks at the file that is there, or makes one if that is wanted.
func prepareFile(ctx context.Context, path string, o Options) (h header, err error) {
	if !o.ReadOnly {
		if err := writable(path); err != nil {
			return h, err
		}
	}
	st, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if !o.Create {
			return h, &Error{
				Kind: NoFile, Msg: fmt.Sprintf("no database at %s", path),
				Hint: "Make one with:  citd serve --db " + path + "   (or citd init)",
			}
		}
		if err := create(ctx, path, o.Schema); err != nil {
			return h, err
		}
		st, err = os.Lstat(path)
	}
	if err != nil {
		return h, &Error{Kind: Denied, Msg: fmt.Sprintf("cannot look at %s", path), Err: err}
	}
	if h, err = readHeader(path, st); err != nil {
		return h, err
	}
	if !o.ReadOnly {
		err = restrict(path, st)
	}
	if err == nil && !o.Own {
		err = unclaimed(path)
	}
	if err == nil {
		err = checkBeside(path, st, h)
	}
	if err != nil || o.ReadOnly || h.wal {
		return h, err
	}
	h.wal = true
	return h, setWAL(path, 2)
}

// writable refuses a folder in which citd cannot keep the file: it stores who
// looked at what, and SQLite needs its files beside.
func writable(path string) error {
	dir := filepath.Dir(path)
	if _, err := os.Lstat(path); err == nil && !mayWrite(dir) {
		return &Error{
			Kind: Denied, Msg: fmt.Sprintf("nothing can be written to %s, and citd keeps a record of who looked at what", dir),
			Hint: "citd verify reads the file there. To serve it, put a copy where it can be written:  citd restore " + path + " --db FILE",
		}
	}
	return local(dir)
}

// create makes the file whole under another name first: a crash leaves either
// no database or a good one, never an empty file that SQLite would accept.
func create(ctx context.Context, path, schema string) error {
	cannot := "cannot make a database at " + path
	sweep(filepath.Dir(path), filepath.Base(path)+".new-*")
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return onDisk(err, cannot)
	}
	tmp := f.Name()
	defer discard(tmp) // gone after the rename
	if err := f.Close(); err != nil {
		return onDisk(err, cannot)
	}
	db, err := sql.Open("sqlite", dsn(tmp, "synchronous(FULL)"))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "BEGIN IMMEDIATE;"+wholeSchema(schema)+
		"INSERT INTO setting (key, value) VALUES ('file_id', lower(hex(randomblob(8)))); COMMIT")
	if err := errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("%s: %w", cannot, err)
	}
	if err := setWAL(tmp, 2); err != nil { // flushes it, too
		return onDisk(err, cannot)
	}
	// Not a rename: another citd may have made the file meanwhile.
	if err := os.Link(tmp, path); err != nil && !errors.Is(err, fs.ErrExist) {
		if err := os.Rename(tmp, path); err != nil { // no links here
			return onDisk(err, cannot)
		}
	}
	return syncDir(filepath.Dir(path))
}

// takeOver holds a file against other servers, reads it through and brings it
// to the newest schema.
func takeOver(ctx context.Context, path string, o Options, how reading) (_ *os.File, err error) {
	raw, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = raw.Close()
		}
	}()
	if err := claim(raw); err != nil {
		return nil, err
	}
	had := how == wholly
	if sizeOf(path) > checkedFirst {
		how = unread // while it is served
	}
	version, err := inspect(ctx, path, o.Schema, how)
	if err != nil {
		if !had { // SQLite made them to read, and may not remove what it may not write
			_ = os.Remove(path + "-wal")
			_ = os.Remove(path + "-shm")
		}
		return nil, err
	}
	if version < newestSchema() {
		err = migrate(ctx, path, o.Schema, version)
	}
	return raw, err
}

// wayBack adds to the error of a damaged file what can be done about it.
func wayBack(path string, err error) error {
	e := AsError(err)
	if e.Kind != Damaged || e.Hint != "" {
		return err
	}
	tell := *e
	if !strings.Contains(e.Msg, path) {
		tell.Msg = fmt.Sprintf("%s: %s; it was not changed", path, e.Msg)
	}
	if b := newestGood(path); b != "" {
		tell.Hint = "Go back to the newest good backup with:  citd restore " + b + " --db " + path
	} else {
		tell.Hint = "There is no good backup in " + backupFolder(path) + ". With one from elsewhere:  citd restore FILE --db " + path
	}
	return &tell
}

// dsn escapes path, so that a ? or % in it stays part of the name.
func dsn(path string, pragmas ...string) string {
	u := url.URL{Path: filepath.ToSlash(path)}
	q := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}
	return "file:" + u.EscapedPath() + "?" + q.Encode()
}

func (db *DB) connect(ctx context.Context, h header) (err error) {
	read := []string{"busy_timeout(5000)", "query_only(1)", "cache_size(-2048)", "temp_store(MEMORY)", "trusted_schema(0)", "cell_size_check(1)"}
	write := []string{
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(" + syncMode() + ")", "foreign_keys(1)", "cache_size(-8192)",
		"wal_autocheckpoint(4000)", "journal_size_limit(67108864)", "temp_store(MEMORY)", "trusted_schema(0)", "cell_size_check(1)", "secure_delete(1)",
	}
	how := ""
	if db.readOnly {
		// A file in WAL mode needs files beside it to be read at all; whoever may
		// write removes them at the end.
		if write = read; !h.wal || sizeOf(db.path+"-wal") > 0 {
			how = "&mode=ro"
		}
		if !mayWrite(filepath.Dir(db.path)) && sizeOf(db.path+"-wal") == 0 {
			how = "&mode=ro&immutable=1"
		}
	}
	if db.w, err = sql.Open("sqlite", dsn(db.path, write...)+how); err != nil {
		return err
	}
	db.w.SetMaxOpenConns(1)
	if db.conn, err = db.w.Conn(ctx); err != nil {
		return err
	}
	var version int // the header's may be older than the one in the WAL
	if err := db.conn.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return err
	}
	switch {
	case version > newestSchema():
		return newer(db.path, version)
	case version < newestSchema():
		return &Error{
			Kind: Newer, Msg: fmt.Sprintf("%s is from an older citd (its schema is %d, this citd's %d)", db.path, version, newestSchema()),
			Hint: "It is brought up to date, after a backup, by:  citd serve --db " + db.path,
		}
	}
	if db.r, err = sql.Open("sqlite", dsn(db.path, read...)+how); err != nil {
		return err
	}
	db.r.SetMaxOpenConns(readers)
	db.r.SetMaxIdleConns(readers)
	return nil
}

// check reads through a large file while it is served.
func (db *DB) check(ctx context.Context, how reading) {
	if err := how.through(ctx, db.r, db.path); err != nil && ctx.Err() == nil {
		if e := AsError(wayBack(db.path, classify(err))); e.Kind == Damaged {
			_ = db.fail(e.Err, e.Msg, e.Hint)
		}
	}
}
