package store

import (
	"context"
	"database/sql"
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
// transaction. What cannot be decided any more is left as it is, and listed. So
// are, in a dismissal, the people whom other models flagged.
// Errors: Invalid, Conflict when a result is gone.
func DecideResults(ctx context.Context, db *DB, actor Actor, results []int64, c Choice) (BulkResults, error) {
	switch err := c.check(db.Now()); {
	case err != nil:
		return BulkResults{}, err
	case !slices.Contains([]Action{Review, Confirm, Dismiss, Snooze}, c.Action) || c.Results != nil || c.Models != nil || c.Over != nil:
		return BulkResults{}, Errorf(Invalid, "%s like this is for one alert at a time", c.Action)
	case len(results) == 0:
		return BulkResults{}, Errorf(Invalid, "no result is selected")
	}
	return Write(ctx, db, func(tx *Tx) (BulkResults, error) {
		b := BulkResults{Bulk: Bulk{Batch: c.Batch}}
		if err := tx.mayJoin(actor, c); err != nil {
			return b, err
		}
		list, err := tx.holding(results)
		if err != nil {
			return b, err
		}
		if len(list) > maxBulk {
			return b, Errorf(Invalid, "these results lie in %d alerts; at most %d can be decided at once, so narrow the filter", len(list), maxBulk)
		}
		if c.Action == Dismiss && !c.Anyway && len(list) > 1 {
			var open []dismissal
			for _, h := range list {
				open = append(open, h.open...)
			}
			if b.Held, err = tx.heldBack(open); err != nil {
				return b, err
			}
		}
		return b, tx.decideResults(&b, actor, list, c)
	})
}

func (tx *Tx) decideResults(b *BulkResults, actor Actor, list []chosen, c Choice) error {
	people := map[int64]bool{}
	for _, h := range list {
		if len(h.open) == 0 { // so it is not held back
			b.Skipped = append(b.Skipped, Skip{h.alert, "decided already"})
			continue
		}
		done, choice := len(b.Done), c
		if c.Action == Confirm || c.Action == Dismiss {
			for _, r := range h.open {
				choice.Results = append(choice.Results, r.result)
			}
		}
		if err := b.decide(tx, actor, h.alert, choice); err != nil {
			return err
		}
		if len(b.Done) > done {
			b.Results += len(h.open)
			people[h.open[0].employee] = true
		}
	}
	b.People = len(people)
	return nil
}

// chosen are the results of an alert that a decision is about.
type chosen struct {
	alert int64
	open  []dismissal // undecided
}

// holding returns the alerts that hold the results, by id. Error: Conflict if a
// result is gone.
func (tx *Tx) holding(results []int64) (out []chosen, err error) {
	ids := slices.Compact(slices.Sorted(slices.Values(results)))
	type held struct {
		dismissal
		open bool
	}
	list, err := all(context.Background(), tx, func(rows *sql.Rows, r *held) error {
		return rows.Scan(&r.result, &r.alert, &r.employee, &r.date, &r.family, &r.open)
	}, `SELECT r.id, r.alert, r.employee, r.date, m.family, r.decision IS NULL
		FROM detectionmodelresult r JOIN model m ON m.name = r.reporter
		WHERE r.id IN (SELECT value FROM json_each(?)) AND r.alert IS NOT NULL ORDER BY r.alert, r.id`, jsonIDs(ids))
	if err == nil && len(list) < len(ids) {
		err = Errorf(Conflict, "%d of these results are gone; look again before you decide", len(ids)-len(list))
	}
	for _, r := range list {
		if len(out) == 0 || out[len(out)-1].alert != r.alert {
			out = append(out, chosen{alert: r.alert})
		}
		if last := &out[len(out)-1]; r.open {
			last.open = append(last.open, r.dismissal)
		}
	}
	return out, err
}
