package store

import (
	"context"
	"database/sql"
	"math"
	"strings"
)

// Subject is the person whom an alert is about, without identity: triage reads
// the view person. The zero value is one who was deleted.
type Subject struct {
	ID                                                        int64
	EmployeeID, Pseudonym, Role, Department, Site, Employment string
	LeftOn                                                    string // YYYY-MM-DD; "" if not known
}

// AlertHead is what an alert is, wherever it is shown. Times are microseconds since 1970.
type AlertHead struct {
	ID        int64
	Who       Subject
	State     State
	Reviewer  string  // in review by; else ""
	Until     int64   // snoozed until; 0: no time
	Over      float64 // snoozed until a score is above, in the unit of Score
	HasOver   bool
	Changed   bool  // a result that was decided has gone or is not what it was
	Seen      int64 // the newest decision, 0 for none
	Opened    int64 // receipt of the first result
	Received  int64 // and of the newest
	First     int64 // dates of its results
	Last      int64
	Results   int
	Undecided int
	Flagged   bool
	Priority  float64
	Peak      float64 // highest score over scale
	Result    int64   // that has it; 0: none is left
	Score     float64 // as posted
	Scale     float64
	Reporter  string
	Models    []string           // families that agree
	Values    map[string]float64 // highest of each dimension over the scale of its model; one that was not measured is not there
	Closed    *Decision          // in force on that result; nil: undecided
	By        string             // who made it

	dims [dimCount]sql.Null[float64] // as Values, the further ones as one
}

const headSQL = `SELECT coalesce(a.employee, 0), coalesce(p.employee_id, ''), coalesce(p.pseudonym, ''), coalesce(p.currentEmploymentStatus, ''),
	coalesce(p.role, ''), coalesce(p.department, ''), coalesce(p.site, ''), coalesce(p.left_on, ''),
	a.id, a.state, coalesce(v.name, ''), coalesce(a.snooze_until, 0), coalesce(a.snooze_over * m.scale, 0), a.snooze_over IS NOT NULL,
	a.changed, coalesce(a.decision, 0), a.opened_at, a.received_at, a.first_date, a.last_date,
	a.n, a.undecided, a.flagged > 0, a.priority, a.peak, a.models, a.email, a.web, a.device, a.login, a.other,
	coalesce(r.id, 0), coalesce(r.score, 0), coalesce(m.scale, 0), coalesce(r.reporter, ''),
	coalesce(d.id, 0), coalesce(d.at, 0), coalesce(d.action, ''), d.reason, coalesce(d.note, ''), coalesce(w.name, '')
	FROM alert a LEFT JOIN person p ON p.id = a.employee LEFT JOIN account v ON v.id = a.reviewer
	LEFT JOIN detectionmodelresult r ON r.id = a.peak_result LEFT JOIN model m ON m.name = r.reporter
	LEFT JOIN decision d ON d.id = r.decision LEFT JOIN account w ON w.id = d.account
	WHERE a.id IN (SELECT value FROM json_each(?))`

func scanHead(rows *sql.Rows, h *AlertHead) error {
	var models string
	var d Decision
	err := rows.Scan(append(h.Who.dest(), &h.ID, &h.State, &h.Reviewer, &h.Until, &h.Over, &h.HasOver,
		&h.Changed, &h.Seen, &h.Opened, &h.Received, &h.First, &h.Last,
		&h.Results, &h.Undecided, &h.Flagged, &h.Priority, &h.Peak, &models, &h.dims[0], &h.dims[1], &h.dims[2], &h.dims[3], &h.dims[4],
		&h.Result, &h.Score, &h.Scale, &h.Reporter, &d.ID, &d.At, &d.Action, &d.Reason, &d.Note, &h.By)...)
	if models != "" {
		h.Models = strings.Split(models, ",")
	}
	h.Values = fourValues([dimOther]sql.Null[float64](h.dims[:dimOther]))
	if d.ID != 0 {
		h.Closed = &d
	}
	return err
}

// heads returns the alerts of those ids, in their order; those that are not there are left out.
func heads(ctx context.Context, rd reader, ids []int64) ([]*AlertHead, error) {
	found, err := all(ctx, rd, func(rows *sql.Rows, h **AlertHead) error {
		*h = &AlertHead{}
		return scanHead(rows, *h)
	}, headSQL, jsonIDs(ids))
	if err != nil {
		return nil, err
	}
	return inOrder(found, ids, func(h *AlertHead) int64 { return h.ID }), furtherOf(ctx, rd, found)
}

// furtherOf adds the dimensions beyond the four of 2014. Where there is one, the alert itself holds it.
func furtherOf(ctx context.Context, rd reader, list []*AlertHead) error {
	names, err := dimensions(ctx, rd)
	if err != nil || len(names) == 0 {
		return err
	}
	at, ids := map[int64]*AlertHead{}, []int64{}
	for _, h := range list {
		if v := h.dims[dimOther]; v.Valid && len(names) == 1 {
			h.Values[names[0]] = v.V
		} else if v.Valid {
			at[h.ID], ids = h, append(ids, h.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return each(ctx, rd, func(rows *sql.Rows) error {
		var id int64
		var name string
		var v float64
		err := rows.Scan(&id, &name, &v)
		at[id].Values[name] = v
		return err
	}, `SELECT a.id, d.name, max(x.value / m.scale) FROM alert a CROSS JOIN detectionmodelresult r ON `+ofAlert+`
		JOIN model m ON m.name = r.reporter CROSS JOIN anomaly x ON x.result = r.id JOIN dimension d ON d.id = x.dimension
		WHERE a.id IN (SELECT value FROM json_each(?)) AND (r.decision IS NULL OR a.undecided = 0) GROUP BY 1, 2`, jsonIDs(ids))
}

// Place is where the alert stands in the queue's order.
func (h *AlertHead) Place() Place { return Place{h.Priority, h.ID} }

// hottest is the evidence type that goes with the highest dimension; "" if there is none.
func (h *AlertHead) hottest(drawn []Dimension) (kind string) {
	best := math.Inf(-1)
	for _, d := range drawn {
		if v, ok := h.Values[d.Name]; ok && d.over(v) > best {
			best, kind = d.over(v), strings.TrimSuffix(d.Name, dimSuffix)
		}
	}
	return kind
}
