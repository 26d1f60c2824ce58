package handlers_test

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
)

// pattern is what a $re of the cases asks for, written for Python's re.search with DOTALL. Go's engine has no lookahead, but the
// cases use it in one form only, "these parts in any order": head(?=a)(?=b), where the head is empty or a fixed text after ^.
// There each head followed by one of the tails must be found; without a head, all tails from one position.
type pattern struct {
	head  *regexp.Regexp // the whole pattern if there is no tail
	tails []*regexp.Regexp
	free  bool // no head
}

// mustPattern: a pattern that is not understood must not pass for one that does not match, under $not for instance.
func mustPattern(text string) *pattern {
	if p, ok := patterns.Load(text); ok {
		return p.(*pattern)
	}
	p, err := compilePattern(text)
	if err != nil {
		panic(err)
	}
	patterns.Store(text, p)
	return p
}

var patterns sync.Map // of *pattern by text

func compilePattern(text string) (*pattern, error) {
	head, tails, err := splitLookaheads(text)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", text, err)
	}
	if len(tails) > 0 && head != "" {
		if fixed, err := isFixed(head); err != nil || !fixed {
			return nil, fmt.Errorf("pattern %q: what stands before a lookahead must be ^ and a fixed text", text)
		}
	}
	p := &pattern{free: head == ""}
	if p.head, err = regexp.Compile("(?s)" + head); err != nil {
		return nil, fmt.Errorf("pattern %q: %w", text, err)
	}
	start := head
	if p.free {
		start = "^"
	}
	for _, tail := range tails {
		re, err := regexp.Compile("(?s)" + start + "(?:" + tail + ")")
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", text, err)
		}
		p.tails = append(p.tails, re)
	}
	return p, nil
}

func (p *pattern) match(s string) bool {
	if !p.free || len(p.tails) == 0 {
		return p.head.MatchString(s) && p.allTails(s)
	}
	for i := range len(s) + 1 {
		if p.allTails(s[i:]) {
			return true
		}
	}
	return false
}

func (p *pattern) allTails(s string) bool {
	for _, re := range p.tails {
		if !re.MatchString(s) {
			return false
		}
	}
	return true
}

// splitLookaheads takes the run of (?=...) off the end of a pattern.
func splitLookaheads(text string) (head string, tails []string, err error) {
	i := strings.Index(text, "(?=")
	if i < 0 {
		return text, nil, nil
	}
	head = text[:i]
	for rest := text[i:]; rest != ""; {
		if !strings.HasPrefix(rest, "(?=") {
			return "", nil, fmt.Errorf("%q follows a lookahead", rest)
		}
		end := closing(rest)
		if end < 0 {
			return "", nil, fmt.Errorf("a bracket is not closed")
		}
		tail := rest[len("(?="):end]
		if strings.Contains(tail, "(?=") {
			return "", nil, fmt.Errorf("a lookahead stands in another")
		}
		tails, rest = append(tails, tail), rest[end+1:]
	}
	return head, tails, nil
}

// closing is the place of the bracket that closes the one at the start of s, or -1.
func closing(s string) int {
	depth, class := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// isFixed: there is one way only in which it can match.
func isFixed(head string) (bool, error) {
	re, err := syntax.Parse(head, syntax.Perl)
	if err != nil {
		return false, err
	}
	parts := []*syntax.Regexp{re}
	if re.Op == syntax.OpConcat {
		parts = re.Sub
	}
	for i, p := range parts {
		switch {
		case i == 0 && p.Op != syntax.OpBeginText, i > 0 && p.Op != syntax.OpLiteral:
			return false, nil
		}
	}
	return true, nil
}
