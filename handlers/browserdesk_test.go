package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// signIn opens the queue as a new analyst ann.
func (t *tab) signIn(h *house, path string) {
	t.Helper()
	code, err := h.db.AddLink(t.Context(), "ann", time.Minute)
	h.must(err)
	t.open(h.base + "/login?code=" + code)
	t.until("signed in", `location.pathname === '/' && `+live)
	if path != "/" {
		t.open(h.base + path)
		t.until(path, live)
	}
}

// views counts the looks at alerts that are on record.
func (h *house) views() int64 {
	h.tb.Helper()
	head, err := h.db.VerifyAudit(h.tb.Context())
	h.must(err)
	return head.Seq
}

const peeked = `document.querySelector('[data-peeked]').dataset.peeked`

// The panel follows the current row, and only what was shown for two seconds goes on record.
func TestBrowserPeek(t *testing.T) {
	h := startHouse(t)
	for i := range 6 {
		h.post(fmt.Sprintf("SW%03d", i+1), 0.9-float64(i)/20, `, "email_anomaly": 0.5, "evidence": [{"description": "Mail", "evidence_type": "email", "date_from": "2026-01-01", "date_to": "2026-01-03"}]`)
	}
	p := openTab(t)
	p.signIn(h, "/")
	p.until("the first row is in the panel", peeked+` === '1'`)
	before := h.views()
	p.press("j", "j", "j")
	p.until("the keys did not wait", current+` === '4'`)
	p.until("the panel came after them", peeked+` === '4' && !document.querySelector('[data-peek]').hasAttribute('aria-busy')`)
	if n := h.views(); n != before {
		t.Errorf("%d looks are on record before anything was shown for two seconds", n-before)
	}
	for end := time.Now().Add(10 * time.Second); h.views() == before && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	if n := h.views(); n != before+1 {
		t.Errorf("%d looks are on record; want the one that lasted", n-before)
	}
	p.until("its buttons decide about it, whatever is ticked", `(document.querySelector('#a2 .ck').click(), document.querySelector('[data-peek] [data-do=review]').click(), true)`)
	p.until("taken", `document.querySelector('#a4').innerText.includes('In review\nby ann') && document.querySelector('#a2').innerText.includes('New')`)
	p.until("the panel of a taken alert still decides", peeked+` === '4' && document.querySelector('[data-peek] [data-do=confirm]')`)
	h.must(chromedp.Do(p.ctx, chromedp.EmulateViewport(1100, 800)))
	p.press("j")
	p.until("where it is narrow there is none", current+` === '5' && getComputedStyle(document.querySelector('[data-peek]')).display === 'none' && `+peeked+` === '4'`)

	var list strings.Builder
	for i := range 1300 {
		words := map[int]string{30: "needle", 150: "needle", 1200: "needle in hay"}[i]
		fmt.Fprintf(&list, `,{"employee": {"employee_id": "P%04d"}, "date": "2026-01-05", "reporter": "usb-watch 1.0", "score": %g, "evidence":
			[{"description": %q, "evidence_type": "email", "date_from": "2026-01-01", "date_to": "2026-01-03"}]}`, i, 0.5-float64(i)/10_000, words)
	}
	h.send(http.MethodPatch, `{"objects": [`+list.String()[1:]+`]}`)
	p.open(h.base + "/?q=needle")
	p.until("a filter that reads evidence goes on by itself", rowIDs+` === '37,157,1207' && document.querySelector('.foot').innerText.trim() === 'Showing 3 of 3'`)
	p.open(h.base + "/?q=hay")
	p.until("also from nothing", rowIDs+` === '1207' && location.search.includes('after=')`)
	p.open(h.base + "/?q=nothing")
	p.until("and to the end", `document.querySelector('[data-zero]').innerText.includes('No alert matches nothing.')`)
	p.open(h.base + "/alerts/37?q=hay")
	p.until("an alert whose next one is far links there", `document.querySelector('.crumb [rel=next]').href.includes('/?after=')`)
}

// Ticked alerts are dismissed with one note; whom others flagged is held back and
// ticked in by a second step; one undo takes back all of it.
func TestBrowserBulk(t *testing.T) {
	h := startHouse(t)
	for i := range 4 {
		h.post(fmt.Sprintf("SW%03d", i+1), 0.9-float64(i)/20, `, "flag": true`)
	}
	for _, model := range []string{"mail-graph 0.9", "web-risk 1.4"} {
		h.postAs(model, "SW002", 0.6, `, "flag": true`)
	}
	p := openTab(t)
	p.signIn(h, `/?q=model:"usb-watch 1.0"`)
	p.until("four rows", `document.querySelectorAll('tr[data-id]').length === 4`)
	p.size(390)
	p.until("a finger finds the tick box of a row", `(() => {
		const box = document.querySelector('#a2 .ck');
		box.scrollIntoView({ block: 'center' });
		const b = box.getBoundingClientRect(), x = b.left + b.width / 2, y = b.top + b.height / 2;
		return [[0, 0], [-21, 0], [21, 0], [0, -21], [0, 21]].every(([dx, dy]) => document.elementFromPoint(x + dx, y + dy) === box) && (box.click(), true);
	})()`)
	p.until("and all that can be done with it is in sight", `[...document.querySelectorAll('[data-bulk] .btn')].filter(b => b.checkVisibility()).map(b => b.getBoundingClientRect()).filter(b => b.left >= 0 && b.right <= 390 && b.bottom <= innerHeight && b.height >= 24).length === 5`)
	p.until("untick it", `(document.querySelector('#a2 .ck').click(), true)`)
	p.size(1440)
	p.press("x", "*")
	p.until("all are ticked", `document.querySelector('[data-picked]').innerText === '4 alerts selected' && document.querySelector('[data-bulk]').innerText.includes('covers the results of usb-watch 1.0 alone')`)
	p.press("d")
	p.until("asked", `document.querySelector('#d-dismiss').open && document.querySelector('#d-dismiss [data-what]').innerText === '4 alerts'`)
	p.until("a note", `(document.querySelector('#n-dismiss').value = 'drift', true)`)
	p.press("4")
	p.until("three have left, one is held back", rowIDs+` === '2' && !document.querySelector('[data-held]').hidden && document.querySelector('[data-held] li').textContent.includes('SW002 mail-graph and web-risk flagged this person')`)
	p.press("x", "\r")
	p.until("ticked in: the view is empty", `document.querySelector('[data-zero]') && document.querySelector('.toast').innerText.includes('dismissed')`)
	p.press("u")
	p.until("one undo brings all back", `document.querySelectorAll('tr[data-id]').length === 4`)
	p.until("said", `document.querySelector('.toast').innerText.includes('Undone')`)
}

// What was typed survives that somebody else was faster.
func TestBrowserNothingLost(t *testing.T) {
	h := startHouse(t)
	h.post("SW001", 0.9, "")
	p := openTab(t)
	p.signIn(h, "/alerts/1")
	p.press("d")
	p.until("asked", `document.querySelector('#d-dismiss').open`)
	p.until("typed", `(document.querySelector('#n-dismiss').value = 'Spoke with the manager.', true)`)
	if code, _, body := h.form(h.ana, "/alerts/1/decide", true, "action", "confirm"); code != 200 {
		t.Fatal(body)
	}
	p.press("1")
	p.until("both are named", `document.querySelector('#d-dismiss .err').innerText.includes('ana was first: confirmed it') && document.querySelector('#d-dismiss .err').innerText.includes('ann was about to dismiss it')`)
	p.press("\x1b", "d")
	p.until("the note stands there", `document.querySelector('#d-dismiss').open && document.querySelector('#n-dismiss').value === 'Spoke with the manager.'`)
	p.press("\x1b")
	p.open(h.base + "/alerts/1")
	p.until("also after a reload", live+` && document.querySelector('#note').value === 'Spoke with the manager.'`)
}

// A reason shows who somebody is, from the queue and from an alert.
func TestBrowserRevealOnAlert(t *testing.T) {
	h := startHouse(t)
	h.post("SW001", 0.9, "")
	h.post("SW002", 0.8, "")
	p := openTab(t)
	p.signIn(h, "/")
	p.press("j", ".")
	p.until("asked", `document.querySelector('#d-reveal').open && document.querySelector('#d-reveal [data-what]').innerText === 'SW002'`)
	p.press("5")
	p.until("words are needed", `!document.querySelector('#d-reveal .err').hidden && document.activeElement.id === 't-reveal'`)
	p.press("o", "k", "\r")
	p.until("shown, where one was", `location.hash === '#a2' && document.querySelector('#a2').innerText.includes('Name of SW002') && `+current+` === '2' && `+live)
	if tabSays[bool](p, `document.querySelector('#a1').innerText.includes('Name of')`) {
		t.Error("everybody is shown")
	}
	p.press("k", "o")
	p.until("the other alert", `location.pathname === '/alerts/1' && `+live)
	p.press(".")
	p.until("asked", `document.querySelector('#d-reveal').open`)
	p.press("1")
	p.until("shown, and until when", `document.querySelector('h1').innerText === 'Name of SW001' && document.querySelector('.tagl').innerText.includes('Name shown to you alone until') && document.title === 'SW001 · citd'`)
	p.until("p opens the person", live)
	p.press("p")
	p.until("the person", `location.pathname === '/people/1'`)
}

// j on an alert goes to one that was fetched ahead; it goes on record then, not before.
func TestBrowserAhead(t *testing.T) {
	h := startHouse(t)
	h.post("SW001", 0.9, "")
	h.post("SW002", 0.8, "")
	p := startTab(t, chromedp.Flag("headless", "new"))
	p.watch()
	p.signIn(h, "/alerts/1")
	before := h.views()
	time.Sleep(500 * time.Millisecond) // for the browser to fetch, or not: either is fine
	if n := h.views(); n != before {
		t.Errorf("%d looks are on record for what nobody looked at", n-before)
	}
	p.press("j")
	p.until("the next alert", `document.querySelector('h1').innerText === 'SW002' && `+live)
	for end := time.Now().Add(10 * time.Second); h.views() == before && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	if n := h.views(); n != before+1 {
		t.Errorf("%d looks are on record; want one", n-before)
	}
}
