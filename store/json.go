package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Limits of CONTRACT section 14.
const (
	maxDepth = 32
	maxKeys  = 256
)

// Values of one object of a request, and of a list of URIs. A value takes a
// hundred bytes however short it is, so that the size of a body alone bounds nothing.
const (
	maxOfObject = 16 << 10
	maxOfList   = 1 << 20
)

type jsonKind uint8

const (
	jsonNull jsonKind = iota
	jsonBool
	jsonNumber
	jsonString
	jsonArray
	jsonObject
)

// jsonValue is a decoded JSON value. A number keeps its literal text.
type jsonValue struct {
	kind jsonKind
	text string // string: decoded; number: as written; boolean: True or False
	list []jsonValue
	keys []string // object: keys of list
	raw  []byte   // as written; shares the body
}

// get returns the value of a key of an object.
func (v *jsonValue) get(key string) (*jsonValue, bool) {
	for i, k := range v.keys {
		if k == key {
			return &v.list[i], true
		}
	}
	return nil, false
}

// what names the value's kind for an error.
func (v *jsonValue) what() string {
	return [...]string{"null", "a boolean", "a number", "text", "a list", "an object"}[v.kind]
}

// parseJSON decodes one JSON value, stricter than encoding/json: no duplicate
// keys, no invalid UTF-8, no lone surrogates, no NUL, nothing after the value
// (TRUST c13 lists what the standard decoder lets pass).
func parseJSON(body []byte) (jsonValue, error) {
	p := jsonParser{in: body, left: maxOfObject}
	if bytes.HasPrefix(body, []byte("\xef\xbb\xbf")) {
		return jsonValue{}, p.fail("starts with a byte order mark; send UTF-8 without one")
	}
	v, err := p.value(0)
	if err != nil {
		return v, err
	}
	p.space()
	if p.at < len(p.in) {
		return v, p.fail("goes on after its end")
	}
	return v, nil
}

type jsonParser struct {
	in   []byte
	at   int
	left int // values that may still come

	src       io.Reader // what follows in; nil: nothing
	line, col int       // of in[0], from 0
}

// place is the line and column that come next, from 0.
func (p *jsonParser) place() (line, col int) {
	if i := bytes.LastIndexByte(p.in[:p.at], '\n'); i >= 0 {
		return p.line + bytes.Count(p.in[:p.at], []byte("\n")), p.at - i - 1
	}
	return p.line, p.col + p.at
}

const (
	readAhead = 256 << 10 // bytes of a list in memory, unless one object is larger
	nearEnd   = 32        // whoever stopped farther from the end saw all that it looked for
)

// sure runs fn, which reads on from here, and runs it again with more of src if
// it stopped so near the end of what is in memory that it may have been misled.
func (p *jsonParser) sure(fn func() error) error {
	for {
		at := p.at
		err := fn()
		if p.src == nil || len(p.in)-p.at >= nearEnd {
			return err
		}
		p.at = at
		if err := p.more(); err != nil {
			return err
		}
	}
}

// more drops what has been read and reads on. Values share the old bytes, so
// these stay as they are.
func (p *jsonParser) more() error {
	p.line, p.col = p.place()
	rest := p.in[p.at:]
	p.in, p.at = make([]byte, max(readAhead, 2*len(rest))), 0
	n, err := io.ReadFull(p.src, p.in[copy(p.in, rest):])
	p.in = p.in[:len(rest)+n]
	if err != nil {
		p.src = nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// next is peek that reads on.
func (p *jsonParser) next() (c byte, err error) {
	err = p.sure(func() error { c = p.peek(); return nil })
	return c, err
}

// whole is value that reads on, for at most so many values.
func (p *jsonParser) whole(depth, most int) (v jsonValue, err error) {
	err = p.sure(func() (err error) {
		p.left = most
		v, err = p.value(depth)
		return err
	})
	return v, err
}

func (p *jsonParser) fail(format string, args ...any) error {
	line, col := p.place()
	where := fmt.Sprintf(" (line %d, column %d)", line+1, col+1)
	return Errorf(Invalid, "the body is not the JSON that was wanted: it %s%s", fmt.Sprintf(format, args...), where)
}

func (p *jsonParser) space() {
	for p.at < len(p.in) && (p.in[p.at] == ' ' || p.in[p.at] == '\n' || p.in[p.at] == '\r' || p.in[p.at] == '\t') {
		p.at++
	}
}

// peek returns the next byte after white space, or 0 at the end.
func (p *jsonParser) peek() byte {
	p.space()
	if p.at == len(p.in) {
		return 0
	}
	return p.in[p.at]
}

func (p *jsonParser) value(depth int) (v jsonValue, err error) {
	c := p.peek()
	start := p.at
	p.left--
	switch {
	case p.left < 0:
		return v, p.fail("holds too many values for one object")
	case p.at == len(p.in) && start+p.line+p.col == 0:
		return v, p.fail("is empty")
	case p.at == len(p.in):
		return v, p.fail("ends too early")
	case depth > maxDepth:
		return v, p.fail("is nested more than %d deep", maxDepth)
	case c == '{':
		v, err = p.object(depth)
	case c == '[':
		v, err = p.array(depth)
	case c == '"':
		v.kind = jsonString
		v.text, err = p.string()
	case c == '-' || c >= '0' && c <= '9':
		v, err = p.number()
	default:
		v, err = p.word()
	}
	v.raw = p.in[start:p.at]
	return v, err
}

func (p *jsonParser) word() (jsonValue, error) {
	end := p.at
	for end < len(p.in) && end-p.at < 20 && (p.in[end] >= 'a' && p.in[end] <= 'z' || p.in[end] >= 'A' && p.in[end] <= 'Z') {
		end++
	}
	w := string(p.in[p.at:end])
	switch w {
	case "null":
		p.at = end
		return jsonValue{}, nil
	case "true", "false":
		p.at = end
		return jsonValue{kind: jsonBool, text: strings.ToUpper(w[:1]) + w[1:]}, nil
	case "NaN", "Infinity":
		return jsonValue{}, p.fail("holds %s, which is no number that JSON knows; leave the field out or send null", w)
	case "":
		if p.in[p.at] == '\'' {
			return jsonValue{}, p.fail("has single quotes; JSON wants double ones")
		}
		return jsonValue{}, p.fail("has %q where a value should start", p.in[p.at])
	}
	return jsonValue{}, p.fail("has the bare word %s where a value should start", w)
}

func (p *jsonParser) number() (jsonValue, error) {
	start := p.at
	digits := func() bool {
		from := p.at
		for p.at < len(p.in) && p.in[p.at] >= '0' && p.in[p.at] <= '9' {
			p.at++
		}
		return p.at > from
	}
	next := func(set string) bool {
		if p.at < len(p.in) && strings.IndexByte(set, p.in[p.at]) >= 0 {
			p.at++
			return true
		}
		return false
	}
	next("-")
	if bytes.HasPrefix(p.in[p.at:], []byte("Infinity")) {
		return jsonValue{}, p.fail("holds -Infinity, which is no number that JSON knows; leave the field out or send null")
	}
	zero := p.at < len(p.in) && p.in[p.at] == '0'
	from := p.at
	ok := digits() && (!zero || p.at == from+1)
	if ok && next(".") {
		ok = digits()
	}
	if ok && next("eE") {
		next("+-")
		ok = digits()
	}
	if !ok {
		return jsonValue{}, p.fail("has a number that JSON does not know")
	}
	return jsonValue{kind: jsonNumber, text: string(p.in[start:p.at])}, nil
}

func (p *jsonParser) array(depth int) (v jsonValue, err error) {
	v.kind = jsonArray
	p.at++
	if p.peek() == ']' {
		p.at++
		return v, nil
	}
	for {
		item, err := p.value(depth + 1)
		if err != nil {
			return v, err
		}
		v.list = append(v.list, item)
		switch p.peek() {
		case ',':
			p.at++
		case ']':
			p.at++
			return v, nil
		default:
			return v, p.fail("lacks a comma or ] in a list")
		}
	}
}

func (p *jsonParser) object(depth int) (v jsonValue, err error) {
	v.kind = jsonObject
	p.at++
	if p.peek() == '}' {
		p.at++
		return v, nil
	}
	v.keys, v.list = make([]string, 0, 10), make([]jsonValue, 0, 10)
	for {
		if p.peek() != '"' {
			return v, p.fail("wants a key in double quotes here")
		}
		key, err := p.string()
		if err != nil {
			return v, err
		}
		if _, twice := v.get(key); twice {
			return v, p.fail("has the key %s twice in one object", strconv.Quote(key))
		}
		if len(v.keys) == maxKeys {
			return v, p.fail("has an object of more than %d keys", maxKeys)
		}
		if p.peek() != ':' {
			return v, p.fail("lacks a colon after %s", strconv.Quote(key))
		}
		p.at++
		item, err := p.value(depth + 1)
		if err != nil {
			return v, err
		}
		v.keys, v.list = append(v.keys, key), append(v.list, item)
		switch p.peek() {
		case ',':
			p.at++
		case '}':
			p.at++
			return v, nil
		default:
			return v, p.fail("lacks a comma or } in an object")
		}
	}
}
