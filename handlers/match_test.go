package handlers_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
)

type matchTest struct {
	name, want, got string
	ok              bool
}

func (tt matchTest) run(t *testing.T) {
	diff := match(mustJSON(t, tt.want), mustJSON(t, tt.got), "body")
	if ok := len(diff) == 0; ok != tt.ok {
		t.Errorf("match(%s, %s) = %q; want a match: %v", tt.want, tt.got, diff, tt.ok)
	}
}

func TestMatch(t *testing.T) {
	for _, tt := range []matchTest{
		{"object is a subset", `{"a": 1}`, `{"a": 1, "b": 2}`, true},
		{"object lacks a key", `{"a": 1, "c": null}`, `{"a": 1}`, false},
		{"object deep down", `{"a": {"b": "x"}}`, `{"a": {"b": "y"}}`, false},
		{"list item by item", `[1, {"a": 1}]`, `[1, {"a": 1, "b": 2}]`, true},
		{"list is longer", `[1]`, `[1, 2]`, false},
		{"list in another order", `[1, 2]`, `[2, 1]`, false},
		{"null is not absence", `{"a": null}`, `{"a": null}`, true},
		{"null is not empty", `null`, `""`, false},
		{"same number, other spelling", `0.5`, `5e-1`, true},
		{"integer equals float", `1`, `1.0`, true},
		{"integers beyond a float", `9007199254740993`, `9007199254740992`, false},
		{"floats as 64 bits", `0.12345678901234568`, `0.123456789012345678`, true},
		{"true is no 1", `true`, `1`, false},
		{"text is no number", `"1"`, `1`, false},
	} {
		t.Run(tt.name, tt.run)
	}
}

func TestMatchers(t *testing.T) {
	for _, tt := range []matchTest{
		{"$any", `{"a": {"$any": 1}}`, `{"a": null}`, true},
		{"$any of nothing", `{"a": {"$any": 1}}`, `{}`, false},
		{"$type int", `{"$type": "int"}`, `1`, true},
		{"$type int by its text", `{"$type": "int"}`, `1.0`, false},
		{"$type float", `{"$type": "float"}`, `1.0`, true},
		{"$type float by its exponent", `{"$type": "float"}`, `1e3`, true},
		{"$type float by its text", `{"$type": "float"}`, `1`, false},
		{"$type number is no bool", `{"$type": "number"}`, `true`, false},
		{"$type null", `{"$type": "null"}`, `null`, true},
		{"$type object", `{"$type": "object"}`, `[]`, false},
		{"$re anywhere", `{"$re": "b+"}`, `"abbc"`, true},
		{"$re over lines", `{"$re": "a.c"}`, `"a\nc"`, true},
		{"$re of a number", `{"$re": "1"}`, `1`, false},
		{"$len of a text in characters", `{"$len": 2}`, `"äö"`, true},
		{"$len of a list", `{"$len": 2}`, `[1]`, false},
		{"$len of a number", `{"$len": 1}`, `1`, false},
		{"$absent", `{"a": {"$absent": 1}}`, `{}`, true},
		{"$absent but null", `{"a": {"$absent": 1}}`, `{"a": null}`, false},
		{"$has items", `{"$has": ["a", "b"]}`, `["b", "c", "a"]`, true},
		{"$has not all items", `{"$has": ["a", "b"]}`, `["a"]`, false},
		{"$has keys", `{"$has": ["a"]}`, `{"a": null}`, true},
		{"$has parts of a text", `{"$has": ["ab", "bc"]}`, `"abc"`, true},
		{"$has nothing of a number", `{"$has": []}`, `1`, false},
		{"$each", `{"$each": {"a": 1}}`, `[{"a": 1, "b": 2}, {"a": 1}]`, true},
		{"$each but one", `{"$each": {"a": 1}}`, `[{"a": 1}, {"a": 2}]`, false},
		{"$all", `{"$all": [{"$type": "float"}, 0.5]}`, `0.5`, true},
		{"$all but one", `{"$all": [{"$type": "float"}, 0.5]}`, `0.6`, false},
		{"$not", `{"$not": 3}`, `4`, true},
		{"$not but it is", `{"$not": 3}`, `3`, false},
		{"$not of nothing", `{"a": {"$not": 3}}`, `{}`, false},
		{"$keys", `{"$keys": ["b", "a"]}`, `{"a": 1, "b": 2}`, true},
		{"$keys and one more", `{"$keys": ["a"]}`, `{"a": 1, "b": 2}`, false},
		{"$in", `{"$in": [1, {"$type": "string"}]}`, `"x"`, true},
		{"$in none", `{"$in": [1, 2]}`, `3`, false},
		{"$gt", `{"$gt": 2}`, `2.5`, true},
		{"$gt but equal", `{"$gt": 2}`, `2`, false},
		{"$set in any order", `{"$set": [{"a": 1}, {"a": 2}]}`, `[{"a": 2}, {"a": 1}]`, true},
		{"$set and one more", `{"$set": [1]}`, `[1, 2]`, false},
		{"$set with another", `{"$set": [1, 2]}`, `[1, 3]`, false},
	} {
		t.Run(tt.name, tt.run)
	}
}

func mustJSON(tb testing.TB, text string) any {
	tb.Helper()
	v, err := decodeJSON([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func TestPattern(t *testing.T) {
	const next = `^/api/employee/\?(?=(?:.*&)?limit=5(?:&|$))(?=(?:.*&)?offset=5(?:&|$))`
	for _, tt := range []struct {
		pattern, text string
		ok            bool
	}{
		{`(?i)^basic`, "Basic realm=x", true},
		{`^a\d+/$`, "a12/", true},
		{`^a\d+/$`, "a12/b", false},
		{`(?=.*GET)(?=.*PUT)`, "PUT, GET", true},
		{`(?=.*GET)(?=.*PUT)`, "GET, POST", false},
		{`(?=a)(?=ab)`, "xab", true},
		{`(?=a)(?=b)`, "ab", false},
		{next, "/api/employee/?limit=5&offset=5", true},
		{next, "/api/employee/?offset=5&gender=F&limit=5", true},
		{next, "/api/employee/?limit=5&offset=50", false},
		{next, "/api/employee/?limit=5", false},
		{next, "/api/employee/?xlimit=5&offset=5", false},
		{next, "x/api/employee/?limit=5&offset=5", false},
	} {
		p, err := compilePattern(tt.pattern)
		if err != nil {
			t.Error(err)
		} else if p.match(tt.text) != tt.ok {
			t.Errorf("%s on %q: want %v", tt.pattern, tt.text, tt.ok)
		}
	}
	for _, bad := range []string{`(?=a)b`, `(?=a`, `a+(?=b)`, `a(?=b)`, `(?=a(?=b))`, `(?!a)`, `(a)\1`, `(?<=a)b`} {
		if _, err := compilePattern(bad); err == nil {
			t.Errorf("%s was taken, want an error", bad)
		}
	}
}

func TestNames(t *testing.T) {
	n := names{"emp": mustJSON(t, `{"id": 3, "objects": [{"uri": "/e/1/"}], "gone": null}`), "base": "/api/"}
	for _, tt := range []struct{ in, want string }{
		{`"${emp.id}"`, `3`},
		{`"x${emp.id}"`, `"x3"`},
		{`{"a": ["${emp.objects.0.uri}"]}`, `{"a": ["/e/1/"]}`},
		{`"${emp.objects}"`, `[{"uri": "/e/1/"}]`},
		{`"a=${emp.gone}"`, `"a=None"`},
		{`"^\\${base}e"`, `"^\\/api/e"`},
		{`"${unknown.id}"`, `"${unknown.id}"`},
		{`"<${ä*3}>"`, `"<äää>"`},
	} {
		got, err := n.fill(mustJSON(t, tt.in))
		if err != nil || !equal(got, mustJSON(t, tt.want)) {
			t.Errorf("fill(%s) = %s, %v; want %s", tt.in, short(got), err, tt.want)
		}
	}
	for _, bad := range []string{"${emp.nosuch}", "${emp.objects.1.uri}", "${emp.id.x}", "x${emp.objects}"} {
		if got, err := n.fill(bad); err == nil {
			t.Errorf("fill(%s) = %s, want an error", bad, short(got))
		}
	}
}

// TestClient: what a case says goes over the wire as it stands.
func TestClient(t *testing.T) {
	none, evil, text := (*string)(nil), "evil.example", "{"
	basic := "Authorization: Basic dTpw"
	for _, tt := range []struct {
		req         request
		has, hasNot []string
		body        string
	}{
		{request{Method: "FROB", Path: "employee//"}, []string{"FROB /data-sub/api/employee// HTTP/1.1", "Host: ADDR", "Accept: application/json", basic}, []string{"Content-"}, ""},
		{request{Method: "GET", Path: "employee/../employee/?name=a b"}, []string{"GET /data-sub/api/employee/../employee/?name=a%20b HTTP/1.1"}, nil, ""},
		{request{Method: "GET", Path: "/x", Headers: map[string]*string{"Host": &evil, "Accept": none}}, []string{"GET /x ", "Host: evil.example"}, []string{"ADDR", "Accept"}, ""},
		{request{Method: "POST", Path: "", Auth: "none"}, []string{"Content-Length: 0"}, []string{"Content-Type", "Authorization"}, ""},
		{request{Method: "POST", Path: "", Body: &text}, []string{"Content-Length: 1\r\n", "Content-Type: application/json"}, nil, "{"},
		{request{Method: "PUT", Path: "", JSON: []byte(`{"a": "<é👩 ${base}", "n": 1.0}`)}, nil, nil, `{"a":"<\u00e9\ud83d\udc69 /data-sub/api/","n":1.0}`},
		{request{Method: "PUT", Path: "", JSON: []byte(`null`)}, nil, nil, `null`},
	} {
		head, body := overheard(t, tt.req)
		for _, s := range tt.has {
			if !strings.Contains(head, s) {
				t.Errorf("%s %s lacks %q:\n%s", tt.req.Method, tt.req.Path, s, head)
			}
		}
		for _, s := range tt.hasNot {
			if strings.Contains(head, s) {
				t.Errorf("%s %s holds %q:\n%s", tt.req.Method, tt.req.Path, s, head)
			}
		}
		if body != tt.body {
			t.Errorf("%s %s sends the body %q, want %q", tt.req.Method, tt.req.Path, body, tt.body)
		}
	}
}

// overheard sends req to a socket of its own and returns what arrives, the address as ADDR.
func overheard(t *testing.T, req request) (head, body string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			got <- err.Error()
			return
		}
		defer conn.Close()
		var b strings.Builder
		length, r := 0, bufio.NewReader(conn)
		for {
			line, err := r.ReadString('\n')
			b.WriteString(line)
			if n, ok := strings.CutPrefix(line, "Content-Length: "); ok {
				length, _ = strconv.Atoi(strings.TrimSpace(n))
			}
			if err != nil || line == "\r\n" {
				break
			}
		}
		for range length {
			c, _ := r.ReadByte()
			b.WriteByte(c)
		}
		got <- b.String()
		fmt.Fprint(conn, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 299 Fine\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 10\r\n\r\n{\"id\": 10}")
	}()
	c := newClient("http://"+l.Addr().String(), testCreds{User: "u", Password: "p", Token: "t"})
	req.Save = "saved"
	a, err := c.send(req)
	if err != nil {
		t.Fatal(err)
	}
	want := expectation{Status: statuses{299}, Headers: map[string]any{"x-a": "2", "X-B": map[string]any{"$absent": json.Number("1")}}, Body: []byte(`{"id": "${saved.id}"}`), Text: []string{"10"}}
	if diff := check(want, a, c.names); len(diff) > 0 {
		t.Errorf("the answer was read wrongly: %q", diff)
	}
	wrong := expectation{Status: statuses{200}, Headers: map[string]any{"X-B": "1"}, Body: []byte(`{"id": 11}`), Text: []string{"11"}, TextAbsent: []string{"10"}, Empty: true}
	if diff := check(wrong, a, c.names); len(diff) != 6 {
		t.Errorf("an answer that is wrong in six ways passed for %q", diff)
	}
	head, body, _ = strings.Cut(<-got, "\r\n\r\n")
	return strings.ReplaceAll(head, l.Addr().String(), "ADDR") + "\r\n", body
}
