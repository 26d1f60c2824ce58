package handlers

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"citd/store"
	"citd/templates"
)

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

// signs are those of verbs; others have a key.
var signs = map[string]string{"view": "view", "reveal": "view", "search": "view", "change": "post", "delete": "post"}

// entry tells who did what to whom, with links.
func (t teller) entry(e store.Entry) templates.ActivityEntry {
	out := templates.ActivityEntry{
		Sign: cmp.Or(signs[e.Verb], "key"), Says: []templates.Span{{Text: cmp.Or(e.By, "citd"), Bold: true}}, At: local(e.At), Seq: e.Seq,
	}
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
		out.From = e.Detail
		say("read " + objectWords(e) + " over the API")
	case e.Verb == "view" && e.Object == "alert":
		say("opened")
		link(alert)
		say("of")
		link(t.person(e.Person))
	case e.Verb == "view":
		say("opened the page of")
		link(t.person(e.Person))
	case e.Verb == "reveal":
		out.From = revealWords(e.Detail)
		say("looked at who it is:")
		link(t.person(e.Person))
	case e.Object == "account":
		out.From = e.Detail
		words := accountWords(e.Verb)
		say(words)
		switch {
		case e.Target != "" && e.ID != e.Account:
			link(templates.Span{Text: e.Target, Bold: true})
		case !strings.HasPrefix(words, "signed"):
			say("themselves")
		}
	case e.Verb == "change", e.Verb == "delete":
		out.From = e.Detail
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
	before, after := verdict(d)
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
	before, after := verdict(entries[0].Decision)
	if entries[0].Decision.Action == store.Undo {
		before, after = "took decisions back on", ""
	}
	out.Says = append(out.Says[:1], templates.Span{Text: " " + before + " " + store.Count(len(entries)) + " alerts in one step" + after + ":"})
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
	words := cmp.Or(map[string]string{
		"search": "searched", "export": "exported", "setting": "changed a setting", "import": "imported", "read": "read over the API", "purge": "removed for good", "restore": "put a backup in the place of the file",
	}[e.Verb], e.Verb)
	if e.Object != "" && e.Verb != "setting" {
		words += " " + objectWords(e)
	}
	out.Says = append(out.Says, templates.Span{Text: " " + words})
	out.From = e.Detail
}

// objectWords names what an entry is about.
func objectWords(e store.Entry) string {
	name := cmp.Or(map[string]string{
		"detectionmodelresult": "result", "detectionevidence": "evidence", "employee": "person", "employeeevent": "event of employment",
	}[e.Object], e.Object)
	if e.ID == 0 {
		return map[string]string{"result": "results", "person": "people", "alert": "alerts"}[name]
	}
	return fmt.Sprintf("%s %d", name, e.ID)
}

// accountWords tells what was done to an account, to stand before its name.
func accountWords(verb string) string {
	return cmp.Or(map[string]string{
		"login": "signed in", "logout": "signed out", "login-link": "made a sign-in link for", "login-failed": "refused sign-ins of",
		"account-add": "added", "account-role": "gave another role to", "account-lock": "locked", "account-unlock": "let in again",
		"account-password": "set the password of", "account-reset": "took away the password and made a sign-in link for",
	}[verb], verb)
}
