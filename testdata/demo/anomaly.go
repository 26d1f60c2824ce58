package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
)

// draw is a number in [0, n) that depends on the key alone: not on the order of draws, the platform or the version of Go.
// All values are integers (thousandths) for the same reason. The key's odd spelling is frozen: the story's counts were
// found with it.
func draw(n int, key ...any) int {
	plain := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(key...)), "|"), "[]")
	h := sha256.Sum256([]byte("citd-demo-1|" + plain + "|" + fmt.Sprintf("%q", key)))
	return int(binary.BigEndian.Uint64(h[:8]) % uint64(n))
}

// The four dimensions that models measure.
const (
	email = iota
	web
	device
	login
)

var channelNames = [4]string{"email", "web", "device", "login"}

// anomalies are the four values of a person on a day, in thousandths.
func anomalies(p person, day int) [4]int {
	var a [4]int
	for c := range a {
		v := base(p, day, c) + planted(p, day, c)
		if p.Department == "Finance" && day >= 28 && day <= 31 && c == login { // quarter end
			v += 260 + draw(120, "add", p.n, day, c)
		}
		if p.Department == "IT" && day == 24 && c == login { // VPN migration
			v += 330 + draw(90, "add", p.n, day, c)
		}
		a[c] = clamp(v)
	}
	if p.Department == "Sales" && day >= 38 { // web-risk 1.4 drifts; milder in the ordinary days, lest all that arrives be Sales
		a[web] = clamp(a[web] + drift(day) + draw(160, "drift", p.n, day))
	}
	return a
}

func drift(day int) int {
	if day < storyDays {
		return 190
	}
	return 120
}

// base is what everybody has: a low skewed value, rarely a spike.
func base(p person, day, c int) int {
	t := draw(1000, "base", p.n, day, c)
	v := 30 + t*t*180/1000000
	if draw(1000, "spike", p.n, day, c) < 14 {
		switch {
		case day < storyDays:
			v += 180 + draw(340, "spikeh", p.n, day, c)
		case p.part == "": // lower, so that the ordinary days change nothing about who stands out
			v += 140 + draw(140, "spikeh", p.n, day, c)
		}
	}
	if c == device && !p.usb {
		v /= 4
	}
	return v
}

// planted is what the story adds for those who play a part.
func planted(p person, d, c int) int {
	add := func(x, spread int) int { return x + draw(spread, "add", p.n, d, c) }
	workday := !weekend(d)
	switch p.part {
	case leaker:
		return leakerAnomaly(d, c, add)
	case leaver:
		switch {
		case c == web && d >= 20 && d <= 45 && draw(1000, "jobs", d) < 450:
			return add(240, 140)
		case c == email && d >= 43 && d <= 56 && draw(1000, "comp", d) < 350:
			return add(260, 160)
		case c == device && d >= 46 && d <= 56 && workday:
			return add(600, 200)
		}
	case keylogger:
		x := map[[2]int]int{{30, web}: 520, {30, device}: 610, {31, login}: 700, {31, email}: 760}[[2]int{d, c}]
		if x > 0 {
			return add(x, 60)
		}
	case snooper:
		if workday && (c == login || c == email) && draw(1000, "snoop", d) < 120+d*12 {
			return add(map[int]int{login: 190, email: 170}[c], 50)
		}
	case oncall:
		if c == login && (d/7)%2 == 0 && (!workday || draw(10, "oc", d) < 3) {
			return add(430, 90)
		}
	case nightparent:
		if c == login && d >= 12 && draw(10, "np", d) < 6 {
			return add(400, 60)
		}
	case roamer:
		if d >= 21 && d <= 25 && (c == login || c == web) {
			return add(map[int]int{login: 420, web: 180}[c], 80)
		}
	}
	return 0
}

func leakerAnomaly(d, c int, add func(x, spread int) int) int {
	if d < 41 || d > 49 || weekend(d) {
		return 0
	}
	switch {
	case c == login:
		return add(520, 120)
	case c == device:
		return add(560, 150)
	case c == web && d >= 46:
		return add(480, 140)
	}
	return 0
}

func clamp(x int) int { return max(0, min(x, 990)) }
