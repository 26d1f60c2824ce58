package handlers_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"citd/handlers"
	"citd/store"
)

// another opens a browser beside t, which shares nothing with it.
func (t *tab) another() *tab {
	t.Helper()
	ctx, stop := chromedp.NewContext(t.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(stop)
	return &tab{TB: t.TB, ctx: ctx}
}

// back presses Shift and Tab.
func (t *tab) back() {
	t.Helper()
	if err := chromedp.Do(t.ctx, chromedp.KeyEvent("\t", chromedp.KeyModifiers(chromedp.ModifierShift))); err != nil {
		t.Fatal(err)
	}
}

// heard keeps what a server sends to browsers: to whoever does not show a login with each request.
type heard struct {
	sync.Mutex
	bytes.Buffer
}

// since is what was heard after the first so many bytes.
func (h *heard) since(n int) string {
	h.Lock()
	defer h.Unlock()
	return string(h.Bytes()[n:])
}

type tapped struct {
	net.Listener
	to *heard
}

func (l *tapped) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return &tap{Conn: c, to: l.to}, err
}

type tap struct {
	net.Conn
	to     *heard
	script atomic.Bool
}

func (c *tap) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	copy(b, bytes.ReplaceAll(b[:n], []byte("gzip"), []byte("none"))) // plain answers are asked for
	if bytes.Contains(b[:n], []byte("\r\nAuthorization: ")) {
		c.script.Store(true)
	}
	return n, err
}

func (c *tap) Write(b []byte) (int, error) {
	if !c.script.Load() {
		c.to.Lock()
		c.to.Write(b)
		c.to.Unlock()
	}
	return c.Conn.Write(b)
}

// identities is what the demo tells of each employee that no page may: name, birth date, street.
func (h *house) identities() map[string][]string {
	h.tb.Helper()
	all := map[string][]string{}
	for _, o := range h.api("employee/?limit=0")["objects"].([]any) {
		e := o.(map[string]any)
		home, _ := e["homeAddress"].(map[string]any)
		for _, v := range []any{e["name"], e["dateOfBirth"], home["line1"]} {
			if s, ok := v.(string); ok && s != "" {
				all[e["employee_id"].(string)] = append(all[e["employee_id"].(string)], s)
			}
		}
	}
	return all
}

// call sends the browser a command for which there is no shorter way.
func (t *tab) call(method string, params map[string]any) {
	t.Helper()
	err := chromedp.Do(t.ctx, chromedp.Func(func(ctx context.Context, page *chromedp.Target) error { return page.Call(ctx, method, params, nil) }))
	if err != nil {
		t.Fatal(err)
	}
}

// chain is what the record and the labels have to hold in the end.
type chain struct {
	*house
	record []string         // "who verb object id detail"
	labels map[int64]string // by result: "label reason note"
}

// did expects what was done to an object to be on record.
func (c *chain) did(who, verb, object string, id any, detail string) {
	c.record = append(c.record, strings.TrimSpace(fmt.Sprintln(who, verb, object, id, detail)))
}

// decided expects a decision on an alert as it stands, and the labels that it gives.
func (c *chain) decided(action, alert, label string, models ...string) {
	c.tb.Helper()
	covers := 0
	for _, r := range c.held(alert) {
		if label != "" && r.Of == nil && (models == nil || slices.Contains(models, r.Reporter)) {
			c.labels[r.ID] = label
			covers++
		}
	}
	if covers > 0 {
		action += fmt.Sprint(" results ", covers)
	}
	c.did("ann", "decide", "alert", alert, action)
}

// undone expects that the newest decision on an alert was taken back.
func (c *chain) undone(alert string) {
	c.decided("undo", alert, "")
	for _, r := range c.held(alert) {
		c.labels[r.ID] = "null"
	}
}

func (c *chain) held(alert string) []store.HeldResult {
	c.tb.Helper()
	id, err := strconv.ParseInt(alert, 10, 64)
	c.must(err)
	a, err := c.db.Alert(c.tb.Context(), id, store.QueueAsk{View: "all"})
	c.must(err)
	return a.Held
}

// alertOf is the alert of an employee in the queue.
func (t *tab) alertOf(employee string) string {
	return tabSays[string](t, `[...document.querySelectorAll('tr[data-id]')].find(r => r.innerText.includes('`+employee+`')).dataset.id`)
}

// A shift at citd, on demo data: all that an analyst does, mostly by keys alone.
// Then the record tells exactly that, the models get its labels, and the file is whole.
func TestBrowserChain(t *testing.T) {
	h := demoHouse(t)
	hidden := h.identities()
	if len(hidden) < 200 || len(hidden["HA001"]) < 2 {
		t.Fatalf("%d people, one of them %q", len(hidden), hidden["HA001"])
	}
	h.must(h.halt())
	h.heard = &heard{}
	h.serve("127.0.0.1:0", handlers.Options{})
	c := &chain{house: h, labels: map[int64]string{}}
	began, err := h.db.VerifyAudit(t.Context())
	h.must(err)
	_, cursor := h.feedback(0)
	p := openTab(t)
	p.size(1200) // no panel: what it shows for two seconds goes on record, and that would depend on the machine

	p.enter(h, "ann")
	c.did("", "login-link", "account", "ann", "")
	c.did("ann", "login", "account", "ann", "link")
	queue := func() []string {
		p.until("the queue", `location.pathname === '/' && `+live+` && `+current)
		return strings.Split(tabSays[string](p, rowIDs), ",")
	}
	onAlert := func(id string) {
		t.Helper()
		p.until("alert "+id, `location.pathname === '/alerts/`+id+`' && `+live)
		c.did("ann", "view", "alert", id, "")
	}
	gone := func(id string) {
		t.Helper()
		p.until(id+" has left", `!document.querySelector('#a`+id+`') && !document.querySelector('dialog[open]')`)
	}
	ids := queue()

	// Ten alerts by keys, each in its own way.
	c.decided("dismiss reason 1", ids[0], "0 Expected for the role")
	p.press("d", "1")
	gone(ids[0])
	c.decided("dismiss reason 4", ids[1], "0 Detector wrong")
	p.press("d", "4")
	gone(ids[1])
	p.press("u")
	p.until("undone", current+` === '`+ids[1]+`'`)
	c.undone(ids[1])
	c.decided("review", ids[1], "")
	p.press("r")
	p.until("taken", `document.querySelector('#a`+ids[1]+`').innerText.includes('In review\nby ann')`)
	p.press("j")
	c.decided("confirm", ids[2], "1")
	p.press("c", "\r")
	gone(ids[2])
	c.decided("snooze", ids[3], "")
	p.press("s", "1")
	gone(ids[3])
	p.press("o")
	onAlert(ids[4])
	c.decided("dismiss reason 9", ids[4], "null Other A drill.")
	p.press("d")
	p.until("asked", `document.querySelector('#d-dismiss').open`)
	p.press("9")
	p.until("a note is needed", `document.activeElement.id === 'n-dismiss'`)
	p.press("\b") // chromedp types a character although the page declined its key
	p.press(strings.Split("A drill.", "")...)
	p.press("\r")
	onAlert(ids[5])
	c.decided("confirm", ids[5], "1 Seen.")
	p.press("c")
	p.back() // from the button to the note
	p.until("the note", `document.activeElement.id === 'n-confirm'`)
	p.press(strings.Split("Seen.", "")...)
	p.press("\r")
	onAlert(ids[6])
	c.decided("review", ids[6], "")
	p.press("r")
	p.until("taken", `document.querySelector('[data-status]').innerText.includes('In review by ann') && `+live)
	p.press("j")
	onAlert(ids[7])
	c.decided("dismiss reason 0", ids[7], "0 Investigated and cleared")
	p.press("d", "0")
	onAlert(ids[8])
	p.press("u")
	p.until("undone from the next page", `document.querySelector('.toast').innerText.includes('Undone')`)
	c.undone(ids[7])
	c.decided("snooze", ids[8], "")
	p.press("s", "3")
	onAlert(ids[9])
	c.decided("dismiss reason 5", ids[9], "0 Bad data")
	p.press("d", "5")
	p.until("the one after", `location.pathname !== '/alerts/`+ids[9]+`' && `+live)
	c.did("ann", "view", "alert", strings.TrimPrefix(tabSays[string](p, `location.pathname`), "/alerts/"), "")

	// Many at once, with a note. Whom other models flagged stays.
	p.press("g", "q")
	queue()
	p.press("/", "\b") // as above
	p.press(strings.Split(`model:"web-risk 1.4" dept:Sales`, "")...)
	p.press("\r")
	p.until("filtered", `location.search.includes('web-risk')`)
	many, leaver := queue(), p.alertOf("HA001")
	if len(many) < 20 {
		t.Fatalf("the drift is not there: %s", many)
	}
	p.press("*", "d")
	p.until("asked", `document.querySelector('#d-dismiss').open`)
	p.press("\t") // from the reasons to the note
	p.until("the note", `document.activeElement.id === 'n-dismiss'`)
	p.press(strings.Split("Drift.", "")...)
	p.back()
	slices.SortFunc(many, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) }) // by number, as they are decided
	for _, id := range many {
		if id != leaver {
			c.decided("dismiss reason 4", id, "0 Detector wrong Drift.", "web-risk 1.4")
			c.record[len(c.record)-1] += " batch"
		}
	}
	p.press("4")
	p.until("one is held back", `document.querySelector('[data-held] li') && document.querySelectorAll('[data-held] li').length === 1 && document.querySelector('[data-held] li').innerText.includes('HA001')`)
	p.until("the others have left", rowIDs+` === '`+leaver+`'`)

	// Who is it?
	p.press("\x1b", "g", "q")
	queue()
	who := tabSays[string](p, `document.querySelector('tr[aria-current] .c3 a').innerText`)
	p.press(".")
	p.until("asked", `document.querySelector('#d-reveal').open`)
	said := h.heard.since(0)
	for _, values := range hidden {
		for _, v := range values {
			if strings.Contains(said, v) {
				t.Errorf("%s was told before a reveal", v)
			}
		}
	}
	p.press("2")
	person := h.api("employee/?employee_id=" + who)["objects"].([]any)[0].(map[string]any)
	p.until("shown", `location.pathname === '/' && document.querySelector('tr[aria-current]').innerText.includes('`+person["name"].(string)+`') && `+live)
	c.did("ann", "reveal", "employee", person["id"], "reason 2")

	// A brush in explore.
	p.press("g", "x")
	p.until("explore", `location.pathname === '/explore' && document.querySelector('[data-f]') && `+live)
	all := tabSays[string](p, `document.querySelector('[data-heading]').textContent`)
	p.drag(`document.querySelector('[data-hit=score]')`, 0.02, 0.3)
	p.until("brushed", `new URLSearchParams(location.search).get('q')?.startsWith('score>=') && document.querySelector('[data-heading]').textContent.includes(' match')`)
	if now := tabSays[string](p, `document.querySelector('[data-heading]').textContent`); now == all {
		t.Errorf("the brush changed nothing: %s", now)
	}

	// A script posts, and the open page tells of it.
	p.press("g", "q")
	before := queue()
	req, err := http.NewRequest(http.MethodPost, h.base+"/data-sub/api/detectionmodelresult/", strings.NewReader(fmt.Sprintf(
		`{"employee": {"employee_id": "SW001"}, "date": %q, "reporter": "my-model 1.0", "score": 0.995, "flag": true, "email_anomaly": 0.91}`, time.UnixMicro(h.db.Now()).UTC().Format(time.RFC3339))))
	h.must(err)
	req.SetBasicAuth("myusername", "mypassword")
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	h.must(err)
	res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		t.Fatalf("post: %s", res.Status)
	}
	p.until("the pill", `!document.querySelector('.newbar').hidden && `+rowIDs+` === '`+strings.Join(before, ",")+`'`)
	p.press("n")
	p.until("n shows it", `document.querySelector('[data-queue]').innerText.includes('SW001')`)
	fresh := p.alertOf("SW001")
	p.until("at its rank, and current", rowIDs+` === '`+fresh+`,`+strings.Join(before, ",")+`' && `+current+` === '`+fresh+`'`)

	// Two at once: the second is told, and loses nothing.
	second := p.another()
	second.size(1200)
	second.enter(h, "ben")
	c.did("", "login-link", "account", "ben", "")
	c.did("ben", "login", "account", "ben", "link")
	second.open(h.base + "/alerts/" + fresh)
	second.until("ben looks", live)
	c.did("ben", "view", "alert", fresh, "")
	second.press("d")
	second.until("and writes", `document.querySelector('#d-dismiss').open`)
	second.press("\t")
	second.press(strings.Split("I asked.", "")...)
	second.back()
	c.decided("confirm", fresh, "1")
	p.press("c", "\r")
	gone(fresh)
	second.until("ben is told at once", `document.querySelector('[data-news]').innerText.includes('ann confirmed this alert')`)
	second.press("2")
	second.until("and when he decides", `document.querySelector('#d-dismiss .err').innerText.includes('ann was first: confirmed it')`)
	second.open(h.base + "/alerts/" + fresh)
	second.until("his words are kept", live+` && document.querySelector('#note').value === 'I asked.'`)

	// On paper.
	second.call("Emulation.setEmulatedMedia", map[string]any{"media": "print"})
	second.until("a report without controls", `(() => {
		const seen = s => [...document.querySelectorAll(s)].some(e => e.checkVisibility());
		return seen('.printhead') && document.querySelector('.printhead').innerText.includes('by ben') && seen('h1') && seen('.say') && seen('.dimt') && seen('.rt') && seen('.log')
			&& !seen('button, textarea, input, .top, dialog, .toast, .noprint') && document.documentElement.scrollWidth <= innerWidth;
	})()`)
	pdf, err := chromedp.Run(second.ctx, chromedp.PrintToPDF())
	h.must(err)
	if len(pdf) < 10_000 {
		t.Errorf("%d bytes of PDF", len(pdf))
	}

	after := h.heard.since(len(said))
	for id, values := range hidden {
		for i, v := range values {
			if told := strings.Contains(after, v); told != (id == who && i == 0) { // the queue shows the name alone
				t.Errorf("after the reveal of %s, %s of %s: told %t", who, v, id, told)
			}
		}
	}
	c.check(began.Seq, cursor)
}

// check compares the record, the labels and the file with what was done.
func (c *chain) check(after, cursor int64) {
	c.tb.Helper()
	entries, _, err := c.db.Activity(c.tb.Context(), store.ActivityQuery{Kind: store.AllActivity, Limit: 1000})
	c.must(err)
	var record []string
	for _, e := range slices.Backward(entries) {
		if e.Seq <= after {
			continue
		}
		detail := e.Detail
		if _, rest, ok := strings.Cut(strings.TrimPrefix(detail, "decision "), " "); ok && e.Verb == "decide" { // without its number, and its batch's
			detail, _, _ = strings.Cut(rest, " of ")
			if i := strings.Index(detail, " batch "); i >= 0 {
				detail = detail[:i+len(" batch")]
			}
		}
		about := cmp.Or(e.Target, fmt.Sprint(e.ID))
		record = append(record, strings.TrimSpace(fmt.Sprintln(e.By, e.Verb, e.Object, about, detail)))
	}
	if got, want := strings.Join(record, "\n"), strings.Join(c.record, "\n"); got != want {
		c.tb.Errorf("the record tells\n%s\nwant\n%s", got, want)
	}
	labels, _ := c.feedback(cursor)
	for id, want := range c.labels {
		if labels[id] != want {
			c.tb.Errorf("result %d is labelled %q; want %q", id, labels[id], want)
		}
		delete(labels, id)
	}
	if len(labels) > 0 {
		c.tb.Errorf("labelled, but not decided: %v", labels)
	}
	r, err := c.db.Verify(c.tb.Context())
	c.must(err)
	c.must(r.Err())
}

// api reads an address of the API.
func (h *house) api(path string) map[string]any { return h.json(h.lines(path)) }

func (h *house) lines(path string) string {
	h.tb.Helper()
	req, err := http.NewRequest(http.MethodGet, h.base+"/data-sub/api/"+path, nil)
	h.must(err)
	req.SetBasicAuth("detector", h.token)
	res, err := http.DefaultClient.Do(req)
	h.must(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	h.must(err)
	return string(b)
}

// feedback returns the newest label of each result after a cursor, as the API tells it, and the last cursor.
func (h *house) feedback(since int64) (map[int64]string, int64) {
	h.tb.Helper()
	labels := map[int64]string{}
	for line := range strings.Lines(h.lines("feedback/?format=ndjson&since=" + strconv.FormatInt(since, 10))) {
		v := h.json(line)
		var id int64
		_, err := fmt.Sscanf(v["result_uri"].(string), "/data-sub/api/detectionmodelresult/%d/", &id)
		h.must(err)
		text := "null"
		if v["label"] != nil {
			text = fmt.Sprint(v["label"])
		}
		for _, key := range []string{"reason", "note"} {
			if s, ok := v[key].(string); ok {
				text += " " + s
			}
		}
		labels[id], since = text, int64(v["cursor"].(float64))
	}
	return labels, since
}
