package handlers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// tab is a page in a real browser. What it complains about fails the test.
type tab struct {
	testing.TB
	ctx     context.Context
	refused []string // parts of complaints that the test brings about
}

// openTab starts a browser whose complaints fail the test.
func openTab(tb testing.TB) *tab {
	tb.Helper()
	t := startTab(tb)
	t.watch()
	return t
}

// startTab starts a browser with an empty profile. Without one the test is
// skipped, in CI it fails.
func startTab(tb testing.TB, more ...chromedp.ExecAllocatorOption) *tab {
	tb.Helper()
	if testing.Short() {
		tb.Skip("a browser beside the race detector is too slow for what it waits for; the long run has it")
	}
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	switch {
	case path == "" && os.Getenv("CI") == "true":
		tb.Fatal("no browser found; install chromium")
	case path == "":
		tb.Skip("no browser found; with chromium installed this test runs")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(tb.TempDir()), chromedp.WindowSize(1440, 900), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	options = append(options, more...)
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	tb.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	tb.Cleanup(stop)
	t := &tab{TB: tb, ctx: ctx}
	t.open("about:blank")
	limited, stop := context.WithTimeout(ctx, 20*time.Minute)
	tb.Cleanup(stop)
	t.ctx = limited
	return t
}

// watch fails the test for what the browser's console says is wrong.
func (t *tab) watch() {
	ctx, stop := context.WithCancel(t.ctx)
	messages, ended := chromedp.Console(ctx), make(chan []string)
	go func() {
		var bad []string
		for m, err := range messages {
			if err == nil && (m.Type == chromedp.ConsoleError || m.IsException()) {
				bad = append(bad, m.String()+" "+m.URL)
			}
		}
		ended <- bad
	}()
	t.Cleanup(func() {
		stop()
		for _, b := range <-ended {
			wanted := func(part string) bool { return strings.Contains(b, part) }
			if !strings.Contains(b, "409 (Conflict)") && !slices.ContainsFunc(t.refused, wanted) { // the browser's own note of an answer that a test wants
				t.Errorf("the browser complains: %s", b)
			}
		}
	})
}

func (t *tab) open(url string) {
	t.Helper()
	if err := chromedp.Do(t.ctx, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
}

// tabSays returns the value of a JavaScript expression.
func tabSays[T any](t *tab, expression string) T {
	v, err := chromedp.Run(t.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Log(err)
	}
	return v
}

// until waits for a JavaScript expression to become true.
func (t *tab) until(what, expression string) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if tabSays[bool](t, `(() => { try { return Boolean(`+expression+`) } catch { return false } })()`) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: not so within 30 s: %s\n%s", what, expression, tabSays[string](t, `location.href + '\n' + document.body.innerText`))
		}
	}
}

// press types keys one by one.
func (t *tab) press(keys ...string) {
	t.Helper()
	for _, k := range keys {
		if err := chromedp.Do(t.ctx, chromedp.KeyEvent(k)); err != nil {
			t.Fatal(err)
		}
	}
}

// slumber posts as the library of 2014 does: JSON as Python writes it, Basic
// authorization unasked, and returns the object.
func (h *house) slumber(resource, body string) string {
	h.tb.Helper()
	req, err := http.NewRequest(http.MethodPost, h.base+"/data-sub/api/"+resource+"/", strings.NewReader(body))
	h.must(err)
	req.SetBasicAuth("detector", h.token)
	for k, v := range map[string]string{"accept": "application/json", "content-type": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "python-requests/2.4.1"} {
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	h.must(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	h.must(err)
	if res.StatusCode != http.StatusCreated && res.StatusCode != http.StatusOK || !json.Valid(b) {
		h.tb.Fatalf("POST %s %s: %s %s", resource, body, res.Status, b)
	}
	return string(b)
}

// seed makes the calls of the page that started this project.
func (h *house) seed() {
	h.tb.Helper()
	last := h.slumber("address", `{"line1": "1 High Street", "city": "Oxford"}`)
	employee := h.slumber("employee", `{"employee_id": "SW001", "title": "Dr", "name": "Simon Walton", "dateOfBirth": "1982-02-11", "gender": "M", "nationality": "British", "maritalStatus": "S", "ethnicity": "British", "currentEmploymentStatus": "P", "homeAddress": `+last+`}`)
	now := time.Now().UTC()
	email := h.slumber("detectionevidence", fmt.Sprintf(`{"description": "Email Activity Last 5 Days to j.marks@bbc.co.uk", "evidence_type": "email", "date_from": "%s", "date_to": "%s", "subject": "j.marks@bbc.co.uk"}`,
		now.AddDate(0, 0, -5).Format("2006-01-02 15:04:05.000000"), now.Format("2006-01-02 15:04:05.000000")))
	h.slumber("detectionmodelresult", fmt.Sprintf(`{"employee": %s, "date": "%s", "evidence": [%s], "reporter": "Detection Model", "flag": "True", "score": 0.54, "email_anomaly": 0.78, "web_anomaly": 0.75, "device_anomaly": 0.23, "login_anomaly": 0.12}`,
		employee, now.Add(-time.Hour).Format("2006-01-02 15:04:05.000000"), email))
}

const (
	live    = `!document.querySelector('[data-live]').hidden` // all scripts have run
	rowIDs  = `[...document.querySelectorAll('tr[data-id]')].map(r => r.dataset.id).join()`
	current = `document.querySelector('tr[aria-current]').dataset.id`
)

// An analyst signs in by the link and works the queue by keys alone; a script of
// 2014 posts, and the result is on the open page without reload. All of it twice.
func TestBrowserTriage(t *testing.T) {
	h := startHouse(t)
	for i, score := range []float64{0.9, 0.8, 0.7} {
		h.post(fmt.Sprintf("EM%03d", i+1), score, `, "email_anomaly": 0.5`)
	}
	p := openTab(t)
	for round := range 2 {
		code, err := h.db.AddLink(t.Context(), "ann", time.Minute)
		h.must(err)
		p.open(h.base + "/login?code=" + code) // its one button is pressed by script
		p.until("signed in, on the queue", `location.pathname === '/' && `+rowIDs+` === '1,2,3'`)
		p.until("live", `document.querySelector('[data-live]').innerText.includes('Live')`)

		p.until("the first row is current", current+` === '1'`)
		p.press("j", "j")
		p.until("j j", current+` === '3'`)
		p.press("k")
		p.until("k", current+` === '2'`)
		p.press("o")
		p.until("o opens", `location.pathname === '/alerts/2' && document.querySelector('h1').innerText === 'EM002' && `+live)
		p.press("j")
		p.until("j on an alert goes to the next", `location.pathname === '/alerts/3' && `+live)
		p.press("g", "q")
		p.until("g q", `location.pathname === '/' && `+current+` === '1'`)

		p.press("?")
		p.until("? helps", `document.querySelector('#help').open`)
		p.press("\x1b")
		p.until("Esc closes", `!document.querySelector('#help').open`)

		p.press("r")
		p.until("r takes", `document.querySelector('#a1').innerText.includes('In review\nby ann')`)
		p.press("u")
		p.until("u undoes", `document.querySelector('#a1').innerText.includes('New')`)
		p.press("c")
		p.until("c asks", `document.querySelector('#d-confirm').open`)
		p.press("\r")
		p.until("confirmed: the row leaves", rowIDs+` === '2,3'`)
		p.press("u")
		p.until("u brings it back", rowIDs+` === '1,2,3' && `+current+` === '1'`)
		p.press("d")
		p.until("d asks", `document.querySelector('#d-dismiss').open`)
		p.press("4")
		p.until("a digit decides", rowIDs+` === '2,3' && document.querySelector('.toast').innerText.includes('detector wrong')`)
		p.press("u")
		p.until("u brings it back", rowIDs+` === '1,2,3'`)

		tabSays[bool](p, `window.sameTab = true`)
		h.seed()
		p.until("the pill tells of the result", `!document.querySelector('.newbar').hidden && document.title.startsWith('(1)')`)
		p.until("no row has moved", rowIDs+` === '1,2,3'`)
		p.press("n")
		id := 4 + round
		p.until("n shows it at its rank", fmt.Sprintf(`%s === '1,2,3,%d' && %s === '%d'`, rowIDs, id, current, id))
		p.until("with its evidence", fmt.Sprintf(`document.querySelector('#a%d').innerText.includes('Email Activity Last 5 Days')`, id))
		p.press("d", "1")
		p.until("dismissed by keys", rowIDs+` === '1,2,3'`)
		p.until("without a reload", `window.sameTab === true`)
	}
}

// The second of two analysts is told who was first; others' decisions show.
func TestBrowserTwoAnalysts(t *testing.T) {
	h := startHouse(t)
	h.post("EM001", 0.9, "")
	h.post("EM002", 0.8, "")
	p := openTab(t)
	code, err := h.db.AddLink(t.Context(), "ann", time.Minute)
	h.must(err)
	p.open(h.base + "/login?code=" + code)
	p.until("the queue, live", rowIDs+` === '1,2' && document.querySelector('[data-live]').innerText.includes('Live')`)
	p.press("d") // ann thinks about the reason, and ana is faster
	p.until("asked", `document.querySelector('#d-dismiss').open`)
	if _, _, body := h.form(h.ana, "/alerts/1/decide", true, "action", "confirm", "seen", "0"); !strings.Contains(body, "confirmed") {
		t.Fatal(body)
	}
	p.until("ana's decision shows", `document.querySelector('#a1').innerText.includes('Confirmed\nby ana')`)
	p.press("1")
	p.until("ann is told", `document.querySelector('#d-dismiss .err').innerText.includes('ana was first: confirmed it')`)
	p.press("\x1b")
	p.open(h.base + "/alerts/1")
	p.until("nothing is lost", `document.querySelector('.tagl').innerText.includes('Confirmed by ana')`)
}
