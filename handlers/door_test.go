package handlers

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"citd/store"
)

// openDoor is a server on a new file without accounts, its log, and a way to add routes.
func openDoor(t testing.TB, more ...route) (*server, *bytes.Buffer) {
	t.Helper()
	schema, err := os.ReadFile("../schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "citd.db"), store.Options{Schema: string(schema), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	var log bytes.Buffer
	s, err := newServer(t.Context(), db, Options{Log: slog.New(slog.NewTextHandler(&log, nil)), Hosts: []string{"Citd.Example.Org"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range more {
		s.fixed.Handle(r.method, r.path, s.adapt(r))
	}
	return s, &log
}

func get(s *server, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", path, nil)
	r.Host = "localhost"
	s.ServeHTTP(w, r)
	return w
}

func TestHostName(t *testing.T) {
	s, _ := openDoor(t)
	good := []string{
		"localhost", "LOCALHOST", "localhost.", "localhost:8000", "localhost.:1", "127.0.0.1", "127.0.0.1:65535", "[::1]", "[::1]:8000",
		"citd.example.org", "CITD.example.org.:443",
	}
	bad := []string{
		"", ".", ":", ":8000", "localhost:", "localhost:x", "localhost:-1", "localhost:+1", "localhost:65536", "localhost:8000:8000",
		"localhost:8000@evil.example", "user@localhost", "localhost..", "localhost ", " localhost", "localhost\t", "localhost/", "localhost\x00",
		"evil.example", "localhost.evil.example", "evil.localhost", "127.0.0.1.nip.io", "127.1", "127.0.1", "127.0.0.2", "0.0.0.0", "0",
		"2130706433", "0x7f000001", "0177.0.0.1", "::1", "[::1", "::1]", "[::1]x", "[::1]evil", "[::ffff:127.0.0.1]", "[0:0:0:0:0:0:0:1]",
		"[::1%25lo]", "[::]", "[localhost]", "ｌｏｃａｌｈｏｓｔ", "localhoſt", "127。0。0。1", "example.org",
	}
	for i, host := range append(good, bad...) {
		r := httptest.NewRequest("GET", "/healthz", nil)
		r.Host = host
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		want := http.StatusOK
		if i >= len(good) {
			want = http.StatusMisdirectedRequest
		}
		if w.Code != want {
			t.Errorf("Host %q = %d; want %d", host, w.Code, want)
		}
	}
}

func FuzzHostName(f *testing.F) {
	for _, h := range []string{"localhost", "[::1]:8000", "a@b:1", "LOCALHOST.:0", ""} {
		f.Add(h)
	}
	set := hostSet(nil)
	f.Fuzz(func(t *testing.T, host string) {
		name, ok := hostName(host)
		if !ok || !set[name] {
			return
		}
		bare := strings.ToLower(host)
		for known := range set {
			if rest, yes := strings.CutPrefix(bare, known); yes && strings.Trim(strings.TrimPrefix(rest, "."), ":0123456789") == "" {
				return
			}
		}
		t.Errorf("%q passes as %q", host, name)
	})
}

// A page must not lead on to another host after signing in.
func TestOwnPath(t *testing.T) {
	for to, want := range map[string]string{
		"": "/", "/": "/", "/alerts/42": "/alerts/42", "/?view=all&q=a+b": "/?view=all&q=a+b", "/people/1#x": "/people/1#x",
		"//evil.example": "/", "///evil.example": "/", "http://evil.example/": "/", "https:/evil.example": "/", "/\\evil.example": "/",
		"\\\\evil.example": "/", "/\t/evil.example": "/", "/\n/evil.example": "/", "evil": "/", "javascript:alert(1)": "/", "/login?code=x": "/", "/logout": "/",
		"http:evil": "/", "//user@evil/": "/", "%": "/", "/#<b>\"": "/#%3Cb%3E%22", "//evil#/x": "/",
	} {
		if got := ownPath(to); got != want {
			t.Errorf("ownPath(%q) = %q; want %q", to, got, want)
		}
	}
}

func TestCredentials(t *testing.T) {
	for _, tt := range []struct{ name, header, user, secret string }{
		{"basic", "Basic YW5hOnB3", "ana", "pw"},
		{"scheme in any case", "bAsIc YW5hOnB3", "ana", "pw"},
		{"colon in the password", "Basic YW5hOnA6dw==", "ana", "p:w"},
		{"no password", "Basic YW5hOg==", "ana", ""},
		{"no colon", "Basic YW5h", "ana", ""},
		{"no base64", "Basic !!!", "", ""},
		{"no UTF-8", "Basic /////w==", "", ""},
		{"nothing", "", "", ""},
		{"scheme alone", "Basic", "", ""},
		{"api key", "ApiKey ana:key", "ana", "key"},
		{"bearer", "Bearer key", "", "key"},
		{"other scheme", "Digest username=ana", "", ""},
	} {
		if user, secret, _ := credentials([]string{tt.header}); user != tt.user || secret != tt.secret {
			t.Errorf("%s: %q, %q", tt.name, user, secret)
		}
	}
	if _, secret, _ := credentials([]string{"Basic YW5hOnB3", "Basic YW5hOnB3"}); secret != "" {
		t.Error("two headers pass")
	}
}

// A panic costs one request: the next one is served.
func TestPanic(t *testing.T) {
	boom := func(http.ResponseWriter, *request) error { panic("secret cause") }
	late := func(w http.ResponseWriter, _ *request) error {
		send(w, http.StatusOK, "text/plain", []byte("half"))
		panic("late")
	}
	s, log := openDoor(t, route{"GET", "/boom", public, 0, boom, false}, route{"GET", prefix + "boom/", public, 0, boom, false},
		route{"GET", "/late", public, 0, late, false})
	for _, path := range []string{"/boom", prefix + "boom/"} {
		w := get(s, path)
		if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "secret") || strings.Contains(w.Body.String(), "goroutine") {
			t.Errorf("%s = %d %s", path, w.Code, w.Body)
		}
	}
	if !strings.Contains(log.String(), "secret cause") {
		t.Error("the log does not name the cause")
	}
	func() {
		defer func() {
			if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
				t.Errorf("half an answer ends in %v; want the connection cut", err)
			}
		}()
		get(s, "/late")
	}()
	if n := s.work.n.Load(); n != 0 {
		t.Errorf("%d requests still count as in work", n)
	}
	if w := get(s, "/healthz"); w.Code != http.StatusOK {
		t.Errorf("afterwards %d", w.Code)
	}
}

// What the log says of a request is one line, whatever the request says.
func TestLogLines(t *testing.T) {
	s, log := openDoor(t)
	for _, path := range []string{"/a%0ab", "/a%1b%5b31m", "/%e2%80%aetxt", "/x?code=planted-secret", "/login?code=planted-secret"} {
		get(s, path)
	}
	for line := range strings.Lines(log.String()) {
		if !strings.Contains(line, "msg=request") || strings.Contains(line, "planted") || strings.ContainsAny(line, "\x1b\u202e") {
			t.Errorf("line %q", line)
		}
	}
	if n := strings.Count(log.String(), "\n"); n != 5 {
		t.Errorf("%d lines for 5 requests", n)
	}
}

// Beyond its limits the server says so at once; live streams have a limit of their own.
func TestTooMuchInWork(t *testing.T) {
	in, out := make(chan struct{}), make(chan struct{})
	wait := func(w http.ResponseWriter, _ *request) error {
		in <- struct{}{}
		<-out
		return nil
	}
	s, _ := openDoor(t, route{"GET", "/wait", public, 0, wait, false}, route{"GET", "/stream", public, 0, wait, true})
	s.work.max, s.streams.max = 2, 1
	for _, path := range []string{"/wait", "/wait", "/stream"} {
		go get(s, path)
		<-in
	}
	for _, path := range []string{"/wait", "/stream", "/healthz"} {
		if w := get(s, path); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s = %d, Retry-After %q", path, w.Code, w.Header().Get("Retry-After"))
		}
	}
	close(out)
}

// Live streams end when the server stops.
func TestStreamsEndWithTheServer(t *testing.T) {
	began := make(chan struct{})
	s, _ := openDoor(t, route{"GET", "/stream", public, 0, func(_ http.ResponseWriter, r *request) error {
		close(began)
		<-r.Context().Done()
		return nil
	}, true})
	ended := make(chan struct{})
	go func() { get(s, "/stream"); close(ended) }()
	<-began
	s.stop()
	<-ended
	if w := get(s, "/readyz"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("readyz = %d while stopping", w.Code)
	}
}

// The time-outs of ordinary requests do not end a live stream.
func TestStreamsOutliveTimeouts(t *testing.T) {
	const timeout = 50 * time.Millisecond
	s, _ := openDoor(t, route{"GET", "/stream", public, 0, func(w http.ResponseWriter, r *request) error {
		select {
		case <-r.Context().Done():
			send(w, http.StatusGone, "text/plain", nil)
		case <-time.After(5 * timeout):
			send(w, http.StatusOK, "text/plain", []byte("still here"))
		}
		return nil
	}, true})
	srv := httptest.NewUnstartedServer(s)
	srv.Config.ReadTimeout, srv.Config.WriteTimeout = timeout, timeout
	srv.Start()
	defer srv.Close()
	resp, err := srv.Client().Get(srv.URL + "/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the stream ended early: %d", resp.StatusCode)
	}
}

// With all slots taken, a connection waits until one is free.
func TestConnectionLimit(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer inner.Close()
	l := &limited{Listener: inner, slots: make(chan struct{}, 1)}
	accepted := make(chan net.Conn)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	for range 2 {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	first := <-accepted
	if n := len(l.slots); n != 1 {
		t.Errorf("%d slots taken", n)
	}
	_, _ = first.Close(), first.Close() // closed twice, freed once
	_ = (<-accepted).Close()
}

// What leaves as lines or CSV takes as long as somebody reads it; the time of a look is for pages.
func TestStreamsHaveNoEnd(t *testing.T) {
	s, _ := openDoor(t)
	a, token, err := s.db.AddAccount(t.Context(), store.Actor{}, store.NewAccount{Kind: store.Token, Name: "t", Role: store.Script})
	if err == nil {
		_, _, err = store.Apply(t.Context(), s.db, a.Actor, func(b *store.Batch) (int, error) {
			in, err := store.Employees.Decode([]byte(`{"employee_id":"A1"}`))
			if err == nil {
				_, err = b.Post(in)
			}
			return 0, err
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	s.look = time.Nanosecond
	for path, want := range map[string]int{"employee/?format=ndjson": 1, "employee/?format=csv": 2, "feedback/?format=ndjson": 0} {
		r := httptest.NewRequest("GET", prefix+path, nil)
		r.Host = "localhost"
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if n := strings.Count(w.Body.String(), "\n"); w.Code != http.StatusOK || n != want {
			t.Errorf("%s = %d with %d lines; want %d: %s", path, w.Code, n, want, w.Body)
		}
	}
}

// What a login costs a request: against none, with a token, and with a password that was checked before.
func BenchmarkDoor(b *testing.B) {
	nothing := func(w http.ResponseWriter, _ *request) error { send(w, http.StatusOK, "text/plain", nil); return nil }
	s, _ := openDoor(b, route{"GET", prefix + "public/", public, 0, nothing, false}, route{"GET", prefix + "closed/", readers, 0, nothing, false})
	s.opt.Log = slog.New(slog.DiscardHandler)
	_, _, err := s.db.AddAccount(b.Context(), store.Actor{}, store.NewAccount{Kind: store.Person, Name: "ana", Role: store.Admin, Password: "correct horse"})
	if err != nil {
		b.Fatal(err)
	}
	_, token, err := s.db.AddAccount(b.Context(), store.Actor{}, store.NewAccount{Kind: store.Token, Name: "t", Role: store.Script})
	if err != nil {
		b.Fatal(err)
	}
	for _, bb := range []struct{ name, path, auth string }{
		{"public", "public/", ""}, {"token", "closed/", "Bearer " + token}, {"password", "closed/", "Basic YW5hOmNvcnJlY3QgaG9yc2U="},
	} {
		b.Run(bb.name, func(b *testing.B) {
			for b.Loop() {
				r := httptest.NewRequest("GET", prefix+bb.path, nil)
				r.Host = "localhost"
				if bb.auth != "" {
					r.Header.Set("Authorization", bb.auth)
				}
				w := httptest.NewRecorder()
				if s.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
