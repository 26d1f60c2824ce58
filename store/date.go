package store

import (
	"errors"
	"time"
)

// What a date must look like, said the same way by every error.
var (
	errInstant = errors.New("must be a time such as 2014-09-17 10:11:12.5 or 2014-09-17T10:11:12Z")
	errDay     = errors.New("must be a date such as 1982-02-11")
	errNoDay   = errors.New("must be a day and time that the calendar has, of the years 1 to 9999")
)

// stamp is a date, and a time of day if one was written.
type stamp struct {
	year, month, day     int
	hour, minute, second int
	micros               int
	zone                 int // seconds east of UTC
}

// ParseInstant reads a date and time in the forms of CONTRACT section 6 and
// returns it in microseconds since 1970, UTC. Finer digits are cut off, a date
// alone is its midnight, and without a zone it is UTC. The error says what is wanted.
func ParseInstant(s string) (int64, error) {
	t, ok := parseStamp(s)
	if !ok {
		return 0, errInstant
	}
	at := time.Date(t.year, time.Month(t.month), t.day, t.hour, t.minute, t.second-t.zone, t.micros*1000, time.UTC)
	if !t.real() || at.Year() < 1 || at.Year() > 9999 {
		return 0, errNoDay
	}
	return at.UnixMicro(), nil
}

// ParseDay reads a date, also one with a month or day of one digit, and returns
// it as YYYY-MM-DD. Of a date and time it keeps the date as it was written.
func ParseDay(s string) (string, error) {
	t, ok := parseStamp(s)
	if !ok {
		return "", errDay
	}
	if !t.real() {
		return "", errNoDay
	}
	return string(appendDigits(append(appendDigits(append(appendDigits(nil, t.year, 4), '-'), t.month, 2), '-'), t.day, 2)), nil
}

// FormatInstant writes microseconds since 1970 as the wire has them: naive UTC
// with six digits of fraction, or none if it is zero.
func FormatInstant(micros int64) string {
	return string(AppendInstant(nil, micros))
}

// AppendInstant appends FormatInstant's text to b.
func AppendInstant(b []byte, micros int64) []byte {
	t := time.UnixMicro(micros).UTC()
	b = t.AppendFormat(b, time.RFC3339) // the layout that package time writes without reading it
	b = b[:len(b)-len("Z")]
	if fraction := t.Nanosecond() / 1000; fraction > 0 {
		b = appendDigits(append(b, '.'), fraction, 6)
	}
	return b
}

// appendDigits appends n, which is not negative, with leading zeros.
func appendDigits(b []byte, n, width int) []byte {
	if width > 1 {
		b = appendDigits(b, n/10, width-1)
	}
	return append(b, byte('0'+n%10))
}

// real reports whether the calendar and the clock have t. A leap second is
// refused, as the clients' own libraries do.
func (t *stamp) real() bool {
	return t.year >= 1 && t.month >= 1 && t.month <= 12 &&
		t.day >= 1 && t.day <= time.Date(t.year, time.Month(t.month)+1, 0, 0, 0, 0, 0, time.UTC).Day() &&
		t.hour < 24 && t.minute < 60 && t.second < 60 && t.zone > -24*3600 && t.zone < 24*3600
}

// parseStamp reads the form only: 2014-02-30 has it, though there is no such day.
func parseStamp(s string) (t stamp, ok bool) {
	c := cursor(s)
	ok = c.number(&t.year, 4, 4) && c.take("-") && c.number(&t.month, 1, 2) && c.take("-") && c.number(&t.day, 1, 2)
	if !ok || c == "" {
		return t, ok
	}
	if !c.take("Tt ") || !c.number(&t.hour, 2, 2) || !c.take(":") || !c.number(&t.minute, 2, 2) {
		return t, false
	}
	if c.take(":") {
		if !c.number(&t.second, 2, 2) || c.take(".") && !c.fraction(&t.micros) {
			return t, false
		}
	}
	return t, c.zone(&t.zone) && c == ""
}

// cursor is the text still to be read.
type cursor string

// take skips one byte if it is among set.
func (c *cursor) take(set string) bool {
	for i := range len(set) {
		if *c != "" && (*c)[0] == set[i] {
			*c = (*c)[1:]
			return true
		}
	}
	return false
}

// number reads at least low and at most high digits.
func (c *cursor) number(n *int, low, high int) bool {
	i, v := 0, 0
	for i < high && i < len(*c) && (*c)[i] >= '0' && (*c)[i] <= '9' {
		v = v*10 + int((*c)[i]-'0')
		i++
	}
	*n, *c = v, (*c)[i:]
	return i >= low
}

// fraction reads 1 to 9 digits and cuts them to microseconds.
func (c *cursor) fraction(micros *int) bool {
	before := len(*c)
	if !c.number(micros, 1, 9) {
		return false
	}
	for n := before - len(*c); n < 6; n++ {
		*micros *= 10
	}
	for n := before - len(*c); n > 6; n-- {
		*micros /= 10
	}
	return true
}

// zone reads Z, +02:00, -0500, +02 or nothing.
func (c *cursor) zone(seconds *int) bool {
	if *c == "" || c.take("Zz") {
		return true
	}
	sign := 1
	if c.take("-") {
		sign = -1
	} else if !c.take("+") {
		return false
	}
	var hours, minutes int
	if !c.number(&hours, 2, 2) || (c.take(":") || *c != "") && !c.number(&minutes, 2, 2) {
		return false
	}
	*seconds = sign * (hours*3600 + minutes*60)
	return minutes < 60
}
