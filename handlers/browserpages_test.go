package handlers_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"citd/handlers"
	"citd/store"
)

// demoHouse is a house with the invented company, in the week after its story's end.
func demoHouse(tb testing.TB) *house {
	tb.Helper()
	return demoHouseAt(tb, time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC))
}

func demoHouseAt(tb testing.TB, now time.Time) *house {
	tb.Helper()
	fixture, err := os.ReadFile("../testdata/demo.ndjson")
	if err != nil {
		tb.Fatal(err)
	}
	h := startHouseAt(tb, handlers.Options{}, now)
	a, _, err := h.db.AddAccount(tb.Context(), store.Actor{}, store.NewAccount{Kind: store.Person, Name: "myusername", Role: store.Script, Password: "mypassword"})
	h.must(err)
	_, err = store.LoadDemo(tb.Context(), h.db, a.Actor, fixture)
	h.must(err)
	return h
}

// size makes the window as wide as that.
func (t *tab) size(width int64) {
	t.Helper()
	if err := chromedp.Do(t.ctx, chromedp.EmulateViewport(width, 900)); err != nil {
		t.Fatal(err)
	}
}

// run runs a script in the page, and returns what it or its promise gives.
func run[T any](t *tab, script string) (v T) {
	t.Helper()
	v, err := chromedp.Run(t.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%.100s: %v", script, err)
	}
	return v
}

// eachPage opens all pages there are, empty and on demo data, in a tab that it starts with.
func eachPage(t *testing.T, start func(testing.TB) *tab, do func(p *tab, path string)) {
	t.Helper()
	empty, h := startHouse(t), demoHouse(t)
	p := start(t)
	p.refused = []string{"/login", "/nothing-here"}
	visit := func(h *house, paths ...string) {
		for _, path := range paths {
			p.size(1440)
			p.open(h.base + path)
			p.until(path, `document.readyState === 'complete' && (!document.querySelector('[data-live]') || `+live+`)`)
			p.until("drawn", `document.querySelectorAll('[aria-busy]').length === 0 && (!document.querySelector('[data-pc]') || document.querySelector('[data-f]'))`)
			do(p, path)
		}
	}
	visit(empty, "/login", "/login?code=x")
	p.enter(empty, "alice")
	visit(empty, "/", "/explore", "/heatmap", "/models", "/people", "/activity", "/settings")
	p.enter(h, "alice")
	visit(h, "/", "/?view=all&q=dept:none", "/?q=dpet:IT", "/alerts/1", "/alerts/204", "/people", "/people/3", "/heatmap", "/heatmap?view=table", "/explore?q=score%3E%3D0.8",
		"/models", "/activity", "/settings", "/welcome", "/nothing-here")
}

// enter signs in by a link.
func (t *tab) enter(h *house, name string) {
	t.Helper()
	code, err := h.db.AddLink(t.Context(), name, time.Minute)
	h.must(err)
	t.open(h.base + "/login?code=" + code)
	t.until("signed in", `location.pathname !== '/login'`)
}

// eachState shows the page as it is, then with each dialog and each thing that unfolds open, one by one. root is what to look at.
func eachState(p *tab, do func(state, root string)) {
	do("", "document.documentElement")
	states := run[[]string](p, `[...document.querySelectorAll('dialog, details')].map((e, i) => (e.dataset.nth = i, e.localName + ' ' + (e.id || e.className)))`)
	for i, state := range states {
		root := fmt.Sprintf(`document.querySelector('[data-nth="%d"]')`, i)
		if !run[bool](p, `(() => { const e = `+root+`; e.showModal ? e.showModal() : e.open = true; return e.checkVisibility() })()`) {
			continue
		}
		do(state, root)
		run[bool](p, `(() => { const e = `+root+`; e.close ? e.close() : e.open = false; return true })()`)
	}
}

// On no page is anything beyond the sides of a narrow screen, whatever is open. Tab reaches all
// that can be used, shows where it is, and comes out at the end.
func TestBrowserEveryPage(t *testing.T) {
	eachPage(t, openTab, func(p *tab, path string) {
		p.tabThrough(path)
		if path == "/settings" && run[int](p, `(location.hash = 'looks', document.querySelectorAll('.sets nav [aria-current][href="#looks"]').length)`)+run[int](p, `document.querySelectorAll('.sets nav [aria-current]').length`) == 0 {
			t.Error("no part of the settings is marked")
		}
		p.size(320)
		eachState(p, func(state, root string) {
			wide := run[[]string](p, `(() => {
				const root = `+root+`, page = document.documentElement, out = [];
				const scrolls = e => e && e !== page && e !== root.parentElement && (e.scrollWidth > e.clientWidth && getComputedStyle(e).overflowX !== 'visible' || scrolls(e.parentElement));
				for (const e of root.querySelectorAll('*')) {
					const b = e.getBoundingClientRect();
					if (b.width && (b.right > 321 || b.left < -1) && e.checkVisibility() && !e.closest('.skip, .vh') && !scrolls(e.parentElement)) out.push(e.outerHTML.slice(0, 80) + ' from ' + b.left + ' to ' + b.right);
				}
				if (page.scrollWidth > 320) out.unshift('the page has ' + page.scrollWidth);
				return out.slice(0, 6);
			})()`)
			if len(wide) > 0 {
				t.Errorf("%s %s is too wide: %s", path, state, strings.Join(wide, "\n  "))
			}
		})
		if foreign := run[[]string](p, `performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith(location.origin + '/'))`); len(foreign) > 0 {
			t.Errorf("%s asks others: %s", path, foreign)
		}
	})
}

// tabThrough presses Tab until it is out of the page again.
func (t *tab) tabThrough(path string) {
	t.Helper()
	run[bool](t, `(() => {
		const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')];
		const parts = e => [e, ...e.querySelectorAll('*')].map(x => { const s = getComputedStyle(x); return [s.outlineStyle, s.outlineColor, s.stroke, s.strokeWidth, s.textDecorationLine, s.clipPath].join() }).join();
		window.looks = e => e.isConnected && parts(e);
		document.body.tabIndex = -1; // so that the next Tab starts at the top
		document.body.focus();
		document.body.removeAttribute('tabindex');
		scrollTo(0, 0);
		window.seen = new Set();
		window.stops = new Map(all.filter(e => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({ visibilityProperty: true }) && !(e.type === 'radio' && !e.checked)).map(e => [e, looks(e)]));
		return true;
	})()`)
	for range 1000 {
		t.press("\t")
		switch told := run[string](t, `(() => {
			const e = document.activeElement, name = e.outerHTML.slice(0, 160);
			if (e === document.body) return 'out';
			if (seen.has(e)) return ['date', 'datetime-local'].includes(e.type) ? '' : 'again at ' + name; // those have stops of their own
			seen.add(e);
			const before = stops.get(e), b = e.getClientRects()[0];
			stops.delete(e);
			const from = [Math.max(b.left, 0), Math.max(b.top, 0)], to = [Math.min(b.right, innerWidth), Math.min(b.bottom, innerHeight)];
			if (to[0] - from[0] < 1 || to[1] - from[1] < 1) return 'not in sight: ' + name;
			if (before === looks(e)) return 'does not show: ' + name;
			const top = document.elementFromPoint((from[0] + to[0]) / 2, (from[1] + to[1]) / 2);
			return e.contains(top) || top?.contains(e) || [...e.labels ?? []].some(l => l.contains(top)) ? '' : 'under ' + top?.outerHTML.slice(0, 100) + ': ' + name;
		})()`); {
		case told == "":
			continue
		case told != "out":
			t.Errorf("%s: %s", path, told)
			if !strings.HasPrefix(told, "again") {
				continue
			}
		}
		break
	}
	for _, missed := range run[[]string](t, `[...stops.keys()].filter(e => e.isConnected && e.checkVisibility()).map(e => e.outerHTML.slice(0, 160))`) {
		t.Errorf("%s: Tab does not reach %s", path, missed)
	}
	for _, bare := range run[[]string](t, `[...document.querySelectorAll('body *')].filter(e => getComputedStyle(e).cursor === 'pointer' && getComputedStyle(e.parentElement).cursor !== 'pointer' && e.checkVisibility() && !e.closest('a, button, input, select, textarea, summary, label, [tabindex]')).map(e => e.outerHTML.slice(0, 160))`) {
		t.Errorf("%s: looks as though it could be pressed, but Tab does not stop there: %s", path, bare)
	}
}

// violation is what axe-core found.
type violation struct {
	ID, Help string
	Nodes    []struct{ HTML, FailureSummary string }
}

// axe-core finds nothing against WCAG 2.2 AA on any page, narrow or wide, light or dark, or in a dialog.
func TestBrowserAxe(t *testing.T) {
	path := os.Getenv("CITD_AXE")
	if path == "" {
		t.Skip("with CITD_AXE=PATH/axe.min.js, a file of the package axe-core, this test runs; .ci/run fetches it")
	}
	axe, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var done []string
	looks := 0
	eachPage(t, func(tb testing.TB) *tab { return startTab(tb) }, func(p *tab, path string) {
		run[bool](p, string(axe)+"; true")
		run[bool](p, `(document.querySelectorAll('.toast, .newbar, [data-held], [data-news]').forEach(e => { e.hidden = false }), document.querySelector('.qt .ck')?.click(), true)`)
		for _, width := range []int64{1440, 390} {
			p.size(width)
			eachState(p, func(state, root string) {
				if strings.HasPrefix(path, "/?") && state != "" {
					return // as on the queue without a filter
				}
				if common := fmt.Sprint(state, width); state == "dialog help" || state == "details pop menu" { // the same on each page
					if slices.Contains(done, common) {
						return
					}
					done = append(done, common)
				}
				for _, theme := range []string{"light", "dark"} {
					only := `['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']`
					if theme == "dark" { // colours alone differ
						only = `{ type: 'rule', values: ['color-contrast'] }`
					}
					raw := run[string](p, `(() => {
						document.documentElement.dataset.theme = '`+theme+`';
						return axe.run(`+root+`, { runOnly: `+only+`, resultTypes: ['violations'] }).then(r => JSON.stringify(r.violations));
					})()`)
					looks++
					var found []violation
					if err := json.Unmarshal([]byte(raw), &found); err != nil {
						t.Fatal(err)
					}
					for _, v := range found {
						for _, n := range v.Nodes {
							t.Errorf("%s, %d wide, %s, %s: %s: %s\n%.300s\n%s", path, width, theme, state, v.ID, v.Help, n.HTML, n.FailureSummary)
						}
					}
				}
			})
		}
	})
	t.Logf("axe-core looked %d times", looks)
}
