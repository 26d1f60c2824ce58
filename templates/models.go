package templates

import (
	"strings"
	"time"

	"citd/store"
)

// ModelsData is the page of models.
type ModelsData struct {
	Frame
	First  time.Time // first of the 60 days
	Few    int       // decided results below which a hit rate is not read
	Models []ModelCard
}

// ModelCard is one version of one model.
type ModelCard struct {
	store.ModelStats
	Last    time.Time // receipt of the newest result; zero: there never was one
	Gap     string    // usually between results: "9 h"; empty: not known
	Median  *float64
	Moved   string // how the scores shifted; empty: they did not
	Results string // URL of this model's results; empty: none
}

// Histogram draws the results by score, and the confirmed among them.
func (m ModelCard) Histogram() stackView { return stackPaths(m.Bins[:], m.Confirmed[:]) }

// Range is the interval of the rate: "5–15%".
func (m ModelCard) Range() string {
	return strings.TrimSuffix(percent(m.RateLow), "%") + "–" + percent(m.RateHigh)
}

// Chart is the volume as bars.
func (m ModelCard) Chart() Bars {
	return Bars{Counts: m.Volume[:], Hot: len(m.Volume), Label: store.Plural(m.Count, "result", "results") + " in 60 days"}
}

// Ticks are the numbers under the histogram.
func (m ModelCard) Ticks() []string {
	out := make([]string, 5)
	for i := range out {
		out[i] = store.Figure(m.Low + (m.High-m.Low)*float64(i)/4)
	}
	return out
}

// since tells how long ago t was: "just now", "4 hours ago".
func since(now, t time.Time) moment {
	if now.Sub(t) < time.Minute {
		return at(t, "just now")
	}
	m := waited(now, t)
	m.Text += " ago"
	return m
}

// stackView holds the paths of a histogram in a box of 200 by 46: all, and the confirmed part.
type stackView struct{ All, Part string }

func stackPaths(all, part []int) (v stackView) {
	most := 1
	for _, n := range all {
		most = max(most, n)
	}
	pitch := 200 / max(float64(len(all)), 1)
	bar := func(i, n int) string {
		if n <= 0 {
			return ""
		}
		return "M" + px((float64(i)+.09)*pitch) + " 46v-" + px(max(46*float64(n)/float64(most), 1)) + "h" + px(.82*pitch) + "V46z"
	}
	for i := range all {
		v.All += bar(i, all[i])
		v.Part += bar(i, part[i])
	}
	return v
}
