package templates

import "time"

// PeekData is what the panel beside the queue shows of the current row.
type PeekData struct {
	Glance
	Now    time.Time
	URL    string // "/alerts/42"
	Model  string
	Models int         // that agree
	Rank   string      // "score 0.94, flagged +0.06"
	More   int         // pieces of evidence that are not listed
	Strip  PersonStrip // of 60 days
	Open   bool
}

// Past tells whether there is anything to draw of the 60 days.
func (p PeekData) Past() bool { return len(p.Strip.Own) > 0 }
