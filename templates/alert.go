package templates

import (
	"slices"
	"time"

	"citd/store"
)

// Glance is what the page of an alert and the panel beside the queue both show of it.
type Glance struct {
	ID       int64
	Label    string    // who, in the display mode
	Sub      string    // "MH022 · Engineer, Engineering"
	Person   string    // URL of the person's page; empty: no link
	At       time.Time // date of the highest result
	Score    float64   // its score, as posted
	Scale    float64   // of that score; 0 means 1
	Flagged  bool
	State    string // see Row.State
	Status   string // see Row.Status
	Why      []Span // the sentence
	Dims     []Dim
	Peers    string // who is compared, or why nobody
	Evidence []Evidence
	Pieces   int  // of evidence in all; more than listed when larger than len(Evidence)
	Decide   bool // the reader may decide
	Snoozes  []Snooze
}

// HasPeers tells whether any dimension has a band of peers to compare with.
func (g Glance) HasPeers() bool {
	return slices.ContainsFunc(g.Dims, func(d Dim) bool { return d.Peer95 != nil })
}

// HasOwn tells whether any dimension has an own median.
func (g Glance) HasOwn() bool {
	return slices.ContainsFunc(g.Dims, func(d Dim) bool { return d.Median != nil })
}

// AlertData is what the page of one alert shows; /results/ID is the same page with a result marked.
type AlertData struct {
	Frame
	Glance
	Model    Link   // reporter of the highest result
	Rank     int    // place in the queue; 0: not in it
	Of       int    // alerts in the queue
	Changed  bool   // a result was changed or deleted after the decision
	Baseline string // said under the table: "own median over 60 days", "no baseline yet (3 results)"
	Results  []Result
	Prior    []Prior // earlier alerts of this person that were decided
	Notes    []Note
	Trail    []Step
	Facts    []Fact       // about the model
	Parts    []store.Part // the model's own account of the highest result; they take the place of the shares
	Similar  []Row        // decided alerts of other people, At the time of the decision
	Unlike   string       // what is said when nothing, or nothing close, was decided before
	Marks    []time.Time  // events of employment, on the axis
	Until    time.Time    // who it is is shown until then; zero: hidden, or shown to everybody
	Reveals  []store.Reason
	Prev     string // URL of the neighbours in the queue; empty: none
	Next     string
	Place    int // in the order that the reader left: "3 of 83"; 0: not known
	Places   int

	Unseen  bool   // fetched ahead: the page itself tells when it is looked at
	Mine    bool   // in review by the reader
	Seen    int64  // newest decision on the alert, 0 for none
	Back    string // where the plain forms return to
	Undo    *Undo  // the newest decision, if it can be undone
	Problem string // why a posted form was refused; Draft holds what it said
	Draft   Draft
	Reasons []store.Reason
}

// Open tells whether the alert is still to be decided.
func (a AlertData) Open() bool {
	return a.State == "new" || a.State == "in_review" || a.State == "snoozed"
}

// Closed tells whether it is decided, and can be reopened.
func (a AlertData) Closed() bool { return a.State == "confirmed" || a.State == "dismissed" }

// Ranked lists the dimensions from the highest down; those not reported come last.
func (a AlertData) Ranked() []Dim {
	ds := slices.Clone(a.Dims)
	slices.SortStableFunc(ds, func(x, y Dim) int { return byRank(y, x) })
	return ds
}

// HasShares tells whether any dimension has a share of the score.
func (a AlertData) HasShares() bool {
	return len(a.Parts) == 0 && slices.ContainsFunc(a.Dims, func(d Dim) bool { return d.Share != nil })
}

// Axis is the time that the evidence and the results of the alert span.
func (a AlertData) Axis() *Axis {
	spans := make([]span, 0, len(a.Evidence)+len(a.Results))
	for _, e := range a.Evidence {
		spans = append(spans, span{e.From, e.To})
	}
	marks := make([]time.Time, 0, len(a.Results))
	for _, r := range a.Results {
		marks = append(marks, r.At)
	}
	return newAxis(spans, marks, a.Marks)
}

// shownEvidence is how many pieces of evidence stand open on the page; the others are folded away.
const shownEvidence = 14

// First lists the newest pieces of evidence, and Rest those that are folded away.
func (a AlertData) First() []Evidence { return a.Evidence[:min(len(a.Evidence), shownEvidence)] }

// Rest lists the older pieces.
func (a AlertData) Rest() []Evidence { return a.Evidence[len(a.First()):] }

// Listed counts the pieces of evidence that the page lists, also those that stand there once for several.
func (a AlertData) Listed() (n int) {
	for _, e := range a.Evidence {
		n += max(e.Times, 1)
	}
	return n
}

// Evidence is one piece of evidence.
type Evidence struct {
	Type      string // as posted: email, web, device, login, file, hr, policy or anything
	Text      string
	Subject   string
	From, To  time.Time // zero: not given
	Hot       bool      // its dimension is high in this alert
	Link      string    // http(s) URL in the source system; empty: none
	Source    string
	Technique string // ATT&CK id
	Clears    bool   // speaks for the person
	Times     int    // posted so often in the same words; 0 is once
}

// Result is one result of the alert.
type Result struct {
	ID      int64
	URL     string // "/results/7"
	At      time.Time
	Model   string
	Score   float64 // as posted
	Flagged bool
	Dims    []Dim
	Pieces  int    // of evidence
	Covered string // decision that covers it: "dismissed 12 Nov"; empty: undecided, can be ticked
	Marked  bool   // the one that the URL names
	Skip    bool   // not ticked, as a refused form had it
}

// Dismissed counts the similar alerts that were dismissed.
func (a AlertData) Dismissed() (n int) {
	for _, s := range a.Similar {
		if s.State == "dismissed" {
			n++
		}
	}
	return n
}

// Prior is how an earlier alert of the same person was decided; its Text is as Row.Status and Row.Detail.
type Prior struct {
	PersonDecision
	Score float64
}

// Note is one note, as text.
type Note struct {
	Text string
	By   string
	At   time.Time
}

// Step is one line of the trail.
type Step struct {
	State string // picks the sign: a state, "flag", "note", "view" or "post"
	Text  string
	Note  string
	At    time.Time
}

// Fact is a line of a small table.
type Fact struct {
	Name  string
	Value Link
}

// Undo is a decision that can be taken back.
type Undo struct {
	Decision int64
	Text     string // "Dismissed by ana, today 09:38"
}

// Draft is what a refused form said, so that nothing is typed twice.
type Draft struct {
	Reason string
	Note   string
	Until  string
	Over   string
}
