package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"citd/store"
)

// The fault tests run the real binary, with alerts and the record on. The short
// forms run by default, the long ones where CITD_FAULT_LONG is set.

// often is how many times a fault is tried.
func often(short, long int) int {
	if os.Getenv("CITD_FAULT_LONG") != "" {
		return long
	}
	return short
}

var builds struct {
	dir   string
	plain func() (string, error)
	fault func() (string, error) // with -tags fault: can be made to fail where a kill cannot reach
}

func init() {
	build := func(name string, args ...string) func() (string, error) {
		return sync.OnceValues(func() (string, error) {
			path := filepath.Join(builds.dir, name)
			out, err := exec.Command("go", append(append([]string{"build", "-buildvcs=false", "-o", path}, args...), ".")...).CombinedOutput()
			if err != nil {
				err = fmt.Errorf("%w: %s", err, out)
			}
			return path, err
		})
	}
	builds.plain, builds.fault = build("citd"), build("citd-fault", "-tags", "fault")
}

// lab is a folder with a database, and citd to be called there.
type lab struct {
	testing.TB
	bin, db string
	env     []string
	token   string
}

// newLab makes a database in dir with a token for scripts.
func newLab(tb testing.TB, build func() (string, error), dir string) *lab {
	tb.Helper()
	if builds.dir == "" {
		tb.Fatal("TestMain did not make a folder for builds")
	}
	bin, err := build()
	if err != nil {
		tb.Fatal(err)
	}
	l := &lab{TB: tb, bin: bin, db: filepath.Join(dir, "citd.db"), env: append(os.Environ(), "HOME="+tb.TempDir(), "XDG_STATE_HOME=")}
	l.fresh()
	return l
}

// fresh puts a new database in the place of the one that is there.
func (l *lab) fresh() {
	l.Helper()
	for _, end := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(l.db + end)
	}
	ctx := l.Context()
	db, err := store.Open(ctx, l.db, store.Options{Schema: schema, Create: true})
	if err != nil {
		l.Fatal(err)
	}
	if _, l.token, err = db.AddAccount(ctx, store.Actor{}, store.NewAccount{Kind: store.Token, Name: "fault", Role: store.Script}); err != nil {
		l.Fatal(err)
	}
	if err := db.Close(); err != nil {
		l.Fatal(err)
	}
}

func (l *lab) command(args ...string) *exec.Cmd {
	cmd := exec.Command(l.bin, append(args, "--db", l.db)...)
	cmd.Env = l.env
	return cmd
}

// call runs citd to its end.
func (l *lab) call(args ...string) (code int, out string) {
	l.Helper()
	b, err := l.command(args...).CombinedOutput()
	var x *exec.ExitError
	if errors.As(err, &x) {
		return x.ExitCode(), string(b)
	} else if err != nil {
		l.Fatal(err)
	}
	return 0, string(b)
}

// whole runs citd verify.
func (l *lab) whole() {
	l.Helper()
	if code, out := l.call("verify"); code != 0 {
		l.Fatalf("verify = %d %s", code, out)
	}
}

// server is a citd that serves.
type server struct {
	*lab
	cmd  *exec.Cmd
	url  string
	errs bytes.Buffer // the banner and the log, to be read once it has ended
	http *http.Client
	good atomic.Int64 // requests that it answered with 2xx
	dark atomic.Bool  // the power is being cut: what it says from now on reaches nobody
}

// serve starts citd and waits until it listens.
func (l *lab) serve() *server {
	l.Helper()
	s := l.launch()
	for began := time.Now(); ; time.Sleep(2 * time.Millisecond) {
		if h := store.ServedBy(l.db); h.PID == s.cmd.Process.Pid && h.Addr != "" {
			s.url = h.Addr + "/data-sub/api/"
			return s
		}
		if time.Since(began) > 30*time.Second {
			s.kill()
			l.Fatalf("it does not start: %s", &s.errs)
		}
	}
}

// launch starts citd and does not wait.
func (l *lab) launch() *server {
	l.Helper()
	s := &server{lab: l, cmd: l.command("serve", "--addr", "127.0.0.1:0")}
	s.cmd.Stderr = &s.errs
	s.http = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	if err := s.cmd.Start(); err != nil {
		l.Fatal(err)
	}
	l.Cleanup(s.kill)
	return s
}

func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_, _ = s.wait()
}

// wait returns how the process ended.
func (s *server) wait() (code int, errs string) {
	_ = s.cmd.Wait()
	s.http.CloseIdleConnections()
	return s.cmd.ProcessState.ExitCode(), s.errs.String()
}

// send makes one request and returns its status, 0 if there was no answer.
func (s *server) send(method, path, body string) (status int, id int64) {
	req, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.Error(err)
		return 0, 0
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.http.Do(req)
	if err != nil {
		return 0, 0
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || s.dark.Load() {
		return 0, 0
	}
	if resp.StatusCode < 300 {
		s.good.Add(1)
	}
	var row struct{ ID int64 }
	if resp.StatusCode < 300 && len(b) > 0 && json.Unmarshal(b, &row) != nil {
		s.Errorf("%s %s = %d %.200s", method, path, resp.StatusCode, b)
	}
	return resp.StatusCode, row.ID
}

// ledger is what clients were told, and so what the file has to hold.
type ledger struct {
	mu    sync.Mutex
	rows  []*entry
	acked atomic.Int64
}

// entry is one result.
type entry struct {
	id      int64
	score   float64 // acknowledged
	pending float64 // sent later and not acknowledged; else equal to score
	sent    bool    // its deletion was sent
	deleted bool    // ... and acknowledged
}

const resultBody = `{"employee": {"employee_id": "E%d"}, "date": "2026-03-%02d 10:00:00", "reporter": "role-profile %d.0", "score": %v, "email_anomaly": 0.5,
	"evidence": [{"description": "what was seen, number %d", "evidence_type": "email", "date_from": "2026-03-01", "date_to": "2026-03-02"}]}`

// post sends a new result.
func (s *server) post(l *ledger, rnd *rand.Rand) int {
	e := &entry{score: float64(rnd.IntN(1000)) / 1000}
	e.pending = e.score
	status, id := s.send("POST", "detectionmodelresult/", fmt.Sprintf(resultBody, rnd.IntN(50), 1+rnd.IntN(28), rnd.IntN(4), e.score, rnd.Int()))
	if status == 201 {
		e.id = id
		l.acked.Add(1)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.rows = append(l.rows, e)
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

// load runs so many clients until stop is called or the server answers no more.
func (s *server) load(l *ledger, clients int) (stop func()) {
	var wg sync.WaitGroup
	var halt atomic.Bool
	for range clients {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(rand.Uint64(), 1))
			mine := ledger{}
			for !halt.Load() {
				if s.post(&mine, rnd) == 0 {
					break
				}
				if n := len(mine.rows); n > 0 && rnd.IntN(10) == 0 {
					if e := mine.rows[rnd.IntN(n)]; !e.sent && e.pending == e.score {
						s.change(&mine, e, rnd)
					}
				}
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			l.rows = append(l.rows, mine.rows...)
			l.acked.Add(mine.acked.Load())
		})
	}
	return func() { halt.Store(true); wg.Wait() }
}

// query reads the file as it lies there, WAL included, without citd.
func (l *lab) query(dest any, q string, args ...any) {
	l.Helper()
	db, err := sql.Open("sqlite", "file:"+l.db+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		l.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(q, args...).Scan(dest); err != nil {
		l.Fatal(err)
	}
}

// lost counts the rows that were acknowledged and are not in the file as they were.
func (l *lab) lost(g *ledger) (n int) {
	l.Helper()
	db, err := sql.Open("sqlite", "file:"+l.db+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		l.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT id, score FROM detectionmodelresult`)
	if err != nil {
		l.Fatal(err)
	}
	defer rows.Close()
	stored := map[int64]float64{}
	for rows.Next() {
		var id int64
		var score float64
		if err := rows.Scan(&id, &score); err != nil {
			l.Fatal(err)
		}
		stored[id] = score
	}
	if err := rows.Err(); err != nil {
		l.Fatal(err)
	}
	for _, e := range g.rows {
		score, ok := stored[e.id]
		if e.deleted && ok || !e.sent && (!ok || score != e.score && score != e.pending) {
			n++
		}
	}
	return n
}
