package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
)

// What the page of one alert shows at most.
const (
	maxAlertResults  = 500
	maxAlertEvidence = 200
	maxAlertPrior    = 10
	maxAlertEvents   = 20
	ownDays          = 60   // of own past
	ownValues        = 5    // least for a median
	maxOwn           = 2000 // results of own past that are read
)

// AlertPage is all that the page of one alert shows.
type AlertPage struct {
	*AlertHead
	Dims      []AlertDim // in their order; of the further ones, those that it has
	Held      []HeldResult
	Evidence  []*Evidence
	Pieces    int // of evidence in all
	Decisions []Made
	Prior     []*AlertHead // other alerts of this person that were decided, the newest first
	Events    []*EmployeeEvent
	Others    []string // other families that reported this person within 7 days of the alert
	Why       []Phrase
	Brief     []Phrase // the first sentences of Why
	Peers     Peers
	Past      Past
	Record    ModelRecord // of the highest result's model
	Parts     []Part      // the model's own account of that result
	Similar   []Similar
	Rank      int // in the queue; 0: not in it
	Queue     Neighbours

	models map[string]Model
}

// AlertDim is the highest value of a dimension in an alert, and the person's own median.
type AlertDim struct {
	Dimension
	Value  *float64 // as posted; nil: not measured
	Scale  float64  // of the model that posted it
	Median *float64 // over the same scale; nil: fewer than 5 values
	Values int      // own values in 60 days
	Share  *float64 // of the excess over the own medians, 0 to 1; nil: no median

	Peer50, Peer95 *float64 // of the peers' daily values, in the unit of Value; nil: too few
	PeerValues     int
	Below          float64 // part of those that is below Value
}

// Hot tells whether the value stands out.
func (d AlertDim) Hot() bool { return d.Value != nil && d.level(*d.Value) >= cmp.Or(d.High, Hot) }

// level is a value, as posted, over both scales.
func (d AlertDim) level(v float64) float64 { return d.over(scaled(v, d.Scale)) }

// HeldResult is a result of an alert. Of and By are the decision in force.
type HeldResult struct {
	*Result
	Scale float64
	Of    *Decision // nil: undecided
	By    string
}

// Highest is the result with the highest score; nil if none is left.
func (p *AlertPage) Highest() *HeldResult {
	return first(p.Held, func(h HeldResult) bool { return h.ID == p.Result })
}

// Made is a decision and who made it.
type Made struct {
	Decision
	By string
}

// Neighbours are what stands before and after an alert in a queue.
type Neighbours struct {
	Prev, Next int64  // alerts; 0: none
	Rest       *Place // where a filter stopped before it found the next; nil: nowhere
	Place, Of  int    // from 1; 0: not known
}

// Alert returns the page of one alert, among the neighbours that ask gives it.
// Error: NotFound.
func (db *DB) Alert(ctx context.Context, id int64, ask QueueAsk) (*AlertPage, error) {
	p, err := db.Peek(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, load := range []func(context.Context, *DB) error{p.loadDecisions, p.loadPerson, p.loadSimilar} {
		if err := load(ctx, db); err != nil {
			return nil, err
		}
	}
	p.shares()
	p.Why = why(p)
	return p, p.loadQueue(ctx, db, ask)
}

// Peek returns what a glance at an alert shows: its page without what was
// decided, said and done. Error: NotFound.
func (db *DB) Peek(ctx context.Context, id int64) (*AlertPage, error) {
	list, err := heads(ctx, db, []int64{id})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, Errorf(NotFound, "there is no alert %d", id)
	}
	p := &AlertPage{AlertHead: list[0]}
	if p.models, err = modelsByName(ctx, db); err != nil {
		return nil, err
	}
	for _, load := range []func(context.Context, *DB) error{p.loadResults, p.loadEvidence, p.loadOwn, p.loadPeers} {
		if err := load(ctx, db); err != nil {
			return nil, err
		}
	}
	p.Brief = brief(p)
	return p, nil
}

// AlertOf returns the alert that holds a result; NotFound if there is no such result.
func (db *DB) AlertOf(ctx context.Context, result int64) (alert int64, err error) {
	err = db.r.QueryRowContext(ctx, `SELECT alert FROM detectionmodelresult WHERE id = ?`, result).Scan(&alert)
	return alert, absent(err, NotFound, "there is no result %d", result)
}

// loadResults reads the newest results, and in any case the highest.
func (p *AlertPage) loadResults(ctx context.Context, db *DB) error {
	var ids []int64
	made := map[int64]Made{}
	err := each(ctx, db, func(r *sql.Rows) error {
		var id int64
		var m Made
		err := r.Scan(&id, &m.ID, &m.At, &m.Action, &m.Reason, &m.Account, &m.By)
		ids, made[id] = append(ids, id), m
		return err
	}, `SELECT r.id, coalesce(d.id, 0), coalesce(d.at, 0), coalesce(d.action, ''), d.reason, coalesce(d.account, 0), coalesce(w.name, '')
			FROM alert a JOIN detectionmodelresult r ON `+ofAlert+`
			LEFT JOIN decision d ON d.id = r.decision LEFT JOIN account w ON w.id = d.account
			WHERE a.id = ? ORDER BY r.id = a.peak_result DESC, r.date DESC, r.id DESC LIMIT ?`, p.ID, maxAlertResults)
	if err != nil {
		return err
	}
	rows, err := loadIDs(ctx, db, Results, ids)
	if err != nil {
		return err
	}
	for _, row := range rows {
		r := row.(*Result)
		h := HeldResult{Result: r, Scale: cmp.Or(p.models[r.Reporter].Scale, 1)}
		if x := made[r.ID]; x.ID != 0 {
			h.Of, h.By = &x.Decision, x.By
		}
		p.Held = append(p.Held, h)
	}
	slices.SortStableFunc(p.Held, func(a, b HeldResult) int { return cmp.Or(cmp.Compare(b.Date, a.Date), cmp.Compare(b.ID, a.ID)) })
	return nil
}

func (p *AlertPage) loadEvidence(ctx context.Context, db *DB) error {
	var ids []int64
	for _, r := range p.Held {
		for _, e := range r.Evidence {
			if !slices.Contains(ids, e) {
				ids = append(ids, e)
			}
		}
	}
	p.Pieces = len(ids)
	rows, err := loadIDs(ctx, db, Evidences, ids[:min(len(ids), maxAlertEvidence)])
	for _, row := range rows {
		p.Evidence = append(p.Evidence, row.(*Evidence))
	}
	slices.SortStableFunc(p.Evidence, func(a, b *Evidence) int { return cmp.Compare(b.To, a.To) })
	return err
}

func (p *AlertPage) loadDecisions(ctx context.Context, db *DB) (err error) {
	p.Decisions, err = all(ctx, db, func(r *sql.Rows, m *Made) error { return r.Scan(m.dest(&m.By)...) },
		`SELECT `+decisionColumns+`, w.name FROM decision d JOIN account w ON w.id = d.account WHERE d.alert = ? ORDER BY d.id`, p.ID)
	return err
}

// loadPerson reads what is known of the person besides this alert.
func (p *AlertPage) loadPerson(ctx context.Context, db *DB) error {
	if err := p.loadOthers(ctx, db); err != nil || p.Who.ID == 0 {
		return err
	}
	ids, err := db.ids(ctx, `SELECT id FROM alert WHERE employee = ? AND id != ? AND state IN ('confirmed', 'dismissed')
		ORDER BY id DESC LIMIT ?`, p.Who.ID, p.ID, maxAlertPrior)
	if err != nil {
		return err
	}
	if p.Prior, err = heads(ctx, db, ids); err != nil {
		return err
	}
	events, err := load(ctx, db, EmployeeEvents, `employee = ? AND at BETWEEN ? AND ? ORDER BY at LIMIT ?`,
		p.Who.ID, p.First-ownDays*microDay, p.Last+ownDays*microDay, maxAlertEvents)
	for _, e := range events {
		p.Events = append(p.Events, e.(*EmployeeEvent))
	}
	return err
}

// loadQueue finds the alert's place.
func (p *AlertPage) loadQueue(ctx context.Context, db *DB, ask QueueAsk) error {
	at := p.Place()
	q, err := db.queue(ctx, QueueAsk{})
	if err != nil {
		return err
	}
	waits, err := q.among(ctx, db, []int64{p.ID})
	if err != nil {
		return err
	}
	if len(waits) > 0 {
		before, _, err := q.count(ctx, db, &at)
		if err != nil {
			return err
		}
		p.Rank = before + 1
	}
	p.Queue, err = db.neighbours(ctx, ask, at)
	return err
}

// neighbours walks the queue that the reader left from a place on, even if the
// alert there has left it.
func (db *DB) neighbours(ctx context.Context, ask QueueAsk, at Place) (n Neighbours, err error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	q, err := db.queue(ctx, ask)
	if err != nil {
		return n, err
	}
	for id, before := range map[*int64]bool{&n.Prev: true, &n.Next: false} {
		some, rest, err := q.list(ctx, db, &at, before, 1, true)
		if err != nil {
			return n, tooSlow(err)
		}
		if len(some) > 0 {
			*id = some[0].ID
		} else if !before {
			n.Rest = rest
		}
	}
	here, err := q.among(ctx, db, []int64{at.ID})
	if err != nil || len(here) == 0 || q.deep { // each alert before it would be searched: too dear for a number
		return n, err
	}
	before, ok, err := q.count(ctx, db, &at)
	if err != nil || !ok {
		return n, err
	}
	n.Of, ok, err = q.total(ctx, db)
	if ok {
		n.Place = before + 1
	}
	return n, err
}
