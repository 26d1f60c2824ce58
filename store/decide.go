package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// decide records c on the alert and settles its state. batch, if many, is the
// first decision of those made together; it is set by the first.
func (tx *Tx) decide(actor Actor, alert int64, c Choice, batch *int64, many bool) (Outcome, error) {
	a, err := loadAlert(tx, alert)
	if err != nil {
		return Outcome{}, err
	}
	if err := tx.mayDecide(actor, a, &c); err != nil {
		return Outcome{}, err
	}
	points, inForce, err := a.points(tx, window{a.first, a.last})
	if err != nil {
		return Outcome{}, err
	}
	covers, err := c.covers(points, inForce)
	if err != nil {
		return Outcome{}, err
	}
	d, err := tx.insertDecision(actor, a, c, covers)
	if err != nil {
		return Outcome{}, err
	}
	if many {
		if *batch == 0 {
			*batch = d
		}
		if _, err := tx.Exec(`UPDATE decision SET batch = ? WHERE id = ?`, *batch, d); err != nil {
			return Outcome{}, err
		}
	}
	if err := a.refold(tx, window{a.first, a.last}); err != nil {
		return Outcome{}, err
	}
	tx.changed(AlertDecided, a.id)
	return Outcome{Alert: a.id, State: a.state, Decision: d}, audit(tx, actor, "decide", "alert", a.id, c.record(d, len(covers), *batch))
}

// record is what the audit says of a decision: ids and counts only.
func (c *Choice) record(id int64, results int, batch int64) string {
	s := fmt.Sprintf("decision %d %s", id, c.Action)
	if c.Reason != nil {
		s += " reason " + strconv.Itoa(*c.Reason)
	}
	if c.Undoes != 0 {
		s += " of " + strconv.FormatInt(c.Undoes, 10)
	}
	if results > 0 {
		s += " results " + strconv.Itoa(results)
	}
	if batch != 0 {
		s += " batch " + strconv.FormatInt(batch, 10)
	}
	return s
}

// mayDecide refuses what the alert's state does not allow, naming who was first.
func (tx *Tx) mayDecide(actor Actor, a *alertRow, c *Choice) error {
	if c.Action == Remark {
		return nil
	}
	closed := a.state == StateConfirmed || a.state == StateDismissed
	switch {
	case c.Seen != nil && *c.Seen != a.decision, c.Action == Undo && c.Undoes != a.decision:
		return tx.wasFirst(actor, a, c)
	case a.state == StateWithdrawn:
		return Errorf(Conflict, "all results of this alert are gone; there is nothing left to decide")
	case c.Action == Undo:
		return nil
	case c.Action == Reopen && !closed:
		return Errorf(Conflict, "this alert is open already")
	case c.Action != Reopen && closed:
		return tx.wasFirst(actor, a, c)
	}
	if c.Action == Snooze && c.Over != nil {
		return tx.checkOver(a, c)
	}
	return nil
}

// toDo tells what was chosen, in the words of Did.
var toDo = map[Action]string{Review: "to take it into review", Confirm: "to confirm it", Dismiss: "to dismiss it", Snooze: "to snooze it", Reopen: "to reopen it", Undo: "to take a decision back"}

// wasFirst tells who decided on the alert, what and when, and whose choice was not recorded.
func (tx *Tx) wasFirst(actor Actor, a *alertRow, c *Choice) error {
	if a.decision == 0 {
		return Errorf(Conflict, "nobody has decided on this alert; load the page again")
	}
	var who string
	var d Decision
	err := tx.Row(`SELECT a.name, d.at, d.action, d.reason FROM decision d JOIN account a ON a.id = d.account WHERE d.id = ?`,
		[]any{a.decision}, &who, &d.At, &d.Action, &d.Reason)
	if err != nil {
		return err
	}
	return Errorf(Conflict, "%s was first: %s at %s; %s was about %s, and nothing of that was recorded",
		who, d.Did(), time.UnixMicro(d.At).Format("15:04 on 2 Jan"), actor.Name, toDo[c.Action])
}

// checkOver turns c.Over into a score over scale. The alert must not be above it already.
func (tx *Tx) checkOver(a *alertRow, c *Choice) error {
	var score, scale float64
	err := tx.Row(`SELECT r.score, m.scale FROM detectionmodelresult r JOIN model m ON m.name = r.reporter WHERE r.id = ?`, []any{a.peakResult}, &score, &scale)
	if err != nil {
		return err
	}
	over := scaled(*c.Over, scale)
	if over < a.peak {
		return fieldErrors{"over": {"must be at least " + strconv.FormatFloat(score, 'f', -1, 64) + ", the highest score now"}}.err()
	}
	c.Over = &over
	return nil
}

// covers are the results that c decides on.
func (c *Choice) covers(points []point, inForce map[int64]int64) (out []cover, err error) {
	if c.Action != Confirm && c.Action != Dismiss {
		return nil, nil
	}
	for _, p := range points {
		if _, decided := inForce[p.id]; !decided && (c.Results == nil || slices.Contains(c.Results, p.id)) && c.of(p.model, p.family) {
			out = append(out, cover{p.id, p.digest})
		}
	}
	if len(out) == 0 && c.Models != nil {
		return nil, Errorf(Conflict, "nothing of %s is undecided there", And(c.Models))
	}
	if len(out) == 0 {
		return nil, fieldErrors{"result": {"none of the ticked results is undecided"}}.err()
	}
	return out, nil
}

// of reports whether c is about the results of a model.
func (c *Choice) of(model, family string) bool {
	return c.Models == nil || slices.ContainsFunc(c.Models, func(m string) bool { return foldCase(m) == foldCase(model) || foldCase(m) == foldCase(family) })
}

// mayJoin refuses to add to a decision about many that is not the actor's, or another one.
func (tx *Tx) mayJoin(actor Actor, c Choice) error {
	if c.Batch == 0 {
		return nil
	}
	var reason any
	if c.Reason != nil {
		reason = *c.Reason
	}
	var same bool
	err := tx.Row(`SELECT EXISTS (SELECT 1 FROM decision WHERE id = ? AND batch = id AND account = ? AND action = ? AND reason IS ?)`,
		[]any{c.Batch, actor.ID, string(c.Action), reason}, &same)
	if err == nil && !same {
		return Errorf(Conflict, "the decision that this one was to belong to is another one; nothing was changed")
	}
	return err
}

func (tx *Tx) insertDecision(actor Actor, a *alertRow, c Choice, covers []cover) (int64, error) {
	var reason, over any
	if c.Action == Dismiss {
		reason = *c.Reason
	}
	if c.Action == Snooze && c.Over != nil {
		over = *c.Over
	}
	var until, undoes int64
	switch c.Action {
	case Snooze:
		until = c.Until
	case Undo:
		undoes = c.Undoes
	}
	res, err := tx.Exec(`INSERT INTO decision (alert, at, account, action, reason, note, snooze_until, snooze_over, undoes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		a.id, cmp.Or(c.at, tx.Now), actor.ID, string(c.Action), reason, c.Note, positive(until), over, positive(undoes))
	if err != nil {
		return 0, err
	}
	id, err := res.LastInsertId()
	for _, cv := range covers {
		if err == nil {
			_, err = tx.Exec(`INSERT INTO decision_result (decision, result, digest) VALUES (?, ?, ?)`, id, cv.result, cv.digest)
		}
	}
	return id, err
}

// Wake ends the snoozes whose time has come. It writes only when there is one.
func Wake(ctx context.Context, db *DB) error {
	b, err := db.locked(ctx)
	if err != nil {
		return err
	}
	var due []int64
	for i := range b.lines {
		if l := &b.lines[i]; l.state == StateSnoozed && l.until != 0 && l.until <= db.Now() {
			due = append(due, l.ID)
		}
	}
	b.done()
	if len(due) == 0 {
		return nil
	}
	return db.do(ctx, func(tx *Tx) error {
		list, err := loadAlerts(tx, `id IN (SELECT value FROM json_each(?)) AND state = 'snoozed' AND snooze_until <= ?`, jsonIDs(due), tx.Now)
		for _, a := range list {
			if err == nil {
				a.change().wake(tx.Now)
				err = a.save(tx)
				tx.changed(AlertChanged, a.id)
			}
		}
		return err
	})
}
