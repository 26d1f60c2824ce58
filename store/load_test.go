package store

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
)

// execTest runs statements in the writer, in the order given.
func execTest(tb testing.TB, db *DB, statements ...string) {
	tb.Helper()
	_, err := Write(tb.Context(), db, func(tx *Tx) (any, error) {
		for _, q := range statements {
			if _, err := tx.Exec(q); err != nil {
				return nil, fmt.Errorf("%s: %w", q, err)
			}
		}
		return nil, nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// micros is a time of the wire as the tables keep it.
func micros(tb testing.TB, s string) int64 {
	tb.Helper()
	at, err := ParseInstant(s)
	if err != nil {
		tb.Fatalf("%s: %v", s, err)
	}
	return at
}

// fillTest stores two addresses, three employees, three pieces of evidence and
// three results, with ids from 1, and an event.
func fillTest(tb testing.TB, db *DB) {
	tb.Helper()
	q := []string{
		`INSERT INTO account (id, kind, name, role, created_at) VALUES (1, 'token', 'detector', 'script', 0)`,
		`INSERT INTO address VALUES (1, '1 Parks Road', '', 'Oxford', 'OX1 3QD', 'UK'), (2, '1 Parks Road', '', 'Leicester', 'LE1 7RH', 'UK')`,
		`INSERT INTO employee VALUES
			(1, 'SW001', 'p1', 'Dr', 'Simon Walton', '1982-02-11', 'M', 'British', 'S', 'British', 1, 'P', 'engineer', 'R&D', 'HQ', '', NULL),
			(2, 'JN002', 'p2', 'Dr', 'Jason Nurse', '1990-06-15', 'M', 'British', 'S', 'British', 2, 'P', '', '', '', '', '2014-12-31'),
			(3, 'C3', 'p3', 'Ms', 'Carol O''Neil, PhD', NULL, 'F', 'German', 'M', 'Ångström', NULL, '', '', '', '', '', NULL)`,
		fmt.Sprintf(`INSERT INTO employeeevent VALUES (1, 2, 'left', %d, NULL, 'gone', 'hr')`, micros(tb, "2014-12-31")),
		fmt.Sprintf(`INSERT INTO detectionevidence VALUES
			(1, 'Email to j.marks@bbc.co.uk', 'email', %[1]d, %[2]d, 'j.marks@bbc.co.uk', '', '', '', 0, 1, 0, x'00'),
			(2, 'Web', 'web', %[1]d, %[2]d, 'pastebin.com', '', '', 'T1567', 0, 1, 0, x'00'),
			(3, '100%% web_use', 'web', %[1]d, %[2]d, 'dropbox.com', '', '', '', 1, 1, 0, x'00')`,
			micros(tb, "2014-09-12 10:00:00.123456"), micros(tb, "2014-09-17 10:00:00.654321")),
		fmt.Sprintf(`INSERT INTO detectionmodelresult VALUES
			(1, 1, %d, 'usb-watch 1.0', 0, 0.1, 0.78, 0.75, NULL, 0.12, '', '', NULL, NULL, 1, 0, x'00'),
			(2, 1, %d, 'usb-watch 1.0', 1, 0.5, 0.2, NULL, NULL, NULL, '[{"name":"usb"}]', 'r7', NULL, NULL, 1, 0, x'00'),
			(3, 2, %d, 'mail-model', 1, 0.9, NULL, NULL, -3.5, NULL, '', '', NULL, NULL, 1, 0, x'00')`,
			micros(tb, "2013-12-31T23:59:59"), micros(tb, "2014-02-10T08:00:00"), micros(tb, "2014-02-11T18:30:00.250000")),
		`INSERT INTO result_evidence VALUES (1, 1), (2, 3), (2, 2)`,
		`INSERT INTO dimension VALUES (1, 'print_anomaly', 0), (2, 'file_anomaly', 0)`,
		`INSERT INTO anomaly VALUES (2, 1, 0.25), (2, 2, 0.75), (3, 2, 1.5)`,
	}
	execTest(tb, db, q...)
}

func TestLoad(t *testing.T) {
	db := openTest(t)
	fillTest(t, db)
	rows, err := load(t.Context(), db, Results, "id >= ? ORDER BY id DESC", 2)
	if err != nil || len(rows) != 2 {
		t.Fatalf("load = %d rows, %v", len(rows), err)
	}
	three, two := rows[0].(*Result), rows[1].(*Result)
	if three.ID != 3 || three.Employee != 2 || !three.Flag || three.Score != 0.9 || three.Email.Valid || three.Device.V != -3.5 || len(three.Evidence) != 0 {
		t.Errorf("result 3 = %+v", three)
	}
	if two.RunID != "r7" || !reflect.DeepEqual(two.Evidence, []int64{2, 3}) || two.Contributions != `[{"name":"usb"}]` {
		t.Errorf("result 2 = %+v", two)
	}
	if want := []Anomaly{{"file_anomaly", 0.75}, {"print_anomaly", 0.25}}; !reflect.DeepEqual(two.Extra, want) {
		t.Errorf("result 2 has %v; want %v", two.Extra, want)
	}
	carol, err := load(t.Context(), db, Employees, "employee_id = ?", "C3")
	if err != nil || len(carol) != 1 {
		t.Fatalf("load = %v, %v", carol, err)
	}
	if e := carol[0].(*Employee); e.DateOfBirth.Valid || e.HomeAddress.Valid || e.Name != "Carol O'Neil, PhD" {
		t.Errorf("employee C3 = %+v", e)
	}
	ordered, err := loadIDs(t.Context(), db, Employees, []int64{3, 99, 1})
	if err != nil || len(ordered) != 2 || ordered[0].(*Employee).ID != 3 || ordered[1].(*Employee).ID != 1 {
		t.Errorf("loadIDs = %v, %v", ordered, err)
	}
}

// A dimension that a transaction brings is there for the rest of it, and for
// all who read after it.
func TestLoadSeesNewDimension(t *testing.T) {
	db := openTest(t)
	fillTest(t, db)
	execTest(t, db, `DELETE FROM anomaly`, `DELETE FROM dimension`)
	if names, err := db.Dimensions(t.Context()); err != nil || len(names) != 0 {
		t.Fatalf("dimensions = %v, %v", names, err)
	}
	inside, err := Write(t.Context(), db, func(tx *Tx) (any, error) {
		if _, err := tx.Exec(`INSERT INTO dimension VALUES (1, 'file_anomaly', 0)`); err != nil {
			return nil, err
		}
		if _, err := tx.Exec(`INSERT INTO anomaly VALUES (1, 1, 0.5)`); err != nil {
			return nil, err
		}
		rows, err := load(context.Background(), tx, Results, "id = ?", 1)
		if err != nil {
			return nil, err
		}
		return rows[0], nil
	})
	if err != nil {
		t.Fatal(err)
	}
	outside, err := load(t.Context(), db, Results, "id = ?", 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []any{inside, outside[0]} {
		if got := row.(*Result).Extra; len(got) != 1 || got[0] != (Anomaly{"file_anomaly", 0.5}) {
			t.Errorf("extra = %v", got)
		}
	}
}

// More shapes than are kept, from many sides: no statement is closed while it is used.
func TestShapesAreBounded(t *testing.T) {
	db := openTest(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 3 * maxShapes {
				rows, err := db.query(t.Context(), fmt.Sprintf(`SELECT %d FROM setting WHERE 1`, i))
				if err != nil {
					t.Error(err)
					return
				}
				_ = rows.Close()
			}
		})
	}
	wg.Wait()
	if rows, err := db.query(t.Context(), `SELECT '`+strings.Repeat("x", maxKept)+`'`); err != nil || rows.Close() != nil {
		t.Error(err)
	}
	if n := len(db.shapes.kept); n > maxShapes {
		t.Errorf("%d statements are kept; want at most %d", n, maxShapes)
	}
	for q, s := range db.shapes.kept {
		if len(q) > maxKept || s.users != 0 || s.gone {
			t.Errorf("%s: users %d, gone %v", q, s.users, s.gone)
		}
	}
}
