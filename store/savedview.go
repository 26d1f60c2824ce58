package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxViewName = 40 // letters
	maxViews    = 50 // of one account
)

// SavedView is a view of the queue that somebody gave a name.
type SavedView struct {
	ID     int64
	Owner  int64 // account
	By     string
	Name   string
	View   string // one of QueueViews
	Filter string
	Shared bool // everybody sees it
}

// SavedViews returns actor's views and those that others share, by name.
func SavedViews(ctx context.Context, db *DB, actor Actor) ([]SavedView, error) {
	return all(ctx, db, func(r *sql.Rows, v *SavedView) error {
		return r.Scan(&v.ID, &v.Owner, &v.By, &v.Name, &v.View, &v.Filter, &v.Shared)
	}, `SELECT v.id, v.account, a.name, v.name, v.view, v.filter, v.shared FROM saved_view v JOIN account a ON a.id = v.account
		WHERE v.shared OR v.account = ? ORDER BY v.name, v.id`, actor.ID)
}

// SaveView stores v as actor's; one of the same name takes its new meaning.
// Error: Invalid (with the field).
func SaveView(ctx context.Context, db *DB, actor Actor, v SavedView) (id int64, err error) {
	v.Name = strings.Join(strings.Fields(v.Name), " ")
	var bad fieldErrors
	switch n := utf8.RuneCountInString(v.Name); {
	case n == 0:
		bad.add("name", "give the view a name")
	case n > maxViewName:
		bad.add("name", "is longer than %d letters", maxViewName)
	}
	if !slices.Contains(QueueViews, v.View) {
		bad.add("view", "must be one of %s", strings.Join(QueueViews, ", "))
	}
	if err := bad.err(); err != nil {
		return 0, err
	}
	if _, err := db.queue(ctx, QueueAsk{View: v.View, Filter: v.Filter}); err != nil {
		return 0, err
	}
	return Write(ctx, db, func(tx *Tx) (id int64, err error) {
		var n int
		err = tx.Row(`SELECT count(*) FROM saved_view WHERE account = ? AND name != ?`, []any{actor.ID, v.Name}, &n)
		if err == nil && n >= maxViews {
			err = Errorf(Invalid, "you have %d views; delete one first", n)
		}
		if err == nil {
			err = tx.Row(`INSERT INTO saved_view (account, name, view, filter, shared, created_at) VALUES (?, ?, ?, ?, ?, ?)
				ON CONFLICT (account, name) DO UPDATE SET view = excluded.view, filter = excluded.filter, shared = excluded.shared RETURNING id`,
				[]any{actor.ID, v.Name, v.View, v.Filter, v.Shared, tx.Now}, &id)
		}
		return id, err
	})
}

// DeleteView deletes a view: one's own, or as an admin any shared one. Errors: NotFound, Forbidden.
func DeleteView(ctx context.Context, db *DB, actor Actor, id int64) error {
	return db.do(ctx, func(tx *Tx) error {
		var owner int64 // another's own view is nobody's business
		err := tx.Row(`SELECT account FROM saved_view WHERE id = ? AND (shared OR account = ?)`, []any{id, actor.ID}, &owner)
		switch {
		case err != nil:
			return absent(err, NotFound, "there is no view %d", id)
		case owner != actor.ID && actor.Role != Admin:
			return Errorf(Forbidden, "this view is somebody else's; its owner or an admin can delete it")
		}
		_, err = tx.Exec(`DELETE FROM saved_view WHERE id = ?`, id)
		return err
	})
}
