package templates

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"citd/store"
)

// funcs is what the HTML files may call.
var funcs = template.FuncMap{
	"asset": assetURL, "key": keyOf, "num": store.Figure, "percent": percent, "count": store.Count, "plural": store.Plural, "clip": clip,
	"initials": initials, "title": title, "join": strings.Join, "chord": strings.Fields, "sign": sign, "add": func(a, b int) int { return a + b },
	"age": age, "waited": waited, "day": day, "clock": clock, "longday": longDay, "days": daysOf,
	"heat": heat, "over": over, "comb": combRects, "combName": combName, "combLarge": combLarge, "combWide": combWide, "combGrid": combGrid, "combHead": combHead, "dimNames": dimNames,
	"said": said, "dimBar": dimBar, "partBar": partBar, "partSum": partSum, "withSign": withSign, "dimName": dimName, "spark": sparkLine, "bars": barPaths, "strip": stripPaths, "gantt": ganttBar, "onAxis": onAxis,
	"weekGrid": weekGrid, "hourGrid": hourGrid, "gridName": gridName, "since": since,
}

// percent writes 0.31 as 31%.
func percent(v float64) string { return strconv.FormatFloat(math.Round(v*100), 'f', 0, 64) + "%" }

// clip cuts text of strangers that is longer than n letters, which a row cannot show anyway.
func clip(n int, s string) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n]) + "…"
}

// initials makes "AK" of "A. Keane" and of "a-keane", and "AN" of "ana".
func initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune(" .-_", r) })
	if len(words) > 1 {
		return initial(words[0]) + initial(words[len(words)-1])
	}
	return strings.ToUpper(string([]rune(name)[:min(2, utf8.RuneCountInString(name))]))
}

// title writes "device" as "Device" and "hr" as "HR".
func title(word string) string {
	if len(word) == 2 {
		return strings.ToUpper(word)
	}
	_, n := utf8.DecodeRuneInString(word)
	return initial(word) + word[n:]
}

func initial(word string) string {
	r, _ := utf8.DecodeRuneInString(word)
	return strings.ToUpper(string(r))
}

// sign gives the name of the small sign for a state or a step of the trail.
func sign(state string) string {
	switch state {
	case "in_review":
		return "review"
	case "new", "review", "snoozed", "confirmed", "dismissed", "withdrawn", "flag", "note", "view":
		return state
	}
	return "post"
}

// moment is a time to show in a <time> element. Ago marks an age, which grows while a page is open.
type moment struct {
	Attr, Text string
	Ago        bool
}

func at(t time.Time, text string) moment { return moment{t.Format(time.RFC3339), text, false} }

func ago(t time.Time, text string) moment { return moment{t.Format(time.RFC3339), text, true} }

// age tells how long ago t was: "39 min", "4 h", "7 d".
func age(now, t time.Time) moment {
	switch d := now.Sub(t); {
	case d < time.Minute:
		return ago(t, "now")
	case d < time.Hour:
		return ago(t, fmt.Sprintf("%d min", int(d.Minutes())))
	case d < 24*time.Hour:
		return ago(t, fmt.Sprintf("%d h", int(d.Hours())))
	case d < 100*24*time.Hour:
		return ago(t, fmt.Sprintf("%d d", int(d.Hours()/24)))
	}
	return day(now, t)
}

// waited is age in full words: "7 days".
func waited(now, t time.Time) moment {
	switch d := now.Sub(t); {
	case d < time.Hour:
		return at(t, store.Plural(int(max(d, 0).Minutes()), "minute", "minutes"))
	case d < 48*time.Hour:
		return at(t, store.Plural(int(d.Hours()), "hour", "hours"))
	default:
		return at(t, store.Plural(int(d.Hours()/24), "day", "days"))
	}
}

// day writes "23 Nov", with the year when it is not this one.
func day(now, t time.Time) moment {
	if now.Year() == t.Year() {
		return at(t, t.Format("2 Jan"))
	}
	return at(t, t.Format("2 Jan 2006"))
}

// clock writes "today 05:36" or "20 Nov 16:12".
func clock(now, t time.Time) moment {
	if y, m, d := now.In(t.Location()).Date(); t.Year() == y && t.Month() == m && t.Day() == d {
		return at(t, "today "+t.Format("15:04"))
	}
	return at(t, day(now, t).Text+t.Format(" 15:04"))
}

// longDay writes "at 05:36 on Mon 23 Nov".
func longDay(now, t time.Time) moment {
	return at(t, t.Format("15:04 on Mon ")+day(now, t).Text)
}

// dayRange is a stretch of days: "18–23 Nov", or one day, which has no From.
type dayRange struct {
	From *moment
	To   moment
}

// daysOf tells when something went on; nil if no time was given.
func daysOf(now, from, to time.Time) *dayRange {
	switch {
	case from.IsZero():
		from = to
	case to.IsZero():
		to = from
	case to.Before(from):
		from, to = to, from
	}
	if to.IsZero() {
		return nil
	}
	r := &dayRange{To: day(now, to)}
	if first := day(now, from); first.Text != r.To.Text {
		if from.Month() == to.Month() && from.Year() == to.Year() {
			first.Text = strconv.Itoa(from.Day())
		}
		r.From = &first
	}
	return r
}
