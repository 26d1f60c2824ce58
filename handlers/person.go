package handlers

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"citd/store"
	"citd/templates"
)

const (
	shownResults = 13  // of a person, unless all are asked for
	mostResults  = 500 // then
	shownPast    = 8   // decisions, events and looks on a person's page
)

func personPath(id int64) string { return "/people/" + strconv.FormatInt(id, 10) }

func (p *pages) personPage(w http.ResponseWriter, r *request, id int64) error {
	d, err := p.personData(r, id)
	if err != nil {
		return err
	}
	return page(w, http.StatusOK, templates.Person, d)
}

// reveal shows r's reader who a person is, from now on for a while.
func (p *pages) reveal(w http.ResponseWriter, r *request, id int64) error {
	digit, text := r.PostForm.Get("reason"), r.PostForm.Get("text")
	reason, _ := strconv.Atoi(digit) // 0 is none
	err := p.db.Reveal(r.Context(), r.actor, id, reason, text)
	if e := store.AsError(err); e.Kind == store.Invalid {
		d, err := p.personData(r, id)
		if err != nil {
			return err
		}
		d.Problem, d.Draft = sentence(problemOf(e)), templates.Draft{Reason: digit, Note: text}
		return page(w, http.StatusBadRequest, templates.Person, d)
	} else if err != nil {
		return err
	}
	redirect(w, ownPath(cmp.Or(r.PostForm.Get("back"), personPath(id)+"#identity")))
	return nil
}

// problemOf is what is wrong with a form, without the names of its fields.
func problemOf(e *store.Error) string {
	for _, said := range e.Fields {
		return said[0]
	}
	return e.Msg
}

// personData fills the page. It first puts the look on record.
func (p *pages) personData(r *request, id int64) (d templates.PersonData, err error) {
	ctx, asOf := r.Context(), p.db.Now()
	who, err := p.db.Person(ctx, id)
	if err != nil {
		return d, err
	}
	if err := p.looked(r, "employee", id); err != nil {
		return d, err
	}
	shown, err := p.who(r, who)
	if err != nil {
		return d, err
	}
	d = templates.PersonData{Frame: p.frame(r, shown.title(who), "people")}
	d.Path = personPath(id)
	label, sub := whole(shown, who)
	d.Label, d.Sub = label, joined(" · ", sub, who.Site)
	profile, err := p.db.Profile(ctx, who, asOf)
	if err != nil {
		return d, err
	}
	fillProfile(&d, profile)
	for _, fill := range []func(*request, *templates.PersonData, store.Subject) error{
		p.fillEvents, p.fillIdentity, p.fillPersonAlerts, p.fillPersonResults, p.fillDecisions, p.fillLooks,
	} {
		if err := fill(r, &d, who); err != nil {
			return d, err
		}
	}
	return d, nil
}

// title is the label for the title of a page, which stays in the browser's
// history: a name that was revealed does not stand there.
func (w who) title(p store.Subject) string {
	if w.mode != modeNames {
		w.names = nil
	}
	label, _ := w.label(p)
	return label
}

// differs is s unless it says the same as what stands beside it.
func differs(s, other string) string {
	if strings.EqualFold(s, other) {
		return ""
	}
	return s
}

// fillProfile fills in what 60 days tell.
func fillProfile(d *templates.PersonData, x store.Profile) {
	d.First, d.Pooled, d.Scaled, d.Total = utc(x.From), x.Peers.Pooled, x.Scaled, x.Count
	_, newest := x.Series[0].Newest()
	if x.Count == 0 || newest > store.Days-7 {
		newest = store.Days - 1
	}
	d.Span = "last 7 days"
	if newest < store.Days-1 {
		d.Span = "7 days to " + d.First.AddDate(0, 0, newest).Format("2 Jan")
	}
	var out []string // dimensions above the peers
	for i, s := range x.Series {
		strip := templates.PersonStrip{Name: s.Title(), Scale: s.Full, Bounds: templates.Bounds{Middle: s.Middle, High: s.High}, Own: s.Days, Peer50: s.Peer.Median, Peer95: s.Peer.P95, First: d.First, Tall: i == 0}
		strip.Value, strip.Median, strip.P95 = known(s.Highest(newest-6, newest)), known(s.Median()), known(s.Peer.Newest())
		if i == 0 {
			strip.Detail = "day’s highest"
		} else {
			if len(s.From) > 0 {
				strip.Detail = "from " + strings.Join(s.From, ", ")
			}
			dim := tooth(s.Dimension, 1)
			dim.Value, dim.Median, dim.Peer95 = strip.Value, strip.Median, strip.P95
			d.Dims = append(d.Dims, dim)
			if v, q := strip.Value, strip.P95; v != nil && q != nil && *v > *q && dim.Heat() != "l" { // below, standing above peers means little
				out = append(out, strings.ToLower(strip.Name))
			}
		}
		d.Strips = append(d.Strips, strip)
	}
	fillGrids(d, x)
	d.Peers = peersLine(x.Peers)
	d.Say = driftSays(d, x)
	if x.Count > 0 {
		d.Say = append(d.Say, peersSay(x.Peers, out, d.Span)...)
	}
}

// known is a pointer to v, nil for NaN.
func known(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	return &v
}

func fillGrids(d *templates.PersonData, x store.Profile) {
	d.Hours, d.Zone = x.Hours, x.Zone.String()
	first := (int(d.First.Weekday()) + 6) % 7 // Monday is 0
	weeks := (first + store.Days + 6) / 7
	for w := range d.Weeks {
		d.Weeks[w] = slices.Repeat([]float64{math.NaN()}, weeks)
	}
	for i, v := range x.Series[0].Days {
		at := first + i
		d.Weeks[at%7][at/7] = v
	}
}

func peersLine(p store.Peers) string {
	switch {
	case p.Role == "" && p.Enough:
		return fmt.Sprintf("The role is not known, so that all %s others are the peers.", store.Count(p.Count))
	case p.Enough:
		return fmt.Sprintf("Peers are the %s others with the role %s.", store.Count(p.Count), p.Role)
	case p.Role == "":
		return "The role is not known, and there are too few people to compare with."
	}
	return fmt.Sprintf("Too few peers to compare: %s with the role %s.", others(p.Count), p.Role)
}

func others(n int) string {
	if n == 0 {
		return "nobody else"
	}
	return store.Plural(n, "other", "others")
}

// inTurn makes a sentence of texts that are plain and bold in turn.
func inTurn(texts ...string) []templates.Span {
	out := make([]templates.Span, len(texts))
	for i, t := range texts {
		out[i] = templates.Span{Text: t, Bold: i%2 == 1}
	}
	return out
}

// driftSays tells whether the daily score has left the person's own range.
func driftSays(d *templates.PersonData, x store.Profile) []templates.Span {
	f := x.Drift
	day := func(n int) string { return d.First.AddDate(0, 0, n).Format("2 Jan") }
	rose := "Daily score rose from a median of "
	switch {
	case x.Count == 0:
		return inTurn("No result in 60 days.")
	case !f.Known && f.Values >= 15:
		return inTurn("No baseline yet: too few of the first 30 days have a result.")
	case !f.Known:
		return inTurn("No baseline yet (" + store.Plural(f.Values, "day", "days") + " with a result; 15 are needed).")
	case !f.On:
		return inTurn("Within the usual range: the running mean of the daily score is not above ", store.Figure(f.Limit), ".")
	case f.Current():
		return inTurn("Drifting for ", store.Plural(store.Days-f.From, "day", "days"), ". "+rose, store.Figure(f.Median), " to ", store.Figure(f.Now), ".")
	}
	return inTurn("Drifted from "+day(f.From)+" to "+day(f.Last)+", the newest result. "+rose, store.Figure(f.Median), " to ", store.Figure(f.Now), ".")
}

// peersSay tells which dimensions are above the range of the peers and more than low.
func peersSay(p store.Peers, out []string, span string) []templates.Span {
	if !p.Enough {
		return nil
	}
	others := fmt.Sprintf("%s others with the role %s", store.Count(p.Count), p.Role)
	if p.Role == "" {
		others = fmt.Sprintf("all %s others", store.Count(p.Count))
	}
	switch len(out) {
	case 0:
		return inTurn(" No dimension stands out from " + others + " (" + span + ").")
	case 1:
		return inTurn(" ", capital(out[0]), " is above the range of "+others+".")
	}
	return inTurn(" ", capital(store.And(out)), " are above the range of "+others+".")
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// eventWords tell the kinds of events of employment.
var eventWords = map[string]string{
	"notice_given": "Notice given", "left": "Left", "role_change": "New role", "leave": "On leave", "access_change": "Access changed", "note": "Note",
}

func (p *pages) fillEvents(r *request, d *templates.PersonData, who store.Subject) error {
	events, err := p.db.PersonEvents(r.Context(), who.ID, 50)
	if err != nil {
		return err
	}
	for i, e := range events {
		at, words := utc(e.At), cmp.Or(eventWords[e.Kind], e.Kind)
		if (e.Kind == "notice_given" || e.Kind == "left") && d.Standing == "" && !at.After(d.Now) {
			d.Standing = words + " " + at.Format("2 Jan")
		}
		if day := int(at.Sub(d.First).Hours() / 24); !at.Before(d.First) && day < store.Days {
			d.Marks = append(d.Marks, templates.PersonMark{Day: day, At: at, Text: strings.ToLower(words)})
		}
		if i < shownPast {
			if e.Until.Valid {
				words += " until " + utc(e.Until.V).Format("2 Jan")
			}
			d.Work = append(d.Work, templates.Step{State: "note", Text: words, Note: joined(" · ", e.Text, e.Source), At: at})
		}
	}
	slices.Reverse(d.Marks)
	for i := range d.Strips {
		d.Strips[i].Marks = d.Marks
	}
	return nil
}

// employment tells the status codes of the wire in words; others stand as posted.
var employment = map[string]string{"P": "Permanent", "C": "Contract", "T": "Temporary"}

func (p *pages) fillIdentity(r *request, d *templates.PersonData, who store.Subject) error {
	id := fact("Employee ID", who.EmployeeID)
	if d.Mode == modePseudonyms {
		id = fact("Pseudonym", who.Pseudonym)
	}
	status := cmp.Or(employment[who.Employment], who.Employment)
	d.Facts = []templates.Fact{id, fact("Role", who.Role), fact("Department", who.Department), fact("Site", who.Site), fact("Employment", status), fact("Left on", who.LeftOn)}
	d.Facts = slices.DeleteFunc(d.Facts, func(f templates.Fact) bool { return f.Value.Text == "" })
	d.Hidden = "Name, birth date, gender, nationality, marital status, ethnicity and address"
	if d.Mode == modeNames {
		d.Hidden = "Birth date, gender, nationality, marital status, ethnicity and address"
	}
	i, err := p.db.Revealed(r.Context(), r.actor, who.ID, p.db.Now())
	if err != nil {
		return err
	}
	if i != nil {
		d.Until = local(i.Until)
		for _, f := range [][2]string{
			{"Name", strings.TrimSpace(i.Title + " " + i.Name)},
			{"Born", i.DateOfBirth},
			{"Gender", i.Gender},
			{"Nationality", i.Nationality},
			{"Marital status", i.MaritalStatus},
			{"Ethnicity", i.Ethnicity},
			{"Address", i.Address},
		} {
			d.Identity = append(d.Identity, fact(f[0], cmp.Or(f[1], "not known")))
		}
		return nil
	}
	if deciders.has(r.actor.Role) {
		d.Reveal = personPath(who.ID) + "/reveal"
		d.Reveals = store.RevealReasons
	}
	return nil
}
