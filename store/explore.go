package store

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

const (
	maxSpan  = 731 // days on its date axis
	maxBoxes = 15  // of a category axis; the last is shared by what is rarer
	maxDims  = 14  // dimensions that are shown unasked
)

// maxExplored is how many results explore takes, the newest; only tests change it.
var maxExplored = 20_000

// NotMeasured stands in a column of levels where the model said nothing.
const NotMeasured = -1

// AxisKind tells how an axis of explore is drawn and filtered.
type AxisKind uint8

// Kinds of axes.
const (
	DateAxis     AxisKind = iota // Col holds hours since Explored.From
	CategoryAxis                 // Col holds indexes into Values
	LevelAxis                    // Col holds levels from 0 to 100, or NotMeasured
)

// Axis is one axis of explore: a column of all results.
type Axis struct {
	Key    string // in the filter language: "dept", "email"
	Title  string // "Department", "Email"
	Kind   AxisKind
	Off    bool     // not shown unasked
	High   int      // of levels: what is high from there on
	Values []string // of a category: those with a box of their own, hottest first, then the rarer
	Labels []string // Values in words
	Boxes  int      // boxes to draw; fewer than Values: the last one is "Other"
	Col    []int32
}

// Explored is the newest results as columns, newest first. It is shared between
// requests: treat it as read-only.
type Explored struct {
	Gen    int64 // commits that it holds
	Total  int   // results in the file
	From   int64 // first day of the date axis, counted from 1970, UTC
	Days   int
	Axes   []Axis
	ID     []int64
	Level  []float64 // score over scale
	Flag   []bool
	Person []int32 // index into People
	People []Subject
}

// Hot tells whether a result's score is high, in the two digits that are drawn.
func (x *Explored) Hot(i int32) bool { return percentOf(x.Level[i]) >= percentOf(Hot) }

// Shared tells whether box i is the last one, for all that is rarer.
func (a Axis) Shared(i int) bool { return i == a.Boxes-1 && a.Boxes < len(a.Values) }

// Text is the state in words.
func (s State) Text() string {
	if i := slices.Index(exploreStates, string(s)); i >= 0 {
		return stateLabels[i]
	}
	return "Withdrawn"
}

// Axis returns the axis of that key, nil if there is none.
func (x *Explored) Axis(key string) *Axis {
	return first(x.Axes, func(a Axis) bool { return a.Key == key })
}

// The states of results, the most pressing first: up is hotter on every axis.
var (
	exploreStates = []string{string(StateConfirmed), string(StateInReview), string(StateNew), string(StateSnoozed), string(StateDismissed)}
	stateLabels   = []string{"Confirmed", "In review", "New", "Snoozed", "Dismissed"}
)

// columns makes what a page needs of rows, which are sorted newest first.
func columns(rows []exploredRow, drawn []Dimension, people map[int64]Subject, waits map[int64]State, today int64) *Explored {
	n := len(rows)
	x := &Explored{ID: make([]int64, n), Level: make([]float64, n), Flag: make([]bool, n), Person: make([]int32, n)}
	index := make(map[int64]int32, len(people))
	for i, r := range rows {
		x.ID[i], x.Level[i], x.Flag[i] = r.id, r.level, r.flag
		p, ok := index[r.employee]
		if !ok {
			p = int32(len(x.People)) //nolint:gosec // at most 20,000
			index[r.employee] = p
			x.People = append(x.People, people[r.employee])
		}
		x.Person[i] = p
	}
	x.addDate(rows, today)
	x.addCategory("dept", "Department", false, func(i int) string { return x.People[x.Person[i]].Department })
	x.addCategory("role", "Role", true, func(i int) string { return x.People[x.Person[i]].Role })
	x.addCategory("model", "Model", false, func(i int) string { return rows[i].reporter })
	x.addDimensions(rows, drawn)
	score := Axis{Key: "score", Title: "Score", Kind: LevelAxis, High: int(percentOf(Hot)), Col: make([]int32, n)}
	state := Axis{Key: "state", Title: "State", Kind: CategoryAxis, Off: true, Values: exploreStates, Labels: stateLabels, Boxes: len(exploreStates), Col: make([]int32, n)}
	for i, r := range rows {
		score.Col[i] = int32(percentOf(r.level))
		s := [...]State{cellOpen: cmp.Or(waits[r.alert], StateNew), cellConfirmed: StateConfirmed, cellDismissed: StateDismissed}[r.verdict]
		state.Col[i] = int32(slices.Index(exploreStates, string(s))) //nolint:gosec // one of five
	}
	x.Axes = append(x.Axes, score, state)
	return x
}

// addDate lays the date axis from the oldest day to the newest. A stray date far
// away would press all others together: it lies beyond the axis' end instead.
func (x *Explored) addDate(rows []exploredRow, today int64) {
	a := Axis{Key: "date", Title: "Date", Kind: DateAxis, Col: make([]int32, len(rows))}
	if len(rows) > 0 {
		first := slices.IndexFunc(rows, func(r exploredRow) bool { return int64(r.day) <= today+1 })
		last := int64(rows[max(first, 0)].day)
		x.From = max(int64(rows[len(rows)-1].day), last-maxSpan+1)
		x.Days = int(last-x.From) + 1
	}
	for i, r := range rows {
		a.Col[i] = (r.day-int32(x.From))*24 + r.second/3600 //nolint:gosec // years 1 to 9999
	}
	x.Axes = append(x.Axes, a)
}

// addCategory adds an axis of texts, unless no result has one. Boxes go to the
// most frequent, in the order of their share of hot results: up is hotter on every axis.
func (x *Explored) addCategory(key, title string, off bool, of func(i int) string) {
	type tally struct {
		value  string
		n, hot int
	}
	by := map[string]*tally{}
	for i := range x.ID {
		t := by[of(i)]
		if t == nil {
			t = &tally{value: of(i)}
			by[t.value] = t
		}
		t.n++
		if x.Hot(int32(i)) {
			t.hot++
		}
	}
	if len(by) == 0 || len(by) == 1 && by[""] != nil {
		return
	}
	all := slices.SortedFunc(maps.Values(by), func(a, b *tally) int {
		return cmp.Or(cmp.Compare(b.n, a.n), strings.Compare(a.value, b.value))
	})
	a := Axis{Key: key, Title: title, Kind: CategoryAxis, Off: off, Boxes: min(len(all), maxBoxes), Col: make([]int32, len(x.ID))}
	own := len(all)
	if own > maxBoxes {
		own = maxBoxes - 1
	}
	slices.SortStableFunc(all[:own], func(a, b *tally) int { return cmp.Compare(b.hot*a.n, a.hot*b.n) })
	at := make(map[string]int32, len(all))
	for i, t := range all {
		at[t.value] = int32(i)
		a.Values = append(a.Values, t.value)
		a.Labels = append(a.Labels, cmp.Or(t.value, "Not given"))
	}
	for i := range x.ID {
		a.Col[i] = at[of(i)]
	}
	x.Axes = append(x.Axes, a)
}

// addDimensions adds the four dimensions of 2014, and the further ones that
// any of the results has.
func (x *Explored) addDimensions(rows []exploredRow, drawn []Dimension) {
	shown := 0
	for i, d := range drawn {
		a := Axis{Key: dimensionKey(d.Name), Title: d.Title(), Kind: LevelAxis, High: int(percentOf(d.High)), Col: make([]int32, len(rows))}
		measured := slices.Contains(fourDims[:], d.Name)
		for k, r := range rows {
			a.Col[k] = int32(r.dims[i])
			measured = measured || a.Col[k] != NotMeasured
		}
		if measured {
			shown++
			a.Off = shown > maxDims
			x.Axes = append(x.Axes, a)
		}
	}
}

// dimensionKey is a dimension's name in the filter language: "email" for
// email_anomaly. Where that is another field's name, it stays whole.
func dimensionKey(name string) string {
	key := strings.TrimSuffix(name, dimSuffix)
	if slices.Contains(exploreFields, key) {
		return name
	}
	return key
}

// percentOf is a level as the columns hold it: 0 to 100.
func percentOf(level float64) int8 {
	switch {
	case !(level > 0): // NaN too
		return 0
	case level >= 1:
		return 100
	}
	return int8(level*100 + .5)
}
