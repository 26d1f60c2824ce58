package handlers_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// peer is a running PocketBase, or nil. Its rules are public, so that it checks no login, and evidence is a JSON field:
// both spare it work that citd does.
type peer struct {
	cmd    *exec.Cmd
	token  string // of its administrator
	people []string
	rows   []string
}

const (
	peerAddr  = "127.0.0.1:8098"
	peerRows  = "/api/collections/detectionmodelresult/records"
	peerBatch = 5_000 // rows in a request: it takes 5 MB for them, and 300 MB of memory
)

func dialPeer() (*conn, error) { return dial(peerAddr, "") }

func startPeer(b *testing.B) *peer {
	bin := os.Getenv("CITD_BENCH_POCKETBASE")
	if bin == "" {
		return nil
	}
	if c, err := net.Dial("tcp", peerAddr); err == nil {
		c.Close()
		b.Fatal(peerAddr, " is in use")
	}
	dir := filepath.Join(b.TempDir(), "pb")
	if out, err := exec.Command(bin, "superuser", "upsert", "bench@example.com", "bench-bench", "--dir", dir).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	cmd := benched(bin, "serve", "--http", peerAddr, "--dir", dir)
	cmd.Env = append(os.Environ(), "PBSYNC=FULL")
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for range 200 {
		if r, err := http.Get("http://" + peerAddr + "/api/health"); err == nil {
			r.Body.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	p := &peer{cmd: cmd}
	var auth struct{ Token string }
	p.ask(b, "POST", "/api/collections/_superusers/auth-with-password", `{"identity":"bench@example.com","password":"bench-bench"}`, &auth)
	p.token = auth.Token
	p.ask(b, "PATCH", "/api/settings", `{"batch":{"enabled":true,"maxRequests":10000,"timeout":120,"maxBodySize":33554432}}`, nil)
	for _, c := range []string{
		`"name":"employee","fields":[{"name":"employee_id","type":"text"},{"name":"role","type":"text"},{"name":"department","type":"text"}],
			"indexes":["CREATE UNIQUE INDEX e_id ON employee (employee_id)"]`,
		`"name":"detectionmodelresult","fields":[{"name":"employee","type":"text"},{"name":"date","type":"date"},{"name":"reporter","type":"text"},
			{"name":"flag","type":"bool"},{"name":"score","type":"number"},{"name":"email_anomaly","type":"number"},{"name":"web_anomaly","type":"number"},
			{"name":"device_anomaly","type":"number"},{"name":"login_anomaly","type":"number"},{"name":"evidence","type":"json"}],
			"indexes":["CREATE INDEX r_employee ON detectionmodelresult (employee, date)","CREATE INDEX r_score ON detectionmodelresult (score)",
			"CREATE INDEX r_date ON detectionmodelresult (date)"]`,
	} {
		p.ask(b, "POST", "/api/collections", `{"type":"base","listRule":"","viewRule":"","createRule":"",`+c+`}`, nil)
	}
	p.people = p.batch(b, "employee", benchPeople, func(i int) string {
		return fmt.Sprintf(`{"employee_id":"E%d","role":"Role %d","department":"D%d"}`, i, i%20, i%9)
	})
	return p
}

func (p *peer) ask(b *testing.B, method, path, body string, into any) {
	b.Helper()
	r, _ := http.NewRequest(method, "http://"+peerAddr+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", p.token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode >= 300 {
		b.Fatalf("PocketBase answers %s %s with %d %.300s", method, path, answer.StatusCode, text)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			b.Fatal(err)
		}
	}
}

// batch stores n rows and returns their ids.
func (p *peer) batch(b *testing.B, collection string, n int, one func(int) string) (ids []string) {
	for at := 0; at < n; at += peerBatch {
		var body bytes.Buffer
		for i := at; i < min(n, at+peerBatch); i++ {
			fmt.Fprintf(&body, `,{"method":"POST","url":"/api/collections/%s/records","body":%s}`, collection, one(i))
		}
		var out []struct{ Body struct{ ID string } }
		p.ask(b, "POST", "/api/batch", `{"requests":[`+body.String()[1:]+`]}`, &out)
		for _, o := range out {
			ids = append(ids, o.Body.ID)
		}
	}
	return ids
}

// list stores benchRows rows and returns the rate; 0 without a peer.
func (p *peer) list(b *testing.B) float64 {
	if p == nil {
		return 0
	}
	n, began := benchRows(), time.Now()
	p.rows = p.batch(b, "detectionmodelresult", n, func(int) string { return p.body() })
	return float64(n) / time.Since(began).Seconds()
}

func (p *peer) body() string { return benchBody(`"` + p.people[rand.IntN(len(p.people))] + `"`) }

func (p *peer) post(c *conn) (int, error) { return c.do("POST", peerRows, p.body()) }

func (p *peer) detail(c *conn) (int, error) {
	return c.do("GET", peerRows+"/"+p.rows[rand.IntN(len(p.rows))], "")
}

func (p *peer) top(c *conn) (int, error) {
	return c.do("GET", peerRows+"?filter=(flag=true)&sort=-score&perPage=20&skipTotal=1", "")
}
