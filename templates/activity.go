package templates

import "time"

// ActivityData is the record of activity.
type ActivityData struct {
	Frame
	Kinds  []View
	Kind   string   // value of kind=, for the other forms
	Who    []Choice // analysts and scripts to filter by
	About  *Link    // whom it is about, if only that is shown; the URL takes that away
	Days   []ActivityDay
	Next   string // URL of the page after; empty: none
	First  string
	Back   bool   // nothing was found on this page, but there may be something further back
	Check  string // URL that checks the chain
	Head   string // what the check found, "1,204 entries, head 9f86d0…"; empty: it was not asked
	Broken string // what is wrong with the chain; empty: nothing
}

// ActivityDay is one day.
type ActivityDay struct {
	Label   string // "Today", "Friday 20 November"
	Posts   []Span // what models posted; empty: nothing is said
	Entries []ActivityEntry
}

// ActivityEntry is one entry of the record.
type ActivityEntry struct {
	Sign string // a sign, or "key"
	Says []Span
	Note string // as typed
	From string // in small letters beside it
	At   time.Time
	Seq  int64
}
