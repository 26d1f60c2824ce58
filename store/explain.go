package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// highest returns the highest value of each dimension over its scale. A further
// dimension that none of the results has is left out.
func (p *AlertPage) highest(drawn []Dimension) (dims []AlertDim) {
	for _, of := range drawn {
		d := AlertDim{Dimension: of}
		for _, r := range p.Held {
			if v, ok := r.Values()[of.Name]; ok && (d.Value == nil || scaled(v, r.Scale) > scaled(*d.Value, d.Scale)) {
				d.Value, d.Scale = &v, r.Scale
			}
		}
		if d.Value != nil || slices.Contains(fourDims[:], of.Name) {
			dims = append(dims, d)
		}
	}
	return dims
}

// Values are what was measured, by dimension.
func (r *Result) Values() map[string]float64 {
	out := fourValues([...]sql.Null[float64]{dimEmail: r.Email, dimWeb: r.Web, dimDevice: r.Device, dimLogin: r.Login})
	for _, x := range r.Extra {
		out[x.Name] = x.Value
	}
	return out
}

// fourValues are those of the dimensions of 2014 that were measured, by name.
func fourValues(list [len(fourDims)]sql.Null[float64]) map[string]float64 {
	out := map[string]float64{}
	for i, v := range list {
		if v.Valid {
			out[fourDims[i]] = v.V
		}
	}
	return out
}

// loadOwn reads the medians of the person's own past.
func (p *AlertPage) loadOwn(ctx context.Context, db *DB) error {
	drawn, err := db.Drawn(ctx)
	if err != nil {
		return err
	}
	p.Dims = p.highest(drawn)
	if p.Who.ID == 0 {
		return nil
	}
	values := map[string][]float64{}
	add := func(name, reporter string, v float64) {
		values[name] = append(values[name], scaled(v, cmp.Or(p.models[reporter].Scale, 1)))
	}
	from := p.Last - ownDays*microDay
	err = each(ctx, db, func(rows *sql.Rows) error {
		var r Result
		err := rows.Scan(&r.Reporter, &r.Email, &r.Web, &r.Device, &r.Login)
		for name, v := range r.Values() {
			add(name, r.Reporter, v)
		}
		return err
	}, `SELECT reporter, email_anomaly, web_anomaly, device_anomaly, login_anomaly FROM detectionmodelresult
			WHERE employee = ? AND date BETWEEN ? AND ? ORDER BY date DESC LIMIT ?`, p.Who.ID, from, p.Last, maxOwn)
	if err != nil {
		return err
	}
	err = each(ctx, db, func(rows *sql.Rows) error {
		var name, reporter string
		var v float64
		err := rows.Scan(&name, &reporter, &v)
		add(name, reporter, v)
		return err
	}, `SELECT d.name, r.reporter, x.value FROM detectionmodelresult r JOIN anomaly x ON x.result = r.id JOIN dimension d ON d.id = x.dimension
			WHERE r.employee = ? AND r.date BETWEEN ? AND ? ORDER BY r.date DESC LIMIT ?`, p.Who.ID, from, p.Last, maxOwn)
	if err != nil {
		return err
	}
	for i := range p.Dims {
		d := &p.Dims[i]
		own := values[d.Name]
		if d.Values = len(own); len(own) >= ownValues && d.Value != nil {
			d.Median = new(medianOf(own) * d.Scale)
		}
	}
	return nil
}

// loadOthers tells which other models reported the person.
func (p *AlertPage) loadOthers(ctx context.Context, db *DB) (err error) {
	p.Others, err = all(ctx, db, func(r *sql.Rows, s *string) error { return r.Scan(s) },
		`SELECT DISTINCT m.family FROM detectionmodelresult r JOIN model m ON m.name = r.reporter
			WHERE r.employee = ? AND r.date BETWEEN ? AND ? AND m.family != ? ORDER BY m.family LIMIT 10`,
		p.Who.ID, p.First-groupDays*microDay, p.Last+groupDays*microDay, p.models[p.Reporter].Family)
	return err
}

// Phrase is a piece of a sentence: plain, bold, or on pages a link.
type Phrase struct {
	Text string
	Bold bool
	URL  string
}

// why tells in a few sentences why the alert stands out. It states counts and
// values as posted, and compares; how the score came about only its model knows.
func why(p *AlertPage) []Phrase {
	s := sentence(slices.Clone(p.Brief))
	switch n := len(p.Others); n {
	case 0:
		s.say("No other model reported this person within 7 days.")
	case 1:
		s.bold("Another model")
		s.say(" reported this person within 7 days: " + p.Others[0] + ".")
	default:
		s.bold(counted(n) + " other models")
		s.say(" reported this person within 7 days: " + And(p.Others) + ".")
	}
	s.before(p.Prior)
	return s
}

// brief is how why begins: with the highest dimension.
func brief(p *AlertPage) []Phrase {
	var s sentence
	list := measured(p.Dims)
	if len(list) == 0 {
		s.say("The model sent no dimensions. ")
		return s
	}
	s.dims(list)
	s.baseline(list[0])
	if limit := list[0].Peer95; limit != nil {
		s.say("95% of the values of " + Plural(p.Peers.Count, "peer", "peers") + " stay under " + Figure(*limit) + ". ")
	}
	return s
}

type sentence []Phrase

func (s *sentence) say(text string) { *s = append(*s, Phrase{Text: text}) }

func (s *sentence) bold(text string) { *s = append(*s, Phrase{Text: text, Bold: true}) }

// dims names what stands out.
func (s *sentence) dims(list []AlertDim) {
	var names []string
	for _, d := range list {
		if d.Hot() {
			names = append(names, d.Title()+" "+Figure(*d.Value))
		}
	}
	switch len(names) {
	case 0:
		s.say("No dimension stands out; the highest is ")
		s.bold(list[0].Title() + " " + Figure(*list[0].Value))
		s.say(". ")
	case 1:
		s.bold(names[0])
		s.say(" stands out. ")
	default:
		s.bold(And(names))
		s.say(" stand out. ")
	}
}

// measured returns the dimensions that have a value, the highest over scale first.
func measured(dims []AlertDim) []AlertDim {
	list := slices.DeleteFunc(slices.Clone(dims), func(d AlertDim) bool { return d.Value == nil })
	slices.SortStableFunc(list, func(a, b AlertDim) int { return cmp.Compare(b.level(*b.Value), a.level(*a.Value)) })
	return list
}

// baseline compares a dimension with the person's own past.
func (s *sentence) baseline(d AlertDim) {
	if d.Median == nil {
		s.say(fmt.Sprintf("There is no baseline yet (%s). ", Plural(d.Values, "result", "results")))
		return
	}
	how := "; the own median of " + strconv.Itoa(d.Values) + " results in 60 days is " + Figure(*d.Median)
	switch v := *d.Value; {
	case v <= *d.Median:
		s.say(d.Title() + " is not above the own past" + how + ". ")
	case *d.Median > 0 && v >= 2**d.Median:
		s.say(d.Title() + " is " + times(v / *d.Median) + " the own median of " + Figure(*d.Median) + " (" + strconv.Itoa(d.Values) + " results in 60 days). ")
	default:
		s.say(d.Title() + " is above the own past" + how + ". ")
	}
}

// before says how earlier alerts about the person ended.
func (s *sentence) before(prior []*AlertHead) {
	if len(prior) == 0 {
		s.say(" Nothing was decided about this person before.")
		return
	}
	var confirmed, dismissed int
	for _, a := range prior {
		if a.State == StateConfirmed {
			confirmed++
		} else {
			dismissed++
		}
	}
	var parts []string
	if confirmed > 0 {
		parts = append(parts, strconv.Itoa(confirmed)+" confirmed")
	}
	if dismissed > 0 {
		parts = append(parts, strconv.Itoa(dismissed)+" dismissed")
	}
	s.say(" Decided before about this person: ")
	s.bold(And(parts))
	s.say(".")
}

// times writes a factor: "3 times", "more than 100 times".
func times(f float64) string {
	if f > 100 {
		return "more than 100 times"
	}
	return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) + " times"
}

// counted writes a small number that begins a sentence as a word.
func counted(n int) string {
	if words := []string{"No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"}; n < len(words) {
		return words[n]
	}
	return strconv.Itoa(n)
}
