package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"citd/handlers"
	"citd/store"
)

// form posts a form as a browser does.
func (s *testServer) form(path, cookie string, fields ...string) response {
	s.Helper()
	v := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	return s.do(call{"POST", path, v.Encode(), map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie, "Sec-Fetch-Site": "same-origin", "Origin": "null",
	}})
}

// session is the Cookie header that an answer sets.
func (a response) session() string {
	for _, c := range a.Cookies() {
		if strings.HasPrefix(c.Name, "citd_") && c.Value != "" {
			return c.Name + "=" + c.Value
		}
	}
	return ""
}

func (s *testServer) link(name string) string {
	s.Helper()
	code, err := s.db.AddLink(s.Context(), name, store.LinkLife)
	if err != nil {
		s.Fatal(err)
	}
	return code
}

func TestSignInByLink(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	code := s.link("alice")
	for range 3 { // to look at it, as a preview does, uses nothing up
		if a := s.do(call{path: "/login?code=" + code}); a.StatusCode != 200 || !strings.Contains(a.body, code) {
			t.Fatalf("the link shows %d %s", a.StatusCode, a.body)
		}
	}
	a := s.form("/login", "", "code", code)
	if a.StatusCode != 303 || a.Header.Get("Location") != "/welcome" {
		t.Fatalf("first sign-in = %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	c := a.Cookies()[0]
	if c.Name != s.cookieName() || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Secure || c.Domain != "" || len(c.Value) != 43 {
		t.Errorf("cookie %+v", c)
	}
	if a := s.do(call{path: "/welcome", header: map[string]string{"Cookie": a.session()}}); a.StatusCode != 200 || !strings.Contains(a.body, "pseudonym") {
		t.Errorf("welcome = %d %s", a.StatusCode, a.body)
	}
	second := s.form("/login", "", "code", code)
	if second.StatusCode != 303 || second.session() == a.session() {
		t.Errorf("second click = %d", second.StatusCode)
	}
	for _, guess := range []string{"", " ", "x", code[1:], code + "x"} {
		if a := s.form("/login", "", "code", guess, "name", "alice", "password", ""); a.StatusCode != 401 || a.session() != "" {
			t.Errorf("code %q = %d", guess, a.StatusCode)
		}
	}
}

// Another site's link signs nobody in by itself: it could be in another's name.
func TestLinkOfAnotherSite(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	for site, pressed := range map[string]bool{"": true, "none": true, "same-origin": true, "same-site": false, "cross-site": false} {
		h := map[string]string{"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
		if site != "" {
			h["Sec-Fetch-Site"] = site
		}
		a := s.do(call{path: "/login?code=" + s.link("alice"), header: h})
		if a.StatusCode != 200 || strings.Contains(a.body, "data-press") != pressed {
			t.Errorf("a link of site %q = %d, pressed: %v", site, a.StatusCode, !pressed)
		}
	}
}

// A server on another port can set a cookie of our name beside ours: a session
// of somebody else there must not take the place of one's own.
func TestSessionsOfTwoPeople(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	ann, vic, stale := s.cookieOf(store.Analyst), s.cookieOf(store.Viewer), s.cookieName()+"=x"
	for cookies, status := range map[string]int{
		ann: 200, stale + "; " + ann: 200, ann + "; " + stale: 200, ann + "; " + s.cookieOf(store.Analyst): 200,
		ann + "; " + vic: 303, vic + "; " + stale + "; " + ann: 303, strings.Repeat(stale+"; ", 4) + ann: 303, stale: 303,
	} {
		if a := s.do(call{path: "/settings", header: map[string]string{"Cookie": cookies}}); a.StatusCode != status {
			t.Errorf("%q = %d; want %d", cookies, a.StatusCode, status)
		}
	}
}

func TestSignInByPassword(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	if err := s.db.SetSetting(t.Context(), store.Actor{}, store.DisplayMode, "ids"); err != nil {
		t.Fatal(err)
	}
	a := s.form("/login", "", "name", "vic", "password", testPassword, "back", "/welcome?x=1")
	if a.StatusCode != 303 || a.Header.Get("Location") != "/welcome?x=1" || a.session() == "" {
		t.Errorf("= %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	a = s.form("/login", a.session(), "name", "ann", "password", testPassword, "back", "//evil.example")
	if a.StatusCode != 303 || a.Header.Get("Location") != "/" {
		t.Errorf("led away: %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	if list, err := s.db.Sessions(t.Context(), store.Actor{ID: 3}); err != nil || len(list) != 0 {
		t.Errorf("vic's session on this browser goes on: %v, %v", list, err)
	}
	a = s.form("/login", "", "name", `"><script>`, "password", "wrong password")
	if a.StatusCode != 401 || strings.Contains(a.body, "<script>") || a.session() != "" || a.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("wrong = %d %s", a.StatusCode, a.body)
	}
	for _, a := range []response{s.do(call{path: "/login?code=%ff"}), s.form("/login", "", "name", "\xff", "password", "x")} {
		if !utf8.ValidString(a.body) {
			t.Errorf("%d with a page that is no UTF-8", a.StatusCode)
		}
	}
	// A login for scripts has no pages.
	if _, _, err := s.db.AddAccount(t.Context(), store.Actor{}, store.NewAccount{Kind: store.Person, Name: "myusername", Role: store.Script, Password: "mypassword"}); err != nil {
		t.Fatal(err)
	}
	if a := s.form("/login", "", "name", "myusername", "password", "mypassword"); a.StatusCode != 401 || a.session() != "" {
		t.Errorf("a script signs in: %d", a.StatusCode)
	}
	if a := s.do(call{path: api, header: map[string]string{"Authorization": basic("myusername", "mypassword")}}); a.StatusCode != 200 {
		t.Errorf("the API = %d", a.StatusCode)
	}
}

func TestSignOut(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	cookie := s.cookieOf(store.Analyst)
	a := s.form("/logout", cookie)
	if a.StatusCode != 303 || a.Header.Get("Location") != "/login" || a.Header.Get("Clear-Site-Data") != "" {
		t.Errorf("= %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	if c := a.Cookies(); len(c) != 1 || c[0].Name != s.cookieName() || c[0].MaxAge >= 0 {
		t.Errorf("cookies %v", c)
	}
	if a := s.do(call{path: "/welcome", header: map[string]string{"Cookie": cookie}}); a.StatusCode != 303 || a.Header.Get("Location") != "/login?back=%2Fwelcome" {
		t.Errorf("afterwards %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	if a := s.form("/logout", cookie); a.StatusCode != 303 { // the page was open in two tabs
		t.Errorf("again = %d", a.StatusCode)
	}
	if a := s.do(call{method: "GET", path: "/logout", header: map[string]string{"Cookie": s.cookieOf(store.Analyst)}}); a.StatusCode != 405 {
		t.Errorf("by GET = %d", a.StatusCode)
	}
}

func TestWelcome(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	mode := func() string {
		v, err := s.db.Setting(t.Context(), store.DisplayMode)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if _, err := s.db.ResetLogin(t.Context(), store.Actor{}, "vic"); err != nil {
		t.Fatal(err)
	}
	alice, vic := s.cookieOf(store.Admin), s.cookieOf(store.Viewer)
	for _, tt := range []struct {
		name, cookie string
		fields       []string
		status       int
		mode         string
	}{
		{"not an admin", vic, []string{"mode", "names"}, 403, ""},
		{"no such mode", alice, []string{"mode", "faces"}, 400, ""},
		{"short password", vic, []string{"password", "1234567"}, 400, ""},
		{"a password in the place of another", alice, []string{"mode", "names", "password", "a new password"}, 409, ""},
		{"the offered mode", alice, []string{"mode", "ids"}, 303, "ids"},
		{"another mode", alice, []string{"mode", "pseudonyms"}, 303, "pseudonyms"},
		{"nothing", vic, nil, 303, "pseudonyms"},
		{"own password", vic, []string{"password", "a new password"}, 303, "pseudonyms"},
		{"still signed in", vic, nil, 303, "pseudonyms"},
		{"another password", vic, []string{"password", "not asked for"}, 409, "pseudonyms"},
	} {
		a := s.form("/welcome", tt.cookie, tt.fields...)
		if a.StatusCode != tt.status || mode() != tt.mode || a.Header.Get("Location") == "/login" {
			t.Errorf("%s = %d to %q, mode %q; want %d, %q", tt.name, a.StatusCode, a.Header.Get("Location"), mode(), tt.status, tt.mode)
		}
	}
	if a := s.form("/login", "", "name", "vic", "password", "a new password"); a.StatusCode != 303 || a.Header.Get("Location") != "/" {
		t.Errorf("with the new password: %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
}

// The demo asks nothing, and its link is good as long as it runs.
func TestDemoSignIn(t *testing.T) {
	s := serveTest(t, handlers.Options{Demo: true})
	code, err := s.db.AddLink(t.Context(), "alice", store.DemoLink)
	if err != nil {
		t.Fatal(err)
	}
	if a := s.form("/login", "", "code", code); a.StatusCode != 303 || a.Header.Get("Location") != "/" {
		t.Errorf("= %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	past := time.Now().Add(-time.Hour).UnixMicro()
	other, err := store.Open(t.Context(), s.path, store.Options{Clock: func() time.Time { return time.UnixMicro(past) }})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if code, err = other.AddLink(t.Context(), "alice", store.DemoLink); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if a := s.form("/login", "", "code", code); a.StatusCode != 303 {
			t.Errorf("an hour later = %d", a.StatusCode)
		}
	}
}

// A session opens the API for our own pages, to read and no more.
func TestSessionOnTheAPI(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	cookie := s.cookieOf(store.Admin)
	for _, tt := range []struct {
		method, site string
		status       int
	}{
		{"GET", "same-origin", 200},
		{"HEAD", "same-origin", 200},
		{"GET", "none", 200},
		{"GET", "", 401},
		{"GET", "same-site", 403},
		{"GET", "cross-site", 403},
		{"DELETE", "same-origin", 401},
	} {
		h := map[string]string{"Cookie": cookie}
		if tt.site != "" {
			h["Sec-Fetch-Site"] = tt.site
		}
		path := api + "employee/"
		if tt.method == "DELETE" {
			path += "1/"
		}
		if a := s.do(call{method: tt.method, path: path, header: h}); a.StatusCode != tt.status {
			t.Errorf("%s from %q = %d; want %d", tt.method, tt.site, a.StatusCode, tt.status)
		}
	}
}

// Another server on this machine can set cookies for ours: a bad one beside the good one is passed over.
func TestCookieOfAnotherServer(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	good := s.cookieOf(store.Analyst)
	for _, cookie := range []string{good + "; " + s.cookieName() + "=x", s.cookieName() + "=x; " + good, "citd_other=x; " + good} {
		if a := s.do(call{path: "/welcome", header: map[string]string{"Cookie": cookie}}); a.StatusCode != 200 {
			t.Errorf("%d with %q", a.StatusCode, cookie)
		}
	}
}

func TestAppearance(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	cookie := s.cookieOf(store.Viewer)
	a := s.form("/appearance", cookie, "theme", "dark", "dense", "1", "back", "/welcome")
	if a.StatusCode != 303 || a.Header.Get("Location") != "/welcome" || len(a.Cookies()) != 2 {
		t.Errorf("= %d to %q, %v", a.StatusCode, a.Header.Get("Location"), a.Cookies())
	}
	for _, c := range a.Cookies() {
		cookie += "; " + c.Name + "=" + c.Value
	}
	if a := s.do(call{path: "/welcome", header: map[string]string{"Cookie": cookie}}); !strings.Contains(a.body, `data-theme="dark"`) {
		t.Errorf("the page is not dark: %s", a.body)
	}
	if a := s.form("/appearance", cookie, "theme", `"><script>`); len(a.Cookies()) != 0 {
		t.Errorf("kept %v", a.Cookies())
	}
}

func TestStatic(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	a := s.do(call{path: "/login"})
	_, rest, _ := strings.Cut(a.body, `href="/static/app.css?v=`)
	version, _, _ := strings.Cut(rest, `"`)
	if a := s.do(call{path: "/static/app.css?v=" + version}); a.StatusCode != 200 || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("this version %q = %d, %q", version, a.StatusCode, a.Header.Get("Cache-Control"))
	}
	if a := s.do(call{path: "/static/app.css?v=older"}); a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("another version: %q", a.Header.Get("Cache-Control"))
	}
	if a := s.do(call{path: "/static/nothing.js"}); a.StatusCode != 404 {
		t.Errorf("nothing = %d", a.StatusCode)
	}
}

// The script of a page gets errors as JSON, without the browser's own login box.
func TestErrorsForScripts(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	a := s.do(call{"POST", "/appearance", "", map[string]string{"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}})
	if a.StatusCode != 401 || !strings.HasPrefix(a.body, `{"error":`) || a.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("= %d %s", a.StatusCode, a.body)
	}
}
