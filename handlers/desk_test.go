package handlers_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"citd/handlers"
	"citd/store"
)

// wants checks that a body holds texts; one with "-" before it has to be absent.
func wants(t *testing.T, what, body string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if want, not := strings.CutPrefix(text, "-"); strings.Contains(body, want) == not {
			t.Errorf("%s: want %q in\n%s", what, text, body)
		}
	}
}

// The panel beside the queue, and what it tells to whom.
func TestPeek(t *testing.T) {
	h := startHouse(t)
	h.post("SW001", 0.94, `, "flag": true, "email_anomaly": 0.78, "evidence": [{"description": "Mail to <b>x</b>", "evidence_type": "email", "date_from": "2026-01-01", "date_to": "2026-01-03"}]`)
	wants(t, "peek", h.page(h.ana, "/alerts/1?peek=1&view=flagged"), `data-peeked="1"`, `<a href="/alerts/1?view=flagged"><bdi>SW001</bdi></a>`, "Engineer, IT",
		"Mail to &lt;b&gt;x&lt;/b&gt;", `data-do="confirm"`, "Ranked by score 0.94, flagged &#43;0.06.", "Too few peers to compare: nobody else with the role Engineer.", `<a class="l s" href="/people/1">Profile</a>`,
		"-<html", "-own median</span>", "-Name of SW001")
	wants(t, "a viewer's peek", h.page(h.vic, "/alerts/1?peek=1"), `data-peeked="1"`, `-data-do="confirm"`)
	if code, body := h.get(h.ana, "/alerts/9?peek=1"); code != 404 {
		t.Errorf("no alert: %d %s", code, body)
	}
	for who, want := range map[*http.Client]int{h.ana: 204, h.vic: 204, http.DefaultClient: 401} {
		if code, _, body := h.form(who, "/alerts/1/look", true); code != want {
			t.Errorf("look = %d %s; want %d", code, body, want)
		}
	}
	if code, _, _ := h.form(h.ana, "/alerts/9/look", true); code != 404 {
		t.Errorf("a look at no alert = %d; want 404", code)
	}
}

// A filter is kept under a name, for oneself or for all.
func TestSavedViewsOfQueue(t *testing.T) {
	h := startHouse(t)
	h.post("SW001", 0.94, "")
	if code, to, body := h.form(h.ana, "/views", false, "view", "flagged", "q", "dept:IT", "name", "IT <b>", "shared", "1"); code != 303 || to != "/?q=dept%3AIT&view=flagged" {
		t.Fatalf("save = %d to %s %s", code, to, body)
	}
	h.form(h.ana, "/views", false, "view", "open", "q", "score>0.9", "name", "mine alone")
	wants(t, "the owner's queue", h.page(h.ana, "/?view=flagged&q=dept:IT"), `<a href="/?q=dept%3AIT&amp;view=flagged" aria-current="page"><bdi>IT &lt;b&gt;</bdi></a>`, "mine alone", `action="/views/1/delete"`,
		`-<a href="/?view=flagged" aria-current="page">`)
	wants(t, "a viewer's queue", h.page(h.vic, "/"), `title="Shared by ana"`, "-mine alone", `-action="/views/1/delete"`)
	for _, tt := range []struct {
		name string
		who  *http.Client
		path string
		form []string
		code int
		want string
	}{
		{"no name", h.ana, "/views", []string{"view", "open", "q", "dept:IT", "name", " "}, 400, "Give the view a name"},
		{"no name: what was typed is there", h.ana, "/views", []string{"view", "open", "q", "dept:IT", "name", strings.Repeat("x", 41)}, 400, strings.Repeat("x", 41)},
		{"a viewer's own", h.vic, "/views", []string{"view", "open", "q", "dept:HR", "name", "HR"}, 303, ""},
		{"a viewer may not share", h.vic, "/views", []string{"view", "open", "q", "dept:HR", "name", "HR", "shared", "1"}, 403, "needs the role analyst"},
		{"somebody else's", h.vic, "/views/1/delete", nil, 403, "somebody else"},
		{"somebody else's own", h.vic, "/views/2/delete", nil, 404, "no view 2"},
		{"by an admin", h.alice, "/views/1/delete", []string{"back", "/?view=all"}, 303, ""},
		{"gone", h.alice, "/views/1/delete", nil, 404, "no view 1"},
		{"not a number", h.alice, "/views/x/delete", nil, 404, "no view"},
	} {
		if code, _, body := h.form(tt.who, tt.path, false, tt.form...); code != tt.code || !strings.Contains(body, tt.want) {
			t.Errorf("%s: %d %s; want %d %s", tt.name, code, body, tt.code, tt.want)
		}
	}
}

// A bulk dismissal leaves out whom other models flagged; a second step takes them
// in, by plain form and by script, and one undo takes back both.
func TestBulkHoldsBack(t *testing.T) {
	h := startHouse(t)
	for i := range 3 {
		h.post(fmt.Sprintf("SW%03d", i+1), 0.5, `, "flag": true`)
	}
	for _, model := range []string{"mail-graph 0.9", "web-risk 1.4"} {
		h.postAs(model, "SW002", 0.6, `, "flag": true`)
	}
	filter := []string{"action", "dismiss", "reason", "4", "note", "noise & <drift>", "model", "usb-watch 1.0", "alert", "1", "alert", "2", "alert", "3"}
	code, _, body := h.form(h.ana, "/alerts/decide", false, append(filter, "back", "/?q=model%3A%22usb-watch+1.0%22")...)
	if code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	wants(t, "plain", body, "2 alerts were dismissed", "<bdi>SW002</bdi>", "mail-graph and web-risk flagged this person", `name="anyway" value="1"`, `name="batch" value="1"`,
		`name="note" value="noise &amp; &lt;drift&gt;"`, `name="model" value="usb-watch 1.0"`, `<tr id="a2"`, `-<tr id="a1"`)
	again := []string{"action", "dismiss", "reason", "4", "note", "x", "model", "usb-watch 1.0", "anyway", "1", "batch", "1", "alert", "2", "back", "/"}
	if code, to, body := h.form(h.ana, "/alerts/decide", false, again...); code != 303 || to != "/" {
		t.Fatalf("ticked in: %d %s %s", code, to, body)
	}
	wants(t, "what other models say stays to be decided", h.page(h.ana, "/alerts/2"), "Newest result received", `value="4"`, `-name="result" value="2"`)
	if _, _, body := h.form(h.ana, "/alerts/decide", true, "action", "undo", "batch", "1"); strings.Count(body, `"alert"`) != 3 {
		t.Fatalf("undo: %s; want all three back", body)
	}
	_, _, body = h.form(h.ana, "/alerts/decide", true, filter...)
	wants(t, "script", body, `"held":[{"alert":2,"results":[2],"who":"SW002","why":"mail-graph and web-risk flagged this person"}]`, `{"alert":3,"state":"dismissed"`)
	if _, _, body := h.form(h.ana, "/alerts/2/decide", true, "action", "dismiss", "reason", "4"); !strings.Contains(body, `"state":"dismissed"`) {
		t.Errorf("one alert at a time is never held back: %s", body)
	}
	if diff, err := store.VerifyAlerts(t.Context(), h.db); err != nil || len(diff) > 0 {
		t.Error(err, diff)
	}
}

// What the page of an alert sets beside it.
func TestAlertBeside(t *testing.T) {
	h := startHouse(t)
	for i := range 7 {
		h.post(fmt.Sprintf("SW%03d", i+1), 0.4, fmt.Sprintf(`, "email_anomaly": 0.%d, "web_anomaly": 0.2`, i+1))
	}
	h.form(h.ana, "/alerts/2/decide", true, "action", "dismiss", "reason", "3")
	h.form(h.ana, "/alerts/7/decide", true, "action", "confirm")
	h.post("SW001", 0.9, `, "email_anomaly": 0.25, "web_anomaly": 0.2, "contributions": [{"name": "night <b>", "weight": 0.5, "text": "at 3", "value": 3}, {"name": "day", "weight": -0.1}]`)
	body := h.page(h.ana, "/alerts/1")
	wants(t, "peers", body, "Peers are the 6 others with the role Engineer.", ">p16<", "peers, median to p95")
	wants(t, "past cases", body, "1 of 2 were dismissed", "<bdi>SW002</bdi>", "Dismissed, business event", "Confirmed by ana", "The closest differs by 0.12 in total.")
	wants(t, "model", body, "1 of 2 decided", "-from 0.7 up")
	wants(t, "its own account", body, "adds up to 0.40", "night &lt;b&gt;", "−0.10", "-Share is each dimension")
	wants(t, "nothing like it", h.page(h.ana, "/alerts/2"), "0 of 1 was dismissed")
}

// The next alert is fetched ahead by the browser, unseen; the page says so when it is shown.
func TestFetchedAhead(t *testing.T) {
	h := startHouse(t)
	h.post("SW001", 0.94, "")
	for _, purpose := range []string{"", "prefetch"} {
		req, err := http.NewRequest(http.MethodGet, h.base+"/alerts/1", nil)
		h.must(err)
		req.Header.Set("Sec-Purpose", purpose)
		res, err := h.ana.Do(req)
		h.must(err)
		body := read(t, res)
		rules := strings.Trim(res.Header.Get("Speculation-Rules"), `"`)
		if marked := strings.Contains(body, " data-unseen"); marked != (purpose != "") || strings.Contains(body, `http-equiv="refresh"`) != marked {
			t.Errorf("purpose %q: marked %v", purpose, marked)
		}
		res, err = h.ana.Get(h.base + rules)
		h.must(err)
		if text := read(t, res); res.Header.Get("Content-Type") != "application/speculationrules+json" || !strings.Contains(text, "rel=next") {
			t.Errorf("rules at %s: %s %s", rules, res.Header.Get("Content-Type"), text)
		}
	}
}

// Who somebody is shows after a reason was given, and for how long; the title never says it.
func TestRevealOnAlert(t *testing.T) {
	h := startHouse(t)
	h.post("SW001", 0.94, "")
	wants(t, "hidden", h.page(h.ana, "/alerts/1"), `data-reveal="/people/1/reveal"`, `href="/people/1#ask"`, "To hand over to HR or Legal", "-Name of SW001")
	wants(t, "hidden in the queue", h.page(h.ana, "/"), `data-reveal="/people/1/reveal"`, `id="d-reveal"`)
	wants(t, "a viewer", h.page(h.vic, "/alerts/1"), "-data-reveal", "-d-reveal")
	if code, to, body := h.form(h.ana, "/people/1/reveal", false, "reason", "2", "back", "/?view=all#a1"); code != 303 || to != "/?view=all#a1" {
		t.Fatalf("reveal = %d to %s %s", code, to, body)
	}
	wants(t, "shown", h.page(h.ana, "/alerts/1"), "<bdi>Name of SW001</bdi>", "Name shown to you alone until ", "-data-reveal", "<title>SW001 · citd</title>")
	wants(t, "shown to her alone", h.page(h.alice, "/alerts/1"), "-Name of SW001")
}

// In the demo, who has decided nothing is told how to begin.
func TestFirstSteps(t *testing.T) {
	h := startHouseWith(t, handlers.Options{Demo: true})
	h.post("SW001", 0.94, "")
	h.post("SW002", 0.5, "")
	wants(t, "new here", h.page(h.ana, "/"), "data-steps", `<a class="l" href="/alerts/1">`, "/data-sub/api/feedback/")
	wants(t, "a viewer", h.page(h.vic, "/"), "-data-steps")
	h.form(h.ana, "/alerts/1/decide", true, "action", "review")
	wants(t, "not a verdict yet", h.page(h.ana, "/"), "data-steps")
	h.form(h.ana, "/alerts/1/decide", true, "action", "dismiss", "reason", "1")
	wants(t, "after the first verdict", h.page(h.ana, "/"), "-data-steps")
	req, err := http.NewRequest(http.MethodGet, h.base+"/data-sub/api/feedback/", nil)
	h.must(err)
	req.Header.Set("Sec-Fetch-Site", "same-origin") // as browsers do
	res, err := h.ana.Do(req)
	h.must(err)
	wants(t, "the label", read(t, res), "benign_positive")
}

func read(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
