package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
)

const (
	sparkDays = 30
	maxRows   = 200 // rows asked for by id
)

// MaxPieces is how many pieces of evidence a row of the queue counts: to look up all took more than the rest of the page.
const MaxPieces = 20

// QueueRow is an alert as the queue shows it.
type QueueRow struct {
	*AlertHead
	Evidence string    // description of the strongest piece; "" if there is none
	Pieces   int       // of evidence, at most MaxPieces
	Types    []string  // of the other pieces, each once
	Spark    []float64 // highest score over scale of each of 30 days; NaN: none
	Usual    float64   // 95 % of the daily scores over scale of people with the same role are below; 0: not known
	Earlier  *Earlier
}

// Earlier is the newest decision on another alert of the same person.
type Earlier struct {
	Alert int64
	State State
	At    int64 // of the decision
}

// QueuePage is a page of the queue.
type QueuePage struct {
	Rows  []QueueRow
	Total int    // alerts in the view
	More  bool   // there may be more than Total: a filter looks at so many alerts at a time
	Next  *Place // nil: this is the last page
}

// Queue returns the page of at most limit alerts behind after (nil: the first).
// Errors: Invalid when the filter cannot be read or takes too long, NotFound for a view that is not there.
func (db *DB) Queue(ctx context.Context, ask QueueAsk, after *Place, limit int) (p QueuePage, err error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	q, err := db.queue(ctx, ask)
	if err != nil {
		return p, err
	}
	places, rest, err := q.list(ctx, db, after, false, limit+1, after == nil)
	whole := after == nil && rest == nil
	if p.Total = len(places); err == nil && !whole && !q.deep { // to search them all twice, for a number, is too dear
		p.Total, whole, err = q.total(ctx, db)
	}
	if err != nil {
		return p, tooSlow(err)
	}
	if p.Next, p.More = rest, !whole; len(places) > limit {
		places = places[:limit]
		p.Next = &places[limit-1]
	}
	p.Rows, err = db.queueRows(ctx, idsIn(places))
	return p, tooSlow(err)
}

func tooSlow(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &Error{Kind: Invalid, Msg: "this filter takes too long; add one that narrows it, such as dept: or score>", Err: err}
	}
	return err
}

// QueueRows returns those of at most 200 alerts that ask holds, by rank.
func (db *DB) QueueRows(ctx context.Context, ask QueueAsk, ids []int64) ([]QueueRow, error) {
	ids, err := db.InQueue(ctx, ask, ids[:min(len(ids), maxRows)])
	if err != nil {
		return nil, err
	}
	rows, err := db.queueRows(ctx, ids)
	slices.SortFunc(rows, func(a, b QueueRow) int { return a.Place().compare(b.Place()) })
	return rows, err
}

// InQueue returns those of ids that ask holds.
func (db *DB) InQueue(ctx context.Context, ask QueueAsk, ids []int64) ([]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	q, err := db.queue(ctx, ask)
	if err != nil {
		return nil, err
	}
	ids, err = q.among(ctx, db, ids)
	return ids, tooSlow(err)
}

// Row returns one alert as the queue shows it; NotFound if there is none.
func (db *DB) Row(ctx context.Context, alert int64) (QueueRow, error) {
	rows, err := db.queueRows(ctx, []int64{alert})
	if err == nil && len(rows) == 0 {
		err = Errorf(NotFound, "there is no alert %d", alert)
	}
	if err != nil {
		return QueueRow{}, err
	}
	return rows[0], nil
}

func (db *DB) queueRows(ctx context.Context, ids []int64) ([]QueueRow, error) {
	list, err := heads(ctx, db, ids)
	if err != nil {
		return nil, err
	}
	roles := make([]string, len(list))
	for i, h := range list {
		roles[i] = h.Who.Role
	}
	drawn, err := db.Drawn(ctx)
	if err != nil {
		return nil, err
	}
	usual, err := db.usual(ctx, roles)
	if err != nil {
		return nil, err
	}
	recent, err := db.lately(ctx, db.Now())
	if err != nil {
		return nil, err
	}
	defer recent.done()
	rows := make([]QueueRow, len(list))
	for i, h := range list {
		r := &rows[i]
		r.AlertHead, r.Usual = h, usual[h.Who.Role]
		if h.Who.ID == 0 {
			continue
		}
		r.Spark = recent.spark(h.Who.ID)
		if err := errors.Join(db.evidenceOf(ctx, r, drawn), db.earlierOf(ctx, r)); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// evidenceOf takes the strongest piece from the highest result and counts the others.
func (db *DB) evidenceOf(ctx context.Context, r *QueueRow, drawn []Dimension) error {
	type piece struct{ kind, text string }
	pieces, err := all(ctx, db, func(rows *sql.Rows, p *piece) error { return rows.Scan(&p.kind, &p.text) },
		`SELECT e.evidence_type, substr(e.description, 1, 300) FROM result_evidence l JOIN detectionevidence e ON e.id = l.evidence
			WHERE l.result = ? ORDER BY e.exculpatory, e.id LIMIT ?`, r.Result, MaxPieces)
	if err != nil {
		return err
	}
	others, err := all(ctx, db, func(rows *sql.Rows, p *piece) error { return rows.Scan(&p.kind) },
		`SELECT e.evidence_type FROM alert a JOIN detectionmodelresult r ON `+ofAlert+`
			JOIN result_evidence l ON l.result = r.id JOIN detectionevidence e ON e.id = l.evidence
			WHERE a.id = ? AND r.id != a.peak_result LIMIT ?`, r.ID, MaxPieces-len(pieces))
	if err != nil {
		return err
	}
	pieces = append(pieces, others...)
	if r.Pieces = len(pieces); r.Pieces == 0 {
		return nil
	}
	hottest := r.hottest(drawn)
	best := slices.IndexFunc(pieces[:len(pieces)-len(others)], func(p piece) bool { return p.kind == hottest })
	best = max(best, 0)
	r.Evidence = pieces[best].text
	for i, p := range pieces {
		if i != best && p.kind != "" && !slices.Contains(r.Types, p.kind) {
			r.Types = append(r.Types, p.kind)
		}
	}
	return nil
}

// spark are a person's highest levels of the last 30 days, today's last; nil if there is none.
func (r *recent) spark(person int64) []float64 {
	var own dailyValues
	r.daily(person, &own)
	days := own.days(scoreSeries)[Days-sparkDays:]
	if len(known(days)) == 0 {
		return nil
	}
	return days
}

// earlierOf looks for the newest decision on another alert of the person.
func (db *DB) earlierOf(ctx context.Context, r *QueueRow) error {
	list, err := all(ctx, db, func(rows *sql.Rows, e *Earlier) error { return rows.Scan(&e.Alert, &e.State, &e.At) },
		`SELECT a.id, a.state, d.at FROM alert a JOIN decision d ON d.id = a.decision
			WHERE a.employee = ? AND a.id != ? AND a.state IN ('confirmed', 'dismissed') ORDER BY a.id DESC LIMIT 1`, r.Who.ID, r.ID)
	if len(list) > 0 {
		r.Earlier = &list[0]
	}
	return err
}

// modelsByName returns all models.
func modelsByName(ctx context.Context, rd reader) (map[string]Model, error) {
	list, err := all(ctx, rd, func(rows *sql.Rows, m *Model) error { return rows.Scan(&m.Name, &m.Family, &m.Version, &m.Scale) },
		`SELECT name, family, version, scale FROM model`)
	out := make(map[string]Model, len(list))
	for _, m := range list {
		out[m.Name] = m
	}
	return out, err
}
