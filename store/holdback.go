package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
)

const (
	guardDays = 14 // before and after a dismissed result
	guardFrom = 2  // other families that flagged the person within them
)

// Held is an alert that a bulk dismissal left out, because other models flagged
// its person at the same time.
type Held struct {
	Alert    int64
	Families []string // that flagged the person
	Results  []int64  // that would have been dismissed
}

// dismissal is a result that a bulk is about to dismiss.
type dismissal struct {
	result, alert, employee, date int64
	family                        string
}

// dismissals are the undecided results that c covers in those alerts.
func (tx *Tx) dismissals(alerts []int64, c *Choice) (out []dismissal, err error) {
	err = each(context.Background(), tx, func(r *sql.Rows) error {
		var x dismissal
		var model string
		err := r.Scan(&x.result, &x.alert, &x.employee, &x.date, &x.family, &model)
		if c.of(model, x.family) {
			out = append(out, x)
		}
		return err
	}, `SELECT r.id, a.id, r.employee, r.date, m.family, m.name FROM alert a JOIN detectionmodelresult r ON `+ofAlert+` JOIN model m ON m.name = r.reporter
		WHERE a.id IN (SELECT value FROM json_each(?)) AND r.decision IS NULL`, jsonIDs(alerts))
	return out, err
}

// heldBack returns what a dismissal of many leaves out: the alerts of people whom
// two or more other families flagged within 14 days of one of the results.
func (tx *Tx) heldBack(list []dismissal) (out []Held, err error) {
	slices.SortFunc(list, func(a, b dismissal) int {
		return cmp.Or(cmp.Compare(a.employee, b.employee), cmp.Compare(a.date, b.date))
	})
	for len(list) > 0 {
		n := slices.IndexFunc(list, func(d dismissal) bool { return d.employee != list[0].employee })
		if n < 0 {
			n = len(list)
		}
		families, err := tx.flaggedBeside(list[:n])
		if err != nil {
			return nil, err
		}
		for _, d := range list[:n] {
			if len(families) == 0 {
				break
			}
			at := slices.IndexFunc(out, func(h Held) bool { return h.Alert == d.alert })
			if at < 0 {
				at, out = len(out), append(out, Held{Alert: d.alert, Families: families})
			}
			out[at].Results = append(out[at].Results, d.result)
		}
		list = list[n:]
	}
	return out, nil
}

// flaggedBeside returns the families that flagged one person near a result of
// another family, for the result near which there are most; nil for fewer than two.
func (tx *Tx) flaggedBeside(list []dismissal) ([]string, error) {
	const reach = guardDays * microDay
	type mark struct {
		date   int64
		family string
	}
	marks, err := all(context.Background(), tx, func(r *sql.Rows, m *mark) error { return r.Scan(&m.date, &m.family) },
		`SELECT r.date, m.family FROM detectionmodelresult r JOIN model m ON m.name = r.reporter
			WHERE r.employee = ? AND r.date BETWEEN ? AND ? AND r.flag = 1 AND m.family != ''`,
		list[0].employee, list[0].date-reach, list[len(list)-1].date+reach)
	if err != nil {
		return nil, err
	}
	var most []string
	for _, d := range list {
		var near []string
		for _, m := range marks {
			if m.family != d.family && m.date >= d.date-reach && m.date <= d.date+reach && !slices.Contains(near, m.family) {
				near = append(near, m.family)
			}
		}
		if len(near) >= guardFrom && len(near) > len(most) {
			most = near
		}
	}
	slices.Sort(most)
	return most, nil
}
