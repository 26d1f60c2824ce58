package store

import (
	"strings"
	"testing"
)

// Who sees a view, and who may delete it.
func TestSavedViews(t *testing.T) {
	l := newLab(t)
	alice := Actor{ID: 2, Name: "alice", Role: Admin}
	save := func(who Actor, v SavedView) int64 {
		t.Helper()
		id, err := SaveView(t.Context(), l.db, who, v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	names := func(who Actor) string {
		t.Helper()
		list, err := SavedViews(t.Context(), l.db, who)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, v := range list {
			out = append(out, v.Name+"="+v.View+"?"+v.Filter)
		}
		return strings.Join(out, " ")
	}
	mine := save(l.ana, SavedView{Name: "  web  drift ", View: "open", Filter: "model:web-risk"})
	shared := save(l.ana, SavedView{Name: "IT", View: "flagged", Filter: "dept:IT", Shared: true})
	if got := names(l.ana); got != "IT=flagged?dept:IT web drift=open?model:web-risk" {
		t.Errorf("ana sees %q", got)
	}
	if got := names(l.bob); got != "IT=flagged?dept:IT" {
		t.Errorf("bob sees %q; want the shared one alone", got)
	}
	if again := save(l.ana, SavedView{Name: "web drift", View: "all", Filter: "is:changed"}); again != mine {
		t.Errorf("the same name made view %d; want %d with its new meaning", again, mine)
	}
	for _, tt := range []struct {
		name string
		v    SavedView
		want string
	}{
		{"no name", SavedView{Name: " ", View: "open"}, "name"},
		{"a long name", SavedView{Name: strings.Repeat("é", 41), View: "open"}, "name: is longer than 40 letters"},
		{"no such view", SavedView{Name: "x", View: "closed"}, "view: must be one of open"},
		{"a filter that cannot be read", SavedView{Name: "x", View: "open", Filter: "depth:3"}, `there is no "depth"`},
	} {
		if _, err := SaveView(t.Context(), l.db, l.ana, tt.v); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v; want %s", tt.name, err, tt.want)
		}
	}
	for _, tt := range []struct {
		who  Actor
		id   int64
		want Kind
	}{
		{l.bob, mine, NotFound}, {alice, mine, NotFound}, {l.bob, shared, Forbidden}, {l.ana, 99, NotFound}, {l.ana, mine, 0}, {alice, shared, 0},
	} {
		err := DeleteView(t.Context(), l.db, tt.who, tt.id)
		if kind := AsError(err).Kind; tt.want == 0 && err != nil || tt.want != 0 && kind != tt.want {
			t.Errorf("%s deletes view %d: %v", tt.who.Name, tt.id, err)
		}
	}
	if got := names(l.ana); got != "" {
		t.Errorf("left: %q", got)
	}
}
