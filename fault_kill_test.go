package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"citd/store"
)

// kill -9 at any moment: what was acknowledged is stored, and the file is whole.
func TestFaultKill(t *testing.T) {
	t.Parallel()
	l := newLab(t, builds.plain, t.TempDir())
	g, kills, acked, want, most := &ledger{}, 0, int64(0), int64(often(1, 1_000_000)), 150*time.Millisecond
	if want > 1 {
		most = 700 * time.Millisecond
	}
	for last := often(50, 1000); kills < last || acked < want; kills++ {
		if kills%10 == 9 { // while it starts, on what the last kill left
			s := l.launch()
			time.Sleep(rand.N(60 * time.Millisecond))
			s.kill()
		}
		s := l.serve()
		stop := s.load(g, 16)
		time.Sleep(rand.N(most))
		if kills%25 == 0 { // about when the WAL is brought into the file
			stop()
			time.Sleep(900*time.Millisecond + rand.N(200*time.Millisecond))
		}
		s.kill()
		stop()
		if n := l.lost(g); n > 0 {
			t.Fatalf("kill %d: %d of %d are lost", kills, n, g.acked.Load())
		}
		if want > 1 || kills%10 == 0 {
			l.whole()
		}
		if kills == last-1 || g.acked.Load() > 5000 {
			acked += g.acked.Load()
			g = &ledger{}
			l.fresh()
		}
	}
	t.Logf("%d kills, %d acknowledgements, none lost", kills, acked)
}

// SIGTERM under load: every request that was taken is answered and stored, the
// process ends with 0, and the one file is all there is.
func TestFaultTerm(t *testing.T) {
	t.Parallel()
	l := newLab(t, builds.plain, t.TempDir())
	before, terms := 0, often(10, 200)
	var g ledger
	for term := range terms {
		s := l.serve()
		s.http.Transport = oneRequestEach() // an idle connection may be closed at any time; a request in work may not
		stop := s.load(&g, 8)
		time.Sleep(rand.N(200 * time.Millisecond))
		if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		code, errs := s.wait()
		stop()
		if code != 0 || time.Since(began) > 10*time.Second {
			t.Fatalf("term %d: ended with %d after %v: %.2000s", term, code, time.Since(began), errs)
		}
		for _, end := range []string{"-wal", "-shm", "-journal"} {
			if _, err := os.Lstat(l.db + end); err == nil {
				t.Fatalf("term %d: %s is left", term, end)
			}
		}
		if n := l.lost(&g); n > 0 {
			t.Fatalf("term %d: %d of %d rows are lost", term, n, len(g.rows))
		}
		stored := 0
		l.query(&stored, `SELECT max(coalesce((SELECT max(id) FROM detectionmodelresult), 0), coalesce((SELECT max(id) FROM gone WHERE name = 'detectionmodelresult'), 0))`) // deleted ones included
		if n := g.stored(); n != stored {
			t.Fatalf("term %d: %d rows were stored, %d answered", term, stored, n)
		}
		before = stored
	}
	l.whole()
	t.Logf("%d stops, %d rows stored and answered", terms, before)
}

// Good and bad requests side by side: a bad one stores nothing, and takes no
// good one with it.
func TestFaultMixed(t *testing.T) {
	t.Parallel()
	l := newLab(t, builds.plain, t.TempDir())
	s := l.serve()
	bad := []string{
		`{"employee": {"employee_id": "B%d"}, "date": "2026-03-01", "score": "high"}`,
		`{"employee": {"employee_id": "B%d"}, "date": "yesterday", "score": 0.5}`,
		`{"employee": {"employee_id": "B%d"}, "date": "2026-03-01", "score": 0.5, "evidence": ["/data-sub/api/detectionevidence/999999999/"]}`,
		`{"employee": {"employee_id": "B%d"}, "date": "2026-03-01", "score": 0.5, "evidence": [{"description": "no dates"}]}`,
		`{"employee": "/data-sub/api/employee/%d99999999/", "date": "2026-03-01", "score": 0.5, "evidence": [{"description": "x", "date_from": "2026-03-01", "date_to": "2026-03-01"}]}`,
		`{"employee": {"employee_id": "B%d"}, "date": "2026-03-01", "score": 0.5`,
	}
	var g ledger
	var next, refused atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(rand.Uint64(), 2))
			for next.Add(1) <= int64(often(1500, 10_000)) {
				if rnd.IntN(2) == 0 {
					if status := s.post(&g, rnd); status != 201 {
						t.Errorf("a good request = %d", status)
					}
					continue
				}
				status, _ := s.send("POST", "detectionmodelresult/", fmt.Sprintf(bad[rnd.IntN(len(bad))], rnd.IntN(1000)))
				if status != 400 {
					t.Errorf("a bad request = %d", status)
				}
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	for what, want := range map[string]int{"detectionmodelresult": len(g.rows), "detectionevidence": len(g.rows), "employee WHERE employee_id LIKE 'B%'": 0} {
		var n int
		if l.query(&n, "SELECT count(*) FROM "+what); n != want {
			t.Errorf("%d rows of %s; want %d", n, what, want)
		}
	}
	l.whole()
	t.Logf("%d stored, %d refused", len(g.rows), refused.Load())
}

// Two starts at once: one serves, the other ends within moments and names the
// first. A kill -9 frees the file.
func TestFaultDoubleStart(t *testing.T) {
	t.Parallel()
	l := newLab(t, builds.plain, t.TempDir())
	for round := range often(6, 100) {
		one, two := l.launch(), l.launch()
		ended := make(chan *server, 2)
		for _, s := range []*server{one, two} {
			go func() { _ = s.cmd.Wait(); ended <- s }()
		}
		var loser *server
		select {
		case loser = <-ended:
		case <-time.After(20 * time.Second):
			t.Fatal("both serve")
		}
		winner := one
		if loser == one {
			winner = two
		}
		if code := loser.cmd.ProcessState.ExitCode(); code != 75 || !strings.Contains(loser.errs.String(), fmt.Sprint("pid ", winner.cmd.Process.Pid)) {
			t.Fatalf("round %d: the second ended with %d: %s", round, code, &loser.errs)
		}
		for began := time.Now(); store.ServedBy(l.db).Addr == ""; time.Sleep(time.Millisecond) {
			if time.Since(began) > 10*time.Second {
				t.Fatal("the first does not serve")
			}
		}
		_ = winner.cmd.Process.Kill()
		<-ended
		if code := winner.cmd.ProcessState.ExitCode(); code != -1 {
			t.Fatalf("round %d: the first had ended with %d: %s", round, code, &winner.errs)
		}
	}
}

// The file is moved, replaced or deleted under a server with clients: none is
// told that anything was stored from then on, and the process ends with 74.
func TestFaultMoved(t *testing.T) {
	t.Parallel()
	for name, move := range map[string]func(l *lab) error{
		"deleted":  func(l *lab) error { return os.Remove(l.db) },
		"moved":    func(l *lab) error { return os.Rename(l.db, l.db+".old") },
		"replaced": func(l *lab) error { return os.Rename(l.db+".atstart", l.db) },
		"an older copy of it copied over": func(l *lab) error {
			b, err := os.ReadFile(l.db + ".atstart")
			if err != nil {
				return err
			}
			return os.WriteFile(l.db, b, 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, builds.plain, t.TempDir())
			s := l.serve()
			b, err := os.ReadFile(l.db)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(l.db+".atstart", b, 0o600); err != nil {
				t.Fatal(err)
			}
			var before, after ledger
			stop := s.load(&before, 8)
			time.Sleep(100 * time.Millisecond)
			stop()
			for range 300 { // until the WAL is brought into the file, which makes the copy an old one
				if st, err := os.Stat(l.db + "-wal"); err == nil && st.Size() == 0 {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			stop = s.load(&before, 8)
			time.Sleep(20 * time.Millisecond)
			stop()
			if err := move(l); err != nil {
				t.Fatal(err)
			}
			stop = s.load(&after, 8)
			code, errs := s.wait()
			stop()
			if code != 74 || !strings.Contains(errs, "while it was in use") {
				t.Errorf("ended with %d: %.3000s", code, errs)
			}
			if n := after.acked.Load(); n > 0 {
				t.Errorf("%d changes were acknowledged into nowhere", n)
			}
		})
	}
}

// oneRequestEach opens a connection for each request.
func oneRequestEach() http.RoundTripper { return &http.Transport{DisableKeepAlives: true} }

// Commands that write beside a server leave its WAL alone, whatever the server
// has looked at in between: else rows would go into a file without a name.
func TestFaultCommandsBeside(t *testing.T) {
	t.Parallel()
	l := newLab(t, builds.plain, t.TempDir())
	s := l.serve()
	var g ledger
	for i := range often(3, 30) {
		stop := s.load(&g, 8)
		time.Sleep(rand.N(300 * time.Millisecond))
		if code, out := l.call("token", "add", fmt.Sprint("t", i)); code != 0 {
			t.Fatalf("token add = %d %s", code, out)
		}
		stop()
		time.Sleep(rand.N(1500 * time.Millisecond)) // at times the WAL is emptied meanwhile
		if code, out := l.call("token", "list"); code != 0 || !strings.Contains(out, fmt.Sprint("t", i)) {
			t.Fatalf("token list = %d %s", code, out)
		}
		if _, err := os.Lstat(l.db + "-wal"); err != nil {
			t.Fatalf("the WAL is gone: %v", err)
		}
	}
	s.kill()
	if n := l.lost(&g); n > 0 {
		t.Errorf("%d rows are lost", n)
	}
	if strings.Contains(s.errs.String(), "while it was in use") {
		t.Error("the server took a command for a thief")
	}
	l.whole()
}
