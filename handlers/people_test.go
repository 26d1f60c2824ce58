package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"citd/handlers"
	"citd/store"
)

// secrets are planted in the one field each that tells who somebody is.
var secrets = []string{"PlantedName", "PlantedTitle", "1971-02-03", "PlantedGender", "PlantedNation", "PlantedMarital", "PlantedEthnic", "PlantedStreet", "PlantedCity"}

// plant stores a person with an identity, five peers, and results of several days.
func (h *house) plant() {
	h.tb.Helper()
	h.slumber("employee", `{"employee_id": "PL001", "title": "PlantedTitle", "name": "PlantedName", "dateOfBirth": "1971-02-03", "gender": "PlantedGender",
		"nationality": "PlantedNation", "maritalStatus": "PlantedMarital", "ethnicity": "PlantedEthnic", "role": "Engineer", "department": "IT", "site": "Halden",
		"currentEmploymentStatus": "P", "homeAddress": {"line1": "PlantedStreet 1", "city": "PlantedCity"}}`)
	for i := range 5 {
		h.slumber("employee", fmt.Sprintf(`{"employee_id": "PE%03d", "role": "Engineer", "department": "IT"}`, i))
	}
	now := time.UnixMicro(h.db.Now()).UTC()
	for i := range 12 {
		h.slumber("detectionmodelresult", fmt.Sprintf(`{"employee": "/data-sub/api/employee/%d/", "date": "%s", "reporter": "usb-watch 1.0", "flag": "True", "score": 0.%d, "device_anomaly": 0.%d, "file_anomaly": 0.5,
			"evidence": [{"description": "USB storage mounted %d times", "evidence_type": "device", "date_from": "2026-01-01", "date_to": "2026-01-02"}]}`,
			1+i%6, now.Add(-time.Duration(i)*20*time.Hour).Format("2006-01-02 15:04:05"), 30+i*5, 40+i*4, i))
	}
	h.slumber("employeeevent", fmt.Sprintf(`{"employee": "/data-sub/api/employee/1/", "kind": "notice_given", "at": "%s", "text": "last day soon"}`, now.Add(-80*time.Hour).Format("2006-01-02 15:04:05")))
}

// What each page answers, and to whom.
func TestPeoplePages(t *testing.T) {
	h := startHouse(t)
	h.plant()
	for _, tt := range []struct {
		who  *http.Client
		path string
		code int
		want string // in the answer; "-" before it: not in the answer
	}{
		{h.ana, "/people", 200, `<a class="b" href="/people/1"><bdi>PL001</bdi></a>`},
		{h.vic, "/people", 200, "6 employees, ordered by highest score in the last 7 days"},
		{h.ana, "/people?q=pe00", 200, "5 of 6 employees"},
		{h.ana, "/people?q=PE003", 200, "-PL001"},
		{h.ana, "/people?q=%3Cb%3E", 200, "Nobody matches <bdi class=\"mono\">&lt;b&gt;"},
		{h.ana, "/people?order=open", 200, `aria-sort="descending"><a href="/people?order=open"`},
		{h.ana, "/people?order=nonsense", 200, "highest score"},
		{h.ana, "/people?after=0.2_3", 200, "First page"},
		{h.ana, "/people/1", 200, "Engineer, IT · Halden"},
		{h.ana, "/people/1", 200, "Notice given"},
		{h.ana, "/people/1", 200, "No baseline yet (2 days with a result; 15 are needed)."},
		{h.ana, "/people/1", 200, "5 others with the role Engineer"},
		{h.ana, "/people/1", 200, "<b>File</b>"},
		{h.ana, "/people/1", 200, "from usb-watch"},
		{h.ana, "/people/1", 200, "USB storage mounted 6 times"},
		{h.ana, "/people/1", 200, "to decide</a>"},
		{h.ana, "/people/1", 200, "opened this page"},
		{h.ana, "/people/1", 200, `action="/people/1/reveal"`},
		{h.ana, "/people/1", 200, `action="/alerts/`},
		{h.ana, "/people/1?results=all", 200, "listed: all"},
		{h.vic, "/people/1", 200, "an analyst may show them"},
		{h.vic, "/people/1", 200, "-/reveal"},
		{h.vic, "/people/1", 200, `-action="/alerts/`},
		{h.ana, "/people/99", 404, "no person 99"},
		{h.ana, "/people/x", 404, "no person"},
		{h.ana, "/people/0", 404, "no person"},
		{h.ana, "/models", 200, "usb-watch 1.0"},
		{h.ana, "/models", 200, "not enough decisions yet"},
		{h.vic, "/models", 200, "12 open"},
		{h.ana, "/activity", 200, `<b><bdi>ana</bdi></b> opened the page of <a class="l" href="/people/1">`},
		{h.ana, "/activity", 200, "posted: "},
		{h.ana, "/activity?kind=access", 200, "-posted: "},
		{h.ana, "/activity?kind=decisions", 200, "Nothing of this kind is on record"},
		{h.ana, "/activity?person=1", 200, "About <bdi>PL001</bdi>"},
		{h.ana, "/activity?person=1", 200, "-signed in"},
		{h.ana, "/activity?person=99", 200, "a deleted person"},
		{h.ana, "/activity?who=3", 200, "-<bdi>ana</bdi></b>"},
		{h.vic, "/activity?check=1", 200, "The chain is whole"},
		{h.ana, "/activity?before=x&day=y&who=-1&kind=z", 200, "signed in"},
		{http.DefaultClient, "/people/1", 200, "Sign in"},
	} {
		t.Run(tt.path, func(t *testing.T) {
			code, body := h.get(tt.who, tt.path)
			text, not := strings.CutPrefix(tt.want, "-")
			if code != tt.code || strings.Contains(body, text) == not {
				t.Errorf("GET %s = %d, want %d and %q in\n%s", tt.path, code, tt.code, tt.want, body)
			}
		})
	}
}

// Who a person is leaves only to whom it was revealed, for 8 hours; a name also in the mode names.
func TestNoIdentityBeforeAReveal(t *testing.T) {
	h := startHouse(t)
	h.plant()
	paths := []string{
		"/people", "/people?q=PlantedName&order=person", "/people?q=PlantedGender", "/people?order=person&after=1", "/people.csv", "/people.csv?q=PlantedName", "/people/1", "/people/1?results=all",
		"/models", "/activity", "/activity?person=1", "/activity?kind=access&check=1", "/", "/alerts/1", "/results/1", "/people/99",
	}
	look := func(c *http.Client, mode string, may ...string) {
		t.Helper()
		for _, path := range paths {
			_, body := h.get(c, path)
			for _, asked := range []string{"PlantedName", "PlantedGender"} { // what was typed stands in the field, and in links
				body = strings.ReplaceAll(body, `value="`+asked+`"`, "")
				body = strings.ReplaceAll(body, "q="+asked, "")
				body = strings.ReplaceAll(body, "<bdi class=\"mono\">"+asked, "")
			}
			for _, s := range secrets {
				if strings.Contains(body, s) && !strings.Contains(strings.Join(may, " "), s) {
					t.Errorf("mode %s: GET %s tells %s", mode, path, s)
				}
			}
		}
	}
	for _, mode := range []string{"ids", "pseudonyms"} {
		h.mode(mode)
		for _, c := range []*http.Client{h.vic, h.ana, h.alice} {
			look(c, mode)
		}
	}
	if body := h.page(h.ana, "/people/1"); strings.Contains(body, "PL001") {
		t.Error("mode pseudonyms: the page tells the employee_id")
	}
	h.mode("names")
	look(h.vic, "names", "PlantedName")
	if body := h.page(h.vic, "/people/1"); !strings.Contains(body, "PlantedName") {
		t.Error("mode names: no name")
	}
	h.mode("ids")
	if code, to, body := h.form(h.ana, "/people/1/reveal", false, "reason", "2"); code != 303 || to != "/people/1#identity" {
		t.Fatalf("reveal = %d to %s %s", code, to, body)
	}
	body := h.page(h.ana, "/people/1")
	for _, s := range secrets {
		if !strings.Contains(body, s) {
			t.Errorf("after the reveal %s is missing", s)
		}
	}
	if !strings.Contains(body, "<title>PL001 ") {
		t.Error("the name stands in the title, which the browser's history keeps")
	}
	look(h.ana, "ids, revealed", "PlantedName", "PlantedTitle", "1971-02-03", "PlantedGender", "PlantedNation", "PlantedMarital", "PlantedEthnic", "PlantedStreet", "PlantedCity")
	look(h.vic, "ids, revealed to somebody else")
	look(h.alice, "ids, revealed to somebody else")
	if body := h.page(h.ana, "/people.csv"); strings.Contains(body, "PlantedName") {
		t.Error("the export holds the revealed name: a file does not fade")
	}
	h.ahead.Add(int64(8*time.Hour + time.Minute))
	look(h.ana, "ids, 8 hours later")
}

func TestRevealAsksWhy(t *testing.T) {
	h := startHouse(t)
	h.plant()
	reveals := func() int {
		list, _, err := h.db.Activity(t.Context(), store.ActivityQuery{Kind: store.OnlyAccess, Person: 1, Limit: 50})
		h.must(err)
		n := 0
		for _, e := range list {
			if e.Verb == "reveal" {
				n++
			}
		}
		return n
	}
	for _, tt := range []struct {
		name  string
		who   *http.Client
		path  string
		pairs []string
		code  int
		want  string
	}{
		{"no reason", h.ana, "/people/1/reveal", nil, 400, "Choose one of the reasons"},
		{"unknown reason", h.ana, "/people/1/reveal", []string{"reason", "77"}, 400, "Choose one of the reasons"},
		{"other, without words", h.ana, "/people/1/reveal", []string{"reason", "5"}, 400, "needs a few words"},
		{"words stay in the field", h.ana, "/people/1/reveal", []string{"reason", "0", "text", `"my words`}, 400, `value="&#34;my words"`},
		{"nobody", h.ana, "/people/99/reveal", []string{"reason", "1"}, 404, "no person 99"},
		{"a viewer", h.vic, "/people/1/reveal", []string{"reason", "1"}, 403, "needs the role admin or analyst"},
	} {
		code, _, body := h.form(tt.who, tt.path, false, tt.pairs...)
		if code != tt.code || !strings.Contains(body, tt.want) || strings.Contains(body, "PlantedName") {
			t.Errorf("%s = %d; want %d and %q in\n%s", tt.name, code, tt.code, tt.want, body)
		}
	}
	if n := reveals(); n != 0 {
		t.Errorf("%d reveals on record after refused ones", n)
	}
	if code, _, _ := h.form(h.ana, "/people/1/reveal", false, "reason", "5", "text", "typed words"); code != 303 {
		t.Errorf("other, with words = %d", code)
	}
	if n := reveals(); n != 1 {
		t.Errorf("%d reveals on record; want 1", n)
	}
	for _, path := range []string{"/activity", "/people/1"} {
		if body := h.page(h.vic, path); !strings.Contains(body, ", other") && !strings.Contains(body, ">other<") || strings.Contains(body, "typed words") {
			t.Errorf("%s: the reason is to be told, the typed words are not", path)
		}
	}
}

// A look at a person is on record once in 15 minutes for each account.
func TestPersonViewIsRecorded(t *testing.T) {
	h := startHouse(t)
	h.plant()
	views := func(want int) {
		t.Helper()
		list, _, err := h.db.Activity(t.Context(), store.ActivityQuery{Kind: store.OnlyAccess, Person: 1, Limit: 50})
		h.must(err)
		if len(list) != want {
			t.Errorf("%d looks on record; want %d", len(list), want)
		}
	}
	h.page(h.ana, "/people/1")
	h.page(h.ana, "/people/1?results=all")
	h.page(h.ana, "/activity?person=1")
	views(1)
	h.page(h.vic, "/people/1")
	views(2)
	h.ahead.Add(int64(15 * time.Minute))
	h.page(h.ana, "/people/1")
	views(3)
	h.get(h.ana, "/people/99")
	views(3)
}

// Where a look cannot be written, the page is not shown.
func TestNoRecordNoPage(t *testing.T) {
	for _, kind := range []store.Kind{store.Full, store.Locked, store.Damaged, store.Closed, store.Internal} {
		if code := handlers.StatusOfNoRecord(store.Errorf(kind, "the cause")); code != 503 {
			t.Errorf("kind %d = %d; want 503", kind, code)
		}
	}
}

func TestPeopleExport(t *testing.T) {
	h := startHouse(t)
	h.plant()
	h.slumber("employee", `{"employee_id": "=cmd|' /C calc'!A0", "role": "a,\"b", "department": "-1+1", "site": "+x"}`)
	res, err := h.vic.Get(h.base + "/people.csv?order=person")
	h.must(err)
	res.Body.Close()
	if ct, cd := res.Header.Get("Content-Type"), res.Header.Get("Content-Disposition"); ct != "text/csv; charset=utf-8" || cd != `attachment; filename="people.csv"` {
		t.Errorf("%q, %q", ct, cd)
	}
	body := h.page(h.ana, "/people.csv?order=person")
	lines := strings.Split(strings.TrimSpace(body), "\n")
	if len(lines) != 8 || lines[0] != "person,id,role,department,site,peak_7_days,change,open_alerts" {
		t.Errorf("%d lines\n%s", len(lines), body)
	}
	if want := `'=cmd|' /C calc'!A0,'=cmd|' /C calc'!A0,"a,""b",'-1+1,'+x,,,0`; lines[1] != want {
		t.Errorf("%s\nwant %s", lines[1], want)
	}
	if want := "PL001,PL001,Engineer,IT,Halden,0.6,,"; !strings.HasPrefix(lines[7], want) {
		t.Errorf("%s\nwant %s...", lines[7], want)
	}
	h.mode("pseudonyms")
	if body := h.page(h.ana, "/people.csv"); strings.Contains(body, "PL001") {
		t.Error("the export tells ids in the mode pseudonyms")
	}
	if body := h.page(h.ana, "/activity?kind=access"); strings.Count(body, "exported") != 3 {
		t.Errorf("%d exports on record; want 3", strings.Count(body, "exported"))
	}
}

// The record, day by day and page by page, tells each entry once.
func TestActivityPages(t *testing.T) {
	h := startHouse(t)
	h.plant()
	for day := range 40 {
		for range 6 {
			h.must(h.db.Record(t.Context(), store.Actor{ID: 2}, "view", "employee", int64(1+day%5), ""))
		}
		h.ahead.Add(int64(24 * time.Hour))
	}
	ana := h.browser("ana") // the old session has ended
	for _, path := range []string{"/activity", "/activity?kind=access", "/activity?kind=changes", "/activity?who=2", "/activity?person=1"} {
		seen, pages, posts := map[string]int{}, 0, 0
		for next := path; next != ""; pages++ {
			body := h.page(ana, next)
			for _, part := range strings.Split(body, `<tr id="`)[1:] {
				seen[part[:strings.IndexByte(part, '"')]]++
			}
			posts += strings.Count(body, "posted: ")
			next = ""
			if _, rest, ok := strings.Cut(body, `rel="next" href="`); ok {
				next = strings.ReplaceAll(rest[:strings.IndexByte(rest, '"')], "&amp;", "&")
			}
			if pages > 20 {
				t.Fatalf("%s has no end", path)
			}
		}
		for e, n := range seen {
			if n != 1 {
				t.Errorf("%s: entry %s stands %d times", path, e, n)
			}
		}
		all, _, err := h.db.Activity(t.Context(), store.ActivityQuery{Kind: store.AllActivity, Limit: 1000})
		h.must(err)
		if path == "/activity" && len(seen) < len(all)-1 { // the last look at this page may have come since
			t.Errorf("%d entries on %d pages; want %d", len(seen), pages, len(all))
		}
		if path == "/activity" || path == "/activity?kind=changes" {
			if posts < 9 || posts > 11 { // 12 results, 20 hours apart
				t.Errorf("%s: posts of %d days; want 10 or 11", path, posts)
			}
		} else if posts > 0 {
			t.Errorf("%s tells posts", path)
		}
	}
}

// One key, then a digit, shows who somebody is; the other way is a form.
func TestBrowserReveal(t *testing.T) {
	h := startHouse(t)
	h.plant()
	b := openTab(t)
	code, err := h.db.AddLink(t.Context(), "ana", time.Minute)
	h.must(err)
	b.open(h.base + "/login?code=" + code)
	b.until("signed in", `document.querySelector('.nav')`)
	b.open(h.base + "/people/1")
	b.until("the page is there", `document.querySelector('h1').innerText === 'PL001'`)
	if strings.Contains(tabSays[string](b, `document.documentElement.innerHTML`), "PlantedName") {
		t.Error("the name is there before it was asked for")
	}
	b.press(".")
	b.until("the question is open", `document.querySelector('#reveal').open && document.activeElement.name === 'reason'`)
	b.press("5")
	b.until("other needs words", `document.activeElement.id === 'why'`)
	b.open(h.base + "/alerts/1")
	b.until("the alert is there", live)
	b.press(".")
	b.until("the key asks on an alert, too", `document.querySelector('#d-reveal').open && document.activeElement.name === 'reason'`)
	b.press("2")
	b.until("the name is shown", `location.pathname === '/alerts/1' && document.querySelector('h1').innerText === 'PlantedName'`)
	if title := tabSays[string](b, "document.title"); strings.Contains(title, "Planted") {
		t.Errorf("title %q", title)
	}
	b.open(h.base + "/people/1")
	b.until("and on the person's page", `document.querySelector('h1').innerText === 'PlantedName' && !document.title.includes('Planted')`)
	b.press("g", "e")
	b.until("the list of people", `location.pathname === '/people' && document.querySelector('h1').innerText === 'People'`)
	b.until("it is shown there too", `document.querySelector('.pn a[href="/people/1"]').innerText === 'PlantedName'`)
}
