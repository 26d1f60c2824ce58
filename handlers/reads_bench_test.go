package handlers_test

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// readRoutes are what BenchmarkReads asks for. N is a number that changes from call to call, so that no answer is kept.
var readRoutes = strings.Fields(`
	/data-sub/api/detectionmodelresult/N/
	/data-sub/api/detectionmodelresult/?flag=true&order_by=-score
	/data-sub/api/detectionmodelresult/
	/data-sub/api/detectionmodelresult/?employee=N
	/data-sub/api/detectionmodelresult/?employee__employee_id=EM00N&order_by=-date
	/data-sub/api/detectionmodelresult/?employee__role=Role+7&order_by=-score
	/data-sub/api/detectionmodelresult/?date__gte=LATE&order_by=-score
	/data-sub/api/detectionmodelresult/?reporter=usb-watch+1.0&order_by=-date
	/data-sub/api/detectionmodelresult/?evidence__evidence_type=email
	/data-sub/api/detectionmodelresult/?evidence__evidence_type=email&order_by=-score
	/data-sub/api/detectionmodelresult/?evidence__subject=host1N.example
	/data-sub/api/detectionmodelresult/?order_by=-email_anomaly
	/data-sub/api/detectionmodelresult/?order_by=-file_anomaly
	/data-sub/api/detectionmodelresult/?offset=500N
	/data-sub/api/detectionmodelresult/?offset=900N
	/data-sub/api/detectionmodelresult/?offset=900N&order_by=-score
	/data-sub/api/detectionmodelresult/?reporter__icontains=WATCH
	/data-sub/api/detectionevidence/?description__icontains=KX-64
	/data-sub/api/detectionevidence/?subject=dropleaks.example
	/data-sub/api/employee/?role=Role+7
	/data-sub/api/feedback/?since=10N
	/ /?view=flagged /?view=all /?q=score>0.5 /?q=dept:%22Dept+3%22 /?q=model:usb-watch /?q=dropleaks /?q=nothingatall /?q=EM001 /?ids=N&rows
	/alerts/N /alerts/N?peek /results/N /alerts/N?q=dropleaks
	/people /people?order=change /people?order=open /people?q=EM01 /people.csv /people/N /people/N?results=all
	/heatmap /explore /models /activity /activity?kind=decisions /activity?person=N /settings`)

// BenchmarkReads asks a file that is there, such as one of testdata/million, for each page and the usual lists. "cold-ms"
// is the first answer after the program was started; then each call asks for another row where the address has one. At the
// end it posts, which shows what a post costs beside so many.
func BenchmarkReads(b *testing.B) {
	path := os.Getenv("CITD_BENCH_FILE")
	if path == "" {
		b.Skip("CITD_BENCH_FILE names no file")
	}
	p := &program{bin: built(b), path: path}
	out, err := exec.Command(p.bin, "token", "add", fmt.Sprint("bench ", time.Now().UnixNano()), "--db", path).Output()
	if err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	p.token = strings.Fields(string(out))[0]
	for _, route := range readRoutes {
		var cold time.Duration
		n := 0
		one := func() time.Duration {
			n++
			return p.once(b, strings.ReplaceAll(strings.ReplaceAll(route, "N", fmt.Sprint(100+n*7919%900)), "LATE", time.Now().AddDate(0, 0, -30).Format(time.DateOnly)))
		}
		b.Run(strings.ReplaceAll(route, "/", "_"), func(b *testing.B) {
			if n == 0 {
				p.start(b)
				p.signIn(b)
				cold = one()
			}
			times, cpu := make([]time.Duration, b.N), p.cpu()
			for i := range times {
				times[i] = one()
			}
			b.ReportMetric((p.cpu()-cpu)/1000/float64(b.N), "cpu-ms")
			slices.Sort(times)
			ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
			b.ReportMetric(ms(cold), "cold-ms")
			b.ReportMetric(ms(times[len(times)/2]), "p50-ms")
			b.ReportMetric(ms(times[len(times)*99/100]), "p99-ms")
			b.ReportMetric(p.memory("VmRSS"), "rss-MB")
			b.ReportMetric(0, "ns/op")
		})
		if n > 0 {
			p.stop(b)
		}
	}
	p.start(b)
	defer p.stop(b)
	for _, conns := range []int{1, 64} { // the file keeps what is posted
		b.Run(fmt.Sprintf("post/conns=%d", conns), func(b *testing.B) { p.byTurns(b, conns, math.Inf(1), p.post, nil, nil) })
	}
}

// once asks for a page and waits for all of it.
func (p *program) once(b *testing.B, at string) time.Duration {
	r, err := http.NewRequest("GET", "http://"+p.addr+at, nil)
	if err != nil {
		b.Fatal(err)
	}
	if strings.HasPrefix(at, "/data-sub/") {
		r.SetBasicAuth("bench", p.token)
	}
	began := time.Now()
	answer, err := p.browser.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	took := time.Since(began)
	answer.Body.Close()
	if err != nil || answer.StatusCode != http.StatusOK {
		b.Logf("%s answered %d, %v", at, answer.StatusCode, err)
	}
	return took
}

func (p *program) signIn(b *testing.B) {
	b.Helper()
	jar, _ := cookiejar.New(nil)
	p.browser = &http.Client{Jar: jar}
	r, err := p.browser.PostForm("http://"+p.addr+"/login", url.Values{"name": {"ann"}, "password": {testPassword}})
	if err != nil || r.StatusCode != http.StatusOK || strings.HasPrefix(r.Request.URL.Path, "/login") {
		b.Fatalf("cannot sign in: %v %v", r, err)
	}
	r.Body.Close()
}
