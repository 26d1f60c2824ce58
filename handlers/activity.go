package handlers

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
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

// activityRoutes are the routes of the record of activity.
func (p *pages) activityRoutes() []route {
	return []route{{"GET", "/activity", people, 0, p.activityPage, false}}
}

var activityKinds = []struct {
	kind  store.ActivityKind
	label string
}{
	{store.AllActivity, "All"}, {store.OnlyDecisions, "Decisions"}, {store.OnlyChanges, "Posts"}, {store.OnlyAccess, "Access"},
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
		Kind: store.AllActivity, Account: number("who"), Person: number("person"), Before: number("before"), Limit: shownEntries,
	}}
	for _, k := range activityKinds {
		if string(k.kind) == v.Get("kind") {
			a.Kind = k.kind
		}
	}
	a.day, _ = time.ParseInLocation(time.DateOnly, v.Get("day"), time.Local)
	return a
}

// url is the address of a, with further pairs.
func (a asked) url(more ...string) string {
	v := url.Values{}
	if a.Kind != store.AllActivity {
		v.Set("kind", string(a.Kind))
	}
	if a.Account != 0 {
		v.Set("who", strconv.FormatInt(a.Account, 10))
	}
	if a.Person != 0 {
		v.Set("person", strconv.FormatInt(a.Person, 10))
	}
	for i := 0; i+1 < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	if len(v) == 0 {
		return "/activity"
	}
	return "/activity?" + v.Encode()
}

// tellsPosts reports whether the days of a tell what models posted: posts are
// in no record of their own, each result says who posted it.
func (a asked) tellsPosts() bool {
	return a.Account == 0 && a.Person == 0 && (a.Kind == store.AllActivity || a.Kind == store.OnlyChanges)
}

func (p *pages) activityPage(w http.ResponseWriter, r *request) error {
	a := activityAsked(r)
	d := templates.ActivityData{Frame: p.frame(r, "Activity", "activity")}
	counts, err := p.db.Counts(r.Context())
	if err != nil {
		return err
	}
	d.Waiting = counts.Open
	if a.Person != 0 { // it shows what was decided about somebody
		if err := p.looked(r, "employee", a.Person); err != nil {
			return err
		}
	}
	entries, next, err := p.db.Activity(r.Context(), a.ActivityQuery)
	if err != nil {
		return err
	}
	shown, subjects, err := p.entryPeople(r, a.Person, entries)
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
		label, _ := shown.label(subjects[a.Person])
		d.About = &templates.Link{Text: label, URL: rest.url()}
	}
	if err := p.fillDays(r, &d, a, entries, next, teller{shown, subjects}); err != nil {
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

// entryPeople reads whom the entries are about, and how they may be shown.
func (p *pages) entryPeople(r *request, also int64, entries []store.Entry) (who, map[int64]store.Subject, error) {
	ids := []int64{also}
	for _, e := range entries {
		ids = append(ids, e.Person)
	}
	subjects, err := p.db.Subjects(r.Context(), ids)
	if err != nil {
		return who{}, nil, err
	}
	var list []store.Subject
	for _, s := range subjects {
		list = append(list, s)
	}
	shown, err := p.who(r, p.mode(r.Context()), list...)
	return shown, subjects, err
}

func (p *pages) fillFilters(d *templates.ActivityData, a asked) {
	for _, k := range activityKinds {
		to := a
		to.Kind = k.kind
		d.Kinds = append(d.Kinds, templates.View{Name: string(k.kind), Label: k.label, URL: to.url(), Current: k.kind == a.Kind})
	}
	if a.Kind != store.AllActivity {
		d.Kind = string(a.Kind)
	}
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
	for day := span.newest; !day.Before(span.oldest); day = dayBegin(day.AddDate(0, 0, -1)) {
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
	if span.next != 0 && a.tellsPosts() {
		d.Next = a.url("before", strconv.FormatInt(span.next, 10), "day", span.oldest.AddDate(0, 0, -1).Format(time.DateOnly))
	} else if span.next != 0 {
		d.Next = a.url("before", strconv.FormatInt(span.next, 10))
	}
	d.Back = span.next != 0
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
	s = daySpan{newest: dayBegin(now), told: dayBegin(now), kept: len(entries), next: next}
	if !a.day.IsZero() && a.day.Before(s.told) {
		s.newest, s.told = a.day, a.day
	}
	if len(entries) > 0 && !a.tellsPosts() {
		s.newest, s.oldest = dayBegin(local(entries[0].At)), dayBegin(local(entries[len(entries)-1].At))
		return s, nil
	}
	if !a.tellsPosts() {
		s.oldest = s.newest.AddDate(0, 0, 1)
		return s, nil
	}
	date, err := p.db.FirstDate(ctx)
	if err != nil {
		return s, err
	}
	limit := s.told.AddDate(0, 0, 1-shownDays)
	for i, e := range entries {
		day := dayBegin(local(e.At))
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
	first := dayBegin(orZero(date))
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

// dayBegin is the midnight before t, in t's zone.
func dayBegin(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
}

func dayLabel(now, day time.Time) string {
	switch {
	case sameDay(day, now):
		return "Today"
	case sameDay(day, now.AddDate(0, 0, -1)):
		return "Yesterday"
	case day.Year() == now.Year():
		return day.Format("Monday 2 January")
	}
	return day.Format("Monday 2 January 2006")
}

// postsOf tells what models posted that is dated on a day.
func (p *pages) postsOf(ctx context.Context, day time.Time) ([]templates.Span, error) {
	posted, err := p.db.PostedBetween(ctx, day.UnixMicro(), day.AddDate(0, 0, 1).UnixMicro())
	if err != nil || len(posted) == 0 {
		return nil, err
	}
	var says []templates.Span
	total := 0
	for i, x := range posted {
		total += x.Count
		end := "), "
		if i == len(posted)-1 {
			end = ")"
		}
		says = append(says, templates.Span{Text: x.Model, Bold: true}, templates.Span{Text: " (" + thousands(x.Count) + end})
	}
	return append([]templates.Span{{Text: countOf(total, "result", "results") + " posted: "}}, says...), nil
}

func countOf(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

// teller puts entries into words.
type teller struct {
	shown    who
	subjects map[int64]store.Subject
}

func (t teller) person(id int64) templates.Span {
	s, ok := t.subjects[id]
	if !ok {
		return templates.Span{Text: "a deleted person"}
	}
	label, _ := t.shown.label(s)
	return templates.Span{Text: label, URL: personPath(id)}
}

// entry tells who did what to whom, with links.
func (t teller) entry(e store.Entry) templates.ActivityEntry {
	by := e.By
	if by == "" {
		by = "citd"
	}
	out := templates.ActivityEntry{Sign: "key", Says: []templates.Span{{Text: by, Bold: true}}, At: local(e.At), Seq: e.Seq}
	if e.Token {
		out.From = "script"
	}
	say := func(text string) { out.Says = append(out.Says, templates.Span{Text: " " + text}) }
	link := func(s templates.Span) { out.Says = append(out.Says, templates.Span{Text: " "}, s) }
	alert := templates.Span{Text: "alert #" + strconv.FormatInt(e.Alert, 10), URL: alertPath(e.Alert)}
	switch {
	case e.Verb == "decide":
		t.decision(&out, e, alert)
	case e.Verb == "view" && e.ID == 0:
		out.Sign, out.From = "view", e.Detail
		say("read " + objectWords(e) + " over the API")
	case e.Verb == "view" && e.Object == "alert":
		out.Sign = "view"
		say("opened")
		link(alert)
		say("of")
		link(t.person(e.Person))
	case e.Verb == "view":
		out.Sign = "view"
		say("opened the page of")
		link(t.person(e.Person))
	case e.Verb == "reveal":
		out.Sign, out.From = "view", revealWords(e.Detail)
		say("looked at who it is:")
		link(t.person(e.Person))
	case e.Object == "account":
		out.From = e.Detail
		say(accountWords(e.Verb))
		if e.Target != "" && e.ID != e.Account {
			link(templates.Span{Text: e.Target, Bold: true})
		}
	case e.Verb == "change", e.Verb == "delete":
		out.Sign, out.From = "post", e.Detail
		say(map[string]string{"change": "changed", "delete": "deleted"}[e.Verb] + " " + objectWords(e))
		if e.Person != 0 {
			say("of")
			link(t.person(e.Person))
		}
	default:
		t.other(&out, e)
	}
	return out
}

// decision tells what was decided, and by which words of one's own.
func (t teller) decision(out *templates.ActivityEntry, e store.Entry, alert templates.Span) {
	out.Sign = "new"
	if e.Decision == nil {
		out.Says = append(out.Says, templates.Span{Text: " decided on "}, alert)
		return
	}
	d := e.Decision
	out.Sign, out.Note = stateOf[d.Action], d.Note
	before, after, _ := strings.Cut(d.Did(), " it")
	if d.Action == store.Undo || d.Action == store.Remark {
		before, after = d.Did()+" on", ""
	}
	out.Says = append(out.Says, templates.Span{Text: " " + before + " "}, alert, templates.Span{Text: " of "}, t.person(e.Person), templates.Span{Text: after})
	if !sameDay(local(e.At), local(d.At)) {
		out.From = "as of " + local(d.At).Format("2 Jan 15:04")
	}
}

// together counts the entries at the beginning that were decided in one step.
func together(entries []store.Entry) int {
	first := entries[0].Decision
	if first == nil || !first.Batch.Valid {
		return 1
	}
	n := 1
	for n < len(entries) && entries[n].Decision != nil && entries[n].Decision.Batch == first.Batch && sameDay(local(entries[0].At), local(entries[n].At)) {
		n++
	}
	return n
}

// batch tells entries that were decided in one step as one.
func (t teller) batch(entries []store.Entry) templates.ActivityEntry {
	out := t.entry(entries[0])
	before, after, _ := strings.Cut(entries[0].Decision.Did(), " it")
	if entries[0].Decision.Action == store.Undo {
		before, after = "took decisions back on", ""
	}
	out.Says = append(out.Says[:1], templates.Span{Text: " " + before + " " + thousands(len(entries)) + " alerts in one step" + after + ":"})
	for i, e := range entries {
		s := t.person(e.Person)
		s.URL = alertPath(e.Alert)
		if i > 0 {
			out.Says = append(out.Says, templates.Span{Text: ","})
		}
		out.Says = append(out.Says, templates.Span{Text: " "}, s)
	}
	return out
}

// other tells verbs that need no link.
func (t teller) other(out *templates.ActivityEntry, e store.Entry) {
	words := map[string]string{
		"search": "searched", "export": "exported", "setting": "changed a setting", "import": "imported", "read": "read over the API",
	}[e.Verb]
	if words == "" {
		words = e.Verb
	}
	if e.Verb == "search" {
		out.Sign = "view"
	}
	if e.Object != "" && e.Verb != "setting" {
		words += " " + objectWords(e)
	}
	out.Says = append(out.Says, templates.Span{Text: " " + words})
	out.From = e.Detail
}

// objectWords names what an entry is about.
func objectWords(e store.Entry) string {
	name := map[string]string{
		"detectionmodelresult": "result", "detectionevidence": "evidence", "employee": "person", "employeeevent": "event of employment",
	}[e.Object]
	if name == "" {
		name = e.Object
	}
	if e.ID == 0 {
		return map[string]string{"result": "results", "person": "people", "alert": "alerts"}[name]
	}
	return fmt.Sprintf("%s %d", name, e.ID)
}

// accountWords tells what was done to an account, to stand before its name.
func accountWords(verb string) string {
	words := map[string]string{
		"login": "signed in", "logout": "signed out", "login-link": "made a sign-in link for", "login-failed": "refused sign-ins of",
		"account-add": "added", "account-role": "gave another role to", "account-lock": "locked", "account-unlock": "let in again",
		"account-expiry": "set an end for", "account-password": "set the password of",
	}[verb]
	if words == "" {
		return verb
	}
	return words
}
