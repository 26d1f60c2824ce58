package handlers_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// contractFiles are the wire contract as cases; testdata/contract/README.md tells their source and format.
var contractFiles = []struct {
	name  string
	count int // a case that is lost or skipped must not pass unseen
}{
	{"cases.jsonl", 344},
	{"more.jsonl", 634},
}

// contractCase is one case: the requests of its setup, the request that it is about, and what should then be the case.
type contractCase struct {
	ID      string      `json:"id"`
	Group   string      `json:"group"`
	Verdict string      `json:"verdict"`
	Why     string      `json:"why"`
	Setup   []request   `json:"setup"`
	Request request     `json:"request"`
	Want    expectation `json:"want"`
	Then    []struct {
		Request request     `json:"request"`
		Want    expectation `json:"want"`
	} `json:"then"`
}

type expectation struct {
	Status     statuses        `json:"status"`
	Headers    map[string]any  `json:"headers"`
	Body       json.RawMessage `json:"body"`
	Text       []string        `json:"text"`
	TextAbsent []string        `json:"text_absent"`
	Empty      bool            `json:"empty"`
	MaxMS      float64         `json:"max_ms"` // not judged: a test that is timed fails on a busy machine
}

// statuses is a number or a list of numbers.
type statuses []int

func (s *statuses) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(raw, []byte("[")) {
		return json.Unmarshal(raw, (*[]int)(s))
	}
	*s = []int{0}
	return json.Unmarshal(raw, &(*s)[0])
}

func TestContract(t *testing.T) {
	t.Parallel()
	startServer(t) // skips all at once while there is none
	for _, file := range contractFiles {
		t.Run(file.name, func(t *testing.T) {
			cases := loadCases(t, file.name)
			var ran atomic.Int32
			t.Cleanup(func() {
				if n := int(ran.Load()); n != file.count && !partial() {
					t.Errorf("%d cases were run, want %d", n, file.count)
				}
			})
			for _, c := range cases {
				t.Run(c.ID, func(t *testing.T) {
					t.Parallel()
					diff := runCase(newClient(startServer(t)), c)
					ran.Add(1)
					for _, d := range diff {
						t.Error(d)
					}
					if len(diff) > 0 {
						t.Logf("%s %s %s [%s] %s", c.Group, c.Request.Method, c.Request.Path, c.Verdict, c.Why)
					}
				})
			}
		})
	}
}

// partial: -run names some of the subtests only.
func partial() bool { return strings.Contains(flag.Lookup("test.run").Value.String(), "/") }

func loadCases(tb testing.TB, name string) []contractCase {
	tb.Helper()
	f, err := os.Open("../testdata/contract/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	var cases []contractCase
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.UseNumber()
		d.DisallowUnknownFields() // a word of the format that is not understood must not be passed over
		var c contractCase
		if err := d.Decode(&c); err != nil {
			tb.Fatalf("%s line %d: %v", name, len(cases)+1, err)
		}
		cases = append(cases, c)
	}
	if err := lines.Err(); err != nil {
		tb.Fatalf("%s after line %d: %v", name, len(cases), err)
	}
	return cases
}

// runCase runs one case against a fresh server and lists what differs.
func runCase(c *client, tc contractCase) []string {
	for i, req := range tc.Setup {
		got, err := c.send(req)
		if err != nil {
			return []string{fmt.Sprintf("setup %d (%s %s): %v", i, req.Method, req.Path, err)}
		}
		if req.Status != 0 && got.status != req.Status || req.Status == 0 && got.status/100 != 2 {
			return []string{fmt.Sprintf("setup %d (%s %s) gave %d %s", i, req.Method, req.Path, got.status, short(string(got.raw)))}
		}
	}
	if tc.Request.Save == "" {
		tc.Request.Save = "it"
	}
	got, err := c.send(tc.Request)
	if err != nil {
		return []string{err.Error()}
	}
	out := check(tc.Want, got, c.names)
	for i, then := range tc.Then {
		at := fmt.Sprintf("then %d (%s %s): ", i, then.Request.Method, then.Request.Path)
		got, err := c.send(then.Request)
		if err != nil {
			return append(out, at+err.Error())
		}
		for _, d := range check(then.Want, got, c.names) {
			out = append(out, at+d)
		}
	}
	return out
}

// check lists how an answer differs from what is wanted.
func check(want expectation, got answer, n names) []string {
	var out []string
	fail := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	text := string(bytes.ToValidUTF8(got.raw, []byte("\uFFFD")))
	if want.Status != nil && !slices.Contains(want.Status, got.status) {
		fail("status: want %v, got %d %s", want.Status, got.status, short(text))
	}
	for _, k := range slices.Sorted(maps.Keys(want.Headers)) {
		w, err := n.fill(want.Headers[k])
		if err != nil {
			fail("header %s: %v", k, err)
			continue
		}
		var value any = absent{}
		if values := got.header.Values(k); len(values) > 0 {
			value = values[len(values)-1]
		}
		out = append(out, match(w, value, "header "+k)...)
	}
	if want.Body != nil {
		w, err := decodeJSON(want.Body)
		if err == nil {
			w, err = n.fill(w)
		}
		switch {
		case err != nil:
			fail("body: %v", err)
		case got.body == nil && w != nil:
			fail("body: not JSON: %s", short(text))
		default:
			out = append(out, match(w, got.body, "body")...)
		}
	}
	out = append(out, checkText(want, text, n)...)
	if want.Empty && len(got.raw) > 0 {
		fail("body: should be empty, is %s", short(text))
	}
	return out
}

func checkText(want expectation, got string, n names) []string {
	var out []string
	for _, part := range slices.Concat(want.Text, want.TextAbsent) {
		s, err := n.str(part)
		if err != nil {
			return append(out, "text: "+err.Error())
		}
		if !strings.Contains(got, s) && slices.Contains(want.Text, part) {
			out = append(out, fmt.Sprintf("text: lacks %q: %s", s, short(got)))
		}
		if strings.Contains(got, s) && slices.Contains(want.TextAbsent, part) {
			out = append(out, fmt.Sprintf("text: holds %q: %s", s, short(got)))
		}
	}
	return out
}
