package templates

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
	Often  int       // days with a result, of the last 28
	Usual  string    // the median of those days in the role
	Open   int
}
