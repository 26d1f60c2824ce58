package handlers

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"

	"citd/store"
)

// apiRoutes are the routes under /data-sub/api/.
func (s *server) apiRoutes() []route {
	routes := []route{
		{"GET", prefix, readers, 0, s.apiRoot, false},
		{"GET", prefix + "openapi.json/", readers, 0, s.openAPI, false}, // asked for without the slash, see ServeHTTP
	}
	for _, res := range store.Resources {
		a := &api{s, res}
		list, one := prefix+res.Name+"/", prefix+res.Name+"/:id/"
		routes = append(
			routes,
			route{"GET", list, readers, 0, a.list, false},
			route{"POST", list, posters, oneObject, a.post, false},
			route{"PATCH", list, posters, oneList, a.patchList, false},
			route{"PUT", list, writers, oneList, a.putList, false},
			route{"DELETE", list, writers, 0, a.deleteList, false},
			route{"GET", list + "schema/", readers, 0, a.schema, false},
			route{"GET", one, readers, 0, a.get, false},
			route{"PUT", one, writers, oneObject, a.put, false},
			route{"PATCH", one, writers, oneObject, a.patch, false},
			route{"DELETE", one, writers, 0, a.delete, false},
			route{"GET", one + ":ids/", readers, 0, a.set, false}, // set/1;3/
		)
	}
	return append(routes, s.feedbackRoutes()...)
}

// api serves one resource.
type api struct {
	*server
	res *store.Resource
}

// see is what of a row the login may be shown.
func see(r *request) store.View {
	return store.View{Identity: r.actor.Role == store.Admin || r.actor.Role == store.Script}
}

func (s *server) apiRoot(w http.ResponseWriter, _ *request) error {
	b := []byte{'{'}
	for i, res := range store.Resources {
		if i > 0 {
			b = append(b, ',')
		}
		at := prefix + res.Name + "/"
		b = append(b, `"`+res.Name+`":{"list_endpoint":"`+at+`","schema":"`+at+`schema/"}`...)
	}
	send(w, http.StatusOK, "application/json", append(b, '}'))
	return nil
}

// id is the row that the URL names.
func (a *api) id(r *request) (int64, error) {
	id, err := strconv.ParseInt(r.params.ByName("id"), 10, 64)
	if err != nil || id <= 0 {
		return 0, store.Errorf(store.NotFound, "there is no %s %q; ids are whole numbers", a.res.Name, r.params.ByName("id"))
	}
	return id, nil
}

func (a *api) post(w http.ResponseWriter, r *request) error {
	return a.write(w, r, a.res.Decode, func(b *store.Batch, in *store.Input) (store.Saved, error) { return b.Post(in) }, http.StatusOK)
}

func (a *api) put(w http.ResponseWriter, r *request) error {
	id, err := a.id(r)
	if err != nil {
		return err
	}
	return a.write(w, r, a.res.DecodeUpdate, func(b *store.Batch, in *store.Input) (store.Saved, error) { return b.Put(in, id) }, http.StatusOK)
}

func (a *api) patch(w http.ResponseWriter, r *request) error {
	id, err := a.id(r)
	if err != nil {
		return err
	}
	return a.write(w, r, a.res.DecodeUpdate, func(b *store.Batch, in *store.Input) (store.Saved, error) { return b.Patch(in, id) }, http.StatusAccepted)
}

// write stores one object and answers with it as it is stored now: 201 if it is
// new, else the status updated.
func (a *api) write(w http.ResponseWriter, r *request, decode func([]byte) (*store.Input, error), save func(*store.Batch, *store.Input) (store.Saved, error), updated int) error {
	body, err := r.bytes()
	if err != nil {
		return err
	}
	in, err := decode(body)
	if err != nil {
		return err
	}
	out, err := a.apply(w, r, bytes.NewReader(body), func(b *store.Batch) (store.Answer, error) {
		saved, err := save(b, in)
		if err != nil {
			return store.Answer{}, err
		}
		v, err := b.View(a.res, see(r))
		out := store.Answer{Status: updated, IDs: []int64{saved.ID}, Body: a.res.AppendJSON(nil, saved.Row, v)}
		if saved.Created {
			out.Status, out.Location = http.StatusCreated, a.res.URI(saved.ID)
		}
		return out, err
	})
	if err != nil {
		return err
	}
	if out.Location != "" {
		w.Header().Set("Location", out.Location)
	}
	if out.Body == nil { // a retry whose answer was too large to keep
		return a.sendRows(w, r, out.Status, "", out.IDs, "")
	}
	send(w, out.Status, "application/json", out.Body)
	return nil
}

// view is what of the rows may be shown: of one row (id 0: of a list) more to
// whom it was revealed. That somebody reads who a person is goes on record
// before it is sent.
func (a *api) view(r *request, id int64) (store.View, error) {
	v, err := a.db.View(r.Context(), a.res, see(r))
	if err == nil && !v.Identity && id != 0 && people.has(r.actor.Role) {
		v.Identity, err = a.db.MayKnow(r.Context(), r.actor, a.res, id, a.db.Now())
	}
	if err == nil && v.Identity && a.res.HasIdentity() && r.Method == http.MethodGet {
		err = a.db.RecordView(r.Context(), r.actor, a.res.Name, id)
	}
	return v, err
}

// apply runs fn as one transaction and returns its answer, or the one kept for
// the same Idempotency-Key.
func (a *api) apply(w http.ResponseWriter, r *request, body io.ReaderAt, fn func(*store.Batch) (store.Answer, error)) (store.Answer, error) {
	key := r.Header.Get("Idempotency-Key")
	if len(key) > 255 {
		return store.Answer{}, store.Errorf(store.Invalid, "Idempotency-Key: must be at most 255 bytes")
	}
	h := sha256.New()
	if key != "" {
		_, _ = io.WriteString(h, r.Method+" "+r.URL.RequestURI()+"\n")
		if _, err := io.Copy(h, io.NewSectionReader(body, 0, math.MaxInt64)); err != nil {
			return store.Answer{}, err
		}
	}
	sum := h.Sum(nil)
	out, notes, err := store.Apply(r.Context(), a.db, r.actor, func(b *store.Batch) (store.Answer, error) {
		if key == "" {
			return fn(b)
		}
		if out, ok, err := b.Replay(key, sum); ok || err != nil {
			return out, err
		}
		out, err := fn(b)
		if err == nil {
			err = b.Remember(key, sum, out)
		}
		return out, err
	})
	setNames(w.Header(), "X-Citd-Ignored", notes.Ignored)
	setNames(w.Header(), "X-Citd-Updated", notes.Updated)
	setNames(w.Header(), "X-Citd-New-Dimension", notes.Dimensions)
	if err == nil && notes.Known != 0 && see(r).Identity && a.res.HasIdentity() { // to send a person's id alone tells who it is
		id := notes.Known
		if len(out.IDs) > 1 || r.actor.Role == store.Script { // scripts send everybody again and again
			id = 0
		}
		err = a.db.RecordView(r.Context(), r.actor, a.res.Name, id)
	}
	return out, err
}

// setNames lists names in a header; what could break a header is left out.
func setNames(h http.Header, header string, names []string) {
	var clean []string
	for _, n := range names {
		plain := strings.Map(func(c rune) rune {
			if c <= ' ' || c > '~' || c == ',' {
				return '?'
			}
			return c
		}, n)
		clean = append(clean, plain[:min(len(plain), 100)])
	}
	if len(clean) > 0 {
		h.Set(header, strings.Join(clean, ", "))
	}
}

func (a *api) patchList(w http.ResponseWriter, r *request) error {
	return a.writeList(w, r, (*store.Batch).PatchList, http.StatusAccepted)
}

func (a *api) putList(w http.ResponseWriter, r *request) error {
	return a.writeList(w, r, (*store.Batch).PutList, http.StatusOK)
}

func (a *api) writeList(w http.ResponseWriter, r *request, save func(*store.Batch, *store.Resource, io.ReaderAt) ([]int64, error), status int) error {
	body, err := a.db.Spool(r.Body)
	if err != nil {
		return err
	}
	defer body.Close()
	out, err := a.apply(w, r, body, func(b *store.Batch) (store.Answer, error) {
		ids, err := save(b, a.res, body)
		return store.Answer{Status: status, IDs: ids}, err
	})
	if err != nil {
		return err
	}
	body.Close() // no disk is held for a client that reads slowly
	return a.sendRows(w, r, out.Status, `{"objects":[`, out.IDs, "]}")
}

const sendChunk = 100 // rows that are read and sent at once

// sendRows answers with rows as they are stored now, between head and tail. Few
// are in memory at once: each may have 64 KiB.
func (a *api) sendRows(w http.ResponseWriter, r *request, code int, head string, ids []int64, tail string) error {
	v, err := a.view(r, 0)
	if err != nil {
		return err
	}
	out, buf := r.stream(w), []byte(head)
	w.Header().Set("Content-Type", "application/json")
	for at := 0; at == 0 || at < len(ids); at += sendChunk {
		if buf, err = a.appendStored(buf, r, ids[at:min(at+sendChunk, len(ids))], v); err != nil {
			return err
		}
		if at == 0 {
			w.WriteHeader(code)
		}
		comma := len(buf) - len(bytes.TrimSuffix(buf, []byte(",")))
		some := buf[:len(buf)-comma]
		if at+sendChunk >= len(ids) {
			some = append(some, tail...)
		}
		if _, err := out.Write(some); err != nil {
			return nil // the client has gone; what it sent is stored
		}
		buf = append(buf[:0], ","[:comma]...)
	}
	return nil
}

// appendStored appends rows as they are stored, each with a comma. Who may only
// post is told where they are: some may have been there before.
func (a *api) appendStored(b []byte, r *request, ids []int64, v store.View) ([]byte, error) {
	if r.actor.Role == store.Ingest {
		for _, id := range ids {
			b = fmt.Appendf(b, `{"id":%d,"resource_uri":"%s"},`, id, a.res.URI(id))
		}
		return b, nil
	}
	rows, err := a.db.Rows(r.Context(), a.res, ids)
	for _, row := range rows {
		b = append(a.res.AppendJSON(b, row, v), ',')
	}
	return b, err
}

func (a *api) delete(w http.ResponseWriter, r *request) error {
	id, err := a.id(r)
	if err != nil {
		return err
	}
	return a.remove(w, r, func(b *store.Batch) error { return b.Delete(a.res, id) })
}

func (a *api) remove(w http.ResponseWriter, r *request, fn func(*store.Batch) error) error {
	out, err := a.apply(w, r, bytes.NewReader(nil), func(b *store.Batch) (store.Answer, error) {
		return store.Answer{Status: http.StatusNoContent}, fn(b)
	})
	if err == nil {
		w.WriteHeader(out.Status)
	}
	return err
}

func (a *api) get(w http.ResponseWriter, r *request) error {
	id, err := a.id(r)
	if err != nil {
		return err
	}
	v, err := a.view(r, id)
	if err != nil {
		return err
	}
	rows, err := a.db.Rows(r.Context(), a.res, []int64{id})
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return store.Errorf(store.NotFound, "there is no %s %d", a.res.Name, id)
	}
	send(w, http.StatusOK, "application/json", a.res.AppendJSON(nil, rows[0], v))
	return nil
}
