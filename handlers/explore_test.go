package handlers_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"citd/store"

	"github.com/chromedp/chromedp"
)

// houseWithResults holds six results of four people; ids by score: 2 5 1 4 3 6.
func houseWithResults(t *testing.T) *house {
	h := startHouse(t)
	h.post("EM001", 0.71, `, "email_anomaly": 0.8`)
	h.post("EM002", 0.9, `, "email_anomaly": 0.9, "web_anomaly": 0.4, "flag": true`)
	h.post("EM003", 0.3, "")
	h.post("EM001", 0.5, `, "email_anomaly": 0.1, "evidence": [{"description": "Copied to KX-64", "evidence_type": "device", "date_from": "2026-01-01", "date_to": "2026-01-01", "subject": "x"}]`)
	h.post("EM004", 0.8, `, "email_anomaly": 0.75, "file_anomaly": 0.2`)
	h.post("EM003", 0.2, `, "email_anomaly": 0`)
	return h
}

var (
	resultRow = regexp.MustCompile(`<tr id="r(\d+)"`)
	tags      = regexp.MustCompile(`<[^>]*>`)
)

// rowsIn lists the results in a table, in order.
func rowsIn(html string) string {
	var ids []string
	for _, m := range resultRow.FindAllStringSubmatch(html, -1) {
		ids = append(ids, m[1])
	}
	return strings.Join(ids, " ")
}

func TestExplorePage(t *testing.T) {
	h := houseWithResults(t)
	for query, want := range map[string]struct{ rows, head string }{
		"":                                {"2 5 1 4 3 6", "6 results from 4 people; brush an axis to narrow them"},
		"q=email>%3D0.7":                  {"2 5 1", "3 of 6 results match; 3 people"},
		"q=email:none":                    {"3", "1 of 6 results match; 1 person"},
		"q=is:flagged+em002":              {"2", "1 of 6 results match; 1 person"},
		"q=kx-64":                         {"4", "1 of 6 results match; 1 person"},
		"q=email>%3D0.7&after=0.8_5":      {"1", "3 of 6 results match; 3 people"},
		"q=score>2":                       {"", "0 of 6 results match; 0 people"},
		"q=score>2&axes=score,email,none": {"", "Clear score: 6 results"},
		"q=depth>2":                       {"", "There is no &#34;depth&#34;"},
		"axes=score,email":                {"2 5 1 4 3 6", "axes=score"},
	} {
		body := h.page(h.vic, "/explore?"+query)
		if got := rowsIn(body); got != want.rows {
			t.Errorf("?%s: %s, want %s", query, got, want.rows)
		}
		if text := tags.ReplaceAllString(body, ""); query != "q=depth>2" && query != "axes=score,email" && !strings.Contains(text, want.head) {
			t.Errorf("?%s does not say %q", query, want.head)
		}
	}
	if body := h.page(h.vic, "/explore?q=depth>2"); !strings.Contains(body, "there is no &#34;depth&#34; to filter by") {
		t.Error("a filter that cannot be read is not explained")
	}
	if body := h.page(h.vic, "/explore"); strings.Contains(body, `name="action"`) || strings.Contains(body, "d-confirm") {
		t.Error("a viewer is offered decisions")
	}
	if body := h.page(h.ana, "/explore?axes=score,email"); strings.Count(body, `class="pt"`) != 2 || !strings.Contains(body, `name="axes" value="score,email"`) {
		t.Error("the axes asked for are not drawn, or lost by the next filter")
	}
}

// The form's fields become a filter in the address.
func TestExploreForm(t *testing.T) {
	h := houseWithResults(t)
	res, err := h.ana.Get(h.base + "/explore?date.min=&date.max=&email.min=0.7&email.max=&web.none=1&dept=IT&dept=none&state=in_review&words=em002+%22a+b%22&axes=score,email")
	h.must(err)
	res.Body.Close()
	to, err := url.Parse(res.Header.Get("Location"))
	if err != nil || res.StatusCode != http.StatusSeeOther || to.Path != "/explore" || to.Query().Get("axes") != "score,email" ||
		to.Query().Get("q") != `dept:IT,"none" email>=0.7 web:none state:in_review em002 "a b"` {
		t.Errorf("%s %s", res.Status, to)
	}
}

func TestExploreRows(t *testing.T) {
	h := houseWithResults(t)
	for path, want := range map[string]string{"?q=email>0": "2 5 1 4", "?q=email>0&after=0.71_1": "4", "?q=email>0&id=5": "5", "?q=email>0&id=3": "", "?q=&after=x": "2 5 1 4 3 6"} {
		if got := rowsIn(h.page(h.vic, "/explore/rows"+path)); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if code, body := h.get(h.vic, "/explore/rows?q=depth>1"); code != http.StatusBadRequest || !strings.Contains(body, "depth") {
		t.Errorf("%d %s", code, body)
	}
}

// columns is what /explore.json answers.
type columns struct {
	N, Total int
	Tag      string
	Axes     []struct {
		K, T, Type string
		Boxes, Hot int
		V, L       []string
	}
	Person []string
	ID     []int64
	Pi     []int
	Col    map[string][]int
}

func (h *house) columns(c *http.Client, path string, header ...string) (*http.Response, columns) {
	h.tb.Helper()
	req, err := http.NewRequest(http.MethodGet, h.base+path, nil)
	h.must(err)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := c.Do(req)
	h.must(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	h.must(err)
	var v columns
	if res.StatusCode == http.StatusOK && res.Header.Get("Content-Encoding") == "" {
		h.must(json.Unmarshal(b, &v))
	}
	return res, v
}

func TestExploreColumns(t *testing.T) {
	h := houseWithResults(t)
	res, x := h.columns(h.vic, "/explore.json")
	if x.N != 6 || x.Total != 6 || fmt.Sprint(x.ID) != "[6 5 4 3 2 1]" || fmt.Sprint(x.Col["score"]) != "[20 80 50 30 90 71]" || fmt.Sprint(x.Col["file"]) != "[-1 20 -1 -1 -1 -1]" {
		t.Errorf("%+v", x)
	}
	if fmt.Sprint(x.Person) != "[EM003 EM004 EM001 EM002]" || fmt.Sprint(x.Pi) != "[0 1 2 0 3 2]" {
		t.Errorf("people %v %v", x.Person, x.Pi)
	}
	var keys []string
	for _, a := range x.Axes {
		keys = append(keys, a.K)
		if len(x.Col[a.K]) != x.N {
			t.Errorf("axis %s has %d values", a.K, len(x.Col[a.K]))
		}
	}
	if fmt.Sprint(keys) != "[date dept role model email web device login file score state]" {
		t.Errorf("axes %v", keys)
	}
	tag := res.Header.Get("ETag")
	if tag != `"`+x.Tag+`"` || x.Tag == "" {
		t.Errorf("tag %s, %s", tag, x.Tag)
	}
	for _, same := range []func() (*http.Response, columns){
		func() (*http.Response, columns) { return h.columns(h.ana, "/explore.json?since="+x.Tag) },
		func() (*http.Response, columns) { return h.columns(h.ana, "/explore.json", "If-None-Match", tag) },
	} {
		if res, _ := same(); res.StatusCode != http.StatusNotModified {
			t.Errorf("what the client has is sent again: %s", res.Status)
		}
	}
	if res, _ := h.columns(h.ana, "/explore.json", "Accept-Encoding", "gzip"); res.Header.Get("Content-Encoding") != "gzip" {
		t.Error("sent as it is to one who takes gzip")
	}
	h.post("EM005", 0.4, "")
	res, x = h.columns(h.ana, "/explore.json?since="+x.Tag)
	if res.StatusCode != http.StatusOK || x.N != 7 {
		t.Errorf("after a post: %s, %d results", res.Status, x.N)
	}
	for q, want := range map[string]string{
		"is:flagged+kx-64": `{"brushes":{},"rest":"is:flagged kx-64"}`,
		"depth>1":          `{"brushes":{},"rest":"","problem":"Depth\u003e1: there is no \"depth\" to filter by; there are date, dept, role, model, email, web, device, login, file, score, state, id, is."}`,
		"em001":            `{"brushes":{},"rest":"em001","id":[4,1]}`,
		`reporter:usb-watch+date>2013-12-31+date<=2014-01-01+web:none+email>.104+"em001"`: `{"brushes":{"date":{"lo":"2014-01-01","hi":"2014-01-01"},"email":{"lo":"0.11"},` +
			`"model":{"set":["usb-watch 1.0"]},"web":{"none":true}},"rest":"\"em001\"","id":[4,1]}`,
	} {
		if _, meant := h.get(h.ana, "/explore.json?q="+q); meant != want {
			t.Errorf("%s means %s; want %s", q, meant, want)
		}
	}
}

// What is revealed to one is not drawn for another: readers share the columns.
func TestExploreReveal(t *testing.T) {
	h := houseWithResults(t)
	var ana store.Actor
	people, err := h.db.Accounts(t.Context(), store.Person)
	h.must(err)
	for _, p := range people {
		if p.Name == "ana" {
			ana = p.Actor
		}
	}
	h.must(h.db.Reveal(t.Context(), ana, 2, 1, ""))
	if rows := h.page(h.ana, "/explore/rows?q="); !strings.Contains(rows, "Name of EM002") {
		t.Error("the table does not show what was revealed")
	}
	for _, c := range []*http.Client{h.ana, h.vic} {
		if _, x := h.columns(c, "/explore.json"); slices.Contains(x.Person, "Name of EM002") {
			t.Error("a revealed name is in the columns")
		}
	}
	if rows := h.page(h.vic, "/explore/rows?q="); strings.Contains(rows, "Name of EM002") {
		t.Error("the table shows what was revealed to another")
	}
}

// Names stand nowhere but in the mode names, and to look for one is put on record.
func TestExploreModes(t *testing.T) {
	h := houseWithResults(t)
	searches := func() int {
		log, _, err := h.db.Activity(t.Context(), store.ActivityQuery{Kind: store.OnlyAccess, Limit: 100})
		h.must(err)
		n := 0
		for _, e := range log {
			if e.Verb == "search" {
				n++
			}
		}
		return n
	}
	for _, mode := range []string{"ids", "pseudonyms", "names"} {
		h.mode(mode)
		_, x := h.columns(h.ana, "/explore.json")
		rows, found := h.page(h.ana, "/explore/rows?q="), h.page(h.ana, "/explore/rows?q=%22name+of+em002%22")
		names := mode == "names"
		if slices.Contains(x.Person, "Name of EM002") != names || strings.Contains(rows, "Name of EM002") != names || (rowsIn(found) == "2") != names || (searches() > 0) != names {
			t.Errorf("%s: %v, %d searches", mode, x.Person, searches())
		}
		if slices.Contains(x.Person, "EM002") != (mode == "ids") || strings.Contains(rows, ">EM002<") != (mode == "ids") {
			t.Errorf("%s: %v", mode, x.Person)
		}
		if regexp.MustCompile(`zz(title|gender|nation|ethnic|marital)`).MatchString(rows + found) {
			t.Errorf("%s: what is protected is shown", mode)
		}
	}
}

func TestExploreDecide(t *testing.T) {
	h := houseWithResults(t)
	seen := func(q string) (n, sum string) {
		body := h.page(h.ana, "/explore?q="+url.QueryEscape(q))
		m := regexp.MustCompile(`name="n" value="(\d+)"[^>]*><input type="hidden" name="sum" value="(\d+)"`).FindStringSubmatch(body)
		if m == nil {
			t.Fatal("the page does not name the set that it shows")
		}
		return m[1], m[2]
	}
	n, sum := seen("email>=0.7")
	h.post("EM007", 0.6, `, "email_anomaly": 0.7`)
	code, _, body := h.form(h.ana, "/explore/decide", true, "q", "email>=0.7", "n", n, "sum", sum, "action", "dismiss", "reason", "4")
	if code != http.StatusConflict || !strings.Contains(body, "4 results match now; nothing was decided") {
		t.Fatalf("the set has changed: %d %s", code, body)
	}
	n, sum = seen("email>=0.7")
	code, _, body = h.form(h.ana, "/explore/decide", true, "q", "email>=0.7", "n", n, "sum", sum, "action", "dismiss", "reason", "4", "note", "all")
	v := h.json(body)
	if code != http.StatusOK || v["who"] != "4 results of 4 people" || len(v["decided"].([]any)) != 4 || v["skipped"] != nil {
		t.Fatalf("%d %s", code, body)
	}
	if got := rowsIn(h.page(h.ana, "/explore?q=state:dismissed")); got != "2 5 1 7" {
		t.Errorf("dismissed are %s", got)
	}
	if got := rowsIn(h.page(h.ana, "/explore?q=em001+state:new")); got != "4" {
		t.Errorf("undecided of an alert of two are %s; only what matched is covered", got)
	}
	if code, _, body := h.form(h.ana, "/alerts/decide", true, "action", "undo", "batch", fmt.Sprint(v["batch"])); code != http.StatusOK {
		t.Errorf("undo: %d %s", code, body)
	}
	code, to, _ := h.form(h.ana, "/explore/decide", false, "q", "email>=0.7", "id", "1", "id", "5", "action", "confirm", "until", "2026-01-01T00:00")
	if code != http.StatusSeeOther || to != "/explore?q=email%3E%3D0.7" {
		t.Errorf("without script: %d %s", code, to)
	}
	if got := rowsIn(h.page(h.ana, "/explore?q=state:confirmed")); got != "5 1" {
		t.Errorf("confirmed are %s", got)
	}
	for name, tt := range map[string]struct {
		fields []string
		want   int
	}{
		"decided already":   {[]string{"id", "5", "action", "dismiss", "reason", "1"}, http.StatusConflict},
		"gone":              {[]string{"id", "2", "id", "99", "action", "confirm"}, http.StatusConflict},
		"no reason":         {[]string{"id", "2", "action", "dismiss"}, http.StatusBadRequest},
		"another set":       {[]string{"q", "is:flagged", "n", "1", "sum", "1", "action", "confirm"}, http.StatusConflict},
		"no set":            {[]string{"q", "", "action", "confirm"}, http.StatusConflict},
		"no filter":         {[]string{"q", "depth>1", "n", "0", "sum", "0", "action", "confirm"}, http.StatusBadRequest},
		"an odd id":         {[]string{"id", "x", "action", "confirm"}, http.StatusBadRequest},
		"an odd action":     {[]string{"id", "2", "action", "reopen"}, http.StatusBadRequest},
		"a score to wake":   {[]string{"id", "2", "action", "snooze", "over", "0.95"}, http.StatusBadRequest},
		"a time to wake":    {[]string{"id", "2", "action", "snooze", "until", time.Now().AddDate(0, 0, 1).Format("2006-01-02T15:04")}, http.StatusOK},
		"taken into review": {[]string{"id", "3", "action", "review"}, http.StatusOK},
	} {
		if code, _, body := h.form(h.ana, "/explore/decide", true, tt.fields...); code != tt.want {
			t.Errorf("%s: %d %s", name, code, body)
		}
	}
	if code, _, _ := h.form(h.vic, "/explore/decide", true, "id", "2", "action", "confirm"); code != http.StatusForbidden {
		t.Errorf("a viewer decides: %d", code)
	}
}

// People whom other models flagged too are left out of a bulk dismissal, and named.
func TestExploreHoldsBack(t *testing.T) {
	h := startHouse(t)
	h.post("EM001", 0.5, "")
	h.post("EM002", 0.5, "")
	for _, model := range []string{"mail 1", "web 1"} {
		h.slumber("detectionmodelresult", fmt.Sprintf(`{"employee": {"employee_id": "EM002"}, "date": %q, "reporter": %q, "score": 0.4, "flag": true}`, time.Now().UTC().Format(time.DateTime), model))
	}
	code, _, body := h.form(h.ana, "/explore/decide", true, "id", "1", "id", "2", "action", "dismiss", "reason", "4")
	v := h.json(body)
	if code != http.StatusOK || v["who"] != "1 result of 1 person" || !strings.Contains(body, `"held":[{"alert":2,"results":[2],"who":"EM002","why":"mail and web flagged this person"}]`) {
		t.Fatalf("%d %s", code, body)
	}
	code, _, body = h.form(h.ana, "/explore/decide", true, "id", "2", "action", "dismiss", "reason", "4", "anyway", "1", "batch", fmt.Sprint(v["batch"]))
	if code != http.StatusOK || strings.Contains(body, `"held"`) || h.json(body)["batch"] != v["batch"] {
		t.Errorf("a second act: %d %s", code, body)
	}
	if code, _, _ := h.form(h.ana, "/alerts/decide", true, "action", "undo", "batch", fmt.Sprint(v["batch"])); code != http.StatusOK {
		t.Error(code)
	}
	code, _, body = h.form(h.ana, "/explore/decide", false, "id", "1", "id", "2", "action", "dismiss", "reason", "4")
	if code != http.StatusOK {
		t.Fatalf("without script: %d %s", code, body)
	}
	wants(t, "without script", body, "1 alert was dismissed", `<form method="post" action="/explore/decide">`, `name="id" value="2"> <b><bdi>EM002</bdi></b>`, "mail and web flagged this person")
	if code, _, _ = h.form(h.ana, "/explore/decide", false, "id", "2,3", "action", "dismiss", "reason", "4", "anyway", "1"); code != http.StatusSeeOther {
		t.Errorf("the ticked too: %d", code)
	}
}

// Brushes by pointer and key narrow the address and the table; a decision about
// all that match, and its undo; the same without a mouse.
func TestBrowserExplore(t *testing.T) {
	h := houseWithResults(t)
	p := openTab(t)
	code, err := h.db.AddLink(t.Context(), "ann", time.Minute)
	h.must(err)
	p.open(h.base + "/login?code=" + code)
	p.until("signed in", `location.pathname === '/' && document.querySelectorAll('tr[data-id]').length === 4`)
	const (
		heading = `document.querySelector('[data-heading]').textContent`
		q       = `new URLSearchParams(location.search).get('q')`
		drawn   = `!document.querySelector('[data-pc]').hidden && document.querySelector('[data-f]')`
		focus   = `document.activeElement.dataset.f`
	)
	p.press("g", "x")
	p.until("g x", `location.pathname === '/explore' && `+drawn)
	p.until("all are there", rowIDs+` === '2,5,1,4,3,6' && `+heading+`.startsWith('6 results from 4 people')`)

	p.until("one tab stop", `document.querySelectorAll('[data-ov] [tabindex="0"]').length === 1`)
	tabSays[bool](p, `(document.querySelector('[data-ov] [tabindex="0"]').focus(), true)`)
	p.until("the first axis", focus+` === 'date.lo'`)
	right, up, down := "\u0303", "\u0304", "\u0301"
	p.press(right)
	p.until("to the next axis", focus+`.startsWith('dept.')`)
	p.press(right, right)
	p.until("to email", focus+` === 'email.lo'`)
	for range 75 {
		p.press(up)
	}
	p.until("75 steps up", heading+` === '3 of 6 results match; 3 people' && `+q+` === 'email>=0.75' && `+rowIDs+` === '2,5,1' && document.querySelector('#q').value === 'email>=0.75'`)
	p.press(" ")
	p.until("the other end", focus+` === 'email.hi'`)
	for range 15 {
		p.press(down)
	}
	p.until("both ends", q+` === 'email>=0.75 email<=0.85' && `+rowIDs+` === '5,1'`)
	p.press("\u007f")
	p.until("Delete clears", q+` === null && `+rowIDs+` === '2,5,1,4,3,6'`)
	p.press(" ", "\u0306") // to the lower end, and home
	p.until("at the lower end", focus+` === 'email.lo'`)
	p.press(down)
	p.until("below 0 lies the notch", focus+` === 'email.none'`)
	p.press(" ")
	p.until("not measured", q+` === 'email:none' && `+rowIDs+` === '3'`)
	tabSays[bool](p, `(document.querySelector('.pcq [data-clear]').click(), true)`)
	p.until("Clear", q+` === null && `+rowIDs+` === '2,5,1,4,3,6'`)

	typed := func(text string) {
		tabSays[bool](p, `(() => { const f = document.querySelector('#q'); f.value = '`+text+`'; f.dispatchEvent(new Event('input')); return true })()`)
	}
	typed("reporter:usb-watch em001 email>.5")
	p.until("typed, and written as brushes", q+` === 'model:"usb-watch 1.0" email>=0.51 em001' && `+rowIDs+` === '1' && document.querySelector('[aria-selected=true]')`)
	typed("dept:Foo")
	p.until("typed wrongly", `document.querySelector('[data-problem]').textContent.includes('no result has the department "Foo"') && document.querySelector('[data-zero]').innerText.includes('matches dept:Foo.') && !`+rowIDs)
	typed("score>0.95 em001")
	p.until("nothing matches", `document.querySelector('[data-zero]').innerText.includes('Clear score: 2 results') && document.querySelector('[data-results]').hidden`)
	typed("")
	p.until("and cleared", q+` === null && `+rowIDs+` === '2,5,1,4,3,6'`)

	p.drag(`document.querySelector('[data-hit=score]')`, 0.05, 0.4)
	p.until("a drag on an axis", q+` === 'score>=0.6 score<=0.95' && `+rowIDs+` === '2,5,1'`)
	p.press("j", "j")
	p.until("j j", current+` === '5' && document.querySelector('[data-read]').textContent.includes('EM004') && document.querySelector('.hll')`)
	tabSays[bool](p, `(document.querySelector('[data-do=dismiss]').click(), true)`)
	p.until("the dialog tells how many", `document.querySelector('#d-dismiss').open && document.querySelector('#d-dismiss').innerText.includes('Dismiss 3 results of 3 people') && document.querySelector('#d-dismiss').innerText.includes('3 of them score 0.7 or more')`)
	p.press("4")
	p.until("decided", `document.querySelector('.toast').innerText.includes('3 results of 3 people dismissed: detector wrong') && [...document.querySelectorAll('tr[data-id] .c7')].every(c => c.innerText.includes('Dismissed'))`)
	p.until("counted", `document.querySelector('[data-sub]').textContent.includes('0 still need a decision')`)
	p.press("u")
	p.until("undone", `[...document.querySelectorAll('tr[data-id] .c7')].every(c => c.innerText.includes('New')) && document.querySelector('[data-sub]').textContent.includes('3 still need a decision')`)

	p.open(h.base + "/explore?q=score>%3D0.8&axes=score,email,date")
	p.until("an address brings its brush and axes back", drawn+` && `+rowIDs+` === '2,5' && [...document.querySelectorAll('.ph')].map(h => h.dataset.k).join() === 'score,email,date' && document.querySelector('.ph .v').textContent === '≥ .80'`)
	const pill = `document.querySelector('.newbar')`
	p.until("it listens", live+` && `+pill+`.hidden`)
	h.post("EM005", 0.95, "")
	if code, _, body := h.form(h.ana, "/alerts/1/decide", true, "action", "confirm"); code != http.StatusOK {
		t.Fatal(body)
	}
	p.until("what others do waits", `!`+pill+`.hidden && `+pill+`.innerText.startsWith('2 alerts with news') && `+rowIDs+` === '2,5'`)
	p.press("n")
	p.until("n takes it in, behind the same filter", pill+`.hidden && `+rowIDs+` === '7,2,5' && `+heading+`.startsWith('3 of 7 ') && `+q+` === 'score>=0.8'`)
	if w := tabSays[int](p, `document.querySelectorAll('[style]').length`); w != 0 {
		t.Errorf("%d style attributes", w)
	}
}

// drag presses on an element at a part of its height, and lets go at another.
func (t *tab) drag(element string, from, to float64) {
	t.Helper()
	type point struct{ X, Y, H float64 }
	at := tabSays[point](t, `(() => { scrollTo(0, 0); const b = `+element+`.getBoundingClientRect(); return { X: b.x + b.width / 2, Y: b.y, H: b.height } })()`)
	if err := chromedp.Do(t.ctx, chromedp.DragAndDropXY(at.X, at.Y+from*at.H, at.X, at.Y+to*at.H, 10)); err != nil {
		t.Fatal(err)
	}
}
