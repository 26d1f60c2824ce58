package templates

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"citd/store"
)

// level is the part of the full height at which v is drawn, 0 to 1.
func level(v, scale float64) float64 {
	if scale <= 0 {
		scale = 1
	}
	if v /= scale; v > 0 { // false for NaN
		return min(v, 1)
	}
	return 0
}

// heat is the class of a score: low, middle or high.
func heat(v, scale float64) string { return Bounds{}.heat(level(v, scale)) }

// Bounds are the levels from which a value reads as raised and as hot; 0: the usual ones.
type Bounds struct{ Middle, High float64 }

func (b Bounds) middle() float64 { return cmp.Or(b.Middle, store.Raised) }
func (b Bounds) high() float64   { return cmp.Or(b.High, store.Hot) }

func (b Bounds) heat(level float64) string {
	switch {
	case level < b.middle():
		return "l"
	case level < b.high():
		return "m"
	}
	return "h"
}

// over writes how far a value is above its own median, in its unit.
func over(d Dim) string { return withSign(*d.Value - *d.Median) }

// px writes a coordinate with at most two digits behind the point, and tenth with one.
func px(v float64) string    { return rounded(v, 100) }
func tenth(v float64) string { return rounded(v, 10) }

func rounded(v, parts float64) string {
	return strconv.FormatFloat(math.Round(v*parts)/parts+0, 'f', -1, 64)
}

// tooth is one bar of a comb.
type tooth struct {
	X, Y, H string
	Heat    string // "l", "m", "h"; "" when the dimension was not reported
	Mid     string // middle of the tooth
	Name    string
	Value   string // ".34"
	ValueY  string
	Own     string // path of the line at the own median; "" if not known
	Peer    string // path of the mark at the peers' 95th percentile
}

// five picks what a comb shows: four dimensions in their places and the highest of the others.
func five(dims []Dim) []Dim {
	if len(dims) <= 5 {
		return dims
	}
	return append(slices.Clone(dims[:4]), slices.MaxFunc(dims[4:], byRank))
}

// combRects lays out the small comb in its box of 28 by 24.
func combRects(dims []Dim) []tooth {
	x := [5]float64{1, 6, 11, 16, 23}
	var teeth []tooth
	for i, d := range five(dims) {
		t := tooth{X: px(x[i])}
		if d.Value == nil {
			t.X = px(x[i] + 1)
		} else {
			h := max(math.Round(level(*d.Value, d.Scale)*40)/2, 1)
			t.Heat, t.Y, t.H = d.Heat(), px(22-h), px(h)
		}
		teeth = append(teeth, t)
	}
	return teeth
}

// combWide is how wide the box of the large comb is: 42 less without a fifth tooth.
func combWide(dims []Dim) int {
	if len(dims) < 5 {
		return 162
	}
	return 204
}

// largeX are the left edges of the teeth in the large comb.
var largeX = [5]float64{4, 40, 76, 112, 154}

// combLarge lays out the large comb in its box of combWide by 152.
func combLarge(dims []Dim) []tooth {
	y := func(v float64, d Dim) float64 { return 132 - 114*level(v, d.Scale) }
	var teeth []tooth
	for i, d := range five(dims) {
		x := largeX[i]
		t := tooth{X: px(x), Mid: px(x + 12), Name: clip(9, d.Name)}
		if d.Value != nil {
			top := min(y(*d.Value, d), 131)
			t.Heat, t.Y, t.H = d.Heat(), px(top), px(132-top)
			t.Value, t.ValueY = strings.TrimPrefix(store.Figure(*d.Value), "0"), px(top-5)
		}
		if d.Median != nil {
			t.Own = "M" + px(x-3) + " " + px(y(*d.Median, d)) + "h30"
		}
		if d.Peer95 != nil {
			t.Peer = "M" + px(x+25) + " " + px(y(*d.Peer95, d)) + "l5 -3.2v6.4z"
		}
		teeth = append(teeth, t)
	}
	return teeth
}

// combGrid is the dotted line at which teeth are high: one line with its level,
// or, where that differs, one at each tooth.
func combGrid(dims []Dim) (v struct{ Line, Y, Text string }) {
	list := five(dims)
	y := func(d Dim) float64 { return 132 - 114*d.high() }
	same := !slices.ContainsFunc(list, func(d Dim) bool { return d.high() != list[0].high() })
	if len(list) == 0 {
		list = []Dim{{}}
	}
	if same {
		v.Line = "M0 " + px(y(list[0])) + "H" + strconv.Itoa(combWide(dims)-18)
		v.Y, v.Text = px(y(list[0])+3), px(list[0].high())
		return v
	}
	for i, d := range list {
		v.Line += "M" + px(largeX[i]-3) + " " + px(y(d)) + "h30"
	}
	return v
}

// combName is what a comb says to those who cannot see it.
func combName(dims []Dim) string {
	var parts []string
	for _, d := range five(dims) {
		if d.Value == nil {
			parts = append(parts, d.Name+" not reported")
		} else {
			parts = append(parts, d.Name+" "+store.Figure(*d.Value))
		}
	}
	return strings.Join(parts, ", ")
}

// bar is one line of the table of dimensions, in a box of 100 by 26.
type bar struct{ W, Own, PeerX, PeerW string }

func dimBar(d Dim) bar {
	b := bar{W: px(100 * level(*d.Value, d.Scale))}
	if d.Median != nil {
		b.Own = "M" + px(100*level(*d.Median, d.Scale)) + " 5V19"
	}
	if d.Peer50 != nil && d.Peer95 != nil {
		x := 100 * level(*d.Peer50, d.Scale)
		b.PeerX, b.PeerW = px(x), px(max(100*level(*d.Peer95, d.Scale)-x, .8))
	}
	return b
}

// partView is one segment of the bar that adds up, in a box of 100 by 12.
type partView struct {
	store.Part
	X, W  string
	Lower bool
}

// partBar lays the parts side by side, each as wide as its part of all weights.
func partBar(parts []store.Part) []partView {
	sum, x := 0.0, 0.0
	for _, p := range parts {
		sum += math.Abs(p.Weight)
	}
	var out []partView
	for _, p := range parts {
		w := 0.0
		if sum > 0 && !math.IsInf(sum, 0) {
			w = 100 * math.Abs(p.Weight) / sum
		}
		out = append(out, partView{p, px(x), px(max(w-.4, 0)), p.Weight < 0})
		x += w
	}
	return out
}

// partSum is what the weights add up to.
func partSum(parts []store.Part) (sum float64) {
	for _, p := range parts {
		sum += p.Weight
	}
	return sum
}

// withSign writes a number with its sign.
func withSign(v float64) string {
	if v < 0 {
		return "−" + store.Figure(-v)
	}
	return "+" + store.Figure(v)
}

func dimName(d Dim) string {
	s := d.Name + " " + store.Figure(*d.Value)
	if d.Median != nil {
		s += "; own median " + store.Figure(*d.Median)
	}
	if d.Peer50 != nil && d.Peer95 != nil {
		s += "; peers " + store.Figure(*d.Peer50) + " to " + store.Figure(*d.Peer95)
	}
	return s
}

// polyline draws values over their index; a NaN leaves a gap, and a value between two gaps a dot.
func polyline(vals []float64, x, y func(float64) float64) string {
	var b strings.Builder
	for i, v := range vals {
		if math.IsNaN(v) {
			continue
		}
		before := i > 0 && !math.IsNaN(vals[i-1])
		after := i+1 < len(vals) && !math.IsNaN(vals[i+1])
		if before {
			b.WriteString("L")
		} else {
			b.WriteString("M")
		}
		b.WriteString(px(x(float64(i))) + " " + px(y(v)))
		if !before && !after {
			b.WriteString("h0")
		}
	}
	return b.String()
}

// sparse draws what a line of values with gaps (NaN) would not show: a dot at
// each side of a gap, and a faint line from one side to the other.
func sparse(vals []float64, x, y func(float64) float64) (dots, faint string) {
	at := func(i int) string { return px(x(float64(i))) + " " + px(y(vals[i])) }
	last := -1
	for i, v := range vals {
		if math.IsNaN(v) {
			continue
		}
		if last >= 0 && last < i-1 {
			faint += "M" + at(last) + "L" + at(i)
		}
		if i > 0 && last != i-1 || i+1 < len(vals) && math.IsNaN(vals[i+1]) || len(vals) == 1 {
			dots += "M" + at(i) + "h0"
		}
		last = i
	}
	return dots, faint
}

// linked closes the gaps of a line that stands for many people, such as those of
// weekends, between its neighbours; the ends stay open.
func linked(vals []float64) []float64 {
	out := slices.Clone(vals)
	last := -1
	for i, v := range vals {
		if math.IsNaN(v) {
			continue
		}
		for k := last + 1; last >= 0 && k < i; k++ {
			out[k] = vals[last] + (v-vals[last])*float64(k-last)/float64(i-last) //nolint:gosec // last is 0 or more here
		}
		last = i
	}
	return out
}

// sparkView is a word-sized line in a box of W by 24.
type sparkView struct {
	W, BandW     int
	Line, Faint  string // the line, and over its gaps
	Dots         string // at the sides of gaps
	X, Y, Heat   string // of the last value
	BandY, BandH string
}

// sparkLine draws levels (0 to 1) in a box w wide, oldest first; NaN is a day without a result. The last
// value gets a dot.
func sparkLine(w int, vals []float64, band float64) sparkView {
	s := sparkView{W: w, BandW: w - 6}
	x := func(i float64) float64 { return 2 + float64(s.BandW)*i/max(float64(len(vals)-1), 1) }
	y := func(v float64) float64 { return 21 - 18*level(v, 1) }
	s.Line = polyline(vals, x, y)
	s.Dots, s.Faint = sparse(vals, x, y)
	for i, v := range vals {
		if !math.IsNaN(v) {
			s.X, s.Y, s.Heat = px(x(float64(i))), px(y(v)), heat(v, 1)
		}
	}
	if band > 0 {
		s.BandY, s.BandH = px(y(band)), px(21-y(band))
	}
	return s
}

// barPaths draws counts in a box of 260 by 34: the quiet bars and the marked ones.
func barPaths(b Bars) (v struct{ Quiet, Marked string }) {
	most := 1
	for _, n := range b.Counts {
		most = max(most, n)
	}
	pitch := 260 / max(float64(len(b.Counts)), 1)
	for i, n := range b.Counts {
		if n <= 0 {
			continue
		}
		h := px(34 * float64(n) / float64(most))
		p := "M" + px((float64(i)+.115)*pitch) + " 34v-" + h + "h" + px(.76*pitch) + "v" + h + "z"
		if i < b.Hot {
			v.Quiet += p
		} else {
			v.Marked += p
		}
	}
	return v
}

// stripView holds paths in a box as wide as there are days, and 56 high.
type stripView struct {
	Box, Weekends, Band, Median, Marks string
	Rule                               string // at which a value is high
	Line, Faint                        string // the line, and over its gaps
	Dots, Hot                          string // at the sides of gaps; above the peers
}

// stripPaths draws a strip.
func stripPaths(s PersonStrip) stripView {
	x := func(i float64) float64 { return i + .5 }
	y := func(v float64) float64 { return 56 - 56*level(v, s.Scale) }
	n := px(float64(len(s.Own)))
	v := stripView{Box: "0 0 " + n + " 56", Rule: "M0 " + px(56-56*s.high()) + "H" + n, Line: polyline(s.Own, x, y), Median: polyline(linked(s.Peer50), x, y)}
	v.Dots, v.Faint = sparse(s.Own, x, y)
	top, foot := "", ""
	for i, p := range s.Peer95 {
		if math.IsNaN(p) {
			continue
		}
		at := px(x(float64(i)))
		top += "L" + at + " " + px(y(p))
		foot = "L" + at + " 56" + foot
	}
	if top != "" {
		v.Band = "M" + top[1:] + foot + "Z"
	}
	for i, o := range s.Own {
		if weekend(s.First.AddDate(0, 0, i)) {
			v.Weekends += "M" + strconv.Itoa(i) + " 0h1v56h-1z"
		}
		if level(o, s.Scale) >= s.middle() && i < len(s.Peer95) && o > s.Peer95[i] {
			v.Hot += "M" + px(x(float64(i))) + " " + px(y(o)) + "h0"
		}
	}
	for _, m := range s.Marks {
		v.Marks += "M" + px(x(float64(m.Day))) + " 0V56"
	}
	return v
}
