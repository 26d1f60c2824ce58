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
	Schema string           // text of schema.sql
	Create bool             // make the file if there is none
	Clock  func() time.Time // time.Now if nil
}

// Open opens the database at path. Errors: NoFile (missing and not to be
// created), NotOurs, Newer, Damaged, Denied; the file's bytes are then as they were.
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := prepareFile(ctx, path, o); err != nil {
		return nil, err
	}
	db := &DB{path: path, clock: o.Clock, stmts: map[string]*kept{}, ops: make(chan *op, maxQueue)}
	if err := db.connect(ctx); err != nil {
		_ = closeAll(db.r, db.w)
		return nil, classify(err)
	}
	db.wg.Go(db.writer)
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

// prepareFile checks the file that is there, or makes one if that is wanted.
func prepareFile(ctx context.Context, path string, o Options) error {
	st, err := os.Lstat(path)
	switch {
	case err == nil:
		return checkFile(path, st)
	case !errors.Is(err, fs.ErrNotExist):
		return &Error{Kind: Denied, Msg: fmt.Sprintf("cannot look at %s", path), Err: err}
	case !o.Create:
		return &Error{Kind: NoFile, Msg: fmt.Sprintf("no database at %s", path),
			Hint: "Make one with:  citd serve --db " + path + "   (or citd init)"}
	}
	if err := create(ctx, path, o.Schema); err != nil {
		return &Error{Kind: NoFile, Msg: fmt.Sprintf("cannot make a database at %s", path), Err: err}
	}
	return nil
}

// create makes the file whole under another name first: a crash leaves either
// no database or a good one, never an empty file that SQLite would accept.
func create(ctx context.Context, path, schema string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return err
	}
	tmp := f.Name()
	defer os.Remove(tmp) // gone after the rename
	if err := f.Close(); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", dsn(tmp, "synchronous(EXTRA)"))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "BEGIN IMMEDIATE;"+schema+
		"INSERT INTO setting (key, value) VALUES ('file_id', lower(hex(randomblob(8)))); COMMIT")
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// checkFile refuses what is no SQLite file of ours before SQLite can touch it.
func checkFile(path string, st fs.FileInfo) error {
	if !st.Mode().IsRegular() {
		return Errorf(NoFile, "%s is no plain file, so it cannot hold the database", path)
	}
	if err := restrict(path, st); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return &Error{Kind: Denied, Msg: fmt.Sprintf("cannot read %s", path), Err: err}
	}
	defer f.Close()
	head := make([]byte, 100)
	n, _ := f.Read(head)
	if n < len(head) || !strings.HasPrefix(string(head), "SQLite format 3\x00") {
		return Errorf(NotOurs, "%s is not a citd database (it is no SQLite file); it was not changed", path)
	}
	be := func(at int) int {
		return int(head[at])<<24 | int(head[at+1])<<16 | int(head[at+2])<<8 | int(head[at+3])
	}
	switch app, version := be(68), be(60); {
	case app != applicationID:
		return Errorf(NotOurs, "%s is not a citd database (it is SQLite, made by another program); it was not changed", path)
	case version > schemaVersion:
		return Errorf(Newer, "%s was made by a newer citd (schema %d, this one knows %d); it was not changed", path, version, schemaVersion)
	}
	return nil
}

// dsn escapes path, so that a ? or % in it stays part of the name.
func dsn(path string, pragmas ...string) string {
	u := url.URL{Path: filepath.ToSlash(path)}
	q := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}
	return "file:" + u.EscapedPath() + "?" + q.Encode()
}

func (db *DB) connect(ctx context.Context) (err error) {
	db.w, err = sql.Open("sqlite", dsn(db.path, "busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)",
		"foreign_keys(1)", "cache_size(-16384)", "wal_autocheckpoint(4000)", "journal_size_limit(67108864)",
		"temp_store(MEMORY)", "trusted_schema(0)", "cell_size_check(1)", "secure_delete(1)"))
	if err != nil {
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
	if version != schemaVersion {
		return Errorf(Newer, "%s has schema %d, this citd knows %d", db.path, version, schemaVersion)
	}
	db.r, err = sql.Open("sqlite", dsn(db.path, "busy_timeout(5000)", "query_only(1)", "cache_size(-4096)",
		"temp_store(MEMORY)", "trusted_schema(0)", "cell_size_check(1)"))
	if err != nil {
		return err
	}
	db.r.SetMaxOpenConns(readers)
	db.r.SetMaxIdleConns(readers)
	return nil
}
