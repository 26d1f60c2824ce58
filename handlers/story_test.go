package handlers_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"testing"
	"time"
)

var (
	shownID = regexp.MustCompile(`<bdi>([A-Z]{2}\d{3})</bdi>`)
	further = regexp.MustCompile(`rel="next" href="([^"]*)" data-further`)
)

// shown are the people that a page shows, in its order.
func (h *house) shown(c *http.Client, path string) (ids []string) {
	h.tb.Helper()
	for path != "" { // a filter goes on where it stopped, as the page does by itself
		text := h.page(c, path)
		for _, m := range shownID.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(ids, m[1]) {
				ids = append(ids, m[1])
			}
		}
		path = ""
		if m := further.FindStringSubmatch(text); m != nil {
			path = html.UnescapeString(m[1])
		}
	}
	return ids
}

// The four insiders of the demo are found by looking, as README says, on whichever day it is started.
// That the guard holds HA001 back is in TestBrowserChain.
func TestInsidersAreFound(t *testing.T) {
	t.Parallel()
	for _, day := range []int{1, 7} {
		h := demoHouseAt(t, time.Date(2026, 5, day, 9, 30, 0, 0, time.UTC))
		if top := h.shown(h.ana, "/")[:5]; !slices.Contains(top, "HA001") || !slices.Contains(top, "LK001") {
			t.Errorf("day %d: the queue begins with %s", day, top)
		}
		if top := h.shown(h.ana, "/?view=all"); top[0] != "KA001" {
			t.Errorf("day %d: everything begins with %s", day, top[:3])
		}
		if top := h.shown(h.ana, "/people?order=days")[:3]; !slices.Contains(top, "CH002") {
			t.Errorf("day %d: the people with results on most days begin with %s", day, top)
		}
		const low = "score<0.4 email>=0.25 login>=0.25"
		rows := regexp.MustCompile(`<tr [^>]*data-id=[\s\S]*?</tr>`).FindAllString(h.page(h.ana, "/explore?q="+url.QueryEscape(low)), -1)
		hers := 0
		for _, row := range rows {
			if m := shownID.FindStringSubmatch(row); m != nil && m[1] == "CH002" {
				hers++
			}
		}
		if hers < 8 || hers*4 < len(rows)*3 {
			t.Errorf("day %d: of %d results with little mail and few logons that come together, %d are of CH002", day, len(rows), hers)
		}
		for word, who := range map[string]string{"colleague": "CH002", "dropleaks": "LK001", "keystroke": "KA001"} {
			if got := h.shown(h.ana, "/?view=all&q="+word); !slices.Contains(got, who) {
				t.Errorf("day %d: %s finds %s", day, word, got)
			}
		}
	}
}
