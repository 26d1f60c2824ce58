package store

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"testing"
)

// Whatever was posted, changed and deleted before: a total that goes on from an
// earlier one, and a page found from the nearer end or from where a page ended,
// are what the table says.
func TestListsFollowChanges(t *testing.T) {
	db := openTest(t)
	who := tester(t, db, Script)
	fillEmployees(t, db, who, 5)
	r := rand.New(rand.NewPCG(1, 1))
	do := func(fn func(b *Batch) (Saved, error)) {
		t.Helper()
		if _, _, err := Apply(t.Context(), db, who, fn); err != nil && AsError(err).Kind != NotFound && AsError(err).Kind != Conflict {
			t.Fatal(err)
		}
	}
	post := func(id string) {
		kind := []string{"email", "web"}[r.IntN(2)]
		in, err := Results.Decode(fmt.Appendf(nil, `{%s"employee": "/data-sub/api/employee/%d/", "date": "2026-03-%02d 10:00:00", "reporter": "m%d", "flag": %t, "score": 0.%d,
			"file_anomaly": 0.%d, "evidence": [{"description": "d", "evidence_type": %q, "date_from": "2026-03-01 09:10:11", "date_to": "2026-03-06 09:10:11", "subject": "s%d"}]}`,
			id, 1+r.IntN(5), 1+r.IntN(28), r.IntN(3), r.IntN(3) == 0, r.IntN(10), r.IntN(10), kind, r.IntN(4)))
		if err != nil {
			t.Fatal(err)
		}
		do(func(b *Batch) (Saved, error) { return b.Post(in) })
	}
	for range 40 {
		post("")
	}
	queries := []string{
		"", "order_by=id", "order_by=-id", "flag=true&order_by=-score", "evidence__evidence_type=email", "evidence__evidence_type=web&order_by=-score", "evidence__subject=s1&order_by=-date",
		"order_by=-file_anomaly", "file_anomaly__gt=0.5", "employee__role=Role+1&order_by=-date", "reporter=m1", "evidence__isnull=true", "evidence=3", "order_by=employee__employee_id&order_by=-evidence__subject",
	}
	for step := range 150 {
		id := 1 + r.Int64N(60)
		switch n := r.IntN(12); {
		case n < 6:
			post("")
		case n == 6:
			post(fmt.Sprintf(`"id": %d, `, id))
		case n == 7:
			in, _ := Results.Decode(fmt.Appendf(nil, `{"score": 0.%d, "flag": true, "file_anomaly": 0.%d}`, r.IntN(10), r.IntN(10)))
			do(func(b *Batch) (Saved, error) { return b.Patch(in, id) })
		case n == 8:
			in, _ := Evidences.Decode(fmt.Appendf(nil, `{"evidence_type": "web", "subject": "s%d"}`, r.IntN(4)))
			do(func(b *Batch) (Saved, error) { return b.Patch(in, id) })
		case n == 9:
			do(func(b *Batch) (Saved, error) { return Saved{}, b.Delete(Results, id) })
		case n == 10:
			do(func(b *Batch) (Saved, error) { return Saved{}, b.Delete(Evidences, id) })
		}
		for range 4 {
			text := queries[r.IntN(len(queries))]
			params, _ := url.ParseQuery(text)
			params.Set("limit", fmt.Sprint(1+r.IntN(20)))
			params.Set("offset", fmt.Sprint(r.IntN(60)))
			q, err := ParseQuery(Results, params, admin)
			if err != nil {
				t.Fatal(err)
			}
			page, err := db.List(t.Context(), q)
			if err != nil {
				t.Fatal(text, err)
			}
			var n int64
			if err := row(t.Context(), db, "SELECT count(*) FROM "+from(Results.Name, q.where), q.args, &n); err != nil || n != page.Total {
				t.Fatalf("step %d, ?%s: total %d, %v; the table has %d", step, params.Encode(), page.Total, err, n)
			}
			want, err := q.pick(t.Context(), db, asPlanned, span{limit: -1})
			if err != nil {
				t.Fatal(err)
			}
			want = want[min(q.Offset, len(want)):]
			want = want[:min(q.Limit, len(want))]
			if !slices.Equal(page.IDs, want) {
				t.Fatalf("step %d, ?%s: %v; want %v", step, params.Encode(), page.IDs, want)
			}
		}
	}
}
