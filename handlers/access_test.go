package handlers_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"citd/handlers"
	"citd/store"
)

const api = "/data-sub/api/"

var everyRole = []store.Role{store.Admin, store.Analyst, store.Viewer, store.Script, store.Ingest}

// noRedirect is a client that shows answers as they are.
var noRedirect = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// call is a request of a test.
type call struct {
	method, path, body string
	header             map[string]string
}

// response is what came back.
type response struct {
	*http.Response
	body string
}

func (s *testServer) do(c call) response {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, cmp.Or(c.method, "GET"), s.base+c.path, strings.NewReader(c.body))
	if err != nil {
		s.Fatal(err)
	}
	for k, v := range c.header {
		r.Header.Set(k, v)
		if k == "Host" {
			r.Host = v
		}
	}
	resp, err := noRedirect.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		return response{resp, ""}
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	return response{resp, string(b)}
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// headerOf is an Authorization header of a role.
func (s *testServer) headerOf(role store.Role) string {
	switch role {
	case store.Admin:
		return basic("alice", testPassword)
	case store.Analyst:
		return basic("ann", testPassword)
	case store.Viewer:
		return basic("vic", testPassword)
	}
	return "Bearer " + s.tokens[role]
}

// cookieOf signs in somebody of a role past the sign-in page, also where that would refuse.
func (s *testServer) cookieOf(role store.Role) string {
	s.Helper()
	id := int64(slices.Index(everyRole, role) + 1)
	secret, err := s.db.SignIn(s.Context(), store.Actor{ID: id}, store.Terms{Idle: time.Hour})
	if err != nil {
		s.Fatal(err)
	}
	return s.cookieName() + "=" + secret
}

func (s *testServer) cookieName() string {
	id, err := s.db.Setting(s.Context(), store.FileID)
	if err != nil {
		s.Fatal(err)
	}
	return "citd_" + id
}

// concrete fills in the parameters of a route's path.
func concrete(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if p != "" && strings.ContainsAny(p[:1], ":*") {
			parts[i] = "1"
		}
	}
	return strings.Join(parts, "/")
}

func (s *testServer) routes() []handlers.Route {
	h, err := handlers.New(s.Context(), s.db, handlers.Options{})
	if err != nil {
		s.Fatal(err)
	}
	return handlers.Routes(h)
}

// Nobody enters without a login but where one signs in.
func TestEveryRouteNeedsALogin(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	open := []string{"/healthz", "/readyz", "/static/*file", "/login"}
	for _, r := range s.routes() {
		a := s.do(call{method: r.Method, path: concrete(r.Path)})
		switch {
		case slices.Contains(open, r.Path):
		case strings.HasPrefix(r.Path, api):
			if a.StatusCode != 401 || a.Header.Get("WWW-Authenticate") != `Basic realm="citd"` || !strings.HasPrefix(a.body, `{"error":"`) {
				t.Errorf("%s %s = %d %q %s", r.Method, r.Path, a.StatusCode, a.Header.Get("WWW-Authenticate"), a.body)
			}
		case a.StatusCode != 303 || !strings.HasPrefix(a.Header.Get("Location"), "/login"):
			t.Errorf("%s %s = %d to %q", r.Method, r.Path, a.StatusCode, a.Header.Get("Location"))
		}
	}
	t.Logf("%d routes, %d of them open", len(s.routes()), len(open))
}

// The table says who may call what; the server does what it says.
func TestRoleMatrix(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	asked := 0
	for _, r := range s.routes() {
		if slices.Contains(r.Who, "") {
			continue
		}
		for _, role := range everyRole {
			asked++
			c := call{method: r.Method, path: concrete(r.Path)}
			if strings.HasPrefix(r.Path, api) {
				c.header = map[string]string{"Authorization": s.headerOf(role)}
			} else {
				c.header = map[string]string{"Cookie": s.cookieOf(role)}
			}
			a := s.do(c)
			refused := a.StatusCode == 401 || a.StatusCode == 403
			if may := slices.Contains(r.Who, role); refused == may {
				t.Errorf("%s %s as %s = %d; allowed: %v", r.Method, r.Path, role, a.StatusCode, may)
			}
			if a.StatusCode == 403 && !strings.Contains(a.body, "role "+string(role)) {
				t.Errorf("%s %s as %s does not name the role: %s", r.Method, r.Path, role, a.body)
			}
		}
	}
	t.Logf("%d combinations of route and role", asked)
}

// What no line of the table may allow, whoever adds it.
func TestRightsAreWithinTheRoles(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	own := []string{"/logout", "/welcome", "/appearance", "/settings/password", "/settings/session", // of one's own session
		"/alerts/:id/look", "/views", "/views/:id/delete"} // what one looked at, and filters under a name
	for _, r := range s.routes() {
		for _, role := range r.Who {
			isAPI, changes := strings.HasPrefix(r.Path, api), r.Method != "GET"
			var why string
			switch {
			case !isAPI && (role == store.Script || role == store.Ingest):
				why = "a token has no pages"
			case isAPI && role == store.Ingest && r.Method != "POST" && r.Method != "PATCH":
				why = "an ingest token posts, and reads nothing"
			case isAPI && changes && (role == store.Viewer || role == store.Analyst):
				why = "people change what was posted as admins only"
			case !isAPI && changes && role == store.Viewer && !slices.Contains(own, r.Path):
				why = "a viewer changes nothing"
			}
			if why != "" {
				t.Errorf("%s %s for %s: %s", r.Method, r.Path, role, why)
			}
		}
		if len(r.Who) == 0 {
			t.Errorf("%s %s is for nobody", r.Method, r.Path)
		}
	}
}

// Each way of naming a login, and what it must not let in.
func TestAuthorization(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	token := s.tokens[store.Script]
	for _, tt := range []struct {
		name, header string
		status       int
	}{
		{"person", basic("alice", testPassword), 200},
		{"token as password", basic("whoever", token), 200},
		{"token as password, no name", basic("", token), 200},
		{"api key", "ApiKey whoever:" + token, 200},
		{"bearer", "bearer " + token, 200},
		{"nothing", "", 401},
		{"wrong password", basic("alice", testPassword+"x"), 401},
		{"shorter password", basic("alice", testPassword[1:]), 401},
		{"empty password", basic("alice", ""), 401},
		{"unknown person", basic("mallory", testPassword), 401},
		{"other case", basic("Alice", testPassword), 401},
		{"SQL", basic("' OR 1=1 --", "x"), 401},
		{"NUL and line break", basic("al\x00ice\nx", "pw"), 401},
		{"password as bearer", "Bearer " + testPassword, 401},
		{"password as api key", "ApiKey alice:" + testPassword, 401},
		{"token cut short", "Bearer " + token[:len(token)-1], 401},
		{"token in other case", "Bearer " + strings.ToUpper(token), 401},
		{"prefix of a token", "Bearer citd_", 401},
		{"huge password", basic("alice", strings.Repeat("a", 20_000)), 401},
	} {
		c := call{path: api + "employee/"}
		if tt.header != "" {
			c.header = map[string]string{"Authorization": tt.header}
		}
		if a := s.do(c); a.StatusCode != tt.status {
			t.Errorf("%s = %d %s; want %d", tt.name, a.StatusCode, a.body, tt.status)
		}
	}
	if a := s.do(call{path: "/welcome", header: map[string]string{"Authorization": basic("alice", testPassword)}}); a.StatusCode != 303 {
		t.Errorf("Basic opens a page: %d", a.StatusCode)
	}
}

// After a login was let in and is remembered, no other way to cut user and password may pass.
func TestShiftedColon(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	const user, password = "a", "bcd:efgh:ijkl"
	if _, _, err := s.db.AddAccount(t.Context(), store.Actor{}, store.NewAccount{Kind: store.Person, Name: user, Role: store.Viewer, Password: password}); err != nil {
		t.Fatal(err)
	}
	login := func(user, password string) int {
		return s.do(call{path: api, header: map[string]string{"Authorization": basic(user, password)}}).StatusCode
	}
	for range 2 {
		if got := login(user, password); got != 200 {
			t.Fatalf("the right pair = %d", got)
		}
	}
	whole := user + password
	for i := range whole {
		if u, p := whole[:i], whole[i:]; u != user && login(u, p) != 401 {
			t.Errorf("%q, %q passes", u, p)
		}
	}
}

// What the command line changes beside the server counts at the next request.
func TestChangedCredentialIsRefusedAtOnce(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	other, err := store.Open(t.Context(), s.path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	status := func(header map[string]string, path string) int {
		return s.do(call{path: path, header: header}).StatusCode
	}
	ann := map[string]string{"Authorization": s.headerOf(store.Analyst)}
	annsPage := map[string]string{"Cookie": s.cookieOf(store.Analyst)}
	feed := map[string]string{"Authorization": s.headerOf(store.Script)}
	for _, h := range []map[string]string{ann, ann, feed, feed} {
		if got := status(h, api); got != 200 {
			t.Fatalf("before: %d", got)
		}
	}
	if got := status(annsPage, "/welcome"); got != 200 {
		t.Fatalf("page before: %d", got)
	}
	for _, step := range []struct {
		name   string
		do     func() error
		header map[string]string
		path   string
		want   int
	}{
		{"role", func() error { return other.SetRole(t.Context(), store.Actor{}, store.Token, "detector", store.Ingest) }, feed, api, 403},
		{"revoked", func() error { return other.SetLocked(t.Context(), store.Actor{}, store.Token, "detector", true) }, feed, api, 401},
		{"password", func() error { return other.SetPassword(t.Context(), store.Actor{}, "ann", "another one", nil) }, ann, api, 401},
		{"password ends sessions", func() error { return nil }, annsPage, "/welcome", 303},
		{"new password", func() error { return nil }, map[string]string{"Authorization": basic("ann", "another one")}, api, 200},
		{"locked", func() error { return other.SetLocked(t.Context(), store.Actor{}, store.Person, "ann", true) }, map[string]string{"Authorization": basic("ann", "another one")}, api, 401},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if got := status(step.header, step.path); got != step.want {
			t.Errorf("%s: %d; want %d", step.name, got, step.want)
		}
	}
}

// A flood of guesses lets nobody in, keeps no known script out, and fills no log of activity.
func TestFloodOfGuesses(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	known := map[string]string{"Authorization": s.headerOf(store.Admin)}
	if a := s.do(call{path: api, header: known}); a.StatusCode != 200 {
		t.Fatal(a.StatusCode)
	}
	var flood, good sync.WaitGroup
	for i := range 100 {
		flood.Go(func() {
			a := s.do(call{path: api, header: map[string]string{"Authorization": basic("alice", fmt.Sprintf("guess number %d", i))}})
			if a.StatusCode != 401 && a.StatusCode != 503 {
				t.Errorf("guess %d = %d", i, a.StatusCode)
			}
		})
	}
	for i := range 50 {
		good.Go(func() {
			header := known
			if i%2 == 0 {
				header = map[string]string{"Authorization": s.headerOf(store.Script)}
			}
			if a := s.do(call{path: api, header: header}); a.StatusCode != 200 {
				t.Errorf("a known login = %d", a.StatusCode)
			}
		})
	}
	good.Wait()
	flood.Wait()
	head, err := s.db.VerifyAudit(t.Context())
	if err != nil || head.Seq > 10 {
		t.Errorf("record of activity: %d entries, %v", head.Seq, err)
	}
}
