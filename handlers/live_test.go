package handlers_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"citd/store"
)

// event is one server-sent event.
type event struct{ id, name, data string }

// ear is a page that listens.
type ear struct {
	tb     testing.TB
	events chan event // closed when the stream ends
	close  func()
}

// listen opens a stream. lastID is what a browser that comes back sends.
func (h *house) listen(c *http.Client, path, lastID string) *ear {
	h.tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	h.tb.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.base+path, nil)
	h.must(err)
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	res, err := c.Do(req)
	h.must(err)
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		h.tb.Fatalf("GET %s: %s, %s", path, res.Status, res.Header.Get("Content-Type"))
	}
	e := &ear{tb: h.tb, events: make(chan event, 100), close: cancel}
	go func() {
		defer close(e.events)
		defer res.Body.Close()
		var now event
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			switch key, value, _ := strings.Cut(lines.Text(), ": "); key {
			case "id":
				now.id = value
			case "event":
				now.name = value
			case "data":
				now.data = value
			case "":
				if now.name != "" {
					e.events <- now
				}
				now = event{id: now.id}
			}
		}
	}()
	return e
}

// wait returns the next event of that name, whose data holds text.
func (e *ear) wait(name, text string) event {
	e.tb.Helper()
	var seen []event
	for timeout := time.After(10 * time.Second); ; {
		select {
		case ev, ok := <-e.events:
			if !ok {
				e.tb.Fatalf("the stream ended before %s %s; it told %v", name, text, seen)
			}
			if seen = append(seen, ev); ev.name == name && strings.Contains(ev.data, text) {
				return ev
			}
		case <-timeout:
			e.tb.Fatalf("no %s %s; it told %v", name, text, seen)
		}
	}
}

// over waits for the end of the stream.
func (e *ear) over() {
	e.tb.Helper()
	for timeout := time.After(10 * time.Second); ; {
		select {
		case _, ok := <-e.events:
			if !ok {
				return
			}
		case <-timeout:
			e.tb.Fatal("the stream goes on")
		}
	}
}

// An open page hears of results in its view, of others' decisions, and of the counts.
func TestLive(t *testing.T) {
	h := startHouse(t)
	open, flagged := h.listen(h.ana, "/events", ""), h.listen(h.vic, "/events?view=flagged&q=dept:IT", "")
	open.wait("counts", `{"flagged":0,"open":0,"today":0}`)
	flagged.wait("counts", "")
	h.post("SW001", 0.5, "")
	open.wait("alerts", `{"ids":[1],"new":1}`)
	last := open.wait("counts", `{"flagged":0,"open":1,"today":1}`)
	h.post("SW002", 0.9, `, "flag": true`)
	if ev := flagged.wait("alerts", ""); ev.data != `{"ids":[2],"new":1}` {
		t.Errorf("the flagged view hears %s first; want alert 2 only", ev.data)
	}
	open.wait("alerts", `{"ids":[2],"new":1}`)
	if _, _, body := h.form(h.alice, "/alerts/1/decide", true, "action", "dismiss", "reason", "1"); !strings.Contains(body, "dismissed") {
		t.Fatal(body)
	}
	open.wait("decided", `{"alert":1,"by":"alice","state":"dismissed"}`)
	open.wait("counts", `{"flagged":1,"open":1,"today":1}`)
	open.close()

	back := h.listen(h.ana, "/events", last.id) // as a browser whose connection broke
	back.wait("alerts", `{"ids":[2],"new":1}`)
	back.wait("decided", `"alert":1`)
	page := h.listen(h.ana, "/events?since="+last.id, "") // as a page that opens the stream anew
	page.wait("alerts", `{"ids":[2],"new":1}`)
}

// A page that was rendered before it listens misses nothing between; nor does
// one that was away while the server was started anew.
func TestLiveCatchesUp(t *testing.T) {
	h := startHouse(t)
	h.post("SW001", 0.5, "")
	_, since, _ := strings.Cut(h.page(h.ana, "/"), `data-events="/events?since=`)
	since, _, _ = strings.Cut(since, `"`)
	h.post("SW002", 0.5, "")
	h.listen(h.ana, "/events?since="+since, "").wait("alerts", "2")
	h.form(h.alice, "/alerts/1/decide", true, "action", "review")
	hourAgo := fmt.Sprintf("99999.%d", time.Now().Add(-time.Hour).UnixMicro()) // of another run of the server
	e := h.listen(h.ana, "/events", hourAgo)
	e.wait("decided", `{"alert":1,"by":"alice","state":"in_review"}`)
	e.wait("alerts", `"new":2`)
	soon := fmt.Sprintf("99999.%d", time.Now().Add(time.Hour).UnixMicro())
	if ev := <-h.listen(h.ana, "/events", soon).events; ev.name != "counts" {
		t.Errorf("nothing was missed, but %v is told", ev)
	}
}

// A snooze that ends is told like an arrival.
func TestLiveWakes(t *testing.T) {
	h := startHouse(t)
	h.post("SW001", 0.5, "")
	h.form(h.ana, "/alerts/1/decide", true, "action", "snooze", "until", time.Now().Add(time.Hour).Format("2006-01-02T15:04"))
	e := h.listen(h.ana, "/events", "")
	e.wait("counts", `"open":0`)
	h.ahead.Add(int64(2 * time.Hour))
	h.page(h.ana, "/")
	e.wait("alerts", `{"ids":[1],"new":1}`)
	e.wait("counts", `"open":1`)
}

// A stream ends with its session, however that ends, and with the server.
func TestLiveEnds(t *testing.T) {
	h := startHouse(t)
	admin := store.Actor{}
	for _, tt := range []struct {
		name string
		do   func(c *http.Client)
	}{
		{"logout", func(c *http.Client) { h.form(c, "/logout", false) }},
		{"role change", func(*http.Client) { h.must(h.db.SetRole(t.Context(), admin, store.Person, "ben", store.Viewer)) }},
		{"lock", func(*http.Client) { h.must(h.db.SetLocked(t.Context(), admin, store.Person, "ben", true)) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := h.browser("ben")
			e, other := h.listen(c, "/events", ""), h.listen(h.ana, "/events", "")
			e.wait("counts", "")
			other.wait("counts", "")
			tt.do(c)
			e.over()
			h.post("SW001", 0.5, "")
			other.wait("alerts", "1") // goes on
			other.close()
		})
	}
	e := h.listen(h.ana, "/events", "")
	e.wait("counts", "")
	h.stop()
	e.over()
}

func TestLiveRefuses(t *testing.T) {
	h := startHouse(t)
	for path, want := range map[string]int{"/events?view=mine": 404, "/events?q=dpet:IT": 400} {
		if code, body := h.get(h.ana, path); code != want {
			t.Errorf("GET %s = %d %s; want %d", path, code, body, want)
		}
	}
	if code, _ := h.get(&http.Client{CheckRedirect: h.ana.CheckRedirect}, "/events"); code != http.StatusSeeOther {
		t.Errorf("nobody gets %d; want to be sent to the sign-in page", code)
	}
	res, err := h.ana.Head(h.base + "/events")
	h.must(err)
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("HEAD: %s", res.Status)
	}
}

// Many commits at once are told in few events.
func TestLiveCoalesces(t *testing.T) {
	h := startHouse(t)
	e := h.listen(h.ana, "/events", "")
	e.wait("counts", "")
	const posts = 60
	for i := range posts {
		h.post(fmt.Sprintf("SW%03d", i), 0.5, "")
	}
	told := 0
	for n := 0; n < posts; told++ {
		ev := e.wait("alerts", "")
		n += int(h.json(ev.data)["new"].(float64))
	}
	if told > posts/3 {
		t.Errorf("%d posts were told in %d events", posts, told)
	}
}
