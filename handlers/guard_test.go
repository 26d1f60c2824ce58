package handlers_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"citd/handlers"
	"citd/store"
)

const onePerson = `{"employee_id":"SW001","name":"Simon Walton"}`

// What a browser sends for a foreign page is turned away before the login is
// looked at; programs and our own pages pass.
func TestForeignPages(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	auth, session := s.headerOf(store.Script), s.cookieOf(store.Admin)
	people := api + "employee/"
	page := map[string]string{"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
	for i, tt := range []struct {
		name, method, path string
		header             map[string]string
		status             int
	}{
		{"script of 2014", "POST", people, nil, 201},
		{"own page", "POST", people, map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": s.base}, 201},
		{"own page, older browser", "POST", people, map[string]string{"Origin": s.base}, 201},
		{"cross-site", "POST", people, map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403},
		{"other port", "POST", people, map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"}, 403},
		{"older browser", "POST", people, map[string]string{"Origin": "http://evil.example"}, 403},
		{"older browser, other port", "POST", people, map[string]string{"Origin": "http://127.0.0.1:1"}, 403},
		{"origin that lies about the site", "POST", people, map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"}, 403},
		{"null origin", "POST", people, map[string]string{"Origin": "null"}, 403},
		{"null origin, cross-site", "POST", people, map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "null"}, 403},
		{"no content type", "POST", people, map[string]string{"Origin": "http://evil.example", "Content-Type": ""}, 403},
		{"put", "PUT", people, map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"delete", "DELETE", people, map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"override", "POST", people + "1/", map[string]string{"Sec-Fetch-Site": "cross-site", "X-HTTP-Method-Override": "DELETE"}, 403},
		{"read by fetch", "GET", people, map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Origin": "http://evil.example"}, 403},
		{"read by script", "GET", people, map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}, 403},
		{"read from other port", "GET", people, map[string]string{"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, 403},
		{"read, older browser", "GET", people, map[string]string{"Origin": "http://evil.example"}, 403},
		{"link to data", "GET", people, map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 403},
		{"head", "HEAD", people, map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"typed address", "GET", people, map[string]string{"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, 200},
		{"link to a page", "GET", "/welcome", with(page, "Sec-Fetch-Site", "cross-site"), 200},
		{"prerendered page", "GET", "/welcome", with(page, "Sec-Fetch-Site", "cross-site", "Sec-Purpose", "prefetch;prerender"), 403},
		{"framed page", "GET", "/welcome", with(page, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "iframe"), 403},
		{"page by fetch", "GET", "/welcome", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403},
		{"own form", "POST", "/appearance", map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303},
		{"foreign form", "POST", "/appearance", with(page, "Sec-Fetch-Site", "cross-site", "Origin", "null"), 403},
		{"foreign sign-in", "POST", "/login", with(page, "Sec-Fetch-Site", "cross-site", "Origin", "http://evil.example"), 403},
		{"foreign sign-out", "POST", "/logout", map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		{"preflight", "OPTIONS", people, map[string]string{"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}, 200},
	} {
		c := call{method: tt.method, path: tt.path, header: map[string]string{}}
		if strings.HasPrefix(tt.path, api) {
			c.header["Authorization"], c.header["Content-Type"] = auth, "application/json"
			c.body = strings.Replace(onePerson, "SW001", fmt.Sprint("F", i), 1)
		} else {
			c.header["Cookie"], c.header["Content-Type"] = session, "application/x-www-form-urlencoded"
		}
		maps.Copy(c.header, tt.header)
		a := s.do(c)
		if a.StatusCode != tt.status {
			t.Errorf("%s: %s %s = %d %.200s; want %d", tt.name, tt.method, tt.path, a.StatusCode, a.body, tt.status)
		}
		for k := range a.Header {
			if strings.HasPrefix(k, "Access-Control-") {
				t.Errorf("%s: answers with %s", tt.name, k)
			}
		}
	}
}

func with(m map[string]string, more ...string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, m)
	for i := 0; i < len(more); i += 2 {
		out[more[i]] = more[i+1]
	}
	return out
}

// The guard comes before everything, the login before the body.
func TestOrderOfChecks(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	people := api + "employee/"
	json := "application/json"
	for _, tt := range []struct {
		name, method, path, body string
		header                   map[string]string
		status                   int
		allow                    string
	}{
		{"host before all", "FROB", "/nowhere", "", map[string]string{"Host": "evil.example", "Sec-Fetch-Site": "cross-site"}, 421, ""},
		{"site before address", "GET", api + "nowhere/", "", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403, ""},
		{"address before login", "GET", api + "nowhere/", "", nil, 404, ""},
		{"method before login", "FROB", people, "", nil, 405, "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"},
		{"trace", "TRACE", people, "", nil, 405, "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"},
		{"post to one", "POST", people + "1/", "{}", nil, 405, "DELETE, GET, HEAD, OPTIONS, PATCH, PUT, POST"},
		{"post to schema", "POST", people + "schema/", "{}", nil, 405, "GET, HEAD, OPTIONS"},
		{"post to the root", "POST", api, "{}", nil, 405, "GET, HEAD, OPTIONS"},
		{"unknown override", "POST", people, "{}", map[string]string{"X-HTTP-Method-Override": "FROB"}, 405, ""},
		{"override that reads", "POST", people, "{}", map[string]string{"X-HTTP-Method-Override": "GET"}, 405, ""},
		{"login before type and body", "POST", people, "{", map[string]string{"Content-Type": "text/plain"}, 401, ""},
		{"login before override's row", "POST", people + "1/", "{}", map[string]string{"X-HTTP-Method-Override": "DELETE"}, 401, ""},
		{"role before body", "POST", people, "{", map[string]string{"Authorization": s.headerOf(store.Viewer), "Content-Type": json}, 403, ""},
		{"override judged by what it names", "POST", people + "1/", "{}", map[string]string{"Authorization": s.headerOf(store.Ingest), "X-HTTP-Method-Override": "DELETE"}, 403, ""},
		{"override counts on POST only", "GET", people, "", map[string]string{"Authorization": s.headerOf(store.Script), "X-HTTP-Method-Override": "DELETE"}, 200, ""},
		{"options", "OPTIONS", people, "", nil, 200, "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"},
		{"options of one", "OPTIONS", people + "1/", "", nil, 200, "DELETE, GET, HEAD, OPTIONS, PATCH, PUT, POST"},
		{"options of schema", "OPTIONS", people + "schema/", "", nil, 200, "GET, HEAD, OPTIONS"},
		{"options of the root", "OPTIONS", api, "", nil, 200, "GET, HEAD, OPTIONS"},
		{"no final slash", "POST", api + "employee", onePerson, map[string]string{"Authorization": s.headerOf(store.Script), "Content-Type": json}, 201, ""},
		{"long address", "GET", "/" + strings.Repeat("a", 17<<10), "", nil, 414, ""},
		{"other case", "GET", "/DATA-SUB/API/employee/", "", nil, 404, ""},
		{"two slashes", "GET", "//evil.example/", "", nil, 404, ""},
		{"up and down", "GET", "/static/../login", "", nil, 404, ""},
		{"file of the server", "GET", "/static/..%2f..%2f..%2fetc%2fpasswd", "", nil, 404, ""},
	} {
		a := s.do(call{method: tt.method, path: tt.path, body: tt.body, header: tt.header})
		if a.StatusCode != tt.status {
			t.Errorf("%s: %d %.200s; want %d", tt.name, a.StatusCode, a.body, tt.status)
		}
		if got := a.Header.Get("Allow"); got != tt.allow {
			t.Errorf("%s: Allow %q; want %q", tt.name, got, tt.allow)
		}
		if to := a.Header.Get("Location"); strings.Contains(to, "//") {
			t.Errorf("%s: leads to %s", tt.name, to)
		}
	}
}

func TestBodies(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	auth := s.headerOf(store.Script)
	for _, tt := range []struct {
		name, contentType, encoding string
		status                      int
	}{
		{"JSON", "application/json", "", 201},
		{"other case, parameters", "Application/JSON; Charset=UTF-8", "", 200},
		{"broken parameter", "application/json; charset", "", 200},
		{"none", "", "", 200},
		{"other charset", "application/json; charset=utf-16", "", 400},
		{"text", "text/plain", "", 415},
		{"form", "application/x-www-form-urlencoded", "", 415},
		{"upload", "multipart/form-data; boundary=x", "", 415},
		{"XML", "application/xml", "", 415},
		{"nonsense", "///", "", 415},
		{"packed", "application/json", "gzip", 415},
	} {
		h := map[string]string{"Authorization": auth, "Content-Type": tt.contentType}
		if tt.encoding != "" {
			h["Content-Encoding"] = tt.encoding
		}
		if a := s.do(call{"POST", api + "employee/", onePerson, h}); a.StatusCode != tt.status {
			t.Errorf("%s = %d %s; want %d", tt.name, a.StatusCode, a.body, tt.status)
		}
	}
	h := map[string]string{"Cookie": s.cookieOf(store.Admin), "Content-Type": "text/plain"}
	if a := s.do(call{"POST", "/appearance", "theme=dark", h}); a.StatusCode != 415 {
		t.Errorf("a form as text = %d", a.StatusCode)
	}
}

// raw sends bytes as they are and returns the status and head of the answer.
func (s *testServer) raw(text string) (status int, head string) {
	s.Helper()
	host := strings.TrimPrefix(s.base, "http://")
	c, err := net.Dial("tcp", host)
	if err != nil {
		s.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	text = strings.NewReplacer("{HOST}", host, "{AUTH}", "Authorization: "+s.headerOf(store.Script), "\n", "\r\n").Replace(text)
	if _, err := c.Write([]byte(text)); err != nil {
		s.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		s.Fatalf("%.60q: %v", text, err)
	}
	defer resp.Body.Close()
	var b strings.Builder
	_ = resp.Header.Write(&b)
	return resp.StatusCode, b.String()
}

// What no ordinary client sends.
func TestWire(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	for _, tt := range []struct {
		name, text string
		status     int
	}{
		{"no host", "GET /healthz HTTP/1.0\n\n", 421},
		{"empty host", "GET /healthz HTTP/1.1\nHost:\n\n", 421},
		{"absolute address", "GET http://{HOST}/healthz HTTP/1.1\nHost: {HOST}\n\n", 200},
		{"absolute address elsewhere", "GET http://evil.example/healthz HTTP/1.1\nHost: {HOST}\n\n", 421},
		{"two hosts", "GET /healthz HTTP/1.1\nHost: {HOST}\nHost: evil.example\n\n", 400},
		{"tunnel elsewhere", "CONNECT evil.example:80 HTTP/1.1\nHost: {HOST}\n\n", 421},
		{"tunnel here", "CONNECT {HOST} HTTP/1.1\nHost: {HOST}\n\n", 404},
		{"options of all", "OPTIONS * HTTP/1.1\nHost: {HOST}\n\n", 200},
		{"forwarded host", "GET /healthz HTTP/1.1\nHost: evil.example\nX-Forwarded-Host: {HOST}\n\n", 421},
		{"two logins", "GET /data-sub/api/ HTTP/1.1\nHost: {HOST}\n{AUTH}\n{AUTH}\n\n", 401},
		{"too large, announced", "POST /data-sub/api/employee/ HTTP/1.1\nHost: {HOST}\n{AUTH}\nContent-Type: application/json\nExpect: 100-continue\nContent-Length: 1048577\n\n", 413},
		{"list too large, announced", "PATCH /data-sub/api/employee/ HTTP/1.1\nHost: {HOST}\n{AUTH}\nContent-Type: application/json\nExpect: 100-continue\nContent-Length: 67108865\n\n", 413},
		{"too large, not announced", "POST /data-sub/api/employee/ HTTP/1.1\nHost: {HOST}\n{AUTH}\nContent-Type: application/json\nTransfer-Encoding: chunked\n\n100400\n" + strings.Repeat(" ", 0x100400) + "\n0\n\n", 413},
		{"a chunk of no size", "POST /data-sub/api/employee/ HTTP/1.1\nHost: {HOST}\n{AUTH}\nTransfer-Encoding: chunked\n\nzz\n{}\n0\n\n", 400},
		{"a list in chunks of no size", "PATCH /data-sub/api/employee/ HTTP/1.1\nHost: {HOST}\n{AUTH}\nTransfer-Encoding: chunked\n\n-5\n{}\n0\n\n", 400},
		{"a chunk with too much to say", "POST /data-sub/api/employee/ HTTP/1.1\nHost: {HOST}\n{AUTH}\nTransfer-Encoding: chunked\n\n2;x=" + strings.Repeat("y", 20000) + "\n{}\n0\n\n", 400},
		{"header too large", "GET /healthz HTTP/1.1\nHost: {HOST}\nX-A: " + strings.Repeat("a", 64<<10) + "\n\n", 431},
	} {
		if status, head := s.raw(tt.text); status != tt.status {
			t.Errorf("%s = %d; want %d\n%s", tt.name, status, tt.status, head)
		}
	}
}

// Every answer carries the headers, refusals included.
func TestHeaders(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	session := map[string]string{"Cookie": s.cookieOf(store.Admin)}
	for _, c := range []call{
		{path: "/healthz"},
		{path: "/login"},
		{path: "/static/app.css"},
		{path: "/nowhere"},
		{path: "/welcome", header: session},
		{path: "/welcome"},
		{path: api},
		{path: api, header: map[string]string{"Authorization": s.headerOf(store.Script)}},
		{path: api + "nowhere/"},
		{path: "/login", header: map[string]string{"Host": "evil.example"}},
		{method: "FROB", path: "/login"},
		{method: "OPTIONS", path: api},
	} {
		a := s.do(c)
		csp := "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
			"form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types citd"
		if strings.HasPrefix(c.path, api) {
			csp = "default-src 'none'; sandbox"
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": csp, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
			"X-Frame-Options": "DENY", "Server": "", "Strict-Transport-Security": "",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s %s: %s %q; want %q", c.method, c.path, name, got, want)
			}
		}
		if _, ok := a.Header["Permissions-Policy"]; !ok {
			t.Errorf("%s %s: no Permissions-Policy", c.method, c.path)
		}
	}
}

// Who sends all of a body that is too large before reading still gets the answer, however long that takes.
func TestTooLargeIsReadToItsEnd(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	for _, size := range []int{1<<20 + 1, 3 << 20, 12 << 20} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		body := bytes.Repeat([]byte(" "), size)
		_, err = fmt.Fprintf(conn, "POST /data-sub/api/employee/ HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: %s\r\nContent-Length: %d\r\n\r\n%s",
			s.headerOf(store.Script), size, body[:1000])
		time.Sleep(700 * time.Millisecond) // longer than net/http waits before it cuts a connection
		if err == nil {
			_, err = conn.Write(body[1000:])
		}
		answer := make([]byte, len("HTTP/1.1 413"))
		if err == nil {
			_, err = io.ReadFull(conn, answer)
		}
		if err != nil || string(answer) != "HTTP/1.1 413" {
			t.Errorf("%d bytes are answered %q, %v", size, answer, err)
		}
		conn.Close()
	}
}
