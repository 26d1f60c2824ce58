package main

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

type eventBody struct {
	Employee employeeRef `json:"employee"`
	Kind     string      `json:"kind"`
	At       string      `json:"at"`
	Until    string      `json:"until,omitempty"`
	Text     string      `json:"text"`
	Source   string      `json:"source"`
}

// eventLines are the facts about people that explain a result, or do not.
func eventLines(staff []person) []line {
	var lines []line
	add := func(p person, kind string, day, lastDay int, text, source string) {
		b := eventBody{Employee: p.employeeRef, Kind: kind, At: stamp(moment(day, 9, 0)), Text: text, Source: source}
		if lastDay > 0 {
			b.Until = stamp(moment(lastDay, 18, 0))
		}
		lines = append(lines, line{at: moment(day, 9, 0), Resource: "employeeevent", Body: b})
	}
	for _, p := range staff {
		if p.left > 0 {
			add(p, "left", p.left, 0, "Left the company", "HR")
		}
		switch p.part {
		case leaker:
			add(p, "access_change", 38, 0, "Read access to the design archive", "IT")
		case leaver:
			add(p, "notice_given", 50, 0, "Notice given, last day in a week", "HR")
		case honestleaver:
			add(p, "notice_given", 30, 0, "Notice given, last day in two weeks", "HR")
		case keylogger:
			add(p, "access_change", 32, 0, "All access withdrawn", "IT")
		case oncall:
			add(p, "note", 0, 0, "On call in every second week, weekend included", "IT rota")
		case nightparent:
			add(p, "note", 11, 0, "Working hours moved to late evening, agreed with the manager", "HR")
		case roamer:
			add(p, "note", 21, 25, "Business trip to a client abroad", "travel desk")
		}
		if slices.Contains([]int{7, 68, 99, 168}, p.n) { // four people without a part
			add(p, "role_change", 10+p.n%40, 0, "Moved to another team in "+p.Department, "HR")
		}
	}
	return lines
}

type decisionBody struct {
	Employee employeeRef `json:"employee"`
	At       string      `json:"at"`
	Action   string      `json:"action"`
	Reason   *int        `json:"reason,omitempty"`
	Note     string      `json:"note"`
	Analyst  string      `json:"analyst"`
	Batch    string      `json:"batch,omitempty"`
}

// Reasons of a dismissal, by their digit.
const (
	cleared       = 0
	expected      = 1
	businessEvent = 3
)

// decisionLines are the twelve decisions made before the visitor comes.
func decisionLines(staff []person, results []result) []line {
	var lines []line
	add := func(p person, at time.Time, reason int, b decisionBody) {
		b.Employee, b.At = p.employeeRef, stamp(at)
		if b.Action == "" {
			b.Action, b.Reason = "dismiss", &reason
		}
		lines = append(lines, line{at: at, Resource: "decision", Body: b})
	}
	for _, p := range staff {
		switch p.part {
		case oncall:
			add(p, moment(7, 9, 40), expected, decisionBody{Note: "On call last week, see the rota", Analyst: "rowan"})
			add(p, moment(21, 9, 25), expected, decisionBody{Note: "On call again", Analyst: "rowan"})
		case roamer:
			add(p, moment(27, 11, 15), cleared, decisionBody{Note: "Trip confirmed by the travel desk and by Legal", Analyst: "sasha"})
		case keylogger:
			add(p, moment(33, 10, 5), 0, decisionBody{Action: "confirm", Note: "Keystroke logger found on the supervisor's PC, handed to HR", Analyst: "sasha"})
		}
	}
	for _, p := range quarterEnd(results) {
		add(p, moment(31, 18, 30), businessEvent, decisionBody{Note: "Quarter end, late work announced by Finance", Analyst: "sasha", Batch: "quarter end"})
	}
	return lines
}

// quarterEnd are the eight people of Finance with the highest scores of the quarter's last days.
func quarterEnd(results []result) []person {
	peak, who := map[int]int{}, map[int]person{}
	for _, r := range results {
		if r.p.Department == "Finance" && r.p.part == "" && r.day >= 28 && r.day <= 31 {
			peak[r.p.n], who[r.p.n] = max(peak[r.p.n], r.score), r.p
		}
	}
	all := slices.SortedFunc(maps.Values(who), func(a, b person) int { return cmp.Or(peak[b.n]-peak[a.n], a.n-b.n) })
	return all[:8]
}
