package handlers

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"unicode/utf8"

	"citd/store"
)

// login finds out who asks, unless the route is public. Authorization counts
// under the API only: browsers keep it by origin and port, but send it unasked.
func (s *server) login(r *request, t route) (err error) {
	if t.who.has("") {
		return nil
	}
	if auth := r.Header["Authorization"]; isAPI(r.Request) && len(auth) > 0 {
		user, secret, scheme := credentials(auth)
		if t.limit == oneObject { // goes on to store.Apply
			if who, ok := s.db.KnownToken(secret); ok {
				r.actor = who
				return nil
			}
		}
		r.actor, err = s.byHeader(r.Context(), user, secret, scheme)
		return err
	}
	if isAPI(r.Request) && (r.Method != http.MethodGet && r.Method != http.MethodHead || r.Header.Get("Sec-Fetch-Site") == "") {
		return store.Errorf(store.Unauthorized, "this needs a login: a user name and password, or a token (citd token add NAME prints one)")
	}
	r.session, err = s.sessionOf(r.Request, !t.live)
	if err == nil {
		r.actor = r.session.Account
	}
	return err
}

// stillIn reports whether r's session is good and has one of the roles, now. A
// live stream asks at each change of an account.
func (s *server) stillIn(r *request, who access) bool {
	now, err := s.sessionOf(r.Request, false)
	return err == nil && who.has(now.Account.Role) && now.Account.Role == r.actor.Role
}

// sessionOf returns the session of r's cookie. Another server on this machine
// may have set one of the same name beside it: cookies ignore ports. One that is
// good for somebody else signs nobody in, so that none works in another's name.
func (s *server) sessionOf(r *http.Request, keep bool) (found *store.Session, err error) {
	err = store.Errorf(store.Unauthorized, "this needs a login")
	cookies := r.CookiesNamed(s.cookie)
	for _, c := range cookies[:min(len(cookies), 4)] {
		now, wrong := s.db.Session(r.Context(), c.Value, s.terms, keep)
		switch {
		case wrong != nil && found == nil:
			err = wrong
		case wrong == nil && found != nil && found.Account.ID != now.Account.ID:
			return nil, store.Errorf(store.Unauthorized, "this browser sends the sessions of two people: remove its cookies of this address")
		case wrong == nil && found == nil:
			found, err = now, nil
		}
	}
	return found, err
}

// byHeader checks Basic with a password or a token, ApiKey user:token, or Bearer token.
func (s *server) byHeader(ctx context.Context, user, secret, scheme string) (store.Actor, error) {
	switch {
	case store.IsToken(secret):
		return s.db.AuthenticateToken(ctx, secret)
	case scheme == "basic" && secret != "":
		return s.db.Authenticate(ctx, user, secret)
	}
	return store.Actor{}, store.Errorf(store.Unauthorized, "the Authorization header was not understood; it takes Basic user:password, Basic user:token, ApiKey user:token or Bearer token")
}

// credentials takes apart an Authorization header; secret is empty if it makes no sense.
func credentials(values []string) (user, secret, scheme string) {
	scheme, rest, _ := strings.Cut(values[0], " ")
	scheme, rest = strings.ToLower(scheme), strings.TrimSpace(rest)
	if len(values) > 1 || !utf8.ValidString(rest) {
		return "", "", ""
	}
	switch scheme {
	case "basic":
		b, err := base64.StdEncoding.DecodeString(rest)
		if err != nil || !utf8.Valid(b) {
			return "", "", ""
		}
		user, secret, _ = strings.Cut(string(b), ":")
	case "apikey":
		user, secret, _ = strings.Cut(rest, ":")
	case "bearer":
		secret = rest
	}
	return user, secret, scheme
}

const overread = 16 << 20 // bytes of a body too large that are read all the same

// takeBody checks the announced body before a byte of it is read, and returns
// how much of the memory for bodies it may take.
func (s *server) takeBody(w http.ResponseWriter, r *request, limit int64) (int64, error) {
	if limit == 0 {
		r.Body = http.NoBody
		return 0, nil
	}
	if err := checkType(r.Request); err != nil {
		return 0, err
	}
	n := r.ContentLength
	if n > limit {
		if n <= max(2*limit, overread) && r.Header.Get("Expect") == "" {
			_, _ = io.Copy(io.Discard, r.Body) // who sends all before reading the answer would find the connection cut instead
		}
		return 0, tooLarge(limit)
	}
	if n < 0 {
		n = limit // not announced
	}
	if !s.bodies.take(n) {
		return 0, errBusy
	}
	r.Body = clientBody{http.MaxBytesReader(w, r.Body, limit)}
	return n, nil
}

// checkType refuses a body of another type than its address takes: JSON or
// nothing said for the API, a form for pages.
func checkType(r *http.Request) error {
	want, bad := "application/x-www-form-urlencoded", &wireError{http.StatusUnsupportedMediaType, "the body has to be a form, as pages send it"}
	if isAPI(r) {
		want, bad.msg = "application/json", "the body has to be JSON: send it with Content-Type: application/json"
	}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return bad
	}
	ct := r.Header.Get("Content-Type")
	if ct == "" && (isAPI(r) || r.ContentLength == 0) {
		return nil
	}
	t, params, err := mime.ParseMediaType(ct)
	if t != want || err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return bad
	}
	if cs := strings.ToLower(params["charset"]); cs != "" && cs != "utf-8" && cs != "utf8" && cs != "us-ascii" && cs != "ascii" {
		return store.Errorf(store.Invalid, "the body has to be UTF-8")
	}
	return nil
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
	_, err := b.ReadFrom(r.Body)
	return b.Bytes(), err
}

// clientBody tells what a client does wrong with its body from what goes wrong here.
type clientBody struct{ io.ReadCloser }

func (c clientBody) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	var large *http.MaxBytesError
	switch {
	case err == nil, errors.Is(err, io.EOF), errors.As(err, &large), errors.Is(err, os.ErrDeadlineExceeded):
		return n, err
	}
	return n, &store.Error{Kind: store.Invalid, Msg: "the body ended early, or its chunks are broken", Err: err}
}
