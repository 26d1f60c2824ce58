package templates

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"citd/store"
)

// PersonData is what the page of one person shows.
type PersonData struct {
	Frame
	Label    string // who, in the display mode
	Sub      string // "MH022 · Engineer, Engineering · Oxford"
	Standing string // of employment, if it matters: "Notice given 9 Nov"; empty: nothing
	Say      []Span // what stands out, in a few sentences
	Dims     []Dim  // highest of each dimension in the 7 days of Span, over their scale
	Span     string // those days: "last 7 days", "7 days to 20 Apr"

	Strips []PersonStrip // score, then each dimension
	First  time.Time     // first of the 60 days; midnight, UTC
	Marks  []PersonMark  // events within them
	Peers  string        // who is compared, or why nobody: "45 others with the role Engineer"
	Pooled int           // days that each day of the bands is made of
	Scaled bool          // values are over their model's scale

	Weeks [7][]float64   // highest score by weekday, Monday first, and week; NaN: none
	Hours [7][24]float64 // and by hour
	Zone  string         // of the hours: "UTC"

	Facts    []Fact // role, department and so on
	Hidden   string // what is not shown: "Name and 6 personal fields"; empty: it is shown
	Identity []Fact // who it is, if revealed
	Until    time.Time
	Reveals  []store.Reason // reasons to offer; none: the reader may not
	Draft    Draft          // of a refused form
	Problem  string         // why it was refused

	Alerts    []PersonAlert // open ones
	Results   []PersonResult
	Total     int    // results in 60 days
	All       string // URL that lists all results; empty: they are all listed
	Listed    string // which are listed: "60 days", "all"
	Notes     []Note
	NoteTo    string // URL to which a note is posted; empty: none can be written
	Decisions []PersonDecision
	Work      []Step // events of employment
	Looks     []PersonLook
	Activity  string // URL of all that was done to this person
}

// PersonStrip is one line of 60 days: levels, NaN is a day without a value.
type PersonStrip struct {
	Bounds
	Scale  float64 // the level drawn as full height; 0 means 1
	Name   string
	Detail string // under the name: "day’s highest", "from File access"
	Own    []float64
	Peer50 []float64 // as long as Own, or empty
	Peer95 []float64
	First  time.Time
	Marks  []PersonMark
	Value  *float64 // highest of the 7 days; nil: none
	Median *float64
	P95    *float64
	Tall   bool
}

// Heat is the class of Value.
func (s PersonStrip) Heat() string { return s.heat(level(*s.Value, s.Scale)) }

// PersonMark is an event on the strips.
type PersonMark struct {
	Day  int
	At   time.Time
	Text string // "notice given"
}

// PersonAlert is an open alert.
type PersonAlert struct {
	URL     string
	Score   float64
	Scale   float64
	Flagged bool
	Results int
	Models  string
	State   string
	Status  string
	At      time.Time
}

// PersonResult is a line of the results.
type PersonResult struct {
	URL     string
	Score   float64
	Scale   float64
	Flagged bool
	Dims    []Dim
	Text    string // of the evidence; empty: none
	More    int    // further pieces
	Model   string
	At      time.Time
	State   string
	Status  string
}

// PersonDecision is a decision about one of the person's alerts.
type PersonDecision struct {
	URL    string
	State  string // picks the sign
	Text   string // "Dismissed 0.61, expected for the role"
	By     string
	At     time.Time
	Note   string
	Undone bool
}

// PersonLook is an entry of who looked at this person.
type PersonLook struct {
	Text string // "ana opened this page"
	At   time.Time
	Why  string // of a reveal
}

// heatFrom are the levels from which a cell has the colours h1 to h5.
var heatFrom = [5]float64{.30, .45, .60, .75, .90}

// gridView holds one path for each colour, in a box of one unit a cell.
type gridView struct {
	Box   string
	Paths [5]string
}

func weekGrid(rows [7][]float64) gridView { return gridPaths(rows[:]) }

func hourGrid(rows [7][24]float64) gridView {
	list := make([][]float64, len(rows))
	for i := range rows {
		list[i] = rows[i][:]
	}
	return gridPaths(list)
}

func gridPaths(rows [][]float64) gridView {
	wide := 0
	var b [5]strings.Builder
	for r, row := range rows {
		wide = max(wide, len(row))
		for c, v := range row {
			for k := len(heatFrom) - 1; k >= 0; k-- {
				if v >= heatFrom[k] {
					_, _ = b[k].WriteString("M" + strconv.Itoa(c) + " " + strconv.Itoa(r) + "h.9v.88h-.9z")
					break
				}
			}
		}
	}
	g := gridView{Box: "0 0 " + strconv.Itoa(max(wide, 1)) + " " + strconv.Itoa(len(rows))}
	for k := range b {
		g.Paths[k] = b[k].String()
	}
	return g
}

// gridName is what a grid says to those who cannot see it.
func gridName(what string, g gridView) string {
	hotter, all := 0, 0
	for k, p := range g.Paths {
		n := strings.Count(p, "M")
		if all += n; heatFrom[k] >= .6 {
			hotter += n
		}
	}
	return what + ": " + store.Plural(all, "cell", "cells") + " from 0.3 up, " + strconv.Itoa(hotter) + " of them from 0.6"
}

// Months are the labels under the weeks: the month of the first, the middle and the last.
func (p PersonData) Months() []string {
	n := len(p.Weeks[0])
	if n == 0 {
		return nil
	}
	var out []string
	for _, w := range []int{0, n / 2, n - 1} {
		out = append(out, p.First.AddDate(0, 0, 7*w).Format("Jan"))
	}
	return out
}

// Ticks are the days named under the strips.
func (p PersonData) Ticks() []time.Time {
	var out []time.Time
	for _, d := range []int{0, 15, 30, 45} {
		out = append(out, p.First.AddDate(0, 0, d))
	}
	return out
}

// Compared tells whether any strip has a band of peers.
func (p PersonData) Compared() bool {
	return slices.ContainsFunc(p.Strips, func(s PersonStrip) bool { return len(s.Peer95) > 0 })
}
