package handlers

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"citd/store"
)

// stuck is a connection to a page that takes some events, and then no more.
type stuck struct {
	*httptest.ResponseRecorder
	takes    int           // writes
	began    chan struct{} // closed by the first one
	deadline time.Time
}

func (w *stuck) SetWriteDeadline(t time.Time) error { w.deadline = t; return nil }

func (w *stuck) Write(b []byte) (int, error) {
	if w.began != nil {
		close(w.began)
		w.began = nil
	}
	if w.takes--; w.takes >= 0 {
		return w.ResponseRecorder.Write(b)
	}
	if w.deadline.IsZero() {
		select {} // as a connection does that nobody reads
	}
	return 0, os.ErrDeadlineExceeded
}

// A page that does not read is dropped by its deadline, and what it was not told it is told when it comes back.
func TestStreamStuck(t *testing.T) {
	s, _ := openDoor(t)
	t.Cleanup(s.stop)
	a, _, err := s.db.AddAccount(t.Context(), store.Actor{}, store.NewAccount{Kind: store.Person, Name: "ann", Role: store.Admin})
	if err != nil {
		t.Fatal(err)
	}
	l := newLive(s)
	listen := func(w http.ResponseWriter, since string) chan error {
		r := httptest.NewRequest("GET", "/events", nil).WithContext(t.Context())
		r.Header.Set("Last-Event-ID", since)
		ended := make(chan error, 1)
		go func() { ended <- l.stream(w, &request{Request: r, actor: a.Actor}) }()
		return ended
	}
	post := func(person string) {
		_, err := store.Import(context.Background(), s.db, a.Actor, strings.NewReader(
			`{"resource":"detectionmodelresult","body":{"employee":{"employee_id":"`+person+`"},"date":"2026-11-01","reporter":"m 1","score":0.5}}`), store.ImportOptions{Name: "x.ndjson"})
		if err != nil {
			t.Fatal(err)
		}
	}
	post("SW001")
	began := make(chan struct{})
	slow := &stuck{ResponseRecorder: httptest.NewRecorder(), takes: 1, began: began}
	ended := listen(slow, l.position())
	<-began
	post("SW002")
	if err := <-ended; err != nil {
		t.Errorf("a page that was dropped is answered %v", err)
	}
	told := slow.Body.String()
	if !strings.Contains(told, "event: counts") || strings.Contains(told, `"ids"`) {
		t.Fatalf("it was told %s", told)
	}
	_, last, _ := strings.Cut(told, "id: ")
	last, _, _ = strings.Cut(last, "\n")
	back := &stuck{ResponseRecorder: httptest.NewRecorder(), takes: 2}
	ended = listen(back, last)
	post("SW003")
	<-ended
	if told := back.Body.String(); !strings.Contains(told, `{"ids":[2],"new":1}`) {
		t.Errorf("back after %s it is told %s", last, told)
	}
}
