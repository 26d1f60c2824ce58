package store

import "strings"

// Visible returns text with pictures in the place of control characters, which
// move a terminal's cursor or end a program's line. Line ends and tabs stay.
func Visible(text string) string {
	if !strings.ContainsFunc(text, control) {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case !control(r):
			return r
		case r < ' ':
			return '␀' + r
		case r == 0x7f:
			return '␡'
		}
		return '\ufffd' // 0x80 to 0x9f have no pictures
	}, text)
}

func control(r rune) bool {
	return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r >= 0x7f && r <= 0x9f
}
