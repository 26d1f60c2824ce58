package handlers

import (
	"context"
	"net/http"
	"strings"

	"citd/store"
)

// looked puts on record that r's actor looks at a subject. What is asked for may
// only be shown once this has returned without an error. A page that a browser
// fetches ahead is not a look.
func (s *server) looked(r *request, object string, id int64) error {
	if r.Method == http.MethodHead || ahead(r.Request) {
		return nil
	}
	err := s.db.RecordView(context.WithoutCancel(r.Context()), r.actor, object, id)
	if err != nil {
		s.opt.Log.Error("look not on record", "id", r.id, "err", err)
	}
	return noRecord(err)
}

// noRecord says why a page about people is not shown: a look that is not on record is none.
func noRecord(err error) error {
	switch e := store.AsError(err); {
	case err == nil:
		return nil
	case e.Kind == store.Full:
		return &wireError{http.StatusServiceUnavailable, "the disk is full, so that this look cannot be put on record; pages about people are shown again once there is room"}
	case status[e.Kind] == http.StatusServiceUnavailable:
		return err
	}
	return &store.Error{Kind: store.Locked, Msg: "this look cannot be put on record, and pages about people are not shown without", Err: err}
}

// ahead reports whether a browser fetches a page that may be looked at next.
func ahead(r *http.Request) bool { return strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch") }
