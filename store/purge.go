package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Purge says what is to be gone for good: a person, or what is old.
type Purge struct {
	Person string // employee_id; empty: nobody
	Reason string // kept on record for Person; names nobody
	Before int64  // results and events dated before, microseconds since 1970; 0: none
	DryRun bool   // only count
}

// Purged counts what a purge removed.
type Purged struct {
	People, Results, Events, Evidence, Addresses, Notes, Reveals int
}

func (p Purged) String() string {
	return fmt.Sprintf("%d people, %d results, %d events, %d evidence, %d addresses, %d notes, %d reveals",
		p.People, p.Results, p.Events, p.Evidence, p.Addresses, p.Notes, p.Reveals)
}

// purge is one purge under way, until its first error.
type purge struct {
	*Batch
	done Purged
	err  error
}

// Purge removes what p says, with one row on record, which holds an internal id
// and counts. Scrub, once the file is closed, takes the bytes out of it. Errors:
// NotFound (the person), Invalid (the reason).
func (db *DB) Purge(ctx context.Context, by Actor, p Purge) (Purged, error) {
	var done Purged // outlives the error that takes a dry run back
	err := applyOrTry(ctx, db, by, p.DryRun, func(b *Batch) error {
		u := &purge{Batch: b}
		id, detail := int64(0), "before "+time.UnixMicro(p.Before).UTC().Format(time.DateOnly)
		if p.Person != "" {
			id, detail = u.person(p), "reason "+p.Reason
		} else {
			u.old(p.Before)
		}
		// Answers kept for retries tell of people, too.
		u.exec(`DELETE FROM idempotency WHERE answer IS NOT NULL OR ids != '[]'`)
		u.log = changeLog{} // the purge is the one row on record
		if done = u.done; u.err != nil {
			return u.err
		}
		return audit(b.tx, by, "purge", Employees.Name, id, detail+": "+done.String())
	})
	return done, err
}

// person removes somebody with results, events, reveals, and the evidence and
// addresses that are nobody else's; notes about them go, decisions stay.
func (u *purge) person(p Purge) (id int64) {
	var name, alias string
	if err := u.tx.Row(`SELECT id, name, pseudonym FROM employee WHERE employee_id = ?`, []any{p.Person}, &id, &name, &alias); err != nil {
		u.err = absent(err, NotFound, "there is no employee %q", p.Person)
		return 0
	}
	reason := strings.TrimSpace(p.Reason)
	folded := foldCase(reason)
	switch {
	case reason == "" || len(reason) > maxText:
		u.err = Errorf(Invalid, "a reason of 1 to %d bytes is kept on record", maxText)
	case strings.Contains(folded, foldCase(p.Person)) || name != "" && strings.Contains(folded, foldCase(name)):
		u.err = Errorf(Invalid, "the reason stays on record, so it cannot name the person")
	}
	evidence := u.ids(`SELECT DISTINCT e.evidence FROM detectionmodelresult r JOIN result_evidence e ON e.result = r.id WHERE r.employee = ?`, id)
	u.notes(`SELECT id FROM alert WHERE employee = ?`, id)
	u.each(&u.done.Results, Results, `SELECT id FROM detectionmodelresult WHERE employee = ?`, id)
	u.each(&u.done.Events, EmployeeEvents, `SELECT id FROM employeeevent WHERE employee = ?`, id)
	u.done.Reveals = u.exec(`DELETE FROM reveal WHERE employee = ?`, id)
	u.exec(`UPDATE employee SET manager = '' WHERE manager IN (?, ?) AND manager != ''`, p.Person, name)
	u.forget(p.Person, name, alias)
	u.each(&u.done.People, Employees, `SELECT id FROM employee WHERE id = ?`, id)
	// Nobody's any more: this person's, and those of former posts of anybody.
	u.each(&u.done.Addresses, Addresses, `SELECT id FROM address WHERE NOT EXISTS (SELECT 1 FROM employee WHERE homeAddress = address.id)`)
	u.loose(evidence)
	return id
}

// old removes results, events, reveals and evidence from before a time, and the
// notes of alerts that are left without results.
func (u *purge) old(before int64) {
	evidence := u.ids(`SELECT id FROM detectionevidence WHERE date_to < ?`, before)
	u.each(&u.done.Results, Results, `SELECT id FROM detectionmodelresult WHERE date < ?`, before)
	u.each(&u.done.Events, EmployeeEvents, `SELECT id FROM employeeevent WHERE coalesce(until, at) < ?`, before)
	u.done.Reveals = u.exec(`DELETE FROM reveal WHERE until < ?`, before)
	if u.err == nil {
		u.err = u.flush(nil) // the alerts know what is left of them
	}
	u.notes(`SELECT id FROM alert WHERE n = 0 AND last_date < ?`, before)
	u.loose(evidence)
}

// each deletes the rows of a resource whose ids q gives.
func (u *purge) each(n *int, r *Resource, q string, args ...any) {
	for _, id := range u.ids(q, args...) {
		if u.err == nil {
			u.err = u.Delete(r, id)
		}
		if u.err == nil {
			u.err = u.flushSome()
		}
		*n++
	}
}

// loose deletes those of the evidence that no result points at.
func (u *purge) loose(evidence []int64) {
	u.each(&u.done.Evidence, Evidences, `SELECT id FROM detectionevidence WHERE id IN (SELECT value FROM json_each(?))
		AND NOT EXISTS (SELECT 1 FROM result_evidence WHERE evidence = detectionevidence.id)`, jsonIDs(evidence))
}

// forget takes the words that name a person out of what was typed about others,
// and removes saved views and keys of requests that hold one.
func (u *purge) forget(words ...string) {
	var names []string
	for _, w := range words {
		if w != "" {
			names = append(names, regexp.QuoteMeta(w))
		}
	}
	named := regexp.MustCompile(`(?i)(^|[^\pL\pN])(?:` + strings.Join(names, "|") + `)([^\pL\pN]|$)`)
	u.exec(`DELETE FROM saved_view WHERE citd_match(?, name || char(10) || filter)`, named.String())
	u.exec(`DELETE FROM idempotency WHERE citd_match(?, key)`, named.String())
	for table, column := range map[string]string{"decision": "note", "reveal": "text"} {
		for _, id := range u.ids(`SELECT id FROM `+table+` WHERE citd_match(?, `+column+`)`, named.String()) {
			var text string
			if u.err == nil {
				u.err = u.tx.Row(`SELECT `+column+` FROM `+table+` WHERE id = ?`, []any{id}, &text)
			}
			for range 2 { // names beside each other share what parts them
				text = named.ReplaceAllString(text, "$1(removed)$2")
			}
			u.exec(`UPDATE `+table+` SET `+column+` = ? WHERE id = ?`, text, id)
		}
	}
}

// notes empties what was typed about the alerts that q gives.
func (u *purge) notes(q string, args ...any) {
	u.done.Notes += u.exec(`UPDATE decision SET note = '' WHERE note != '' AND alert IN (`+q+`)`, args...)
}

func (u *purge) ids(q string, args ...any) (list []int64) {
	if u.err == nil {
		list, u.err = u.tx.ids(q, args...)
	}
	return list
}

// exec runs q, and counts the rows that it changed.
func (u *purge) exec(q string, args ...any) (n int) {
	if u.err == nil {
		var res sql.Result
		if res, u.err = u.tx.Exec(q, args...); u.err == nil {
			rows, _ := res.RowsAffected() // the driver always knows
			n = int(rows)
		}
	}
	return n
}

// Scrub writes the file anew without what was deleted from it, so that no byte
// of that is left. Nobody may have it open; it needs as much memory as the file
// is large, since what it works on shall not touch the disk elsewhere.
func Scrub(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", dsn(path, "busy_timeout(5000)", "synchronous(FULL)", "temp_store(MEMORY)", "secure_delete(1)", "trusted_schema(0)"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(classify(err), db.Close()) }()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, `VACUUM`); err != nil {
		return err
	}
	var busy, log, moved int
	if err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &log, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return Errorf(Locked, "another program reads %s, so deleted bytes are still in its -wal file; end it and purge again", path)
	}
	return nil
}
