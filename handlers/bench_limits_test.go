package handlers_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// benched is a program whose flushes take as much longer as CITD_BENCH_FLUSH says (2ms): a virtual disk flushes in 0.1 ms,
// that of a workstation in 0.5 to 5. It needs strace, which waits at the end of each flush, and steps aside otherwise.
func benched(bin string, args ...string) *exec.Cmd {
	if slow, _ := time.ParseDuration(os.Getenv("CITD_BENCH_FLUSH")); slow > 0 {
		args = append([]string{
			"-D", "-f", "--seccomp-bpf", "-o", os.DevNull, "-e", "trace=fsync,fdatasync", "-e",
			fmt.Sprintf("inject=fsync,fdatasync:delay_exit=%d", slow.Microseconds()), bin,
		}, args...)
		bin = "strace"
	}
	return exec.Command(bin, args...)
}

// fsync flushes pages of 4 KiB, one by one.
func (p *program) fsync(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "f"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, 4096)
	for i := range b.N {
		if _, err := f.WriteAt(page, int64(i%4000)*4096); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "fsync/s")
}

// raw stores rows of the same tables through the driver alone: no checks, no alerts, no digests.
func (p *program) raw(b *testing.B, perCommit int) {
	file, _ := prepared()
	path := filepath.Join(b.TempDir(), "raw.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		b.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(4000)&_pragma=cache_size(-16384)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	ctx := context.Background()
	c, err := db.Conn(ctx)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	var stmts []*sql.Stmt
	for _, q := range []string{
		`INSERT INTO detectionevidence VALUES (?, 'Email activity of the last 5 days', 'email', 1, 2, 'j.marks@example.com', '', '', '', 0, 4, 5, x'00')`,
		`INSERT INTO detectionmodelresult VALUES (?, ?, ?, 'role-profile 2.1', 0, ?, 0.78, 0.75, 0.23, 0.12, '', '', NULL, NULL, 4, 5, x'00')`,
		`INSERT INTO result_evidence VALUES (?, ?)`, `BEGIN IMMEDIATE`, `COMMIT`,
	} {
		s, err := c.PrepareContext(ctx, q)
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		stmts = append(stmts, s)
	}
	run := func(i int, args ...any) {
		if _, err := stmts[i].Exec(args...); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for i := 0; i < b.N; i += perCommit {
		run(3)
		for id := i + 1; id <= min(i+perCommit, b.N); id++ {
			run(0, id)
			run(1, id, 1+rand.IntN(benchPeople), rand.Int64N(60*24*3600)*1_000_000, float64(rand.IntN(1000))/1000)
			run(2, id, id)
		}
		run(4)
	}
	p.limits[perCommit] = float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(p.limits[perCommit], "rows/s")
}

// noHTTP is a server that does nothing, asked by the same client.
func (p *program) noHTTP(b *testing.B) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })}
	go func() { _ = srv.Serve(ln) }()
	defer srv.Close()
	body := benchBody(`"/data-sub/api/employee/1/"`)
	b.StopTimer()
	b.ResetTimer()
	drive(b, func() (*conn, error) { return dial(ln.Addr().String(), "") }, b.N, 64, func(c *conn) (int, error) { return c.do("POST", "/", body) })
	p.limits[0] = float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(p.limits[0], "req/s")
}

// conn sends requests on one connection with little work of its own, so that the program has the processor.
type conn struct {
	net.Conn
	in   *bufio.Reader
	head string
	out  []byte
}

func dial(addr, token string) (*conn, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	login := ""
	if token != "" {
		login = "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("bench:"+token)) + "\r\n"
	}
	head := " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + login + "Content-Type: application/json\r\nContent-Length: "
	return &conn{Conn: c, in: bufio.NewReader(c), head: head}, nil
}

func (c *conn) do(method, path, body string) (status int, err error) {
	c.out = append(append(append(append(c.out[:0], method...), ' '), path...), c.head...)
	c.out = append(append(strconv.AppendInt(c.out, int64(len(body)), 10), "\r\n\r\n"...), body...)
	if _, err = c.Write(c.out); err != nil {
		return 0, err
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil || len(line) < len("HTTP/1.1 200 \r\n") {
		return 0, fmt.Errorf("answered %q, %w", line, err)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, err
	}
	length, chunked := 0, false
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return 0, err
		}
		name, value, ok := bytes.Cut(line, []byte(": "))
		switch {
		case !ok && chunked:
			_, err = io.Copy(io.Discard, httputil.NewChunkedReader(c.in))
			return status, cmp.Or(err, c.skip(len("\r\n")))
		case !ok:
			return status, c.skip(length)
		case string(name) == "Content-Length":
			length, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		case string(name) == "Transfer-Encoding":
			chunked = true
		}
	}
}

func (c *conn) skip(n int) error {
	_, err := c.in.Discard(n)
	return err
}

// drive sends n requests on so many connections and returns the time that each took.
func drive(b *testing.B, dial func() (*conn, error), n, conns int, one func(*conn) (int, error)) []time.Duration {
	b.Helper()
	all := make([]*conn, min(conns, n))
	for i := range all {
		c, err := dial()
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		all[i] = c
	}
	took := make([][]time.Duration, len(all))
	var left atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	b.StartTimer()
	for i, c := range all {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				began := time.Now()
				if status, err := one(c); err != nil || status/100 != 2 {
					b.Errorf("answered %d, %v", status, err)
					return
				}
				took[i] = append(took[i], time.Since(began))
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	return slices.Concat(took...)
}
