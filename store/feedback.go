package store

import (
	"context"
	"database/sql"
	"strconv"
)

const feedbackChunk = 500 // rows that are read at once

// FeedbackQuery selects labels.
type FeedbackQuery struct {
	Reporter string // a model by its name as posted, or by its family; "": all
	Since    int64  // the last cursor that was read
	Limit    int    // 0: all
}

// Label is what analysts decided about one result. A later Label of the same
// result takes its place.
type Label struct {
	Cursor      int64
	Result      int64
	EmployeeID  string
	Model       Model
	Row         *Result  // nil: it was deleted
	Decision    Decision // ID 0: the label was taken back
	Superseding sql.Null[int64]
}

// EachLabel calls fn for the labels that q selects, in the order of their cursors.
func (db *DB) EachLabel(ctx context.Context, q FeedbackQuery, fn func(Label) error) error {
	for left := q.Limit; q.Limit == 0 || left > 0; {
		n := feedbackChunk
		if q.Limit > 0 {
			n = min(n, left)
		}
		chunk, err := db.labels(ctx, q, n)
		if err != nil {
			return err
		}
		for _, l := range chunk {
			if err := fn(l); err != nil {
				return err
			}
		}
		if left -= len(chunk); len(chunk) < n {
			return nil
		}
		q.Since = chunk[len(chunk)-1].Cursor
	}
	return nil
}

// labels reads at most n labels after q.Since.
func (db *DB) labels(ctx context.Context, q FeedbackQuery, n int) ([]Label, error) {
	var ids []int64
	out, err := all(ctx, db, func(rows *sql.Rows, l *Label) error {
		d, m := &l.Decision, &l.Model
		err := rows.Scan(&l.Cursor, &l.Result, &l.Superseding, &d.ID, &d.At, &d.Account, &d.Action, &d.Reason, &d.Note,
			&l.EmployeeID, &m.Name, &m.Version)
		ids = append(ids, l.Result)
		return err
	}, `SELECT f.cursor, f.result, (SELECT min(l.cursor) FROM feedback l WHERE l.result = f.result AND l.cursor > f.cursor),
			coalesce(d.id, 0), coalesce(d.at, 0), coalesce(d.account, 0), coalesce(d.action, ''), d.reason, coalesce(d.note, ''),
			coalesce(e.employee_id, ''), f.reporter, coalesce(m.version, '')
		FROM feedback f LEFT JOIN decision d ON d.id = f.decision LEFT JOIN model m ON m.name = f.reporter
		LEFT JOIN detectionmodelresult r ON r.id = f.result LEFT JOIN person e ON e.id = r.employee
		WHERE f.cursor > ? AND (? = '' OR f.reporter = ? OR m.family = ?) ORDER BY f.cursor LIMIT ?`,
		q.Since, q.Reporter, q.Reporter, q.Reporter, n)
	if err != nil {
		return nil, err
	}
	rows, err := db.Rows(ctx, Results, ids)
	byID := make(map[int64]*Result, len(rows))
	for _, row := range rows {
		byID[Results.ID(row)] = row.(*Result)
	}
	for i := range out {
		out[i].Row = byID[out[i].Result]
	}
	return out, err
}

// AppendJSON appends l as one object. label is 1 for what was confirmed, 0 for
// what was benign or false, null where nothing is known: undecided is not false.
// Who decided is a number, not a name.
func (l *Label) AppendJSON(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"cursor":`...), l.Cursor, 10)
	b = appendString(append(b, `,"result_uri":`...), Results.URI(l.Result))
	b = appendString(append(b, `,"reporter":`...), l.Model.Name)
	b = appendString(append(b, `,"version":`...), l.Model.Version)
	if l.Row != nil {
		b = l.appendResult(b)
	}
	d := &l.Decision
	v := d.Verdict()
	b = append(append(b, `,"label":`...), label(v)...)
	b = appendOrNull(append(b, `,"verdict":`...), string(v), d.ID != 0)
	b = appendOrNull(append(b, `,"reason":`...), d.reasonText(), d.Reason.Valid)
	b = appendOrNull(append(b, `,"note":`...), d.Note, d.Note != "")
	b = appendOrNull(append(b, `,"decided_at":`...), FormatInstant(d.At), d.ID != 0)
	b = appendOrNull(append(b, `,"decided_by":`...), "analyst-"+strconv.FormatInt(d.Account, 10), d.ID != 0)
	b = append(b, `,"selected_by":"queue","sample_weight":1.0,"superseded_by":`...)
	if l.Superseding.Valid {
		return append(strconv.AppendInt(b, l.Superseding.V, 10), '}')
	}
	return append(b, "null}"...)
}

func (l *Label) appendResult(b []byte) []byte {
	b = appendString(append(b, `,"employee":`...), l.EmployeeID)
	b = appendString(append(b, `,"date":`...), FormatInstant(l.Row.Date))
	b = appendFloat(append(b, `,"score":`...), l.Row.Score)
	b = append(b, `,"anomalies":{`...)
	n := len(b)
	for i := range Results.Fields {
		f := &Results.Fields[i]
		if v, ok := f.at(l.Row).(*sql.Null[float64]); ok && v.Valid && IsDimension(f.Name) {
			b = appendFloat(append(appendString(b, f.Name), ':'), v.V)
			b = append(b, ',')
		}
	}
	for _, a := range l.Row.Extra {
		b = appendFloat(append(appendString(b, a.Name), ':'), a.Value)
		b = append(b, ',')
	}
	if len(b) > n {
		b = b[:len(b)-1]
	}
	return append(b, '}')
}

func label(v Verdict) string {
	switch v {
	case TruePositive:
		return "1"
	case BenignPositive, FalseLogic, FalseData:
		return "0"
	}
	return "null"
}

func appendOrNull(b []byte, s string, ok bool) []byte {
	if !ok {
		return append(b, "null"...)
	}
	return appendString(b, s)
}

func (d *Decision) reasonText() string {
	if !d.Reason.Valid {
		return ""
	}
	return Reasons[d.Reason.V].Text
}
