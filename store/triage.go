package store

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"
	"strings"
)

// Verdict is what a decision says about the results that it covers.
type Verdict string

// Verdicts, classed so that other tools' classes map to them.
const (
	TruePositive   Verdict = "true_positive"
	BenignPositive Verdict = "benign_positive" // right, but allowed
	FalseLogic     Verdict = "false_positive_logic"
	FalseData      Verdict = "false_positive_data"
	Duplicate      Verdict = "duplicate"
	Undetermined   Verdict = "undetermined"
)

// Reason is a reason for a dismissal, or to look at who a person is.
type Reason struct {
	Digit   int // also its key
	Text    string
	Note    bool    // words of one's own are required
	Verdict Verdict // of a dismissal
}

// Reasons are all reasons for a dismissal, by digit: pages, keys and help read them here.
var Reasons = []Reason{
	{0, "Investigated and cleared", false, BenignPositive},
	{1, "Expected for the role", false, BenignPositive},
	{2, "Known personal pattern", false, BenignPositive},
	{3, "Business event", false, BenignPositive},
	{4, "Detector wrong", false, FalseLogic},
	{5, "Bad data", false, FalseData},
	{6, "Duplicate", false, Duplicate},
	{7, "Too weak alone", false, Undetermined},
	{8, "Test", false, Undetermined},
	{9, "Other", true, Undetermined},
}

// Verdict returns what d says about its results; "" if it says nothing.
func (d Decision) Verdict() Verdict {
	switch d.Action {
	case Confirm:
		return TruePositive
	case Dismiss:
		return Reasons[d.Reason.V].Verdict
	}
	return ""
}

// Did tells in words what d did: "dismissed it, expected for the role".
func (d Decision) Did() string {
	switch d.Action {
	case Review:
		return "took it into review"
	case Confirm:
		return "confirmed it"
	case Dismiss:
		return "dismissed it, " + LowerFirst(Reasons[d.Reason.V].Text)
	case Snooze:
		return "snoozed it"
	case Reopen:
		return "reopened it"
	case Undo:
		return "took a decision back"
	}
	return "wrote a note"
}

// LowerFirst writes a text as it stands within a sentence.
func LowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

const (
	maxNote = 4 << 10 // bytes
	maxBulk = 1000    // alerts decided at once
)

// Choice is what an analyst wants done with an alert.
type Choice struct {
	Action  Action
	Reason  *int // Dismiss: a digit of Reasons
	Note    string
	Until   int64    // Snooze: microseconds since 1970; 0: no time
	Over    *float64 // Snooze: until a score is above, in the unit of the alert's highest result
	Results []int64  // Confirm, Dismiss: what is covered; nil: all that is undecided
	Undoes  int64    // Undo: the decision to take back
	Seen    *int64   // the newest decision that the analyst saw, 0 for none; nil: not checked

	// For many alerts at once.
	Models []string // Confirm, Dismiss: covers the results of these models or families alone; nil: of all
	Anyway bool     // Dismiss: also people whom other models flagged
	Batch  int64    // an earlier decision about many, of the same analyst, to which this one belongs; 0: none

	at int64 // when it was made, if it is told afterwards; 0: now
}

// Outcome is what became of an alert.
type Outcome struct {
	Alert    int64
	State    State
	Decision int64 // the row that was written
}

// Skip is an alert that a bulk decision left as it was.
type Skip struct {
	Alert int64
	Why   string
}

// Bulk is what became of a decision about many alerts.
type Bulk struct {
	Batch   int64 // names it, to take it back; 0: nothing was done
	Done    []Outcome
	Skipped []Skip
	Held    []Held // left out of a dismissal
}

// Decide records c on the alert in actor's name. Errors: Invalid (with the
// field), NotFound, Conflict when somebody was first or the state does not allow it.
func Decide(ctx context.Context, db *DB, actor Actor, alert int64, c Choice) (Outcome, error) {
	if err := c.check(db.Now()); err != nil {
		return Outcome{}, err
	}
	return Write(ctx, db, func(tx *Tx) (Outcome, error) { return tx.decide(actor, alert, c, new(int64), false) })
}

// DecideMany records c on each of at most 1,000 alerts, with one note and one
// batch. Those that somebody decided first are left as they are, and listed. So
// are, in a dismissal, the people whom other models flagged.
func DecideMany(ctx context.Context, db *DB, actor Actor, alerts []int64, c Choice) (Bulk, error) {
	switch err := c.check(db.Now()); {
	case err != nil:
		return Bulk{}, err
	case c.Action == Undo || c.Action == Remark || c.Results != nil:
		return Bulk{}, Errorf(Invalid, "%s is for one alert at a time", c.Action)
	case c.Over != nil:
		return Bulk{}, Errorf(Invalid, "a score to wake at is for one alert at a time")
	case len(alerts) == 0:
		return Bulk{}, Errorf(Invalid, "no alert is ticked")
	case len(alerts) > maxBulk:
		return Bulk{}, Errorf(Invalid, "at most %d alerts can be decided at once", maxBulk)
	}
	ids := slices.Compact(slices.Sorted(slices.Values(alerts)))
	return Write(ctx, db, func(tx *Tx) (Bulk, error) {
		b := Bulk{Batch: c.Batch}
		if err := tx.mayJoin(actor, c); err != nil {
			return b, err
		}
		if c.Action == Dismiss && !c.Anyway && len(ids) > 1 {
			list, err := tx.dismissals(ids, &c)
			if err != nil {
				return b, err
			}
			if b.Held, err = tx.heldBack(list); err != nil {
				return b, err
			}
		}
		for _, id := range ids {
			if err := b.decide(tx, actor, id, c); err != nil {
				return b, err
			}
		}
		return b, nil
	})
}

// UndoBatch takes back a bulk decision. Alerts decided since are left as they
// are, and listed.
func UndoBatch(ctx context.Context, db *DB, actor Actor, batch int64) (Bulk, error) {
	return Write(ctx, db, func(tx *Tx) (Bulk, error) {
		var b Bulk
		made, err := all(context.Background(), tx, func(r *sql.Rows, d *Decision) error { return r.Scan(&d.ID, &d.Alert) },
			`SELECT id, alert FROM decision WHERE batch = ? ORDER BY id`, batch)
		if err != nil {
			return b, err
		}
		if len(made) == 0 {
			return b, Errorf(NotFound, "there is no bulk decision %d", batch)
		}
		for _, d := range made {
			if err := b.decide(tx, actor, d.Alert, Choice{Action: Undo, Undoes: d.ID}); err != nil {
				return b, err
			}
		}
		return b, nil
	})
}

// decide makes one decision of a bulk, unless the alert is held back: a conflict
// is listed, any other error ends it.
func (b *Bulk) decide(tx *Tx, actor Actor, alert int64, c Choice) error {
	if slices.ContainsFunc(b.Held, func(h Held) bool { return h.Alert == alert }) {
		return nil
	}
	out, err := tx.decide(actor, alert, c, &b.Batch, true)
	var e *Error
	switch {
	case err == nil:
		b.Done = append(b.Done, out)
	case errors.As(err, &e) && (e.Kind == Conflict || e.Kind == NotFound):
		b.Skipped = append(b.Skipped, Skip{alert, e.Msg})
	default:
		return err
	}
	return nil
}

// check refuses what no alert could take.
func (c *Choice) check(now int64) error {
	var bad fieldErrors
	switch c.Action {
	case Review, Confirm, Reopen:
	case Dismiss:
		switch {
		case c.Reason == nil || *c.Reason < 0 || *c.Reason >= len(Reasons):
			bad.add("reason", "a dismissal needs one of the reasons 0 to %d", len(Reasons)-1)
		case Reasons[*c.Reason].Note && strings.TrimSpace(c.Note) == "":
			bad.add("note", "the reason %q needs a note", Reasons[*c.Reason].Text)
		}
	case Snooze:
		switch {
		case c.Until == 0 && c.Over == nil:
			bad.add("until", "a snooze needs a time or a score")
		case c.Until != 0 && c.Until <= now:
			bad.add("until", "must be in the future")
		case c.Over != nil && (math.IsNaN(*c.Over) || math.IsInf(*c.Over, 0)):
			bad.add("over", "must be a number")
		}
	case Remark:
		if strings.TrimSpace(c.Note) == "" {
			bad.add("note", "is empty")
		}
	case Undo:
		if c.Undoes <= 0 {
			bad.add("undoes", "must name a decision")
		}
	default:
		bad.add("action", "must be one of review, confirm, dismiss, snooze, reopen, undo, note")
	}
	if len(c.Note) > maxNote {
		bad.add("note", "is longer than %d bytes", maxNote)
	}
	return bad.err()
}
