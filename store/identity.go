package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// This file alone reads for pages who a person is: everything else reads the
// view person. A test searches the other files for the table's name.

// RevealLife is how long a revealed identity is shown to whom it was revealed.
const RevealLife = 8 * time.Hour

// RevealReasons are the reasons to look at who a person is, by digit from 1.
var RevealReasons = []Reason{
	{1, "To speak with the manager or the person", false, ""},
	{2, "To hand over to HR or Legal", false, ""},
	{3, "To check against another system", false, ""},
	{4, "Asked by the works council or data protection", false, ""},
	{5, "Other", true, ""},
}

// Identity is who a person is. Until says how long it may be shown, in
// microseconds since 1970.
type Identity struct {
	Title, Name, DateOfBirth, Gender, Nationality, MaritalStatus, Ethnicity, Address string

	Until int64
}

// NamesShown returns the names of those among ids whom by may see by name: all of
// them in the display mode names, else those revealed to by within 8 hours.
func (db *DB) NamesShown(ctx context.Context, by Actor, ids []int64, asOf int64) (map[int64]string, error) {
	mode, err := db.Setting(ctx, DisplayMode)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return pairs[int64, string](ctx, db, `SELECT id, name FROM employee WHERE id IN (SELECT value FROM json_each(?)) AND name != '' AND `+mayName,
		jsonIDs(ids), mode, by.ID, asOf)
}

// running asks whether a reveal runs at a time. One that would end later than any
// was made while the clock was ahead.
var running = fmt.Sprintf(`until - ? BETWEEN 1 AND %d`, (RevealLife + skew).Microseconds())

// mayName asks whether in a display mode an account may see an employee by name at a time.
var mayName = `(? = 'names' OR id IN (SELECT employee FROM reveal WHERE account = ? AND ` + running + `))`

// Revealed returns the identity of a person if it was revealed to by and has not
// faded yet; else nil.
func (db *DB) Revealed(ctx context.Context, by Actor, person, asOf int64) (*Identity, error) {
	var i Identity
	err := db.r.QueryRowContext(ctx, `SELECT e.title, e.name, coalesce(e.dateOfBirth, ''), e.gender, e.nationality, e.maritalStatus, e.ethnicity,
			concat_ws(', ', nullif(a.line1, ''), nullif(a.line2, ''), nullif(a.city, ''), nullif(a.postcode, ''), nullif(a.country, '')), v.until
		FROM reveal v JOIN employee e ON e.id = v.employee LEFT JOIN address a ON a.id = e.homeAddress
		WHERE v.account = ? AND v.employee = ? AND `+running+` ORDER BY v.until DESC LIMIT 1`, by.ID, person, asOf).
		Scan(&i.Title, &i.Name, &i.DateOfBirth, &i.Gender, &i.Nationality, &i.MaritalStatus, &i.Ethnicity, &i.Address, &i.Until)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &i, classify(err)
}

// MayKnow reports whether a row that tells who a person is, an employee or an
// address, is of somebody who was revealed to by and has not faded yet.
func (db *DB) MayKnow(ctx context.Context, by Actor, r *Resource, id, asOf int64) (may bool, err error) {
	column := map[*Resource]string{Employees: "id", Addresses: "homeAddress"}[r]
	if column == "" {
		return false, nil
	}
	err = db.r.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM reveal v JOIN employee e ON e.id = v.employee
		WHERE v.account = ? AND `+running+` AND e.`+column+` = ?)`, by.ID, asOf, id).Scan(&may)
	return may, classify(err)
}

// Reveal lets by see who a person is for 8 hours, on record. reason is a digit
// of RevealReasons; text is typed, and goes with the person when that is purged.
// Errors: Invalid (with the field), NotFound.
func (db *DB) Reveal(ctx context.Context, by Actor, person int64, reason int, text string) error {
	var bad fieldErrors
	text = strings.TrimSpace(text)
	if why := first(RevealReasons, func(r Reason) bool { return r.Digit == reason }); why == nil {
		bad.add("reason", "choose one of the reasons")
	} else if why.Note && text == "" {
		bad.add("text", "the reason %q needs a few words", why.Text)
	}
	if len(text) > maxText {
		bad.add("text", "is longer than %d bytes", maxText)
	}
	if err := bad.err(); err != nil {
		return err
	}
	return db.do(ctx, func(tx *Tx) error {
		if err := tx.Row(`SELECT id FROM person WHERE id = ?`, []any{person}, &person); err != nil {
			return absent(err, NotFound, "there is no person %d", person)
		}
		_, err := tx.Exec(`INSERT INTO reveal (account, employee, reason, text, at, until) VALUES (?, ?, ?, ?, ?, ?)`,
			by.ID, person, reason, text, tx.Now, tx.Now+RevealLife.Microseconds())
		if err != nil {
			return err
		}
		return audit(tx, by, "reveal", "employee", person, fmt.Sprintf("reason %d", reason))
	})
}

// viewSpan is how long a look at one subject counts as one.
const viewSpan = 15 * time.Minute

// RecordView records that by looks at a page about a subject ("employee" or
// "alert"), or reads over the API who people are (id 0: a list of them): one row
// for each account, subject and 15 minutes. What is asked for may only be shown
// once this has returned without an error.
func (db *DB) RecordView(ctx context.Context, by Actor, object string, id int64) error {
	const last = `SELECT coalesce((SELECT at FROM audit WHERE object = ? AND object_id IS nullif(?, 0) AND verb = 'view' AND account = ? ORDER BY seq DESC LIMIT 1), 0)`
	var at int64
	known := func(now int64) bool { return at <= now && now < at+viewSpan.Microseconds() } // not one of a clock that was ahead
	if err := db.r.QueryRowContext(ctx, last, object, id, by.ID).Scan(&at); err != nil || known(db.Now()) {
		return classify(err)
	}
	return db.do(ctx, func(tx *Tx) error {
		if err := tx.Row(last, []any{object, id, by.ID}, &at); err != nil || known(tx.Now) {
			return err // two tabs at once
		}
		return audit(tx, by, "view", object, id, "")
	})
}

// byName finds people by a part of their name, folded: whom by may see by name in the
// display mode, and nobody else. by's search is put on record when it could find somebody.
func (db *DB) byName(ctx context.Context, by Actor, mode, part string, asOf int64) ([]int64, error) {
	ids, err := db.ids(ctx, `SELECT id FROM employee WHERE instr(citd_fold(name), ?) > 0 AND `+mayName, part, mode, by.ID, asOf)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return ids, db.Record(ctx, by, "search", "employee", 0, fmt.Sprintf("by name, %d found", len(ids)))
}

// inNameOrder lists everybody by name. Only for the display mode names.
func (db *DB) inNameOrder(ctx context.Context) ([]int64, error) {
	return db.ids(ctx, `SELECT id FROM employee ORDER BY citd_fold(name), id`)
}
