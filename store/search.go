package store

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

const (
	maxSearch = 500 // bytes of a filter as typed
	maxTerms  = 20
)

// search is what a reader typed over the queue, as conditions on alert a and person p.
type search struct {
	conds  []string
	args   []any
	people []string // those that ask of the person alone
	whom   []any    // and their values
	scores []comparison
	deep   bool // results or evidence are searched
}

// comparison is a term about the score: the board knows it of each open alert.
type comparison struct {
	op    string
	value float64
}

func (c comparison) holds(v float64) bool {
	switch n := cmp.Compare(v, c.value); c.op {
	case "<":
		return n < 0
	case "<=":
		return n <= 0
	case ">":
		return n > 0
	case ">=":
		return n >= 0
	default:
		return n == 0
	}
}

func (s *search) where(cond string, args ...any) {
	s.conds, s.args = append(s.conds, cond), append(s.args, args...)
}

// ofAlert picks the results of alert a by the index on employee and date.
const ofAlert = `r.employee = a.employee AND r.date BETWEEN a.first_date AND a.last_date AND r.alert = a.id`

// sameTerms are other names of terms.
var sameTerms = map[string]string{"reporter": "model", "department": "dept", "status": "state"}

// textTerms take key:value.
var textTerms = map[string]func(s *search, value string) error{
	"id":    textIs("p.employee_id"),
	"dept":  textIs("p.department"),
	"role":  textIs("p.role"),
	"site":  textIs("p.site"),
	"state": stateIs,
	"is":    markIs,
	"model": func(s *search, v string) error {
		v, s.deep = foldCase(v), true
		s.where(`EXISTS (SELECT 1 FROM detectionmodelresult r JOIN model m ON m.name = r.reporter WHERE `+ofAlert+
			` AND (r.decision IS NULL OR a.undecided = 0) AND (citd_fold(m.family) = ? OR citd_fold(m.name) = ?))`, v, v)
		return nil
	},
}

// numberTerms take a comparison, score>0.7. Scores and dimensions are over their model's scale,
// and dimensions over their full value.
var numberTerms = map[string]string{
	"score": "a.peak", "email": "a.email", "web": "a.web", "device": "a.device", "login": "a.login", "results": "a.n",
}

// textIs matches whole texts, whatever their case; a * at the end stands for any ending.
func textIs(col string) func(*search, string) error {
	return func(s *search, v string) error {
		cond := `citd_fold(` + col + `) = ?`
		if start, ok := strings.CutSuffix(v, "*"); ok {
			cond, v = `instr(citd_fold(`+col+`), ?) = 1`, start
		}
		s.people, s.whom = append(s.people, cond), append(s.whom, foldCase(v))
		return nil
	}
}

func stateIs(s *search, v string) error {
	states := []State{StateNew, StateInReview, StateSnoozed, StateConfirmed, StateDismissed, StateWithdrawn}
	if v == "review" {
		v = string(StateInReview)
	}
	if !slices.Contains(states, State(v)) {
		return fmt.Errorf("write state: with new, in_review, snoozed, confirmed, dismissed or withdrawn, not %q", v)
	}
	s.where(`a.state = ?`, v)
	return nil
}

func markIs(s *search, v string) error {
	switch v {
	case "flagged":
		s.where(`a.flagged > 0`)
	case "changed":
		s.where(`a.changed`)
	default:
		return fmt.Errorf("write is:flagged or is:changed, not is:%s", v)
	}
	return nil
}

// parseSearch reads the filter language: key:value, comparisons of numbers, free
// words; "double quotes" hold words together. dims are the file's
// dimensions. Free words match names only if names is set. Error: Invalid.
func parseSearch(text string, dims []Dimension, names bool) (*search, error) {
	if len(text) > maxSearch {
		return nil, Errorf(Invalid, "the filter is longer than %d bytes", maxSearch)
	}
	s := &search{}
	terms := cutTerms(text, false)
	if len(terms) > maxTerms {
		return nil, Errorf(Invalid, "the filter has more than %d parts", maxTerms)
	}
	for _, t := range terms {
		if err := s.add(t, dims, names); err != nil {
			return nil, &Error{Kind: Invalid, Msg: err.Error()}
		}
	}
	return s, nil
}

var searchKey = regexp.MustCompile(`^([A-Za-z]\w*)([<>]=?|[=:])`)

func (s *search) add(t term, dims []Dimension, names bool) error {
	if t.key == "" {
		if t.values[0] != "" {
			s.word(t.values[0], names)
		}
		return nil
	}
	t.key = cmp.Or(sameTerms[t.key], t.key)
	if t.values[0] == "" {
		return fmt.Errorf("write a value after %s%s", t.key, t.op)
	}
	if add := textTerms[t.key]; add != nil {
		if t.op != ":" && t.op != "=" {
			return fmt.Errorf("write %s:%s; what %s takes is a text", t.key, t.values[0], t.key)
		}
		return add(s, t.values[0])
	}
	return s.compare(t, dims)
}

// compare adds a comparison with a number.
func (s *search) compare(t term, dims []Dimension) error {
	col, known := numberTerms[t.key]
	of := slices.IndexFunc(dims, func(d Dimension) bool { return d.Name == t.key+dimSuffix })
	if !known && of < 0 {
		return fmt.Errorf("there is no %q to filter by; there are %s", t.key, strings.Join(searchKeys(dims), ", "))
	}
	v, ok := parseFloat(t.values[0])
	if !ok {
		return fmt.Errorf("write a number after %s%s, not %q", t.key, t.op, t.values[0])
	}
	op := t.op
	if op == ":" {
		op = "="
	}
	if t.key == "score" {
		s.scores = append(s.scores, comparison{op, v})
		return nil
	}
	if of >= 0 {
		v *= cmp.Or(dims[of].Full, 1)
	}
	if known {
		s.where(col+` `+op+` ?`, v)
		return nil
	}
	s.deep = true
	s.where(`EXISTS (SELECT 1 FROM detectionmodelresult r JOIN model m ON m.name = r.reporter JOIN anomaly x ON x.result = r.id
		WHERE `+ofAlert+` AND x.dimension = (SELECT id FROM dimension WHERE name = ?) AND x.value / m.scale `+op+` ?)`, t.key+dimSuffix, v)
	return nil
}

// searchKeys are the keys that a filter may use.
func searchKeys(dims []Dimension) []string {
	keys := slices.Concat(slices.Sorted(maps.Keys(textTerms)), slices.Sorted(maps.Keys(numberTerms)))
	for _, d := range dims {
		if key := strings.TrimSuffix(d.Name, dimSuffix); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// word adds a free word: it may stand in what tells the person, or in the evidence.
func (s *search) word(w string, names bool) {
	s.deep = true
	w = foldCase(w)
	conds := []string{"p.employee_id", "p.pseudonym", "p.role", "p.department"}
	for i, col := range conds {
		conds[i] = `instr(citd_fold(` + col + `), ?)`
	}
	if names {
		// As identity.go does, only where names are shown to everybody anyway.
		conds = append(conds, `EXISTS (SELECT 1 FROM employee WHERE id = a.employee AND instr(citd_fold(name), ?))`)
	}
	conds = append(conds,
		`EXISTS (SELECT 1 FROM detectionmodelresult r JOIN result_evidence l ON l.result = r.id JOIN detectionevidence e ON e.id = l.evidence
			WHERE `+ofAlert+` AND (instr(citd_fold(e.subject), ?) OR instr(citd_fold(e.description), ?)))`)
	s.where(`(`+strings.Join(conds, ` OR `)+`)`, slices.Repeat([]any{w}, len(conds)+1)...) // the evidence asks twice
}

// ModelsOf returns the models that a filter asks for: a decision about many
// alerts that were found by them covers their results alone.
func ModelsOf(filter string) (models []string) {
	for _, t := range cutTerms(filter, false) {
		if cmp.Or(sameTerms[t.key], t.key) == "model" && t.values[0] != "" {
			models = append(models, t.values[0])
		}
	}
	return models
}
