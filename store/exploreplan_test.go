package store

import (
	"slices"
	"strings"
	"testing"
)

// Every statement behind explore finds its rows by an index, with and without
// the statistics of a large file.
func TestExplorePlans(t *testing.T) {
	l := exploreLab(t)
	for _, stat := range []string{"", millions} {
		if stat != "" {
			l.write(func(tx *Tx) error { _, err := tx.db.conn.ExecContext(t.Context(), stat); return err })
		}
		db, err := Open(t.Context(), l.db.Path(), Options{Clock: l.db.clock})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		texts := map[string]bool{}
		for _, change := range []Choice{{Action: Review}, {Action: Reopen}} { // all at first, then what is new
			x, err := db.Explored(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			f, _ := x.Parse("copied")
			if _, err := db.Match(t.Context(), x, f, nil); err != nil {
				t.Fatal(err)
			}
			if _, err := db.ResultRows(t.Context(), x.ID); err != nil {
				t.Fatal(err)
			}
			for text := range db.shapes.kept {
				texts[text] = true
			}
			if _, err := Decide(t.Context(), db, l.ana, 4, Choice{Action: Review, Note: string(change.Action)}); err != nil {
				t.Fatal(err)
			}
		}
		if len(texts) < 12 {
			t.Errorf("only %d statements; are they kept elsewhere now?", len(texts))
		}
		for text := range texts {
			if strings.Contains(text, "pragma_index_list") {
				continue
			}
			plan := explain(t, db, text, make([]any, strings.Count(text, "?"))...)
			for step := range strings.SplitSeq(plan, "; ") {
				whole := strings.HasPrefix(step, "SCAN ") && !slices.Contains(exploreScans, step)
				if whole || strings.Contains(step, "TEMP B-TREE") && !strings.HasSuffix(step, "OF ORDER BY") {
					t.Errorf("%s\nis planned: %s\n%s", text, step, plan)
				}
			}
		}
	}
}

// exploreScans are the whole tables that may be read, and those read in order up to a limit.
var exploreScans = []string{
	"SCAN alert USING COVERING INDEX alert_open",                  // those that wait
	"SCAN detectionmodelresult USING COVERING INDEX result_score", // counted, when all is read
	"SCAN r", "SCAN model", "SCAN dimension", "SCAN dimension USING COVERING INDEX sqlite_autoindex_dimension_1", "SCAN json_each VIRTUAL TABLE INDEX 1:", "SCAN CONSTANT ROW",
}
