package handlers_test

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
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
// with a token. "limit" is what this machine could do at most, taken in the same run, and of-limit how much of it was
// reached. CITD_BENCH_POCKETBASE may name PocketBase's program, which then does the same by turns. See docs/PERFORMANCE.md.
func BenchmarkServer(b *testing.B) {
	p := startProgram(b)
	other := startPeer(b)
	b.Run("limit=fsync", p.fsync)
	for _, rows := range []int{1, 64, 10_000} {
		b.Run(fmt.Sprintf("limit=commit-of-%d", rows), func(b *testing.B) { p.raw(b, rows) })
	}
	b.Run("limit=http", p.noHTTP)
	b.Run("W2-list", func(b *testing.B) { p.list(b, other) })
	for _, conns := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprintf("W1-post/conns=%d", conns), func(b *testing.B) {
			limit := p.limits[64]
			if conns == 1 {
				limit = p.limits[1]
			}
			p.byTurns(b, conns, limit, p.post, other, other.post)
			p.acknowledged.Add(int64(b.N))
			p.complete(b)
		})
	}
	for _, conns := range []int{1, 16} {
		b.Run(fmt.Sprintf("W3-detail/conns=%d", conns), func(b *testing.B) { p.byTurns(b, conns, p.limits[0], p.detail, other, other.detail) })
		b.Run(fmt.Sprintf("W3-list/conns=%d", conns), func(b *testing.B) { p.byTurns(b, conns, p.limits[0], p.top, other, other.top) })
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
	listed          []float64       // what list measured: rows/s, CPU a row, peak, and PocketBase's rows/s
	limits          map[int]float64 // rows/s in commits of so many; 0: requests/s
}

func startProgram(b *testing.B) *program {
	b.Helper()
	file, tokens := prepared()
	dir := b.TempDir()
	p := &program{bin: built(b), path: filepath.Join(dir, "citd.db"), token: tokens[store.Script], limits: map[int]float64{}}
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

// built makes the program as it is given away: without C, even where a compiler for it is there.
func built(b *testing.B) string {
	b.Helper()
	bin := filepath.Join(b.TempDir(), "citd")
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", bin, "citd")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return bin
}

var served = regexp.MustCompile(`address +http://(\S+)`)

func (p *program) start(b *testing.B) {
	b.Helper()
	p.cmd = benched(p.bin, "serve", "--db", p.path, "--addr", "127.0.0.1:0")
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

func (p *program) cpu() float64 { return cpuOf(p.cmd) }

// cpuOf is what a program has used so far, in microseconds; 0 where there is no /proc.
func cpuOf(cmd *exec.Cmd) float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
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

const turns = 5

// byTurns does b.N requests in several turns, and as many of a peer, if there is one, after each. It reports the median
// and the ends of the turns' rates, the median of their ratios, and the ratio of the processor's time, which depends
// less on what else the machine does.
func (p *program) byTurns(b *testing.B, conns int, limit float64, one func(*conn) (int, error), other *peer, theirs func(*conn) (int, error)) {
	var times []time.Duration
	var rates, ratios []float64
	cpu, theirCPU, theirN := 0.0, 0.0, 0
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.cmd.Process.Pid), []byte("5"), 0) // begins VmHWM anew
	b.StopTimer()
	b.ResetTimer()
	for at, left := 0, b.N; left > 0; at++ {
		n := (left + max(turns-at, 1) - 1) / max(turns-at, 1)
		left -= n
		was, began := p.cpu(), b.Elapsed()
		times = append(times, drive(b, p.dial, n, conns, one)...)
		cpu += p.cpu() - was
		rates = append(rates, float64(n)/(b.Elapsed()-began).Seconds())
		if n = min(n, 1000); other != nil && b.N >= 100 {
			was, began = cpuOf(other.cmd), b.Elapsed()
			drive(b, dialPeer, n, conns, theirs)
			theirCPU, theirN = theirCPU+cpuOf(other.cmd)-was, theirN+n
			ratios = append(ratios, rates[at]/(float64(n)/(b.Elapsed()-began).Seconds()))
		}
	}
	slices.Sort(times)
	slices.Sort(rates)
	if b.Failed() {
		return
	}
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(rates[0], "least-req/s")
	b.ReportMetric(rates[len(rates)/2], "req/s")
	b.ReportMetric(rates[len(rates)-1], "most-req/s")
	b.ReportMetric(rates[len(rates)/2]/limit, "of-limit")
	b.ReportMetric(cpu/float64(b.N), "cpu-us/req")
	b.ReportMetric(p.memory("VmHWM"), "peak-MB")
	if slices.Sort(ratios); len(ratios) > 0 {
		b.ReportMetric(ratios[len(ratios)/2], "x-pocketbase")
		b.ReportMetric(theirCPU/float64(theirN)/(cpu/float64(b.N)), "x-pocketbase-cpu")
	}
	b.ReportMetric(0, "ns/op") // its clock runs for both
}

func (p *program) dial() (*conn, error) { return dial(p.addr, p.token) }

func (p *program) post(c *conn) (int, error) {
	return c.do("POST", "/data-sub/api/detectionmodelresult/", benchBody(fmt.Sprintf(`"/data-sub/api/employee/%d/"`, 1+rand.IntN(benchPeople))))
}

func (p *program) detail(c *conn) (int, error) {
	return c.do("GET", fmt.Sprintf("/data-sub/api/detectionmodelresult/%d/", 1+rand.IntN(benchRows())), "")
}

func (p *program) top(c *conn) (int, error) { return c.do("GET", benchList, "") }

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
func (p *program) list(b *testing.B, other *peer) {
	if p.acknowledged.Load() == 0 {
		cpu, began := p.cpu(), time.Now()
		p.patch(b, "detectionmodelresult", benchRows(), func(int) string {
			return benchBody(fmt.Sprintf(`{"employee_id": "E%d"}`, rand.IntN(benchPeople)))
		})
		p.acknowledged.Add(int64(benchRows()))
		p.listed = []float64{float64(benchRows()) / time.Since(began).Seconds(), (p.cpu() - cpu) / float64(benchRows()), p.memory("VmHWM"), other.list(b)}
	}
	b.ReportMetric(p.listed[0], "rows/s")
	b.ReportMetric(p.listed[0]/p.limits[10_000], "of-limit")
	b.ReportMetric(p.listed[1], "cpu-us/row")
	b.ReportMetric(p.listed[2], "peak-MB")
	if p.listed[3] > 0 {
		b.ReportMetric(p.listed[0]/p.listed[3], "x-pocketbase")
	}
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
