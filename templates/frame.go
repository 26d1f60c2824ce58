package templates

import (
	"time"

	"citd/store"
)

// Frame is what every page shows around its own matter. Each page type embeds one.
type Frame struct {
	Title   string    // of the page, as in "Queue"
	Host    string    // host and port by which the browser came, as in "127.0.0.1:8000"
	Path    string    // path and query of this page, for forms that come back to it
	Now     time.Time // time of rendering, in the zone to show; ages are counted from it
	User    string    // name of the person signed in; empty: no bar, nobody is signed in
	Role    string    // "viewer", "analyst" or "admin"
	Here    string    // entry of the navigation that is lit: "queue", "heatmap", ...
	Nav     Nav
	Waiting int    // alerts that need a decision, beside Queue; 0 shows none
	Mode    string // "ids", "pseudonyms" or "names"; empty shows no chip
	ModeAt  string // URL where an admin changes the mode; empty: the chip is text
	Theme   string // "light", "dark", or "auto" (as is "")
	Dense   bool   // rows without their second line
	Events  string // URL of the event stream, "/events?view=open"; empty: the page is not live
	Reveal  string // URL that shows a hidden name for a reason; empty: not to be had here
	Notice  string // one sentence about what was just done, above the page
	Demo    bool   // made-up data: said in the bar
}

// Nav holds the URL of each page.
type Nav struct {
	Queue, Heatmap, Explore, People, Models, Activity, Settings string
}

// navEntry is one entry of the bar. Keys is its chord, the name of a row of Keys.
type navEntry struct{ ID, Label, URL string }

// NavEntries lists the entries in order.
func (f Frame) NavEntries() []navEntry {
	return []navEntry{
		{"queue", "Queue", f.Nav.Queue},
		{"heatmap", "Heat map", f.Nav.Heatmap},
		{"explore", "Explore", f.Nav.Explore},
		{"people", "People", f.Nav.People},
		{"models", "Models", f.Nav.Models},
		{"activity", "Activity", f.Nav.Activity},
		{"settings", "Settings", f.Nav.Settings},
	}
}

// NextTheme is what the theme button asks for: automatic, light, dark and round again.
func (f Frame) NextTheme() string {
	switch f.Theme {
	case "light":
		return "dark"
	case "dark":
		return "auto"
	}
	return "light"
}

// Link is a place to go; an empty URL shows the text alone.
type Link struct{ Text, URL string }

// Span is a piece of a sentence: plain, bold, or a link.
type Span = store.Phrase

// Snooze is one offer of how long an alert may sleep.
type Snooze struct {
	Text  string // "Tomorrow 08:00"
	Until string // as datetime-local: "2026-11-24T08:00"
}
