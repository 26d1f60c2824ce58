package handlers

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A panic in any handler is that request's alone: it is answered 500 with an
// id, the log tells of it, and the next request is served.
func TestFaultHandlerPanics(t *testing.T) {
	s, log := openDoor(t)
	n := 0
	for _, r := range s.routes() {
		what := r.method + " " + r.path
		r.do = func(http.ResponseWriter, *request) error { panic("injected: " + what) }
		r.who, r.limit, n = public, 0, n+1
		router := s.router()
		router.Handle(r.method, r.path, s.adapt(r))
		usual := s.fixed
		s.fixed = router
		q := httptest.NewRequest(r.method, strings.NewReplacer(":id", "7", "*", "").Replace(r.path), nil)
		q.Host = "localhost"
		w := httptest.NewRecorder()
		s.ServeHTTP(w, q)
		s.fixed = usual
		if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "injected") {
			t.Errorf("%s = %d %s", what, w.Code, w.Body)
		}
		if !strings.Contains(log.String(), "injected: "+what) {
			t.Errorf("%s: the log does not tell of it", what)
		}
		if w := get(s, "/healthz"); w.Code != http.StatusOK {
			t.Fatalf("after a panic in %s: %d", what, w.Code)
		}
	}
	if s.work.n.Load() != 0 || s.streams.n.Load() != 0 || s.bodies.n.Load() != 0 {
		t.Error("requests that panicked are still counted as in work")
	}
	t.Logf("%d handlers", n)
}
