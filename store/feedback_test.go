package store

import (
	"encoding/json"
	"fmt"
	"testing"
)

// labels reads all labels after a cursor as JSON.
func labels(tb testing.TB, db *DB, q FeedbackQuery) (out []map[string]any) {
	tb.Helper()
	err := db.EachLabel(tb.Context(), q, func(l Label) error {
		var m map[string]any
		if err := json.Unmarshal(l.AppendJSON(nil), &m); err != nil {
			return fmt.Errorf("%s: %w", l.AppendJSON(nil), err)
		}
		out = append(out, m)
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// Labels follow decisions in order; what takes one back is a later row, also the
// deletion of the result.
func TestFeedback(t *testing.T) {
	db := openTest(t)
	who := tester(t, db, Admin)
	mustPost(t, db, who, Results, seedResult)
	if got := labels(t, db, FeedbackQuery{}); len(got) != 0 {
		t.Fatalf("undecided results have labels: %v", got)
	}
	decide := func(c Choice) int64 {
		t.Helper()
		out, err := Decide(t.Context(), db, who, 1, c)
		if err != nil {
			t.Fatal(err)
		}
		return out.Decision
	}
	four := 4
	first := decide(Choice{Action: Dismiss, Reason: &four, Note: "noise"})
	decide(Choice{Action: Undo, Undoes: first})
	decide(Choice{Action: Confirm})
	if _, _, err := Apply(t.Context(), db, who, func(b *Batch) (int, error) { return 0, b.Delete(Results, 1) }); err != nil {
		t.Fatal(err)
	}
	got := labels(t, db, FeedbackQuery{Reporter: "Detection Model"})
	want := []map[string]any{
		{"cursor": 1.0, "label": 0.0, "verdict": "false_positive_logic", "reason": "Detector wrong", "note": "noise", "superseded_by": 2.0},
		{"cursor": 2.0, "label": nil, "verdict": nil, "reason": nil, "superseded_by": 3.0},
		{"cursor": 3.0, "label": 1.0, "verdict": "true_positive", "superseded_by": 4.0, "decided_by": fmt.Sprintf("analyst-%d", who.ID)},
		{"cursor": 4.0, "label": nil, "superseded_by": nil, "result_uri": "/data-sub/api/detectionmodelresult/1/"},
	}
	if len(got) != len(want) {
		t.Fatalf("%d labels; want %d: %v", len(got), len(want), got)
	}
	for i, w := range want {
		for k, v := range w {
			if g, ok := got[i][k]; !ok || g != v {
				t.Errorf("label %d: %s = %v; want %v", i, k, g, v)
			}
		}
	}
	if since := labels(t, db, FeedbackQuery{Since: 3}); len(since) != 1 {
		t.Errorf("since 3: %v", since)
	}
	if other := labels(t, db, FeedbackQuery{Reporter: "other"}); len(other) != 0 {
		t.Errorf("another model's: %v", other)
	}
}
