package handlers

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"citd/store"
)

// query reads the parameters of a list's URL.
func (a *api) query(r *request, parse func(*store.Resource, url.Values, store.View) (*store.Query, error)) (*store.Query, url.Values, error) {
	params, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, nil, store.Errorf(store.Invalid, "the address has a query that cannot be read; write a plus sign as %%2B, a semicolon as %%3B and a percent sign as %%25")
	}
	q, err := parse(a.res, params, see(r))
	return q, params, err
}

func (a *api) list(w http.ResponseWriter, r *request) error {
	q, params, err := a.query(r, store.ParseQuery)
	if err != nil {
		return err
	}
	switch params.Get("format") {
	case "csv":
		return a.csv(w, r, q)
	case "ndjson":
		return a.lines(w, r, q)
	}
	page, err := a.db.List(r.Context(), q)
	if err != nil {
		return err
	}
	b := append(make([]byte, 0, 1024), `{"meta":{"limit":`...)
	b = strconv.AppendInt(b, int64(page.Limit), 10)
	b = strconv.AppendInt(append(b, `,"offset":`...), int64(page.Offset), 10)
	b = strconv.AppendInt(append(b, `,"total_count":`...), page.Total, 10)
	b = appendLink(append(b, `,"next":`...), page.Next)
	b = appendLink(append(b, `,"previous":`...), page.Previous)
	b = append(b, `},"objects":[`...)
	return a.sendRows(w, r, http.StatusOK, string(b), page.IDs, "]}")
}

// appendLink appends a path and query, or null.
func appendLink(b []byte, link string) []byte {
	if link == "" {
		return append(b, "null"...)
	}
	text, _ := json.Marshal(link) // a string always can
	return append(b, text...)
}

func (a *api) appendRows(b []byte, rows []any, v store.View) []byte {
	b = append(b, '[')
	for i, row := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = a.res.AppendJSON(b, row, v)
	}
	return append(b, ']')
}

// export is the view for a list that leaves as a file; that goes on record.
func (a *api) export(r *request, format string) (store.View, error) {
	if err := a.db.Record(r.Context(), r.actor, "export", a.res.Name, 0, format); err != nil {
		return store.View{}, err
	}
	return a.db.View(r.Context(), a.res, see(r))
}

// csv streams all rows that q selects, with a header. Cells that a spreadsheet
// would run are quoted unless _raw=1.
func (a *api) csv(w http.ResponseWriter, r *request, q *store.Query) error {
	out := r.stream(w)
	v, err := a.export(r, "csv")
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+a.res.Name+`.csv"`)
	raw := r.URL.Query().Get("_raw") == "1"
	b := a.res.AppendCSVHeader(nil, v.Dimensions)
	err = a.db.Each(r.Context(), q, func(row any) error {
		b = a.res.AppendCSV(b, row, v, raw)
		_, err := out.Write(b)
		b = b[:0]
		return err
	})
	if err == nil {
		_, _ = w.Write(b) // a list without rows has its header
	}
	return err
}

// lines streams all rows that q selects, one object a line.
func (a *api) lines(w http.ResponseWriter, r *request, q *store.Query) error {
	out := r.stream(w)
	v, err := a.export(r, "ndjson")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	var b []byte
	return a.db.Each(r.Context(), q, func(row any) error {
		b = append(a.res.AppendJSON(b[:0], row, v), '\n')
		_, err := out.Write(b)
		return err
	})
}

func (a *api) deleteList(w http.ResponseWriter, r *request) error {
	q, _, err := a.query(r, store.ParseDelete)
	if err != nil {
		return err
	}
	return a.remove(w, r, func(b *store.Batch) error { return b.DeleteAll(q) })
}

func (a *api) schema(w http.ResponseWriter, r *request) error {
	dims, err := a.db.Dimensions(r.Context())
	if err != nil {
		return err
	}
	b, err := a.res.Schema(dims)
	if err != nil {
		return err
	}
	send(w, http.StatusOK, "application/json", b)
	return nil
}

// set answers the rows of set/1;3/ in that order, and names those that are missing.
func (a *api) set(w http.ResponseWriter, r *request) error {
	if r.params.ByName("id") != "set" {
		return store.Errorf(store.NotFound, "there is nothing at this address")
	}
	ids := strings.FieldsFunc(r.params.ByName("ids"), func(c rune) bool { return c == ';' })
	if len(ids) == 0 || len(ids) > maxSet {
		return store.Errorf(store.Invalid, "wanted 1 to %d ids, such as set/1;3/", maxSet)
	}
	v, err := a.view(r, 0)
	if err != nil {
		return err
	}
	rows, missing, err := a.db.Set(r.Context(), a.res, ids)
	if err != nil {
		return err
	}
	b := a.appendRows([]byte(`{"objects":`), rows, v)
	if len(missing) > 0 {
		names, err := json.Marshal(missing)
		if err != nil {
			return err
		}
		b = append(append(b, `,"not_found":`...), names...)
	}
	send(w, http.StatusOK, "application/json", append(b, '}'))
	return nil
}

const maxSet = 1000 // ids in one set/
