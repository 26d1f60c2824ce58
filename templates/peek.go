package templates

import (
	"slices"
	"time"
)

// PeekData is what the panel beside the queue shows of the current row.
type PeekData struct {
	ID       int64
	Now      time.Time
	URL      string    // "/alerts/42"
	Label    string    // who, in the display mode
	Sub      string    // "MH022 · Engineer, Engineering"
	Person   string    // URL of the person's page; empty: no link
	Reveal   string    // URL that shows who it is, for a reason; empty: not to be had
	Until    time.Time // the name is shown until then; zero: it is hidden, or shown to everybody
	Dims     []Dim
	Score    float64 // the highest, as posted
	Scale    float64
	Model    string
	At       time.Time // date of the highest result
	Flagged  bool
	Models   int // that agree
	State    string
	Status   string
	Why      []Span
	Rank     string // "score 0.94, flagged +0.06"
	Evidence []Evidence
	Pieces   int         // of evidence in all
	More     int         // of those, not listed
	Earlier  string      // what was decided about this person before; empty: nothing
	Strip    PersonStrip // of 60 days
	Peers    string      // who is compared, or why nobody
	Decide   bool        // the reader may decide
	Open     bool
	Snoozes  []Snooze
}

// HasPeers tells whether a tooth has the mark of the peers.
func (p PeekData) HasPeers() bool { return hasPeers(p.Dims) }

// HasOwn tells whether a tooth has the line of the own median.
func (p PeekData) HasOwn() bool { return hasOwn(p.Dims) }

// hasOwn tells whether any dimension has an own median.
func hasOwn(dims []Dim) bool {
	return slices.ContainsFunc(dims, func(d Dim) bool { return d.Median != nil })
}

// hasPeers tells whether any dimension has a band of peers to compare with.
func hasPeers(dims []Dim) bool {
	return slices.ContainsFunc(dims, func(d Dim) bool { return d.Peer95 != nil })
}

// Past tells whether there is anything to draw of the 60 days.
func (p PeekData) Past() bool { return len(p.Strip.Own) > 0 }
