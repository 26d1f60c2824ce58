package handlers_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// names are what a case may refer to: ${base}, ${user}, and the answers that its requests saved.
type names map[string]any

var (
	nameRef   = regexp.MustCompile(`\$\{([\w.]+)\}`)      // ${emp.id}
	nameOnly  = regexp.MustCompile(`^\$\{([\w.]+)\}$`)    // the whole text: keeps its type
	repeatRef = regexp.MustCompile(`\$\{(.)\*([0-9]+)\}`) // ${x*5000}
)

// fill puts what is named in place of each ${...} in v. A name that was not saved stays as it stands.
func (n names) fill(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return n.fillText(v)
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			var err error
			if out[i], err = n.fill(x); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			var err error
			if out[k], err = n.fill(x); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

func (n names) fillText(s string) (any, error) {
	s = repeatRef.ReplaceAllStringFunc(s, func(ref string) string {
		m := repeatRef.FindStringSubmatch(ref)
		count, err := strconv.Atoi(m[2])
		if err != nil {
			return ref
		}
		return strings.Repeat(m[1], count)
	})
	if m := nameOnly.FindStringSubmatch(s); m != nil && n.has(m[1]) {
		return n.look(m[1])
	}
	var failed error
	s = nameRef.ReplaceAllStringFunc(s, func(ref string) string {
		path := nameRef.FindStringSubmatch(ref)[1]
		if !n.has(path) {
			return ref
		}
		v, err := n.look(path)
		if err == nil {
			ref, err = text(v)
		}
		if err != nil {
			failed = fmt.Errorf("%s: %w", path, err)
		}
		return ref
	})
	return s, failed
}

// str is fill for what must be a text afterwards.
func (n names) str(s string) (string, error) {
	v, err := n.fillText(s)
	if err != nil {
		return "", err
	}
	return text(v)
}

func (n names) has(path string) bool {
	first, _, _ := strings.Cut(path, ".")
	_, ok := n[first]
	return ok
}

func (n names) look(path string) (any, error) {
	var v any = map[string]any(n)
	for part := range strings.SplitSeq(path, ".") {
		var found bool
		switch holder := v.(type) {
		case map[string]any:
			v, found = holder[part]
		case []any:
			if i, err := strconv.Atoi(part); err == nil && i >= 0 && i < len(holder) {
				v, found = holder[i], true
			}
		}
		if !found {
			return nil, fmt.Errorf("${%s}: the saved answer has no %s", path, part)
		}
	}
	return v, nil
}

// text is v as Python's str() writes it.
func text(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case nil:
		return "None", nil
	case bool:
		if v {
			return "True", nil
		}
		return "False", nil
	}
	return "", fmt.Errorf("want a text or a number, got %s", short(v))
}
