package store

import (
	"regexp"
	"strings"
	"testing"
)

// hugeStats are what ANALYZE finds in a file of a million results.
const hugeStats = `ANALYZE; DELETE FROM sqlite_stat1;
	INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
	('detectionmodelresult', 'result_employee', '1000000 100 1'), ('detectionmodelresult', 'result_date', '1000000 1'),
	('detectionmodelresult', 'result_score', '1000000 1000'), ('detectionmodelresult', 'result_flagged', '50000 100'),
	('detectionmodelresult', 'result_reporter', '1000000 100000 1'),
	('result_evidence', 'result_evidence', '1000000 1 1'), ('result_evidence', 'result_evidence_evidence', '1000000 1'),
	('anomaly', 'anomaly', '500000 2 1'), ('anomaly', 'anomaly_value', '500000 50000 10'),
	('alert', 'alert_open', '150000 15 10 1'), ('alert', 'alert_closed', '50000 2 1'), ('alert', 'alert_employee', '200000 20 1'),
	('alert', 'alert_received', '200000 1'), ('decision', 'decision_alert', '50000 1 1'), ('decision_result', 'decision_result', '200000 4 1'),
	('audit', 'audit_object', '300000 75000 10'), ('audit', 'audit_account', '300000 100000'), ('audit', 'audit_verb', '300000 30000'),
	('reveal', 'reveal_account', '1000 100 2 1'), ('reveal', 'reveal_employee', '1000 2'), ('employeeevent', 'employeeevent_employee', '10000 2 1'),
	('employee', 'sqlite_autoindex_employee_1', '10000 1'), ('employee', 'employee_role', '10000 200'), ('model', 'model', '10 1'), ('dimension', 'sqlite_autoindex_dimension_1', '10 1')`

// mayScan are the tables that a page may read as a whole: small ones, and everybody in a list of everybody.
var mayScan = regexp.MustCompile(`^SCAN (?:json_each|model|dimension|d|m|account|w|setting|CONSTANT ROW|employee|\(subquery-\d+\)|alert USING (?:COVERING )?INDEX alert_open)`)

// Every statement behind these pages finds its rows by an index, with and without the statistics of a large file.
func TestPeoplePlans(t *testing.T) {
	d, p, _, _ := story(t)
	d.result(p, 0, "usb 1", 0.5, `, "file_anomaly": 0.1`)
	for _, stats := range []string{"", hugeStats} {
		if _, err := d.db.conn.ExecContext(t.Context(), stats); err != nil {
			t.Fatal(err)
		}
		db, err := Open(t.Context(), d.db.Path(), Options{Clock: d.db.clock}) // plans are made anew
		if err != nil {
			t.Fatal(err)
		}
		texts := askAll(t, db, d, p)
		if len(texts) < 30 {
			t.Errorf("only %d statements; are they kept elsewhere now?", len(texts))
		}
		for text := range texts {
			scansNothingLarge(t, db, text)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// askAll runs what the pages ask, and returns the statements.
func askAll(t *testing.T, db *DB, d *desk, p int64) map[string]bool {
	ctx, texts := t.Context(), map[string]bool{
		`SELECT coalesce(max(id), 0) FROM detectionmodelresult`: true, `SELECT min(date) FROM detectionmodelresult`: true,
		`SELECT coalesce(max(id), 0) FROM alert WHERE employee = ?`:                                                           true,
		`SELECT EXISTS (SELECT 1 FROM audit WHERE object = ? AND object_id = ? AND verb = 'view' AND account = ? AND at > ?)`: true,
	}
	keep := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for text := range db.shapes.kept {
			texts[text] = true
		}
	}
	brief, err := db.Person(ctx, p)
	keep(brief, err)
	keep(db.Profile(ctx, brief, d.asOf()))
	brief.Role = ""
	keep(db.Profile(ctx, brief, d.asOf()))
	d.result(p, 0, "usb 1", 0.6, "")
	db.gen.Add(1) // the other handle wrote
	db.recent.touch([]Change{{AlertDecided, 1}}, nil)
	keep(db.Profile(ctx, brief, d.asOf()))
	keep(db.PersonResults(ctx, p, 0, 10))
	keep(db.PersonAlerts(ctx, p))
	keep(db.PersonDecisions(ctx, p, 10))
	keep(db.PersonEvents(ctx, p, 10))
	keep(db.NamesShown(ctx, d.ana, []int64{p}, d.asOf()))
	for _, o := range PeopleOrders {
		rows, _, err := db.People(ctx, PeopleQuery{By: d.ana, Order: o, Search: "p", Limit: 10}, d.asOf())
		keep(rows, err)
		rows, _, err = db.People(ctx, PeopleQuery{By: d.ana, Order: o, Limit: 10}, d.asOf())
		keep(rows, err)
	}
	keep(db.ModelStats(ctx, d.asOf()))
	for _, kind := range []ActivityKind{AllActivity, OnlyDecisions, OnlyChanges, OnlyAccess} {
		for _, q := range []ActivityQuery{{}, {Account: 1}, {Person: p}} {
			q.Kind, q.Limit = kind, 10
			list, _, err := db.Activity(ctx, q)
			keep(list, err)
		}
	}
	keep(db.PostedBetween(ctx, 0, d.asOf()))
	return texts
}

func scansNothingLarge(t *testing.T, db *DB, text string) {
	t.Helper()
	rows, err := db.r.Query(`EXPLAIN QUERY PLAN `+text, make([]any, strings.Count(text, "?"))...)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(step, "SCAN ") && !mayScan.MatchString(step) {
			t.Errorf("%s\nreads a whole table: %s", text, step)
		}
	}
}
