package templates

import (
	"fmt"
	"testing"
	"time"
)

// heatmapCases renders the heat map as map and as table, with empty and with hostile data.
func heatmapCases(add func(name string, html []byte, err error)) {
	table := sampleHeatmap()
	table.Table, table.Order, table.Mode = true, "label", "names"
	some := sampleHeatmap()
	some.People, some.Fit, some.Top, some.Order = 10_000, true, nil, "peak"
	evil := sampleHeatmap()
	evil.Order = hostile
	evil.Orders = []View{{hostile, hostile, "javascript:alert(1)", 0, true}}
	evil.Rows = []HeatRow{{URL: "javascript:alert(1)", Label: hostile, Sub: hostile, Dept: hostile, Levels: []int8{1}}}
	evil.Top = evil.Rows
	for _, c := range []struct {
		name string
		data HeatmapData
	}{{"heatmap", sampleHeatmap()}, {"heatmap-table", table}, {"heatmap-some", some}, {"heatmap-hostile", evil}, {"heatmap-empty", HeatmapData{}}} {
		html, err := Heatmap.Render(c.data)
		add(c.name, html, err)
	}
}

// sampleHeatmap is three people over twenty days.
func sampleHeatmap() HeatmapData {
	d := HeatmapData{
		Frame: sampleFrame("Heat map", "heatmap"), People: 3, From: time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC), Days: 20, First: 13, Last: 19, Order: "out",
		Orders:  []View{{"out", "Stands out", "/heatmap?order=out", 0, true}, {"peak", "Peak", "/heatmap?order=peak", 0, false}},
		Heights: []View{{"", "Rows", "/heatmap", 0, true}, {"fit", "All on one screen", "/heatmap?view=fit", 0, false}, {"table", "Table", "/heatmap?view=table", 0, false}},
	}
	for i, who := range []string{"MH022", "IR001", "Teal Heron 41"} {
		r := HeatRow{URL: "/people/" + who[:2], Label: who, Sub: "Engineer", Dept: []string{"Engineering", "Sales", ""}[i], Peak: -1, Levels: make([]int8, 20)}
		for day := range r.Levels {
			r.Levels[day] = -1
			if i < 2 && d.Day(day).Weekday() != time.Sunday {
				r.Levels[day] = int8(20 + 4*day - 30*i)
			}
		}
		d.Rows = append(d.Rows, r)
	}
	d.Rows[0].Sum, d.Rows[0].Peak, d.Rows[0].At, d.Rows[0].Over = 226, 96, 19, 6
	d.Rows[1].Sum, d.Rows[1].Peak, d.Rows[1].At, d.Rows[1].Over = 52, 66, 19, 2
	d.Top = d.Rows[:2]
	return d
}

// The geometry of a small map: a day is 1 wide, a person 1 high.
func TestHeatmapView(t *testing.T) {
	d := HeatmapData{From: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), Days: 4, First: 1, Last: 2, Rows: []HeatRow{
		{Levels: []int8{-1, 29, 30, 44}, Sum: 10, Peak: 30},
		{Levels: []int8{45, 60, 75, 100}, Sum: 40, Peak: 75},
		{Levels: []int8{0, 74, 89, 90}, Sum: 0, Peak: -1},
	}}
	v := d.View()
	const cell = "h.9v.86h-.9z"
	for name, pair := range map[string][2]string{
		"box":      {v.Box, "0 0 4 3"},
		"weekends": {v.Weekends, "M1 0h1v3h-1zM2 0h1v3h-1z"},
		"0.30":     {v.Levels[0], "M2 0" + cell + "M3 0" + cell},
		"0.45":     {v.Levels[1], "M0 1" + cell},
		"0.60":     {v.Levels[2], "M1 1" + cell + "M1 2" + cell},
		"0.75":     {v.Levels[3], "M2 1" + cell + "M2 2" + cell},
		"0.90":     {v.Levels[4], "M3 1" + cell + "M3 2" + cell},
		"window":   {v.Window, "M1 0V3M3 0V3"},
		"excess":   {v.Sum, "M0 0.12h25v.76H0zM0 1.12h100v.76H0z"},
		"hot":      {v.Hot, "M0 1.12h100v.76H0z"},
		"inside":   {v.In, "M1.2 52v-52h.7v52zM2.2 52v-52h.7v52z"},
		"outside":  {v.Out, "M3.2 52v-52h.7v52z"},
		"dimmed":   {fmt.Sprint(v.End, v.Rest), "3 1"},
		"days":     {d.Rows[0].Days(), ". 29 30 44"},
		"words":    {d.Window(), "21 to 22 Nov"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %s, want %s", name, pair[0], pair[1])
		}
	}
	d.First, d.Last, d.Days = 0, 20, 60
	if w := d.Window(); w != "20 Nov to 10 Dec" {
		t.Errorf("window %s", w)
	}
	if n := len(d.Ticks()); n != 7 || d.Ticks()[6] != d.Day(59) {
		t.Errorf("%d ticks", n)
	}
}
