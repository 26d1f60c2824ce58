package handlers_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// absent stands for a key that an object lacks, or a header that an answer lacks.
type absent struct{}

// decodeJSON keeps each number as it was written: 1 is an integer to a client, 1.0 and 1e0 are floats.
func decodeJSON(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("more text after the JSON value")
	}
	return v, nil
}

// match lists how got differs from want; nothing means that it matches. An object in want needs its keys alone, a list all its
// items; {"$re": "..."} and its like are the matchers that testdata/contract/README.md lists.
func match(want, got any, at string) []string {
	if op, arg, ok := matcher(want); ok {
		return matchOp(op, arg, got, at)
	}
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return []string{at + ": want an object, got " + short(got)}
		}
		var out []string
		for _, k := range slices.Sorted(maps.Keys(want)) {
			v, ok := object[k]
			if !ok {
				v = absent{}
			}
			out = append(out, match(want[k], v, at+"."+k)...)
		}
		return out
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return []string{fmt.Sprintf("%s: want a list of %d, got %s", at, len(want), short(got))}
		}
		var out []string
		for i, w := range want {
			out = append(out, match(w, list[i], fmt.Sprintf("%s[%d]", at, i))...)
		}
		return out
	}
	if isBool(want) != isBool(got) || !equal(want, got) {
		return []string{at + ": want " + short(want) + ", got " + short(got)}
	}
	return nil
}

// matcher tells whether want is an object of one key that begins with $.
func matcher(want any) (op string, arg any, ok bool) {
	m, _ := want.(map[string]any)
	if len(m) != 1 {
		return "", nil, false
	}
	for op, arg = range m {
	}
	return op, arg, strings.HasPrefix(op, "$")
}

func matchOp(op string, arg, got any, at string) []string {
	test, ok := matchers[op]
	switch _, missing := got.(absent); {
	case !ok:
		panic("no matcher is called " + op)
	case op == "$absent" && !missing:
		return []string{at + ": should be absent, is " + short(got)}
	case op != "$absent" && missing:
		return []string{at + ": missing"}
	case !test(arg, got):
		return []string{at + ": want " + op + " " + short(arg) + ", got " + short(got)}
	}
	return nil
}

// matchers is set in init because the matchers that hold others refer back to it.
var matchers map[string]func(arg, got any) bool

func init() {
	matchers = map[string]func(arg, got any) bool{
		"$absent": func(_, _ any) bool { return true },
		"$any":    func(_, _ any) bool { return true },
		"$type":   func(arg, got any) bool { return types[arg.(string)](got) },
		"$re": func(arg, got any) bool {
			s, ok := got.(string)
			return ok && mustPattern(arg.(string)).match(s)
		},
		"$len": func(arg, got any) bool { n, ok := size(got); return ok && equal(arg, json.Number(strconv.Itoa(n))) },
		"$gt": func(arg, got any) bool {
			a, b := number(arg), number(got)
			return a != nil && b != nil && b.Cmp(a) > 0
		},
		"$keys": func(arg, got any) bool {
			object, ok := got.(map[string]any)
			return ok && len(object) == len(arg.([]any)) && hasAll(arg.([]any), got)
		},
		"$has": func(arg, got any) bool { _, holds := size(got); return holds && hasAll(arg.([]any), got) },
		"$not": func(arg, got any) bool { return len(match(arg, got, "")) > 0 },
		"$all": func(arg, got any) bool {
			return !slices.ContainsFunc(arg.([]any), func(w any) bool { return !matches(w, got) })
		},
		"$in": func(arg, got any) bool {
			return slices.ContainsFunc(arg.([]any), func(w any) bool { return matches(w, got) })
		},
		"$each": func(arg, got any) bool {
			list, ok := got.([]any)
			return ok && !slices.ContainsFunc(list, func(g any) bool { return !matches(arg, g) })
		},
		"$set": func(arg, got any) bool {
			list, ok := got.([]any)
			return ok && len(list) == len(arg.([]any)) && !slices.ContainsFunc(arg.([]any), func(w any) bool {
				return !slices.ContainsFunc(list, func(g any) bool { return matches(w, g) })
			})
		},
	}
}

func matches(want, got any) bool { return len(match(want, got, "")) == 0 }

var types = map[string]func(any) bool{
	"int":    func(v any) bool { n, ok := v.(json.Number); return ok && !isFloat(n) },
	"float":  func(v any) bool { n, ok := v.(json.Number); return ok && isFloat(n) },
	"number": func(v any) bool { _, ok := v.(json.Number); return ok },
	"string": func(v any) bool { _, ok := v.(string); return ok },
	"bool":   isBool,
	"list":   func(v any) bool { _, ok := v.([]any); return ok },
	"object": func(v any) bool { _, ok := v.(map[string]any); return ok },
	"null":   func(v any) bool { return v == nil },
}

func isBool(v any) bool { _, ok := v.(bool); return ok }

func isFloat(n json.Number) bool { return strings.ContainsAny(n.String(), ".eE") }

// hasAll: every one of want is an item of the list got, a part of the text got, or a key of the object got.
func hasAll(want []any, got any) bool {
	return !slices.ContainsFunc(want, func(w any) bool {
		switch got := got.(type) {
		case []any:
			return !slices.ContainsFunc(got, func(g any) bool { return equal(w, g) })
		case map[string]any:
			k, isText := w.(string)
			_, ok := got[k]
			return !isText || !ok
		case string:
			s, isText := w.(string)
			return !isText || !strings.Contains(got, s)
		}
		return true
	})
}

// equal compares as Python's == does, whose runner of the cases is the reference: 1 == 1.0 == true.
func equal(a, b any) bool {
	if x, y := number(a), number(b); x != nil && y != nil {
		return x.Cmp(y) == 0
	}
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, equal)
	case json.Number:
		return false // b is no number, or a is out of a float's range
	}
	switch b.(type) {
	case []any, map[string]any:
		return false
	}
	return a == b
}

// number is the exact value of a number or boolean, a float rounded to 64 bits first; else nil.
func number(v any) *big.Rat {
	switch v := v.(type) {
	case bool:
		if v {
			return big.NewRat(1, 1)
		}
		return new(big.Rat)
	case json.Number:
		if !isFloat(v) {
			r, _ := new(big.Rat).SetString(v.String())
			return r
		}
		if f, err := v.Float64(); err == nil && !math.IsInf(f, 0) {
			return new(big.Rat).SetFloat64(f)
		}
	}
	return nil
}

func size(v any) (int, bool) {
	switch v := v.(type) {
	case string:
		return utf8.RuneCountInString(v), true
	case []any:
		return len(v), true
	case map[string]any:
		return len(v), true
	}
	return 0, false
}

// short is v as JSON, or as it is if it is a text, cut at 160 characters.
func short(v any) string {
	s, ok := v.(string)
	if !ok {
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			return err.Error()
		}
		s = strings.TrimSpace(b.String())
	}
	if r := []rune(s); len(r) > 160 {
		return string(r[:160]) + "..."
	}
	return s
}
