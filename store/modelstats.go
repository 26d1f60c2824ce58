package store

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"
)

const (
	// FewDecisions is how many decided results a hit rate needs to be worth reading.
	FewDecisions = 20

	scoreBins  = 20               // of the histogram
	oneRun     = 30 * time.Minute // results that come within it came together
	silentGaps = 5                // usual gaps without a result are silence
	fewGaps    = 5                // fewer say nothing of what is usual
	rareGaps   = 3                // a gap seen so often, such as nights and weekends, is no silence
	fewScores  = 30               // on either side; fewer are not compared
	movedFrom  = 0.25             // stability index of a shift that matters, by custom
	movedSure  = 18.467           // and the 99.9 % point of its distribution by chance: chi-square of 4 degrees of freedom
)

// ModelStats is what 60 days tell of a model, one version of it.
type ModelStats struct {
	Model
	Count  int       // results
	Volume [Days]int // by day, of the results' dates
	Median float64   // of the scores, as posted; NaN without results

	Low, High float64        // ends of the histogram, as posted
	Bins      [scoreBins]int // results by score
	Confirmed [scoreBins]int // of those, the confirmed

	Right, Wrong, Open int     // results confirmed, dismissed, undecided
	RateLow, RateHigh  float64 // 95 % interval of right of decided

	Last     int64         // receipt of the newest result, microseconds since 1970; 0: there never was one
	Gap      time.Duration // usually between runs; 0: not known
	Silent   bool
	Replaced string // the version that posts instead; empty: none

	Moved *Moved // nil: the scores are distributed as before, or there are too few to say
}

// Decided counts the results that somebody decided.
func (m ModelStats) Decided() int { return m.Right + m.Wrong }

// Rate is the part of the decided results that was confirmed; NaN without any.
func (m ModelStats) Rate() float64 { return float64(m.Right) / float64(m.Decided()) }

// Moved tells how a model's scores differ from those before.
type Moved struct {
	Index       float64 // population stability index
	Than        string  // the version before; empty: the first half of the 60 days
	Before, Now float64 // medians, as posted
	Was, Is     float64 // results a day
}

// ModelStats returns what the 60 days that end with asOf tell of each model, the
// families by name, the newest version of each first.
func (db *DB) ModelStats(ctx context.Context, asOf int64) ([]ModelStats, error) {
	last, err := pairs[string, int64](ctx, db, `SELECT name, coalesce((SELECT max(date) FROM detectionmodelresult WHERE reporter = name), 0) FROM model`) // of all times
	if err != nil {
		return nil, err
	}
	r, err := db.lately(ctx, asOf)
	if err != nil {
		return nil, err
	}
	defer r.done()
	all := r.byModel()
	out := make([]ModelStats, len(r.models))
	for i, m := range r.models {
		out[i] = ModelStats{Model: m, Last: last[m.Name]}
		out[i].describe(all[i], r.from, asOf)
	}
	for i := range out {
		before, after := neighbours(i, all)
		out[i].compare(all[i], before, r.from)
		if after != nil && out[i].Silent {
			out[i].Silent, out[i].Replaced = false, after.Name
		}
	}
	slices.SortFunc(out, func(a, b ModelStats) int {
		return cmp.Or(cmp.Compare(a.Family, b.Family), -cmp.Compare(a.Last, b.Last), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

// modelCells are the results of one model.
type modelCells struct {
	Model
	cells   []*cell
	first   int // days that its results span
	lastDay int
}

// byModel parts the results by model.
func (r *recent) byModel() []modelCells {
	all := make([]modelCells, len(r.models))
	for i, m := range r.models {
		all[i].Model = m
	}
	for person := range r.cells {
		for day, c := range r.of(person) {
			m := &all[c.model]
			if len(m.cells) == 0 {
				m.first, m.lastDay = day, day
			}
			m.cells, m.first, m.lastDay = append(m.cells, c), min(m.first, day), max(m.lastDay, day)
		}
	}
	return all
}

// neighbours are the version that the model replaced within the 60 days, and the
// one that replaced it; nil for none. Versions that post side by side replace nothing.
func neighbours(i int, all []modelCells) (before, after *modelCells) {
	me := &all[i]
	for j := range all {
		m := &all[j]
		if j == i || m.Family != me.Family || len(m.cells) == 0 || len(me.cells) == 0 {
			continue
		}
		switch {
		case m.first < me.first && m.lastDay < me.lastDay && (before == nil || m.first > before.first):
			before = m
		case m.first > me.first && m.lastDay > me.lastDay && (after == nil || m.first < after.first):
			after = m
		}
	}
	return before, after
}

func (m *ModelStats) describe(of modelCells, from int, asOf int64) {
	scores, received := make([]float64, 0, len(of.cells)), make([]int64, 0, len(of.cells))
	for _, c := range of.cells {
		scores, received = append(scores, c.score), append(received, c.received)
		m.Volume[int(c.day)-from]++
		switch c.verdict {
		case cellConfirmed:
			m.Right++
		case cellDismissed:
			m.Wrong++
		default:
			m.Open++
		}
	}
	m.Count = len(of.cells)
	m.RateLow, m.RateHigh = wilson(m.Right, m.Decided())
	m.silence(received, asOf)
	m.Low, m.High = ends(scores, m.Scale)
	for _, c := range of.cells {
		bin := min(int(scoreBins*((c.score/2-m.Low/2)/(m.High/2-m.Low/2))), scoreBins-1) // halves: the whole may be too large
		m.Bins[bin]++
		if c.verdict == cellConfirmed {
			m.Confirmed[bin]++
		}
	}
	m.Median = quantileOf(scores, 0.5)
}

// ends returns round numbers below and above all scores, 0 and the scale at least.
func ends(scores []float64, scale float64) (low, high float64) {
	high = scale
	for _, s := range scores {
		low, high = min(low, s), max(high, s)
	}
	if high > scale {
		high = roundUp(high)
	}
	if low < 0 {
		low = -roundUp(-low)
	}
	return low, high
}

// roundUp returns the next of 1, 2, 5, 10, 20, 50, ...
func roundUp(v float64) float64 {
	for p := math.Pow(10, math.Floor(math.Log10(v))); ; p *= 10 {
		for _, n := range []float64{1, 2, 5} {
			if n*p >= v {
				return min(n*p, math.MaxFloat64)
			}
		}
	}
}

// silence judges when the model posted last by how often it usually posts.
func (m *ModelStats) silence(received []int64, asOf int64) {
	slices.Sort(received)
	if len(received) > 0 {
		m.Last = received[len(received)-1]
	}
	var gaps []float64
	for i := 1; i < len(received); i++ {
		if gap := received[i] - received[i-1]; gap > oneRun.Microseconds() {
			gaps = append(gaps, float64(gap))
		}
	}
	if len(gaps) < fewGaps {
		return
	}
	gap, now := quantileOf(gaps, 0.5), float64(asOf-m.Last)
	slices.Sort(gaps)
	m.Gap = time.Duration(gap) * time.Microsecond
	m.Silent = now > silentGaps*gap && now > gaps[len(gaps)-rareGaps]
}

// compare looks for a shift of the scores: against the version before, or else
// of the second half of the days against the first.
func (m *ModelStats) compare(of modelCells, before *modelCells, from int) {
	var was, is []float64
	moved, begin, change := Moved{}, 0, Days/2
	if before != nil {
		moved.Than, begin, change = before.Name, before.first, of.first
		for _, c := range before.cells {
			was = append(was, c.score)
		}
	}
	for _, c := range of.cells {
		if before == nil && int(c.day)-from < change {
			was = append(was, c.score)
		} else {
			is = append(is, c.score)
		}
	}
	moved.Was, moved.Is = perDay(len(was), begin, change), perDay(len(is), change, Days)
	if moved.Index = shift(was, is); moved.Index > 0 {
		moved.Before, moved.Now = medianOf(was), medianOf(is)
		m.Moved = &moved
	}
}

func perDay(n, from, to int) float64 { return float64(n) / float64(max(to-from, 1)) }

// shift is the stability index of is against was by the fifths of was, 0 if it
// is small or may be chance. It reorders was.
func shift(was, is []float64) float64 {
	if len(was) < fewScores || len(is) < fewScores {
		return 0
	}
	var edges []float64
	for _, p := range []float64{0.2, 0.4, 0.6, 0.8} {
		edges = append(edges, quantileOf(was, p))
	}
	edges = slices.Compact(edges)
	index := psi(bins(was, edges), bins(is, edges))
	if index < max(movedFrom, movedSure*(1/float64(len(was))+1/float64(len(is)))) {
		return 0
	}
	return index
}
