package store

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// millionTest opens a file of a few thousand rows. With statistics, the planner
// believes them to be a million results of 10,000 employees.
func millionTest(t *testing.T, statistics bool) *DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "citd.db")
	db, err := Open(t.Context(), path, Options{Schema: testSchema(t), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	const rows = `WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 3000) `
	fill := []string{
		`INSERT INTO account (id, kind, name, role, created_at) VALUES (1, 'token', 'detector', 'script', 0)`,
		rows + `INSERT INTO employee SELECT n, printf('E%05d', n), 'p' || n, '', '', NULL, '', '', '', '', NULL, '', 'role' || (n % 20), '', '', '', NULL FROM i`,
		rows + `INSERT INTO detectionevidence SELECT n, '', 'web', n, n, 's' || n, '', '', '', 0, 1, 0, x'00' FROM i`,
		rows + `INSERT INTO detectionmodelresult SELECT n, n, n * 1000000, 'model ' || (n % 8), n % 25 = 0, n / 3000.0, NULL, NULL, NULL, NULL, '', '', NULL, NULL, 1, 0, x'00' FROM i`,
		rows + `INSERT INTO result_evidence SELECT n, n FROM i`,
		`INSERT INTO dimension VALUES (1, 'file_anomaly', 0)`,
		rows + `INSERT INTO anomaly SELECT n, 1, n / 3000.0 FROM i`,
	}
	if statistics {
		fill = append(fill, `ANALYZE`, `DELETE FROM sqlite_stat1`, `INSERT INTO sqlite_stat1 VALUES
			('employee', 'sqlite_autoindex_employee_1', '10000 1'), ('employee', 'employee_role', '10000 500'),
			('detectionevidence', NULL, '1500000'),
			('detectionmodelresult', 'result_employee', '1000000 100 1'), ('detectionmodelresult', 'result_date', '1000000 1'),
			('detectionmodelresult', 'result_score', '1000000 2'), ('detectionmodelresult', 'result_flagged', '40000 1 1'),
			('detectionmodelresult', 'result_reporter', '1000000 125000 1'),
			('result_evidence', 'result_evidence', '1500000 2 1'), ('result_evidence', 'result_evidence_evidence', '1500000 1'),
			('anomaly', 'anomaly', '650000 2 1'), ('anomaly', 'anomaly_value', '650000 325000 1')`)
	}
	execTest(t, db, fill...)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = Open(t.Context(), path, Options{}); err != nil { // reads the statistics
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// explain returns SQLite's plan, its steps parted by "; ".
func explain(t *testing.T, db *DB, q string, args ...any) string {
	t.Helper()
	rows, err := db.r.Query("EXPLAIN QUERY PLAN "+q, args...)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	return strings.Join(steps, "; ")
}

// No common list goes through all results. Each line is a query, the number of
// rows of a million that it selects, and the index that must find the page and
// the total; "id" is the table's own order, for a page that is soon full.
func TestPlans(t *testing.T) {
	lists := []struct {
		query       string
		n           int64
		page, total string
	}{
		{"", 1_000_000, "id", "INDEX"},
		{"order_by=-id", 1_000_000, "id", "INDEX"},
		{"order_by=-score", 1_000_000, "result_score", "INDEX"},
		{"order_by=-date", 1_000_000, "result_date", "INDEX"},
		{"employee=77", 100, "result_employee (employee=?)", "result_employee (employee=?)"},
		{"employee=77&order_by=-date", 100, "result_employee (employee=?)", "result_employee (employee=?)"},
		{"employee=77&order_by=-score", 100, "result_employee (employee=?)", "result_employee (employee=?)"},
		{"employee=77&date__gte=1970-01-02", 100, "result_employee (employee=? AND date>?)", "result_employee (employee=? AND date>?)"},
		{"employee__in=1,2,3&order_by=-score", 300, "result_employee (employee=?)", "result_employee (employee=?)"},
		{"employee__employee_id=E00077", 100, "result_employee (employee=?)", "result_employee (employee=?)"},
		{"employee__employee_id=E00077&order_by=-score", 100, "result_employee (employee=?)", "result_employee (employee=?)"},
		{"employee__employee_id__in=E1,E2&order_by=-date", 200, "result_employee (employee=?)", "result_employee (employee=?)"},
		{"employee__role=role7", 50_000, "result_employee (employee=?)", "result_employee (employee=?)"},
		{"employee__role=role7&order_by=-score", 50_000, "result_score", "result_employee (employee=?)"},
		{"date__range=2014-01-01,2014-01-08", 20_000, "result_date (date>? AND date<?)", "(date>? AND date<?)"},
		{"date__date=2014-01-01", 2_700, "result_date (date>? AND date<?)", "(date>? AND date<?)"},
		{"date__year=2014", 600_000, "id", "(date>? AND date<?)"},
		{"date__gte=2014-01-01&order_by=-date", 80_000, "result_date (date>?)", "date>?)"},
		{"date__gte=2014-01-01&order_by=-score", 80_000, "result_score", "date>?)"},
		{"date__gte=2014-01-01&order_by=-score", 500, "result_date (date>?)", "date>?)"},
		{"date__gte=2014-01-01&order_by=-score&offset=500", 500, "result_date (date>?)", "date>?)"},
		{"date__gte=2014-01-01&order_by=-score&offset=70000", 80_000, "all", "date>?)"},
		{"score__gt=0.9", 100_000, "result_score (score>?)", "result_score (score>?)"},
		{"score__gt=0.9&order_by=-score", 100_000, "result_score (score>?)", "result_score (score>?)"},
		{"score__range=0.4,0.5&order_by=score", 100_000, "result_score (score>? AND score<?)", "result_score (score>? AND score<?)"},
		{"flag=true", 40_000, "id", "result_flagged"},
		{"flag=true&order_by=-score", 40_000, "result_flagged", "result_flagged"},
		{"flag=true&score__gt=0.9&order_by=-score", 4_000, "result_flagged (score>?)", "result_flagged (score>?)"},
		{"flag=true&date__gte=2014-01-01&order_by=-score", 4_000, "result_flagged", "result_flagged"},
		{"flag=true&employee=77", 4, "result_employee (employee=?)", "result_employee (employee=?)"},
		{"flag=true&reporter=x&order_by=-score", 5_000, "result_flagged", "result_reporter (reporter=?)"},
		{"reporter=x", 125_000, "result_reporter (reporter=?)", "result_reporter (reporter=?)"},
		{"reporter=x&order_by=-date", 125_000, "result_reporter (reporter=?)", "result_reporter (reporter=?)"},
		{"reporter=x&order_by=-score", 125_000, "result_score", "result_reporter (reporter=?)"},
		{"reporter=x&date__gte=2014-01-01", 9_000, "result_reporter (reporter=? AND date>?)", "result_reporter (reporter=? AND date>?)"},
		{"reporter__startswith=usb", 125_000, "result_reporter (reporter>? AND reporter<?)", "result_reporter (reporter>? AND reporter<?)"},
		{"file_anomaly__gt=0.9", 60_000, "anomaly_value (dimension=? AND value>?)", "anomaly_value (dimension=? AND value>?)"},
		{"file_anomaly__gt=0.9&order_by=-score", 900, "anomaly_value (dimension=? AND value>?)", "anomaly_value (dimension=? AND value>?)"},
		{"evidence=77", 1, "result_evidence_evidence (evidence=?)", "result_evidence_evidence (evidence=?)"},
		{"evidence__subject=x", 3, "result_evidence_evidence (evidence=?)", "result_evidence_evidence (evidence=?)"},
		{"id__in=1,2,3", 3, "INTEGER PRIMARY KEY (rowid=?)", "INTEGER PRIMARY KEY (rowid=?)"},
		{"id__gt=500000", 500_000, "INTEGER PRIMARY KEY (rowid>?)", "INTEGER PRIMARY KEY (rowid>?)"},
	}
	for _, statistics := range []bool{false, true} {
		db := millionTest(t, statistics)
		indexes, err := db.indexesOf(t.Context(), Results)
		if err != nil || len(indexes) < 5 {
			t.Fatal(indexes, err)
		}
		for _, tt := range lists {
			params, _ := url.ParseQuery(tt.query)
			q, err := ParseQuery(Results, params, admin)
			if err != nil {
				t.Fatal(err)
			}
			h := asPlanned
			if q.where != "" {
				h = q.hint(tt.n, 1_000_000, int64(q.Offset), indexes)
			}
			table, where, order := q.hinted(h, false)
			page := explain(t, db, "SELECT id FROM "+from(table, where)+" ORDER BY "+order+" LIMIT ? OFFSET ?", append(append(q.args[:len(q.args):len(q.args)], q.orderArgs...), 20, 0)...)
			text, _, err := db.countSQL(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			total := explain(t, db, "SELECT count(*) FROM "+text, q.args...)
			name := fmt.Sprintf("?%s (%d rows, statistics %v)", tt.query, tt.n, statistics)
			if statistics { // they make SQLite prefer other indexes for dates alone, result_reporter above all
				tt.page, tt.total = "", ""
				if h == alongOrder && q.key == "id" || q.where == "" {
					tt.page = "id"
				}
				if h == byTable {
					tt.page = "all"
				}
			}
			checkPlan(t, name+" page", page, tt.page)
			checkPlan(t, name+" total", total, tt.total)
		}
	}
}

// checkPlan wants index used, "id" for the table's own order and "" for any, and
// no search through the whole table; "all" wants that, for a page far back.
func checkPlan(t *testing.T, name, plan, index string) {
	t.Helper()
	for step := range strings.SplitSeq(plan, "; ") {
		all := step == "SCAN detectionmodelresult" && index != "all" && (index != "id" || strings.Contains(plan, "TEMP B-TREE"))
		if all || strings.HasPrefix(step, "SCAN anomaly") || strings.HasPrefix(step, "SCAN result_evidence") {
			t.Errorf("%s goes through all rows: %s", name, plan)
		}
	}
	if index == "id" || index == "all" {
		index = "SCAN detectionmodelresult"
	}
	if !strings.Contains(plan, index) {
		t.Errorf("%s does not use %s: %s", name, index, plan)
	}
}

// A hint changes how a page is found, never what is on it.
func TestHintsAgree(t *testing.T) {
	db := millionTest(t, false)
	for _, query := range []string{
		"score__gt=0.5&order_by=-score", "date__gte=1970-01-01T00:20&order_by=-score&flag=true", "reporter=model+3&order_by=reporter",
		"employee__role=role7&order_by=-date", "file_anomaly__lt=0.3", "evidence__subject__startswith=s1&order_by=score", "reporter__in=model+1,model+2",
		"employee__in=1,2,3", "evidence__isnull=false&order_by=-evidence", "order_by=-file_anomaly&date__year=1970", "reporter__startswith=model",
	} {
		params, _ := url.ParseQuery(query)
		q, err := ParseQuery(Results, params, admin)
		if err != nil {
			t.Fatal(err)
		}
		want, err := q.pick(t.Context(), db, asPlanned, span{limit: 50, offset: 3})
		if err != nil || len(want) == 0 && query != "employee__in=1,2,3" {
			t.Fatal(query, len(want), err)
		}
		for _, h := range []hint{alongOrder, byFilter, byTable} {
			if h == byFilter && q.key == "" { // never chosen
				continue
			}
			got, err := q.pick(t.Context(), db, h, span{limit: 50, offset: 3})
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("?%s hint %d: %v, %v; want %v", query, h, got, err, want)
			}
		}
	}
}
