package store

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// string reads a string. The common one without escapes is cut out whole.
func (p *jsonParser) string() (string, error) {
	p.at++
	var out []byte // what is before start, where there was an escape
	for start := p.at; p.at < len(p.in); {
		switch c := p.in[p.at]; {
		case c == '"':
			s := p.in[start:p.at]
			if out != nil {
				s = append(out, s...)
			}
			if !utf8.Valid(s) {
				return "", p.fail("is not valid UTF-8")
			}
			p.at++
			return string(s), nil
		case c == '\\':
			out = append(out, p.in[start:p.at]...)
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			out, start = utf8.AppendRune(out, r), p.at
		case c < 0x20:
			return "", p.fail("has a control byte in a string; write it as an escape")
		default:
			p.at++
		}
	}
	return "", p.fail("ends inside a string")
}

func (p *jsonParser) escape() (rune, error) {
	if p.at+1 == len(p.in) {
		return 0, p.fail("ends inside a string")
	}
	c := p.in[p.at+1]
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		p.at += 2
		return rune("\"\\/\b\f\n\r\t"[i]), nil
	}
	if c != 'u' {
		return 0, p.fail("has the unknown escape \\%c", c)
	}
	r, err := p.hex()
	if err != nil {
		return 0, err
	}
	if r >= 0xdc00 && r < 0xe000 {
		return 0, p.fail("has half a surrogate pair")
	}
	if r >= 0xd800 && r < 0xdc00 {
		if p.at+1 >= len(p.in) || p.in[p.at] != '\\' || p.in[p.at+1] != 'u' {
			return 0, p.fail("has half a surrogate pair")
		}
		low, err := p.hex()
		if err != nil {
			return 0, err
		}
		if low < 0xdc00 || low >= 0xe000 {
			return 0, p.fail("has half a surrogate pair")
		}
		r = 0x10000 + (r-0xd800)<<10 + (low - 0xdc00)
	}
	return r, nil
}

// hex reads \uXXXX.
func (p *jsonParser) hex() (rune, error) {
	if p.at+6 > len(p.in) {
		return 0, p.fail("ends inside a string")
	}
	n, err := strconv.ParseUint(string(p.in[p.at+2:p.at+6]), 16, 16)
	if err != nil {
		return 0, p.fail("has a \\u without four hexadecimal digits")
	}
	p.at += 6
	return rune(n), nil
}
