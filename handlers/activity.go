package handlers

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"citd/store"
	"citd/templates"
)

const (
	shownEntries = 100
	shownDays    = 14 // of posts a page
)

// activityKinds are values of kind=, and in words.
var activityKinds = [][2]string{
	{string(store.AllActivity), "All"},
	{string(store.OnlyDecisions), "Decisions"},
	{string(store.OnlyChanges), "Posts"},
	{string(store.OnlyAccess), "Access"},
}

// asked is what the address of the activity page asks for.
type asked struct {
	store.ActivityQuery
	day time.Time // newest day whose posts are still to be told; zero: today
}

func activityAsked(r *request) asked {
	v := r.URL.Query()
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(v.Get(name), 10, 64) // 0 asks for nothing
		return max(n, 0)
	}
	a := asked{ActivityQuery: store.ActivityQuery{
		Kind:    store.ActivityKind(among(activityKinds, v.Get("kind"))),
		Account: number("who"), Person: number("person"), Before: number("before"), Limit: shownEntries,
	}}
	a.day, _ = time.ParseInLocation(time.DateOnly+" 15", v.Get("day")+" 12", time.Local)
	return a
}

// url is the address of a, with further pairs.
func (a asked) url(more ...string) string {
	kind := unless(string(a.Kind), string(store.AllActivity))
	return address("/activity", append([]string{"kind", kind, "who", idText(a.Account), "person", idText(a.Person)}, more...)...)
}

// tellsPosts reports whether the days of a tell what models posted: posts are
// in no record of their own, each result says who posted it.
func (a asked) tellsPosts() bool {
	return a.Account == 0 && a.Person == 0 && (a.Kind == store.AllActivity || a.Kind == store.OnlyChanges)
}

func (p *pages) activityPage(w http.ResponseWriter, r *request) error {
	a := activityAsked(r)
	d := templates.ActivityData{Frame: p.frame(r, "Activity", "activity")}
	if a.Person != 0 { // it shows what was decided about somebody
		if err := p.looked(r, "employee", a.Person); err != nil {
			return err
		}
	}
	entries, next, err := p.db.Activity(r.Context(), a.ActivityQuery)
	if err != nil {
		return err
	}
	tell, err := p.teller(r, a.Person, entries)
	if err != nil {
		return err
	}
	p.fillFilters(&d, a)
	if d.Who, err = p.actors(r.Context(), a.Account); err != nil {
		return err
	}
	if a.Person != 0 {
		rest := a
		rest.Person = 0
		label, _ := tell.shown.label(tell.subjects[a.Person])
		d.About = &templates.Link{Text: label, URL: rest.url()}
	}
	if err := p.fillDays(r, &d, a, entries, next, tell); err != nil {
		return err
	}
	if r.URL.Query().Get("check") != "" {
		head, err := p.db.VerifyAudit(r.Context())
		if e := store.AsError(err); err != nil && e.Kind != store.Damaged {
			return err
		} else if err != nil {
			d.Broken = sentence(e.Msg)
		}
		d.Head = head.String()
	}
	return page(w, http.StatusOK, templates.Activity, d)
}

// teller reads whom the entries are about, and how they may be shown.
func (p *pages) teller(r *request, also int64, entries []store.Entry) (t teller, err error) {
	ids := []int64{also}
	for _, e := range entries {
		ids = append(ids, e.Person)
	}
	if t.subjects, err = p.db.Subjects(r.Context(), ids); err != nil {
		return t, err
	}
	t.shown, err = p.who(r, slices.Collect(maps.Values(t.subjects))...)
	return t, err
}

func (p *pages) fillFilters(d *templates.ActivityData, a asked) {
	d.Kinds = views(activityKinds, string(a.Kind), func(kind string) string {
		to := a
		to.Kind = store.ActivityKind(kind)
		return to.url()
	})
	d.Kind = unless(string(a.Kind), string(store.AllActivity))
	d.Check = a.url("check", "1")
	if a.Before != 0 || !a.day.IsZero() {
		d.First = a.url()
	}
}

// actors are those to filter by: whoever can sign in or post.
func (p *pages) actors(ctx context.Context, picked int64) ([]templates.Choice, error) {
	list := []templates.Choice{{Text: "Everybody", Value: ""}}
	for _, kind := range []store.AccountKind{store.Person, store.Token} {
		accounts, err := p.db.Accounts(ctx, kind)
		if err != nil {
			return nil, err
		}
		for _, x := range accounts {
			text := x.Name
			if kind == store.Token {
				text += " (script)"
			}
			list = append(list, templates.Choice{Text: text, Value: strconv.FormatInt(x.ID, 10), Picked: x.ID == picked})
		}
	}
	return list, nil
}

// fillDays groups the entries by day, and tells of each day what models posted.
func (p *pages) fillDays(r *request, d *templates.ActivityData, a asked, entries []store.Entry, next int64, tell teller) error {
	span, err := p.daysOf(r.Context(), d.Now, a, entries, next)
	if err != nil {
		return err
	}
	kept := entries[:span.kept]
	for day := span.newest; !day.Before(span.oldest); day = day.AddDate(0, 0, -1) {
		on := templates.ActivityDay{Label: dayLabel(d.Now, day)}
		if a.tellsPosts() && !day.After(span.told) {
			if on.Posts, err = p.postsOf(r.Context(), day); err != nil {
				return err
			}
		}
		for len(kept) > 0 && sameDay(day, local(kept[0].At)) {
			n := together(kept)
			if n > 1 {
				on.Entries = append(on.Entries, tell.batch(kept[:n]))
			} else {
				on.Entries = append(on.Entries, tell.entry(kept[0]))
			}
			kept = kept[n:]
		}
		if len(on.Posts)+len(on.Entries) > 0 {
			d.Days = append(d.Days, on)
		}
	}
	if d.Back = span.next != 0; d.Back {
		day := ""
		if a.tellsPosts() {
			day = span.oldest.AddDate(0, 0, -1).Format(time.DateOnly)
		}
		d.Next = a.url("before", idText(span.next), "day", day)
	}
	return nil
}

// daySpan is what a page of activity covers.
type daySpan struct {
	newest, oldest time.Time // days; none if oldest is after newest
	told           time.Time // the posts of later days were told on the page before
	kept           int       // entries that fit
	next           int64     // Before of the page after; 0: there is none
}

// daysOf decides how far back a page goes: to its last entry, and where posts
// are told, over two weeks at most and, without a further entry, to the first result.
func (p *pages) daysOf(ctx context.Context, now time.Time, a asked, entries []store.Entry, next int64) (s daySpan, err error) {
	s = daySpan{newest: noon(now), told: noon(now), kept: len(entries), next: next}
	if !a.day.IsZero() && a.day.Before(s.told) {
		s.newest, s.told = a.day, a.day
	}
	if !a.tellsPosts() {
		s.oldest = s.newest.AddDate(0, 0, 1)
		if len(entries) > 0 {
			s.newest, s.oldest = noon(local(entries[0].At)), noon(local(entries[len(entries)-1].At))
		}
		return s, nil
	}
	date, err := p.db.FirstDate(ctx)
	if err != nil {
		return s, err
	}
	limit := s.told.AddDate(0, 0, 1-shownDays)
	for i, e := range entries {
		day := noon(local(e.At))
		if day.Before(limit) { // the rest is for the next page
			s.kept, s.oldest, s.next = i, limit, e.Seq+1
			return s, nil
		}
		if i == 0 && day.After(s.newest) {
			s.newest = day
		}
		s.oldest = day
	}
	if next != 0 {
		return s, nil
	}
	first := noon(orZero(date))
	switch {
	case date != 0 && first.Before(limit):
		s.oldest, s.next = limit, 1 // no entry comes before the first
	case date != 0 && (s.oldest.IsZero() || first.Before(s.oldest)):
		s.oldest = first
	case s.oldest.IsZero():
		s.oldest = s.newest.AddDate(0, 0, 1)
	}
	return s, nil
}

// noon stands for t's day, in t's zone: there are days that have no midnight.
func noon(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 12, 0, 0, 0, t.Location())
}

func dayLabel(now, day time.Time) string {
	switch {
	case sameDay(day, now):
		return "Today"
	case sameDay(day, noon(now).AddDate(0, 0, -1)):
		return "Yesterday"
	case day.Year() == now.Year():
		return day.Format("Monday 2 January")
	}
	return day.Format("Monday 2 January 2006")
}

// postsOf tells what models posted that is dated on a day.
func (p *pages) postsOf(ctx context.Context, day time.Time) ([]templates.Span, error) {
	y, m, d := day.Date()
	midnight := func(d int) int64 { return time.Date(y, m, d, 0, 0, 0, 0, day.Location()).UnixMicro() }
	posted, err := p.db.PostedBetween(ctx, midnight(d), midnight(d+1))
	if err != nil || len(posted) == 0 {
		return nil, err
	}
	says, total := []string{""}, 0
	for _, x := range posted {
		total += x.Count
		says = append(says, x.Model, " ("+store.Count(x.Count)+"), ")
	}
	says[0] = store.Plural(total, "result", "results") + " posted: "
	last := len(says) - 1
	says[last] = strings.TrimSuffix(says[last], ", ")
	return inTurn(says...), nil
}
