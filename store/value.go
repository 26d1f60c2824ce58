package store

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// read turns the values of a parameter, as they were sent, into those that sql
// binds. The error says what is wanted.
func (o *operator) read(f *Field, sent []string) ([]any, error) {
	last := sent[len(sent)-1]
	switch o.takes {
	case anyValues:
		return f.values(sent)
	case twoValues:
		parts := strings.Split(strings.Join(sent, ","), ",")
		if len(parts) != 2 {
			return nil, fmt.Errorf("must be two values, as in a,b; got %d", len(parts))
		}
		a, err := f.value(strings.TrimSpace(parts[0]))
		if err != nil {
			return nil, err
		}
		b, err := f.value(strings.TrimSpace(parts[1]))
		return []any{a, b}, err
	case aNumber:
		return one(wholeNumber(last))
	case aYear:
		n, err := wholeNumber(last)
		if err == nil && (n < 1 || n > 9999) {
			err = fmt.Errorf("must be a year from 1 to 9999, not %d", n)
		}
		return one(n, err)
	case aDay:
		return one(dayOf(last))
	case trueFalse:
		return one(yesOrNo(last))
	case aPattern:
		return one(pattern(last))
	}
	return one(f.value(last))
}

func one[T any](v T, err error) ([]any, error) { return []any{v}, err }

// values reads lists; an empty parameter adds nothing.
func (f *Field) values(sent []string) (out []any, err error) {
	for _, list := range sent {
		if list == "" {
			continue
		}
		for s := range strings.SplitSeq(list, ",") {
			v, err := f.value(s)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
	}
	return out, nil
}

// value reads one value of the field's type.
func (f *Field) value(s string) (any, error) {
	switch f.Type {
	case String, List:
		return textValue(s)
	case Float:
		x, ok := parseFloat(s)
		if !ok {
			return nil, fmt.Errorf("must be a finite number such as 0.54, not %s", shown(s))
		}
		return x, nil
	case Boolean:
		return yesOrNo(s)
	case Date:
		return dayOf(s)
	case Datetime:
		at, err := ParseInstant(strings.TrimSpace(s))
		return at, orNot(err, s)
	}
	return idValue(ResourceNamed(f.Target), strings.TrimSpace(s))
}

func textValue(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("must be UTF-8")
	}
	if strings.ContainsRune(s, 0) {
		return "", fmt.Errorf("must not hold the character NUL")
	}
	return s, nil
}

// idValue reads an id, or the URI of a row of r.
func idValue(r *Resource, s string) (int64, error) {
	if strings.HasPrefix(s, "/") || strings.HasPrefix(s, "http") {
		return r.parseURI(s)
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("must be an id, a whole number, or a URI such as %s, not %s", r.URI(3), shown(s))
	}
	return n, nil
}

func wholeNumber(s string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("must be a whole number, not %s", shown(s))
	}
	return n, nil
}

// dayOf reads a date alone: cutting off a time of day would move a bound.
func dayOf(s string) (string, error) {
	day, err := ParseDay(strings.TrimSpace(s))
	if strings.Contains(s, ":") {
		err = errDay
	}
	return day, orNot(err, s)
}

// yesOrNo is stricter than what bodies may hold, as section 10 has it.
func yesOrNo(s string) (bool, error) {
	switch strings.TrimSpace(s) {
	case "true", "True", "1":
		return true, nil
	case "false", "False", "0":
		return false, nil
	}
	return false, fmt.Errorf("must be true or false (also True, False, 1, 0), not %s", shown(s))
}

func pattern(s string) (string, error) {
	if _, err := textValue(s); err != nil {
		return "", err
	}
	if len(s) > maxPattern {
		return "", fmt.Errorf("must be at most %d bytes, has %d", maxPattern, len(s))
	}
	if _, err := regexp.Compile(s); err != nil {
		return "", fmt.Errorf("must be a regular expression in RE2's syntax: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return s, nil
}

// orNot adds what was sent to an error that says what is wanted.
func orNot(err error, s string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w, not %s", err, shown(s))
}

// shown quotes what was sent, cut to what an error can carry.
func shown(s string) string {
	const most = 60
	s = strings.ToValidUTF8(s, "?")
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + "..."
	}
	return `"` + s + `"`
}
