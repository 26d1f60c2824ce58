package store

import (
	"context"
	"slices"
)

// BulkResults is what became of a decision about results.
type BulkResults struct {
	Bulk
	Results int // that it covers; for Review and Snooze, those in the alerts that it is about
	People  int
}

// DecideResults records c on the alerts that hold the results, covering exactly
// those of them that nobody has decided yet: with one note, as one batch, in one
// transaction. What cannot be decided any more is left as it is, and listed.
// Errors: Invalid, Conflict when a result is gone.
func DecideResults(ctx context.Context, db *DB, actor Actor, results []int64, c Choice) (BulkResults, error) {
	switch err := c.check(db.Now()); {
	case err != nil:
		return BulkResults{}, err
	case !slices.Contains([]Action{Review, Confirm, Dismiss, Snooze}, c.Action) || c.Results != nil || c.Over != nil:
		return BulkResults{}, Errorf(Invalid, "%s is for one alert at a time", c.Action)
	case len(results) == 0:
		return BulkResults{}, Errorf(Invalid, "no result is selected")
	}
	return Write(ctx, db, func(tx *Tx) (BulkResults, error) {
		var b BulkResults
		alerts, err := tx.holding(results)
		if err != nil {
			return b, err
		}
		if len(alerts) > maxBulk {
			return b, Errorf(Invalid, "these results lie in %d alerts; at most %d can be decided at once, so narrow the filter", len(alerts), maxBulk)
		}
		people := map[int64]bool{}
		for _, h := range alerts {
			if len(h.results) == 0 {
				b.Skipped = append(b.Skipped, Skip{h.alert, "decided already"})
				continue
			}
			done, choice := len(b.Done), c
			if c.Action == Confirm || c.Action == Dismiss {
				choice.Results = h.results
			}
			if err := b.add(h.alert, func() (Outcome, error) { return tx.decide(actor, h.alert, choice, &b.Batch, true) }); err != nil {
				return b, err
			}
			if len(b.Done) > done {
				b.Results += len(h.results)
				people[h.employee] = true
			}
		}
		b.People = len(people)
		return b, nil
	})
}

// chosen are the results of an alert that a decision is about.
type chosen struct {
	alert, employee int64
	results         []int64 // undecided
}

// holding returns the alerts that hold the results, by id. Error: Conflict if a
// result is gone.
func (tx *Tx) holding(results []int64) ([]chosen, error) {
	ids := slices.Compact(slices.Sorted(slices.Values(results)))
	rows, err := tx.Query(`SELECT id, alert, employee, decision IS NULL FROM detectionmodelresult
		WHERE id IN (SELECT value FROM json_each(?)) AND alert IS NOT NULL ORDER BY alert, id`, jsonIDs(ids))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []chosen
	n := 0
	for rows.Next() {
		var id int64
		var open bool
		var h chosen
		if err := rows.Scan(&id, &h.alert, &h.employee, &open); err != nil {
			return nil, err
		}
		if n++; len(out) == 0 || out[len(out)-1].alert != h.alert {
			out = append(out, h)
		}
		if last := &out[len(out)-1]; open {
			last.results = append(last.results, id)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if n < len(ids) {
		return nil, Errorf(Conflict, "%d of these results are gone; look again before you decide", len(ids)-n)
	}
	return out, nil
}
