package templates

import (
	"strconv"
	"strings"

	"citd/store"
)

// Explore is the page of results as parallel coordinates; ExploreRows are further rows of its table.
var (
	Explore     = page[ExploreData]("explore.html")
	ExploreRows = &Page[[]ExploreRow]{Explore.tmpl, "xrows"}
)

// ExploreData is what explore shows.
type ExploreData struct {
	Frame
	Query   string // the filter, as typed
	Problem string // what is wrong with it; empty: nothing
	Total   int    // results that are drawn
	InFile  int    // results that there are
	Match   int    // results that the filter lets through
	People  int    // people they are about
	Hot     int    // of those results, with a score of 0.7 and up
	Open    int    // of those results, without a decision
	Any     bool   // there is a filter
	Fields  []ExploreField
	Other   string // words of the filter that no field holds
	Axes    string // value of axes= as asked for; empty: the usual ones
	Plot    Plot
	Dims    []Dim // without values, for the head of the combs
	Rows    []ExploreRow
	Next    string   // URL of the next page, for readers without script; empty: none
	First   string   // URL of the first page, when this is a later one
	Best    Clearing // nothing matches: what brings back the most
	Sum     string   // names the set of matching results, so that a decision is about what was seen
	Bulk    BulkDone
	Decide  bool // the reader may decide
	Reasons []store.Reason
	Snoozes []Snooze
}

// Clearing is what is found when an axis is cleared.
type Clearing struct {
	Axis, URL string
	Count     int // 0: nothing
}

// ExploreField is one axis as fields of a form.
type ExploreField struct {
	Key, Title string
	Kind       string // "date", "category" or "level"
	Lo, Hi     string // as the field takes it; empty: open
	None       bool   // what was not measured
	Always     bool   // it is measured in every result
	Choices    []ExploreBox
}

// ExploreBox is one box of a category.
type ExploreBox struct {
	Value, Label string
	On           bool
}

// ExploreRow is one result in the table of explore.
type ExploreRow struct {
	Row
	After string // where the next page goes on, if this is the last row
}

// Plot is the drawing for readers without script: a sample of the lines.
type Plot struct {
	Axes  []PlotAxis
	Lines []PlotLine
}

// PlotAxis is one axis of a Plot.
type PlotAxis struct {
	Title       string
	Boxes       []string // of a category; else empty
	Top, Bottom string   // labels of the ends
	Gap         bool     // some results were not measured
}

// PlotLine is one result: its place on each axis from 0 (top) to 1, below 0 where it was not
// measured, and how it is drawn: 0 context, 1 match, 2 hot match.
type PlotLine struct {
	At    []float64
	Class int
}

// The box of a Plot: 1360 by 362, axes from y 34 on, 286 high.
const (
	plotLeft, plotRight = 64, 26
	plotWide            = 1360
	plotTop, plotHigh   = 34, 286
	plotCat, plotNum    = 104, 24
	plotNotch           = 20 // below an axis: not measured
)

type plotView struct {
	Lines [3]string
	Axes  []plotAxisView
	GapX  string // of the words at the first notch; empty: there is none
}

type plotAxisView struct {
	PlotAxis
	X, LabelX string
	Line      string    // path: the axis, and its notch
	Boxes     []plotBox // hides the names
}

type plotBox struct{ X, Y, H, TextX, TextY, Label string }

// View lays out the drawing.
func (p Plot) View() plotView {
	var v plotView
	left, right := plotColumns(p.Axes)
	var lines [3]strings.Builder
	for _, l := range p.Lines {
		b := &lines[l.Class]
		for i, u := range l.At {
			y := float64(plotTop + plotHigh + plotNotch)
			if u >= 0 {
				y = plotTop + u*plotHigh
			}
			if i > 0 {
				b.WriteString("L" + tenth(left[i]) + " " + tenth(y))
			}
			if i+1 < len(l.At) {
				b.WriteString("M" + tenth(right[i]) + " " + tenth(y))
			}
		}
	}
	for i := range lines {
		v.Lines[i] = lines[i].String()
	}
	for i, a := range p.Axes {
		v.Axes = append(v.Axes, plotAxis(a, left[i]))
		if a.Gap && v.GapX == "" {
			v.GapX = tenth(left[i] - 8)
		}
	}
	return v
}

// plotColumns returns the left and the right edge of each axis.
func plotColumns(axes []PlotAxis) (left, right []float64) {
	wide := 0
	for _, a := range axes {
		wide += a.width()
	}
	gap := float64(plotWide-plotLeft-plotRight-wide) / max(float64(len(axes)-1), 1)
	x := float64(plotLeft)
	for _, a := range axes {
		left, right = append(left, x), append(right, x+float64(a.width()))
		x += float64(a.width()) + gap
	}
	return left, right
}

func (a PlotAxis) width() int {
	if len(a.Boxes) > 0 {
		return plotCat
	}
	return plotNum
}

func plotAxis(a PlotAxis, x float64) plotAxisView {
	v := plotAxisView{PlotAxis: a, X: tenth(x), LabelX: tenth(x - 6)}
	if len(a.Boxes) == 0 {
		v.Line = "M" + tenth(x+.5) + " " + strconv.Itoa(plotTop) + "v" + strconv.Itoa(plotHigh)
		if a.Gap {
			v.Line += "M" + tenth(x) + " " + strconv.Itoa(plotTop+plotHigh+plotNotch) + "h" + strconv.Itoa(plotNum)
		}
	}
	h := plotHigh / max(float64(len(a.Boxes)), 1)
	for i, label := range a.Boxes {
		y := plotTop + float64(i)*h
		v.Boxes = append(v.Boxes, plotBox{X: v.X, Y: tenth(y + 1), H: tenth(h - 2), TextX: tenth(x + 8), TextY: tenth(y + h/2 + 4), Label: clip(15, label)})
	}
	return v
}
