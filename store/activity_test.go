package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// story writes entries of all kinds about two people, P1 and P2.
func story(t *testing.T) (d *desk, p, q int64, other Actor) {
	d = newDesk(t)
	other = tester(t, d.db, Viewer)
	p, q = d.person("P1", "Engineer", ""), d.person("P2", "Engineer", "")
	r := d.result(p, 1, "usb 1", 0.7, "")
	d.result(q, 1, "usb 1", 0.6, "")
	ctx := t.Context()
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(d.db.RecordView(ctx, d.ana, "employee", p)) // 1
	do(d.db.RecordView(ctx, other, "alert", 1))    // 2
	_, err := Decide(ctx, d.db, d.ana, 1, dismissed)
	do(err) // 3
	in, _ := Results.DecodeUpdate([]byte(`{"score": 0.8}`))
	do(d.apply(func(b *Batch) error { _, err := b.Patch(in, r); return err })) // 4
	do(d.db.Reveal(ctx, d.ana, q, 2, ""))                                      // 5
	_, _, err = d.db.AddAccount(ctx, d.ana, NewAccount{Kind: Token, Name: "usb", Role: Script})
	do(err)                                                              // 6
	do(d.db.Record(ctx, Actor{}, "vacuum", "", 0, "of a later version")) // 7
	return d, p, q, other
}

func seqsOf(entries []Entry) string {
	var s []string
	for _, e := range entries {
		s = append(s, fmt.Sprint(e.Seq))
	}
	return strings.Join(s, " ")
}

func TestActivity(t *testing.T) {
	d, p, q, other := story(t)
	for _, tt := range []struct {
		name string
		q    ActivityQuery
		want string
	}{
		{"all", ActivityQuery{Kind: AllActivity}, "7 6 5 4 3 2 1"},
		{"decisions", ActivityQuery{Kind: OnlyDecisions}, "3"},
		{"changes", ActivityQuery{Kind: OnlyChanges}, "4"},
		{"access", ActivityQuery{Kind: OnlyAccess}, "6 5 2 1"},
		{"of the viewer", ActivityQuery{Kind: AllActivity, Account: other.ID}, "2"},
		{"access of the analyst", ActivityQuery{Kind: OnlyAccess, Account: d.ana.ID}, "6 5 1"},
		{"about the first person: page, alert, decision, result", ActivityQuery{Kind: AllActivity, Person: p}, "4 3 2 1"},
		{"about the second", ActivityQuery{Kind: AllActivity, Person: q}, "5"},
		{"about the first person, by the viewer", ActivityQuery{Kind: AllActivity, Person: p, Account: other.ID}, "2"},
		{"about the first person, access", ActivityQuery{Kind: OnlyAccess, Person: p}, "2 1"},
		{"before 4", ActivityQuery{Kind: AllActivity, Before: 4}, "3 2 1"},
		{"of nobody", ActivityQuery{Kind: AllActivity, Account: 99}, ""},
	} {
		tt.q.Limit = 20
		got, next, err := d.db.Activity(t.Context(), tt.q)
		if err != nil || next != 0 || seqsOf(got) != tt.want {
			t.Errorf("%s: %s, next %d, %v; want %s", tt.name, seqsOf(got), next, err, tt.want)
		}
		for tt.q.Limit = 1; tt.q.Limit < 4; tt.q.Limit++ { // in pages it is the same
			var pages []string
			q := tt.q
			for {
				part, next, err := d.db.Activity(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				if s := seqsOf(part); s != "" {
					pages = append(pages, s)
				}
				if next == 0 {
					break
				}
				q.Before = next
			}
			if got := strings.Join(pages, " "); got != tt.want {
				t.Errorf("%s, %d a page: %s; want %s", tt.name, tt.q.Limit, got, tt.want)
			}
		}
	}
}

func TestActivityRelates(t *testing.T) {
	d, p, q, _ := story(t)
	for _, object := range []string{"alert", "employee", "account", "detectionmodelresult"} { // of none in particular
		if err := d.db.Record(t.Context(), d.ana, "search", object, 0, ""); err != nil {
			t.Fatal(err)
		}
	}
	list, _, err := d.db.Activity(t.Context(), ActivityQuery{Kind: AllActivity, Limit: 20})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(list)
	for i, want := range []Entry{
		{Verb: "view", Object: "employee", ID: p, Person: p, By: "test-analyst"},
		{Verb: "view", Object: "alert", ID: 1, Alert: 1, Person: p, By: "test-viewer"},
		{Verb: "decide", Object: "alert", ID: 1, Alert: 1, Person: p, By: "test-analyst"},
		{Verb: "change", Object: "detectionmodelresult", ID: 1, Person: p, By: "test-analyst"},
		{Verb: "reveal", Object: "employee", ID: q, Person: q, By: "test-analyst"},
		{Verb: "account-add", Object: "account", ID: 3, Target: "usb", By: "test-analyst"},
		{Verb: "vacuum"},
		{Verb: "search", Object: "alert", By: "test-analyst"},
		{Verb: "search", Object: "employee", By: "test-analyst"},
		{Verb: "search", Object: "account", By: "test-analyst"},
		{Verb: "search", Object: "detectionmodelresult", By: "test-analyst"},
	} {
		got := list[i]
		want.Seq, want.At, want.Account, want.Detail, want.Decision = got.Seq, got.At, got.Account, got.Detail, got.Decision
		if got != want {
			t.Errorf("%d: %+v; want %+v", i+1, got, want)
		}
	}
	if made := list[2].Decision; made == nil || made.Did() != "dismissed it, expected for the role" {
		t.Errorf("decision %+v", made)
	}
	posted, err := d.db.PostedBetween(t.Context(), d.asOf()-2*microDay, d.asOf())
	if err != nil || len(posted) != 1 || posted[0] != (Posted{"usb 1", 2}) {
		t.Errorf("posted %v, %v", posted, err)
	}
	if first, err := d.db.FirstDate(t.Context()); err != nil || first != d.now.AddDate(0, 0, -1).Truncate(24*3600e9).UnixMicro()+microDay/2 {
		t.Errorf("first date %d, %v", first, err)
	}
}

// A page of one account looks through so many entries at most, and says where to go on.
func TestActivityIsBounded(t *testing.T) {
	d := newDesk(t)
	_, err := Write(t.Context(), d.db, func(tx *Tx) (int, error) {
		_, err := tx.Exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
			INSERT INTO audit (at, account, verb, object, object_id, hash) SELECT i, 1, CASE i WHEN 3 THEN 'delete' ELSE 'view' END, 'employee', 1, x'' FROM n`, scanMost+5)
		return 0, err
	})
	if err != nil {
		t.Fatal(err)
	}
	q := ActivityQuery{Kind: OnlyChanges, Account: 1, Limit: 10}
	got, next, err := d.db.Activity(t.Context(), q)
	if err != nil || len(got) != 0 || next != 6 {
		t.Fatalf("%v, next %d, %v; want none, and to go on before 6", got, next, err)
	}
	q.Before = next
	if got, next, err = d.db.Activity(t.Context(), q); err != nil || seqsOf(got) != "3" || next != 0 {
		t.Errorf("%v, next %d, %v; want 3", got, next, err)
	}
}
