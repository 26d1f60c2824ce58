package templates

import "math"

// PeopleData is the list of people.
type PeopleData struct {
	Frame
	Query   string
	Found   int
	Whole   int // employees in all
	Heads   []PeopleHead
	Order   string // value of order= for the search form; empty: the usual one
	Says    string // the order in words: "highest score in the last 7 days"
	Rows    []PeopleRow
	Next    string // URLs; empty: none
	First   string
	Export  string
	Clear   string
	HasRole bool // anybody has a role
}

// PeopleHead is the head of a column.
type PeopleHead struct {
	Label   string
	URL     string // that orders by it; empty: nothing does
	Current bool
	Up      bool // from the lowest
	Num     bool
	Narrow  bool // not on a small screen
}

// PeopleRow is a person.
type PeopleRow struct {
	URL    string
	Label  string
	Sub    string // beside it
	Role   string
	Dims   []Dim
	Peak   *float64 // as posted; nil: no result in 7 days
	Scale  float64
	Change *float64
	Days   []float64 // 60 levels; NaN is a day without a result
	Band   float64   // 95th percentile of the role; 0: none
	Open   int
}

// wideSpark is a line of 60 days in a box of 150 by 24.
type wideSpark struct {
	sparkView
	Dots  string // values without a neighbour
	Faint string // over the gaps
}

func sparkWide(days []float64, band float64) wideSpark {
	x := func(i float64) float64 { return 2 + 144*i/max(float64(len(days)-1), 1) }
	y := func(v float64) float64 { return 21 - 18*level(v, 1) }
	s := wideSpark{sparkView: sparkView{Line: polyline(days, x, y)}}
	for i, v := range days {
		if !math.IsNaN(v) {
			s.X, s.Y, s.Heat = px(x(float64(i))), px(y(v)), heat(v, 1)
		}
	}
	s.Dots, s.Faint = sparse(days, x, y)
	if band > 0 {
		s.BandY, s.BandH = px(y(band)), px(21-y(band))
	}
	return s
}

// signed writes a change: +0.38, −0.06.
func signed(v float64) string {
	switch {
	case v < 0:
		return "−" + num(-v)
	default:
		return "+" + num(v)
	}
}
