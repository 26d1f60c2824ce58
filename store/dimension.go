package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// From these parts of its full height on a value reads as raised and as hot,
// unless an admin sets others for its dimension.
const (
	Raised = 0.4
	Hot    = 0.7
)

// fourDims are the dimensions of 2014, which have columns of their own, in the
// order of dimEmail to dimLogin.
var fourDims = [...]string{dimEmail: "email_anomaly", dimWeb: "web_anomaly", dimDevice: "device_anomaly", dimLogin: "login_anomaly"}

// dimSuffix ends the names of dimensions on the wire.
const dimSuffix = "_anomaly"

// Dimension is how one dimension of results is drawn. A value counts over the
// scale of its model, and then over Full.
type Dimension struct {
	Name   string  // "email_anomaly"
	Letter string  // over its tooth in lists: "E"
	Full   float64 // what is drawn as full height; 0 stands for 1
	Middle float64 // parts of Full from which a value is drawn as raised and as hot;
	High   float64 // 0 stands for Raised and Hot
}

// Title is a dimension's name for people: "Email" for email_anomaly.
func (d Dimension) Title() string {
	r := []rune(strings.ReplaceAll(strings.TrimSuffix(d.Name, dimSuffix), "_", " "))
	if len(r) > 0 {
		r[0] = unicode.ToUpper(r[0])
	}
	return string(r)
}

// over is v over the full height.
func (d Dimension) over(v float64) float64 { return scaled(v, cmp.Or(d.Full, 1)) }

func (d Dimension) check() error {
	wrong := func(format string, args ...any) error {
		return Errorf(Invalid, "%s: %s", d.Title(), fmt.Sprintf(format, args...))
	}
	switch {
	case !(d.Full >= 1e-9 && d.Full <= 1e12):
		return wrong("the full value is a number above 0, up to 1e12")
	case !(d.Middle > 0 && d.High <= 1):
		return wrong("the two levels are above 0 and at most 1, as parts of the full value")
	case d.Middle >= d.High:
		return wrong("middle begins below high, but %g is not below %g", d.Middle, d.High)
	case d.Letter == "" || utf8.RuneCountInString(d.Letter) > 2 || strings.ContainsFunc(d.Letter, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }):
		return wrong("one or two letters or digits stand over its tooth")
	}
	return nil
}

// drawnAs is the setting of how dimensions are drawn: one a line, in their order.
const drawnAs = "dimensions"

// Drawn returns how each dimension of the file is drawn, in the order that
// admins gave them: unasked, the four of 2014 and then the others by name.
func (db *DB) Drawn(ctx context.Context) ([]Dimension, error) {
	gen := db.Gen() // before the queries: what they find is at least as new
	if k := db.drawn.Load(); k != nil && k.gen == gen {
		return k.list, nil
	}
	names, err := db.Dimensions(ctx)
	if err != nil {
		return nil, err
	}
	text, err := db.Setting(ctx, drawnAs)
	if err != nil {
		return nil, err
	}
	names = append(slices.Clone(fourDims[:]), names...)
	var list []Dimension
	for line := range strings.Lines(text) {
		var d Dimension
		if _, err := fmt.Sscan(line, &d.Name, &d.Letter, &d.Full, &d.Middle, &d.High); err != nil {
			continue // of another version
		}
		if i := slices.Index(names, d.Name); i >= 0 { // else a dimension that no result has any more
			list, names = append(list, d), slices.Delete(names, i, i+1)
		}
	}
	for _, name := range names {
		list = append(list, Dimension{name, strings.ToUpper(name[:1]), 1, Raised, Hot})
	}
	db.drawn.Store(&drawnDimensions{gen, list})
	return list, nil
}

// drawnDimensions are what Drawn returned as of a commit.
type drawnDimensions struct {
	gen  int64
	list []Dimension
}

// SetDrawn says how dimensions are drawn, in their order, on record. Those that
// are not in list follow as they were. Errors: Invalid, NotFound.
func (db *DB) SetDrawn(ctx context.Context, by Actor, list []Dimension) error {
	was, err := db.Drawn(ctx)
	if err != nil {
		return err
	}
	named := func(d Dimension) func(Dimension) bool {
		return func(x Dimension) bool { return x.Name == d.Name }
	}
	for i, d := range list {
		if !slices.ContainsFunc(was, named(d)) || slices.ContainsFunc(list[:i], named(d)) {
			return Errorf(NotFound, "there is no dimension %q, or it stands there twice", d.Name)
		}
		if err := d.check(); err != nil {
			return err
		}
	}
	for _, d := range was {
		if !slices.ContainsFunc(list, named(d)) {
			list = append(slices.Clip(list), d)
		}
	}
	var text strings.Builder
	var changes []string
	for i, d := range list {
		line := fmt.Sprintf("%s %s %g %g %g", d.Name, d.Letter, d.Full, d.Middle, d.High)
		text.WriteString(line + "\n")
		if d != was[i] {
			changes = append(changes, strconv.Itoa(i+1)+". "+line)
		}
	}
	if len(changes) == 0 {
		return nil
	}
	return db.do(ctx, func(tx *Tx) error {
		return tx.set(by, drawnAs, text.String(), "dimensions (letter, full, middle, high) "+strings.Join(changes, "; "))
	})
}

// HighestValues returns the highest value of each dimension in the 60 days that end
// with asOf, over the scale of its model. One that has none is not there.
func (db *DB) HighestValues(ctx context.Context, asOf int64) (map[string]float64, error) {
	r, err := db.lately(ctx, asOf)
	if err != nil {
		return nil, err
	}
	defer r.done()
	out := map[string]float64{}
	var four [len(fourDims)]Peak
	for person := range r.cells {
		for _, c := range r.of(person) {
			for k, v := range c.dims {
				if v == v { // measured
					four[k].raise(float64(v), r.models[c.model].Scale)
				}
			}
		}
	}
	for k, p := range four {
		if p.Scale != 0 {
			out[fourDims[k]] = p.Level()
		}
	}
	for _, list := range r.extras {
		for _, x := range list {
			name, v := r.further[x.dimension], float64(x.value)/r.models[x.model].Scale
			if old, ok := out[name]; int(x.day) >= r.from && (!ok || v > old) {
				out[name] = v
			}
		}
	}
	return out, nil
}
