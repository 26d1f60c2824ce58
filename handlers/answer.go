package handlers

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"

	"citd/store"
	"citd/templates"
)

// status tells each kind of error as HTTP does.
var status = map[store.Kind]int{
	store.Internal:      http.StatusInternalServerError,
	store.Invalid:       http.StatusBadRequest,
	store.Unauthorized:  http.StatusUnauthorized,
	store.Forbidden:     http.StatusForbidden,
	store.NotFound:      http.StatusNotFound,
	store.Conflict:      http.StatusConflict,
	store.TooLarge:      http.StatusRequestEntityTooLarge,
	store.Unprocessable: http.StatusUnprocessableEntity,
	store.Full:          http.StatusInsufficientStorage,
	store.Closed:        http.StatusServiceUnavailable,
	store.Locked:        http.StatusServiceUnavailable,
	store.Damaged:       http.StatusServiceUnavailable,
	store.Denied:        http.StatusServiceUnavailable,
	store.Busy:          http.StatusServiceUnavailable,
}

// wireError is an error that only HTTP knows.
type wireError struct {
	status int
	msg    string
}

func (e *wireError) Error() string { return e.msg }

var errBusy = &wireError{http.StatusServiceUnavailable, "too much is in work at once; try again in a moment"}

// problem is the body of every error that the API answers.
type problem struct {
	Error  string              `json:"error"`
	Fields map[string][]string `json:"fields,omitempty"`
	Errors []itemProblem       `json:"errors,omitempty"`
	ID     string              `json:"request,omitempty"` // to find the cause in the log
}

type itemProblem struct {
	Index  int                 `json:"index"`
	Error  string              `json:"error"`
	Fields map[string][]string `json:"fields,omitempty"`
}

// answer is the only place where an error becomes a status. w is the reply that
// ServeHTTP made.
func (s *server) answer(w http.ResponseWriter, r *http.Request, err error) {
	code, e := judge(err)
	p := w.(*reply)
	if p.status != 0 { // the head is out: all that is left is to break off
		s.opt.Log.Error("answer cut", "id", p.id, "err", err)
		panic(http.ErrAbortHandler)
	}
	if e.Kind == store.Internal && code == http.StatusInternalServerError {
		s.opt.Log.Error("request failed", "id", p.id, "err", err)
	}
	if code == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	switch {
	case isAPI(r):
		if code == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="citd"`)
		}
		answerJSON(p, code, e)
	case wantsJSON(r): // to show it as it is
		shown := *e
		shown.Msg = sentence(e.Msg)
		answerJSON(p, code, &shown)
	case code == http.StatusUnauthorized:
		to := "/login"
		if r.Method == http.MethodGet && r.URL.Path != "/" {
			to += "?back=" + url.QueryEscape(r.URL.RequestURI())
		}
		redirect(w, to)
	default:
		s.answerPage(p, r, code, e)
	}
}

// judge returns the status of err and what may be shown of it.
func judge(err error) (int, *store.Error) {
	var wire *wireError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &wire):
		return wire.status, &store.Error{Msg: wire.msg}
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge, tooLarge(large.Limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return http.StatusRequestTimeout, &store.Error{Msg: "the body came too slowly"}
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable, &store.Error{Msg: "that took longer than it may; ask for less at once"}
	}
	e := store.AsError(err)
	return cmp.Or(status[e.Kind], http.StatusInternalServerError), e
}

func answerJSON(p *reply, code int, e *store.Error) {
	body := problem{Error: e.Msg, Fields: e.Fields}
	for _, i := range e.Items {
		body.Errors = append(body.Errors, itemProblem{Index: i.Index, Error: i.Msg, Fields: i.Fields})
	}
	if code == http.StatusInternalServerError {
		body.ID = p.id
	}
	var b bytes.Buffer
	_ = json.NewEncoder(&b).Encode(body) // texts, numbers and lists of them: cannot fail
	send(p, code, "application/json", b.Bytes())
}

func (s *server) answerPage(p *reply, r *http.Request, code int, e *store.Error) {
	q := cmp.Or(p.req, &request{Request: r})
	what, then, _ := strings.Cut(e.Msg, "; ") // what is wrong; what to do
	d := templates.ErrorData{
		Frame: s.frame(q, http.StatusText(code), ""), Status: code, Request: p.id, Heading: strings.TrimSuffix(sentence(what), "."), Detail: sentence(then),
		Links: []templates.Link{{Text: "Open the queue", URL: "/"}},
	}
	switch {
	case code == http.StatusNotFound && then == "":
		d.Detail = "It may have been removed since, or the address has a typing error."
	case code == http.StatusMethodNotAllowed && then == "":
		d.Detail = "It takes what a form sends: open the page with the form again."
	case e.Kind == store.Damaged && then == "":
		d.Detail = "Tell whoever runs citd: citd verify finds how much of it, and citd restore goes back to a backup."
	case r.Method == http.MethodPost && code < http.StatusInternalServerError && then == "":
		d.Detail = "Nothing was changed. Go back: the form is as you left it."
	case code >= http.StatusInternalServerError && r.Method == http.MethodGet:
		d.Links = append([]templates.Link{{Text: "Try again", URL: ownPath(r.URL.RequestURI())}}, d.Links...)
		d.Detail = strings.TrimPrefix(d.Detail, "Try again.") // the button says so
	}
	if d.At = d.Now; r.Method != http.MethodGet {
		d.Path = "/" // this one takes no GET
	}
	switch {
	case code == http.StatusMisdirectedRequest: // no address of this name leads anywhere
		d.Links = nil
	case q.session == nil && code != http.StatusMethodNotAllowed: // which does not look for one
		d.Links[len(d.Links)-1].Text = "Sign in"
	}
	if err := page(p, code, templates.Error, d); err != nil {
		send(p, code, "text/plain; charset=utf-8", []byte(sentence(e.Msg)+"\n"))
	}
}

// sentence begins with a capital, unless with the name of who was first, and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return s
	}
	if who, _, ok := strings.Cut(s, " was first: "); !ok || strings.Contains(who, ":") {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	return strings.TrimSuffix(s, ".") + "."
}

// send answers with body. An error of writing means that the client has gone.
func send(w http.ResponseWriter, code int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(code)
	_, _ = w.Write(body)
}

// redirect sends a browser on by GET. to is a path of ours.
func redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}
