package handlers

import (
	"bytes"
	"compress/gzip"
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
	c := &p.columns
	c.mu.Lock()
	defer c.mu.Unlock()
	tag := c.boot + "-" + strconv.FormatInt(x.Gen, 10) + "-" + p.mode(r)
	w.Header().Set("ETag", `"`+tag+`"`)
	w.Header().Set("Vary", "Accept-Encoding")
	if form.Get("since") == tag || r.Header.Get("If-None-Match") == `"`+tag+`"` {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if c.tag != tag {
		shown := who{mode: p.mode(r)} // by name in the mode names only: all readers share the columns
		if shown.mode == modeNames {
			if shown, err = p.who(r, x.People...); err != nil {
				return err
			}
		}
		if c.plain, err = columnsJSON(x, shown, tag); err != nil {
			return err
		}
		c.tag, c.zipped = tag, zipped(c.plain)
	}
	body := c.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		body = c.zipped
	}
	send(w, http.StatusOK, "application/json", body)
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
	e, m := &explored{Explored: x}, meant{Brushes: map[string]meantBrush{}}
	if e.filter, err = x.Parse(q); err != nil {
		m.Problem = sentence(store.AsError(err).Msg)
		return sendJSON(w, m)
	}
	m.Rest = e.filter.Rest()
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

func zipped(b []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestSpeed) // there is that level, and memory takes all
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

// columnsJSON writes the columns.
func columnsJSON(x *store.Explored, shown who, tag string) ([]byte, error) {
	person := make([]string, len(x.People))
	for i, p := range x.People {
		person[i], _ = shown.label(p)
	}
	axes, col := make([]map[string]any, len(x.Axes)), map[string][]int32{}
	for i, a := range x.Axes {
		axes[i], col[a.Key] = axisJSON(x, a), a.Col
	}
	return json.Marshal(map[string]any{
		"n": len(x.ID), "total": x.Total, "hot": store.Hot, "tag": tag, "axes": axes, "person": person, "id": x.ID, "pi": x.Person, "col": col,
	})
}

func axisJSON(x *store.Explored, a store.Axis) map[string]any {
	out := map[string]any{"k": a.Key, "t": a.Title}
	switch a.Kind {
	case store.DateAxis:
		out["type"], out["from"], out["days"] = "date", x.Day(0).Format(time.DateOnly), x.Days
	case store.LevelAxis:
		out["type"], out["hot"] = "num", a.High
	case store.CategoryAxis:
		out["type"], out["boxes"], out["v"], out["l"] = "cat", a.Boxes, a.Values, a.Labels
	}
	if a.Off {
		out["off"] = 1
	}
	return out
}
