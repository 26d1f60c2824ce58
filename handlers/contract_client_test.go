package handlers_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

const apiPath = "/data-sub/api/"

// patience bounds one exchange, so that a server that hangs fails its case and not the whole run.
const patience = 20 * time.Second

// request is one request of a case, as testdata/contract/README.md describes it.
type request struct {
	Method  string             `json:"method"`
	Path    string             `json:"path"`
	Headers map[string]*string `json:"headers"` // null takes a header of ours away
	JSON    json.RawMessage    `json:"json"`
	Body    *string            `json:"body"`
	BodyB64 *string            `json:"body_b64"`
	Auth    string             `json:"auth"`
	Save    string             `json:"save"`
	Status  int                `json:"status"`
}

type answer struct {
	status int
	header http.Header
	raw    []byte
	body   any // nil if raw is not JSON
}

// client speaks HTTP over a socket of its own for each request: net/http's client would refuse or tidy up what some cases send.
type client struct {
	addr  string // host:port
	names names
}

func newClient(base string, creds testCreds) *client {
	addr := strings.TrimPrefix(base, "http://")
	basic := base64.StdEncoding.EncodeToString([]byte(creds.User + ":" + creds.Password))
	return &client{addr, names{
		"base": apiPath, "host": addr, "user": creds.User, "password": creds.Password, "apikey": creds.Token, "basic": basic,
	}}
}

// send sends req and keeps the answer's body under the name that req gives.
func (c *client) send(req request) (answer, error) {
	wire, err := c.wire(req)
	if err != nil {
		return answer{}, err
	}
	conn, err := net.DialTimeout("tcp", c.addr, patience)
	if err != nil {
		return answer{}, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return answer{}, err
	}
	// As Python's http.client and requests: all of the request first, then the answer.
	if _, err := conn.Write(wire); err != nil {
		return answer{}, fmt.Errorf("the server closed the connection before it had read the request: %w", err)
	}
	out, err := readAnswer(bufio.NewReader(conn), req.Method)
	if err == nil && req.Save != "" {
		c.names[req.Save] = out.body
	}
	return out, err
}

func readAnswer(r *bufio.Reader, method string) (answer, error) {
	res, err := http.ReadResponse(r, &http.Request{Method: method})
	for err == nil && res.StatusCode == http.StatusContinue {
		res, err = http.ReadResponse(r, &http.Request{Method: method})
	}
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	out := answer{status: res.StatusCode, header: res.Header}
	if out.raw, err = io.ReadAll(res.Body); err != nil {
		return answer{}, err
	}
	out.body, err = decodeJSON(out.raw)
	if err != nil {
		out.body = nil
	}
	return out, nil
}

// wire is the request as bytes.
func (c *client) wire(req request) ([]byte, error) {
	path, err := c.names.str(req.Path)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(path, "/") {
		path = apiPath + path
	}
	body, err := c.body(req)
	if err != nil {
		return nil, err
	}
	header := map[string]string{"Host": c.addr, "Accept": "application/json"}
	if body != nil {
		header["Content-Type"] = "application/json"
	}
	if req.Auth == "" || req.Auth == "default" {
		header["Authorization"] = "Basic " + c.names["basic"].(string)
	}
	for k, v := range req.Headers {
		if v == nil {
			delete(header, k)
		} else if header[k], err = c.names.str(*v); err != nil {
			return nil, err
		}
	}
	if _, given := header["Content-Length"]; !given && (body != nil || slices.Contains([]string{"POST", "PUT", "PATCH"}, req.Method)) {
		header["Content-Length"] = strconv.Itoa(len(body))
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", req.Method, quote(path))
	for _, k := range slices.Sorted(maps.Keys(header)) {
		fmt.Fprintf(&b, "%s: %s\r\n", k, header[k])
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes(), nil
}

// body is nil when the request has none, which is not the same as an empty one.
func (c *client) body(req request) ([]byte, error) {
	switch {
	case req.JSON != nil:
		v, err := decodeJSON(req.JSON)
		if err != nil {
			return nil, err
		}
		if v, err = c.names.fill(v); err != nil {
			return nil, err
		}
		return encodeASCII(v)
	case req.Body != nil:
		s, err := c.names.str(*req.Body)
		return []byte(s), err
	case req.BodyB64 != nil:
		b, err := base64.StdEncoding.DecodeString(*req.BodyB64)
		return append([]byte{}, b...), err
	}
	return nil, nil
}

// encodeASCII writes JSON as Python's json.dumps does: everything beyond ASCII as \u escapes, in pairs of surrogates if need be.
func encodeASCII(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	out := make([]byte, 0, b.Len())
	for _, r := range strings.TrimSuffix(b.String(), "\n") {
		if r < 0x80 {
			out = append(out, byte(r))
			continue
		}
		for _, u := range utf16.Encode([]rune{r}) {
			out = fmt.Appendf(out, `\u%04x`, u)
		}
	}
	return out, nil
}

// quote escapes a path and its query as Python's urllib does with these characters safe.
func quote(s string) string {
	const safe = "/?&=;:,+%~!*'()$@-._[]"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(safe, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
