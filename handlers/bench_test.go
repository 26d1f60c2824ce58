package handlers_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"citd/store"
)

// benchPeople is how many employees the benchmark's file has; benchRows (CITD_BENCH_ROWS) how many results before W1.
const benchPeople = 10_000

func benchRows() int {
	n, _ := strconv.Atoi(os.Getenv("CITD_BENCH_ROWS"))
	return cmp.Or(n, 20_000)
}

// BenchmarkServer measures citd as it is used: the real program in a process of its own, over HTTP on a loopback port,
// with a token. "limit" is what this machine could do at most, taken in the same run; docs/PERFORMANCE.md reads the rest.
func BenchmarkServer(b *testing.B) {
	p := startProgram(b)
	b.Run("limit=fsync", p.fsync)
	b.Run("limit=commit", func(b *testing.B) { p.raw(b, 1) })
	b.Run("limit=commit-of-64", func(b *testing.B) { p.raw(b, 64) })
	b.Run("limit=http", func(b *testing.B) { noHTTP(b) })
	b.Run("W2-list", p.list)
	for _, conns := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprintf("W1-post/conns=%d", conns), func(b *testing.B) { p.post(b, conns) })
	}
	for _, conns := range []int{1, 16} {
		b.Run(fmt.Sprintf("W3-detail/conns=%d", conns), func(b *testing.B) {
			p.get(b, conns, func() string {
				return fmt.Sprintf("/data-sub/api/detectionmodelresult/%d/", 1+rand.IntN(benchRows()))
			})
		})
		b.Run(fmt.Sprintf("W3-list-warm/conns=%d", conns), func(b *testing.B) { p.get(b, conns, func() string { return benchList }) })
	}
	b.Run("W3-list-cold", p.cold)
	for _, page := range []string{"/", "/alerts/1", "/people", "/people/1", "/models", "/activity", "/explore"} {
		b.Run("W4-page"+strings.ReplaceAll(page, "/", "_"), func(b *testing.B) { p.page(b, page) })
	}
	b.Run("W5-start", p.restart)
}

const benchList = "/data-sub/api/detectionmodelresult/?flag=true&order_by=-score&limit=20"

// program is a running citd.
type program struct {
	bin, path, addr string
	cmd             *exec.Cmd
	token           string
	acknowledged    atomic.Int64
	browser         *http.Client
	listed          [3]float64 // what list measured
}

func startProgram(b *testing.B) *program {
	b.Helper()
	file, tokens := prepared()
	dir := b.TempDir()
	p := &program{bin: filepath.Join(dir, "citd"), path: filepath.Join(dir, "citd.db"), token: tokens[store.Script]}
	if out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", p.bin, "citd").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	if err := os.WriteFile(p.path, file, 0o600); err != nil {
		b.Fatal(err)
	}
	p.start(b)
	b.Cleanup(func() { p.stop(b) })
	p.patch(b, "employee", benchPeople, func(i int) string {
		return fmt.Sprintf(`{"employee_id":"E%d","role":"Role %d","department":"D%d"}`, i, i%20, i%9)
	})
	jar, _ := cookiejar.New(nil)
	p.browser = &http.Client{Jar: jar}
	r, err := p.browser.PostForm("http://"+p.addr+"/login", url.Values{"name": {"ann"}, "password": {testPassword}})
	if err != nil || r.StatusCode != http.StatusOK || strings.HasPrefix(r.Request.URL.Path, "/login") {
		b.Fatalf("cannot sign in: %v %v", r, err)
	}
	r.Body.Close()
	return p
}

var served = regexp.MustCompile(`address +http://(\S+)`)

func (p *program) start(b *testing.B) {
	b.Helper()
	p.cmd = exec.Command(p.bin, "serve", "--db", p.path, "--addr", "127.0.0.1:0")
	p.cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Dir(p.path))
	out, err := p.cmd.StderrPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	said := bufio.NewReader(out)
	for p.addr = ""; p.addr == ""; {
		line, err := said.ReadString('\n')
		if err != nil {
			b.Fatal("citd did not start: ", line, err)
		}
		if m := served.FindStringSubmatch(line); m != nil {
			p.addr = m[1]
		}
	}
	go io.Copy(io.Discard, said)
}

func (p *program) stop(b *testing.B) {
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		b.Error(err)
	}
	_ = p.cmd.Wait()
}

// cpu is what the program has used so far, in microseconds; 0 where there is no /proc.
func (p *program) cpu() float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(f[11], 64)
	system, _ := strconv.ParseFloat(f[12], 64)
	return (user + system) * 10_000
}

// memory is the program's, in MB: VmRSS now, VmHWM at its highest.
func (p *program) memory(which string) float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	_, rest, _ := strings.Cut(string(text), which+":")
	f := strings.Fields(rest)
	if len(f) == 0 {
		return 0
	}
	kb, _ := strconv.ParseFloat(f[0], 64)
	return kb / 1024
}

// conn sends requests on one connection with little work of its own, so that the program has the processor.
type conn struct {
	net.Conn
	in   *bufio.Reader
	head string
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
	return &conn{c, bufio.NewReader(c), "Host: 127.0.0.1\r\n" + login}, nil
}

func (c *conn) do(method, path, body string) (status int, err error) {
	_, err = fmt.Fprintf(c, "%s %s HTTP/1.1\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", method, path, c.head, len(body), body)
	if err != nil {
		return 0, err
	}
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, r.Body)
	return r.StatusCode, err
}

// load does b.N requests on so many connections and reports their rate and times.
func load(b *testing.B, addr, token string, conns int, one func(*conn) (int, error), want int) {
	b.Helper()
	all := make([]*conn, min(conns, b.N))
	for i := range all {
		c, err := dial(addr, token)
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		all[i] = c
	}
	took := make([][]time.Duration, len(all))
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	b.ResetTimer()
	for i, c := range all {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				began := time.Now()
				if status, err := one(c); err != nil || status != want {
					b.Errorf("answered %d, %v; want %d", status, err, want)
					return
				}
				took[i] = append(took[i], time.Since(began))
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	times := slices.Concat(took...)
	slices.Sort(times)
	if len(times) > 0 {
		b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "p50-ms")
		b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "p99-ms")
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}

// measured runs fn and reports what the program used for each of n.
func (p *program) measured(b *testing.B, n int, unit string, fn func()) {
	cpu := p.cpu()
	fn()
	b.ReportMetric((p.cpu()-cpu)/float64(n), "cpu-us/"+unit)
	b.ReportMetric(p.memory("VmHWM"), "peak-MB")
}

func (p *program) post(b *testing.B, conns int) {
	p.measured(b, b.N, "req", func() {
		load(b, p.addr, p.token, conns, func(c *conn) (int, error) {
			return c.do("POST", "/data-sub/api/detectionmodelresult/", benchBody(fmt.Sprintf(`"/data-sub/api/employee/%d/"`, 1+rand.IntN(benchPeople))))
		}, http.StatusCreated)
	})
	p.acknowledged.Add(int64(b.N))
	p.complete(b)
}

// complete checks that every row that was acknowledged is there.
func (p *program) complete(b *testing.B) {
	b.Helper()
	r, _ := http.NewRequest("GET", "http://"+p.addr+"/data-sub/api/detectionmodelresult/?limit=1", nil)
	r.SetBasicAuth("bench", p.token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	var list struct {
		Meta struct {
			Total int64 `json:"total_count"`
		} `json:"meta"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil || list.Meta.Total != p.acknowledged.Load() {
		b.Errorf("%d rows are there, %v; %d were acknowledged", list.Meta.Total, err, p.acknowledged.Load())
	}
}

// list stores benchRows results, once, by lists of at most 100,000.
func (p *program) list(b *testing.B) {
	if p.acknowledged.Load() == 0 {
		cpu, began := p.cpu(), time.Now()
		p.patch(b, "detectionmodelresult", benchRows(), func(int) string {
			return benchBody(fmt.Sprintf(`{"employee_id": "E%d"}`, rand.IntN(benchPeople)))
		})
		p.acknowledged.Add(int64(benchRows()))
		p.listed = [3]float64{float64(benchRows()) / time.Since(began).Seconds(), (p.cpu() - cpu) / float64(benchRows()), p.memory("VmHWM")}
	}
	b.ReportMetric(p.listed[0], "rows/s")
	b.ReportMetric(p.listed[1], "cpu-us/row")
	b.ReportMetric(p.listed[2], "peak-MB")
	p.complete(b)
}

func (p *program) patch(b *testing.B, resource string, n int, one func(int) string) {
	b.Helper()
	c, err := dial(p.addr, p.token)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	for at := 0; at < n; at += 100_000 {
		var body strings.Builder
		for i := at; i < min(n, at+100_000); i++ {
			body.WriteString(one(i) + ",")
		}
		list := `{"objects":[` + strings.TrimSuffix(body.String(), ",") + `]}`
		if status, err := c.do("PATCH", "/data-sub/api/"+resource+"/", list); err != nil || status != http.StatusAccepted {
			b.Fatalf("the list was answered %d, %v", status, err)
		}
	}
}

// benchBody is a result with one nested piece of evidence, about 460 bytes; dates at random over 60 days are the worst
// case for indexes.
func benchBody(employee string) string {
	day := rand.IntN(56)
	return fmt.Sprintf(`{"employee": %s, "date": "2026-%02d-%02d %02d:10:11.123456", "reporter": "role-profile 2.1",`+
		` "flag": "%t", "score": 0.%03d, "email_anomaly": 0.78, "web_anomaly": 0.75, "device_anomaly": 0.23, "login_anomaly": 0.12,`+
		` "evidence": [{"description": "Email activity of the last 5 days to j.marks@example.com, number %d", "evidence_type": "email",`+
		` "date_from": "2026-03-01 09:10:11", "date_to": "2026-03-06 09:10:11", "subject": "j.marks@example.com"}]}`,
		employee, 1+day/28, 1+day%28, rand.IntN(24), rand.IntN(20) == 0, rand.IntN(1000), rand.Int32())
}

func (p *program) get(b *testing.B, conns int, path func() string) {
	p.measured(b, b.N, "req", func() {
		load(b, p.addr, p.token, conns, func(c *conn) (int, error) { return c.do("GET", path(), "") }, http.StatusOK)
	})
}

// cold asks for a list and its total after each commit.
func (p *program) cold(b *testing.B) {
	c, err := dial(p.addr, p.token)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	for range b.N {
		b.StopTimer()
		if _, err := c.do("POST", "/data-sub/api/detectionmodelresult/", benchBody(`"/data-sub/api/employee/1/"`)); err != nil {
			b.Fatal(err)
		}
		p.acknowledged.Add(1)
		b.StartTimer()
		if status, err := c.do("GET", benchList, ""); err != nil || status != http.StatusOK {
			b.Fatal(status, err)
		}
	}
}

func (p *program) page(b *testing.B, path string) {
	for range b.N {
		r, err := p.browser.Get("http://" + p.addr + path)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, r.Body)
		r.Body.Close()
		if r.StatusCode != http.StatusOK || r.Request.URL.Path != path {
			b.Skipf("%s answered %d", path, r.StatusCode)
		}
	}
}

// restart measures from the start of the program to its first answer.
func (p *program) restart(b *testing.B) {
	for range b.N {
		b.StopTimer()
		p.stop(b)
		b.StartTimer()
		p.start(b)
		c, err := dial(p.addr, p.token)
		if err != nil {
			b.Fatal(err)
		}
		if status, err := c.do("GET", "/data-sub/api/detectionmodelresult/1/", ""); err != nil || status != http.StatusOK {
			b.Fatal(status, err)
		}
		c.Close()
	}
	b.ReportMetric(p.memory("VmRSS"), "idle-MB")
	st, err := os.Stat(p.bin)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(st.Size())/1e6, "binary-MB")
}

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
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// noHTTP is a server that does nothing, asked by the same client.
func noHTTP(b *testing.B) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })}
	go func() { _ = srv.Serve(ln) }()
	defer srv.Close()
	body := benchBody(`"/data-sub/api/employee/1/"`)
	load(b, ln.Addr().String(), "", 64, func(c *conn) (int, error) { return c.do("POST", "/", body) }, http.StatusOK)
}
