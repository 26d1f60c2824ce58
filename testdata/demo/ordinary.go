package main

import (
	"slices"
	"time"
)

// longestGap is less than the two hours within which the demo's newest result lies, whenever it is started.
const longestGap = 110 * time.Minute

// ordinary makes the results of the days after the story: the same people on quiet days, and the shifts that work at
// night and on weekends, so that something always arrived a short while ago.
func ordinary(staff []person) []result {
	var out []result
	for day := storyDays; day < allDays; day++ {
		for _, p := range staff {
			out = append(out, daily(p, day)...)
		}
	}
	out = append(out, aftermath(staff))
	slices.SortStableFunc(out, func(a, b result) int { return a.at.Compare(b.at) })
	return append(out, shifts(staff, out)...)
}

// aftermath keeps the leaver, who is gone since day 58, the freshest of the serious cases on every day on which the demo
// may be started.
func aftermath(staff []person) result {
	i := slices.IndexFunc(staff, func(p person) bool { return p.part == leaver })
	p, at := staff[i], moment(storyDays, 0, 20)
	r := newResult(p, storyDays, at, "mail-graph 0.9", 760, [4]int{email: 760}, []int{email})
	r.evidence = []evidence{{
		Description: "A rule left in the closed mailbox forwarded 14 messages to a competitor's domain",
		Type:        "email", From: stamp(at.AddDate(0, 0, -2)), To: stamp(at), Subject: "recruiting@rival-works.example",
	}}
	return r
}

// shifts fills each gap between the given results (in the order of time) with low results about whoever is on duty: one
// person for each eight hours, nobody twice. The models take turns, so that none of them falls silent.
func shifts(staff []person, given []result) []result {
	pool := shiftPool(staff)
	var out []result
	last := given[0].at
	for _, next := range append(given[1:len(given):len(given)], result{at: moment(allDays, 0, 0)}) {
		for next.at.Sub(last) > longestGap {
			last = last.Add(time.Duration(85+draw(20, "gap", len(out))) * time.Minute)
			turn := int(last.Sub(moment(storyDays, 0, 0)) / (8 * time.Hour))
			out = append(out, onDuty(pool[turn], storyDays+turn/3, last, len(out)))
		}
		last = next.at
	}
	return out
}

// shiftPool is everybody who may be on duty, shuffled.
func shiftPool(staff []person) []person {
	var pool []person
	for _, p := range staff {
		if p.part == "" && (p.Department == "Operations" || p.Department == "IT" || p.Department == "Contractors") {
			pool = append(pool, p)
		}
	}
	slices.SortFunc(pool, func(a, b person) int { return draw(1e9, "duty", a.n) - draw(1e9, "duty", b.n) })
	return pool
}

// onDuty is the n-th result of a shift, just above what its model posts at all.
func onDuty(p person, day int, at time.Time, n int) result {
	extra := draw(40, "onduty", n)
	a := [4]int{email: 60, web: 90, device: 20, login: 340 + extra}
	k := n % (len(models) + 1)
	if k == len(models) || !models[k].runs(day) {
		return newResult(p, day, at, profile, profileScore(a), a, []int{email, web, device, login})
	}
	m := models[k]
	a[m.channel] = m.from + extra
	return newResult(p, day, at, m.name, a[m.channel], a, []int{m.channel})
}
