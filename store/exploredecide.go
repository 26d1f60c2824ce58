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
	Back    []HeldResults // what is Held
}

// HeldResults are the results of an alert that a dismissal left out.
type HeldResults struct {
	Held
	Employee int64
	Results  []int64
}

// DecideResults records c on the alerts that hold the results, covering exactly
// those of them that nobody has decided yet: with one note, as one batch, in one
// transaction. What cannot be decided any more is left as it is, and listed; so
// are, unless c says Anyway, people whom other models flagged at the same time.
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
			if err := tx.holdResults(&b, list); err != nil {
				return b, err
			}
		}
		return b, tx.decideResults(&b, actor, list, c)
	})
}

// holdResults lists what a dismissal leaves out.
func (tx *Tx) holdResults(b *BulkResults, list []chosen) (err error) {
	var about []dismissal
	for _, h := range list {
		about = append(about, h.about...)
	}
	b.Held, err = tx.heldBack(about)
	for _, held := range b.Held {
		h := list[slices.IndexFunc(list, func(h chosen) bool { return h.alert == held.Alert })]
		b.Back = append(b.Back, HeldResults{held, h.employee, h.results})
	}
	return err
}

func (tx *Tx) decideResults(b *BulkResults, actor Actor, list []chosen, c Choice) error {
	people := map[int64]bool{}
	for _, h := range list {
		if slices.ContainsFunc(b.Held, func(held Held) bool { return held.Alert == h.alert }) {
			continue
		}
		if len(h.results) == 0 {
			b.Skipped = append(b.Skipped, Skip{h.alert, "decided already"})
			continue
		}
		done, choice := len(b.Done), c
		if c.Action == Confirm || c.Action == Dismiss {
			choice.Results = h.results
		}
		if err := b.add(h.alert, func() (Outcome, error) { return tx.decide(actor, h.alert, choice, &b.Batch, true) }); err != nil {
			return err
		}
		if len(b.Done) > done {
			b.Results += len(h.results)
			people[h.employee] = true
		}
	}
	b.People = len(people)
	return nil
}

// chosen are the results of an alert that a decision is about.
type chosen struct {
	alert, employee int64
	results         []int64 // undecided
	about           []dismissal
}

// holding returns the alerts that hold the results, by id. Error: Conflict if a
// result is gone.
func (tx *Tx) holding(results []int64) ([]chosen, error) {
	ids := slices.Compact(slices.Sorted(slices.Values(results)))
	type held struct {
		dismissal
		id   int64
		open bool
	}
	list, err := all(context.Background(), tx, func(rows *sql.Rows, r *held) error {
		return rows.Scan(&r.id, &r.alert, &r.employee, &r.date, &r.family, &r.open)
	}, `SELECT r.id, r.alert, r.employee, r.date, m.family, r.decision IS NULL
		FROM detectionmodelresult r JOIN model m ON m.name = r.reporter
		WHERE r.id IN (SELECT value FROM json_each(?)) AND r.alert IS NOT NULL ORDER BY r.alert, r.id`, jsonIDs(ids))
	if err != nil {
		return nil, err
	}
	if len(list) < len(ids) {
		return nil, Errorf(Conflict, "%d of these results are gone; look again before you decide", len(ids)-len(list))
	}
	var out []chosen
	for _, r := range list {
		if len(out) == 0 || out[len(out)-1].alert != r.alert {
			out = append(out, chosen{alert: r.alert, employee: r.employee})
		}
		if last := &out[len(out)-1]; r.open {
			last.results, last.about = append(last.results, r.id), append(last.about, r.dismissal)
		}
	}
	return out, nil
}
