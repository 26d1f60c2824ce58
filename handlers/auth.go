package handlers

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"

	"citd/store"
)

// login finds out who asks, unless the route is public.
func (s *server) login(r *request, who access) error {
	if who.has("") {
		return nil
	}
	return store.Errorf(store.Unauthorized, "this needs a login")
}

// takeBody checks the announced body before a byte of it is read, and returns
// how much of the memory for bodies it may take.
func (s *server) takeBody(w http.ResponseWriter, r *request, limit int64) (int64, error) {
	if limit == 0 {
		r.Body = http.NoBody
		return 0, nil
	}
	if !bodyType(r.Request) {
		return 0, &wireError{http.StatusUnsupportedMediaType, "the body has to be JSON: send it with Content-Type: application/json"}
	}
	n := r.ContentLength
	if n > limit {
		return 0, tooLarge(limit)
	}
	if n < 0 {
		n = limit // not announced
	}
	if !s.bodies.take(n) {
		return 0, errBusy
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	return n, nil
}

// bodyType reports whether r's body is of the one type that its address takes:
// JSON or nothing said for the API, a form for pages.
func bodyType(r *http.Request) bool {
	ct, want := r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"
	if isAPI(r) {
		want = "application/json"
	}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return false
	}
	if ct == "" {
		return isAPI(r) || r.ContentLength == 0
	}
	t, _, err := mime.ParseMediaType(ct)
	return t == want && (err == nil || errors.Is(err, mime.ErrInvalidMediaParameter))
}

func tooLarge(limit int64) *store.Error {
	return store.Errorf(store.TooLarge, "the body is larger than %d KiB", limit>>10)
}

// bytes reads the whole body.
func (r *request) bytes() ([]byte, error) {
	var b bytes.Buffer
	if n := r.ContentLength; n > 0 {
		b.Grow(int(n) + bytes.MinRead)
	}
	if _, err := b.ReadFrom(r.Body); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, store.Errorf(store.Invalid, "the body ended early")
		}
		return nil, err
	}
	return b.Bytes(), nil
}
