package handlers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"citd/store"
)

// Limits of what is in work at once (PRODUCT decision 19); beyond them 503.
const (
	maxWork    = 1024
	maxStreams = 1000
	maxBodies  = 96 << 20 // bytes of bodies
	maxURL     = 16 << 10 // bytes
	maxLook    = 5 * time.Second
)

// gauge counts what is in work, up to max.
type gauge struct {
	max int64
	n   atomic.Int64
}

func (g *gauge) take(n int64) bool {
	if g.n.Add(n) > g.max {
		g.n.Add(-n)
		return false
	}
	return true
}

func (g *gauge) give(n int64) { g.n.Add(-n) }

// reply is the answer under way.
type reply struct {
	http.ResponseWriter
	id     string
	req    *request // nil until a route was found
	status int      // 0 until the head is sent
}

func (p *reply) WriteHeader(code int) {
	if p.status == 0 && code >= 200 {
		p.status = code
	}
	p.ResponseWriter.WriteHeader(code)
}

func (p *reply) Write(b []byte) (int, error) {
	if p.status == 0 {
		p.status = http.StatusOK
	}
	return p.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (p *reply) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// ServeHTTP is the way in: what every request passes before its route is looked up.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := &reply{ResponseWriter: w, id: rand.Text()[:12]}
	began := time.Now()
	defer s.done(p, r, began)
	secure(p.Header(), isAPI(r), s.opt.TLS)
	if err := s.guard(r); err != nil {
		s.answer(p, r, err)
		return
	}
	if isAPI(r) {
		if !strings.HasSuffix(r.URL.Path, "/") {
			r.URL.Path += "/" // a POST that is redirected becomes a GET, and its row is lost
		}
		if err := override(r); err != nil {
			s.answer(p, r, err)
			return
		}
	}
	s.fixed.ServeHTTP(p, r)
}

// done ends a request: it recovers from a panic and writes the line in the log.
func (s *server) done(p *reply, r *http.Request, began time.Time) {
	broken := recover()
	if err, _ := broken.(error); broken != nil && !errors.Is(err, http.ErrAbortHandler) {
		s.opt.Log.Error("panic", "id", p.id, "cause", fmt.Sprint(broken), "stack", string(debug.Stack()))
		if p.status == 0 {
			s.answer(p, r, fmt.Errorf("panic: %v", broken))
			broken = nil
		}
	}
	var account int64
	if p.req != nil {
		account = p.req.actor.ID
	}
	s.opt.Log.LogAttrs(r.Context(), slog.LevelInfo, "request", slog.String("id", p.id), slog.String("method", r.Method),
		slog.String("path", r.URL.EscapedPath()), slog.Int("status", p.status),
		slog.Int64("ms", time.Since(began).Milliseconds()), slog.Int64("account", account))
	if broken != nil {
		panic(http.ErrAbortHandler) // half an answer is out: cut the connection
	}
}

// override lets POST stand for the method that X-HTTP-Method-Override names;
// from there on the request is judged as that method.
func override(r *http.Request) error {
	m := r.Header.Get("X-HTTP-Method-Override")
	if m == "" || r.Method != http.MethodPost || strings.EqualFold(m, http.MethodPost) {
		return nil
	}
	switch m = strings.ToUpper(m); m {
	case http.MethodPatch, http.MethodPut, http.MethodDelete:
		r.Method = m
		return nil
	}
	return &wireError{http.StatusMethodNotAllowed, "X-HTTP-Method-Override takes PATCH, PUT or DELETE"}
}

// enter checks login, role, limits and body, then runs the route's handler.
func (s *server) enter(w http.ResponseWriter, r *request, t route) error {
	g := &s.work
	if t.live {
		g = &s.streams
	}
	if !g.take(1) {
		return errBusy
	}
	defer g.give(1)
	if err := s.login(r, t); err != nil {
		return err
	}
	if !t.who.has(r.actor.Role) {
		return store.Errorf(store.Forbidden, "%s", t.who.lacks(r.actor.Role))
	}
	n, err := s.takeBody(w, r, t.limit)
	if err != nil {
		return err
	}
	defer s.bodies.give(n)
	if t.limit == oneForm {
		if err := r.ParseForm(); err != nil {
			return badForm(err)
		}
	}
	if !isAPI(r.Request) {
		for name, values := range r.values() {
			if slices.ContainsFunc(values, notText) {
				return store.Errorf(store.Invalid, "%s: must be text in UTF-8 without the character NUL", strings.ToValidUTF8(name, "?"))
			}
		}
	}
	defer s.bound(w, r, t)()
	return t.do(w, r)
}

// values are those of a page's form, else of its address.
func (r *request) values() url.Values {
	if r.PostForm != nil {
		return r.PostForm
	}
	return r.URL.Query()
}

func notText(s string) bool { return !utf8.ValidString(s) || strings.ContainsRune(s, 0) }

// bound gives a look 5 s, and a live stream as long as the server runs.
func (s *server) bound(w http.ResponseWriter, r *request, t route) (end func()) {
	r.whole = r.Request
	switch {
	case t.live:
		ctx, cancel := context.WithCancel(r.Context())
		off := context.AfterFunc(s.stopping, cancel)
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
		r.Request = r.WithContext(ctx)
		return func() { off(); cancel() }
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		ctx, cancel := context.WithTimeout(r.Context(), s.look)
		r.Request = r.WithContext(ctx)
		return cancel
	}
	return func() {}
}

// stream lets an answer take as long as somebody reads it: a look's 5 s, and the
// minute in which an answer has to be out, are for pages.
func (r *request) stream(w http.ResponseWriter) io.Writer {
	r.Request = r.whole
	return &streamed{w, http.NewResponseController(w), 0}
}

type streamed struct {
	io.Writer
	out *http.ResponseController
	n   int // writes so far
}

func (s *streamed) Write(b []byte) (int, error) {
	if s.n%1000 == 0 {
		_ = s.out.SetWriteDeadline(time.Now().Add(time.Minute))
	}
	s.n++
	return s.Writer.Write(b)
}

func (a access) has(role store.Role) bool {
	return slices.Contains(a, role) || slices.Contains(a, "")
}

// lacks says which roles a login would need.
func (a access) lacks(role store.Role) string {
	names := make([]string, len(a))
	for i, r := range a {
		names[i] = string(r)
	}
	return fmt.Sprintf("this needs the role %s; this login has the role %s, which an admin can change", strings.Join(names, " or "), role)
}

func isAPI(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, prefix) || r.URL.Path == strings.TrimSuffix(prefix, "/")
}
