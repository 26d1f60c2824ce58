package handlers

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"citd/store"
)

const (
	pingEvery   = 20 * time.Second // keeps the connection, and looks whether the session is still good
	writeWithin = 10 * time.Second // a page that takes longer is dropped; it comes back and is told what it missed
	maxTold     = 200              // ids that one event names
	overlap     = 2_000_000        // microseconds that commits may take: told twice rather than not
)

// stream is one page that listens.
type stream struct {
	l   *live
	w   http.ResponseWriter
	r   *request
	out *http.ResponseController
	ask store.QueueAsk
	gen int64 // told up to here
	buf bytes.Buffer
}

// stream answers GET /events: alerts with ids, counts, and decisions, as they
// come. It ends when the session does, and does not keep that alive.
func (l *live) stream(w http.ResponseWriter, r *request) error {
	q := r.URL.Query()
	t := &stream{l: l, w: w, r: r, out: http.NewResponseController(w), ask: placeOf(q).ask(l.s.mode(r))}
	if _, err := l.s.db.InQueue(r.Context(), t.ask, nil); err != nil {
		return err // an unknown view or filter
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	l.start()
	t.buf.WriteString("retry: 2000\n\n")
	if t.begin(cmp.Or(r.Header.Get("Last-Event-ID"), q.Get("since"))) != nil {
		return nil // the page has gone, or will ask again
	}
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		frames, more, whole := l.after(t.gen)
		if !whole {
			return nil
		}
		for _, f := range frames {
			if t.tell(f) != nil {
				return nil
			}
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-more:
		case <-ping.C:
			t.buf.WriteString(": ping\n\n")
			if !l.s.stillIn(r, people) || t.send() != nil {
				return nil
			}
		}
	}
}

// begin tells the counts, and what the page missed since a position.
func (t *stream) begin(since string) (err error) {
	db := t.l.s.db
	f := &frame{gen: db.Gen(), at: db.Now()} // before anything is read
	gen, at, ok := parsePosition(since)
	if _, _, whole := t.l.after(gen); ok && whole && at >= t.l.began && gen <= f.gen {
		f.gen, f.at = gen, at // the loop tells the rest
	} else if ok {
		if f.grown, f.decided, err = db.Since(t.r.Context(), at-overlap); err != nil {
			return err
		}
	}
	if f.counts, err = db.Counts(t.r.Context()); err != nil {
		return err
	}
	return t.tell(f)
}

// errOver ends a stream.
var errOver = errors.New("this stream is over")

// tell sends a frame.
func (t *stream) tell(f *frame) error {
	if slices.ContainsFunc(f.accounts, func(id int64) bool { return id == 0 || id == t.r.actor.ID }) && !t.l.s.stillIn(t.r, people) {
		return errOver
	}
	for _, d := range f.decided {
		t.event("", "decided", map[string]any{"alert": d.Alert, "state": d.State, "by": d.By})
	}
	m, err := f.among(t.r.Context(), t.l.s.db, t.ask)
	if err != nil {
		return err
	}
	if m.n > 0 {
		t.event("", "alerts", map[string]any{"ids": m.ids, "new": m.n})
	}
	t.event(f.id(), "counts", map[string]any{"open": f.counts.Open, "flagged": f.counts.Flagged, "today": f.counts.Today})
	t.gen = f.gen
	return t.send()
}

func (t *stream) event(id, name string, data map[string]any) {
	if id != "" {
		t.buf.WriteString("id: " + id + "\n")
	}
	b, _ := json.Marshal(data) // numbers and texts: cannot fail
	t.buf.WriteString("event: " + name + "\ndata: ")
	t.buf.Write(b)
	t.buf.WriteString("\n\n")
}

// send writes what is gathered. A page that does not take it within 10 s is dropped.
func (t *stream) send() error {
	_ = t.out.SetWriteDeadline(time.Now().Add(writeWithin))
	_, err := t.buf.WriteTo(t.w)
	if err == nil {
		err = t.out.Flush()
	}
	return err
}
