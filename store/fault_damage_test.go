package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// long reports whether the long forms of the fault tests are wanted.
func long() bool { return os.Getenv("CITD_FAULT_LONG") != "" }

// often is how many times a fault is tried.
func often(short, long_ int) int {
	if long() {
		return long_
	}
	return short
}

// demoFile is a stopped citd's file with the demo's data in it, made once.
var demoFile = sync.OnceValue(func() []byte {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "citd-test-")
	must(err)
	defer os.RemoveAll(dir)
	schema, err := os.ReadFile("../schema.sql")
	must(err)
	fixture, err := os.ReadFile("../testdata/demo.ndjson")
	must(err)
	path := filepath.Join(dir, "citd.db")
	db, err := Open(ctx, path, Options{Schema: string(schema), Create: true, Own: true})
	must(err)
	a, _, err := db.AddAccount(ctx, Actor{}, NewAccount{Kind: Token, Name: "demo", Role: Script})
	must(err)
	_, err = LoadDemo(ctx, db, a.Actor, fixture)
	must(err)
	must(db.Close())
	file, err := os.ReadFile(path)
	must(err)
	return file
})

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// putDemo writes the demo's file into a folder of its own.
func putDemo(tb testing.TB) (path string) {
	tb.Helper()
	path = filepath.Join(tb.TempDir(), "citd.db")
	put(tb, path, demoFile())
	return path
}

func put(tb testing.TB, path string, b []byte) {
	tb.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		tb.Fatal(err)
	}
}

// own opens a file as the server does.
func own(tb testing.TB, path string) (*DB, error) {
	tb.Helper()
	return Open(tb.Context(), path, Options{Schema: testSchema(tb), Own: true})
}

func mustOwn(tb testing.TB, path string) *DB {
	tb.Helper()
	db, err := own(tb, path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// editFile runs SQL on a file past the store.
func editFile(tb testing.TB, path string, q ...string) {
	tb.Helper()
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		tb.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	for _, q := range q {
		if _, err := db.Exec(q); err != nil {
			tb.Fatalf("%s: %v", q, err)
		}
	}
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
}

// verified returns the report about a file, which has to be readable.
func verified(tb testing.TB, path string) *Report {
	tb.Helper()
	db, err := Open(tb.Context(), path, Options{ReadOnly: true})
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	r, err := db.Verify(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// A damaged, foreign, newer or empty file is refused, and not a byte of it or
// beside it changes.
func TestFaultDamageIsRefused(t *testing.T) {
	t.Parallel()
	good := demoFile()
	half := len(good) / 8192 * 4096
	with := func(at int, b ...byte) []byte {
		c := bytes.Clone(good)
		copy(c[at:], b)
		return c
	}
	sqlite := func(q ...string) func(tb testing.TB, path string) {
		return func(tb testing.TB, path string) {
			put(tb, path, good)
			editFile(tb, path, q...)
		}
	}
	bytesOf := func(b []byte) func(testing.TB, string) {
		return func(tb testing.TB, path string) { put(tb, path, b) }
	}
	for _, tt := range []struct {
		name string
		make func(tb testing.TB, path string)
		kind Kind
		says string
	}{
		{"empty", bytesOf(nil), NotOurs, "it is empty"},
		{"one byte", bytesOf([]byte("S")), NotOurs, "no SQLite file"},
		{"garbage", bytesOf(bytes.Repeat([]byte{0xa5, 7}, 5000)), NotOurs, "no SQLite file"},
		{"HTML", bytesOf([]byte("<!DOCTYPE html>" + strings.Repeat("<p>no</p>", 999))), NotOurs, "no SQLite file"},
		{"encrypted", bytesOf(func() []byte { b := bytes.Clone(good); rand.NewChaCha8([32]byte{}).Read(b); return b }()), NotOurs, "no SQLite file"},
		{"another program's", func(tb testing.TB, path string) { editFile(tb, path, `CREATE TABLE t (a)`) }, NotOurs, "made by another program"},
		{"newer", bytesOf(with(60, 0, 0, 0, 99)), Newer, "newer citd"},
		{"newer in the WAL only", func(tb testing.TB, path string) {
			put(tb, path, good)
			crashed(tb, path, `PRAGMA user_version = 99`)
		}, Newer, "newer citd"},
		{"half", bytesOf(good[:half]), Damaged, "cut off"},
		{"a page short", bytesOf(good[:len(good)-4096]), Damaged, "cut off"},
		{"a byte short", bytesOf(good[:len(good)-1]), Damaged, "cut off"},
		{"a page of zeros", bytesOf(with(4096*5, make([]byte, 4096)...)), Damaged, "damaged"},
		{"a page of noise", bytesOf(with(4096*9, bytes.Repeat([]byte{0xff, 0x13}, 2048)...)), Damaged, "damaged"},
		{"the schema's page of zeros", bytesOf(with(100, make([]byte, 3996)...)), Damaged, "damaged"},
		{"the page size", bytesOf(with(16, 0x20, 0)), Damaged, ""},
		{"a hostile trigger", sqlite(`CREATE TRIGGER t AFTER INSERT ON audit BEGIN DELETE FROM audit; END`), NotOurs, `"t" is not in its schema`},
		{"a hostile view", sqlite(`DROP VIEW person`, `CREATE VIEW person AS SELECT *, load_extension('x') FROM employee`), NotOurs, `"person" is not in its schema`},
		{"a looser table", sqlite(`PRAGMA writable_schema = 1`, `UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (flag IN (0, 1))', '') WHERE name = 'detectionmodelresult'`), NotOurs, `"detectionmodelresult"`},
		{"without an index", sqlite(`DROP INDEX result_date`), NotOurs, "lacks"},
		{"10,000 tables", sqlite(`CREATE TABLE t (a)`, `PRAGMA writable_schema = 1`,
			`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
			INSERT INTO sqlite_schema SELECT 'view', 'v' || i, 'v' || i, 0, 'CREATE VIEW v' || i || ' AS SELECT 1' FROM n`), NotOurs, "is not in its schema"},
		{"pages of two times, with their WAL", func(tb testing.TB, path string) {
			put(tb, path, good)
			crashed(tb, path, strings.ReplaceAll(setMark, "?1", "'ABCDEFGHIJKLMNOPQRSTUVWXYZ'"),
				`CREATE TEMP TABLE ix AS SELECT * FROM sqlite_schema WHERE name = 'result_date'`, `PRAGMA writable_schema = 1`,
				`DELETE FROM sqlite_schema WHERE name = 'result_date'`, `PRAGMA writable_schema = RESET`,
				`UPDATE detectionmodelresult SET date = date + 1 WHERE id = 7`, `PRAGMA writable_schema = 1`,
				`INSERT INTO sqlite_schema SELECT * FROM ix`)
		}, Damaged, "damaged"},
		{"a foreign journal", func(tb testing.TB, path string) {
			put(tb, path, good)
			put(tb, path+"-journal", append([]byte("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"), make([]byte, 9000)...))
		}, Damaged, "-journal file that is not citd's"},
		{"a WAL beside a backup that was copied here", func(tb testing.TB, path string) {
			put(tb, path, good)
			crashed(tb, path, `DELETE FROM setting WHERE key = 'x'`, `INSERT INTO setting VALUES ('x', 'y')`)
			b := bytes.Clone(good)
			b[18], b[19] = 1, 1
			put(tb, path, b)
		}, Damaged, "-wal belongs to another file"},
		{"another citd file's WAL", func(tb testing.TB, path string) {
			put(tb, path, good)
			crashed(tb, path, `UPDATE setting SET value = 'other' WHERE key = 'file_id'`)
		}, Damaged, "-wal belongs to another file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "citd.db")
			tt.make(t, path)
			before := folderSum(t, path)
			for range 2 { // the first refusal leaves nothing that would let the second pass
				db, err := own(t, path)
				if err == nil {
					_ = db.Close()
					t.Fatal("opened")
				}
				if e := AsError(err); e.Kind != tt.kind || !strings.Contains(e.Msg, tt.says) {
					t.Errorf("kind %d, %v; want kind %d, %q", e.Kind, err, tt.kind, tt.says)
				} else if e.Kind == Damaged && !strings.Contains(e.Hint, path) {
					t.Errorf("no way back: %q", e.Hint)
				}
				if after := folderSum(t, path); after != before {
					t.Errorf("the folder's bytes changed:\n%s\n%s", before, after)
				}
			}
		})
	}
}

// crashed runs SQL on a file in WAL mode, and leaves it as a kill -9 would: the
// WAL is not brought into the file.
func crashed(tb testing.TB, path string, q ...string) {
	tb.Helper()
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		tb.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	for _, q := range q {
		if _, err := db.Exec(q); err != nil {
			tb.Fatal(err)
		}
	}
	main, err1 := os.ReadFile(path)
	wal, err2 := os.ReadFile(path + "-wal")
	if err := errors.Join(err1, err2, db.Close()); err != nil || len(wal) == 0 {
		tb.Fatal(err, len(wal))
	}
	put(tb, path, main)
	put(tb, path+"-wal", wal)
}

// folderSum digests the database and what lies beside it, but for the memory
// that SQLite shares between processes, which holds no data.
func folderSum(tb testing.TB, path string) string {
	tb.Helper()
	var s strings.Builder
	all, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		tb.Fatal(err)
	}
	for _, e := range all {
		if e.IsDir() || strings.HasSuffix(e.Name(), "-shm") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(filepath.Dir(path), e.Name()))
		if err != nil {
			tb.Fatal(err)
		}
		fmt.Fprintf(&s, "%s %x\n", e.Name(), sha256.Sum256(b))
	}
	return s.String()
}

// Bytes that turn over, one at a time, in what is in use: no crash, no hang,
// and what was changed in evidence, results and their indexes is found. SQLite's
// own quick check finds a few in a hundred.
func TestFaultFlips(t *testing.T) {
	if testing.Short() {
		t.Skip("one thing after another: nothing for the race detector, which takes minutes for it")
	}
	t.Parallel()
	good := demoFile()
	path := putDemo(t)
	received, rest := bytesInUse(t, mustOwn(t, path), good)
	rnd := rand.New(rand.NewPCG(7, uint64(time.Now().UnixNano())))
	flip := func(what string, at []int, n int) float64 {
		found, atStart := 0, 0
		for range n {
			b := bytes.Clone(good)
			i := at[rnd.IntN(len(at))]
			b[i] ^= byte(1 + rnd.IntN(255))
			path := filepath.Join(t.TempDir(), "citd.db")
			put(t, path, b)
			switch r, err := lookThrough(t, path); {
			case err != nil:
				atStart++
				found++
			case !r.Whole():
				found++
			default:
				t.Logf("%s: page %d, offset %d was missed", what, i/4096+1, i%4096)
			}
			discard(path)
		}
		t.Logf("%s: %d of %d flips found, %d of these at the start", what, found, n, atStart)
		return float64(found) / float64(n)
	}
	if rate := flip("evidence and results", received, often(40, 1200)); rate < 0.97 {
		t.Errorf("found %.3f of the flips in evidence and results", rate)
	}
	flip("everything else", rest, often(10, 400))
}

// lookThrough starts on a file as the server does, then verifies it.
func lookThrough(tb testing.TB, path string) (*Report, error) {
	db, err := own(tb, path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return db.Verify(tb.Context())
}

// bytesInUse are the places in the file that hold evidence, results and their
// indexes, and those that hold anything else.
func bytesInUse(tb testing.TB, db *DB, file []byte) (received, rest []int) {
	tb.Helper()
	rows, err := db.r.Query(`SELECT d.pageno, coalesce(s.tbl_name, '') IN ('detectionevidence', 'detectionmodelresult', 'result_evidence', 'anomaly')
		FROM dbstat d LEFT JOIN sqlite_schema s ON s.name = d.name`)
	if err != nil {
		tb.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var page int
		var ours bool
		if err := rows.Scan(&page, &ours); err != nil {
			tb.Fatal(err)
		}
		for at := (page - 1) * 4096; at < min(page*4096, len(file)); at++ {
			switch {
			case free(file, at):
			case ours:
				received = append(received, at)
			default:
				rest = append(rest, at)
			}
		}
	}
	return received, rest
}

// free reports whether nothing is kept at that place: it lies between a page's
// cell pointers and its cells, or in a block that a cell has left.
func free(file []byte, at int) bool {
	page, at := file[at/4096*4096:at/4096*4096+4096], at%4096
	head := 0
	if &page[0] == &file[0] {
		head = 100
	}
	size := map[byte]int{2: 12, 5: 12, 10: 8, 13: 8}[page[head]]
	if size == 0 {
		return false // a page of a long row
	}
	u16 := func(i int) int { return int(binary.BigEndian.Uint16(page[i:])) }
	if at >= head+size+2*u16(head+3) && at < u16(head+5) {
		return true
	}
	for block := u16(head + 1); block != 0; block = u16(block) {
		if at >= block && at < block+u16(block+2) {
			return true
		}
	}
	return false
}

// Whatever is changed in a row of evidence or a result past citd, verify finds it.
func TestFaultRowEdits(t *testing.T) {
	for table, columns := range map[string][]string{
		"detectionevidence": {
			"description", "evidence_type", "date_from", "date_to", "subject", "source_ref", "link", "technique", "exculpatory",
			"posted_by", "created_at", "digest",
		},
		"detectionmodelresult": {
			"employee", "date", "reporter", "flag", "score", "email_anomaly", "web_anomaly", "device_anomaly", "login_anomaly",
			"contributions", "run_id", "alert", "decision", "posted_by", "created_at", "digest",
		},
		"result_evidence": {"evidence"},
	} {
		for _, c := range columns {
			to := c + " + 1"
			switch c {
			case "description", "evidence_type", "subject", "source_ref", "link", "technique", "reporter", "contributions", "run_id":
				to = c + " || 'x'"
			case "flag", "exculpatory":
				to = "1 - " + c
			case "email_anomaly", "web_anomaly", "device_anomaly", "login_anomaly":
				to = "coalesce(" + c + ", 0) + 0.001"
			case "decision":
				to = "(SELECT max(id) FROM decision WHERE id IS NOT detectionmodelresult.decision)"
			case "digest":
				to = "zeroblob(32)"
			}
			path := putDemo(t)
			row := "(SELECT max(rowid) - 7 FROM " + table + ")"
			if table == "result_evidence" {
				row, c = "(SELECT max(result) FROM result_evidence)", "evidence"
				editFile(t, path, "UPDATE result_evidence SET evidence = 1 WHERE (result, evidence) = (SELECT result, max(evidence) FROM result_evidence WHERE result = "+row+")") // it may have several
			} else {
				editFile(t, path, "UPDATE "+table+" SET "+c+" = "+to+" WHERE id = "+row)
			}
			if r := verified(t, path); r.Whole() {
				t.Errorf("%s.%s was changed, and verify finds nothing", table, c)
			}
		}
	}
}
