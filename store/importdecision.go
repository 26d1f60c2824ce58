package store

import (
	"database/sql"
	"errors"
	"strconv"
)

// toldDecision is a decision as a line tells it.
type toldDecision struct {
	employee, analyst, batch string
	at                       int64
	choice                   Choice
}

func readDecision(v *jsonValue) (d toldDecision, err error) {
	var bad fieldErrors
	text := func(v *jsonValue, name string) string {
		f, ok := v.get(name)
		if !ok || f.kind != jsonString {
			return ""
		}
		return f.text
	}
	if who, ok := v.get("employee"); ok {
		d.employee = text(who, "employee_id")
	}
	if d.analyst, d.batch = text(v, "analyst"), text(v, "batch"); d.analyst == "" {
		bad.add("analyst", "must be a name")
	}
	if d.at, err = ParseInstant(text(v, "at")); err != nil {
		bad.add("at", "%s", err)
	}
	d.choice = Choice{Action: Action(text(v, "action")), Note: text(v, "note"), at: d.at}
	if d.choice.Action != Confirm && d.choice.Action != Dismiss {
		bad.add("action", "must be confirm or dismiss")
	}
	if r, ok := v.get("reason"); ok {
		n, err := strconv.Atoi(r.text)
		if err != nil {
			bad.add("reason", "must be a digit")
		}
		d.choice.Reason = &n
	}
	if err := bad.err(); err != nil {
		return d, err
	}
	return d, d.choice.check(d.at)
}

// decideAsTold stores a decision that was made elsewhere or before, as
// testdata/demo writes it: on the alert of that employee that holds the newest
// result so far, in the name of an analyst, who gets an account that cannot sign in.
func (tx *Tx) decideAsTold(d toldDecision) error {
	var alert int64
	err := tx.Row(`SELECT a.id FROM alert a JOIN person p ON p.id = a.employee WHERE p.employee_id = ? ORDER BY a.last_date DESC LIMIT 1`, []any{d.employee}, &alert)
	if errors.Is(err, sql.ErrNoRows) {
		return fieldErrors{"employee": {"has no alert"}}.err()
	} else if err != nil {
		return err
	}
	who := Actor{Name: d.analyst, Role: Analyst}
	if err := errors.Join(CheckName(who.Name), tx.known(Person, &who, tx.Now)); err != nil {
		return err
	}
	var batch int64
	if d.batch != "" {
		err := tx.Row(`SELECT coalesce(min(batch), 0) FROM decision WHERE batch IS NOT NULL AND account = ? AND at = ?`, []any{who.ID, d.at}, &batch)
		if err != nil {
			return err
		}
	}
	_, err = tx.decide(who, alert, d.choice, &batch, d.batch != "")
	return err
}
