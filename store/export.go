package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
)

// ExportOptions say what to write.
type ExportOptions struct {
	Resource *Resource // nil: all, in an order in which they can be imported
	CSV      bool      // with a header; else lines of {"resource", "body"}
	Raw      bool      // CSV: do not guard cells that a spreadsheet would run
}

// Export writes rows as Import reads them, with constant memory. It is recorded.
func Export(ctx context.Context, db *DB, w io.Writer, o ExportOptions) error {
	list := Resources
	if o.Resource != nil {
		list = []*Resource{o.Resource}
	}
	n := 0
	var b []byte
	for _, r := range list {
		v, err := db.View(ctx, r, View{Identity: true})
		if err != nil {
			return err
		}
		q, err := ParseQuery(r, url.Values{}, v)
		if err != nil {
			return err
		}
		if o.CSV {
			b = r.AppendCSVHeader(b[:0], v.Dimensions)
			if _, err := w.Write(b); err != nil {
				return err
			}
		} else {
			v.Dimensions = nil // lines leave out what a row lacks; CSV has a column for each
		}
		err = db.Each(ctx, q, func(row any) error {
			n++
			if o.CSV {
				b = r.AppendCSV(b[:0], row, v, o.Raw)
			} else {
				b = append(r.AppendJSON(append(b[:0], `{"resource":"`+r.Name+`","body":`...), row, v), "}\n"...)
			}
			_, err := w.Write(b)
			return err
		})
		if err != nil {
			return err
		}
	}
	return db.Record(ctx, Actor{}, "export", "", 0, fmt.Sprintf("%d rows", n))
}

// WriteLabels writes labels as lines of JSON, and counts them.
func (db *DB) WriteLabels(ctx context.Context, w io.Writer, q FeedbackQuery) (n int, err error) {
	var b []byte
	err = db.EachLabel(ctx, q, func(l Label) error {
		n++
		b = append(l.AppendJSON(b[:0]), '\n')
		_, err := w.Write(b)
		return err
	})
	return n, err
}

// ExportFeedback is WriteLabels, on record.
func ExportFeedback(ctx context.Context, db *DB, w io.Writer, q FeedbackQuery) error {
	n, err := db.WriteLabels(ctx, w, q)
	if err != nil {
		return err
	}
	return db.Record(ctx, Actor{}, "export", "", 0, fmt.Sprintf("%d labels", n))
}

// CommandLine returns the account in whose name the command line stores data.
// Nobody can log in as it.
func CommandLine(ctx context.Context, db *DB) (Actor, error) {
	return Write(ctx, db, func(tx *Tx) (Actor, error) {
		a := Actor{Name: "command line", Role: Admin}
		err := tx.known(Token, &a, nil)
		return a, err
	})
}

// known finds the account of a's name, or makes one without a secret.
func (tx *Tx) known(kind AccountKind, a *Actor, locked any) error {
	err := tx.Row(`SELECT id FROM account WHERE kind = ? AND name = ?`, []any{kind, a.Name}, &a.ID)
	if errors.Is(err, sql.ErrNoRows) {
		err = tx.Row(`INSERT INTO account (kind, name, role, created_at, locked_at) VALUES (?, ?, ?, ?, ?) RETURNING id`,
			[]any{kind, a.Name, a.Role, tx.Now, locked}, &a.ID)
	}
	return err
}
