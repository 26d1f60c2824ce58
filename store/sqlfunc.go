package store

import (
	"database/sql/driver"
	"errors"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"modernc.org/sqlite"
)

// SQLite folds the case of ASCII alone and has no regular expressions.
func init() {
	sqlite.MustRegisterDeterministicScalarFunction("citd_fold", 1, sqlFold)
	sqlite.MustRegisterDeterministicScalarFunction("citd_match", 2, new(patterns).match)
}

func sqlFold(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	if s, ok := args[0].(string); ok {
		return foldCase(s), nil
	}
	return args[0], nil // NULL
}

// foldCase returns s such that texts which differ in case only become equal:
// Unicode's full case folding, where ß is ss, but for the letters that it
// settles on.
func foldCase(s string) string {
	ascii := true
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return strings.ToUpper(s)
	}
	b := make([]byte, 0, len(s)+8)
	for _, r := range s {
		if long := foldsLong[r]; long != "" {
			for _, r := range long {
				b = utf8.AppendRune(b, foldRune(r))
			}
		} else {
			b = utf8.AppendRune(b, foldRune(r))
		}
	}
	return string(b)
}

// foldRune returns the least of the letters that are r in another case: S for s, S and ſ.
func foldRune(r rune) rune {
	least := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		least = min(least, other)
	}
	return least
}

// foldsLong are the letters that fold to several, from Unicode's CaseFolding
// (status F); each is written before what it becomes.
var foldsLong = func() map[rune]string {
	m := map[rune]string{}
	for pair := range strings.FieldsSeq(`
		ßss İi̇ ŉʼn ǰǰ ΐΐ ΰΰ ևեւ ẖẖ ẗẗ ẘẘ ẙẙ ẚaʾ ẞss ὐὐ ὒὒ ὔὔ ὖὖ
		ᾀἀι ᾁἁι ᾂἂι ᾃἃι ᾄἄι ᾅἅι ᾆἆι ᾇἇι ᾈἀι ᾉἁι ᾊἂι ᾋἃι ᾌἄι ᾍἅι ᾎἆι ᾏἇι ᾐἠι
		ᾑἡι ᾒἢι ᾓἣι ᾔἤι ᾕἥι ᾖἦι ᾗἧι ᾘἠι ᾙἡι ᾚἢι ᾛἣι ᾜἤι ᾝἥι ᾞἦι ᾟἧι ᾠὠι ᾡὡι
		ᾢὢι ᾣὣι ᾤὤι ᾥὥι ᾦὦι ᾧὧι ᾨὠι ᾩὡι ᾪὢι ᾫὣι ᾬὤι ᾭὥι ᾮὦι ᾯὧι ᾲὰι ᾳαι ᾴάι
		ᾶᾶ ᾷᾶι ᾼαι ῂὴι ῃηι ῄήι ῆῆ ῇῆι ῌηι ῒῒ ΐΐ ῖῖ ῗῗ ῢῢ ΰΰ ῤῤ ῦῦ
		ῧῧ ῲὼι ῳωι ῴώι ῶῶ ῷῶι ῼωι ﬀff ﬁfi ﬂfl ﬃffi ﬄffl ﬅst ﬆst ﬓմն ﬔմե ﬕմի
		ﬖվն ﬗմխ`) {
		r, n := utf8.DecodeRuneInString(pair)
		m[r] = pair[n:]
	}
	return m
}()

const (
	maxPattern  = 1000 // bytes of a regular expression
	maxPatterns = 32   // kept compiled
)

// patterns keeps regular expressions compiled while queries run them row by row.
type patterns struct {
	mu   sync.Mutex
	kept map[string]*regexp.Regexp
}

// match is citd_match(pattern, text).
func (p *patterns) match(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	pattern, ok := args[0].(string)
	if !ok {
		return nil, errors.New("citd_match: the pattern is no text")
	}
	text, ok := args[1].(string)
	if !ok {
		return nil, nil // NULL matches nothing
	}
	re, err := p.compiled(pattern)
	if err != nil {
		return nil, err
	}
	return re.MatchString(text), nil
}

func (p *patterns) compiled(pattern string) (*regexp.Regexp, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if re := p.kept[pattern]; re != nil {
		return re, nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	if p.kept == nil || len(p.kept) >= maxPatterns {
		p.kept = map[string]*regexp.Regexp{}
	}
	p.kept[pattern] = re
	return re, nil
}
