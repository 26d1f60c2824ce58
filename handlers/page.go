package handlers

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"citd/store"
	"citd/templates"
)

// Modes in which people are shown (PRODUCT decision 6).
const (
	modePseudonyms = "pseudonyms"
	modeNames      = "names"
)

// who tells pages whom they show, in the display mode.
type who struct {
	mode  string
	names map[int64]string // of whom the reader may see by name
}

// who prepares to show people to r's reader.
func (s *server) who(r *request, people ...store.Subject) (w who, err error) {
	ids := make([]int64, len(people))
	for i, p := range people {
		ids[i] = p.ID
	}
	w.mode = s.mode(r)
	w.names, err = s.db.NamesShown(r.Context(), r.actor, ids, s.db.Now())
	return w, err
}

// label is what stands for a person, and sub what is said beside it.
func (w who) label(p store.Subject) (label, sub string) {
	if p.ID == 0 {
		return "Deleted person", ""
	}
	id := p.EmployeeID
	if w.mode == modePseudonyms {
		id = p.Pseudonym
	}
	if name := w.names[p.ID]; name != "" {
		return name, joined(" · ", id, p.Role)
	}
	return id, p.Role
}

// links are the URLs of a person's page, and of what shows r's reader who it is,
// where that is hidden; empty for what is not to be had.
func (w who) links(r *request, p store.Subject) (person, reveal string) {
	if p.ID == 0 {
		return "", ""
	}
	person = personPath(p.ID)
	if w.mode != modeNames && w.names[p.ID] == "" && deciders.has(r.actor.Role) {
		reveal = person + "/reveal"
	}
	return person, reveal
}

// joined puts sep between what is there.
func joined(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), sep)
}

// standing tells where an alert stands, in words.
func standing(h *store.AlertHead, now time.Time) string {
	state, more := standingIn(h, now)
	return state + more
}

// standingIn tells the state, and by whom, until when or why it is so.
func standingIn(h *store.AlertHead, now time.Time) (state, more string) {
	switch h.State {
	case store.StateInReview:
		more = " by " + h.Reviewer
	case store.StateSnoozed:
		more = snoozedUntil(h, now)
	case store.StateConfirmed:
		more = " by " + h.By
	case store.StateDismissed:
		_, more = verdict(h.Closed)
	case store.StateWithdrawn:
		more = ", its results are gone"
	}
	return h.State.Text(), more
}

func snoozedUntil(h *store.AlertHead, now time.Time) string {
	var parts []string
	if h.Until != 0 {
		t := local(h.Until)
		layout := "2 Jan 15:04"
		if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
			layout = "15:04"
		}
		parts = append(parts, t.Format(layout))
	}
	if h.HasOver {
		parts = append(parts, "a score above "+strconv.FormatFloat(h.Over, 'g', 4, 64))
	}
	return " until " + strings.Join(parts, " or ")
}

// verdict is what was decided and why, within a sentence: "dismissed" and ", expected for the role".
func verdict(d *store.Decision) (did, why string) {
	if d == nil {
		return "", ""
	}
	did, why, _ = strings.Cut(d.Did(), " it")
	return did, why
}

// local is a time of ours in the machine's zone, utc a time that was posted.
func local(micros int64) time.Time { return time.UnixMicro(micros) }
func utc(micros int64) time.Time   { return time.UnixMicro(micros).UTC() }

// orZero is the zero time for a time that there is not.
func orZero(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return local(micros)
}

// reasons are those for a dismissal: 1 to 9, then 0, as on a keyboard.
func reasons() []store.Reason { return append(slices.Clone(store.Reasons[1:]), store.Reasons[0]) }

const localInput = "2006-01-02T15:04" // of <input type="datetime-local">

func snoozes(now time.Time) []templates.Snooze {
	in := func(days int) string { return now.AddDate(0, 0, days).Format(localInput) }
	return []templates.Snooze{{Text: "1 day", Until: in(1)}, {Text: "3 days", Until: in(3)}, {Text: "1 week", Until: in(7)}}
}

// among is value if it is one of the list, else the first.
func among(list [][2]string, value string) string {
	if slices.ContainsFunc(list, func(t [2]string) bool { return t[0] == value }) {
		return value
	}
	return list[0][0]
}

// views are links to each of the list, values of a query and in words.
func views(list [][2]string, current string, url func(value string) string) []templates.View {
	out := make([]templates.View, len(list))
	for i, t := range list {
		out[i] = templates.View{Name: t[0], Label: t[1], URL: url(t[0]), Current: t[0] == current}
	}
	return out
}

// place is the part of the queue that a page belongs to: its view and filter.
type place struct{ view, filter string }

func placeOf(q url.Values) place {
	p := place{q.Get("view"), strings.TrimSpace(q.Get("q"))}
	if p.view == "" {
		p.view = store.QueueViews[0]
	}
	return p
}

// ask is p for the store.
func (p place) ask(mode string) store.QueueAsk {
	return store.QueueAsk{View: p.view, Filter: p.filter, Names: mode == modeNames}
}

// url is a path with p in its query, and further pairs of it.
func (p place) url(path string, more ...string) string {
	return address(path, append([]string{"view", unless(p.view, store.QueueViews[0]), "q", p.filter}, more...)...)
}

// address is a path with those pairs of name and value in its query whose value is not empty.
func address(path string, pairs ...string) string {
	q := url.Values{}
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] != "" {
			q.Set(pair[0], pair[1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// unless is value, or empty if it is what goes without saying.
func unless(value, plain string) string {
	if value == plain {
		return ""
	}
	return value
}

// idText writes the id of a row; empty for none.
func idText(id int64) string { return unless(strconv.FormatInt(id, 10), "0") }

func alertPath(id int64) string { return "/alerts/" + strconv.FormatInt(id, 10) }

// teeth are the dimensions in their order, each with its value in values, if it
// is there. scale is that of the model; 1 where values are over it already.
func teeth(drawn []store.Dimension, values map[string]float64, scale float64) []templates.Dim {
	out := make([]templates.Dim, len(drawn))
	for i, d := range drawn {
		out[i] = tooth(d, scale)
		if v, ok := values[d.Name]; ok {
			out[i].Value = &v
		}
	}
	return out
}

// tooth is a dimension without a value.
func tooth(d store.Dimension, scale float64) templates.Dim {
	return templates.Dim{Name: d.Title(), Letter: d.Letter, Scale: scale * cmp.Or(d.Full, 1), Bounds: templates.Bounds{Middle: d.Middle, High: d.High}}
}

// terms tells what an alert's place in the queue is made of.
func terms(h *store.AlertHead) string {
	var parts []string
	sign := ""
	for _, t := range store.RankTerms(h.Peak, h.Flagged, len(h.Models)) {
		parts = append(parts, fmt.Sprintf("%s %s%.2f", t.Name, sign, t.Value))
		sign = "+"
	}
	return strings.Join(parts, ", ")
}
