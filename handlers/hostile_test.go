package handlers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"citd/handlers"
	"citd/store"
)

// hostileTexts are what a watched person may write into mails, file names and
// addresses: markup, scripts in addresses, formulas, text that turns round,
// control bytes, terminal escapes, breaks of a log's lines.
var hostileTexts = []string{
	`<script>window.hacked=1</script>`, `"><script>window.hacked=1</script>`, `'><script>window.hacked=1</script>`, `</script><script>window.hacked=1</script>`,
	`</title><script>window.hacked=1</script>`, `</textarea><script>window.hacked=1</script>`, `</style><script>window.hacked=1</script>`, `</template><script>window.hacked=1</script>`,
	`<img src=x onerror=window.hacked=1>`, `<svg onload=window.hacked=1>`, `<svg><script>window.hacked=1</script></svg>`, `<body onload=window.hacked=1>`,
	`<iframe srcdoc="<script>parent.hacked=1</script>">`, `<iframe src=javascript:parent.hacked=1>`, `<object data=javascript:window.hacked=1>`, `<embed src=javascript:window.hacked=1>`,
	`<math><mtext></mtext><script>window.hacked=1</script></math>`, `<details open ontoggle=window.hacked=1>`, `<input autofocus onfocus=window.hacked=1>`, `<marquee onstart=window.hacked=1>`,
	`<style>*{display:none}</style>`, `<link rel=stylesheet href=//evil.test/x.css>`, `<meta http-equiv=refresh content="0;url=//evil.test">`, `<base href=//evil.test/>`,
	`<form action=//evil.test><button>go</button></form>`, `<a href=javascript:window.hacked=1>x</a>`, `<!--`, `]]>`, `<![CDATA[`, `&lt;script&gt;window.hacked=1&lt;/script&gt;`,
	`" onmouseover="window.hacked=1`, `' onfocus='window.hacked=1' autofocus='`, "` onclick=window.hacked=1 `", `javascript:window.hacked=1`, `JaVaScRiPt:window.hacked=1`, ` javascript:window.hacked=1`,
	`data:text/html,<script>window.hacked=1</script>`, `vbscript:msgbox(1)`, `file:///etc/passwd`, `//evil.test/x`, `https://evil.test/?q=<script>`,
	`{{.}}`, `{{template "main" .}}`, `${window.hacked=1}`, `<%= 1 %>`,
	`=cmd|'/C calc'!A0`, `+1+1`, `-2+3+cmd`, `@SUM(1+1)`, "\t=1+1", `=HYPERLINK("http://evil.test","x")`,
	"\u202egnp.exe", "\u2066\u202eabc\u2069", "a\u200bb\u2060c", "\ufeffx",
	"line one\nFAKE level=ERROR line two", "cr\rlf\r\nSet-Cookie: x=y", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07\x1b[2J", "\u009b31m\u0085\x7f\x01\x08",
}

// hostileHouse holds every one of the texts in every field that takes text.
func hostileHouse(t *testing.T, log *lines) *testServer {
	if len(hostileTexts) != 60 {
		t.Fatalf("%d texts; want 60", len(hostileTexts))
	}
	s := serveTest(t, handlers.Options{Log: slog.New(slog.NewJSONHandler(log, nil))})
	at := time.Now().UTC().Format(time.DateTime)
	post := func(resource string, v any) {
		b, err := json.Marshal(v)
		must(err)
		a := s.do(call{method: "POST", path: api + resource + "/", body: string(b), header: map[string]string{"Authorization": s.headerOf(store.Script), "Content-Type": "application/json"}})
		if a.StatusCode != 201 {
			t.Fatalf("%s %s = %d %s", resource, b, a.StatusCode, a.body)
		}
	}
	type obj = map[string]any
	for i, x := range hostileTexts {
		who := fmt.Sprintf("%s %d", x, i)
		post("employee", obj{
			"employee_id": who, "title": x, "name": x, "role": x, "department": x, "site": x, "manager": x, "currentEmploymentStatus": x,
			"gender": x, "nationality": x, "maritalStatus": x, "ethnicity": x, "homeAddress": obj{"line1": x, "line2": x, "city": x, "postcode": x, "country": x},
		})
		post("employeeevent", obj{"employee": obj{"employee_id": who}, "kind": "leave", "at": at, "text": x, "source": x})
		post("detectionmodelresult", obj{
			"employee": obj{"employee_id": who}, "date": at, "reporter": who, "run_id": x, "score": 0.5, "flag": true, "email_anomaly": 0.9,
			"evidence": []obj{{"evidence_type": x, "subject": x, "description": x, "source_ref": x, "date_from": at, "date_to": at}},
		})
		_, err := store.Decide(context.Background(), s.db, store.Actor{ID: 2, Name: "ann", Role: store.Analyst}, int64(i+1), store.Choice{Action: store.Remark, Note: x})
		must(err)
		must(s.db.Reveal(context.Background(), store.Actor{ID: 1}, int64(i+1), 5, x))
	}
	return s
}

// walk asks for every GET route with ids 1 to n, in the ways that pages ask.
func (s *testServer) walk(n int, role store.Role, see func(path string, a response)) {
	s.Helper()
	cookie := map[string]string{"Cookie": s.cookieOf(role)}
	auth := map[string]string{"Authorization": s.headerOf(role)}
	seen := 0
	for _, r := range s.routes() {
		if r.Method != "GET" || strings.HasPrefix(r.Path, "/static/") || r.Path == "/events" {
			continue
		}
		header := cookie
		queries := []string{"", "?rows=1&ids=1,2,3", "?row=1", "?peek=1", "?view=all", "?q=zz", "?sort=name", "?hide="}
		if strings.HasPrefix(r.Path, api) {
			header, queries = auth, []string{"", "?format=csv", "?format=ndjson", "?limit=0"}
		}
		last := n
		if !strings.ContainsAny(r.Path, ":*") {
			last = 1
		}
		for id := 1; id <= last; id++ {
			for _, q := range queries {
				path := strings.ReplaceAll(concrete(r.Path), "/1", fmt.Sprintf("/%d", id)) + q
				a := s.do(call{path: path, header: header})
				if a.StatusCode >= 500 {
					s.Errorf("GET %s = %d %s", path, a.StatusCode, a.body)
				}
				if a.StatusCode == 200 {
					seen++
				}
				see(path, a)
			}
		}
	}
	if seen < 20 {
		s.Errorf("only %d answers were seen", seen)
	}
}

// rawControl finds a byte that moves a cursor or breaks a log, other than the
// white space of text.
func rawControl(body string) int {
	return strings.IndexFunc(body, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r >= 0x7f && r <= 0x9f
	})
}

// Strangers' text is text in every answer: no markup, no control byte, no line of its own in the log.
func TestHostileText(t *testing.T) {
	log := &lines{}
	s := hostileHouse(t, log)
	must(s.db.SetSetting(t.Context(), store.Actor{}, store.DisplayMode, "names"))
	s.walk(len(hostileTexts), store.Admin, func(path string, a response) {
		html := strings.HasPrefix(a.Header.Get("Content-Type"), "text/html")
		for _, x := range hostileTexts[:29] {
			if html && strings.ContainsAny(x, `<"'`) && len(x) > 10 && strings.Contains(a.body, x) {
				t.Errorf("%s holds %q as it came", path, x)
			}
		}
		scripts := !strings.HasPrefix(path, api) && strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") // read by our own pages, shown nowhere as it is
		if i := rawControl(a.body); i >= 0 && !scripts {
			t.Errorf("%s (%s) holds a raw control byte: %q", path, a.Header.Get("Content-Type"), a.body[max(0, i-40):min(len(a.body), i+20)])
		}
		for k, v := range a.Header {
			if rawControl(strings.Join(v, "")) >= 0 || strings.Contains(strings.Join(v, ""), "hacked") {
				t.Errorf("%s: header %s: %q", path, k, v)
			}
		}
	})
	_ = s.do(call{path: "/%1b%5b31m%0aFAKE%0d?q=%1b"})
	for line := range bytes.Lines([]byte(log.take())) {
		if !json.Valid(line) || rawControl(string(line)) >= 0 || bytes.Contains(line, []byte("hacked")) {
			t.Errorf("log: %q", line)
		}
	}
}

// A real browser runs none of it, and its policy has nothing to report.
func TestBrowserHostileText(t *testing.T) {
	s := hostileHouse(t, &lines{})
	p := openTab(t) // ends before the server: a page complains when that is gone
	must(s.db.SetSetting(t.Context(), store.Actor{}, store.DisplayMode, "names"))
	code, err := s.db.AddLink(context.Background(), "alice", time.Minute)
	must(err)
	p.open(s.base + "/login?code=" + code)
	p.until("signed in", `location.pathname !== '/login'`)
	paths := []string{"/?view=all", "/settings"}
	for _, r := range s.routes() {
		if r.Method == "GET" && !strings.HasPrefix(r.Path, api) && !strings.ContainsAny(r.Path, ":*.") && !slices.Contains([]string{"/events", "/healthz", "/readyz", "/login", "/explore/rows"}, r.Path) {
			paths = append(paths, r.Path)
		}
	}
	for id := 1; id <= len(hostileTexts); id += 3 {
		paths = append(paths, fmt.Sprintf("/alerts/%d", id))
	}
	for _, path := range paths {
		p.open(s.base + path)
		p.until(path, `document.readyState === 'complete' && document.querySelector('h1')`)
		if tabSays[bool](p, `window.hacked !== undefined || location.host !== '`+strings.TrimPrefix(s.base, "http://")+`'`) {
			t.Errorf("%s runs strangers' text", path)
		}
	}
}

// identity is what the file knows of a person and pages may not tell.
var identity = map[string]string{
	"title": "Zztitle", "name": "Zzgiven Zzfamily", "gender": "Zzgender", "nationality": "Zznation", "maritalStatus": "Zzmarital", "ethnicity": "Zzethnic",
}

// In no mode does an answer to an analyst or viewer, nor the log, tell more of a
// person than the mode does; what was revealed to one is not shown to another.
func TestIdentityStaysHidden(t *testing.T) {
	log := &lines{}
	s := serveTest(t, handlers.Options{Log: slog.New(slog.NewTextHandler(log, nil))})
	body, at := map[string]any{"employee_id": "SW001", "dateOfBirth": "1971-12-29", "role": "Engineer", "homeAddress": map[string]any{"line1": "Zzstreet 1", "city": "Zztown"}}, time.Now().UTC().Format(time.DateTime)
	for k, v := range identity {
		body[k] = v
	}
	for range 2 {
		b, err := json.Marshal(map[string]any{"employee": body, "date": at, "reporter": "usb 1.0", "score": 0.5, "evidence": []any{}})
		must(err)
		if a := s.do(call{method: "POST", path: api + "detectionmodelresult/", body: string(b), header: map[string]string{"Authorization": s.headerOf(store.Script), "Content-Type": "application/json"}}); a.StatusCode != 201 {
			t.Fatal(a.body)
		}
	}
	must(s.db.Reveal(t.Context(), store.Actor{ID: 2}, 1, 1, "")) // to ann; vic looks
	hidden := []string{"Zztitle", "Zzgender", "Zznation", "Zzmarital", "Zzethnic", "1971-12-29", "Zzstreet", "Zztown"}
	for _, mode := range store.DisplayModes {
		must(s.db.SetSetting(t.Context(), store.Actor{}, store.DisplayMode, mode))
		never := hidden
		if mode != "names" {
			never = append([]string{"Zzgiven", "Zzfamily"}, hidden...)
		}
		if mode == "pseudonyms" {
			never = append([]string{"SW001"}, never...)
		}
		s.walk(2, store.Viewer, func(path string, a response) {
			for _, v := range never {
				if v == "SW001" && strings.HasPrefix(path, api) {
					continue // the wire's own key
				}
				if strings.Contains(a.body, v) || strings.Contains(fmt.Sprint(a.Header), v) {
					t.Errorf("mode %s: %s tells %s", mode, path, v)
				}
			}
		})
	}
	must(s.db.SetSetting(t.Context(), store.Actor{}, store.DisplayMode, "ids"))
	for path, tells := range map[string]bool{"employee/1/": true, "address/2/": true, "employee/": false, "employee/?format=csv": false, "employee/set/1;2/": false, "address/": false} {
		a := s.do(call{path: api + path, header: map[string]string{"Authorization": s.headerOf(store.Analyst)}})
		if a.StatusCode != 200 || strings.Contains(a.body, "Zz") != tells {
			t.Errorf("to whom it was revealed %s = %d %s", path, a.StatusCode, a.body)
		}
	}
	for after, want := range map[time.Duration]bool{store.RevealLife - time.Minute: true, store.RevealLife + time.Minute: false} {
		if may, err := s.db.MayKnow(t.Context(), store.Actor{ID: 2}, store.Employees, 1, s.db.Now()+after.Microseconds()); err != nil || may != want {
			t.Errorf("%v after the reveal: %v, %v", after, may, err)
		}
	}
	if said := log.take(); strings.Contains(said, "Zz") || strings.Contains(said, "SW001") {
		t.Error("the log tells who somebody is")
	}
}
