package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	maxExploreText  = 4000 // bytes of a filter
	maxExploreTerms = 40
)

// Brush is what a filter says about one axis.
type Brush struct {
	Lo, Hi *int    // levels 0 to 100, or days since Explored.From; nil: open
	None   bool    // what was not measured
	Values []int32 // of a category, sorted
}

// ExploreFilter is a filter over an Explored, all of which has to hold.
type ExploreFilter struct {
	Brushes map[string]Brush // by the axis' key
	Flagged bool
	IDs     []string // employee ids, a * at the end stands for any ending
	Words   []string

	typed []struct{ axis, raw string }
}

// Empty tells whether the filter lets all results through.
func (f ExploreFilter) Empty() bool { return len(f.typed) == 0 }

// Without is the filter as typed, but for what it says about an axis.
func (f ExploreFilter) Without(axis string) string {
	return f.saying(func(about string) bool { return about != axis })
}

// Rest is what the filter says about no axis, as typed.
func (f ExploreFilter) Rest() string { return f.saying(func(about string) bool { return about == "" }) }

func (f ExploreFilter) saying(fits func(axis string) bool) string {
	var terms []string
	for _, t := range f.typed {
		if fits(t.axis) {
			terms = append(terms, t.raw)
		}
	}
	return strings.Join(terms, " ")
}

// exploreFields are the names in the filter language that are no dimensions.
var exploreFields = []string{"date", "dept", "role", "model", "score", "state", "is", "id", "site"}

// term is a part of a filter: a word, or a key, an operator and values.
type term struct {
	key, op, raw string
	values       []string
}

// cutTerms cuts a filter at blanks. Values may be in quotes, in which "" stands
// for "; with lists they may be several, parted by commas.
func cutTerms(text string, lists bool) (out []term) {
	for {
		text = strings.TrimLeftFunc(text, unicode.IsSpace)
		if text == "" {
			return out
		}
		t, rest := term{}, text
		if m := searchKey.FindStringSubmatch(text); m != nil && !strings.HasPrefix(text[len(m[1]):], "://") {
			t.key, t.op, rest = strings.ToLower(m[1]), m[2], text[len(m[0]):]
		}
		for {
			var v string
			v, rest = cutItem(rest, lists && t.key != "")
			t.values = append(t.values, v)
			if !lists || t.key == "" || !strings.HasPrefix(rest, ",") {
				break
			}
			rest = rest[1:]
		}
		t.raw, text = text[:len(text)-len(rest)], rest
		out = append(out, t)
	}
}

// cutItem takes a value from the front of text. A quote that is never closed ends with the text.
func cutItem(text string, list bool) (value, rest string) {
	inner, inQuotes := strings.CutPrefix(text, `"`)
	if !inQuotes {
		if i := strings.IndexFunc(text, func(r rune) bool { return unicode.IsSpace(r) || list && r == ',' }); i >= 0 {
			return text[:i], text[i:]
		}
		return text, ""
	}
	for {
		part, after, closed := strings.Cut(inner, `"`)
		value += part
		if !closed || !strings.HasPrefix(after, `"`) {
			return value, after
		}
		value, inner = value+`"`, after[1:]
	}
}

// Parse reads a filter: email>=0.7 email<0.9 dept:IT,"Human Resources"
// date>=2026-10-31 file:none is:flagged id:MH022, and words to be looked for in
// ids and texts. Error: Invalid, a sentence that begins with the term.
func (x *Explored) Parse(text string) (ExploreFilter, error) {
	f := ExploreFilter{Brushes: map[string]Brush{}}
	if len(text) > maxExploreText {
		return f, Errorf(Invalid, "the filter is longer than %d bytes", maxExploreText)
	}
	list := cutTerms(text, true)
	if len(list) > maxExploreTerms {
		return f, Errorf(Invalid, "the filter has more than %d parts", maxExploreTerms)
	}
	for _, t := range list {
		if err := x.take(&f, t); err != nil {
			return f, Errorf(Invalid, "%s: %s", t.raw, err)
		}
	}
	return f, nil
}

func (x *Explored) take(f *ExploreFilter, t term) error {
	a := x.axisNamed(t.key)
	typed := struct{ axis, raw string }{raw: t.raw}
	if a != nil {
		typed.axis = a.Key
	}
	f.typed = append(f.typed, typed)
	switch {
	case t.key == "":
		f.Words = append(f.Words, t.values[0])
		return nil
	case slices.Contains(t.values, ""):
		return errors.New("a value is missing")
	case t.key == "id" && (t.op == ":" || t.op == "="):
		f.IDs = append(f.IDs, t.values...)
		return nil
	case t.key == "is" && t.raw == "is:flagged":
		f.Flagged = true
		return nil
	case t.key == "is":
		return errors.New("write is:flagged")
	case a == nil:
		return fmt.Errorf("there is no %q to filter by; there are %s", t.key, strings.Join(x.keys(), ", "))
	}
	b, had := f.Brushes[a.Key]
	err := x.brush(a, &b, had, t)
	f.Brushes[a.Key] = b
	return err
}

func (x *Explored) brush(a *Axis, b *Brush, had bool, t term) error {
	is := t.op == ":" || t.op == "="
	none := is && a.Kind == LevelAxis && t.values[0] == "none"
	switch {
	case a.Kind == CategoryAxis && !is:
		return fmt.Errorf("%s takes a text: write %s:%s", a.Key, a.Key, Quoted(a.Values[0]))
	case a.Kind == CategoryAxis:
		return a.choose(b, had, t.values)
	case len(t.values) > 1:
		return fmt.Errorf("%s takes one value", a.Key)
	case had && none != b.None:
		return fmt.Errorf("%s cannot be measured and not measured at once", a.Key)
	case none:
		b.None = true
		return nil
	}
	return x.bound(a, b, t.op, t.values[0])
}

// axisNamed finds an axis by its key, another name of it, or the dimension's whole name.
func (x *Explored) axisNamed(key string) *Axis {
	key = cmp.Or(sameTerms[key], key)
	if a := x.Axis(key); a != nil || !strings.HasSuffix(key, dimSuffix) {
		return a
	}
	return x.Axis(dimensionKey(key))
}

func (x *Explored) keys() []string {
	keys := make([]string, 0, len(x.Axes)+2)
	for _, a := range x.Axes {
		keys = append(keys, a.Key)
	}
	return append(keys, "id", "is")
}

// choose narrows a category to the values that are named.
func (a *Axis) choose(b *Brush, had bool, names []string) error {
	var found []int32
	for _, name := range names {
		some := a.find(name)
		if len(some) == 0 {
			some = a.find(strings.ReplaceAll(name, "+", " "))
		}
		if len(some) == 0 {
			return fmt.Errorf("no result has the %s %q", strings.ToLower(a.Title), name)
		}
		found = append(found, some...)
	}
	slices.Sort(found)
	found = slices.Compact(found)
	if had {
		found = slices.DeleteFunc(found, func(i int32) bool { return !slices.Contains(b.Values, i) })
		if len(found) == 0 {
			return fmt.Errorf("%s cannot be two things at once; a comma stands for or", a.Key)
		}
	}
	b.Values = found
	return nil
}

// find returns the values that a text names: by value or label whatever its case,
// a model by its family, what shares the last box by "other", no text by "none".
func (a *Axis) find(text string) (found []int32) {
	t := foldCase(text)
	for i, v := range a.Values {
		family, _ := splitModel(v)
		if foldCase(v) == t || foldCase(a.Labels[i]) == t || a.Key == "model" && foldCase(family) == t || a.Key == "state" && t == "REVIEW" && v == string(StateInReview) ||
			v == "" && t == "NONE" || t == "OTHER" && a.Boxes < len(a.Values) && i >= a.Boxes-1 {
			found = append(found, int32(i))
		}
	}
	return found
}

// bound narrows a range.
func (x *Explored) bound(a *Axis, b *Brush, op, value string) error {
	var v int
	if a.Kind == DateAxis {
		t, err := time.Parse(time.DateOnly, value)
		if err != nil {
			return fmt.Errorf("%s takes a day, as in date>=2026-10-31", a.Key)
		}
		v = int(t.Unix()/(24*60*60) - x.From)
	} else {
		n, ok := parseFloat(value)
		if !ok {
			return fmt.Errorf("%s takes a number from 0 to 1, as in %s>=0.7", a.Key, a.Key)
		}
		v = int(math.Round(max(-1, min(n, 2)) * 100))
	}
	lo, hi := v, v
	switch op {
	case ">":
		lo++
	case "<":
		hi--
	}
	if op[0] != '<' && (b.Lo == nil || *b.Lo < lo) {
		b.Lo = &lo
	}
	if op[0] != '>' && (b.Hi == nil || *b.Hi > hi) {
		b.Hi = &hi
	}
	if b.Lo != nil && b.Hi != nil && *b.Lo > *b.Hi {
		return fmt.Errorf("nothing lies between the two ends of %s", a.Key)
	}
	return nil
}

// Quoted writes a value as the language takes it.
func Quoted(v string) string {
	switch {
	case v == "":
		return "none"
	case strings.ContainsFunc(v, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`,"+`, r) }), v == "none", v == "other":
		return `"` + strings.ReplaceAll(v, `"`, `""`) + `"`
	}
	return v
}

// End writes an end of a brush: 0.7 or 2026-10-31.
func (x *Explored) End(a Axis, v int) string {
	if a.Kind == DateAxis {
		return x.Day(v).Format(time.DateOnly)
	}
	return strconv.FormatFloat(float64(v)/100, 'f', -1, 64)
}

// Day is a day of the date axis.
func (x *Explored) Day(n int) time.Time { return time.Unix((x.From+int64(n))*24*60*60, 0).UTC() }

// Match returns the rows that f lets through, newest first. names are those in
// which words may be found, by employee.
func (db *DB) Match(ctx context.Context, x *Explored, f ExploreFilter, names map[int64]string) ([]int32, error) {
	out := make([]bool, len(x.ID))
	for key, b := range f.Brushes {
		x.Axis(key).strike(out, b)
	}
	whose := make([]bool, len(x.People))
	for i, p := range x.People {
		whose[i] = len(f.IDs) == 0 || slices.ContainsFunc(f.IDs, func(id string) bool {
			start, open := strings.CutSuffix(foldCase(id), "*")
			return foldCase(p.EmployeeID) == start || open && strings.HasPrefix(foldCase(p.EmployeeID), start)
		})
	}
	var rows []int32
	for i, no := range out {
		if !no && whose[x.Person[i]] && (!f.Flagged || x.Flag[i]) {
			rows = append(rows, int32(i))
		}
	}
	return db.findWords(ctx, x, rows, f.Words, names)
}

// strike marks the rows that b does not let through.
func (a *Axis) strike(out []bool, b Brush) {
	lo, hi, unit := math.MinInt32, math.MaxInt32, 1
	if a.Kind == DateAxis {
		unit = 24
	}
	if b.Lo != nil {
		lo = *b.Lo * unit
	}
	if b.Hi != nil {
		hi = *b.Hi*unit + unit - 1
	}
	chosen := make([]bool, len(a.Values))
	for _, i := range b.Values {
		chosen[i] = true
	}
	for i, c := range a.Col {
		v := int(c)
		switch {
		case a.Kind == CategoryAxis:
			out[i] = out[i] || !chosen[v]
		case b.None:
			out[i] = out[i] || v != NotMeasured
		default:
			out[i] = out[i] || v < lo || v > hi || a.Kind == LevelAxis && v == NotMeasured
		}
	}
}
