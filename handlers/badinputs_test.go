package handlers_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"citd/handlers"
	"citd/store"
)

const badInputs = 114 // lines of badinputs.jsonl

// badInput is one hostile or broken request; testdata/badinputs/README.md describes the format.
type badInput struct {
	ID      string     `json:"id"`
	Group   string     `json:"group"`
	Why     string     `json:"why"`
	Request badRequest `json:"request"`
	Want    struct {
		StatusIn   []int             `json:"status_in"` // 0: the connection was closed without an answer
		Never      []string          `json:"never"`
		JSONError  bool              `json:"json_error"`
		Names      string            `json:"names"`
		Stored     int               `json:"stored"`
		Deleted    *int              `json:"deleted"`
		HeaderHas  map[string]string `json:"header_has"`
		CSVCell    string            `json:"csv_cell"`
		HalfClose  bool              `json:"half_close"`
		MaxMS      float64           `json:"max_ms"` // not judged, but one of seconds tells an input that waits for a time-out
		MaxRSSMB   float64           `json:"max_rss_mb"`
		Tables     bool              `json:"tables_intact"` // seen by count, as for every input
		NoOutbound bool              `json:"no_outbound"`
		Note       string            `json:"note"`
	} `json:"want"`
}

type badRequest struct {
	Raw           string            `json:"raw_b64"` // all of it, with {{HOST}} and {{AUTH}} to be put in
	Method        string            `json:"method"`
	Path          string            `json:"path"`
	PathGenerator *generator        `json:"path_generator"`
	Headers       map[string]string `json:"headers"`
	Auth          string            `json:"auth"` // good, badpass, nouser, none
	Body          string            `json:"body"`
	BodyB64       string            `json:"body_b64"`
	Generator     *generator        `json:"generator"`
}

// generator makes prefix, count times unit, suffix.
type generator struct {
	Kind   string `json:"kind"`
	Prefix string `json:"prefix"`
	Unit   string `json:"unit"`
	Count  int    `json:"count"`
	Suffix string `json:"suffix"`
}

func (g *generator) text() string {
	if g == nil {
		return ""
	}
	return g.Prefix + strings.Repeat(g.Unit, g.Count) + g.Suffix
}

// TestBadInputs sends all of them to one server, as an attacker would, and looks after each whether it is alive and what it stored.
func TestBadInputs(t *testing.T) {
	t.Parallel()
	log := &lines{}
	s := serveTest(t, handlers.Options{Log: slog.New(slog.NewJSONHandler(log, nil))})
	b := badClient{newClient(s.base, testCreds{User: "alice", Password: s.tokens[store.Script], Token: s.tokens[store.Script]})}
	b.seed(t)
	inputs := loadBadInputs(t)
	var ran atomic.Int32
	t.Cleanup(func() {
		if n := ran.Load(); n != badInputs && !partial() {
			t.Errorf("%d bad inputs were sent, want %d", n, badInputs)
		}
		requests := 0
		for line := range strings.Lines(log.take()) {
			requests++
			if !json.Valid([]byte(line)) || rawControl(line) >= 0 || strings.Contains(line, s.tokens[store.Script]) {
				t.Errorf("in the log: %q", line)
			}
		}
		t.Logf("%d lines of log, each whole", requests)
		if requests < badInputs {
			t.Errorf("%d lines of log for %d inputs", requests, badInputs)
		}
	})
	for _, in := range inputs {
		t.Run(in.ID, func(t *testing.T) {
			if in.Want.MaxMS > 5000 {
				t.Parallel() // those that wait for the server's time-out wait together, at the end
			}
			ran.Add(1)
			if why := b.judge(in); len(why) > 0 {
				t.Errorf("%s\n%s", in.Why, strings.Join(why, "\n"))
			}
		})
	}
}

func loadBadInputs(tb testing.TB) []badInput {
	tb.Helper()
	f, err := os.Open("../testdata/badinputs/badinputs.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	d := json.NewDecoder(bufio.NewReader(f))
	d.DisallowUnknownFields()
	var inputs []badInput
	for {
		var in badInput
		if err := d.Decode(&in); errors.Is(err, io.EOF) {
			return inputs
		} else if err != nil {
			tb.Fatalf("badinputs.jsonl after line %d: %v", len(inputs), err)
		}
		inputs = append(inputs, in)
	}
}

type badClient struct{ *client }

// seed stores employee 1, evidence 1 and result 1, which the inputs refer to.
func (b badClient) seed(tb testing.TB) {
	tb.Helper()
	for path, body := range map[string]string{
		"employee/":          `{"employee_id": "SW001", "name": "Simon Walton", "dateOfBirth": "1982-02-11", "gender": "M"}`,
		"detectionevidence/": `{"description": "d", "evidence_type": "email", "date_from": "2014-09-12 10:00:00", "date_to": "2014-09-17 10:00:00"}`,
	} {
		b.post(tb, path, body)
	}
	b.post(tb, "detectionmodelresult/", `{"employee": "/data-sub/api/employee/1/", "evidence": ["/data-sub/api/detectionevidence/1/"],
		"date": "2014-09-17 10:00:00", "reporter": "m", "flag": "True", "score": 0.54, "email_anomaly": 0.78}`)
}

func (b badClient) post(tb testing.TB, path, body string) {
	tb.Helper()
	got, err := b.send(request{Method: "POST", Path: path, Body: &body})
	if err != nil || got.status != 201 || got.header.Get("Location") != apiPath+path+"1/" {
		tb.Fatalf("seed POST %s = %d %s, %v; want 201 at id 1", path, got.status, got.raw, err)
	}
}

// judge sends one input and lists what is wrong with the answer.
func (b badClient) judge(in badInput) []string {
	var why []string
	fail := func(format string, args ...any) { why = append(why, fmt.Sprintf(format, args...)) }
	before, err := b.count()
	if err != nil {
		return []string{"before: " + err.Error()}
	}
	wire, err := b.badWire(in.Request)
	if err != nil {
		return []string{err.Error()}
	}
	status, got := b.talk(wire, in.Want.HalfClose)
	head, body := parts(got, in.Request.Method)
	if !slices.Contains(in.Want.StatusIn, status) {
		fail("status %d, want one of %v: %s", status, in.Want.StatusIn, short(string(body)))
	}
	for _, s := range append([]string{"goroutine ", "panic"}, in.Want.Never...) {
		if bytes.Contains(got, []byte(s)) {
			fail("the answer holds %q", s)
		}
	}
	if (in.Want.JSONError || in.Want.Names != "") && status/100 == 4 && (!isError(body) || !bytes.Contains(body, []byte(in.Want.Names))) {
		fail("the error does not name %q: %s", in.Want.Names, short(string(body)))
	}
	for k, v := range in.Want.HeaderHas {
		if !strings.Contains(head.Get(k), v) {
			fail("header %s is %q, want %q in it", k, head.Get(k), v)
		}
	}
	allowed := 0
	if status/100 == 2 {
		allowed = in.Want.Stored
	}
	after, err := b.count()
	switch {
	case err != nil:
		fail("after: %v", err)
	case after-before > allowed:
		fail("%d rows were stored, want at most %d", after-before, allowed)
	case in.Want.Deleted != nil && before-after != *in.Want.Deleted:
		fail("%d rows were deleted, want %d", before-after, *in.Want.Deleted)
	}
	if in.Want.CSVCell != "" {
		if csv, err := b.send(request{Method: "GET", Path: "detectionevidence/?format=csv"}); err != nil || !bytes.Contains(csv.raw, []byte(in.Want.CSVCell)) {
			fail("the CSV export lacks the cell %s: %v %s", in.Want.CSVCell, err, short(string(csv.raw)))
		}
	}
	if alive, _ := b.talk([]byte("GET /healthz HTTP/1.1\r\nHost: "+b.addr+"\r\nConnection: close\r\n\r\n"), false); alive <= 0 {
		fail("the server does not answer any more")
	}
	return why
}

// parts is the header and the body of an answer, which may be cut off or none at all.
func parts(got []byte, method string) (http.Header, []byte) {
	a, err := readAnswer(bufio.NewReader(bytes.NewReader(got)), method)
	if err != nil {
		return nil, got
	}
	return a.header, a.raw
}

// isError: {"error": "..."}.
func isError(body []byte) bool {
	var e struct{ Error string }
	return json.Unmarshal(body, &e) == nil && e.Error != ""
}

// count is how many rows the three resources hold.
func (b badClient) count() (int, error) {
	sum := 0
	for _, r := range []string{"employee", "detectionevidence", "detectionmodelresult"} {
		got, err := b.send(request{Method: "GET", Path: r + "/?limit=1"})
		if err != nil {
			return 0, err
		}
		var list struct {
			Meta struct {
				Total *int `json:"total_count"`
			}
		}
		if err := json.Unmarshal(got.raw, &list); err != nil || list.Meta.Total == nil {
			return 0, fmt.Errorf("GET %s/ = %d %s, want a list", r, got.status, short(string(got.raw)))
		}
		sum += *list.Meta.Total
	}
	return sum, nil
}

var statusLine = regexp.MustCompile(`^HTTP/1\.[01] ([0-9]{3})`)

// talk sends bytes and reads until the server closes. Status 0 means that it closed without an answer, -1 that it did neither.
func (b badClient) talk(wire []byte, halfClose bool) (status int, got []byte) {
	conn, err := net.DialTimeout("tcp", b.addr, patience)
	if err != nil {
		return -1, nil
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return -1, nil
	}
	if _, err := conn.Write(wire); err != nil {
		return 0, nil
	}
	if halfClose {
		_ = conn.(*net.TCPConn).CloseWrite()
	}
	got, err = io.ReadAll(conn) // what came before an error is the answer
	if m := statusLine.FindSubmatch(got); m != nil {
		status, _ = strconv.Atoi(string(m[1]))
	} else if errors.Is(err, os.ErrDeadlineExceeded) {
		status = -1
	}
	return status, got
}

func (b badClient) badWire(req badRequest) ([]byte, error) {
	good := "Basic " + b.names["basic"].(string)
	if req.Raw != "" {
		raw, err := base64.StdEncoding.DecodeString(req.Raw)
		return []byte(strings.NewReplacer("{{HOST}}", b.addr, "{{AUTH}}", good).Replace(string(raw))), err
	}
	basic := func(user, password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	}
	header := map[string]string{"Host": b.addr}
	switch req.Auth {
	case "good":
		header["Authorization"] = good
	case "badpass":
		header["Authorization"] = basic(b.names["user"].(string), "wrong")
	case "nouser":
		header["Authorization"] = basic("nosuch", "wrong")
	}
	maps.Copy(header, req.Headers)
	body := []byte(req.Body + req.Generator.text())
	if req.BodyB64 != "" {
		var err error
		if body, err = base64.StdEncoding.DecodeString(req.BodyB64); err != nil {
			return nil, err
		}
	}
	header["Connection"] = "close"
	if len(body) > 0 || slices.Contains([]string{"POST", "PUT", "PATCH"}, req.Method) {
		header["Content-Length"] = strconv.Itoa(len(body))
	}
	var w bytes.Buffer
	fmt.Fprintf(&w, "%s %s%s HTTP/1.1\r\n", req.Method, req.Path, req.PathGenerator.text())
	for _, k := range slices.Sorted(maps.Keys(header)) {
		fmt.Fprintf(&w, "%s: %s\r\n", k, header[k])
	}
	w.WriteString("\r\n")
	w.Write(body)
	return w.Bytes(), nil
}
