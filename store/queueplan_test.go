package store

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// millions are the statistics of a file with a million results.
const millions = `ANALYZE; DELETE FROM sqlite_stat1;
	INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
	('detectionmodelresult', 'result_employee', '1000000 100 1'), ('detectionmodelresult', 'result_date', '1000000 1'),
	('detectionmodelresult', 'result_score', '1000000 1000'), ('detectionmodelresult', 'result_flagged', '50000 100'),
	('detectionmodelresult', 'result_reporter', '1000000 100000 1'),
	('result_evidence', 'result_evidence', '1000000 1 1'), ('result_evidence', 'result_evidence_evidence', '1000000 1'),
	('anomaly', 'anomaly', '500000 2 1'), ('anomaly', 'anomaly_value', '500000 50000 10'),
	('alert', 'alert_open', '150000 15 10 1'), ('alert', 'alert_closed', '50000 2 1'), ('alert', 'alert_employee', '200000 20 1'),
	('decision', 'decision_alert', '50000 1 1'), ('decision_result', 'decision_result', '200000 4 1'),
	('employee', 'sqlite_autoindex_employee_1', '10000 1'), ('model', 'model', '10 1'), ('dimension', 'sqlite_autoindex_dimension_1', '10 1')`

// Every statement behind queue, alert page and counts finds its rows by an
// index, with and without statistics of a large file.
func TestTriagePlans(t *testing.T) {
	l := queueLab(t)
	path := l.db.Path()
	for _, stat := range []string{"", millions} {
		if stat != "" {
			l.write(func(tx *Tx) error { _, err := tx.db.conn.ExecContext(t.Context(), stat); return err })
		}
		db, err := Open(t.Context(), filepath.Clean(path), Options{Clock: l.db.clock})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for text := range triageQueries(t, db) {
			wantIndexed(t, db, text)
		}
	}
}

// triageQueries runs all that the pages ask, and returns the statements.
func triageQueries(t *testing.T, db *DB) map[string]bool {
	texts := map[string]bool{}
	keep := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for text := range db.shapes.kept {
			texts[text] = true
		}
	}
	for _, v := range QueueViews {
		for _, f := range []string{"", "score>0.1", "dept:IT usb model:usb-watch"} {
			ask := QueueAsk{View: v, Filter: f, Names: true}
			p, err := db.Queue(t.Context(), ask, nil, 1)
			keep(err)
			_, err = db.Queue(t.Context(), ask, &Place{1, 1}, 1)
			keep(err)
			_, err = db.QueueRows(t.Context(), ask, alertIDs(p.Rows))
			keep(err)
			_, err = db.Alert(t.Context(), 3, ask)
			keep(err)
		}
	}
	_, err := db.QueueHead(t.Context())
	keep(err)
	keep(Wake(t.Context(), db))
	if len(texts) < 30 {
		t.Errorf("only %d statements; are they kept elsewhere now?", len(texts))
	}
	return texts
}

var (
	scanned = regexp.MustCompile(`SCAN (\S+)`)
	small   = map[string]bool{"json_each": true, "employee": true, "model": true, "m": true, "dimension": true, "d": true, "setting": true, "CONSTANT": true}
)

func wantIndexed(t *testing.T, db *DB, text string) {
	t.Helper()
	plan := strings.Split(explain(t, db, text, make([]any, strings.Count(text, "?"))...), "; ")
	for _, step := range plan {
		if m := scanned.FindStringSubmatch(step); m != nil && !small[m[1]] && !strings.Contains(step, "COVERING INDEX") && !strings.HasSuffix(step, "INDEX alert_open") && !strings.HasSuffix(step, "INDEX alert_closed") {
			t.Errorf("%s\nreads a whole table:\n  %s", text, strings.Join(plan, "\n  "))
		}
		if strings.Contains(step, "TEMP B-TREE") && strings.Contains(text, closedStates+` ORDER`) && !strings.Contains(text, "INDEXED BY") {
			t.Errorf("%s\nsorts the queue:\n  %s", text, strings.Join(plan, "\n  "))
		}
	}
}
