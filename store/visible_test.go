package store

import "testing"

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"":                           "",
		"plain, ünïcode 漢\t\r\n":     "plain, ünïcode 漢\t\r\n",
		"\x1b[31mred\x1b[0m":         "␛[31mred␛[0m",
		"\x00\x07\x7f":               "␀␇␡",
		"\u009b31m\u0085":            "\ufffd31m\ufffd",
		"soft\u00a0space and \u202e": "soft\u00a0space and \u202e",
	} {
		if got := Visible(in); got != want {
			t.Errorf("Visible(%q) = %q; want %q", in, got, want)
		}
		if got, want := string(appendString(nil, in)), visibleJSON[in]; want != "" && got != want {
			t.Errorf("appendString(%q) = %s; want %s", in, got, want)
		}
	}
}

var visibleJSON = map[string]string{
	"\x00\x07\x7f":    `"\u0000\u0007\u007f"`,
	"\u009b31m\u0085": `"\u009b31m\u0085"`,
}
