package handlers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"citd/handlers"
	"citd/store"
)

const (
	lamp = `document.querySelector('[data-live]').innerText`
	pill = `(document.querySelector('.newbar').hidden ? '' : document.querySelector('[data-new]').innerText)`
)

// The server stops and comes back: the page says so, goes on by itself, and takes in what it
// missed. After half a minute it waits to be asked.
func TestBrowserReconnect(t *testing.T) {
	t.Parallel()
	h := startHouse(t)
	h.post("SW001", 0.9, "")
	p := openTab(t)
	p.refused = []string{"net::ERR_"}
	p.signIn(h, "/")
	p.until("live", lamp+` === 'Live'`)
	addr := strings.TrimPrefix(h.base, "http://")
	h.must(h.halt())
	p.until("the page says so", lamp+` === 'Reconnecting'`)
	h.store(1)
	h.serve(addr, handlers.Options{})
	p.until("and comes back by itself", lamp+` === 'Live'`)
	p.until("with what came meanwhile", pill+` === '1 alert with new results' && `+rowIDs+` === '1'`)

	h.must(h.halt())
	p.until("the page says so again", lamp+` === 'Reconnecting'`)
	h.store(250) // one of them waits already
	run[bool](p, `(() => { const now = Date.now; Date.now = () => now() + 31000; return true })()`)
	p.until("and stops after half a minute", lamp+`.startsWith('Live updates stopped, ') && document.querySelector('[data-live] button').checkVisibility()`)
	h.serve(addr, handlers.Options{})
	run[bool](p, `(document.querySelector('[data-live] button').focus(), true)`)
	p.press("\r")
	p.until("asked, it is back", lamp+` === 'Live' && !document.querySelector('[data-live] button').checkVisibility()`)
	p.until("with more than one event names", pill+`.endsWith(' alerts with new results') && parseInt(`+pill+`) >= 250 && `+rowIDs+` === '1'`)
	run[bool](p, `(document.body.focus(), true)`)
	p.press("n")
	p.until("all are there", `document.querySelectorAll('tr[data-id]').length > 20 && document.querySelector('.newbar').hidden`)
}

// store adds results of n people past the server, as another program does.
func (h *house) store(n int) {
	h.tb.Helper()
	var lines strings.Builder
	for i := range n {
		fmt.Fprintf(&lines, `{"resource":"detectionmodelresult","body":{"employee":{"employee_id":"NN%03d"},"date":%q,"reporter":"night-run 1.0","score":0.5}}`+"\n", i, time.UnixMicro(h.db.Now()).UTC().Format(time.RFC3339))
	}
	_, err := store.Import(h.tb.Context(), h.db, store.Actor{ID: 1, Role: store.Admin}, strings.NewReader(lines.String()), store.ImportOptions{Name: "night.ndjson"})
	h.must(err)
}
