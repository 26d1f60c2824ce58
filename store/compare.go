package store

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"sync"
)

// Past is a person's highest score of each of 60 days beside what is usual among
// peers, over the scale of the model; NaN: no value.
type Past struct {
	From int64 // midnight of the first day, UTC, microseconds since 1970
	Own  []float64
	Band Band // empty: nothing to compare with
}

// ModelRecord is what became of a model's results of 60 days.
type ModelRecord struct {
	Confirmed, Decided       int
	HighConfirmed, HighCount int // of those, with a score over scale from Hot
}

// Part is a model's own account of what a part of its score comes from.
type Part struct {
	Name, Text string
	Value      *float64 // that it saw; nil: not told
	Weight     float64  // less than 0: it lowered the score
}

const maxParts = 20 // of a model's own account

// loadPeers sets the alert beside the person's peers and past, and tells how
// often its model was right: 60 days that end now, held in memory.
func (p *AlertPage) loadPeers(ctx context.Context, db *DB) error {
	p.parts()
	if p.Who.ID == 0 {
		return nil
	}
	ids, err := db.peerIDs(ctx, p.Who.ID, p.Who.Role)
	if err != nil {
		return err
	}
	now := db.Now()
	r, err := db.lately(ctx, now)
	if err != nil {
		return err
	}
	defer r.done()
	p.Peers = Peers{Role: p.Who.Role, Count: len(ids)}
	var own dailyValues
	r.daily(p.Who.ID, &own)
	p.Past = Past{From: int64(r.from) * microDay, Own: own.days(scoreSeries)}
	p.Record = r.record(p.Reporter)
	if len(ids) < fewPeers {
		return nil
	}
	lists := r.lists(ids)
	p.Peers.Pooled = pool(&lists[scoreSeries])
	p.Past.Band = bandOf(&lists[scoreSeries], p.Peers.Pooled/2)
	for i := range p.Dims {
		if at := r.seriesOf(p.Dims[i].Name); at < len(lists) {
			p.Dims[i].beside(&lists[at])
			p.Peers.Enough = p.Peers.Enough || p.Dims[i].Peer95 != nil
		}
	}
	return nil
}

// seriesOf is the place of a dimension in a person's series.
func (r *recent) seriesOf(name string) int {
	if i := slices.Index(fourDims[:], name); i >= 0 {
		return i
	}
	for id, n := range r.further {
		if n == name {
			return scoreSeries + int(id)
		}
	}
	return math.MaxInt
}

// beside compares d with the peers' daily values of 60 days, all of them together.
func (d *AlertDim) beside(days *[Days][]float64) {
	values := slices.Concat(days[:]...)
	if d.Value == nil || len(values) < fewPeers {
		return
	}
	v, below := scaled(*d.Value, d.Scale), 0
	for _, x := range values {
		if x < v {
			below++
		}
	}
	p95, p50 := quantileOf(values, 0.95)*d.Scale, quantileOf(values, 0.5)*d.Scale
	d.Peer50, d.Peer95, d.PeerValues, d.Below = &p50, &p95, len(values), float64(below)/float64(len(values))
}

// record tells how often a model of that name was right.
func (r *recent) record(name string) (m ModelRecord) {
	model, known := r.index[name]
	if !known {
		return m
	}
	for person := range r.cells {
		for _, c := range r.of(person) {
			if c.model != model || c.verdict == cellOpen {
				continue
			}
			m.Decided++
			high, right := r.level(c) >= Hot, c.verdict == cellConfirmed
			if right {
				m.Confirmed++
			}
			if high {
				m.HighCount++
			}
			if high && right {
				m.HighConfirmed++
			}
		}
	}
	return m
}

// shares parts the excess over the person's own medians among the dimensions
// that have one. It is a reading of ours: only the model knows how it scores.
func (p *AlertPage) shares() {
	over := func(d *AlertDim) float64 {
		if d.Value == nil || d.Median == nil {
			return 0
		}
		return max(d.level(*d.Value)-d.level(*d.Median), 0)
	}
	sum := 0.0
	for i := range p.Dims {
		sum += over(&p.Dims[i])
	}
	for i := range p.Dims {
		if d := &p.Dims[i]; sum > 0 && d.Median != nil {
			d.Share = new(over(d) / sum)
		}
	}
}

// parts reads the account that the model gave of the alert's highest result.
func (p *AlertPage) parts() {
	h := p.Highest()
	var list []json.RawMessage
	if h == nil || h.Contributions == "" || json.Unmarshal([]byte(h.Contributions), &list) != nil {
		return
	}
	for _, raw := range list[:min(len(list), maxParts)] {
		var x struct {
			Name, Text    string
			Weight, Value *float64
		}
		if json.Unmarshal(raw, &x) == nil && x.Name != "" && x.Weight != nil { // what has another shape says nothing that can be drawn
			p.Parts = append(p.Parts, Part{x.Name, x.Text, x.Value, *x.Weight})
		}
	}
}

// usuals remembers for a minute below which score 95 % of the days of a role stay.
type usuals struct {
	mu sync.Mutex
	of map[string]usual
}

type usual struct {
	p95 float64 // NaN: too few people or values
	at  int64
}

const usualLife = 60_000_000 // microseconds

// usual returns below which score over scale 95 % of the days of people with
// each role stay; a role with too few people is left out. One that comes again costs nothing.
func (db *DB) usual(ctx context.Context, roles []string) (map[string]float64, error) {
	u, now, out := &db.usuals, db.Now(), map[string]float64{}
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, role := range roles {
		x, known := u.of[role]
		if !known || now-x.at >= usualLife || now < x.at {
			ids, err := db.peerIDs(ctx, 0, role)
			if err != nil {
				return nil, err
			}
			r, err := db.lately(ctx, now)
			if err != nil {
				return nil, err
			}
			if u.of == nil {
				u.of = map[string]usual{}
			}
			x = usual{r.usual(ids), now}
			r.done()
			u.of[role] = x
		}
		if !math.IsNaN(x.p95) {
			out[role] = x.p95
		}
	}
	return out, nil
}
