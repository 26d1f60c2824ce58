package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// profile is the one model that measures all four channels; it posts from profileFrom.
const (
	profile     = "role-profile 2.1"
	profileFrom = 240
)

// models measure one channel each; the others are absent from their results, not 0.
var models = []struct {
	name    string
	channel int
	from    int                // posts a value of at least this
	runs    func(day int) bool // at all
}{
	{"usb-watch 1.0", device, 330, func(int) bool { return true }},
	{"mail-graph 0.9", email, 330, func(d int) bool { return d < 44 || d > 46 }}, // the outage that /models shows
	{"login-hours 3.0", login, 430, func(int) bool { return true }},
	{"web-risk 1.3", web, 360, func(d int) bool { return d < 38 }},
	{"web-risk 1.4", web, 360, func(d int) bool { return d >= 38 }},
}

// result is one result of a model, with the evidence it names.
type result struct {
	p        person
	day      int
	at       time.Time
	model    string
	score    int
	values   [4]int
	channels []int // those the model measures
	evidence []evidence
	again    bool // the client sent this post a second time
}

// story makes the results of the days with fixed counts.
func story(staff []person) []result {
	var out []result
	for day := range storyDays {
		for _, p := range staff {
			for _, r := range daily(p, day) {
				r.again = draw(1000, "retry", r.model, p.n, day) < 25
				out = append(out, r)
			}
		}
	}
	return out
}

// daily is what the models post about a person on a day.
func daily(p person, day int) []result {
	if p.left > 0 && day >= p.left {
		return nil
	}
	if weekend(day) && p.part != oncall && draw(1000, "we", p.n, day) >= 40 {
		return nil
	}
	a := anomalies(p, day)
	at := when(p, day, a[login] > 500 && p.part != "")
	var out []result
	add := func(model string, score int, channels ...int) {
		out = append(out, newResult(p, day, at, model, score, a, channels))
	}
	if s := profileScore(a); s >= profileFrom {
		add(profile, s, email, web, device, login)
	}
	for _, m := range models {
		if v := a[m.channel]; v >= m.from && m.runs(day) {
			add(m.name, v, m.channel)
		}
	}
	return out
}

func newResult(p person, day int, at time.Time, model string, score int, a [4]int, channels []int) result {
	r := result{p: p, day: day, at: at, model: model, score: score, channels: channels}
	for _, c := range channels {
		r.values[c] = a[c]
		if a[c] >= 200 {
			r.evidence = append(r.evidence, newEvidence(p, day, c, a[c], at))
		}
	}
	return r
}

// profileScore weighs the three highest channels 6:3:1.
func profileScore(a [4]int) int {
	s := slices.Sorted(slices.Values(a[:]))
	return clamp((6*s[3] + 3*s[2] + s[1]) / 10)
}

// when is the time of a person's results of a day: working hours, or late.
func when(p person, day int, night bool) time.Time {
	hour, minute := 9+draw(9, "h", p.n, day), draw(60, "mi", p.n, day)
	if night {
		hour = (22 + draw(5, "h", p.n, day)) % 24
	}
	return moment(day, hour, minute)
}

type employeeRef struct {
	EmployeeID string `json:"employee_id"`
}

type resultBody struct {
	Employee employeeRef `json:"employee"`
	Date     string      `json:"date"`
	Reporter string      `json:"reporter"`
	Flag     string      `json:"flag"` // as text, as Python's str(bool) reads
	Score    json.Number `json:"score"`
	Email    json.Number `json:"email_anomaly,omitempty"`
	Web      json.Number `json:"web_anomaly,omitempty"`
	Device   json.Number `json:"device_anomaly,omitempty"`
	Login    json.Number `json:"login_anomaly,omitempty"`
	Evidence []evidence  `json:"evidence"`
}

func resultLines(results []result) []line {
	var lines []line
	for i, r := range results {
		b := resultBody{
			Employee: r.p.employeeRef, Date: stamp(r.at), Reporter: r.model, Flag: "False",
			Score: decimal(r.score), Evidence: append([]evidence{}, r.evidence...),
		}
		if r.score >= 600 {
			b.Flag = "True"
		}
		fields := [4]*json.Number{email: &b.Email, web: &b.Web, device: &b.Device, login: &b.Login}
		for _, c := range r.channels {
			*fields[c] = decimal(r.values[c])
		}
		l := line{at: r.at, Resource: "detectionmodelresult", Key: fmt.Sprintf("demo-%04d", i+1), Body: b}
		lines = append(lines, l)
		if r.again {
			lines = append(lines, l)
		}
	}
	return lines
}

// decimal is thousandths as a number between 0 and 1.
func decimal(x int) json.Number { return json.Number(fmt.Sprintf("0.%03d", x)) }
