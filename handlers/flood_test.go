package handlers_test

import (
	"fmt"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"citd/handlers"
	"citd/store"
)

// Half-open connections, bodies that never end and guesses keep nobody else out,
// and memory is bounded. The times are told, not judged.
func TestSlowAndFlooding(t *testing.T) {
	s := serveTest(t, handlers.Options{})
	token := s.headerOf(store.Script)
	posted := 0
	good := func(what string, n int) {
		var took []time.Duration
		for range n {
			began := time.Now()
			posted++
			a := s.do(call{method: "POST", path: api + "employee/", header: map[string]string{"Authorization": token, "Content-Type": "application/json"}, body: fmt.Sprintf(`{"employee_id":"E%d"}`, posted)})
			took = append(took, time.Since(began))
			if a.StatusCode != 201 {
				t.Fatalf("%s: a good client's post = %d %s", what, a.StatusCode, a.body)
			}
		}
		slices.Sort(took)
		t.Logf("%s: a good client's posts: median %v, p99 %v", what, took[n/2], took[n*99/100])
	}
	good("alone", 200)
	for i := range 500 {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		head := "POST " + api + "employee/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
		if i%2 == 0 { // a head that ends, and a body that does not
			head += "Authorization: " + token + "\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"
		}
		if _, err := c.Write([]byte(head)); err != nil {
			t.Fatal(err)
		}
	}
	good("beside 500 half-open connections", 200)

	stop := make(chan struct{})
	var flood sync.WaitGroup
	answers := make([]map[int]int, 50)
	for i := range answers {
		answers[i] = map[int]int{}
		flood.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				answers[i][s.do(call{path: api, header: map[string]string{"Authorization": basic("alice", "guess")}}).StatusCode]++
			}
		})
	}
	good("beside 50 guessers of passwords", 50)
	close(stop)
	flood.Wait()
	for _, codes := range answers {
		for code := range codes {
			if code != http.StatusUnauthorized && code != http.StatusServiceUnavailable {
				t.Errorf("a guess = %d", code)
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("memory from the system: %d MiB", m.Sys>>20)
	if m.Sys > 512<<20 { // this process is the clients, too
		t.Errorf("%d MiB taken from the system; want 512 at most", m.Sys>>20)
	}
}
