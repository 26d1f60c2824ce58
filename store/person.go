package store

import (
	"context"
	"math"
	"slices"
	"time"
)

// subjectColumns are those of a Subject, from the view person.
const subjectColumns = `id, employee_id, pseudonym, currentEmploymentStatus, role, department, site, coalesce(left_on, '')`

func (p *Subject) dest() []any {
	return []any{&p.ID, &p.EmployeeID, &p.Pseudonym, &p.Employment, &p.Role, &p.Department, &p.Site, &p.LeftOn}
}

// Person returns what may be shown of a person unasked. Error: NotFound.
func (db *DB) Person(ctx context.Context, id int64) (p Subject, err error) {
	err = db.r.QueryRowContext(ctx, `SELECT `+subjectColumns+` FROM person WHERE id = ?`, id).Scan(p.dest()...)
	return p, absent(err, NotFound, "there is no person %d", id)
}

// Series is one line of a person's 60 days: the highest of each day, over the
// scale of its model. NaN: no value that day, which is not 0.
type Series struct {
	Dimension // of the score: only its Name, "score"
	Days      []float64
	Peer      Band
	From      []string // a further dimension: the families of the models that report it
}

// Newest returns the newest value and its day, NaN if there is none.
func (s Series) Newest() (value float64, day int) { return newestOf(s.Days) }

// Highest returns the highest value of the days from to last, both included; NaN if there is none.
func (s Series) Highest(from, last int) float64 {
	if values := known(s.Days[max(from, 0) : last+1]); len(values) > 0 {
		return slices.Max(values)
	}
	return math.NaN()
}

// Median returns the person's own median, NaN with fewer than 5 values.
func (s Series) Median() float64 {
	values := known(s.Days)
	if len(values) < baseValues {
		return math.NaN()
	}
	return medianOf(values)
}

// Profile is a person's last 60 days beside those of the peers.
type Profile struct {
	From   int64    // midnight of the first day, UTC, microseconds since 1970
	Series []Series // score, then the dimensions in their order; of the further ones, those that were reported
	Drift  Drift
	Peers  Peers
	Zone   *time.Location // of Hours
	Hours  [7][24]float64 // highest score over scale by weekday, Monday first, and hour; NaN: none
	Count  int            // results
	Scaled bool           // a model's scale is not 1, so that what is drawn is not what was posted
}

// Profile compares a person with the own past and with peers, over the 60 days that end with asOf.
func (db *DB) Profile(ctx context.Context, p Subject, asOf int64) (Profile, error) {
	out := Profile{From: int64(dayNumber(asOf)-Days+1) * microDay}
	zone, err := db.Setting(ctx, HourZone)
	if err != nil {
		return out, err
	}
	if out.Zone, err = time.LoadLocation(zone); err != nil { // a zone that only another computer knows
		out.Zone = time.UTC
	}
	ids, err := db.peerIDs(ctx, p.ID, p.Role)
	if err != nil {
		return out, err
	}
	drawn, err := db.Drawn(ctx)
	if err != nil {
		return out, err
	}
	r, err := db.lately(ctx, asOf)
	if err != nil {
		return out, err
	}
	defer r.done()
	out.Peers = Peers{Role: p.Role, Count: len(ids)}
	var bands []Band
	if len(ids) >= fewPeers {
		bands, out.Peers.Pooled = r.bands(ids)
	}
	out.Series = r.series(p.ID, bands, drawn)
	out.Peers.Enough = len(out.Series[0].Peer.P95) > 0
	out.Drift = driftOf(out.Series[0].Days)
	r.hours(p.ID, &out)
	return out, nil
}

// series are a person's.
func (r *recent) series(person int64, bands []Band, drawn []Dimension) []Series {
	var own dailyValues
	r.daily(person, &own)
	add := func(d Dimension, i int) Series {
		s := Series{Dimension: d, Days: own.days(i)}
		if i < len(bands) {
			s.Peer = bands[i]
		}
		return s
	}
	out := []Series{add(Dimension{Name: "score"}, scoreSeries)}
	for _, d := range drawn {
		i := r.seriesOf(d.Name)
		switch {
		case i < scoreSeries:
			out = append(out, add(d, i))
		case i < len(own.series) && own.series[i] != nil:
			s := add(d, i)
			s.From = r.families(person, i-scoreSeries)
			out = append(out, s)
		}
	}
	return out
}

// hours fills in what only the single results tell.
func (r *recent) hours(person int64, out *Profile) {
	for d := range out.Hours {
		copy(out.Hours[d][:], nans(24))
	}
	for _, c := range r.of(person) {
		out.Count++
		out.Scaled = out.Scaled || r.models[c.model].Scale != 1
		t := time.Unix(int64(c.day)*24*60*60+int64(c.second), 0).In(out.Zone)
		if at := &out.Hours[(t.Weekday()+6)%7][t.Hour()]; !(*at >= r.level(c)) {
			*at = r.level(c)
		}
	}
}

// families lists the models that report a further dimension of a person.
func (r *recent) families(person int64, dimension int) (names []string) {
	for _, x := range r.extras[person] {
		if f := r.models[x.model].Family; int(x.dimension) == dimension && int(x.day) >= r.from && !slices.Contains(names, f) {
			names = append(names, f)
		}
	}
	slices.Sort(names)
	return names
}
