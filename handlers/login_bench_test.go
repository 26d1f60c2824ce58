package handlers

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"citd/store"
)

// What a login costs a script that posts (S4: under a tenth of its throughput): the same posts over
// HTTP without a login, with a token, and with a password that was checked before, by turns.
func BenchmarkLogin(b *testing.B) {
	s, _ := openDoor(b)
	s.opt.Log = slog.New(slog.DiscardHandler)
	add := func(n store.NewAccount) (store.Actor, string) {
		account, token, err := s.db.AddAccount(b.Context(), store.Actor{}, n)
		if err != nil {
			b.Fatal(err)
		}
		return store.Actor{ID: account.ID, Role: n.Role}, token
	}
	actor, token := add(store.NewAccount{Kind: store.Token, Name: "t", Role: store.Script})
	add(store.NewAccount{Kind: store.Person, Name: "ana", Role: store.Script, Password: "correct horse"})
	a := &api{s, store.Results}
	open := func(w http.ResponseWriter, r *request) error { r.actor = actor; return a.post(w, r) }
	s.fixed.Handle("POST", prefix+"open/", s.adapt(route{"POST", prefix + "open/", public, oneObject, open, false}))
	web := httptest.NewServer(s)
	defer web.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	var sent atomic.Int64
	post := func(path, auth string) {
		body := fmt.Sprintf(`{"employee":{"employee_id":"E%d"},"date":"2014-05-01T10:00:00","reporter":"r","score":0.5}`, sent.Add(1)%1000)
		r, _ := http.NewRequest("POST", web.URL+prefix+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		if auth != "" {
			r.Header.Set("Authorization", auth)
		}
		resp, err := client.Do(r)
		if err != nil {
			b.Error(err)
			return
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		if resp.Body.Close(); resp.StatusCode != http.StatusCreated {
			b.Error(resp.Status)
		}
	}
	ways := []struct{ name, path, auth string }{
		{"none", "open/", ""}, {"token", "detectionmodelresult/", "Bearer " + token}, {"password", "detectionmodelresult/", "Basic YW5hOmNvcnJlY3QgaG9yc2U="},
	}
	took := make([][]float64, len(ways))
	for b.Loop() {
		for i, way := range ways {
			began := time.Now()
			var wg sync.WaitGroup
			for range 64 {
				wg.Go(func() {
					for range 32 {
						post(way.path, way.auth)
					}
				})
			}
			wg.Wait()
			took[i] = append(took[i], time.Since(began).Seconds())
		}
	}
	for i, way := range ways {
		var part []float64
		for n := range took[i] {
			part = append(part, took[0][n]/took[i][n])
		}
		slices.Sort(part)
		b.ReportMetric(part[len(part)/2], way.name+"/none")
	}
}
