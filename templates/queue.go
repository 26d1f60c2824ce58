package templates

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"citd/store"
)

// Dim is one dimension of a result, or its maximum over an alert.
type Dim struct {
	Bounds
	Name   string   // "Device"
	Letter string   // over its tooth in lists: "D"
	Value  *float64 // as posted; nil: not reported, which is not 0
	Scale  float64  // the value drawn as full height; 0 means 1
	Median *float64 // own median, in the unit of Value; nil: not known
	Values int      // own values that there are for a median
	Peer50 *float64 // median and 95th percentile of peers; nil: no band
	Peer95 *float64
	Rank   string   // place among peers, "top 1%"; empty: not known
	Share  *float64 // part of the score, 0 to 1; nil: not known
}

// Heat is the class of its level: low, middle or high.
func (d Dim) Heat() string { return d.heat(d.rank()) }

// rank is the level by which dimensions are compared; -1 for one not reported.
func (d Dim) rank() float64 {
	if d.Value == nil {
		return -1
	}
	return level(*d.Value, d.Scale)
}

func byRank(a, b Dim) int { return cmp.Compare(a.rank(), b.rank()) }

// Row is one line about an alert, or in explore about a result. The queue and the fragments for its live rows share a partial.
type Row struct {
	ID       int64
	URL      string    // "/alerts/42"
	Now      time.Time // time of rendering, in the zone to show
	Priority float64   // the order of the queue, highest first
	Score    float64   // the highest of its results, as posted
	Flagged  bool
	Dims     []Dim  // maximum of each: email, web, device, login, then further ones
	Label    string // who, in the display mode
	Sub      string // second line on who: "MH022 · Engineer"
	Evidence string // description of the strongest piece; empty: none
	More     int    // further pieces
	Over     bool   // there may be still more
	Types    []string
	Results  int    // results in the alert
	Model    string // reporter of the highest result
	Models   int    // distinct models that reported the person
	Spark    []float64
	Band     float64   // 95th percentile of peers over scale, behind the spark; 0: none
	State    string    // "new", "in_review", "snoozed", "confirmed", "dismissed", "withdrawn"
	Status   string    // in words: "In review"
	Detail   string    // of it: "by ana", "expected for the role"; empty: nothing
	At       time.Time // receipt of the newest result
	Earlier  string    // what was decided about this person before: "dismissed 12 Nov"; empty: nothing
	Seen     int64     // newest decision on the alert, 0 for none
	Pick     bool      // with a tick box, for a reader who may decide
	Person   string    // URL of the person's page; empty: none
	Reveal   string    // URL that shows who it is, for a reason; empty: not to be had
}

// View is one view of the queue.
type View struct {
	Name    string // value of view= in URLs; counts of "open", "flagged" and "today" stay live
	Label   string
	URL     string
	Count   int
	Current bool
}

// Bars is a small chart of counts over time or over a scale.
type Bars struct {
	Title  string
	Figure string // the number to read, "25 today"
	Label  string // for those who cannot see it
	Counts []int
	Hot    int // bars from this one on are marked; len(Counts) or more marks none
	Axis   []string
	Quiet  bool // mark in grey instead of ember
}

// QueueData is what the queue shows.
type QueueData struct {
	Frame
	Need    int // alerts that need a decision
	People  int
	Flagged int
	Today   int       // alerts with a result received today
	Oldest  time.Time // receipt of the oldest that waits; zero: none waits
	Decided int       // decisions made today, for the clear state
	Asleep  int       // snoozed alerts
	Wakes   time.Time // when the next of them wakes; zero: at a score only
	Charts  []Bars    // beside the heading; may be empty
	Views   []View
	View    string // value of view= for the filter form
	Query   string // the filter, as typed
	Problem string // what is wrong with the filter; empty: nothing
	Clear   string // URL of this view without the filter
	Dims    []Dim  // without values, for the head of the combs
	Rows    []Row
	Total   int    // alerts in this view
	More    bool   // there may be more: a filter looks at so many at a time
	Next    string // URL of the next page; empty: this is the last
	Further bool   // this one ended before it was full: the next looks further
	First   string // URL of the first page, when this is a later one
	Decide  bool   // the reader may decide
	Reasons []store.Reason
	Snoozes []Snooze
	Reveals []store.Reason // for showing who somebody is

	Saved    []SavedView
	SaveAs   string // what was typed as the name of a view that was refused
	SaveWhy  string // why it was refused; empty: it was not
	MayShare bool
	Help     []FilterHelp
	Only     []string // models that a decision about many covers alone; none: it covers all
	Bulk     BulkDone
	Steps    *Steps // for who is new here; nil: nobody is
}

// SavedView is a view that somebody gave a name.
type SavedView struct {
	ID      int64
	Name    string
	URL     string
	By      string // whose it is, if it is shared by somebody else
	Shared  bool
	Current bool
	Mine    bool // the reader may delete it
}

// FilterHelp is a line of the help beside the filter.
type FilterHelp struct {
	Term, Does string
	URL        string // this view with the term in its filter; empty: only a word of help
}

// BulkDone tells what became of a decision about many, where there is more to say
// than that it was made.
type BulkDone struct {
	URL     string // where the form goes
	Field   string // of the ticks
	Text    string // "34 alerts dismissed"; empty: no more is to be said
	Batch   int64  // to take it back; 0: nothing was done
	Held    []HeldRow
	Skipped []string // "HA001: bob was first: ..."
	Only    []string // models that it covered alone
	Reason  string   // digit, and note, of the decision
	Note    string
}

// HeldRow is an alert that a dismissal of many left out.
type HeldRow struct {
	Value string // of its tick
	URL   string
	Label string
	Why   string // "mail-graph and usb-watch flagged this person"
}

// Steps are the first three steps in the demo.
type Steps struct {
	Top      string // URL of the top alert
	Feedback string // URL of the labels
}

// AnySaved tells whether the reader has a view to delete.
func (q QueueData) AnySaved() bool {
	return slices.ContainsFunc(q.Saved, func(v SavedView) bool { return v.Mine })
}

// combHead is the head of a column of combs: the letters of the four dimensions in their
// places, then the further one, set apart.
func combHead(dims []Dim) string {
	var s string
	for i, d := range dims {
		switch {
		case i < 4:
			s += d.Letter
		case len(dims) > 5:
			return s + " +"
		default:
			s += " " + d.Letter
		}
	}
	return s
}

// dimNames are the names of dimensions, in their order.
func dimNames(dims []Dim) string {
	names := make([]string, len(dims))
	for i, d := range dims {
		names[i] = d.Name
	}
	return strings.Join(names, ", ")
}

// Quiet tells whether there is nothing left to decide in the first view, unfiltered.
func (q QueueData) Quiet() bool { return q.Need == 0 && q.View == "open" && q.Query == "" }
