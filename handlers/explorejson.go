package handlers

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"citd/store"
)

// columnsCache keeps the columns of explore as they were last sent. Making
// them takes longer than all else on the way.
type columnsCache struct {
	mu     sync.Mutex
	boot   string // commits are counted from the start of the process: this names it
	tag    string
	plain  []byte
	zipped []byte
}

// exploreColumns answers the newest results as columns, whatever the filter.
// since= or If-None-Match with the tag that the client has: 304 if it is still good.
func (p *pages) exploreColumns(w http.ResponseWriter, r *request) error {
	form := r.URL.Query()
	if form.Has("q") {
		return p.exploreMeant(w, r, form.Get("q"))
	}
	x, err := p.db.Explored(r.Context())
	if err != nil {
		return err
	}
	mode := p.mode(r.Context())
	c := &p.columns
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.boot == "" {
		c.boot = rand.Text()[:8]
	}
	tag := c.boot + "-" + strconv.FormatInt(x.Gen, 10) + "-" + mode
	w.Header().Set("ETag", `"`+tag+`"`)
	w.Header().Set("Vary", "Accept-Encoding")
	if form.Get("since") == tag || r.Header.Get("If-None-Match") == `"`+tag+`"` {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if c.tag != tag {
		who, err := p.drawnAs(r, mode, x.People)
		if err != nil {
			return err
		}
		c.plain = columnsJSON(x, who, tag)
		if c.zipped, err = zipped(c.plain); err != nil {
			return err
		}
		c.tag = tag
	}
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		send(w, http.StatusOK, "application/json", c.zipped)
		return nil
	}
	send(w, http.StatusOK, "application/json", c.plain)
	return nil
}

// meant is what a filter says. Brushes are told in words: the client's columns may be older.
type meant struct {
	Brushes map[string]meantBrush `json:"brushes"`
	Rest    string                `json:"rest"`         // what belongs to no axis
	ID      []int64               `json:"id,omitempty"` // the results that the rest lets through
	Problem string                `json:"problem,omitempty"`
}

type meantBrush struct {
	Lo   string   `json:"lo,omitempty"`
	Hi   string   `json:"hi,omitempty"`
	None bool     `json:"none,omitempty"`
	Set  []string `json:"set,omitempty"`
}

// exploreMeant answers what a filter says, and finds what it looks for in texts:
// they are here, not in the columns.
func (p *pages) exploreMeant(w http.ResponseWriter, r *request, q string) error {
	x, err := p.db.Explored(r.Context())
	if err != nil {
		return err
	}
	e, m := &explored{Explored: x, mode: p.mode(r.Context())}, meant{Brushes: map[string]meantBrush{}}
	if e.filter, err = x.Parse(q); err != nil {
		m.Problem = sentence(store.AsError(err).Msg)
		return sendJSON(w, m)
	}
	m.Rest = strings.Join(e.filter.Rest, " ")
	for key, b := range e.filter.Brushes {
		a := x.Axis(key)
		t := meantBrush{Lo: e.end(*a, b.Lo), Hi: e.end(*a, b.Hi), None: b.None}
		for _, i := range b.Values {
			t.Set = append(t.Set, a.Values[i])
		}
		m.Brushes[key] = t
	}
	if m.Rest != "" {
		e.filter.Brushes = nil
		rows, err := p.matching(r, e)
		if err != nil {
			return err
		}
		for _, i := range rows {
			m.ID = append(m.ID, x.ID[i])
		}
	}
	return sendJSON(w, m)
}

func zipped(b []byte) ([]byte, error) {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(b); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// columnsJSON writes the columns by hand: there are some 200,000 numbers.
func columnsJSON(x *store.Explored, who who, tag string) []byte {
	b := make([]byte, 0, 64*len(x.ID)+4096)
	b = append(b, `{"n":`...)
	b = strconv.AppendInt(b, int64(len(x.ID)), 10)
	b = append(b, `,"total":`...)
	b = strconv.AppendInt(b, int64(x.Total), 10)
	b = append(b, `,"hot":`...)
	b = strconv.AppendFloat(b, store.Hot, 'f', -1, 64)
	b = appendText(append(b, `,"tag":`...), tag)
	b = append(b, `,"axes":[`...)
	for i, a := range x.Axes {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendAxis(b, x, a)
	}
	b = append(b, `],"person":[`...)
	for i, p := range x.People {
		if i > 0 {
			b = append(b, ',')
		}
		label, _ := who.label(p)
		b = appendText(b, label)
	}
	b = append(b, "],\n\"id\":["...)
	for i, id := range x.ID {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, id, 10)
	}
	b = appendNumbers(append(b, "],\n\"pi\":["...), x.Person)
	b = append(b, "],\n\"col\":{"...)
	for i, a := range x.Axes {
		if i > 0 {
			b = append(b, ",\n"...)
		}
		b = append(appendText(b, a.Key), ":["...)
		b = append(appendNumbers(b, a.Col), ']')
	}
	return append(b, "}}\n"...)
}

func appendAxis(b []byte, x *store.Explored, a store.Axis) []byte {
	b = appendText(append(b, `{"k":`...), a.Key)
	b = appendText(append(b, `,"t":`...), a.Title)
	switch a.Kind {
	case store.DateAxis:
		b = append(b, `,"type":"date","from":`...)
		b = appendText(b, time.Unix(x.From*24*60*60, 0).UTC().Format(time.DateOnly))
		b = append(b, `,"days":`...)
		b = strconv.AppendInt(b, int64(x.Days), 10)
	case store.LevelAxis:
		b = append(b, `,"type":"num"`...)
	case store.CategoryAxis:
		b = append(b, `,"type":"cat","boxes":`...)
		b = strconv.AppendInt(b, int64(a.Boxes), 10)
		b = append(appendTexts(append(b, `,"v":[`...), a.Values), ']')
		b = append(appendTexts(append(b, `,"l":[`...), a.Labels), ']')
	}
	if a.Off {
		b = append(b, `,"off":1`...)
	}
	return append(b, '}')
}

func appendNumbers(b []byte, list []int32) []byte {
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(v), 10)
	}
	return b
}

func appendTexts(b []byte, list []string) []byte {
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, s)
	}
	return b
}

func appendText(b []byte, s string) []byte {
	text, err := json.Marshal(s)
	if err != nil { // a text cannot fail
		return append(b, `""`...)
	}
	return append(b, text...)
}

// drawnAs tells how people are called in the columns, which all readers share: by
// name in the mode names only.
func (p *pages) drawnAs(r *request, mode string, people []store.Subject) (who, error) {
	if mode != modeNames {
		return who{mode: mode}, nil
	}
	return p.who(r, mode, people...)
}
