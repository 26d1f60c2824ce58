package handlers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"citd/handlers"
	"citd/store"
)

// house is a running server whose clock the test can put forward, with browsers
// signed in as ana (analyst), vic (viewer) and alice (admin).
type house struct {
	heard           *heard // what browsers are told; nil: nobody listens
	tb              testing.TB
	base, token     string
	db              *store.DB
	ahead           atomic.Int64 // of the real time, nanoseconds
	stop            func()
	ended           chan error
	ana, vic, alice *http.Client
}

func startHouse(tb testing.TB) *house {
	tb.Helper()
	return startHouseWith(tb, handlers.Options{})
}

func startHouseWith(tb testing.TB, o handlers.Options) *house {
	tb.Helper()
	return startHouseAt(tb, o, time.Now())
}

// startHouseAt starts one whose clock stands at now, and goes on from there.
func startHouseAt(tb testing.TB, o handlers.Options, now time.Time) *house {
	tb.Helper()
	file, tokens := prepared()
	path := filepath.Join(tb.TempDir(), "citd.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		tb.Fatal(err)
	}
	h := &house{tb: tb, token: tokens[store.Script]}
	h.ahead.Store(int64(time.Until(now)))
	db, err := store.Open(tb.Context(), path, store.Options{Clock: func() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) }})
	if err != nil {
		tb.Fatal(err)
	}
	h.db = db
	h.serve("127.0.0.1:0", o)
	tb.Cleanup(func() {
		if err := errors.Join(h.halt(), db.Close()); err != nil {
			tb.Error(err)
		}
	})
	for _, name := range []string{"ana", "ben"} {
		_, _, err := db.AddAccount(tb.Context(), store.Actor{}, store.NewAccount{Kind: store.Person, Name: name, Role: store.Analyst})
		h.must(err)
	}
	h.ana, h.vic, h.alice = h.browser("ana"), h.browser("vic"), h.browser("alice")
	h.mode("ids")
	return h
}

// serve starts the server at an address; halt stops it, and waits until it has.
func (h *house) serve(addr string, o handlers.Options) {
	h.tb.Helper()
	ln, err := net.Listen("tcp", addr)
	h.must(err)
	h.base = "http://" + ln.Addr().String()
	if h.heard != nil {
		ln = &tapped{ln, h.heard}
	}
	var ctx context.Context
	ctx, h.stop = context.WithCancel(context.Background())
	h.ended = make(chan error, 1)
	go func() {
		defer close(h.ended)
		o.Log = slog.New(slog.DiscardHandler)
		h.ended <- handlers.Serve(ctx, ln, h.db, o, "", "")
	}()
}

func (h *house) halt() error {
	h.stop()
	return <-h.ended
}

func (h *house) must(err error) {
	h.tb.Helper()
	if err != nil {
		h.tb.Fatal(err)
	}
}

func (h *house) mode(mode string) {
	h.tb.Helper()
	h.must(h.db.SetSetting(context.Background(), store.Actor{}, store.DisplayMode, mode))
}

// browser is signed in by a link. It follows no redirect.
func (h *house) browser(name string) *http.Client {
	h.tb.Helper()
	jar, err := cookiejar.New(nil)
	h.must(err)
	c := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	code, err := h.db.AddLink(context.Background(), name, time.Minute)
	h.must(err)
	res, err := c.PostForm(h.base+"/login", url.Values{"code": {code}})
	h.must(err)
	res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		h.tb.Fatalf("sign-in of %s: %s", name, res.Status)
	}
	return c
}

// get returns the status and the body of a page.
func (h *house) get(c *http.Client, path string) (int, string) {
	h.tb.Helper()
	res, err := c.Get(h.base + path)
	h.must(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	h.must(err)
	return res.StatusCode, string(b)
}

// page wants a page to be there.
func (h *house) page(c *http.Client, path string) string {
	h.tb.Helper()
	code, body := h.get(c, path)
	if code != http.StatusOK {
		h.tb.Fatalf("GET %s = %d %s", path, code, body)
	}
	return body
}

// form posts a form as a plain page does, or with script as its script does.
func (h *house) form(c *http.Client, path string, script bool, pairs ...string) (code int, location, body string) {
	h.tb.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	req, err := http.NewRequest(http.MethodPost, h.base+path, strings.NewReader(v.Encode()))
	h.must(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if script {
		req.Header.Set("Accept", "application/json")
	}
	res, err := c.Do(req)
	h.must(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	h.must(err)
	return res.StatusCode, res.Header.Get("Location"), string(b)
}

// post stores a result over the API, as a script does.
func (h *house) post(employee string, score float64, more string) {
	h.tb.Helper()
	h.postAs("usb-watch 1.0", employee, score, more)
}

func (h *house) postAs(model, employee string, score float64, more string) {
	h.tb.Helper()
	body := fmt.Sprintf(`{"employee": {"employee_id": %q, "name": "Name of %s", "gender": "zzgender", "nationality": "zznation", "ethnicity": "zzethnic",
		"maritalStatus": "zzmarital", "title": "zztitle", "role": "Engineer", "department": "IT"}, "date": %q, "reporter": %q, "score": %v%s}`,
		employee, employee, time.UnixMicro(h.db.Now()).UTC().Format(time.DateTime), model, score, more)
	h.send(http.MethodPost, body)
}

// send posts a result, or a list of them.
func (h *house) send(method, body string) {
	h.tb.Helper()
	req, err := http.NewRequest(method, h.base+"/data-sub/api/detectionmodelresult/", strings.NewReader(body))
	h.must(err)
	req.SetBasicAuth("detector", h.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	h.must(err)
	defer res.Body.Close()
	if b, _ := io.ReadAll(res.Body); res.StatusCode/100 != 2 {
		h.tb.Fatalf("%s: %s %s", method, res.Status, b)
	}
}

func (h *house) json(body string) (v map[string]any) {
	h.tb.Helper()
	if err := json.NewDecoder(bytes.NewBufferString(body)).Decode(&v); err != nil {
		h.tb.Fatalf("%s: %v", body, err)
	}
	return v
}

// Until something was posted, the queue tells how to post.
func TestFirstRun(t *testing.T) {
	h := startHouse(t)
	if body := h.page(h.ana, "/"); !strings.Contains(body, "Nothing has been posted yet") || !strings.Contains(body, h.base+"/data-sub/api/") {
		t.Errorf("first page without snippets for %s:\n%s", h.base, body)
	}
	h.post("SW001", 0.54, "")
	if body := h.page(h.ana, "/"); !strings.Contains(body, "SW001") || strings.Contains(body, "Nothing has been posted yet") {
		t.Errorf("after a post:\n%s", body)
	}
}

// What each page answers, and to whom.
func TestPages(t *testing.T) {
	h := startHouse(t)
	h.post("SW001", 0.94, `, "flag": true, "email_anomaly": 0.78, "evidence": [{"description": "Mail to <b>x</b>", "evidence_type": "email", "subject": "x@y.example", "date_from": "2026-01-01", "date_to": "2026-01-02", "link": "javascript:alert(1)"}]`)
	h.post("SW002", 0.4, `, "file_anomaly": 0.5`)
	for _, tt := range []struct {
		who  *http.Client
		path string
		code int
		want string // in the answer; "-" before it: not in the answer
	}{
		{h.ana, "/", 200, `<tr id="a1"`},
		{h.vic, "/", 200, `<tr id="a1"`},
		{h.vic, "/", 200, `-name="alert"`},
		{h.ana, "/", 200, `name="alert"`},
		{http.DefaultClient, "/", 200, "Sign in"}, // follows to the sign-in page
		{h.ana, "/?view=flagged", 200, `-<tr id="a2"`},
		{h.ana, "/?view=all&q=id:sw002", 200, `<a href="/alerts/2?q=id%3Asw002&amp;view=all">`},
		{h.ana, "/?q=dpet:IT", 200, "There is no &#34;dpet&#34; to filter by"},
		{h.ana, "/?q=nothing", 200, "No alert matches"},
		{h.ana, "/?view=mine", 404, "there is no view"},
		{h.ana, "/?rows=1&ids=1,2", 200, `<tr id="a2"`},
		{h.ana, "/?rows=1&ids=1,2", 200, `-<html`},
		{h.ana, "/?rows=1&ids=1,2&view=flagged", 200, `-<tr id="a2"`},
		{h.ana, "/?rows=1&ids=x", 400, "wanted at most 200 numbers"},
		{h.ana, "/alerts/1", 200, "Flagged by the model"},
		{h.ana, "/alerts/1", 200, "Email 0.78"},
		{h.ana, "/alerts/1", 200, "Mail to &lt;b&gt;x&lt;/b&gt;"},
		{h.ana, "/alerts/1", 200, "-javascript:"},
		{h.ana, "/alerts/1", 200, "score 0.94, flagged &#43;0.06"},
		{h.ana, "/alerts/1?row=1", 200, `<tr id="a1"`},
		{h.vic, "/alerts/1", 200, "-/decide"},
		{h.ana, "/alerts/2", 200, "File"},
		{h.ana, "/alerts/99", 404, "no alert 99"},
		{h.ana, "/alerts/x", 404, "no alert"},
		{h.ana, "/results/2", 200, `<tr id="r2" class="on"`},
		{h.ana, "/results/99", 404, "no result 99"},
		{http.DefaultClient, "/alerts/1", 200, "Sign in"},
	} {
		t.Run(tt.path, func(t *testing.T) {
			code, body := h.get(tt.who, tt.path)
			text, not := strings.CutPrefix(tt.want, "-")
			if code != tt.code || strings.Contains(strings.ToLower(body), strings.ToLower(text)) == not {
				t.Errorf("GET %s = %d, want %d and %q in\n%s", tt.path, code, tt.code, tt.want, body)
			}
		})
	}
}

// In no mode do pages tell more of who somebody is than the mode says.
func TestModes(t *testing.T) {
	h := startHouse(t)
	h.post("SW001", 0.94, "")
	for mode, want := range map[string]struct{ shown, hidden []string }{
		"ids":        {[]string{"SW001"}, []string{"Name of SW001"}},
		"pseudonyms": {nil, []string{"Name of SW001", "SW001"}},
		"names":      {[]string{"Name of SW001", "SW001"}, nil},
	} {
		h.mode(mode)
		for _, path := range []string{"/", "/?view=all", "/?rows=1&ids=1", "/alerts/1", "/alerts/1?row=1", "/results/1"} {
			body := h.page(h.ana, path)
			for _, s := range append([]string{"zzgender", "zznation", "zzethnic", "zzmarital", "zztitle"}, want.hidden...) {
				if strings.Contains(body, s) {
					t.Errorf("mode %s: %s tells %q", mode, path, s)
				}
			}
			for _, s := range want.shown {
				if !strings.Contains(body, s) {
					t.Errorf("mode %s: %s does not tell %q", mode, path, s)
				}
			}
		}
	}
	h.mode("names")
	if body := h.page(h.ana, "/?q=name"); !strings.Contains(body, `<tr id="a1"`) {
		t.Error("mode names: a name is not found")
	}
	h.mode("ids")
	if body := h.page(h.ana, "/?q=name"); strings.Contains(body, `<tr id="a1"`) {
		t.Error("mode ids: a name is found")
	}
}

// Decisions by form and by script: a row is a request and its answer.
func TestDecide(t *testing.T) {
	h := startHouse(t)
	for i := range 9 {
		h.post(fmt.Sprintf("SW%03d", i+1), 0.5, "")
	}
	tomorrow := time.Now().Add(30 * time.Hour).Format("2006-01-02T15:04")
	for _, tt := range []struct {
		name   string
		who    *http.Client
		path   string
		script bool
		form   []string
		code   int
		want   string // in the answer, or where it leads
	}{
		{"dismissed by script", h.ana, "/alerts/1/decide", true, []string{"action", "dismiss", "reason", "1", "seen", "0"}, 200, `{"alert":1,"state":"dismissed","status":"Dismissed, expected for the role","decision":1,"by":"ana"}`},
		{"somebody was first", h.alice, "/alerts/1/decide", true, []string{"action", "confirm", "seen", "0"}, 409, `ana was first: dismissed it, expected for the role at `},
		{"somebody was first, plain", h.alice, "/alerts/1/decide", false, []string{"action", "confirm", "seen", "0", "note", "keep <this>"}, 409, `name="back" value="/alerts/1"><button class="ib"`},
		{"decided already, not seen", h.alice, "/alerts/1/decide", true, []string{"action", "confirm"}, 409, `and nothing of that was recorded."}`},
		{"a name keeps its letters", h.alice, "/alerts/1/decide", false, []string{"action", "confirm"}, 409, `role="alert">ana was first`},
		{"only the newest can be undone", h.ana, "/alerts/1/decide", true, []string{"action", "undo", "undoes", "7"}, 409, "ana was first"},
		{"undone", h.ana, "/alerts/1/decide", true, []string{"action", "undo", "undoes", "1", "seen", "1"}, 200, `"state":"new","status":"New","decision":2`},
		{"undo undone", h.ana, "/alerts/1/decide", true, []string{"action", "undo", "undoes", "2"}, 200, `"state":"dismissed"`},
		{"reopened", h.ana, "/alerts/1/decide", true, []string{"action", "reopen", "seen", "3"}, 200, `"state":"in_review","status":"In review by ana"`},
		{"open already", h.ana, "/alerts/1/decide", true, []string{"action", "reopen"}, 409, "open already"},
		{"confirmed by plain form", h.ana, "/alerts/2/decide", false, []string{"action", "confirm", "reason", "", "until", tomorrow, "note", "a\r\nb", "back", "/?view=flagged"}, 303, "/?view=flagged"},
		{"back goes nowhere else", h.ana, "/alerts/3/decide", false, []string{"action", "review", "back", "https://evil.example/"}, 303, "/"},
		{"taken", h.ana, "/alerts/3/decide", true, []string{"action", "review"}, 200, "In review by ana"},
		{"taken meanwhile", h.alice, "/alerts/3/decide", true, []string{"action", "confirm", "seen", "0"}, 409, "ana was first: took it into review at "},
		{"no reason for many, plain", h.ana, "/alerts/decide", false, []string{"action", "dismiss", "alert", "4"}, 400, "Nothing was changed. Go back: the form is as you left it."},
		{"no reason", h.ana, "/alerts/4/decide", true, []string{"action", "dismiss"}, 400, `"fields":{"reason":`},
		{"no such reason", h.ana, "/alerts/4/decide", true, []string{"action", "dismiss", "reason", "12"}, 400, "needs one of the reasons 0 to 9"},
		{"reason is no digit", h.ana, "/alerts/4/decide", true, []string{"action", "dismiss", "reason", "x"}, 400, "wanted a digit"},
		{"other needs a note", h.ana, "/alerts/4/decide", true, []string{"action", "dismiss", "reason", "9", "note", " "}, 400, "needs a note"},
		{"other needs a note, plain: what was typed stays", h.ana, "/alerts/4/decide", false, []string{"action", "dismiss", "reason", "9", "note", " "}, 400, `<option value="9" selected`},
		{"other with a note", h.ana, "/alerts/4/decide", true, []string{"action", "dismiss", "reason", "9", "note", "seen"}, 200, "Dismissed, other"},
		{"note too long", h.ana, "/alerts/5/decide", true, []string{"action", "note", "note", strings.Repeat("x", 5000)}, 400, "longer than 4096 bytes"},
		{"note", h.ana, "/alerts/5/decide", true, []string{"action", "note", "note", "hm"}, 200, `"state":"new"`},
		{"a note does not hinder who has not seen it", h.ana, "/alerts/5/decide", true, []string{"action", "review", "seen", "0"}, 200, `"state":"in_review"`},
		{"empty note", h.ana, "/alerts/5/decide", true, []string{"action", "note"}, 400, "is empty"},
		{"snoozed until a time", h.ana, "/alerts/6/decide", true, []string{"action", "snooze", "until", "", "until", tomorrow}, 200, `"state":"snoozed","status":"Snoozed until `},
		{"snoozed until a score", h.ana, "/alerts/7/decide", true, []string{"action", "snooze", "until", "", "over", "0.6"}, 200, `Snoozed until a score above 0.6`},
		{"a score below the present one", h.ana, "/alerts/8/decide", true, []string{"action", "snooze", "over", "0.4"}, 400, "must be at least 0.5"},
		{"snooze for nothing", h.ana, "/alerts/8/decide", true, []string{"action", "snooze"}, 400, "needs a time or a score"},
		{"snooze into the past", h.ana, "/alerts/8/decide", true, []string{"action", "snooze", "until", "2020-01-01T00:00"}, 400, "must be in the future"},
		{"snooze until no time", h.ana, "/alerts/8/decide", true, []string{"action", "snooze", "until", "soon"}, 400, "wanted a date and a time"},
		{"no action", h.ana, "/alerts/8/decide", true, nil, 400, "must be one of review, confirm"},
		{"a part", h.ana, "/alerts/8/decide", true, []string{"action", "confirm", "result", "99"}, 400, "none of the ticked results"},
		{"none of the offered ticks is set: that is not all of them", h.ana, "/alerts/8/decide", false, []string{"action", "confirm", "ticks", "1"}, 400, "Tick at least one result"},
		{"the same for a dismissal, and the tick stays away", h.ana, "/alerts/8/decide", false, []string{"action", "dismiss", "reason", "1", "ticks", "1"}, 400, `name="result" value="8" aria-label`},
		{"what asks for no results needs no tick", h.ana, "/alerts/8/decide", false, []string{"action", "review", "ticks", "1"}, 303, "/"},
		{"the one that is ticked", h.ana, "/alerts/8/decide", false, []string{"action", "confirm", "ticks", "1", "result", "8"}, 303, "/"},
		{"no such alert", h.ana, "/alerts/99/decide", true, []string{"action", "review"}, 404, "no alert 99"},
		{"a viewer", h.vic, "/alerts/8/decide", true, []string{"action", "review"}, 403, "needs the role admin or analyst"},
		{"nobody", http.DefaultClient, "/alerts/8/decide", true, []string{"action", "review"}, 401, "login"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, location, body := h.form(tt.who, tt.path, tt.script, tt.form...)
			if code != tt.code || code == http.StatusSeeOther && location != tt.want || code != http.StatusSeeOther && !strings.Contains(body, tt.want) {
				t.Errorf("POST %s %v = %d, to %q, with\n%s\nwant %d and %q", tt.path, tt.form, code, location, body, tt.code, tt.want)
			}
		})
	}
	h.post("SW006", 0.7, "") // more than... a time only: sleeps on
	h.post("SW007", 0.61, "")
	if body := h.page(h.ana, "/?view=snoozed"); !strings.Contains(body, "SW006") || strings.Contains(body, "SW007") {
		t.Error("alert 6 should sleep until its time, alert 7 be awake by its score")
	}
	h.ahead.Add(int64(31 * time.Hour))
	h.ana = h.browser("ana")
	if body := h.page(h.ana, "/?q=id:SW006"); !strings.Contains(body, "SW006") {
		t.Error("alert 6 should be awake by now")
	}
	if diff, err := store.VerifyAlerts(t.Context(), h.db); err != nil || len(diff) > 0 {
		t.Error(err, diff)
	}
}

// Many at once, and back again.
func TestDecideMany(t *testing.T) {
	h := startHouse(t)
	for i := range 4 {
		h.post(fmt.Sprintf("SW%03d", i+1), 0.5, "")
	}
	if _, _, body := h.form(h.alice, "/alerts/2/decide", true, "action", "confirm"); !strings.Contains(body, "confirmed") {
		t.Fatal(body)
	}
	code, _, body := h.form(h.ana, "/alerts/decide", true, "action", "dismiss", "reason", "3", "note", "quarter end", "alert", "1", "alert", "2", "alert", "3", "alert", "99")
	if want := `{"batch":2,"decided":[{"alert":1,"state":"dismissed","status":"","decision":2,"by":"ana"},{"alert":3,"state":"dismissed","status":"","decision":3,"by":"ana"}],"skipped":[{"alert":2,"why":"alice was first: confirmed it at `; code != 200 || !strings.HasPrefix(body, want) || !strings.Contains(body, `{"alert":99,"why":"there is no alert 99"}`) {
		t.Fatalf("%d %s; want %s", code, body, want)
	}
	if _, _, body := h.form(h.alice, "/alerts/3/decide", true, "action", "reopen", "seen", "3"); !strings.Contains(body, "in_review") {
		t.Fatal(body)
	}
	code, _, body = h.form(h.ana, "/alerts/decide", true, "action", "undo", "batch", "2")
	if v := h.json(body); code != 200 || len(v["decided"].([]any)) != 1 || len(v["skipped"].([]any)) != 1 || !strings.Contains(body, "alice was first: reopened it") {
		t.Fatalf("undo: %d %s; want alert 1 back, alert 3 left to alice", code, body)
	}
	for _, tt := range []struct {
		form []string
		code int
		want string
	}{
		{[]string{"action", "undo", "batch", "2"}, 409, "Nothing was changed: ana was first"},
		{[]string{"action", "undo", "batch", "77"}, 404, "no bulk decision 77"},
		{[]string{"action", "review"}, 400, "No alert is ticked"},
		{[]string{"action", "note", "note", "x", "alert", "1"}, 400, "one alert at a time"},
		{[]string{"action", "snooze", "over", "0.9", "alert", "1"}, 400, "one alert at a time"},
		{[]string{"action", "review", "alert", "x"}, 400, "wanted whole numbers"},
	} {
		if code, _, body := h.form(h.ana, "/alerts/decide", true, tt.form...); code != tt.code || !strings.Contains(body, tt.want) {
			t.Errorf("%v = %d %s; want %d %s", tt.form, code, body, tt.code, tt.want)
		}
	}
	if code, to, _ := h.form(h.ana, "/alerts/decide", false, "action", "review", "alert", "1", "alert", "4", "back", "/?view=all"); code != 303 || to != "/?view=all" {
		t.Errorf("plain form: %d to %s; want 303 back", code, to)
	}
	if code, _, body := h.form(h.ana, "/alerts/decide", false, "action", "confirm", "alert", "1", "alert", "2"); code != 200 || !strings.Contains(body, "1 alert was confirmed") || !strings.Contains(body, "SW002: alice was first: confirmed it at ") {
		t.Errorf("plain form with a conflict: %d %s", code, body)
	}
	if diff, err := store.VerifyAlerts(t.Context(), h.db); err != nil || len(diff) > 0 {
		t.Error(err, diff)
	}
}

// Each look at an alert is on record, once in a quarter of an hour.
func TestLooksAreRecorded(t *testing.T) {
	h := startHouse(t)
	h.post("SW001", 0.5, "")
	rows := func() int64 {
		head, err := h.db.VerifyAudit(t.Context())
		h.must(err)
		return head.Seq
	}
	for _, tt := range []struct {
		name string
		do   func()
		want int64
	}{
		{"the first look", func() { h.page(h.ana, "/alerts/1") }, 1},
		{"again", func() { h.page(h.ana, "/alerts/1"); h.page(h.ana, "/results/1") }, 0},
		{"another analyst", func() { h.page(h.vic, "/alerts/1") }, 1},
		{"queue and rows", func() { h.page(h.vic, "/"); h.page(h.vic, "/?rows=1&ids=1"); h.page(h.vic, "/alerts/1?row=1") }, 0},
		{"words, by ids", func() { h.page(h.ana, "/?q=smith") }, 0},
		{"words, by names", func() { h.mode("names"); h.page(h.ana, "/?q=smith"); h.page(h.ana, "/?q=smith") }, 3}, // one is the setting
		{"fetched ahead", func() {
			req, _ := http.NewRequest(http.MethodGet, h.base+"/alerts/1", nil)
			req.Header.Set("Sec-Purpose", "prefetch")
			res, err := h.alice.Do(req)
			h.must(err)
			res.Body.Close()
		}, 0},
		{"a peek", func() { h.page(h.ana, "/alerts/1?peek=1") }, 0},
		{"a peek that was shown for long", func() { h.form(h.alice, "/alerts/1/look", true); h.form(h.alice, "/alerts/1/look", true) }, 1},
		{"later", func() { h.ahead.Add(int64(16 * time.Minute)); h.page(h.ana, "/alerts/1") }, 1},
	} {
		before := rows()
		tt.do()
		if got := rows() - before; got != tt.want {
			t.Errorf("%s: %d rows on record; want %d", tt.name, got, tt.want)
		}
	}
}
