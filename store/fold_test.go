package store

import (
	"fmt"
	"strings"
	"testing"
)

// What a history of decisions makes of an alert with results 1 and 2 (scores 0.5
// and 0.8). Each step is an action of analyst 7, "dismiss:1" decides on result 1
// only; undo takes back the newest decision.
func TestFold(t *testing.T) {
	for _, tt := range []struct {
		steps string
		want  string // state, undecided, peak, which results are decided by which decision
	}{
		{"", "new, 2 undecided, peak 0.8"},
		{"review", "in_review by 7, 2 undecided, peak 0.8"},
		{"review undo", "new, 2 undecided, peak 0.8"},
		{"review note undo", "new, 2 undecided, peak 0.8"},
		{"confirm", "confirmed, 0 undecided, peak 0.8, 1:1 2:1"},
		{"review dismiss", "dismissed, 0 undecided, peak 0.8, 1:2 2:2"},
		{"review dismiss undo", "in_review by 7, 2 undecided, peak 0.8"},
		{"review dismiss undo undo", "dismissed, 0 undecided, peak 0.8, 1:2 2:2"},
		{"review dismiss undo undo undo", "in_review by 7, 2 undecided, peak 0.8"},
		{"dismiss:2", "new, 1 undecided, peak 0.5, 2:1"},
		{"review dismiss:2", "in_review by 7, 1 undecided, peak 0.5, 2:2"},
		{"dismiss:2 confirm:1", "confirmed, 0 undecided, peak 0.8, 1:2 2:1"},
		{"confirm:2 dismiss:1", "confirmed, 0 undecided, peak 0.8, 1:2 2:1"},
		{"confirm:2 dismiss:1 undo", "new, 1 undecided, peak 0.5, 2:1"},
		{"dismiss reopen", "in_review by 7, 2 undecided, peak 0.8"},
		{"dismiss reopen undo", "dismissed, 0 undecided, peak 0.8, 1:1 2:1"},
		{"dismiss reopen confirm", "confirmed, 0 undecided, peak 0.8, 1:3 2:3"},
		{"snooze", "snoozed, 2 undecided, peak 0.8"},
		{"snooze review", "in_review by 7, 2 undecided, peak 0.8"},
		{"snooze dismiss:1", "new, 1 undecided, peak 0.8, 1:2"},
		{"snooze:past", "new, 2 undecided, peak 0.8"},
		{"snooze:over0.8", "snoozed, 2 undecided, peak 0.8"},
		{"snooze:over0.7", "new, 2 undecided, peak 0.8"},
		{"review snooze:past", "new, 2 undecided, peak 0.8"},
		{"dismiss:1+gone", "new, 2 undecided, peak 0.8"}, // covers a result that was deleted
	} {
		t.Run(tt.steps, func(t *testing.T) {
			f, inForce := fold(foldSteps(tt.steps), []point{{id: 1, score: 0.5}, {id: 2, score: 0.8}}, 1000)
			var got strings.Builder
			got.WriteString(string(f.state))
			if f.reviewer != 0 {
				fmt.Fprint(&got, " by ", f.reviewer)
			}
			fmt.Fprintf(&got, ", %d undecided, peak %v", f.undecided, f.peak)
			sep := ", "
			for _, id := range []int64{1, 2} {
				if d := inForce[id]; d != 0 {
					fmt.Fprint(&got, sep, id, ":", d)
					sep = " "
				}
			}
			if got.String() != tt.want {
				t.Errorf("%s\nwant %s", got.String(), tt.want)
			}
		})
	}
}

func foldSteps(steps string) (out []Decision) {
	for i, step := range strings.Fields(steps) {
		name, how, _ := strings.Cut(step, ":")
		d := Decision{ID: int64(i + 1), Account: 7, Action: Action(name)}
		switch d.Action {
		case Confirm, Dismiss:
			for _, id := range []int64{1, 2} {
				if how == "" || strings.Contains(how, fmt.Sprint(id)) && how != "1+gone" {
					d.covers = append(d.covers, cover{result: id})
				}
			}
			if how == "1+gone" {
				d.covers = []cover{{result: 99}}
			}
		case Snooze:
			d.Until.V, d.Until.Valid = 2000, how == ""
			if how == "past" {
				d.Until.V, d.Until.Valid = 1000, true
			}
			_, d.Over.Valid = strings.CutPrefix(how, "over")
			_, _ = fmt.Sscanf(how, "over%g", &d.Over.V)
		case Undo:
			d.Undoes.V, d.Undoes.Valid = newest(out), true
		}
		out = append(out, d)
	}
	return out
}

// The place in the queue is the sum of the terms that the page prints.
func TestRankTerms(t *testing.T) {
	for _, tt := range []struct {
		points []point
		want   float64
		terms  string
	}{
		{[]point{{id: 1, score: 0.5, family: "a"}}, 0.5, "[{score 0.5}]"},
		{[]point{{id: 1, score: 0.5, family: "a", flag: true}, {id: 2, score: 0.1, flag: true}}, 0.56, "[{score 0.5} {flagged 0.06}]"},
		{[]point{{id: 1, score: 0.5, family: "a"}, {id: 2, score: 0.45, family: "b"}, {id: 3, score: 0.44, family: "c"}}, 0.53, "[{score 0.5} {2 models agree 0.03}]"},
		{[]point{{id: 1, score: 0.5, family: "a"}, {id: 2, score: 0.9, family: "a"}}, 0.9, "[{score 0.9}]"},
	} {
		f, _ := fold(nil, tt.points, 0)
		terms := RankTerms(f.peak, f.flagged > 0, len(f.models))
		var sum float64
		for _, x := range terms {
			sum += x.Value
		}
		if f.priority() != sum || sum < tt.want-1e-9 || sum > tt.want+1e-9 || fmt.Sprint(terms) != tt.terms {
			t.Errorf("priority %v, terms %v; want %v, %s", f.priority(), terms, tt.want, tt.terms)
		}
	}
}

// A row stays small however many models report.
func TestAgreeingModelsAreCapped(t *testing.T) {
	var points []point
	for i := range 40 {
		points = append(points, point{id: int64(i + 1), score: 1, family: fmt.Sprintf("m%02d", 39-i)})
	}
	if f, _ := fold(nil, points, 0); len(f.models) != maxAgree || f.models[0] != "m00" || f.models[maxAgree-1] != "m15" {
		t.Errorf("%d models, %v; want the first %d by name", len(f.models), f.models, maxAgree)
	}
}

func TestSplitModel(t *testing.T) {
	for name, want := range map[string][2]string{
		"usb-watch 1.0":     {"usb-watch", "1.0"},
		"web-risk 1.4 beta": {"web-risk", "1.4 beta"},
		"Detection Model":   {"Detection Model", ""},
		"model 2 of 3":      {"model 2 of", "3"},
		"7":                 {"7", ""},
		" 7":                {"7", ""},
		"a, b 2":            {"a; b", "2"},
		"":                  {"", ""},
	} {
		if f, v := splitModel(name); f != want[0] || v != want[1] {
			t.Errorf("%q is family %q, version %q; want %q", name, f, v, want)
		}
	}
}
