package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

// ledger is what clients were told, and so what the file has to hold.
type ledger struct {
	mu        sync.Mutex
	rows      []*entry
	lists     []list
	decisions []int64      // acknowledged
	acked     atomic.Int64 // rows, changes and decisions
}

// entry is one result.
type entry struct {
	id      int64
	score   float64 // acknowledged
	pending float64 // sent later and not acknowledged; else equal to score
	sent    bool    // its deletion was sent
	deleted bool    // ... and acknowledged
}

// list is one request that stores many results, all or none.
type list struct {
	run   string
	acked bool
}

const listed = 40 // results of a list

// merge adds what one client was told.
func (l *ledger) merge(o *ledger) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows, l.lists, l.decisions = append(l.rows, o.rows...), append(l.lists, o.lists...), append(l.decisions, o.decisions...)
	l.acked.Add(o.acked.Load())
}

// stored is how many results have to have been stored, deleted ones included.
func (l *ledger) stored() int {
	n := len(l.rows)
	for _, list := range l.lists {
		if list.acked {
			n += listed
		}
	}
	return n
}

// send makes one request with the script's token and returns its status, 0 if
// there was no answer.
func (s *server) send(method, path, body string) (status int, id int64) {
	status, b := s.do(method, path, body, http.Header{"Authorization": {"Bearer " + s.token}, "Content-Type": {"application/json"}})
	var row struct{ ID int64 }
	if status < 300 && len(b) > 0 && json.Unmarshal(b, &row) != nil {
		s.Errorf("%s %s = %d %.200s", method, path, status, b)
	}
	return status, row.ID
}

func (s *server) do(method, path, body string, head http.Header) (status int, answer []byte) {
	base := s.url
	if path[0] == '/' { // a page
		base = strings.TrimSuffix(base, "/data-sub/api/")
	}
	req, err := http.NewRequest(method, base+path, strings.NewReader(body))
	if err != nil {
		s.Error(err)
		return 0, nil
	}
	req.Header = head
	resp, err := s.http.Do(req)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || s.dark.Load() {
		return 0, nil
	}
	if resp.StatusCode < 300 {
		s.good.Add(1)
	}
	return resp.StatusCode, b
}

const resultBody = `{"employee": {"employee_id": "E%d"}, "date": "2026-03-%02d 10:00:00", "reporter": "role-profile %d.0", "score": %v, "email_anomaly": 0.5, "run_id": "%s",
	"evidence": [{"description": "what was seen, number %d", "evidence_type": "email", "date_from": "2026-03-01", "date_to": "2026-03-02"}]}`

func oneResult(rnd *rand.Rand, score float64, run string) string {
	return fmt.Sprintf(resultBody, rnd.IntN(300), 1+rnd.IntN(28), rnd.IntN(4), score, run, rnd.Int())
}

// post sends a new result.
func (s *server) post(l *ledger, rnd *rand.Rand) int {
	e := &entry{score: float64(rnd.IntN(1000)) / 1000}
	e.pending = e.score
	status, id := s.send("POST", "detectionmodelresult/", oneResult(rnd, e.score, ""))
	if status == 201 {
		e.id = id
		l.acked.Add(1)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.rows = append(l.rows, e)
	}
	return status
}

// postList sends many new results in one request.
func (s *server) postList(l *ledger, rnd *rand.Rand) int {
	run := fmt.Sprintf("run %x", rnd.Uint64())
	all := make([]string, listed)
	for i := range all {
		all[i] = oneResult(rnd, 0.5, run)
	}
	status, _ := s.send("PATCH", "detectionmodelresult/", `{"objects": [`+strings.Join(all, ",")+`]}`)
	if l.lists = append(l.lists, list{run, status == 202}); status == 202 {
		l.acked.Add(listed)
	}
	return status
}

// change sends another score for a result, or its deletion.
func (s *server) change(l *ledger, e *entry, rnd *rand.Rand) {
	at := fmt.Sprintf("detectionmodelresult/%d/", e.id)
	if rnd.IntN(4) == 0 {
		e.sent = true
		if status, _ := s.send("DELETE", at, ""); status == 204 {
			e.deleted = true
			l.acked.Add(1)
		}
		return
	}
	e.pending = float64(rnd.IntN(1000)) / 1000
	if status, _ := s.send("PATCH", at, fmt.Sprintf(`{"score": %v}`, e.pending)); status == 202 {
		e.score = e.pending
		l.acked.Add(1)
	}
}

// decide sends an analyst's decision on an alert, if that is there and open.
func (s *server) decide(l *ledger, rnd *rand.Rand) {
	form := []string{"action=review", "action=dismiss&reason=1", "action=confirm", "action=note&note=seen", "action=reopen"}[rnd.IntN(5)]
	status, b := s.do("POST", fmt.Sprintf("/alerts/%d/decide", 1+rnd.IntN(300)), form,
		http.Header{"Cookie": {s.cookie}, "Accept": {"application/json"}, "Content-Type": {"application/x-www-form-urlencoded"}})
	var done struct{ Decision int64 }
	switch {
	case status == 200 && json.Unmarshal(b, &done) == nil && done.Decision > 0:
		l.decisions = append(l.decisions, done.Decision)
		l.acked.Add(1)
	case status == 401 || status == 403 || status == 415: // of our own making
		s.Errorf("%s = %d %.200s", form, status, b)
	}
}

// load runs so many clients until stop is called or the server answers no more.
func (s *server) load(l *ledger, clients int) (stop func()) {
	var wg sync.WaitGroup
	var halt atomic.Bool
	for range clients {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(rand.Uint64(), 1))
			mine := ledger{}
			defer l.merge(&mine)
			for !halt.Load() {
				what := rnd.IntN(30)
				if what == 0 && s.postList(&mine, rnd) == 0 || what > 0 && s.post(&mine, rnd) == 0 {
					break
				}
				if n := len(mine.rows); n > 0 && what < 4 {
					if e := mine.rows[rnd.IntN(n)]; !e.sent && e.pending == e.score {
						s.change(&mine, e, rnd)
					}
				}
				if what == 4 {
					s.decide(&mine, rnd)
				}
			}
		})
	}
	return func() { halt.Store(true); wg.Wait() }
}

// lost counts what was acknowledged and is not in the file as it was, and lists
// that are there in part.
func (l *lab) lost(g *ledger) (n int) {
	l.Helper()
	scores, runs, decisions := map[int64]float64{}, map[string]int{}, map[int64]bool{}
	l.rows(`SELECT id, score, run_id FROM detectionmodelresult`, func(rows *sql.Rows) error {
		var id int64
		var score float64
		var run string
		err := rows.Scan(&id, &score, &run)
		scores[id] = score
		runs[run]++
		return err
	})
	l.rows(`SELECT id FROM decision`, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		decisions[id] = true
		return err
	})
	for _, e := range g.rows {
		score, ok := scores[e.id]
		if e.deleted && ok || !e.sent && (!ok || score != e.score && score != e.pending) {
			n++
		}
	}
	for _, list := range g.lists {
		if have := runs[list.run]; have != listed && (have != 0 || list.acked) {
			n++
		}
	}
	for _, id := range g.decisions {
		if !decisions[id] {
			n++
		}
	}
	return n
}

// rows reads the file as it lies there, without citd.
func (l *lab) rows(q string, scan func(*sql.Rows) error) {
	l.Helper()
	db, err := sql.Open("sqlite", "file:"+l.db+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		l.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(q)
	if err != nil {
		l.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			l.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		l.Fatal(err)
	}
}
