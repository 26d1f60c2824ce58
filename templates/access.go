package templates

import "time"

// LoginData is what the sign-in page shows.
type LoginData struct {
	Frame
	Code    string // from the printed link: one button posts it; empty: the other two forms
	Press   bool   // a script may press it
	Name    string // as typed before
	Problem string // why the last try failed
	Back    string // where to go after; empty: the queue
}

// WelcomeData is what the first sign-in on a new file asks.
type WelcomeData struct {
	Frame
	AskMode     bool
	AskPassword bool
	Min         int    // characters that a password needs
	Choice      string // mode picked before; "" is ids
	Problem     string
}

// FirstRunData is what the queue shows while no result was ever posted.
type FirstRunData struct {
	Frame
	API      string // "http://127.0.0.1:8000/data-sub/api/"
	Login    string // user name for the API, to stand in the snippets
	Password string // a token to show once, or a word that stands for it
	From, To string // dates of the example, as posted: "2026-11-18", "2026-11-23"
	Steps    []Task
}

// Task is a line of the list that ticks itself.
type Task struct {
	Text   string
	Detail string
	Done   bool
	Tick   string // event that ticks it: "alerts"; empty: none
}

// ErrorData is what the error page shows.
type ErrorData struct {
	Frame
	Status  int
	Heading string // what happened: "There is no alert 99120"
	Detail  string // why, and what to do next
	Links   []Link // where to go; the first is the main one
	Request string // id, to find the log line
	At      time.Time
}
