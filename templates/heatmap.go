package templates

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Heatmap is the page of people by days.
var Heatmap = page[HeatmapData]("heatmap.html")

// HeatmapData is what the heat map shows. Levels are scores over their scale, in hundredths.
type HeatmapData struct {
	Frame
	People  int       // in the file
	From    time.Time // the first day
	Days    int
	First   int // the brushed window: days counted from From, both included
	Last    int
	Orders  []View
	Heights []View // rows, all on one screen, table
	Order   string
	Fit     bool // rows of 3 pixels
	Table   bool // the same people as a table
	Rows    []HeatRow
	Top     []HeatRow // at most 8, who stand out in the window
}

// HeatRow is one person.
type HeatRow struct {
	URL, Label string
	Sub        string // beside the label: "MH022 · Engineer"
	Dept       string
	Levels     []int8 // -1: no result
	Sum        int    // excess over 0.45 in the window
	Peak       int    // highest level in the window; -1: no result
	At         int    // its day
	Over       int    // days at 0.6 and up in the window
}

// Hot tells whether the person stands out by more than a little.
func (r HeatRow) Hot() bool { return r.Peak >= 75 }

// About is the second line on a person: "MH022 · Engineer · Sales".
func (r HeatRow) About() string { return strings.Trim(r.Sub+" · "+r.Dept, " ·") }

// Days writes the levels for the script: hundredths, a dot for a day without a result.
func (r HeatRow) Days() string {
	list := make([]string, len(r.Levels))
	for i, v := range r.Levels {
		list[i] = "."
		if v >= 0 {
			list[i] = strconv.Itoa(int(v))
		}
	}
	return strings.Join(list, " ")
}

// Level writes a level as a score: 72 as 0.72.
func (HeatRow) Level(v int) string { return fmt.Sprintf("%.2f", float64(v)/100) }

// Day is a day of the map.
func (d HeatmapData) Day(n int) time.Time { return d.From.AddDate(0, 0, n) }

// Window is the brushed window in words: "10 to 23 Nov".
func (d HeatmapData) Window() string {
	a, b := d.Day(d.First), d.Day(d.Last)
	switch {
	case d.First == d.Last:
		return b.Format("2 Jan")
	case a.Month() == b.Month():
		return a.Format("2") + " to " + b.Format("2 Jan")
	}
	return a.Format("2 Jan") + " to " + b.Format("2 Jan")
}

// Ticks are the days to label: every tenth, and the last.
func (d HeatmapData) Ticks() (days []time.Time) {
	for n := 0; n < d.Days-5; n += 10 {
		days = append(days, d.Day(n))
	}
	if d.Days > 0 {
		days = append(days, d.Day(d.Days-1))
	}
	return days
}

// heatView holds the paths in a box as wide as there are days and as high as there are people.
type heatView struct {
	Box      string
	Weekends string
	Levels   [5]string
	Window   string // lines at its ends
	Sum, Hot string // bars at the side, in a box 100 wide
	In, Out  string // bars of people per day, in a box 52 high
	End      int    // of the window
	Rest     int    // width of what lies behind it
}

// View lays out the map.
func (d HeatmapData) View() heatView {
	n := max(len(d.Rows), 1)
	v := heatView{
		Box: fmt.Sprintf("0 0 %d %d", d.Days, n), Window: fmt.Sprintf("M%d 0V%dM%d 0V%d", d.First, n, d.Last+1, n),
		End: d.Last + 1, Rest: max(d.Days-d.Last-1, 0),
	}
	var cells [5]strings.Builder
	most := 1
	for _, r := range d.Rows {
		most = max(most, r.Sum)
	}
	for y, r := range d.Rows {
		for x, level := range r.Levels {
			if q := heatLevel(level); q > 0 {
				fmt.Fprintf(&cells[q-1], "M%d %dh.9v.86h-.9z", x, y) //nolint:gosec // heatLevel gives 0 to 5
			}
		}
		if w := 100 * float64(r.Sum) / float64(most); w > .5 {
			bar := fmt.Sprintf("M0 %d.12h%sv.76H0z", y, tenth(w))
			v.Sum += bar
			if r.Hot() {
				v.Hot += bar
			}
		}
	}
	for i := range cells {
		v.Levels[i] = cells[i].String()
	}
	for x := range d.Days {
		if weekend(d.Day(x)) {
			v.Weekends += fmt.Sprintf("M%d 0h1v%dh-1z", x, n)
		}
	}
	v.In, v.Out = d.counts()
	return v
}

// heatLevel is the step of a level's colour: 0 none, 1 from 0.30, 5 from 0.90.
func heatLevel(level int8) int {
	switch {
	case level < 30:
		return 0
	case level < 90:
		return int(level-30)/15 + 1
	}
	return 5
}

// counts are bars of how many people were reported at 0.6 or more, inside and outside the window.
func (d HeatmapData) counts() (in, out string) {
	counts, most := make([]int, d.Days), 1
	for _, r := range d.Rows {
		for x, level := range r.Levels {
			if level >= 60 && x < d.Days {
				counts[x]++
				most = max(most, counts[x])
			}
		}
	}
	for x, c := range counts {
		if c == 0 {
			continue
		}
		h := tenth(52 * float64(c) / float64(most))
		bar := fmt.Sprintf("M%d.2 52v-%sh.7v%sz", x, h, h)
		if x >= d.First && x <= d.Last {
			in += bar
		} else {
			out += bar
		}
	}
	return in, out
}
