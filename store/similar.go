package store

import (
	"cmp"
	"context"
	"database/sql"
	"math"
	"slices"
)

const (
	maxPast    = 2000 // decided alerts that are searched, the newest
	maxSimilar = 5
	// Close is the distance up to which an alert is said to be like another:
	// the sum of the differences of five dimensions.
	Close = 1.0
)

// Similar is a decided alert of another person whose dimensions are near.
type Similar struct {
	*AlertHead
	Distance float64 // sum of the differences over the dimensions that both report, scaled to five
}

const pastSQL = `SELECT id, employee, email, web, device, login, other FROM alert
	WHERE id IN (SELECT alert FROM decision WHERE id > (SELECT max(id) FROM decision) - 10000 AND action IN ('confirm', 'dismiss') ORDER BY id DESC LIMIT ?)
	AND employee != ? AND +state IN ('confirmed', 'dismissed')`

// loadSimilar finds the five nearest of the last decided alerts, one a person.
func (p *AlertPage) loadSimilar(ctx context.Context, db *DB) error {
	drawn, err := db.Drawn(ctx)
	if err != nil {
		return err
	}
	full := [dimCount]float64{dimOther: 1}
	for _, d := range drawn {
		if i := slices.Index(fourDims[:], d.Name); i >= 0 {
			full[i] = d.Full
		}
	}
	type past struct {
		id, employee int64
		distance     float64
	}
	list, err := all(ctx, db, func(r *sql.Rows, x *past) error {
		var dims [dimCount]sql.Null[float64]
		err := r.Scan(&x.id, &x.employee, &dims[0], &dims[1], &dims[2], &dims[3], &dims[4])
		x.distance = distance(&p.dims, &dims, &full)
		return err
	}, pastSQL, maxPast, p.Who.ID)
	if err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b past) int { return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(b.id, a.id)) })
	near, seen := map[int64]float64{}, map[int64]bool{}
	var ids []int64
	for _, x := range list {
		if math.IsInf(x.distance, 1) || len(ids) == maxSimilar {
			break
		}
		if !seen[x.employee] {
			seen[x.employee] = true
			near[x.id] = x.distance
			ids = append(ids, x.id)
		}
	}
	found, err := heads(ctx, db, ids)
	for _, h := range found {
		p.Similar = append(p.Similar, Similar{h, near[h.ID]})
	}
	return err
}

// distance sums the differences over the dimensions that both report, as though
// there were five. Those that report less than two in common, where one of them
// has two, are not comparable.
func distance(a, b *[dimCount]sql.Null[float64], full *[dimCount]float64) float64 {
	sum, both, any := 0.0, 0, 0
	for i, v := range a {
		if v.Valid || b[i].Valid {
			any++
		}
		if v.Valid && b[i].Valid {
			sum += math.Abs(v.V-b[i].V) / full[i]
			both++
		}
	}
	if both < min(any, 2) || both == 0 {
		return math.Inf(1)
	}
	return sum * dimCount / float64(both)
}
