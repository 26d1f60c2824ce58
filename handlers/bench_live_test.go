package handlers_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkLive measures what an open page sees of a post, and what open pages cost those who post. Run it with
// -benchtime 1x; it takes about two minutes besides loading CITD_BENCH_ROWS results.
func BenchmarkLive(b *testing.B) {
	p := startProgram(b)
	p.patch(b, "detectionmodelresult", benchRows(), func(int) string { return benchBody(fmt.Sprintf(`{"employee_id": "E%d"}`, rand.IntN(benchPeople))) })
	b.Run("pill/alone", func(b *testing.B) { p.pill(b, 60, 0) })
	b.Run("pill/200-a-second", func(b *testing.B) { p.pill(b, 2000, 5*time.Millisecond) })
	b.Run("streams", p.streams)
}

// pill posts n results of new people one after the other, and reports the time from each 201 until the pill of an open
// page counts it. every 0: the next is posted when the page has been quiet for longer than events are gathered.
func (p *program) pill(b *testing.B, n int, every time.Duration) {
	t := startTab(b)
	t.open("http://" + p.addr + "/login")
	run[bool](t, fmt.Sprintf(`(() => { const f = document.querySelector('#u').form; f.elements.name.value = 'ann'; f.elements.password.value = %q; f.requestSubmit(); return true })()`, testPassword))
	t.until("signed in", `location.pathname !== '/login'`)
	t.open("http://" + p.addr + "/")
	t.until("live", lamp+` === 'Live'`)
	run[bool](t, `(() => {
		const at = document.querySelector('[data-new]');
		window.told = [];
		new MutationObserver(() => told.push([Date.now(), parseInt(at.textContent.replace(/\D/g, ''))])).observe(at, { childList: true, characterData: true, subtree: true });
		return true;
	})()`)
	c, err := dial(p.addr, p.token)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	posted := make([]int64, n)
	for i, next := 0, time.Now(); i < n; i++ {
		time.Sleep(time.Until(next))
		next = next.Add(every)
		if status, err := c.do("POST", "/data-sub/api/detectionmodelresult/", benchBody(fmt.Sprintf(`{"employee_id": "%s-%d"}`, b.Name(), i))); err != nil || status != http.StatusCreated {
			b.Fatal(status, err)
		}
		posted[i] = time.Now().UnixMilli()
		if every == 0 {
			t.until("told", fmt.Sprintf(`told.at(-1)?.[1] >= %d`, i+1))
			next = time.Now().Add(300 * time.Millisecond)
		}
	}
	t.until("all are told", fmt.Sprintf(`told.at(-1)?.[1] >= %d`, n))
	told := run[[][2]int64](t, `told`)
	took := make([]float64, n)
	for i := range took {
		at := slices.IndexFunc(told, func(x [2]int64) bool { return x[1] > int64(i) })
		took[i] = float64(told[at][0] - posted[i])
	}
	slices.Sort(took)
	b.ReportMetric(took[n/2], "p50-ms")
	b.ReportMetric(took[n*95/100], "p95-ms")
	b.ReportMetric(took[n-1], "max-ms")
	b.ReportMetric(float64(n-1)*1000/float64(posted[n-1]-posted[0]), "posts/s")
}

const (
	manyPages = 500
	livePhase = 12 * time.Second
)

// streams posts as fast as 64 connections can, by turns with no page open and with 500.
func (p *program) streams(b *testing.B) {
	cookie := p.cookie(b)
	var rates [2][]float64
	for range 2 {
		rates[0] = append(rates[0], p.flood(b, livePhase))
		all, told := p.listen(b, cookie, manyPages)
		rates[1] = append(rates[1], p.flood(b, livePhase))
		b.ReportMetric(float64(told.Load())/manyPages, "events/page")
		for _, c := range all {
			c.Close()
		}
	}
	b.ReportMetric((rates[0][0]+rates[0][1])/2, "posts/s-alone")
	b.ReportMetric((rates[1][0]+rates[1][1])/(rates[0][0]+rates[0][1]), "ratio")
	b.ReportMetric(p.memory("VmHWM"), "peak-MB")
}

// flood posts for a while, and returns how many were acknowledged a second.
func (p *program) flood(b *testing.B, lasts time.Duration) float64 {
	var n atomic.Int64
	var wg sync.WaitGroup
	began := time.Now()
	for range 64 {
		wg.Go(func() {
			c, err := dial(p.addr, p.token)
			if err != nil {
				b.Error(err)
				return
			}
			defer c.Close()
			for time.Since(began) < lasts {
				if status, err := c.do("POST", "/data-sub/api/detectionmodelresult/", benchBody(fmt.Sprintf(`"/data-sub/api/employee/%d/"`, 1+rand.IntN(benchPeople)))); err != nil || status != http.StatusCreated {
					b.Error(status, err)
					return
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	return float64(n.Load()) / time.Since(began).Seconds()
}

// listen opens pages' streams. It returns when each was told its first event, and counts events as they are read.
func (p *program) listen(b *testing.B, cookie string, n int) (all []net.Conn, told *atomic.Int64) {
	told = &atomic.Int64{}
	var first sync.WaitGroup
	for range n {
		c, err := net.Dial("tcp", p.addr)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, c)
		fmt.Fprintf(c, "GET /events HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\n\r\n", p.addr, cookie)
		first.Go(func() {
			buf := make([]byte, 4<<10)
			k, err := c.Read(buf)
			if err != nil || !bytes.HasPrefix(buf[:k], []byte("HTTP/1.1 200")) {
				b.Errorf("stream: %s %v", buf[:k], err)
			}
			go func() {
				for k, err = c.Read(buf); err == nil; k, err = c.Read(buf) {
					told.Add(int64(bytes.Count(buf[:k], []byte("event: counts"))))
				}
			}()
		})
	}
	first.Wait()
	return all, told
}

func (p *program) cookie(b *testing.B) string {
	jar, _ := cookiejar.New(nil)
	res, err := (&http.Client{Jar: jar}).PostForm("http://"+p.addr+"/login", url.Values{"name": {"ann"}, "password": {testPassword}})
	if err != nil {
		b.Fatal(err)
	}
	res.Body.Close()
	all := jar.Cookies(res.Request.URL)
	if len(all) != 1 {
		b.Fatalf("signed in with %v", all)
	}
	return all[0].String()
}
