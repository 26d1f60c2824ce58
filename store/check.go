package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// checkedFirst is the size in bytes up to which a file is read through before
// it is served; what is larger is read through while it is served. Tests lower it.
var checkedFirst int64 = 64 << 20

// header is what the first 100 bytes of a file say.
type header struct {
	wal     bool  // in WAL mode, as citd leaves a file that it serves
	version int   // user_version; the WAL may hold a newer one
	size    int64 // bytes that the file has to have if there is no WAL
}

// readHeader refuses what is no plain SQLite file of ours before SQLite can touch it.
func readHeader(path string, st fs.FileInfo) (h header, err error) {
	if !st.Mode().IsRegular() {
		return h, Errorf(NoFile, "%s is no plain file, so it cannot hold the database", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return h, &Error{Kind: Denied, Msg: fmt.Sprintf("cannot read %s", path), Err: err}
	}
	defer f.Close()
	head := make([]byte, 100)
	n, _ := f.Read(head)
	number := func(at int) int64 { return int64(binary.BigEndian.Uint32(head[at:])) }
	switch {
	case st.Size() == 0:
		return h, Errorf(NotOurs, "%s is not a citd database (it is no SQLite file, it is empty); it was not changed", path)
	case n < len(head) || !strings.HasPrefix(string(head), "SQLite format 3\x00"):
		return h, Errorf(NotOurs, "%s is not a citd database (it is no SQLite file); it was not changed", path)
	case number(68) != applicationID:
		return h, Errorf(NotOurs, "%s is not a citd database (it is SQLite, made by another program); it was not changed", path)
	}
	page := int64(binary.BigEndian.Uint16(head[16:]))
	if page == 1 {
		page = 65536
	}
	h = header{wal: head[18] == 2, version: int(number(60)), size: number(28) * page}
	if h.version > newestSchema() {
		return h, newer(path, h.version)
	}
	return h, nil
}

func newer(path string, version int) error {
	return &Error{
		Kind: Newer, Msg: fmt.Sprintf("%s was made by a newer citd (its schema is %d, this citd knows %d); it was not changed", path, version, newestSchema()),
		Hint: "Use the newer citd, or a backup that this one made.",
	}
}

// checkBeside refuses files beside the database that SQLite would take for its
// own and write into it. citd's own files are in WAL mode once they were served,
// and never have a rollback journal.
func checkBeside(path string, st fs.FileInfo, h header) error {
	wal, journal := sizeOf(path+"-wal"), sizeOf(path+"-journal")
	switch {
	case journal > 0:
		return &Error{
			Kind: Damaged, Msg: fmt.Sprintf("beside %s lies a -journal file that is not citd's; SQLite would write it into the database; nothing was changed", path),
			Hint: "Move " + path + "-journal away, then start again.",
		}
	case wal > 0 && !h.wal:
		return &Error{
			Kind: Damaged, Msg: fmt.Sprintf("%s-wal belongs to another file than the %s that is there now; nothing was changed", path, path),
			Hint: "If a backup was copied here, move " + path + "-wal away and start again. The safe way is:  citd restore FILE --db " + path,
		}
	case wal == 0 && st.Size() < h.size:
		return Errorf(Damaged, "%s is cut off: it has %d bytes of %d; it was not changed", path, st.Size(), h.size)
	}
	return nil
}

// sizeOf returns a file's size, 0 if there is none.
func sizeOf(path string) int64 {
	st, err := os.Lstat(path)
	if err != nil {
		return 0
	}
	return st.Size()
}

// setWAL puts a file that is not in use into WAL mode (2) or out of it (1). SQLite
// would do the same by a transaction, which a crash may leave half done.
func setWAL(path string, mode byte) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte{mode, mode}, 18)
	return errors.Join(err, f.Sync(), f.Close())
}

// inspect reads the file as it is, with its WAL, and writes nothing to it. It
// refuses a damaged one, and one that holds anything but our schema: triggers
// and views are programs. It returns the file's schema version.
func inspect(ctx context.Context, path, schema string, how reading) (version int, err error) {
	ro, err := sql.Open("sqlite", dsn(path, "busy_timeout(5000)", "query_only(1)", "trusted_schema(0)", "cell_size_check(1)")+"&mode=ro")
	if err != nil {
		return 0, err
	}
	defer ro.Close()
	ro.SetMaxOpenConns(1)
	var app int
	err = ro.QueryRowContext(ctx, `SELECT a.application_id, v.user_version FROM pragma_application_id a, pragma_user_version v`).Scan(&app, &version)
	switch {
	case err != nil:
		return 0, err
	case app != applicationID:
		return 0, Errorf(Damaged, "%s-wal belongs to another file; nothing was changed", path)
	case version > newestSchema():
		return 0, newer(path, version)
	}
	if err := ownWAL(ctx, path, ro); err != nil {
		return 0, err
	}
	if version == newestSchema() && schema != "" {
		if err := checkShape(ctx, ro, path, schema); err != nil {
			return 0, err
		}
	}
	if how != unread {
		err = how.through(ctx, ro, path)
	}
	return version, err
}

// reading is how a file is read through.
type reading string

const (
	unread  reading = ""
	quickly reading = "quick_check"
	wholly  reading = "integrity_check" // with the indexes: about six times as long
)

// readingOf tells how to read the file at path through: with its indexes where a WAL
// was left. After a crash the file and its WAL fit; but it may be a copy that was made
// while a checkpoint wrote to the file, and then its pages are of two times.
func readingOf(path string) reading {
	if sizeOf(path+"-wal") > 0 {
		return wholly
	}
	return quickly
}

func (how reading) through(ctx context.Context, ro *sql.DB, path string) error {
	var found string
	err := ro.QueryRowContext(ctx, `PRAGMA `+string(how)+`(1)`).Scan(&found)
	if err == nil && found != "ok" {
		err = &Error{Kind: Damaged, Msg: fmt.Sprintf("%s is damaged; it was not changed", path), Err: errors.New(found)}
	}
	return err
}

// ownWAL refuses a WAL that another database left, or that this one had at
// another time: SQLite would take it, and mix old pages with new ones.
func ownWAL(ctx context.Context, path string, ro *sql.DB) error {
	if sizeOf(path+"-wal") == 0 {
		return nil
	}
	without, err := sql.Open("sqlite", dsn(path, "query_only(1)", "trusted_schema(0)")+"&mode=ro&immutable=1")
	if err != nil {
		return err
	}
	defer without.Close()
	const q = `SELECT f.value, coalesce(m.value, '') FROM setting f LEFT JOIN setting m ON m.key = 'mark' WHERE f.key = 'file_id'`
	var id, mark, id2, mark2 string
	if without.QueryRowContext(ctx, q).Scan(&id, &mark) != nil {
		return nil // a crash in a checkpoint leaves the file alone unreadable
	}
	err = ro.QueryRowContext(ctx, q).Scan(&id2, &mark2)
	other := "belongs to another file"
	if err == nil && id == id2 {
		wal, err := os.ReadFile(path + "-wal")
		has := func(text string) bool { return bytes.Contains(wal, []byte(text)) }
		// The file's mark is the one that the WAL follows, or was brought over from
		// the WAL; a power cut may leave half of each.
		if err != nil || len(mark) < 26 || !has(mark2) || has(mark[:13]) || has(mark[13:26]) {
			return err
		}
		other = "is of another time than the file"
	}
	return &Error{
		Kind: Damaged, Msg: fmt.Sprintf("%s-wal %s; nothing was changed", path, other), Err: err,
		Hint: "If " + path + " was put here by hand and is what you want, move " + path + "-wal away and start again. The safe way is:  citd restore FILE --db " + path,
	}
}

// checkShape refuses a file whose tables, views and triggers are not those of schema.
func checkShape(ctx context.Context, q querier, path, schema string) error {
	want := ";" + squeeze(wholeSchema(schema)) + ";"
	rows, err := q.QueryContext(ctx, `SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`)
	if err != nil {
		return err
	}
	defer rows.Close()
	foreign := func(what string) error {
		return Errorf(NotOurs, "%s is not as citd makes its files: %s; it was not changed", path, what)
	}
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return err
		}
		before, after, ok := strings.Cut(want, ";"+squeeze(text)+";")
		if !ok {
			return foreign(fmt.Sprintf("%q is not in its schema, or differs", name))
		}
		want = before + ";" + after
	}
	if _, text, ok := strings.Cut(want, ";CREATE "); ok && rows.Err() == nil {
		return foreign(fmt.Sprintf("it lacks the %s", strings.Join(strings.Fields(text)[:2], " ")))
	}
	return rows.Err()
}

type querier interface {
	QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, q string, args ...any) *sql.Row
}

// squeeze takes comments and the space that means nothing out of SQL of ours.
func squeeze(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "--")
		b.WriteString(line)
		b.WriteByte(' ')
	}
	text = strings.Join(strings.Fields(b.String()), " ")
	for _, c := range []string{"(", ")", ",", ";"} {
		text = strings.ReplaceAll(strings.ReplaceAll(text, " "+c, c), c+" ", c)
	}
	return text
}
