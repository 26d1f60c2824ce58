package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// A list longer than what is in memory at once is read as the strict parser reads it: each item, and what is wrong at
// the same place.
func TestEachObjectAcrossItsWindow(t *testing.T) {
	var b strings.Builder
	b.WriteString("{\"objects\" : [\n")
	for i := range 5000 {
		fmt.Fprintf(&b, "{\"n\": %d, \"t\": \"%s\\u00e9\\ud83d\\ude00\"} ,%s", i, strings.Repeat("é", i%97), strings.Repeat("\n ", i%5))
	}
	b.WriteString(strings.Repeat(" ", 3*readAhead) + "\n-1.5e3,\"" + strings.Repeat("long", readAhead) + "\"")
	for end, wantItems := range map[string]int{
		"], \"deleted_objects\": [\"a\", \"b\"]}": 5002,
		"] ":                  5002,
		",\n  truth]}":        5002,
		",12":                 5003,
		"]} x":                5002,
		"], \"objects\": []}": 5002,
	} {
		body := b.String() + end
		n := 0
		deleted, err := eachObject(iotest.OneByteReader(strings.NewReader(body)), func(v *jsonValue) error {
			if n < 5000 && v.list[0].text != fmt.Sprint(n) {
				t.Fatalf("item %d is %s", n, v.raw)
			}
			n++
			return nil
		})
		_, want := parseJSON([]byte(body))
		if fmt.Sprint(err) != fmt.Sprint(want) {
			t.Errorf("%q at the end: %v; want %v", end, err, want)
		}
		if n != wantItems || err == nil && len(deleted) != 2 {
			t.Errorf("%q at the end: %d items, want %d; %d deleted", end, n, wantItems, len(deleted))
		}
	}
}

// A long body goes to a file that is gone again, and can be read more than once.
func TestSpool(t *testing.T) {
	db := openTest(t)
	for _, size := range []int{0, spoolOver - 1, spoolOver, 3*spoolOver + 5} {
		body := bytes.Repeat([]byte("0123456789"), size/10+1)[:size]
		s, err := db.Spool(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got := make([]byte, size)
			if _, err := s.ReadAt(got, 0); size > 0 && err != nil || !bytes.Equal(got, body) {
				t.Errorf("%d bytes: not what was sent, %v", size, err)
			}
		}
		s.Close()
	}
	if left, _ := filepath.Glob(db.Path() + ".new-*"); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	if _, err := db.Spool(iotest.ErrReader(os.ErrDeadlineExceeded)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("error of the client: %v", err)
	}
}

// What a list remembers of an employee is forgotten when the list changes the employee.
func TestListTakesEmployeesInOrder(t *testing.T) {
	db := openTest(t)
	who := tester(t, db, Script)
	one := `{"employee": {"employee_id": "E1", "title": "%s"}, "date": "2026-01-02 03:04:05", "reporter": "m 1", "flag": false, "score": 0.5}`
	var all []string
	for _, title := range []string{"a", "b", "b", "a", "b", "a"} {
		all = append(all, fmt.Sprintf(one, title))
		body := `{"objects": [` + strings.Join(all, ",") + `]}`
		if _, _, err := Apply(context.Background(), db, who, func(b *Batch) ([]int64, error) { return b.PatchList(Results, strings.NewReader(body)) }); err != nil {
			t.Fatal(err)
		}
		rows, err := load(t.Context(), db, Employees, "employee_id = ?", "E1")
		if err != nil || len(rows) != 1 || rows[0].(*Employee).Title != title {
			t.Errorf("after %d objects: %+v, %v; want title %s", len(all), rows, err, title)
		}
	}
}
