package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestPages(t *testing.T) {
	db := openTest(t)
	for i := range 12 {
		execTest(t, db, fmt.Sprintf(`INSERT INTO address VALUES (%d, 'Name %03d', 'x', '', '', '')`, i+1, i))
	}
	const at = "/data-sub/api/address/?"
	for _, tt := range []struct {
		query               string
		limit, offset, rows int
		next, previous      string
	}{
		{"", 20, 0, 12, "", ""},
		{"limit=5", 5, 0, 5, at + "limit=5&offset=5", ""},
		{"limit=5&offset=5", 5, 5, 5, at + "limit=5&offset=10", at + "limit=5&offset=0"},
		{"limit=5&offset=10", 5, 10, 2, "", at + "limit=5&offset=5"},
		{"limit=6&offset=6", 6, 6, 6, "", at + "limit=6&offset=0"},
		{"limit=5&offset=3", 5, 3, 5, at + "limit=5&offset=8", at + "limit=5&offset=0"},
		{"limit=5&offset=100", 5, 100, 0, "", at + "limit=5&offset=95"},
		{"offset=9223372036854775807", 20, 1<<63 - 1, 0, "", at + "limit=20&offset=9223372036854775787"},
		{"limit=0", 1000, 0, 12, "", ""},
		{"limit=1001", 1000, 0, 12, "", ""},
		{"limit=1000", 1000, 0, 12, "", ""},
		{"limit=1&limit=2", 2, 0, 2, at + "limit=2&offset=2", ""},
		{"limit=+7", 7, 0, 7, at + "limit=7&offset=7", ""},
		{
			"limit=1&line1__contains=Name%200&line2__in=x,y&order_by=line1&order_by=-id&_=1", 1, 0, 1,
			at + "_=1&line1__contains=Name+0&line2__in=x%2Cy&order_by=line1&order_by=-id&limit=1&offset=1", "",
		},
		{"limit=1&line1__regex=%5BN%26%23%2B%3D%5D", 1, 0, 1, at + "line1__regex=%5BN%26%23%2B%3D%5D&limit=1&offset=1", ""},
	} {
		p, err := listTest(t, db, "address", tt.query)
		if err != nil {
			t.Errorf("?%s: %v", tt.query, err)
			continue
		}
		if p.Limit != tt.limit || p.Offset != tt.offset || len(p.Rows) != tt.rows || p.Total != 12 || p.Next != tt.next || p.Previous != tt.previous {
			t.Errorf("?%s = limit %d, offset %d, %d of %d rows, next %s, previous %s", tt.query, p.Limit, p.Offset, len(p.Rows), p.Total, p.Next, p.Previous)
		}
	}
}

// A total is counted once a commit, and never told from before it.
func TestTotalsFollowCommits(t *testing.T) {
	db := openTest(t)
	for i := range 5 {
		for range 2 {
			p, err := listTest(t, db, "address", "city=x")
			if err != nil || int(p.Total) != i {
				t.Fatalf("total = %d, %v; want %d", p.Total, err, i)
			}
		}
		execTest(t, db, `INSERT INTO address (line1, line2, city, postcode, country) VALUES ('', '', 'x', '', ''), ('', '', 'y', '', '')`)
	}
	for i := range 2 * maxTotals {
		if _, err := listTest(t, db, "address", fmt.Sprintf("city=x%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(db.totals.kept); n > maxTotals {
		t.Errorf("%d totals are kept; want at most %d", n, maxTotals)
	}
}

func TestEach(t *testing.T) {
	db := openTest(t)
	const n = idChunk + rowChunk + 7
	execTest(t, db, fmt.Sprintf(`WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < %d)
		INSERT INTO address SELECT n * 2, 'a' || (n %% 10), '', '', '', '' FROM i`, n))
	for _, tt := range []struct {
		query       string
		count       int
		first, last int64
	}{
		{"", n, 2, 2 * n},
		{"limit=3&offset=5", n, 2, 2 * n}, // no paging
		{"order_by=-id", n, 2 * n, 2},
		{"line1=a3", (n + 7) / 10, 6, 2 * n},
		{"line1=none", 0, 0, 0},
	} {
		params, _ := url.ParseQuery(tt.query)
		q, err := ParseQuery(Addresses, params, admin)
		if err != nil {
			t.Fatal(err)
		}
		var ids []int64
		err = db.Each(t.Context(), q, func(row any) error {
			if len(ids) == 0 { // what comes between must not wait for this
				execTest(t, db, `UPDATE setting SET value = value`)
			}
			ids = append(ids, Addresses.ID(row))
			return nil
		})
		if err != nil || len(ids) != tt.count {
			t.Errorf("?%s: %d rows, %v; want %d", tt.query, len(ids), err, tt.count)
			continue
		}
		if tt.count > 0 && (ids[0] != tt.first || ids[len(ids)-1] != tt.last) {
			t.Errorf("?%s: from %d to %d; want %d to %d", tt.query, ids[0], ids[len(ids)-1], tt.first, tt.last)
		}
	}
	q, _ := ParseQuery(Addresses, nil, admin)
	if err := db.Each(t.Context(), q, func(any) error { return errStop }); !errors.Is(err, errStop) {
		t.Errorf("Each = %v; want the error of fn", err)
	}
}

var errStop = Errorf(Closed, "stop")

func TestSet(t *testing.T) {
	db := openTest(t)
	fillTest(t, db)
	for _, tt := range []struct{ set, rows, missing string }{
		{"1;3", "1 3", ""},
		{"3;1", "3 1", ""},
		{"3;999;1", "3 1", "999"},
		{"abc", "", "abc"},
		{"abc;2;-1;0;;99999999999999999999;1.5", "2", "abc -1 0  99999999999999999999 1.5"},
		{"2;2", "2 2", ""},
	} {
		rows, missing, err := db.Set(t.Context(), Employees, strings.Split(tt.set, ";"))
		if got := idsOf(Employees, rows); err != nil || got != tt.rows || strings.Join(missing, " ") != tt.missing {
			t.Errorf("set/%s/ = %s, missing %q, %v", tt.set, got, missing, err)
		}
	}
}

// A query that takes too long ends, and says what to do.
func TestQueryTimesOut(t *testing.T) {
	db := openTest(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var n int64
	const endless = `WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i) SELECT count(*) FROM i`
	if err := row(ctx, db, endless, nil, &n); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("row = %v; want the client's own deadline", err)
	}
	limit := queryTimeout
	queryTimeout = 50 * time.Millisecond
	defer func() { queryTimeout = limit }()
	if err := row(t.Context(), db, endless, nil, &n); AsError(err).Kind != Invalid || !strings.Contains(err.Error(), "narrow it") {
		t.Errorf("row = %v; want a refusal that helps", err)
	}
}
