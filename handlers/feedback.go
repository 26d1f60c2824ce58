package handlers

import (
	"net/http"
	"net/url"
	"strconv"

	"citd/store"
)

// feedbackRoutes give models what became of their results.
func (s *server) feedbackRoutes() []route {
	return []route{{"GET", prefix + "feedback/", readers, 0, s.feedback, false}}
}

const maxFeedback = 1000 // labels in one JSON answer

// feedback answers the labels after a cursor: a JSON page, or with format=ndjson all of them.
func (s *server) feedback(w http.ResponseWriter, r *request) error {
	p, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return store.Errorf(store.Invalid, "the query cannot be read: %v", err)
	}
	q := store.FeedbackQuery{Reporter: p.Get("reporter"), Limit: maxFeedback}
	for name, to := range map[string]func(int64){
		"since": func(n int64) { q.Since = n },
		"limit": func(n int64) { q.Limit = int(min(max(n, 1), maxFeedback)) },
	} {
		if v := p.Get(name); v != "" {
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil || n < 0 {
				return &store.Error{Kind: store.Invalid, Msg: name + ": must be a whole number, 0 or more", Fields: map[string][]string{name: {"must be a whole number, 0 or more"}}}
			}
			to(n)
		}
	}
	if p.Get("format") == "ndjson" {
		q.Limit = 0
		if people.has(r.actor.Role) { // scripts read on now and then, to learn
			if err := s.db.Record(r.Context(), r.actor, "export", "", 0, "labels"); err != nil {
				return err
			}
		}
		out := r.stream(w)
		w.Header().Set("Content-Type", "application/x-ndjson")
		_, err := s.db.WriteLabels(r.Context(), out, q)
		return err
	}
	b, last, n := []byte(`{"objects":[`), q.Since, 0
	err = s.db.EachLabel(r.Context(), q, func(l store.Label) error {
		if n++; n > 1 {
			b = append(b, ',')
		}
		b, last = l.AppendJSON(b), l.Cursor
		return nil
	})
	if err != nil {
		return err
	}
	next := "null"
	if n == q.Limit {
		p.Set("since", strconv.FormatInt(last, 10))
		next = `"` + r.URL.Path + "?" + p.Encode() + `"`
	}
	b = append(b, `],"meta":{"limit":`+strconv.Itoa(q.Limit)+`,"cursor":`+strconv.FormatInt(last, 10)+`,"next":`+next+`}}`...)
	send(w, http.StatusOK, "application/json", b)
	return nil
}
