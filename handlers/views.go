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
	if r.Method == http.MethodHead || strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch") {
		return nil
	}
	return noRecord(s.db.RecordView(context.WithoutCancel(r.Context()), r.actor, object, id))
}

// noRecord says why a page about people is not shown on a full disk.
func noRecord(err error) error {
	if e := store.AsError(err); err != nil && e.Kind == store.Full {
		return &wireError{http.StatusServiceUnavailable, "the disk is full, so that this look cannot be put on record; pages about people are shown again once there is room"}
	}
	return err
}
